// SPDX-License-Identifier: GPL-2.0
/*
 * 128-bit division and root, and the conversions between cycles, nanoseconds and phase.
 *
 * The kernel has no division by 128 bits. Here it is needed once a point, or when a figure
 * is read, so plain methods are fast enough.
 */
#include <linux/math64.h>

#include "math128.h"

#define KHZ_PER_GHZ	1000000ULL	/* cycles = ns * khz / 10^6 */

/**
 * tscope_fls128() - number of significant bits
 * @x: any value
 *
 * Return: 0 for 0, else the place of the highest set bit, 1..128.
 */
int tscope_fls128(u128 x)
{
	u64 hi = (u64)(x >> 64);

	return hi ? 64 + fls64(hi) : fls64((u64)x);
}

/**
 * tscope_div128() - quotient of two 128-bit numbers, rounded down
 * @num: dividend
 * @den: divisor
 *
 * Long division by shift and subtract; by the machine's own division where
 * both fit 64 bits. Context: any with interrupts on.
 *
 * Return: floor(num / den); all ones where den is 0.
 */
u128 tscope_div128(u128 num, u128 den)
{
	u128 quot = 0;
	int shift;

	if (!den)
		return ~(u128)0;
	if (!(u64)(num >> 64) && !(u64)(den >> 64))
		return div64_u64((u64)num, (u64)den);
	if (num < den)
		return 0;

	shift = tscope_fls128(num) - tscope_fls128(den);
	den <<= shift;
	for (; shift >= 0; shift--) {
		quot <<= 1;
		if (num >= den) {
			num -= den;
			quot |= 1;
		}
		den >>= 1;
	}
	return quot;
}

/**
 * tscope_sqrt128() - square root, rounded down
 * @x: any value
 *
 * Digit by digit in base 2. Context: any with interrupts on.
 *
 * Return: floor(sqrt(x)); it always fits 64 bits.
 */
u64 tscope_sqrt128(u128 x)
{
	u128 bit, root = 0;

	if (!x)
		return 0;
	bit = (u128)1 << ((tscope_fls128(x) - 1) & ~1);
	while (bit) {
		if (x >= root + bit) {
			x -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
		bit >>= 2;
	}
	return (u64)root;
}

/* a * mul / div rounded down; U64_MAX where that is more than 64 bits. */
static u64 mul_div_saturated(u64 a, u32 mul, u32 div)
{
	/* the machine's division traps where the quotient does not fit */
	if ((u64)((u128)a * mul >> 64) >= div)
		return U64_MAX;
	return mul_u64_u64_div_u64(a, mul, div);
}

/**
 * tscope_cyc_to_ns() - cycles to nanoseconds
 * @cyc: cycles
 * @khz: frequency, not 0
 *
 * Return: floor(cyc * 10^6 / khz), U64_MAX where that is more than 64 bits.
 */
u64 tscope_cyc_to_ns(u64 cyc, u32 khz)
{
	return mul_div_saturated(cyc, KHZ_PER_GHZ, khz);
}

/**
 * tscope_scyc_to_ns() - signed cycles to nanoseconds, towards zero
 * @cyc: cycles
 * @khz: frequency, not 0
 *
 * Return: cyc * 10^6 / khz, saturated to the range of s64.
 */
s64 tscope_scyc_to_ns(s64 cyc, u32 khz)
{
	s128 ns = tscope_cyc_to_ns(tscope_abs64(cyc), khz);

	return tscope_clamp64(cyc < 0 ? -ns : ns);
}

/**
 * tscope_ns_to_cyc() - nanoseconds to cycles
 * @ns: nanoseconds
 * @khz: frequency
 *
 * Return: floor(ns * khz / 10^6), U64_MAX where that is more than 64 bits.
 */
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
 * Return: clock_ns - cyc * 10^6 / khz in units of 2^-TSCOPE_PHASE_SHIFT ns,
 * saturated to the range of s64.
 */
s64 tscope_phase(s64 clock_ns, s64 cyc, u32 khz)
{
	s128 tsc_phase = (s128)cyc * (KHZ_PER_GHZ << TSCOPE_PHASE_SHIFT);

	return tscope_clamp64((s128)clock_ns * (1 << TSCOPE_PHASE_SHIFT) -
			      tscope_div128_signed(tsc_phase, khz));
}

/**
 * tscope_phase_to_ns() - phase rounded to the nearest nanosecond
 * @phase: in units of 2^-TSCOPE_PHASE_SHIFT ns
 *
 * Return: nanoseconds, halves away from zero.
 */
s64 tscope_phase_to_ns(s64 phase)
{
	u64 ns = (tscope_abs64(phase) + (1 << (TSCOPE_PHASE_SHIFT - 1))) >>
		 TSCOPE_PHASE_SHIFT;

	return phase < 0 ? -(s64)ns : (s64)ns;
}
