// SPDX-License-Identifier: GPL-2.0
/*
 * stability.c in the kernel: a line, and phases that go up and down by turns. More in
 * selftests/user.
 */
#include "../stability.h"
#include "tests.h"

#define KHZ	1000000		/* a cycle is a nanosecond */
#define TAU0	10000000ULL	/* 10 ms */
#define POINTS	4000
#define NS	65536LL

static struct tscope_stability *st;

static int stability_init(struct kunit *test)
{
	st = kunit_kzalloc(test, sizeof(*st), GFP_KERNEL);
	return st ? 0 : -ENOMEM;
}

static void add(u64 tsc, s64 phase, u32 segment)
{
	struct tscope_point p = {
		.tsc = tsc, .phase = phase, .segment = segment,
	};

	tscope_stability_add(st, &p);
}

/* within 10^-4 of the truth, or the last place */
static bool near(u64 figure, u64 truth)
{
	u64 off = figure > truth ? figure - truth : truth - figure;

	return off <= truth / 10000 + 1;
}

static int figures(u32 octave, struct tscope_stability_figures *fig)
{
	return tscope_stability_figures(&st->sums, KHZ, octave, fig);
}

/* A skew is no instability: second differences of a line are 0, its MTIE is not. */
static void stability_of_a_line(struct kunit *test)
{
	struct tscope_stability_figures fig;
	u32 i, k;

	for (i = 0; i < POINTS; i++)
		add(i * TAU0, i * 7 * NS, 1);
	KUNIT_EXPECT_EQ(test, st->sums.tau0_cyc, TAU0);
	for (k = 0; k < 8; k++) {
		KUNIT_ASSERT_EQ(test, figures(k, &fig), 0);
		KUNIT_EXPECT_EQ(test, fig.tau_us, 10000ULL << k);
		KUNIT_EXPECT_EQ(test, fig.adev, 0ULL);
		KUNIT_EXPECT_EQ(test, fig.tdev_ps, 0ULL);
		KUNIT_EXPECT_EQ(test, fig.mtie_ps, 7000ULL << k);
	}
}

/* +-a by turns: differences of 4 a at tau0, and none at its even multiples. */
static void stability_by_turns(struct kunit *test)
{
	struct tscope_stability_figures fig;
	u32 i, k;

	for (i = 0; i < POINTS; i++)
		add(i * TAU0, i & 1 ? 10 * NS : -10 * NS, 1);
	KUNIT_ASSERT_EQ(test, figures(0, &fig), 0);
	/* 40 ns / sqrt(2) / 10 ms, 40 ns / sqrt(6) */
	KUNIT_EXPECT_TRUE(test, near(fig.adev, 2828427125ULL));
	KUNIT_EXPECT_TRUE(test, near(fig.tdev_ps, 16330));
	KUNIT_EXPECT_EQ(test, fig.mtie_ps, 20000ULL);
	for (k = 1; k < 8; k++) {
		KUNIT_ASSERT_EQ(test, figures(k, &fig), 0);
		KUNIT_EXPECT_EQ(test, fig.adev, 0ULL);
		KUNIT_EXPECT_EQ(test, fig.tdev_ps, 0ULL);
		KUNIT_EXPECT_EQ(test, fig.mtie_ps, 20000ULL);
	}
}

static struct kunit_case stability_cases[] = {
	KUNIT_CASE(stability_of_a_line),
	KUNIT_CASE(stability_by_turns),
	{}
};

static struct kunit_suite stability_suite = {
	.name = "tscope_stability",
	.init = stability_init,
	.test_cases = stability_cases,
};

kunit_test_suite(stability_suite);
