// SPDX-License-Identifier: GPL-2.0
/*
 * clock.c: where segments begin, how steps are counted, what a reset forgets. The file is
 * compiled once more, with names of its own and a stand-in for what it tells others.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#define tscope_clocks_init		clock_kunit_clocks_init
#define tscope_clocks_exit		clock_kunit_clocks_exit
#define tscope_clocks_reset		clock_kunit_clocks_reset
#define tscope_clocks_refined		clock_kunit_clocks_refined
#define tscope_clocks_refine		clock_kunit_clocks_refine
#define tscope_clock_count		clock_kunit_count
#define tscope_clock_get		clock_kunit_get
#define tscope_clock_of_lane		clock_kunit_of_lane
#define tscope_clock_add		clock_kunit_add
#define tscope_clock_stepped		clock_kunit_stepped
#define tscope_clock_updated		clock_kunit_updated
#define tscope_clock_break		clock_kunit_break
#define tscope_clock_thin		clock_kunit_thin
#define tscope_points_take		clock_kunit_points_take
#define tscope_tsc_khz			clock_kunit_tsc_khz
#define tscope_ns_mult			clock_kunit_ns_mult
#define tscope_alert_raise		clock_kunit_alert_raise
#define tscope_step_record		clock_kunit_step_record
#define tscope_violation		clock_kunit_violation

#include <linux/ktime.h>
#include <linux/smp.h>

#include "tests.h"

#define ktime_get_coarse_boottime_ns()	77
#include "../clock.c"

#define PERIOD_NS	10000000ULL

static u32 alerts, told;
static struct tscope_clock *clk;

void tscope_alert_raise(struct tscope_clock *c, enum tscope_cause cause,
			s64 size, int cpu, int peer)
{
	alerts += cause == TSCOPE_ALERT_STEP;
}

void tscope_step_record(const char *clock, int cpu,
			const struct tscope_step *step)
{
	told++;
}

static struct tscope_clock_ops ops;

static int clock_init(struct kunit *test)
{
	ops = (struct tscope_clock_ops){
		.name = "test", .lane = TSCOPE_NO_LANE,
		.kind = TSCOPE_KIND_DEVICE, .series = true,
	};
	alerts = 0;
	told = 0;
	tscope_tsc_khz = 1000000;	/* a cycle is a nanosecond */
	clk = clock_alloc(&ops);
	return clk ? 0 : -ENOMEM;
}

static void clock_exit(struct kunit *test)
{
	clock_free(clk);
}

static void clock_counts_steps(struct kunit *test)
{
	static const struct {
		s64 ns, last, max;
	} cases[] = {
		{ 100, 100, 100 },
		{ -500, -500, -500 },
		{ 400, 400, -500 },
		{ 1, 1, -500 },
		{ S64_MIN, S64_MIN, S64_MIN },
		{ S64_MAX, S64_MAX, S64_MIN },
	};
	struct tscope_step step = { };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		step.ns = cases[i].ns;
		tscope_clock_stepped(clk, &step);
		KUNIT_EXPECT_EQ(test, clk->steps, i + 1ULL);
		KUNIT_EXPECT_EQ(test, alerts, i + 1);
		KUNIT_EXPECT_EQ(test, clk->step_last_ns, cases[i].last);
		KUNIT_EXPECT_EQ(test, clk->step_max_ns, cases[i].max);
	}
	KUNIT_EXPECT_EQ(test, tscope_shist_count(&clk->step_hist), (u64)i);
}

/* All CPUs see a master clock's update: it counts once, whoever is first. */
static void clock_counts_updates(struct kunit *test)
{
	struct tscope_pvti old = { .ns = 1000, .flags = TSCOPE_PVTI_STABLE };
	struct tscope_pvti new = old;
	struct tscope_step step = { .ns = 300, .error_ns = 1 };

	new.ns = 2000;
	new.tsc = 700;
	KUNIT_EXPECT_TRUE(test, tscope_clock_updated(clk, &old, &new, &step));
	KUNIT_EXPECT_FALSE(test, tscope_clock_updated(clk, &old, &new, &step));
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, alerts, 1U);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, 300LL);
	/* after a reset what was told is forgotten */
	clock_zero(clk);
	KUNIT_EXPECT_TRUE(test, tscope_clock_updated(clk, &old, &new, &step));
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
}

/* Segments: a step that is found, and one that is told, each begin one. */
static void clock_segments(struct kunit *test)
{
	struct tscope_reading r = { };
	u32 i;

	for (i = 0; i < 300; i++) {
		r.tsc = i * PERIOD_NS;
		r.ns = i * PERIOD_NS + (i < 200 ? 0 : 5000);
		tscope_clock_add(clk, &r);
	}
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, told, 1U);
	KUNIT_EXPECT_EQ(test, alerts, 1U);
	KUNIT_EXPECT_LE(test, abs(clk->step_last_ns - 5000), 1000LL);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 2U);
	tscope_clock_break(clk);
	r.tsc += PERIOD_NS;
	tscope_clock_add(clk, &r);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 3U);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	/* the TSC has no series: there is nothing to break */
	ops.series = false;
	tscope_clock_break(clk);
	KUNIT_EXPECT_TRUE(test, clk->series.origin_valid);
	ops.series = true;
}

/* A larger tick counts at once, a smaller one when no point of the larger is left. */
static void clock_ticks(struct kunit *test)
{
	struct tscope_reading r = { };
	u32 i;

	clk->tick_ns = 280;
	clk->read_tick_ns = 1;
	for (i = 0; i < 20; i++) {
		r.tsc = i * PERIOD_NS;
		r.ns = i * PERIOD_NS;
		r.begins = i == 10;
		tscope_clock_add(clk, &r);
		KUNIT_EXPECT_EQ(test, clk->tick_ns,
				clk->series.segment < 2 ? 280U : 1U);
	}
	KUNIT_EXPECT_EQ(test, clk->tick_ns, 1U);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->point_boot_ns, 77ULL);
	/* what a break drops may have been the one to begin a segment */
	tscope_clock_break(clk);
	KUNIT_EXPECT_TRUE(test, clk->begins);
}

static void clock_reset(struct kunit *test)
{
	struct tscope_point *ring = clk->series.ring;
	struct tscope_reading r = { .tsc = 1000, .ns = 5000 };
	struct tscope_step step = { .ns = 5 };

	tscope_clock_add(clk, &r);
	clk->samples = 3;
	clk->exactness = TSCOPE_EXACT;
	tscope_hist_add(&clk->width, 5);
	tscope_clock_stepped(clk, &step);
	KUNIT_EXPECT_EQ(test, (clk->series.head - clk->series.first), 1ULL);
	tscope_clock_thin(clk, 77);
	clocks[clock_count++] = clk;
	KUNIT_EXPECT_PTR_EQ(test, tscope_clock_get(0), clk);
	KUNIT_EXPECT_NULL(test, tscope_clock_of_lane(TSCOPE_LANE_KVM));
	tscope_clocks_reset();
	clock_count = 0;
	KUNIT_EXPECT_EQ(test, clk->samples, 0ULL);
	KUNIT_EXPECT_EQ(test, (u32)clk->exactness, (u32)TSCOPE_UNREAD);
	KUNIT_EXPECT_EQ(test, clk->width.count, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->step_max_ns, 0LL);
	KUNIT_EXPECT_EQ(test, (clk->series.head - clk->series.first), 0ULL);
	/* what is no figure stays */
	KUNIT_EXPECT_PTR_EQ(test, clk->series.ring, ring);
	KUNIT_EXPECT_EQ(test, clk->series.slot_cyc, 77ULL);
}

static struct kunit_case clock_cases[] = {
	KUNIT_CASE(clock_counts_steps),
	KUNIT_CASE(clock_counts_updates),
	KUNIT_CASE(clock_segments),
	KUNIT_CASE(clock_ticks),
	KUNIT_CASE(clock_reset),
	{}
};

static struct kunit_suite clock_suite = {
	.name = "tscope_clock",
	.init = clock_init,
	.exit = clock_exit,
	.test_cases = clock_cases,
};

kunit_test_suite(clock_suite);
