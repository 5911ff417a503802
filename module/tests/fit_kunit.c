// SPDX-License-Identifier: GPL-2.0
/* fit.c in the kernel: lines and intervals that are known. More in selftests/user. */
#include <linux/math64.h>

#include "../fit.h"
#include "../math128.h"
#include "tests.h"

#define KHZ		1000000		/* a cycle is a nanosecond */
#define PERIOD_NS	10000000LL
#define POINTS		16

struct line {
	struct tscope_point p[POINTS];
	struct tscope_fit fit;
};

static struct line *line_of(struct kunit *test)
{
	struct line *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, l);
	return l;
}

static void make_line(struct line *l, u64 tsc, u64 period, s64 phase, s64 slope)
{
	u32 i;

	for (i = 0; i < POINTS; i++)
		l->p[i] = (struct tscope_point){
			.tsc = tsc + i * period,
			.phase = phase + i * slope,
		};
}

/* Without noise the slope is exact, no matter where the TSC and the phase are. */
static void fit_straight_lines(struct kunit *test)
{
	static const u64 tscs[] = { 0, 1ULL << 62, U64_MAX / 2 };
	static const s64 phases[] = { 0, -(1LL << 45), 1LL << 60, -(1LL << 61) };
	static const s64 slopes[] = { 0, 1, -1, 655360, -65536000, 1LL << 40 };
	struct line *l = line_of(test);
	s64 want;
	u32 i, n;

	for (n = 0; n < 3 * 4 * 6; n++) {
		make_line(l, tscs[n % 3], PERIOD_NS, phases[n / 3 % 4],
			  slopes[n / 12]);
		KUNIT_ASSERT_EQ(test, tscope_fit_line(l->p, POINTS, KHZ, HIDES(1),
						      &l->fit), 0);
		/* slope / 2^16 ns in PERIOD_NS ns, 10^-12 */
		want = mul_u64_u64_div_u64(abs(slopes[n / 12]), 1000000000000ULL,
					   PERIOD_NS << 16);
		if (slopes[n / 12] < 0)
			want = -want;
		KUNIT_EXPECT_LE_MSG(test, abs(l->fit.skew_mppb - want), 1LL,
				    "case %u", n);
		KUNIT_EXPECT_EQ(test, l->fit.points, (u32)POINTS);
		/* 1 ns in 150 ms: what a clock in whole ns may hide */
		KUNIT_EXPECT_GE(test, l->fit.error_mppb, 6666ULL);
		KUNIT_EXPECT_LE(test, l->fit.error_mppb, 6668ULL);
		for (i = 0; i < POINTS; i++)
			KUNIT_EXPECT_LE(test, abs(tscope_fit_residual(&l->fit,
								      &l->p[i])),
					1LL);
	}
}

/*
 * Residuals that alternate between +a and -a: no correlation widens their interval, which is
 * t(14) = 2.145 times sqrt(n a^2 / 14 / Sxx); Sxx = 340 periods^2 for 16 points.
 */
static void fit_interval(struct kunit *test)
{
	const s64 a = 1000 << 16;
	struct line *l = line_of(test);
	u64 want;
	u32 i;

	make_line(l, 0, PERIOD_NS, 0, 0);
	for (i = 0; i < POINTS; i++)
		l->p[i].phase += i & 1 ? a : -a;
	KUNIT_ASSERT_EQ(test, tscope_fit_line(l->p, POINTS, KHZ, HIDES(1), &l->fit), 0);
	/* a tenth of a ns in 10 ms is 10^4 mppb */
	want = 21450ULL * int_sqrt64(16ULL * 100000000 / 14 / 340);
	KUNIT_EXPECT_GE(test, l->fit.error_mppb, want * 98 / 100);
	KUNIT_EXPECT_LE(test, l->fit.error_mppb, want * 102 / 100);
}

static void fit_refuses(struct kunit *test)
{
	static const struct {
		u32 n, khz;
		u64 period;
		s64 phase, slope;
		int err;
	} cases[] = {
		{ POINTS, KHZ, PERIOD_NS, 0, 0, 0 },
		{ 8, KHZ, PERIOD_NS, 0, 0, 0 },
		{ 7, KHZ, PERIOD_NS, 0, 0, -ENODATA },
		{ POINTS, KHZ, 0, 0, 0, -ENODATA },
		{ POINTS, KHZ, -1ULL, 0, 0, -EINVAL },
		/* phases that are 2^50 and more apart; saturated phases */
		{ POINTS, KHZ, PERIOD_NS, 0, 1LL << 47, -ERANGE },
		{ POINTS, KHZ, PERIOD_NS, S64_MAX, 0, -ERANGE },
		{ POINTS, KHZ, PERIOD_NS, S64_MIN, 0, -ERANGE },
		/* steeper than a figure holds: 2^46 * 2^-16 ns a cycle */
		{ POINTS, KHZ, 1, 0, 1LL << 46, -ERANGE },
		/* over more time than the sums allow */
		{ POINTS, KHZ, S64_MAX / 15 + 2, 0, 1, -ERANGE },
	};
	struct line *l = line_of(test);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_line(l, 100, cases[i].period, cases[i].phase, cases[i].slope);
		KUNIT_EXPECT_EQ_MSG(test, tscope_fit_line(l->p, cases[i].n,
							  cases[i].khz, HIDES(1),
							  &l->fit),
				    cases[i].err, "case %u", i);
	}
}

static struct kunit_case fit_cases[] = {
	KUNIT_CASE(fit_straight_lines),
	KUNIT_CASE(fit_interval),
	KUNIT_CASE(fit_refuses),
	{}
};

static struct kunit_suite fit_suite = {
	.name = "tscope_fit",
	.test_cases = fit_cases,
};

kunit_test_suite(fit_suite);
