// SPDX-License-Identifier: GPL-2.0
/* points.c: figures of a clock whose points are given. */
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "../clock.h"
#include "../math128.h"
#include "../params.h"
#include "tests.h"

/* A whole number of cycles, whatever the frequency. */
#define PERIOD_NS	10000000ULL

static struct tscope_clock *clk;
static u64 ns, now_ns;
static u32 khz;
static struct tscope_shist lies;

static int points_init(struct kunit *test)
{
	now_ns = 0;
	ns = 5000;
	clk = kvzalloc(sizeof(*clk), GFP_KERNEL);
	if (!clk)
		return -ENOMEM;
	tscope_series_init(&clk->series, vcalloc(TSCOPE_SERIES_POINTS,
						 sizeof(struct tscope_point)),
			   tscope_tsc_khz, true);
	return clk->series.ring ? 0 : -ENOMEM;
}

static void points_exit(struct kunit *test)
{
	if (clk)
		vfree(clk->series.ring);
	kvfree(clk);
}

static u64 tsc_now(void)
{
	return 1000 + tscope_ns_to_cyc(now_ns, tscope_tsc_khz);
}

/* @n readings of a clock that gains @gain_ns each period of the TSC */
static void readings(u32 n, s64 gain_ns, u32 width_ns)
{
	struct tscope_series_result result;
	struct tscope_reading r = { .width_ns = width_ns };

	while (n--) {
		now_ns += PERIOD_NS;
		ns += PERIOD_NS + gain_ns;
		r.tsc = tsc_now();
		r.ns = ns;
		tscope_series_add(&clk->series, &r, &result);
	}
}

static void points_none(struct kunit *test)
{
	struct tscope_point p;
	struct tscope_fit fit;

	tscope_shist_init(&lies);
	KUNIT_EXPECT_FALSE(test, tscope_series_newest(&clk->series, &p));
	KUNIT_EXPECT_EQ(test, tscope_clock_fit(clk, &fit), -ENODATA);
	KUNIT_EXPECT_EQ(test, tscope_clock_residuals(clk, &lies), -ENODATA);
	KUNIT_EXPECT_EQ(test, tscope_shist_count(&lies), 0ULL);
	KUNIT_EXPECT_EQ(test, tscope_clock_points(clk, clk->series.ring, &khz), 0U);
}

static void points_line(struct kunit *test)
{
	struct tscope_point p;
	struct tscope_fit fit;

	tscope_shist_init(&lies);
	readings(1000, 25, 0);	/* 2500 ppb */
	KUNIT_ASSERT_EQ(test, tscope_clock_fit(clk, &fit), 0);
	KUNIT_EXPECT_EQ(test, fit.points, 1000U);
	KUNIT_EXPECT_LE(test, (u64)abs(fit.skew_mppb - 2500000), fit.error_mppb);
	KUNIT_EXPECT_LE(test, fit.error_mppb, 1000ULL);
	KUNIT_ASSERT_TRUE(test, tscope_series_newest(&clk->series, &p));
	KUNIT_EXPECT_EQ(test, p.tsc, tsc_now());
	KUNIT_EXPECT_EQ(test, tscope_phase_to_ns(p.phase), 999LL * 25);
	KUNIT_ASSERT_EQ(test, tscope_clock_residuals(clk, &lies), 0);
	KUNIT_EXPECT_EQ(test, tscope_shist_count(&lies), 1000ULL);
}

/* Points older than the window do not count, nor do points before a break. */
static void points_window(struct kunit *test)
{
	u64 window_ns = tscope_fit_window_ns();
	u32 n = div64_u64(window_ns, PERIOD_NS) + 1;
	struct tscope_point *copy;
	struct tscope_fit fit;

	copy = vcalloc(TSCOPE_SERIES_POINTS, sizeof(*copy));
	KUNIT_ASSERT_NOT_NULL(test, copy);
	readings(1000, 25, 0);
	readings(n, -10, 0);
	KUNIT_EXPECT_EQ(test, tscope_clock_points(clk, copy, &khz), n);
	KUNIT_EXPECT_EQ(test, copy[0].tsc,
			tsc_now() - tscope_ns_to_cyc(window_ns, tscope_tsc_khz));
	KUNIT_ASSERT_EQ(test, tscope_clock_fit(clk, &fit), 0);
	KUNIT_EXPECT_EQ(test, fit.points, n);
	KUNIT_EXPECT_LE(test, (u64)abs(fit.skew_mppb + 1000000), fit.error_mppb);

	tscope_series_break(&clk->series);
	readings(100, 3, 0);
	KUNIT_EXPECT_EQ(test, tscope_clock_points(clk, copy, &khz), 100U);
	KUNIT_ASSERT_EQ(test, tscope_clock_fit(clk, &fit), 0);
	KUNIT_EXPECT_LE(test, (u64)abs(fit.skew_mppb - 300000), fit.error_mppb);
	vfree(copy);
}

/*
 * It is not known where in its bracket a reading lies, so this is part of the error. So is
 * the rounding of a clock whose readings all fall at one place of the nanosecond; a time
 * page has no rounding.
 */
static void points_bracketed(struct kunit *test)
{
	struct tscope_fit page, exact, wide, coarse;

	readings(1000, 0, 0);
	KUNIT_ASSERT_EQ(test, tscope_clock_fit(clk, &page), 0);
	KUNIT_EXPECT_EQ(test, page.error_mppb, 1ULL);
	clk->tick_ns = 1;
	KUNIT_ASSERT_EQ(test, tscope_clock_fit(clk, &exact), 0);
	/* 1.5 ns over 10 s */
	KUNIT_EXPECT_GE(test, exact.error_mppb, 150ULL);
	KUNIT_EXPECT_LE(test, exact.error_mppb, 152ULL);
	KUNIT_EXPECT_EQ(test, exact.span_ms, 9990ULL);
	tscope_series_break(&clk->series);
	readings(1000, 0, 3200);
	KUNIT_ASSERT_EQ(test, tscope_clock_fit(clk, &wide), 0);
	/* a sixteenth of the width over 10 s is 20 ppb */
	KUNIT_EXPECT_GT(test, wide.error_mppb, 5000ULL);
	KUNIT_EXPECT_LT(test, wide.error_mppb, 100000ULL);
	clk->tick_ns = 2000;
	KUNIT_ASSERT_EQ(test, tscope_clock_fit(clk, &coarse), 0);
	KUNIT_EXPECT_GT(test, coarse.error_mppb, wide.error_mppb);
}

/* A clock that gave no point within the fit window has no skew, but its figures stay. */
static void points_stale(struct kunit *test)
{
	static const struct {
		s64 older_ns;		/* than the fit window */
		bool enabled;
		int err;
	} cases[] = {
		{ -(s64)NSEC_PER_SEC, true, 0 },
		{ NSEC_PER_SEC, true, -ENODATA },
		{ NSEC_PER_SEC, false, 0 },
		{ 7200 * (s64)NSEC_PER_SEC, true, -ENODATA },
	};
	bool enabled = tscope_params.enabled;
	struct tscope_fit fit;
	u32 i;

	readings(1000, 25, 0);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		clk->point_boot_ns = ktime_get_coarse_boottime_ns() -
				     tscope_fit_window_ns() - cases[i].older_ns;
		WRITE_ONCE(tscope_params.enabled, cases[i].enabled);
		KUNIT_EXPECT_EQ_MSG(test, tscope_clock_fit(clk, &fit),
				    cases[i].err, "case %u", i);
	}
	WRITE_ONCE(tscope_params.enabled, enabled);
}

/* The newest point stays until there is another one, but not after a reset. */
static void points_newest(struct kunit *test)
{
	struct tscope_point p;

	readings(2, 7, 3);
	tscope_series_break(&clk->series);
	KUNIT_EXPECT_TRUE(test, tscope_series_newest(&clk->series, &p));
	KUNIT_EXPECT_EQ(test, p.tsc, tsc_now());
	KUNIT_EXPECT_EQ(test, p.width_ns, 3U);
	tscope_series_restart(&clk->series);
	KUNIT_EXPECT_FALSE(test, tscope_series_newest(&clk->series, &p));
}

static struct kunit_case points_cases[] = {
	KUNIT_CASE(points_none),
	KUNIT_CASE(points_line),
	KUNIT_CASE(points_window),
	KUNIT_CASE(points_bracketed),
	KUNIT_CASE(points_stale),
	KUNIT_CASE(points_newest),
	{}
};

static struct kunit_suite points_suite = {
	.name = "tscope_points",
	.init = points_init,
	.exit = points_exit,
	.test_cases = points_cases,
};

kunit_test_suite(points_suite);
