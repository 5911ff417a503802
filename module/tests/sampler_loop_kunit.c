// SPDX-License-Identifier: GPL-2.0
/*
 * sampler.c: when windows begin, and which are lost.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#define FAKE(name) sampler_loop_kunit_##name

#include "sampler_fakes.h"

/* Lost is a window that was due and never begun. */
static void sampler_loses_windows(struct kunit *test)
{
	static const u32 late_ns[] = {
		0, 9000000, 11000000, 0, 35000000, 9999999, 10000000, 0,
	};
	static const struct {
		u64 began, lost;
	} truth[] = {
		{ 10000000, 0 }, { 29000000, 0 }, { 41000000, 0 },
		{ 50000000, 1 }, { 95000000, 1 }, { 109999999, 4 },
		{ 130000000, 5 }, { 140000000, 6 },
	};
	u32 n;

	lates = late_ns;
	for (n = 1; n <= ARRAY_SIZE(truth); n++) {
		tscope_cpu_reset(c);
		fake_tsc = 1000000;
		sleeps = 0;
		windows = 0;
		windows_max = n;
		KUNIT_EXPECT_EQ(test, sampler(c), 0);
		KUNIT_EXPECT_EQ(test, windows, n);
		KUNIT_EXPECT_EQ_MSG(test, began[n - 1], truth[n - 1].began,
				    "window %u", n);
		KUNIT_EXPECT_EQ_MSG(test, c->lost, truth[n - 1].lost,
				    "window %u", n);
	}
}

/* Flat out one follows the other, and a window ends with its period. */
static void sampler_flat_out(struct kunit *test)
{
	params.width_us = params.period_us;
	fake_tsc = 13000000;
	windows_max = 5;
	KUNIT_EXPECT_EQ(test, sampler(c), 0);
	KUNIT_EXPECT_EQ(test, sleeps, 0U);
	KUNIT_EXPECT_EQ(test, began[0], 13000000ULL);
	KUNIT_EXPECT_EQ(test, began[1], 20000000ULL);
	KUNIT_EXPECT_EQ(test, began[4], 50000000ULL);
	KUNIT_EXPECT_EQ(test, c->lost, 0ULL);

	/* pushed off its CPU in the first one until 38 ms: that of 20 ms is lost */
	windows = 0;
	fake_tsc = 13000000;
	stall_window = 1;
	stall_cyc = 25000000;
	KUNIT_EXPECT_EQ(test, sampler(c), 0);
	KUNIT_EXPECT_EQ(test, began[1], 38010000ULL);
	KUNIT_EXPECT_EQ(test, began[2], 40000000ULL);
	KUNIT_EXPECT_EQ(test, c->lost, 1ULL);

	/* by a slower clock the last one has not ended yet: no window twice */
	windows = 0;
	c->lost = 0;
	clock_slow = 1000000;
	fake_tsc = 13000013;
	KUNIT_EXPECT_EQ(test, sampler(c), 0);
	KUNIT_EXPECT_EQ(test, began[1], 20000013ULL);
	KUNIT_EXPECT_EQ(test, began[2], 30000020ULL);
	KUNIT_EXPECT_EQ(test, c->lost, 0ULL);
}

static struct kunit_case sampler_loop_cases[] = {
	KUNIT_CASE(sampler_loses_windows),
	KUNIT_CASE(sampler_flat_out),
	{}
};

static struct kunit_suite sampler_loop_suite = {
	.name = "tscope_sampler_loop",
	.init = sampler_fakes_init,
	.test_cases = sampler_loop_cases,
};

kunit_test_suite(sampler_loop_suite);
