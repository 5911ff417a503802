/* SPDX-License-Identifier: GPL-2.0 */
/* Distinguishes a step of a clock from a change of its rate and from noise. */
#ifndef TSCOPE_STEP_H
#define TSCOPE_STEP_H

#include "pure.h"

/* Points on either side of the gap that is judged. */
#define TSCOPE_STEP_SIDE	4
#define TSCOPE_STEP_POINTS	(2 * TSCOPE_STEP_SIDE)

/**
 * struct tscope_reading - a clock and the TSC, read together
 * @tsc: time, cycles
 * @ns: the clock, nanoseconds
 * @width_ns: how long the read took; 0 where the clock was read at @tsc
 * @error_ns: how far @ns may be from the clock at @tsc, either way
 * @frac: what is known of the clock beyond @ns, 2^-16 ns
 * @added: of @frac, what is not of the one reading at @tsc but of the average with others
 * @begins: it begins a segment, whether there is a step or not; set by series.c
 */
struct tscope_reading {
	u64 tsc;
	u64 ns;
	u32 width_ns;
	u32 error_ns;
	u16 frac;
	u16 added;
	bool begins;
};

/**
 * struct tscope_step - a step
 * @ns: its size, signed
 * @error_ns: how far the true size may be from @ns
 * @tsc: time of the first reading after it
 */
struct tscope_step {
	s64 ns;
	u64 error_ns;
	u64 tsc;
};

bool tscope_step_continues(const struct tscope_reading *r, u32 khz, u64 noise_ns);
bool tscope_step_find(const struct tscope_reading *r, u32 khz, u64 noise_ns, bool learning,
		      struct tscope_step *step, u64 *jump_ns);

#endif /* TSCOPE_STEP_H */
