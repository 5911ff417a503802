/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's own clocks, read together. */
#ifndef TSCOPE_CLOCK_KERNEL_H
#define TSCOPE_CLOCK_KERNEL_H

#include <linux/types.h>

/**
 * struct tscope_moment - monotonic-raw and realtime of one read of the clocksource
 * @before: TSC before it
 * @after: TSC after it
 * @tsc: the TSC value of the read, where @exact; else the middle of the two
 * @raw_ns: CLOCK_MONOTONIC_RAW
 * @real_ns: CLOCK_REALTIME
 * @frac: how much more of the clocksource's nanoseconds had passed at @tsc, 2^-16 ns
 * @tick_ns: the step in which the clocksource counts; 0 where @frac tells the rest
 * @exact: the clocks were read at @tsc, else somewhere between @before and @after
 * @was_set: changes when realtime is set
 * @source: changes with what the clocks are read from
 */
struct tscope_moment {
	u64 before;
	u64 after;
	u64 tsc;
	u64 raw_ns;
	u64 real_ns;
	u32 frac;
	u32 tick_ns;
	bool exact;
	unsigned int was_set;
	unsigned int source;
};

int tscope_moment_read(struct tscope_moment *m);
int tscope_kernel_read(void);

#endif /* TSCOPE_CLOCK_KERNEL_H */
