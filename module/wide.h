/* SPDX-License-Identifier: GPL-2.0 */
/* 128-bit division and root, and the change between cycles and nanoseconds. */
#ifndef TSCOPE_WIDE_H
#define TSCOPE_WIDE_H

#include "pure.h"

/* Phases are kept in units of 2^-TSCOPE_PHASE_SHIFT ns. */
#define TSCOPE_PHASE_SHIFT	16

int tscope_fls128(tscope_u128 x);
tscope_u128 tscope_div128(tscope_u128 num, tscope_u128 den);
u64 tscope_sqrt128(tscope_u128 x);
u64 tscope_cyc_to_ns(u64 cyc, u32 khz);
s64 tscope_scyc_to_ns(s64 cyc, u32 khz);
u64 tscope_ns_to_cyc(u64 ns, u32 khz);
s64 tscope_phase(s64 clock_ns, s64 cyc, u32 khz);
s64 tscope_phase_to_ns(s64 phase);

/**
 * tscope_abs64() - magnitude of a signed number
 * @x: any value, S64_MIN included
 *
 * Return: |x|, exact for every x.
 */
static inline u64 tscope_abs64(s64 x)
{
	return x < 0 ? 0 - (u64)x : (u64)x;
}

/**
 * tscope_sub64() - signed difference of two 64-bit counts, saturated
 * @a: minuend, unsigned
 * @b: subtrahend, unsigned
 *
 * Return: a - b, or S64_MAX/S64_MIN where that does not fit.
 */
static inline s64 tscope_sub64(u64 a, u64 b)
{
	if (a >= b)
		return a - b > S64_MAX ? S64_MAX : (s64)(a - b);
	return b - a > S64_MAX ? S64_MIN : -(s64)(b - a);
}

/**
 * tscope_ssub64() - difference of two signed numbers, saturated
 * @a: minuend
 * @b: subtrahend
 *
 * Return: a - b, or S64_MAX/S64_MIN where that does not fit.
 */
static inline s64 tscope_ssub64(s64 a, s64 b)
{
	s64 diff;

	if (__builtin_sub_overflow(a, b, &diff))
		return a < b ? S64_MIN : S64_MAX;
	return diff;
}

/**
 * tscope_sadd64() - sum of two signed numbers, saturated
 * @a: any value
 * @b: any value
 *
 * Return: a + b, or S64_MAX/S64_MIN where that does not fit.
 */
static inline s64 tscope_sadd64(s64 a, s64 b)
{
	s64 sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? S64_MIN : S64_MAX;
	return sum;
}

#endif /* TSCOPE_WIDE_H */
