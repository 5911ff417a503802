/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's math64.h lacks: 128 bits, saturation, conversions of cycles, ns and phase. */
#ifndef TSCOPE_MATH128_H
#define TSCOPE_MATH128_H

#include "pure.h"

/* Phases are kept in units of 2^-TSCOPE_PHASE_SHIFT ns. */
#define TSCOPE_PHASE_SHIFT	16

int tscope_fls128(u128 x);
u128 tscope_div128(u128 num, u128 den);
u64 tscope_sqrt128(u128 x);
u64 tscope_cyc_to_ns(u64 cyc, u32 khz);
s64 tscope_scyc_to_ns(s64 cyc, u32 khz);
u64 tscope_ns_to_cyc(u64 ns, u32 khz);
s64 tscope_phase(s64 clock_ns, s64 cyc, u32 khz);
s64 tscope_phase_to_ns(s64 phase);

/* |x|, also of S64_MIN, for which abs() is undefined */
static inline u64 tscope_abs64(s64 x)
{
	return x < 0 ? 0 - (u64)x : (u64)x;
}

static inline u128 tscope_abs128(s128 x)
{
	return x < 0 ? 0 - (u128)x : (u128)x;
}

/* num / den, towards 0 */
static inline s128 tscope_div128_signed(s128 num, u128 den)
{
	s128 quot = (s128)tscope_div128(tscope_abs128(num), den);

	return num < 0 ? -quot : quot;
}

/* x, or S64_MAX or S64_MIN if it does not fit */
static inline s64 tscope_clamp64(s128 x)
{
	if (x > S64_MAX)
		return S64_MAX;
	return x < S64_MIN ? S64_MIN : (s64)x;
}

/* a - b of unsigned numbers, saturated */
static inline s64 tscope_sub64(u64 a, u64 b)
{
	return tscope_clamp64((s128)a - b);
}

/* a - b of signed numbers, saturated */
static inline s64 tscope_ssub64(s64 a, s64 b)
{
	return tscope_clamp64((s128)a - b);
}

/* a + b of signed numbers, saturated */
static inline s64 tscope_sadd64(s64 a, s64 b)
{
	return tscope_clamp64((s128)a + b);
}

#endif /* TSCOPE_MATH128_H */
