// SPDX-License-Identifier: GPL-2.0
/*
 * monotonic-raw: the kernel's own clock, as no one slews it.
 *
 * ktime_get_raw() and not its _fast_ relatives, which may step back by
 * design. As dear as a read of the current clocksource. Every CPU reads it
 * once a burst for warps; the leader a few times a window for its point.
 */
#include <linux/ktime.h>
#include <linux/timekeeping.h>

#include "clock.h"

static int raw_read(struct tscope_raw *raw)
{
	raw->before = rdtsc_ordered();
	raw->value = ktime_get_raw_ns();
	raw->after = rdtsc_ordered();
	return 0;
}

const struct tscope_clock_ops tscope_clock_raw = {
	.name = "monotonic-raw",
	.lane = TSCOPE_LANE_RAW,
	.series = true,
	.read = raw_read,
	.source = tscope_source_look,
};
