/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_SEQLOCK_H
#define TSCOPE_LINUX_SEQLOCK_H

#include <linux/types.h>

typedef struct {
	u32 sequence;
} seqcount_t;

#endif /* TSCOPE_LINUX_SEQLOCK_H */
