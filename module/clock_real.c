// SPDX-License-Identifier: GPL-2.0
/*
 * realtime: the guest's wall clock, slewed by NTP; anybody may set it.
 *
 * As dear as a read of the current clocksource.
 */
#include <linux/ktime.h>
#include <linux/timekeeping.h>

#include "clock.h"

static int real_read(struct tscope_raw *raw)
{
	raw->before = rdtsc_ordered();
	raw->value = ktime_get_real_ns();
	raw->after = rdtsc_ordered();
	return 0;
}

const struct tscope_clock_ops tscope_clock_real = {
	.name = "realtime",
	.lane = TSCOPE_NO_LANE,
	.series = true,
	.read = real_read,
	.source = tscope_source_look,
};
