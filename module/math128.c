// SPDX-License-Identifier: GPL-2.0
/*
 * 128-bit division and root, and conversions of cycles, nanoseconds and phase. They are used once a
 * point, or when a figure is read, so simple methods are fast enough.
 */
#include <linux/math64.h>

#include "math128.h"

#define KHZ_PER_GHZ	1000000ULL	/* cycles = ns * khz / 10^6 */

/* The place of the highest set bit, 1..128; 0 for 0. */
int tscope_fls128(u128 x)
{
	return x >> 64 ? 64 + fls64((u64)(x >> 64)) : fls64((u64)x);
}

/* floor(num / den); all ones if den is 0 */
u128 tscope_div128(u128 num, u128 den)
{
	u128 quot = 0;
	int shift;

	if (!den)
		return ~(u128)0;
	if (!((num | den) >> 64))
		return div64_u64((u64)num, (u64)den);
	for (shift = tscope_fls128(num) - tscope_fls128(den); shift >= 0; shift--) {
		if (num >> shift < den)
			continue;
		num -= den << shift;
		quot |= (u128)1 << shift;
	}
	return quot;
}

/* floor(sqrt(x)), digit by digit in base 2 */
u64 tscope_sqrt128(u128 x)
{
	u128 bit, root = 0;

	for (bit = x ? (u128)1 << ((tscope_fls128(x) - 1) & ~1) : 0; bit; bit >>= 2) {
		if (x >= root + bit) {
			x -= root + bit;
			root += 2 * bit;
		}
		root >>= 1;
	}
	return (u64)root;
}

/* a * mul / div rounded down; U64_MAX if that is more than 64 bits */
static u64 mul_div_saturated(u64 a, u32 mul, u32 div)
{
	/* the machine's division traps if the quotient does not fit */
	if ((u64)((u128)a * mul >> 64) >= div)
		return U64_MAX;
	return mul_u64_u64_div_u64(a, mul, div);
}

/* floor(cyc * 10^6 / khz), saturated; khz is not 0 */
u64 tscope_cyc_to_ns(u64 cyc, u32 khz)
{
	return mul_div_saturated(cyc, KHZ_PER_GHZ, khz);
}

/* cyc * 10^6 / khz towards 0, saturated; khz is not 0 */
s64 tscope_scyc_to_ns(s64 cyc, u32 khz)
{
	s128 ns = tscope_cyc_to_ns(tscope_abs64(cyc), khz);

	return tscope_clamp64(cyc < 0 ? -ns : ns);
}

/* floor(ns * khz / 10^6), saturated */
u64 tscope_ns_to_cyc(u64 ns, u32 khz)
{
	return mul_div_saturated(ns, khz, KHZ_PER_GHZ);
}

/**
 * tscope_phase() - how far a clock has moved ahead of the TSC
 * @clock_ns: nanoseconds that passed on the clock
 * @cyc: cycles that passed on the TSC meanwhile
 * @khz: the TSC's nominal frequency, not 0
 *
 * Return: clock_ns - cyc * 10^6 / khz in units of 2^-TSCOPE_PHASE_SHIFT ns, saturated.
 */
s64 tscope_phase(s64 clock_ns, s64 cyc, u32 khz)
{
	s128 tsc_phase = (s128)cyc * (KHZ_PER_GHZ << TSCOPE_PHASE_SHIFT);

	return tscope_clamp64((s128)clock_ns * (1 << TSCOPE_PHASE_SHIFT) -
			      tscope_div128_signed(tsc_phase, khz));
}

/* A phase of 2^-TSCOPE_PHASE_SHIFT ns to the nearest nanosecond, halves away from 0. */
s64 tscope_phase_to_ns(s64 phase)
{
	u64 ns = (tscope_abs64(phase) + (1 << (TSCOPE_PHASE_SHIFT - 1))) >> TSCOPE_PHASE_SHIFT;

	return phase < 0 ? -(s64)ns : (s64)ns;
}
