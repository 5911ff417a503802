// SPDX-License-Identifier: GPL-2.0
/* series.c in the kernel: steps, thinning, the ring. More tests are in selftests/user. */
#include <linux/vmalloc.h>

#include "../series.h"
#include "tests.h"

#define KHZ		1000000		/* a cycle is a nanosecond */
#define PERIOD_NS	10000000ULL

static struct tscope_series s;
static struct tscope_series_result result;
static struct tscope_point *ring, *copy;

static int series_init(struct kunit *test)
{
	ring = vcalloc(TSCOPE_SERIES_POINTS, sizeof(*ring));
	copy = vcalloc(TSCOPE_SERIES_POINTS, sizeof(*copy));
	tscope_series_init(&s, ring, KHZ, false);
	return ring && copy ? 0 : -ENOMEM;
}

static void series_exit(struct kunit *test)
{
	vfree(ring);
	vfree(copy);
}

static void add(u64 tsc, u64 ns, u32 width_ns)
{
	struct tscope_reading r = {
		.tsc = tsc, .ns = ns, .width_ns = width_ns,
	};

	tscope_series_add(&s, &r, &result);
}

static u32 copy_all(void)
{
	return tscope_series_copy(&s, U64_MAX, copy);
}

/* A step is found four points late, and separates two segments at the right point. */
static void series_cut_at_step(struct kunit *test)
{
	const u32 at = 200, n = 300;
	u32 i, k, stepped = 0, at_point = 0;

	for (i = 0; i < n; i++) {
		add(i * PERIOD_NS, i * PERIOD_NS + (i < at ? 0 : 5000), 0);
		if (!result.stepped)
			continue;
		stepped++;
		at_point = i;
		KUNIT_EXPECT_LE(test, (u64)abs(result.step.ns - 5000),
				result.step.error_ns);
		KUNIT_EXPECT_EQ(test, result.step.tsc, at * PERIOD_NS);
	}
	KUNIT_EXPECT_EQ(test, stepped, 1U);
	KUNIT_EXPECT_EQ(test, at_point, at + TSCOPE_STEP_SIDE - 1);
	k = copy_all();
	KUNIT_ASSERT_GT(test, k, 0U);
	KUNIT_EXPECT_EQ(test, copy[0].tsc, at * PERIOD_NS);
	KUNIT_EXPECT_EQ(test, copy[0].phase, 0LL);
	KUNIT_EXPECT_EQ(test, copy[k - 1].phase, 0LL);
}

/* The narrowest reading of each slot becomes a point when the slot is over. */
static void series_thinned(struct kunit *test)
{
	u32 i, n;

	tscope_series_init(&s, ring, KHZ, true);
	s.slot_cyc = 10 * PERIOD_NS;
	for (i = 0; i < 100; i++) {
		add(i * PERIOD_NS, i * PERIOD_NS, i % 10 == 7 ? 3 : 4 + i % 10);
		KUNIT_EXPECT_EQ(test, result.point, i && i % 10 == 0);
	}
	n = copy_all();
	KUNIT_ASSERT_EQ(test, n, 9U);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, copy[i].tsc, (10 * i + 7) * PERIOD_NS);
	/* a TSC that was set back ends a slot, and a segment */
	add(5, 5, 1);
	KUNIT_EXPECT_TRUE(test, result.point);
	add(5 + 10 * PERIOD_NS, 5 + 10 * PERIOD_NS, 1);
	KUNIT_EXPECT_EQ(test, copy_all(), 1U);
}

static void series_ring(struct kunit *test)
{
	const u32 n = TSCOPE_SERIES_POINTS + 100;
	u32 i, k;

	tscope_series_init(&s, ring, KHZ, true);
	for (i = 0; i < n; i++)
		add(i * PERIOD_NS, i * (PERIOD_NS + 1), 0);
	/* the writer may be at work on one place */
	k = copy_all();
	KUNIT_ASSERT_EQ(test, k, TSCOPE_SERIES_POINTS - 1U);
	for (i = 0; i < k; i++) {
		KUNIT_ASSERT_EQ(test, copy[i].tsc, (n - k + i) * PERIOD_NS);
		KUNIT_ASSERT_EQ(test, copy[i].phase, (s64)(n - k + i) << 16);
	}
	/* limited by time: the points of the last ten periods, both ends included */
	k = tscope_series_copy(&s, 10 * PERIOD_NS, copy);
	KUNIT_ASSERT_EQ(test, k, 11U);
	KUNIT_EXPECT_EQ(test, copy[10].tsc, (n - 1) * PERIOD_NS);
	k = tscope_series_copy(&s, 0, copy);
	KUNIT_EXPECT_EQ(test, k, 1U);
}

static struct kunit_case series_cases[] = {
	KUNIT_CASE(series_cut_at_step),
	KUNIT_CASE(series_thinned),
	KUNIT_CASE(series_ring),
	{}
};

static struct kunit_suite series_suite = {
	.name = "tscope_series",
	.init = series_init,
	.exit = series_exit,
	.test_cases = series_cases,
};

kunit_test_suite(series_suite);
