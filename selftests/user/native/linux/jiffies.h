/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_JIFFIES_H
#define TSCOPE_LINUX_JIFFIES_H

#include <linux/types.h>

/* In ms. */
u64 get_jiffies_64(void);

static inline u64 jiffies64_to_msecs(u64 j)
{
	return j;
}

#endif /* TSCOPE_LINUX_JIFFIES_H */
