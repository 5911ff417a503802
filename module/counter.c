// SPDX-License-Identifier: GPL-2.0
/*
 * Extends a narrow hardware counter by the time that passed on the TSC.
 *
 * A 24-bit ACPI PM timer wraps every 4.7 s, and readings may lie further apart. The number of
 * wraps in between is computed from the TSC, which only needs to be right to half a wrap, so the
 * measured time stays independent of the TSC. A counter that shows less than before, by a sixteenth
 * of a wrap at most, and less than half a wrap's time later, has run backward. If it shows still
 * less, it has wrapped: the TSC may have been stopped while the counter was not.
 */
#include "counter.h"
#include "math128.h"

/* The TSC's frequency may be wrong by 1/32: after 2^4 wraps that is half a wrap. */
#define SURE_WRAPS_BITS	4
/* The first reading counts as this, so that a counter can run backward right after it. */
#define FIRST_TICKS	((u64)1 << 32)

/**
 * tscope_counter_ns() - nanoseconds since 2^32 ticks before the first reading
 * @c: counter; readings come in the order of time
 * @count: what the hardware counter shows
 * @tsc: the TSC at that time
 * @khz: the TSC's nominal frequency, not 0
 * Context: process; divides.
 * Return: nanoseconds, rounded down; below 0 only if it ran backward by more than 2^32 ticks.
 */
u64 tscope_counter_ns(struct tscope_counter *c, u64 count, u64 tsc, u32 khz)
{
	u64 passed, expected, half = (c->mask >> 1) + 1, wraps = 0;

	if (!c->valid) {
		c->valid = true;
		c->last = count;
		c->tsc = tsc;
		c->ticks = FIRST_TICKS;
	}
	passed = (count - c->last) & c->mask;
	c->uncertain = false;
	/* if the TSC went back, the number of wraps is not known: assume none */
	if (tsc >= c->tsc) {
		expected = (u64)tscope_div128((u128)tscope_cyc_to_ns(tsc - c->tsc, khz) * c->den,
					      c->num);
		c->uncertain = expected >> SURE_WRAPS_BITS > c->mask;
		if (expected > passed)
			wraps = (u64)tscope_div128((u128)expected - passed + half,
						   (u128)c->mask + 1);
		else if (passed - expected > half && passed > c->mask - (c->mask >> 4))
			wraps = -1;
	}
	/* modulo 2^64: for a counter of 64 bits the second term is 0 */
	c->ticks += passed + wraps * (c->mask + 1);
	c->last = count;
	c->tsc = tsc;
	return (u64)tscope_div128((u128)c->ticks * c->num, c->den);
}
