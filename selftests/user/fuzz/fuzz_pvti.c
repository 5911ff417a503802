// SPDX-License-Identifier: GPL-2.0
/*
 * pvti.c against the KVM ABI's definition, by schoolbook multiplication, and
 * against fractions that nothing is rounded of.
 */
#include <math.h>

#include "fuzz.h"
#include "pvti.h"

/* Upper part of cyc * mul, in 32-bit digits, modulo 2^64. */
static u64 scaled(u64 cyc, u32 mul, int shift)
{
	u64 low, high;

	if (shift >= 64 || shift <= -64)
		cyc = 0;
	else if (shift >= 0)
		cyc <<= shift;
	else
		cyc >>= -shift;
	low = (cyc & U32_MAX) * mul;
	high = (cyc >> 32) * mul;
	return high + (low >> 32);
}

static u64 eval(const struct tscope_pvti *p, u64 tsc)
{
	if ((s64)(tsc - p->tsc) < 0)
		return p->ns - scaled(p->tsc - tsc, p->mul, p->shift);
	return p->ns + scaled(tsc - p->tsc, p->mul, p->shift);
}

static struct tscope_pvti take_pvti(struct fuzz_in *in)
{
	return (struct tscope_pvti){
		.tsc = fuzz_bits(in, 64),
		.ns = fuzz_bits(in, 64),
		.mul = fuzz_u32(in),
		.shift = (s8)fuzz_u8(in),
	};
}

/* khz * mul * 2^shift = 10^6 * 2^32, to half a kHz */
static void check_khz(u32 mul, int shift)
{
	u32 got = tscope_pvti_khz(mul, (s8)shift);
	long double want;

	if (!mul || shift > 63 || shift < -63) {
		EXPECT_EQ(got, 0, "mul %u, shift %d", mul, shift);
		return;
	}
	want = ldexpl(1e6L / mul, 32 - shift);
	if (want >= 0.501L && want < U32_MAX + 0.499L)
		EXPECT(fabsl(got - want) <= 0.5L + want * 0x1p-60L,
		       "mul %u, shift %d: truth %.3Lf, got %u", mul, shift,
		       want, got);
	else if (want < 0.499L || want > U32_MAX + 0.501L)
		EXPECT_EQ(got, 0, "mul %u, shift %d: truth %.3Lf", mul, shift,
			  want);
}

static void fuzz_one(struct fuzz_in *in)
{
	struct tscope_pvti old = take_pvti(in), new = take_pvti(in);
	u64 tsc = fuzz_bits(in, 64);

	if (fuzz_u8(in) & 1)
		new.mul = old.mul;
	check_khz(old.mul, old.shift);
	EXPECT(tscope_pvti_eval(&old, tsc) == eval(&old, tsc),
	       "tsc %s, mul %u, shift %d: truth %s, got %s",
	       tap_udec(tsc - old.tsc), old.mul, old.shift,
	       tap_udec(eval(&old, tsc)),
	       tap_udec(tscope_pvti_eval(&old, tsc)));
	EXPECT(tscope_pvti_step(&old, &new, tsc) ==
	       (s64)(eval(&new, tsc) - eval(&old, tsc)), "step");
	EXPECT_EQ(tscope_pvti_step(&old, &old, tsc), 0, "step to itself");
}
