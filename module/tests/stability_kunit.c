// SPDX-License-Identifier: GPL-2.0
/*
 * stability.c in the kernel: phases that go up and down by turns, with a skew. More in
 * selftests/user.
 */
#include <linux/slab.h>

#include "../stability.h"
#include "tests.h"

#define KHZ	1000000		/* a cycle is a nanosecond */
#define TAU0	10000000ULL	/* 10 ms */
#define POINTS	1000
#define NS	65536LL

/* within 10^-4 of the truth, or the last place */
static bool near(u64 figure, u64 truth)
{
	u64 off = figure > truth ? figure - truth : truth - figure;

	return off <= truth / 10000 + 1;
}

/*
 * +-10 ns by turns give differences of 40 ns at tau0, and none at its even multiples. A
 * skew is no instability: second differences of a line are 0, its MTIE is not.
 */
static void stability_by_turns(struct kunit *test)
{
	struct tscope_stability_figures fig[TSCOPE_STABILITY_OCTAVES];
	struct tscope_stability_place *x;
	struct tscope_point *p;
	struct tscope_fit fit;
	u32 i, k, n;

	x = kunit_kcalloc(test, POINTS, sizeof(*x), GFP_KERNEL);
	p = kunit_kcalloc(test, POINTS, sizeof(*p), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, x);
	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < POINTS; i++)
		p[i] = (struct tscope_point){
			.tsc = i * TAU0,
			.phase = (i * 7LL + (i & 1 ? 10 : -10)) * NS,
		};
	KUNIT_ASSERT_EQ(test, tscope_fit_line(p, POINTS, KHZ, HIDES(0), &fit), 0);
	n = tscope_stability(p, &fit, KHZ, x, fig);
	KUNIT_ASSERT_EQ(test, n, 9U);
	/* 40 ns / sqrt(2) / 10 ms, 40 ns / sqrt(6) */
	KUNIT_EXPECT_TRUE(test, near(fig[0].adev, 2828427125ULL));
	KUNIT_EXPECT_TRUE(test, near(fig[0].tdev_ps, 16330));
	KUNIT_EXPECT_EQ(test, fig[0].mtie_ps, 27000ULL);
	for (k = 1; k < n; k++) {
		KUNIT_EXPECT_EQ(test, fig[k].tau_us, 10000ULL << k);
		KUNIT_EXPECT_EQ(test, fig[k].n, POINTS - (2ULL << k));
		KUNIT_EXPECT_EQ(test, fig[k].adev, 0ULL);
		KUNIT_EXPECT_EQ(test, fig[k].tdev_ps, 0ULL);
	}
}

static struct kunit_case stability_cases[] = {
	KUNIT_CASE(stability_by_turns),
	{}
};

static struct kunit_suite stability_suite = {
	.name = "tscope_stability",
	.test_cases = stability_cases,
};

kunit_test_suite(stability_suite);
