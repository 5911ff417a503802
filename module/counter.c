// SPDX-License-Identifier: GPL-2.0
/*
 * Extends a narrow hardware counter by the time that the TSC tells.
 *
 * A 24-bit ACPI PM timer wraps every 4.7 s, and readings may lie further
 * apart. The TSC tells how many times it wrapped in between; it need be right
 * to half a wrap only, so what is measured stays independent of it.
 */
#include "counter.h"
#include "wide.h"

/**
 * tscope_counter_ns() - nanoseconds since the first reading
 * @c: counter; readings come in the order of time
 * @count: what the hardware counter shows
 * @tsc: the TSC at that time
 * @khz: the TSC's nominal frequency, not 0
 *
 * Context: process; divides.
 *
 * Return: nanoseconds, rounded down.
 */
u64 tscope_counter_ns(struct tscope_counter *c, u64 count, u64 tsc, u32 khz)
{
	u64 passed, expected, wraps = 0;

	if (!c->valid) {
		c->valid = true;
		c->last = count;
		c->tsc = tsc;
	}
	passed = (count - c->last) & c->mask;
	if (tsc > c->tsc && c->mask != U64_MAX) {
		expected = (u64)tscope_div128((tscope_u128)
				tscope_cyc_to_ns(tsc - c->tsc, khz) * c->den,
				c->num);
		if (expected > passed)
			wraps = (u64)tscope_div128((tscope_u128)expected -
					passed + (c->mask >> 1) + 1,
					(tscope_u128)c->mask + 1);
	}
	c->ticks += passed + wraps * (c->mask + 1);
	c->last = count;
	c->tsc = tsc;
	return (u64)tscope_div128((tscope_u128)c->ticks * c->num, c->den);
}
