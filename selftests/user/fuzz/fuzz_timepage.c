// SPDX-License-Identifier: GPL-2.0
/*
 * timepage.c against the KVM ABI's definition, by schoolbook multiplication, and
 * against fractions without rounding.
 */
#include <math.h>

#include "fuzz.h"
#include "timepage.h"

/* Upper part of cyc * mult, in 32-bit digits, modulo 2^64. */
static u64 scaled(u64 cyc, u64 mult, int shift)
{
	u64 low, mid, other;

	if (shift >= 64 || shift <= -64)
		cyc = 0;
	else if (shift >= 0)
		cyc <<= shift;
	else
		cyc >>= -shift;
	low = (cyc & U32_MAX) * (mult & U32_MAX);
	mid = (cyc >> 32) * (mult & U32_MAX) + (low >> 32);
	other = (cyc & U32_MAX) * (mult >> 32) + (mid & U32_MAX);
	return (cyc >> 32) * (mult >> 32) + (mid >> 32) + (other >> 32);
}

static u64 eval(const struct tscope_timepage *p, u64 tsc)
{
	if ((s64)(tsc - p->tsc) < 0)
		return p->ns - scaled(p->tsc - tsc, p->mult, p->shift);
	return p->ns + scaled(tsc - p->tsc, p->mult, p->shift);
}

static struct tscope_timepage take_page(struct fuzz_in *in)
{
	return (struct tscope_timepage){
		.tsc = fuzz_bits(in, 64),
		.ns = fuzz_bits(in, 64),
		.mult = fuzz_bits(in, 64),
		.shift = (s8)fuzz_u8(in),
	};
}

/* khz * mult * 2^shift = 10^6 * 2^64, to half a kHz */
static void check_khz(const struct tscope_timepage *p)
{
	u32 got = tscope_timepage_khz(p);
	long double want;

	if (!p->mult || p->shift > 63 || p->shift < -42) {
		EXPECT_EQ(got, 0, "mult %s, shift %d", tap_udec(p->mult), p->shift);
		return;
	}
	want = ldexpl(1e6L / p->mult, 64 - p->shift);
	if (want >= 0.501L && want < U32_MAX + 0.499L)
		EXPECT(fabsl(got - want) <= 0.5L + want * 0x1p-60L,
		       "mult %s, shift %d: truth %.3Lf, got %u", tap_udec(p->mult),
		       p->shift, want, got);
	else if (want < 0.499L || want > U32_MAX + 0.501L)
		EXPECT_EQ(got, 0, "mult %s, shift %d: truth %.3Lf", tap_udec(p->mult),
			  p->shift, want);
}

/* delta * mult * 2^(shift - 64) in 2^-16 ns, rounded to the page's time, as far as it fits. */
static void check_frac(const struct tscope_timepage *p, u64 tsc)
{
	bool before = (s64)(tsc - p->tsc) < 0;
	u128 want = (u128)(before ? p->tsc - tsc : tsc - p->tsc) * p->mult;
	int right = 48 - p->shift;
	u16 frac;
	u64 ns;

	if (right < 1 || right > 127)
		return;
	want >>= right;
	if (before)
		want = -want;
	ns = tscope_timepage_line(p, tsc, &frac);
	EXPECT(ns == p->ns + (u64)(want >> 16) && frac == (u16)want,
	       "mult %s, shift %d: got %s ns", tap_udec(p->mult), p->shift, tap_udec(ns));
}

/* The clock's value at a TSC value has an inverse that shows the same and is near that TSC. */
static void check_inverse(const struct tscope_timepage *p, u64 cyc)
{
	u64 ns, tsc, got;
	long double ns_cyc;

	if (!p->mult || p->shift > 31 || p->shift < -32)
		return;
	/* a nanosecond of centuries has no TSC value in its middle */
	ns_cyc = ldexpl(1.0L / p->mult, 64 - p->shift);
	if (ns_cyc > 0x1p60L)
		return;
	/* what pvclock's product holds */
	cyc >>= p->shift > 0 ? 2 + p->shift : 2;
	ns = scaled(cyc, p->mult, p->shift);
	if (ns >> 62)
		return;
	EXPECT(tscope_timepage_inverse(p, p->ns + ns, 1, &tsc), "mult %s, shift %d, %s cycles",
	       tap_udec(p->mult), p->shift, tap_udec(cyc));
	got = tsc - p->tsc;
	EXPECT(scaled(got, p->mult, p->shift) == ns, "inverse of %s ns", tap_udec(ns));
	/* half of a nanosecond's cycles, and of those that a negative shift drops */
	EXPECT(fabsl((long double)got - cyc) <=
	       ns_cyc / 2 + (p->shift < 0 ? ldexpl(1, -p->shift) : 1) + 1,
	       "inverse of %s cycles: %s", tap_udec(cyc), tap_udec(got));
}

static s128 step(const struct tscope_timepage *old,
		 const struct tscope_timepage *new, u64 tsc)
{
	u16 old_frac, new_frac;
	u64 old_ns = tscope_timepage_line(old, tsc, &old_frac);
	u64 new_ns = tscope_timepage_line(new, tsc, &new_frac);

	return (s128)(s64)(new_ns - old_ns) * 65536 + new_frac - old_frac;
}

static void fuzz_one(struct fuzz_in *in)
{
	struct tscope_timepage old = take_page(in), new = take_page(in);
	u64 tsc = fuzz_bits(in, 64);

	if (fuzz_u8(in) & 1)
		new.mult = old.mult;
	check_khz(&old);
	EXPECT(tscope_timepage_ns(&old, tsc) == eval(&old, tsc),
	       "tsc %s, mult %s, shift %d: truth %s, got %s",
	       tap_udec(tsc - old.tsc), tap_udec(old.mult), old.shift,
	       tap_udec(eval(&old, tsc)),
	       tap_udec(tscope_timepage_ns(&old, tsc)));
	check_frac(&old, tsc);
	check_inverse(&old, tsc);
	EXPECT(tscope_timepage_step(&old, &new, tsc) == step(&old, &new, tsc), "step");
	EXPECT(!tscope_timepage_step(&old, &old, tsc), "step to itself");
}
