// SPDX-License-Identifier: GPL-2.0
/*
 * timepage.c against exact 128-bit products, division in long double, and the
 * definition of kvm-clock in the KVM ABI.
 */
#include <math.h>
#include <stdlib.h>

#include "tap.h"
#include "timepage.h"

#define ROUNDS	100000

/* kvm-clock's multipliers are of 32 bits, 2^-32 ns a cycle. */
#define KVM(mul)	((u64)(mul) << 32)

static const u64 mult_edges[] = { 0, 1, 2, KVM(1), KVM(0x7fffffff), KVM(0x80000000),
				  KVM(0xcccccccd), KVM(U32_MAX), U64_MAX - 1, U64_MAX };

static u64 any_mult(void)
{
	u32 edge = rnd_below(3 * ARRAY_SIZE(mult_edges));

	return edge < ARRAY_SIZE(mult_edges) ? mult_edges[edge] : rnd_bits(64);
}

/*
 * floor(|cyc| * 2^shift) * mult / 2^64 by schoolbook multiplication of 16-bit
 * digits; the upper part of cyc * 2^shift past 2^64 is lost, as it is in the
 * kernel's pvclock_scale_delta().
 */
static u64 school_scale(u64 cyc, u64 mult, int shift)
{
	u64 acc[8] = { 0 }, carry = 0;
	int i, k, bit;
	u64 x = 0;

	for (bit = 0; bit < 64; bit++)
		if (bit + shift >= 0 && bit + shift < 64 &&
		    (cyc >> bit & 1))
			x += 1ULL << (bit + shift);
	for (i = 0; i < 4; i++)
		for (k = 0; k < 4; k++)
			acc[i + k] += (x >> (16 * i) & 0xffff) *
				      (mult >> (16 * k) & 0xffff);
	for (i = 0; i < 8; i++) {
		acc[i] += carry;
		carry = acc[i] >> 16;
		acc[i] &= 0xffff;
	}
	return acc[4] | acc[5] << 16 | acc[6] << 32 | acc[7] << 48;
}

static void check_eval(const struct tscope_timepage *p, u64 tsc)
{
	s64 cyc = (s64)(tsc - p->tsc);
	u64 want, got = tscope_timepage_ns(p, tsc);

	if (cyc < 0)
		want = p->ns - school_scale(0 - (u64)cyc, p->mult, p->shift);
	else
		want = p->ns + school_scale(cyc, p->mult, p->shift);
	EXPECT(got == want,
	       "tsc %s + %s, mult %s, shift %d: expected %s, got %s",
	       tap_udec(p->tsc), tap_dec(cyc), tap_udec(p->mult), p->shift,
	       tap_udec(want), tap_udec(got));
}

static void test_eval(void)
{
	static const s64 ages[] = { 0, 1, -1, 1000, -1000, S64_MAX, S64_MIN,
				    S64_MIN + 1, 1LL << 32, -(1LL << 32) };
	struct tscope_timepage p = { 0 };
	u32 i, m;
	int shift;

	for (shift = -32; shift <= 31; shift++) {
		p.shift = shift;
		for (m = 0; m < ARRAY_SIZE(mult_edges); m++) {
			p.mult = mult_edges[m];
			for (i = 0; i < ARRAY_SIZE(ages); i++) {
				p.tsc = rnd_bits(64);
				p.ns = rnd_bits(64);
				check_eval(&p, p.tsc + ages[i]);
				p.tsc = U64_MAX - 500;
				check_eval(&p, p.tsc + ages[i]);
			}
		}
	}
	for (i = 0; i < ROUNDS; i++) {
		p.tsc = rnd_bits(64);
		p.ns = rnd_bits(64);
		p.mult = any_mult();
		p.shift = rnd_range(-32, 31);
		check_eval(&p, p.tsc + rnd_bits(63));
		check_eval(&p, p.tsc - rnd_bits(63));
	}
}

/* No host should use wide shifts, but they must not be undefined behaviour. */
static void test_eval_shifts(void)
{
	struct tscope_timepage p = { .tsc = 1000, .ns = 77, .mult = U64_MAX };
	int shift;

	for (shift = -128; shift <= 127; shift++) {
		p.shift = shift;
		if (shift <= -64 || shift >= 64)
			EXPECT_EQ(tscope_timepage_ns(&p, U64_MAX / 4), 77,
				  "shift %d", shift);
		else
			check_eval(&p, U64_MAX / 4);
	}
}

static u32 khz_of(u64 mult, s8 shift)
{
	return tscope_timepage_khz(&(struct tscope_timepage){ .mult = mult,
							      .shift = shift });
}

static void test_khz(void)
{
	static const struct {
		u32 mul;
		s8 shift;
		u32 khz;
	} t[] = {
		{ 0x80000000, 1, 1000000 },	/* 1 ns a cycle */
		{ 0x80000000, 0, 2000000 },
		{ 0x80000000, -1, 4000000 },
		{ 0xaaaaaaab, -1, 3000000 },
		{ 0, 0, 0 },
		{ U32_MAX, 31, 0 },		/* less than 1 kHz */
		{ 1, -32, 0 },			/* more than 32 bits */
		{ U32_MAX, -128, 0 },
		{ U32_MAX, 127, 0 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		EXPECT_EQ(khz_of(KVM(t[i].mul), t[i].shift), t[i].khz,
			  "mul %#x shift %d", t[i].mul, t[i].shift);
	for (i = 0; i < ROUNDS; i++) {
		u64 mult = any_mult();
		s8 shift = rnd_range(-32, 31);
		long double exact, got = khz_of(mult, shift);

		if (!mult)
			continue;
		exact = ldexpl(1e6L, 64 - shift) / mult;
		if (exact >= (long double)U32_MAX + 0.5L || exact < 0.5L)
			exact = 0;
		EXPECT(fabsl(got - exact) <= 0.5L + 1e-9L,
		       "mult %s shift %d: expected %Lf, got %Lf", tap_udec(mult),
		       shift, exact, got);
	}
}

/* As KVM picks mul and shift: kvm_get_time_scale(NSEC_PER_SEC, hz) */
static void time_scale(u64 hz, s8 *shift, u32 *mul)
{
	u64 scaled = 1000000000ULL, base = hz;

	*shift = 0;
	while (base > scaled * 2 || base >> 32) {
		base >>= 1;
		(*shift)--;
	}
	while (base <= scaled || scaled >> 32) {
		if (scaled >> 32 || base >> 31)
			scaled >>= 1;
		else
			base <<= 1;
		(*shift)++;
	}
	*mul = (u32)(((u128)scaled << 32) / base);
}

/* KVM rounds mul, but the frequency by mul is the host's to the kHz. */
static void test_khz_host(void)
{
	u32 i, mul;
	s8 shift;

	for (i = 0; i < 10000; i++) {
		u32 khz = rnd_range(500000, 6000000);

		time_scale(khz * 1000ULL, &shift, &mul);
		EXPECT_EQ(khz_of(KVM(mul), shift), khz, "its frequency");
	}
}

static s64 step_ns(const struct tscope_timepage *old, const struct tscope_timepage *new,
		   u64 tsc)
{
	return tscope_timepage_step_ns(tscope_timepage_step(old, new, tsc));
}

static void test_step(void)
{
	static const s64 steps[] = { 0, 1, -1, 3509, -42000000, 4500000,
				     60000000000LL, -3600000000000LL };
	struct tscope_timepage old = { .mult = KVM(0xb0f1a2c3), .shift = -1 }, new;
	u32 i, round;
	s64 got;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		for (round = 0; round < 1000; round++) {
			u64 age = rnd_bits(36), tsc;

			old.tsc = rnd_bits(64);
			old.ns = (1ULL << 62) + rnd_bits(60);
			tsc = old.tsc + age;
			/* the host updates the page, some cycles before tsc */
			new = old;
			new.tsc = tsc - rnd_bits(12);
			new.ns = tscope_timepage_ns(&old, new.tsc) + steps[i];
			got = step_ns(&old, &new, tsc);
			/* the page's own nanosecond, and the bit that its shift drops */
			EXPECT(got >= steps[i] - 2 && got <= steps[i] + 2,
			       "truth %s, figure %s, bound 2",
			       tap_dec(steps[i]), tap_dec(got));
			/* at one reading nothing is rounded */
			new.tsc = old.tsc;
			new.ns = old.ns + steps[i];
			EXPECT_EQ(step_ns(&old, &new, tsc), steps[i],
				  "exact");
		}
		tap_note("truth %s ns, figure %s ns, bound 2 ns",
			 tap_dec(steps[i]), tap_dec(got));
	}
}

/* A step from just below 0 to just above it is small. */
static void test_step_zero(void)
{
	struct tscope_timepage old = { .tsc = 1000000, .ns = 100, .mult = 1ULL << 63,
				       .shift = 1 };
	struct tscope_timepage new = old;

	new.ns = 600;
	EXPECT_EQ(step_ns(&old, &new, 1000000 - 300), 500,
		  "old at -200 ns, new at 300 ns");
	EXPECT_EQ(step_ns(&new, &old, 1000000 - 300), -500,
		  "new at 300 ns, old at -200 ns");
}

static struct tscope_timepage any_page(u64 hz)
{
	struct tscope_timepage p = { .tsc = rnd_bits(62), .ns = rnd_bits(62) };
	long double mul = 1e9L / hz;

	/* as KVM has it: the multiplier in its upper half; others have all 64 bits */
	for (p.shift = 32; mul < 0.5L; p.shift--)
		mul *= 2;
	for (; mul >= 1; p.shift++)
		mul /= 2;
	p.shift -= 32;
	p.mult = rnd64() & 1 ? KVM((u32)(mul * 0x1p32L)) : (u64)(mul * 0x1p64L);
	return p;
}

/* A line: the fraction is that of delta * mul * 2^shift / 2^32, without any loss of bits. */
static void test_frac(void)
{
	long double want, worst = 0;
	struct tscope_timepage p;
	u32 i;
	u16 frac;
	s64 cyc;
	u64 ns;

	for (i = 0; i < 200000; i++) {
		p = any_page(800000000 + rnd_below(5000000000ULL));
		cyc = (s64)rnd_bits(40) * (rnd64() & 1 ? 1 : -1);
		ns = tscope_timepage_line(&p, p.tsc + cyc, &frac);
		want = (long double)cyc * p.mult * ldexpl(1, p.shift - 64);
		want -= (s64)(ns - p.ns) + frac * 0x1p-16L;
		worst = fmaxl(worst, fabsl(want));
		EXPECT(fabsl(want) < 0x1.01p-16L,
		       "mult %s, shift %d, %s cycles: off by %Lg ns", tap_udec(p.mult),
		       p.shift, tap_dec(cyc), want);
		/* a reading by the ABI differs by the bits that it drops */
		cyc = (s64)(ns - tscope_timepage_ns(&p, p.tsc + cyc));
		EXPECT(llabs(cyc) <= (p.shift < 0 ? 1 << -p.shift : 1),
		       "shift %d: %s ns above pvclock's", p.shift, tap_dec(cyc));
	}
	tap_note("at most %Lg ns off, 2^-16 are %Lg", worst, 0x1p-16L);

	/* a cycle of 2^19 ns, and a cycle that is shorter than the least fraction */
	p = (struct tscope_timepage){ .ns = 100, .tsc = 50, .mult = 1ULL << 63, .shift = 20 };
	EXPECT(tscope_timepage_line(&p, 53, &frac) == 100 + (3 << 19) && !frac,
	       "three long cycles");
	p.shift = -128;
	EXPECT(tscope_timepage_line(&p, 53, &frac) == 100 && !frac,
	       "three short cycles");
}

/* The TSC value for a snapshot's nanoseconds, within half of the cycles that show these. */
static void test_inverse(void)
{
	struct tscope_timepage p;
	long double worst = 0, off, most;
	u64 cyc, ns, tsc;
	u32 i;

	for (i = 0; i < 200000; i++) {
		p = any_page(800000000 + rnd_below(5000000000ULL));
		cyc = rnd_bits(55);
		ns = tscope_timepage_ns(&p, p.tsc + cyc);
		EXPECT(tscope_timepage_inverse(&p, ns, 1, &tsc), "an inverse");
		EXPECT(tscope_timepage_ns(&p, tsc) == ns, "the inverse shows the same");
		off = fabsl((long double)(s64)(tsc - p.tsc - cyc));
		most = ldexpl(1.0L / p.mult, 64 - p.shift) / 2 +
		       (p.shift < 0 ? 1 << -p.shift : 1);
		EXPECT(off <= most, "off by %Lg cycles of %Lg", off, most);
		worst = fmaxl(worst, off * p.mult * ldexpl(1, p.shift - 64));
	}
	tap_note("at most %Lg ns off", worst);
	EXPECT(worst < 2, "%Lg ns", worst);
	/* for a unit of 100 ns, a value in its middle */
	for (i = 0; i < 200000; i++) {
		p = any_page(800000000 + rnd_below(5000000000ULL));
		ns = p.ns + rnd_bits(54);
		EXPECT(tscope_timepage_inverse(&p, ns, 100, &tsc), "an inverse of a unit");
		off = fabsl((long double)(s64)(tscope_timepage_ns(&p, tsc) - ns) - 49.5L);
		EXPECT(off <= 4, "off the middle by %Lg ns", off);
	}
	/* there is none before the page's own time, and none without a multiplier */
	EXPECT(!tscope_timepage_inverse(&p, p.ns - 1, 1, &tsc), "before");
	/* a nanosecond that no cycle shows: a cycle of 3 ns */
	p = (struct tscope_timepage){ .ns = 100, .tsc = 50, .mult = 3ULL << 62, .shift = 2 };
	EXPECT(tscope_timepage_inverse(&p, 103, 1, &tsc) && tsc == 51, "one cycle");
	EXPECT(!tscope_timepage_inverse(&p, 104, 1, &tsc), "never shown");
	p.mult = 0;
	EXPECT(!tscope_timepage_inverse(&p, 103, 1, &tsc), "no multiplier");
	p.mult = KVM(1);
	p.shift = 32;
	EXPECT(!tscope_timepage_inverse(&p, 103, 1, &tsc), "no such shift");
	p.shift = -33;
	EXPECT(!tscope_timepage_inverse(&p, 103, 1, &tsc), "no such shift");
	/* the next nanosecond is 2^64 cycles away */
	p.shift = -32;
	EXPECT(!tscope_timepage_inverse(&p, 101, 1, &tsc), "past what a TSC counts");
}

/*
 * Random updates, some of which change the rate: the range that is reported holds the clock's step
 * at the time when the new page began to hold. If the page has this time, the step is exact.
 */
static void test_update(void)
{
	const u64 dated_cyc = 3000000000;
	struct tscope_timepage old = { .mult = KVM(0xb0f1a2c3), .shift = -1 }, new;
	u32 round, exact = 0, none = 0;
	u64 held, begun, seen, error;
	s64 step, got;
	bool dated;

	for (round = 0; round < 20000; round++) {
		dated = rnd_below(2);
		old.tsc = dated ? rnd_bits(60) : 0;
		old.ns = (1ULL << 62) + rnd_bits(60);
		held = old.tsc + rnd_bits(40);
		begun = held + rnd_bits(30);
		seen = begun + rnd_bits(30);
		step = rnd_below(3) ? (s64)rnd_below(1 << 30) - (1 << 29) : 0;
		new = old;
		new.ns = tscope_timepage_ns(&old, begun) + step;
		new.tsc = begun;
		/* up to 100 ppm more or less */
		if (rnd_below(3))
			new.mult += (s64)rnd_below(2 * 10000) * (s64)(old.mult / 100000000) -
				    10000 * (s64)(old.mult / 100000000);
		if (!dated) {
			new.ns -= tscope_timepage_scale(begun, new.mult, new.shift);
			new.tsc = 0;
		}
		got = tscope_timepage_step_ns(tscope_timepage_update(&old, &new, held, seen,
								     dated_cyc, &error));
		EXPECT(llabs(got - step) <= (s64)error + 2, "truth %s, figure %s, bound %s + 2",
		       tap_dec(step), tap_dec(got), tap_dec(error));
		if (dated || new.mult == old.mult)
			EXPECT_EQ(error, 1, "error %s", tap_dec(error));
		exact += error == 1;
		none += !step && new.mult != old.mult && !got;
	}
	EXPECT(exact > 5000 && none > 1000, "%u exact, %u without a step", exact, none);

	/* the rate changed by 2^-10 in the middle: the step is 0 and 512 ns at the ends */
	old = (struct tscope_timepage){ .mult = 1ULL << 63 };
	new = old;
	new.mult += 1ULL << 53;
	new.ns -= 1 << 20;
	got = tscope_timepage_step_ns(tscope_timepage_update(&old, &new, (1ULL << 31) - (1 << 20),
							     (1ULL << 31) + (1 << 20), 0, &error));
	EXPECT_EQ(got, 0, "step %s", tap_dec(got));
	EXPECT_EQ(error, 1 + 1024, "error %s", tap_dec(error));
	new.ns += 2000;
	got = tscope_timepage_step_ns(tscope_timepage_update(&old, &new, (1ULL << 31) - (1 << 20),
							     (1ULL << 31) + (1 << 20), 0, &error));
	EXPECT_EQ(got, 2512, "step %s", tap_dec(got));
	EXPECT_EQ(error, 1 + 1024, "error %s", tap_dec(error));
}

static const struct tap_test tests[] = {
	{ "eval with its fraction: the line", test_frac },
	{ "inverse: within a nanosecond's cycles", test_inverse },
	{ "eval: every shift, mul to 0xffffffff, TSC behind and near 2^64",
	  test_eval },
	{ "eval: shifts out of range", test_eval_shifts },
	{ "khz: nearest", test_khz },
	{ "khz: with mul as KVM rounds it", test_khz_host },
	{ "step: within its rounding", test_step },
	{ "step: across the clock's zero", test_step_zero },
	{ "update: a rate that changes, at a time that is known or not", test_update },
};

TAP_MAIN(tests)
