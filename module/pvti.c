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
