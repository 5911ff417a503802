/* SPDX-License-Identifier: GPL-2.0 */
/* The real TSC plus an offset, or a simulated TSC. */
#ifndef TSCOPE_MOTION_H
#define TSCOPE_MOTION_H

#include <linux/compiler.h>
#include <linux/types.h>

/**
 * struct motion - an offset that is added to a thread's TSC
 * @from: TSC value at which the motion begins
 * @extent_cyc: the offset alternates by +- this
 * @half_cyc: cycles after which an alternating offset changes its sign; 0: never
 * @rate: cycles by which the offset grows in 2^32 cycles
 * @simulated: NULL, or a TSC that is read in place of the real one
 * @reading_cyc: cycles by which each reading advances @simulated
 */
struct motion {
	u64 from;
	s64 extent_cyc;
	u64 half_cyc;
	s64 rate;
	u64 *simulated;
	u64 reading_cyc;
};

/* Motion of the current thread's TSC; NULL: none */
extern __thread const struct motion *native_motion;

static __always_inline u64 native_tsc(void)
{
	u32 low, high;

	/* the instructions of rdtsc_ordered() on any recent CPU */
	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

/**
 * motion_offset() - the offset at a TSC value
 * @m: the motion
 * @tsc: the TSC, without the offset
 *
 * Return: cycles.
 */
static __always_inline s64 motion_offset(const struct motion *m, u64 tsc)
{
	u64 cyc = tsc - m->from;

	if (m->half_cyc)
		return cyc / m->half_cyc & 1 ? m->extent_cyc : -m->extent_cyc;
	return m->extent_cyc + (s64)(((__int128)cyc * m->rate) >> 32);
}

#endif /* TSCOPE_MOTION_H */
