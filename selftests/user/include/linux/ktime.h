/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_KTIME_H
#define TSCOPE_LINUX_KTIME_H

#include <linux/types.h>

typedef s64 ktime_t;

struct system_time_snapshot {
	u64 cycles;
	ktime_t raw;
	ktime_t real;
	unsigned int clock_was_set_seq;
	u8 cs_was_changed_seq;
};

static inline s64 ktime_to_ns(ktime_t kt)
{
	return kt;
}

void ktime_get_snapshot(struct system_time_snapshot *snap);

#endif /* TSCOPE_LINUX_KTIME_H */
