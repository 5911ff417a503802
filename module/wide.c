// SPDX-License-Identifier: GPL-2.0
/*
 * 128-bit division and root, and the change between cycles and nanoseconds.
 *
 * The kernel has no 128-bit division. What is needed of it here is never hot
 * (once a point, or when somebody reads a figure), so the plain methods do.
 */
#include "wide.h"

#define NSEC_PER_MSEC_ 1000000ULL	/* cycles = ns * khz / 10^6 */

/**
 * tscope_fls128() - number of significant bits
 * @x: any value
 *
 * Return: 0 for 0, else the place of the highest set bit, 1..128.
 */
int tscope_fls128(tscope_u128 x)
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
 * both fit 64 bits. Context: any.
 *
 * Return: floor(num / den); all ones where den is 0.
 */
tscope_u128 tscope_div128(tscope_u128 num, tscope_u128 den)
{
	tscope_u128 quot = 0;
	int shift;

	if (!den)
		return ~(tscope_u128)0;
	if (!(u64)(num >> 64) && !(u64)(den >> 64))
		return (u64)num / (u64)den;
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
 * Digit by digit in base 2. Context: any.
 *
 * Return: floor(sqrt(x)); it always fits 64 bits.
 */
u64 tscope_sqrt128(tscope_u128 x)
{
	tscope_u128 bit, root = 0;

	if (!x)
		return 0;
	bit = (tscope_u128)1 << ((tscope_fls128(x) - 1) & ~1);
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

/* floor(num / den) for a 32-bit divisor: three digits of 32 bits. */
static tscope_u128 div128_by32(tscope_u128 num, u32 den)
{
	u64 hi = (u64)(num >> 64), lo = (u64)num;
	u64 q_hi, q_mid, q_lo, rem;

	q_hi = hi / den;
	rem = hi % den;
	rem = (rem << 32) | (lo >> 32);
	q_mid = rem / den;
	rem = rem % den;
	rem = (rem << 32) | (u32)lo;
	q_lo = rem / den;
	return ((tscope_u128)q_hi << 64) + ((tscope_u128)q_mid << 32) + q_lo;
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
	tscope_u128 ns = div128_by32((tscope_u128)cyc * NSEC_PER_MSEC_, khz);

	return ns >> 64 ? U64_MAX : (u64)ns;
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
	u64 ns = tscope_cyc_to_ns(tscope_abs64(cyc), khz);

	if (ns > S64_MAX)
		return cyc < 0 ? S64_MIN : S64_MAX;
	return cyc < 0 ? -(s64)ns : (s64)ns;
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
	tscope_u128 cyc = div128_by32((tscope_u128)ns * khz, NSEC_PER_MSEC_);

	return cyc >> 64 ? U64_MAX : (u64)cyc;
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
	tscope_u128 mag = (tscope_u128)tscope_abs64(cyc) *
			  (NSEC_PER_MSEC_ << TSCOPE_PHASE_SHIFT);
	tscope_s128 tsc_ns = (tscope_s128)div128_by32(mag, khz);
	tscope_s128 phase;

	phase = (tscope_s128)clock_ns * (1 << TSCOPE_PHASE_SHIFT);
	phase -= cyc < 0 ? -tsc_ns : tsc_ns;
	if (phase > S64_MAX)
		return S64_MAX;
	if (phase < S64_MIN)
		return S64_MIN;
	return (s64)phase;
}

/**
 * tscope_phase_to_ns() - phase rounded to the nearest nanosecond
 * @phase: in units of 2^-TSCOPE_PHASE_SHIFT ns
 *
 * Return: nanoseconds, halves away from zero.
 */
s64 tscope_phase_to_ns(s64 phase)
{
	u64 mag = tscope_abs64(phase);

	mag = (mag >> TSCOPE_PHASE_SHIFT) +
	      ((mag >> (TSCOPE_PHASE_SHIFT - 1)) & 1);
	return phase < 0 ? -(s64)mag : (s64)mag;
}
