/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_SPINLOCK_H
#define TSCOPE_LINUX_SPINLOCK_H

typedef struct {
	int unused;
} spinlock_t;

#endif /* TSCOPE_LINUX_SPINLOCK_H */
