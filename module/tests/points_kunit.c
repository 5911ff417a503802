// SPDX-License-Identifier: GPL-2.0
/*
 * points.c: what readers make of a clock whose points are made up. The file is compiled once
 * more, with names of its own and a fit window that is set here.
 */
#define tscope_clock_fit		points_kunit_fit
#define tscope_clock_newest		points_kunit_newest
#define tscope_clock_residuals		points_kunit_residuals
#define tscope_clock_points		points_kunit_points
#define tscope_fit_window_ns		points_kunit_window_ns
#define tscope_enabled			points_kunit_enabled
#define tscope_tsc_khz			points_kunit_tsc_khz

#include <linux/completion.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "tests.h"

static u64 boot_ns;
#define ktime_get_coarse_boottime_ns()	boot_ns
#include "../points.c"

#define PERIOD_NS	10000000ULL

u32 tscope_tsc_khz = 1000000;	/* a cycle is a nanosecond */
static u64 window_ns;
static bool enabled;
static struct tscope_clock_ops ops;
static struct tscope_clock *clk;
static u64 tsc, ns;
static struct tscope_shist lies;

u64 tscope_fit_window_ns(void)
{
	return window_ns;
}

static struct task_struct *slow;	/* a reader that gets no further */
static struct completion slow_came, slow_may_go;

bool tscope_enabled(void)
{
	if (slow == current) {
		complete(&slow_came);
		wait_for_completion(&slow_may_go);
	}
	return enabled;
}

static int points_init(struct kunit *test)
{
	window_ns = 60 * NSEC_PER_SEC;
	boot_ns = 0;
	enabled = true;
	ops = (struct tscope_clock_ops){ .name = "test" };
	tsc = 1000;
	ns = 5000;
	clk = kvzalloc(sizeof(*clk), GFP_KERNEL);
	if (!clk)
		return -ENOMEM;
	clk->ops = &ops;
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

/* @n readings of a clock that gains @gain_ns each period of the TSC */
static void readings(u32 n, s64 gain_ns, u32 width_ns)
{
	struct tscope_series_result news;
	struct tscope_reading r = { .width_ns = width_ns };

	while (n--) {
		tsc += PERIOD_NS;
		ns += PERIOD_NS + gain_ns;
		r.tsc = tsc;
		r.ns = ns;
		tscope_series_add(&clk->series, &r, &news);
	}
}

static void points_none(struct kunit *test)
{
	struct tscope_point p;
	struct tscope_fit fit;

	tscope_shist_init(&lies);
	KUNIT_EXPECT_EQ(test, tscope_clock_newest(clk, &p), -ENODATA);
	KUNIT_EXPECT_EQ(test, tscope_clock_fit(clk, &fit), -ENODATA);
	KUNIT_EXPECT_EQ(test, tscope_clock_residuals(clk, &lies), -ENODATA);
	KUNIT_EXPECT_EQ(test, tscope_shist_count(&lies), 0ULL);
	KUNIT_EXPECT_EQ(test, tscope_clock_points(clk, clk->series.ring), 0U);
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
	KUNIT_ASSERT_EQ(test, tscope_clock_newest(clk, &p), 0);
	KUNIT_EXPECT_EQ(test, p.tsc, tsc);
	KUNIT_EXPECT_EQ(test, p.phase, (999LL * 25) << 16);
	KUNIT_ASSERT_EQ(test, tscope_clock_residuals(clk, &lies), 0);
	KUNIT_EXPECT_EQ(test, tscope_shist_count(&lies), 1000ULL);
}

/* What is older than the window does not count, nor what is before a break. */
static void points_window(struct kunit *test)
{
	struct tscope_point *copy;
	struct tscope_fit fit;

	copy = vcalloc(TSCOPE_SERIES_POINTS, sizeof(*copy));
	KUNIT_ASSERT_NOT_NULL(test, copy);
	window_ns = 2 * NSEC_PER_SEC;
	readings(1000, 25, 0);
	readings(201, -10, 0);
	KUNIT_EXPECT_EQ(test, tscope_clock_points(clk, copy), 201U);
	KUNIT_EXPECT_EQ(test, copy[0].tsc, tsc - 2 * NSEC_PER_SEC);
	KUNIT_ASSERT_EQ(test, tscope_clock_fit(clk, &fit), 0);
	KUNIT_EXPECT_EQ(test, fit.points, 201U);
	KUNIT_EXPECT_LE(test, (u64)abs(fit.skew_mppb + 1000000), fit.error_mppb);

	tscope_series_break(&clk->series);
	readings(100, 3, 0);
	KUNIT_EXPECT_EQ(test, tscope_clock_points(clk, copy), 100U);
	KUNIT_ASSERT_EQ(test, tscope_clock_fit(clk, &fit), 0);
	KUNIT_EXPECT_LE(test, (u64)abs(fit.skew_mppb - 300000), fit.error_mppb);
	vfree(copy);
}

/*
 * Where in its bracket a reading lies is not known: that is part of the error. So is the
 * rounding of a clock whose readings all fall at one place of the nanosecond; a time
 * page has none.
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
	/* a sixteenth of the width over 10 s are 20 ppb */
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
		u64 age_ns;
		bool enabled;
		int err;
	} cases[] = {
		{ 0, true, 0 },
		{ 60 * NSEC_PER_SEC, true, 0 },
		{ 60 * NSEC_PER_SEC + 1, true, -ENODATA },
		{ 60 * NSEC_PER_SEC + 1, false, 0 },
		{ 7200 * NSEC_PER_SEC, true, -ENODATA },
		{ 7200 * NSEC_PER_SEC, false, 0 },
		/* added since the time was looked at */
		{ -4000000ULL, true, 0 },
	};
	struct tscope_fit fit;
	u32 i;

	readings(1000, 25, 0);
	clk->point_boot_ns = 5 * NSEC_PER_SEC;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		boot_ns = clk->point_boot_ns + cases[i].age_ns;
		enabled = cases[i].enabled;
		KUNIT_EXPECT_EQ_MSG(test, tscope_clock_fit(clk, &fit),
				    cases[i].err, "case %u", i);
		tscope_shist_init(&lies);
		KUNIT_EXPECT_EQ_MSG(test, tscope_clock_residuals(clk, &lies),
				    cases[i].err, "case %u", i);
	}
}

/* However often the ring was written, and whatever has begun since. */
static void points_newest(struct kunit *test)
{
	struct tscope_point p;
	u32 n;

	for (n = 1; n <= 3 * TSCOPE_SERIES_POINTS; n++) {
		readings(1, 7, n);
		if (tscope_clock_newest(clk, &p) || p.tsc != tsc ||
		    p.phase != (n - 1LL) * 7 << 16 || p.width_ns != n)
			break;
	}
	KUNIT_EXPECT_EQ(test, n, 3U * TSCOPE_SERIES_POINTS + 1);
	/* it is known until there is another one, but not after a reset */
	tscope_series_break(&clk->series);
	KUNIT_EXPECT_EQ(test, tscope_clock_newest(clk, &p), 0);
	KUNIT_EXPECT_EQ(test, p.tsc, tsc);
	tscope_series_restart(&clk->series);
	KUNIT_EXPECT_EQ(test, tscope_clock_newest(clk, &p), -ENODATA);
}

static struct work_struct slow_work, other_work;
static struct completion other_done;

static void read_slowly(struct work_struct *work)
{
	struct tscope_fit fit;

	slow = current;
	tscope_clock_fit(clk, &fit);
	slow = NULL;
}

static void read_all(struct work_struct *work)
{
	struct tscope_point p;
	struct tscope_fit fit;

	if (!tscope_clock_fit(clk, &fit) && !tscope_clock_newest(clk, &p) &&
	    !tscope_clock_residuals(clk, &lies))
		complete(&other_done);
}

/* One reader that the scheduler leaves alone, in the middle of a fit, and another. */
static void points_reader_waits_for_none(struct kunit *test)
{
	tscope_shist_init(&lies);
	readings(100, 25, 0);
	init_completion(&slow_came);
	init_completion(&slow_may_go);
	init_completion(&other_done);
	INIT_WORK(&slow_work, read_slowly);
	INIT_WORK(&other_work, read_all);
	queue_work(system_long_wq, &slow_work);
	wait_for_completion(&slow_came);
	queue_work(system_long_wq, &other_work);
	KUNIT_EXPECT_NE_MSG(test, wait_for_completion_timeout(&other_done, 5 * HZ), 0UL,
			    "the other reader waits");
	complete(&slow_may_go);
	flush_work(&other_work);
	flush_work(&slow_work);
	KUNIT_EXPECT_EQ(test, tscope_shist_count(&lies), 100ULL);
}

static struct kunit_case points_cases[] = {
	KUNIT_CASE(points_none),
	KUNIT_CASE(points_line),
	KUNIT_CASE(points_window),
	KUNIT_CASE(points_bracketed),
	KUNIT_CASE(points_stale),
	KUNIT_CASE(points_newest),
	KUNIT_CASE(points_reader_waits_for_none),
	{}
};

static struct kunit_suite points_suite = {
	.name = "tscope_points",
	.init = points_init,
	.exit = points_exit,
	.test_cases = points_cases,
};

kunit_test_suite(points_suite);
