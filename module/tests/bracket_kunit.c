// SPDX-License-Identifier: GPL-2.0
/*
 * bracket.c against phases of which a known share comes from the width. Widths follow a
 * pattern without a slope, so that shares and errors can be computed by hand.
 */
#include "../bracket.h"
#include "tests.h"

#define POINTS		64
#define PERIOD_CYC	10000000ULL
#define ONE		65536	/* of TSCOPE_BRACKET_SHARE_BITS */

static struct tscope_point *p;

static int bracket_init(struct kunit *test)
{
	p = kunit_kcalloc(test, POINTS, sizeof(*p), GFP_KERNEL);
	return p ? 0 : -ENOMEM;
}

/* +, -, -, +: neither a mean nor a slope */
static s32 turn(u32 i)
{
	return (i & 1) == (i >> 1 & 1) ? 1 : -1;
}

/* The phase is @share / 2^16 of the width, on a line that rises by @slope from point to point. */
static void make_points(s64 slope, s64 share, s32 drift_ns)
{
	u32 i;

	for (i = 0; i < POINTS; i++) {
		p[i] = (struct tscope_point){
			.tsc = 777 + i * PERIOD_CYC,
			.width_ns = 5000 + 256 * turn(i) + drift_ns * (s32)i,
		};
		p[i].phase = (1LL << 40) + slope * i + share * p[i].width_ns;
	}
}

static void bracket_finds_share(struct kunit *test)
{
	static const struct {
		s64 slope;
		s32 share, found;
	} cases[] = {
		{ 0, 0, 0 }, { 65536, 1, 1 }, { -655360, -ONE / 10, -ONE / 10 },
		{ 1LL << 36, ONE / 2, ONE / 2 },
		/* no reading is off by more than half its width, so no more is subtracted */
		{ 0, ONE, ONE / 2 }, { 0, -3 * ONE, -ONE / 2 },
	};
	struct tscope_bracket b;
	u32 n, i;
	s64 off;

	for (n = 0; n < ARRAY_SIZE(cases); n++) {
		make_points(cases[n].slope, cases[n].share, 0);
		tscope_bracket_correct(p, POINTS, &b);
		KUNIT_EXPECT_LE_MSG(test, abs(b.share - cases[n].found), 1, "case %u", n);
		/* time and width are not correlated */
		KUNIT_EXPECT_LE(test, b.widen, 1025U);
		if (cases[n].share != cases[n].found)
			continue;
		/* a line remains: the phases at the mean width */
		for (i = 1; i < POINTS; i++) {
			off = p[i].phase - p[0].phase - cases[n].slope * i;
			KUNIT_EXPECT_LE_MSG(test, abs(off), 1024LL, "case %u point %u", n, i);
		}
	}
}

/* Widths that shrink as a machine warms up leave no skew. */
static void bracket_drifting_widths(struct kunit *test)
{
	struct tscope_bracket b;
	s64 off;
	u32 i;

	make_points(65536, ONE / 4, -30);
	tscope_bracket_correct(p, POINTS, &b);
	KUNIT_EXPECT_LE(test, abs(b.share - ONE / 4), 2);
	/*
	 * Sxx = 64 (64^2 - 1) / 12 = 21840, so the drift's sum of squares is
	 * 900 * 21840, the pattern's 64 * 256^2: sqrt(1 + 4.6863) = 2.3846
	 */
	KUNIT_EXPECT_LE(test, abs((s32)b.widen - 2442), 2);
	for (i = 1; i < POINTS; i++) {
		off = p[i].phase - p[0].phase - 65536 * (s64)i;
		KUNIT_EXPECT_LE_MSG(test, abs(off), 8192LL, "point %u", i);
	}
}

static void expect_untouched(struct kunit *test, u32 n, const char *why)
{
	struct tscope_point *copy;
	struct tscope_bracket b = { .share = 5, .widen = 5 };

	copy = kunit_kmalloc(test, POINTS * sizeof(*p), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, p, POINTS * sizeof(*p));
	tscope_bracket_correct(p, n, &b);
	KUNIT_EXPECT_EQ_MSG(test, b.share, 0, "%s", why);
	KUNIT_EXPECT_EQ_MSG(test, b.widen, 1024U, "%s", why);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(copy, p, POINTS * sizeof(*p)), 0, "%s",
			    why);
}

static void bracket_leaves_alone(struct kunit *test)
{
	u32 i;

	make_points(65536, ONE / 4, 0);
	expect_untouched(test, TSCOPE_BRACKET_MIN_POINTS - 1, "too few");
	for (i = 0; i < POINTS; i++)
		p[i].width_ns = 5000;
	expect_untouched(test, POINTS, "all of one width");
	make_points(65536, ONE / 4, 0);
	p[5].tsc = 0;
	expect_untouched(test, POINTS, "out of order");
	make_points(65536, ONE / 4, 0);
	p[5].phase = S64_MIN;
	expect_untouched(test, POINTS, "saturated");
}

/* A sixteenth of the mean width over the span is allowed for, or 1.5 ticks. */
static void bracket_hides(struct kunit *test)
{
	static const struct {
		u32 width_ns, tick_ns, hidden_ns;
	} cases[] = {
		{ 15, 0, 1 }, { 16, 1, 2 }, { 400, 1, 26 }, { 400, 280, 420 },
		{ 40000, 280, 2501 }, { U32_MAX, 1, 1 << 28 },
	};
	struct tscope_fit fit;
	u64 want;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_points(0, 0, 0);
		for (k = 0; k < POINTS; k++)
			p[k].width_ns = cases[i].width_ns;
		KUNIT_ASSERT_EQ(test, tscope_bracket_fit(p, POINTS, 1000000, cases[i].tick_ns,
							 &fit), 0);
		/* a cycle is a nanosecond, and a nanosecond of the span is 1587 mppb */
		want = cases[i].hidden_ns * 100000ULL / (POINTS - 1);
		KUNIT_EXPECT_GE_MSG(test, fit.error_mppb, want, "case %u", i);
		KUNIT_EXPECT_LE_MSG(test, fit.error_mppb, want + 3, "case %u", i);
	}
}

static struct kunit_case bracket_cases[] = {
	KUNIT_CASE(bracket_finds_share),
	KUNIT_CASE(bracket_drifting_widths),
	KUNIT_CASE(bracket_leaves_alone),
	KUNIT_CASE(bracket_hides),
	{}
};

static struct kunit_suite bracket_suite = {
	.name = "tscope_bracket",
	.init = bracket_init,
	.test_cases = bracket_cases,
};

kunit_test_suite(bracket_suite);
