/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_SMP_H
#define TSCOPE_LINUX_SMP_H

typedef struct {
	int unused;
} call_single_data_t;

#endif /* TSCOPE_LINUX_SMP_H */
