// SPDX-License-Identifier: GPL-2.0
/*
 * stability.c against phases whose Allan deviation, time deviation and MTIE follow from
 * their definitions: a line, a parabola, and phases that go up and down by turns.
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
	if (!st)
		return -ENOMEM;
	tscope_stability_init(st);
	return 0;
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

/*
 * x = c i^2: every second difference over m is 2 c m^2, of means too. So ADEV is
 * 2 c m^2 / sqrt(2) / tau, and TDEV 2 c m^2 / sqrt(6).
 */
static void stability_of_a_drift(struct kunit *test)
{
	struct tscope_stability_figures fig;
	u64 second_ns, m;
	u32 i, k;

	for (i = 0; i < POINTS; i++)
		add(i * TAU0, (s64)i * i * NS, 1);
	for (k = 0; k < 8; k++) {
		m = 1ULL << k;
		second_ns = 2 * m * m;
		KUNIT_ASSERT_EQ(test, figures(k, &fig), 0);
		/* ns / 10 ms: 100 ppb = 10^8 of 10^-6 ppb */
		KUNIT_EXPECT_TRUE_MSG(test, near(fig.adev, second_ns * 70710678 / m),
				      "octave %u: %llu", k, fig.adev);
		KUNIT_EXPECT_TRUE_MSG(test, near(fig.tdev_ps,
						 second_ns * 408248 / 1000),
				      "octave %u: %llu", k, fig.tdev_ps);
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

/* A step between two segments is in no difference, and small holes are bridged. */
static void stability_across_holes(struct kunit *test)
{
	struct tscope_stability_figures fig;
	u64 tsc = 0, n;
	s64 phase;
	u32 i;

	for (i = 0; i < POINTS; i++) {
		tsc += TAU0;
		if (i % 500 == 499)
			tsc += 3 * TAU0;	/* bridged */
		if (i % 1000 == 700)
			tsc += 100 * TAU0;	/* another run */
		phase = (s64)(tsc / TAU0) * 7 * NS;
		add(tsc, phase + (i < POINTS / 2 ? 0 : 1000000 * NS),
		    i < POINTS / 2 ? 1 : 2);
	}
	for (i = 0; i < 6; i++) {
		KUNIT_ASSERT_EQ(test, figures(i, &fig), 0);
		KUNIT_EXPECT_EQ_MSG(test, fig.adev, 0ULL, "octave %u", i);
		KUNIT_EXPECT_EQ_MSG(test, fig.mtie_ps, 7000ULL << i, "octave %u", i);
	}
	/* another spacing is another tau0: all begins anew */
	n = st->sums.octave[0].adev_n;
	for (i = 0; i < 100; i++) {
		tsc += 4 * TAU0;
		add(tsc, 0, 3);
	}
	KUNIT_EXPECT_EQ(test, st->sums.tau0_cyc, 4 * TAU0);
	KUNIT_EXPECT_LT(test, st->sums.octave[0].adev_n, n);
}

/* Points that lie unevenly, as thinned ones do: late by up to half a spacing. */
static void stability_of_ragged(struct kunit *test)
{
	struct tscope_stability_figures fig;
	u64 state = 17, tsc;
	u32 i, k;

	for (i = 0; i < POINTS; i++) {
		tsc = i * TAU0 + tscope_test_rnd(&state) % TAU0;
		add(tsc, (s64)(tsc / 1000) * NS, 1);
	}
	KUNIT_ASSERT_NE(test, st->sums.tau0_cyc, 0ULL);
	KUNIT_EXPECT_TRUE(test, st->ragged);
	/* 10^-3 of the TSC: what is left of it is 10^-6 at most, 1 ns of rounding */
	for (k = 0; k < 5; k++) {
		KUNIT_ASSERT_EQ(test, figures(k, &fig), 0);
		KUNIT_EXPECT_LE_MSG(test, fig.tdev_ps, 1000ULL, "octave %u", k);
	}
}

static void stability_without_figures(struct kunit *test)
{
	struct tscope_stability_figures fig;
	u32 i;

	KUNIT_EXPECT_EQ(test, figures(0, &fig), -ENODATA);
	for (i = 0; i < TSCOPE_STABILITY_WAIT; i++)
		add(i * TAU0, 0, 1);
	KUNIT_EXPECT_EQ(test, figures(0, &fig), 0);
	KUNIT_EXPECT_EQ(test, figures(TSCOPE_STABILITY_OCTAVES - 1, &fig), -ENODATA);
	/* what 64 bits don't hold is no figure */
	st->sums.octave[0].mtie = U64_MAX;
	KUNIT_EXPECT_EQ(test, figures(0, &fig), 0);
	st->sums.octave[0].adev_sum = (tscope_u128)1 << 126;
	st->sums.octave[0].adev_n = TSCOPE_STABILITY_MIN_N;
	st->sums.tau0_cyc = 1;
	KUNIT_EXPECT_EQ(test, figures(0, &fig), -ERANGE);
}

/* Phases at the ends of their range make no difference that passes 128 bits. */
static void stability_extremes(struct kunit *test)
{
	static const s64 ends[] = { S64_MIN, S64_MAX, 0, -1, S64_MIN + 1 };
	struct tscope_stability_figures fig;
	u64 state = 18;
	u32 i;

	for (i = 0; i < POINTS; i++)
		add(i * TAU0, ends[tscope_test_rnd(&state) % 5], 1);
	for (i = 0; i < TSCOPE_STABILITY_OCTAVES; i++)
		KUNIT_EXPECT_EQ(test, (u64)(st->sums.octave[i].adev_sum >> 64) >> 63,
				0ULL);
	for (i = 0; i < TSCOPE_STABILITY_OCTAVES; i++)
		KUNIT_EXPECT_LE(test, figures(i, &fig), 0);
}

static struct kunit_case stability_cases[] = {
	KUNIT_CASE(stability_of_a_line),
	KUNIT_CASE(stability_of_a_drift),
	KUNIT_CASE(stability_by_turns),
	KUNIT_CASE(stability_across_holes),
	KUNIT_CASE(stability_of_ragged),
	KUNIT_CASE(stability_without_figures),
	KUNIT_CASE(stability_extremes),
	{}
};

static struct kunit_suite stability_suite = {
	.name = "tscope_stability",
	.init = stability_init,
	.test_cases = stability_cases,
};

kunit_test_suite(stability_suite);
