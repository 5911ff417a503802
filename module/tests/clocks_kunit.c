// SPDX-License-Identifier: GPL-2.0
/* reading.c: where segments begin, and how steps of a clock's points are counted. */
#include "../clock.h"
#include "../events.h"
#include "../math128.h"
#include "tests.h"

#define PERIOD_NS	10000000ULL

static const struct tscope_clock_ops ops = {
	.name = "test", .lane = TSCOPE_NO_LANE, .kind = TSCOPE_KIND_BRACKETED,
};

static struct tscope_clock *clk;
static u32 added;

static int clocks_init(struct kunit *test)
{
	clk = tscope_clock_alloc(&ops);
	added = 0;
	return clk ? 0 : -ENOMEM;
}

static void clocks_exit(struct kunit *test)
{
	if (clk)
		tscope_clock_free(clk);
	tscope_violations_reset();
}

/* Add a reading of a clock that runs as the TSC does, and is ahead by @ahead_ns. */
static void add(s64 ahead_ns)
{
	u64 ns = PERIOD_NS * ++added;
	struct tscope_reading r = {
		.tsc = tscope_ns_to_cyc(ns, tscope_tsc_khz), .ns = ns + ahead_ns,
	};

	tscope_clock_add(clk, &r);
}

static void clocks_new(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, tscope_clock_has_points(clk));
	KUNIT_EXPECT_EQ(test, (u32)clk->exactness, (u32)TSCOPE_UNREAD);
	KUNIT_EXPECT_EQ(test, clk->series.head, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->alert[TSCOPE_ALERT_WARP].limit, 0ULL);
	KUNIT_EXPECT_FALSE(test, tscope_clock_has_points(tscope_clock_get(0)));
	KUNIT_EXPECT_PTR_EQ(test, tscope_clock_of_lane(TSCOPE_LANE_TSC), tscope_clock_get(0));
}

/* A step begins a segment, has a line in violations, and counts by size and sign. */
static void clocks_steps(struct kunit *test)
{
	u64 first, end, after;
	s64 ahead_ns = 0;
	u32 i;

	tscope_violations_range(&first, &end);
	for (i = 0; i < 600; i++) {
		if (i == 200)
			ahead_ns = -50000;
		if (i == 400)
			ahead_ns = -20000;
		add(ahead_ns);
	}
	KUNIT_EXPECT_EQ(test, clk->steps, 2ULL);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 3U);
	KUNIT_EXPECT_LE(test, abs(clk->step_last_ns - 30000), 100LL);
	KUNIT_EXPECT_LE(test, abs(clk->step_max_ns + 50000), 100LL);
	KUNIT_EXPECT_EQ(test, tscope_shist_count(&clk->step_hist), 2ULL);
	tscope_violations_range(&first, &after);
	KUNIT_EXPECT_EQ(test, after, end + 2);
}

/* A break begins a segment, also if it dropped readings that were waiting. */
static void clocks_breaks(struct kunit *test)
{
	u32 i;

	for (i = 0; i < 10; i++)
		add(0);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 1U);
	tscope_series_break(&clk->series);
	tscope_series_break(&clk->series);
	add(0);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 2U);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
}

/* A smaller tick counts when no point of the larger one is left. */
static void clocks_ticks(struct kunit *test)
{
	u32 i;

	clk->read_tick_ns = 1;
	for (i = 0; i < 20; i++) {
		clk->series.begins |= i == 10;
		add(0);
		if (!i)
			clk->tick_ns = 280;
		KUNIT_EXPECT_EQ(test, clk->tick_ns, clk->series.segment < 2 ? 280U : 1U);
	}
	KUNIT_EXPECT_EQ(test, clk->tick_ns, 1U);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
}

static struct kunit_case clocks_cases[] = {
	KUNIT_CASE(clocks_new),
	KUNIT_CASE(clocks_steps),
	KUNIT_CASE(clocks_breaks),
	KUNIT_CASE(clocks_ticks),
	{}
};

static struct kunit_suite clocks_suite = {
	.name = "tscope_clocks",
	.init = clocks_init,
	.exit = clocks_exit,
	.test_cases = clocks_cases,
};

kunit_test_suite(clocks_suite);
