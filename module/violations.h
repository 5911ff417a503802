/* SPDX-License-Identifier: GPL-2.0 */
/* The last warps, backward readings and steps. */
#ifndef TSCOPE_VIOLATIONS_H
#define TSCOPE_VIOLATIONS_H

#include <linux/types.h>

#include "step.h"

#define TSCOPE_VIOLATIONS	1024

/**
 * enum tscope_what - what a violation is
 * @TSCOPE_WARP: a CPU read a clock lower than another had published
 * @TSCOPE_BACKWARD: a CPU read a clock lower than it had itself
 * @TSCOPE_STEP: a clock's phase jumped
 */
enum tscope_what {
	TSCOPE_WARP,
	TSCOPE_BACKWARD,
	TSCOPE_STEP,
};

/**
 * struct tscope_violation - one violation
 * @time_ns: CLOCK_MONOTONIC when it was recorded
 * @tsc: the TSC when it was seen
 * @size_ns: size; of several, of the largest
 * @count: how many of the kind the window had
 * @clock: name of the clock
 * @what: what it is
 * @cpu: the CPU that saw it
 * @peer: the CPU whose value was higher, or -1
 */
struct tscope_violation {
	u64 time_ns;
	u64 tsc;
	s64 size_ns;
	u64 count;
	const char *clock;
	u32 what;
	s32 cpu;
	s32 peer;
};

void tscope_violation(enum tscope_what what, const char *clock, int cpu,
		      int peer, s64 size_ns, u64 count, u64 tsc);
void tscope_step_record(const char *clock, int cpu,
			const struct tscope_step *step);
void tscope_violations_range(u64 *first, u64 *end);
bool tscope_violation_get(u64 number, struct tscope_violation *v);
const char *tscope_what_name(enum tscope_what what);
void tscope_violations_reset(void);

#endif /* TSCOPE_VIOLATIONS_H */
