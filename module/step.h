/* SPDX-License-Identifier: GPL-2.0 */
/* Distinguishes a step of a clock from a change of its rate and from noise. */
#ifndef TSCOPE_STEP_H
#define TSCOPE_STEP_H

#include "pure.h"

/* Points on either side of the gap that is judged. */
#define TSCOPE_STEP_SIDE	4
#define TSCOPE_STEP_POINTS	(2 * TSCOPE_STEP_SIDE)

/* A clock and the TSC, read together. */
struct tscope_reading {
	u64 tsc;			/* time, cycles */
	u64 ns;				/* the clock, nanoseconds */
	u32 width_ns;			/* how long the read took; 0 if it was exactly at @tsc */
	u32 error_ns;			/* how far @ns may be from the clock at @tsc, either way */
	u16 frac;			/* the part of the clock beyond @ns, if known, 2^-16 ns */
	u16 added;			/* what averaging with others added to @frac */
	bool begins;			/* it begins a segment, step or not; set by series.c */
};

/* A step. */
struct tscope_step {
	s64 ns;				/* its size, signed */
	u64 error_ns;			/* how far the true size may be from @ns */
	u64 tsc;			/* time of the first reading after it */
};

/* The mean jump covers few calls so far: the spread of the gains is used if it is larger. */
#define TSCOPE_STEP_LEARNING	0x01
/* NTP may slew the clock. */
#define TSCOPE_STEP_STEERED	0x02

bool tscope_step_continues(const struct tscope_reading *r, u32 khz, u64 noise_ns);
bool tscope_step_find(const struct tscope_reading *r, u32 khz, u64 noise_ns, unsigned int flags,
		      struct tscope_step *step, u64 *jump_ns);
bool tscope_step_find_early(const struct tscope_reading *r, u32 khz, struct tscope_step *step);

#endif /* TSCOPE_STEP_H */
