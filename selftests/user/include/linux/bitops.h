/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_BITOPS_H
#define TSCOPE_LINUX_BITOPS_H

#include <linux/types.h>

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

#endif /* TSCOPE_LINUX_BITOPS_H */
