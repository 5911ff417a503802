// SPDX-License-Identifier: GPL-2.0
/*
 * kvm-clock's arithmetic: frequency and steps from its pvti.
 */
#include "pvti.h"
#include "wide.h"

/**
 * tscope_pvti_khz() - the TSC frequency that a pvti assumes
 * @mul: tsc_to_system_mul
 * @shift: tsc_shift
 *
 * A cycle lasts mul * 2^(shift - 32) ns, hence
 * khz = 10^6 * 2^(32 - shift) / mul.
 *
 * Return: kHz, rounded to the nearest; 0 where it is not in 1..U32_MAX.
 */
u32 tscope_pvti_khz(u32 mul, s8 shift)
{
	tscope_u128 num, khz;

	if (!mul || shift > 63 || shift < -63)
		return 0;
	/* one bit more than needed, to round by */
	num = (tscope_u128)2000000 << 32;
	if (shift >= 0)
		num >>= shift;
	else
		num <<= -shift;
	khz = (tscope_div128(num, mul) + 1) >> 1;
	return khz > U32_MAX ? 0 : (u32)khz;
}

/**
 * tscope_pvti_eval_frac() - kvm-clock at a TSC value, with its fraction
 * @p: the CPU's pvti
 * @tsc: a TSC reading of the same CPU
 * @frac: what is above the whole nanosecond, 2^-16 ns, rounded down
 *
 * A pvti defines a line: its points have no steps. tscope_pvti_eval() has what the
 * ABI says, which drops bits of the cycles where @p->shift is below 0, and so is
 * up to 2^-@p->shift cycles and 1 ns lower. Context: any.
 *
 * Return: nanoseconds, rounded down.
 */
u64 tscope_pvti_eval_frac(const struct tscope_pvti *p, u64 tsc, u16 *frac)
{
	tscope_s128 line = (tscope_s128)(s64)(tsc - p->tsc) * p->mul;
	int right = 32 - TSCOPE_PHASE_SHIFT - p->shift;

	if (right > 0)
		line >>= right < 127 ? right : 127;
	else
		line = (tscope_s128)((tscope_u128)line << -right);
	*frac = (u16)line;
	return p->ns + (u64)(line >> TSCOPE_PHASE_SHIFT);
}

/* The first scaled cycle that counts @ns. */
static tscope_u128 first_cycle(u64 ns, u32 mul)
{
	return tscope_div128(((tscope_u128)ns << 32) + mul - 1, mul);
}

/**
 * tscope_pvti_inverse() - the TSC value at which kvm-clock shows a time
 * @p: the CPU's pvti
 * @ns: what kvm-clock showed, by tscope_pvti_eval()
 * @tsc: the middle of the values at which it does
 *
 * Context: process; divides.
 *
 * Return: false where there is no such value, or none after @p->tsc.
 */
bool tscope_pvti_inverse(const struct tscope_pvti *p, u64 ns, u64 *tsc)
{
	tscope_u128 low, high;
	u64 since = ns - p->ns;

	if (!p->mul || (s64)since < 0 || p->shift > 31 || p->shift < -32)
		return false;
	low = first_cycle(since, p->mul);
	high = first_cycle(since + 1, p->mul);
	if (p->shift < 0) {
		low <<= -p->shift;
		high <<= -p->shift;
	} else {
		low = (low + (1ULL << p->shift) - 1) >> p->shift;
		high = (high + (1ULL << p->shift) - 1) >> p->shift;
	}
	if (low >= high || high >> 63)
		return false;
	*tsc = p->tsc + (u64)(low + (high - 1 - low) / 2);
	return tscope_pvti_eval(p, *tsc) == ns;
}

/**
 * tscope_pvti_step() - the step between two pvti of one CPU
 * @old: the pvti before the update
 * @new: the pvti after it
 * @tsc: the TSC value at which both are evaluated
 *
 * Context: any.
 *
 * Return: new - old in ns, exact but for the 1 ns that either rounds off.
 */
s64 tscope_pvti_step(const struct tscope_pvti *old,
		     const struct tscope_pvti *new, u64 tsc)
{
	/* modulo 2^64: one of the two may stand before the clock's zero */
	return (s64)(tscope_pvti_eval(new, tsc) - tscope_pvti_eval(old, tsc));
}
