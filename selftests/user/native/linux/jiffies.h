/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_JIFFIES_H
#define TSCOPE_LINUX_JIFFIES_H

#include <linux/types.h>

/* No age is counted here: a call of either fails to link. */
u64 get_jiffies_64(void);
u64 jiffies64_to_msecs(u64 j);

#endif /* TSCOPE_LINUX_JIFFIES_H */
