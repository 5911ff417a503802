// SPDX-License-Identifier: GPL-2.0
/*
 * stability.c against the textbook's sums over all points, in long double:
 * NIST SP 1065 eq. 11, 14 and 15, ITU-T G.810 appendix II. Once over the same
 * differences, which must agree to the last place; once over all differences,
 * which must agree within the statistical uncertainty.
 */
#include "stability_truth.h"

/* Over all differences: the same to 4 sigma, and MTIE within its bounds. */
static void check_all(const char *what)
{
	struct tscope_stability_figures fig, twice;
	long double rel;
	struct truth t;
	u32 k, m;

	for (k = 0; (32U << k) <= count; k++) {
		m = 1 << k;
		oracle(m, 1, &t);
		if (!figures(k, &fig)) {
			EXPECT(false, "%s, m %u: no figures", what, m);
			continue;
		}
		rel = m <= 4 ? 1e-9L : 4 / sqrtl(2.0L * count / m);
		EXPECT(near(fig.adev, t.adev, rel),
		       "%s, m %u: truth %.3Lf, figure %s", what, m, t.adev,
		       tap_udec(fig.adev));
		EXPECT(near(fig.tdev_ps, t.tdev, rel),
		       "%s, m %u: truth %.3Lf, figure %s", what, m, t.tdev,
		       tap_udec(fig.tdev_ps));
		EXPECT(fig.mtie_ps <= t.mtie + 1, "%s, m %u: mtie %s > %.3Lf",
		       what, m, tap_udec(fig.mtie_ps), t.mtie);
		/* the last windows have no larger one about them */
		run_end[0] = count - 2 * m;
		oracle(m - m / 4, 1, &t);
		EXPECT(fig.mtie_ps + 1 >= t.mtie || m < 4,
		       "%s, m %u: mtie %s < %.3Lf", what, m,
		       tap_udec(fig.mtie_ps), t.mtie);
		oracle(m, 1, &t);
		EXPECT(figures(k + 1, &twice) && twice.mtie_ps + 1 >= t.mtie,
		       "%s, m %u: mtie %s < %.3Lf", what, 2 * m,
		       tap_udec(twice.mtie_ps), t.mtie);
		run_end[0] = count;
	}
}

static void test_same(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(noises); i++) {
		make(&noises[i], 3000 + rnd_below(300));
		add_all(rnd_bits(60));
		EXPECT_EQ(st.sums.tau0_cyc, TAU0, "%s", noises[i].name);
		check_same(noises[i].name);
	}
}

static void test_all(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(noises); i++) {
		make(&noises[i], 4000 + rnd_below(300));
		add_all(rnd_bits(60));
		check_all(noises[i].name);
	}
}

/* What noise of a known size must come to: SP 1065, table 2 and section 6. */
static void test_theory(void)
{
	struct tscope_stability_figures fig;
	long double tau_ns, rel, want;
	u32 i, k;

	for (i = 0; i < 3; i++) {
		make(&noises[i], 32768);
		add_all(12345);
		for (k = 0; k < 10; k++) {
			u32 m = 1 << k;

			rel = 5 / sqrtl(2.0L * count / m);
			tau_ns = m * TAU0_S * 1e9L;
			if (!figures(k, &fig)) {
				EXPECT(false, "no figures, m %u", m);
				continue;
			}
			if (i == 0) {
				want = 20 / sqrtl(m) * 1000;
				EXPECT(near(fig.tdev_ps, want, rel),
				       "white PM, m %u: truth %.1Lf, figure %s",
				       m, want, tap_udec(fig.tdev_ps));
				want = sqrtl(3) * 20 / tau_ns * 1e15L;
			} else if (i == 1) {
				want = 3 * sqrtl(m) / tau_ns * 1e15L;
			} else {
				/* sums of sums of steps: (2 m^3 + m) / 6 */
				want = 0.5L * sqrtl((2.0L * m * m * m + m) / 6)
				       / tau_ns * 1e15L;
			}
			EXPECT(near(fig.adev, want, rel),
			       "%s, m %u: truth %.1Lf, figure %s",
			       noises[i].name, m, want, tap_udec(fig.adev));
		}
	}
}

/* Steps and breaks: no difference crosses one, and none is lost by it. */
static void test_segments(void)
{
	u32 i, round;

	for (round = 0; round < 20; round++) {
		make(&noises[round % 3], 3000);
		runs = 1 + rnd_below(12);
		for (i = 0; i + 1 < runs; i++)
			run_end[i] = 200 + (i ? run_end[i - 1] : 0) +
				     rnd_below(40);
		run_end[runs - 1] = count;
		for (i = run_end[0]; i < count && runs > 1; i++)
			phase[i] += 12345678901234LL;
		add_all(rnd_bits(60));
		check_same("segments");
	}
}

/* Whatever a phase is: sums don't overflow, and figures are right or none. */
static void test_extremes(void)
{
	static const s64 odd[] = { S64_MAX, S64_MIN, S64_MAX - 1, 0, -1,
		S64_MAX / 2, S64_MIN / 2, 1LL << 61, -(1LL << 61) };
	struct tscope_stability_figures fig;
	u32 i, k, round;
	u64 tsc;

	for (round = 0; round < 200; round++) {
		begin();
		tsc = rnd64();
		for (i = 0; i < 300; i++) {
			tsc += round % 2 ? TAU0 : 1 + rnd_bits(64) / 2;
			add(tsc, rnd_below(3) ? (s64)rnd64() :
			    odd[rnd_below(ARRAY_SIZE(odd))],
			    round % 3 ? 1 : rnd_below(100) / 99);
		}
		for (k = 0; k < TSCOPE_STABILITY_OCTAVES; k++)
			figures(k, &fig);
	}
	/* to and fro by 2^60: the largest that is summed up */
	make(&noises[0], 3000);
	for (i = 0; i < count; i++)
		phase[i] = i % 2 ? 1LL << 59 : -(1LL << 59);
	add_all(1);
	oracle(1, 1, &(struct truth){ 0 });
	EXPECT(st.sums.octave[0].adev_n < 100, "halved: %s",
	       tap_udec(st.sums.octave[0].adev_n));
	/* it is more than 64 bits at m = 1, and right where it is shown */
	for (k = 0; k < 10; k++) {
		struct truth t;
		u32 m = 1 << k;

		oracle(m, m < 4 ? 1 : m / 4, &t);
		if (!figures(k, &fig))
			continue;
		EXPECT(near(fig.adev, t.adev, 1e-9L),
		       "m %u: truth %.1Lf, figure %s", m, t.adev,
		       tap_udec(fig.adev));
		EXPECT(near(fig.mtie_ps, t.mtie, 1e-9L),
		       "m %u: truth %.1Lf, figure %s", m, t.mtie,
		       tap_udec(fig.mtie_ps));
	}
	EXPECT(!figures(0, &fig), "no figure past its range");
	/* a ramp through all phases has no second difference */
	for (i = 0; i < count; i++)
		phase[i] = (s64)((1ULL << 63) + i * (U64_MAX / count));
	add_all(1);
	oracle(1, 1, &(struct truth){ 0 });
	EXPECT(figures(3, &fig) && fig.adev == 0, "ramp");
}

/* Halving of sums keeps the mean. */
static void test_halving(void)
{
	struct tscope_stability_octave *o = &st.sums.octave[0];
	struct tscope_stability_figures fig;
	u64 want;

	make(&noises[8], 3000);
	add_all(0);
	if (!figures(0, &fig))
		EXPECT(false, "no figures");
	want = fig.adev;
	while (!(o->adev_sum >> 126)) {
		o->adev_n *= 2;
		o->adev_sum *= 2;
	}
	EXPECT(figures(0, &fig) && near(fig.adev, want, 1e-9L), "before: %s",
	       tap_udec(fig.adev));
	add(count * TAU0, phase[count - 1], 0);
	EXPECT(!(o->adev_sum >> 126), "halved");
	EXPECT(figures(0, &fig) && near(fig.adev, want, 1e-7L), "after: %s",
	       tap_udec(fig.adev));
}

/* Nothing is said before there is something to be said. */
static void test_early(void)
{
	struct tscope_stability_figures fig;
	u32 i, k, shown, before = 0;

	make(&noises[0], 3000);
	begin();
	for (i = 0; i < count; i++) {
		for (k = 0, shown = 0; k < TSCOPE_STABILITY_OCTAVES; k++)
			shown += figures(k, &fig);
		EXPECT(shown >= before, "%u octaves, then %u", before, shown);
		EXPECT(!shown || i >= TSCOPE_STABILITY_WAIT, "after %u", i);
		before = shown;
		add(i * TAU0, phase[i], 1);
	}
	EXPECT(before == 10, "%u octaves of %u points", before, count);
	tap_note("%zu bytes a clock, %zu a level",
		 sizeof(struct tscope_stability),
		 sizeof(struct tscope_stability_level));
}

/* Octaves up to 2^17 points; the last one has nothing yet. */
static void test_last(void)
{
	struct tscope_stability_octave *o =
		&st.sums.octave[TSCOPE_STABILITY_OCTAVES - 1];
	struct tscope_stability_figures fig;
	u64 tau0 = 1000, i, n = 1ULL << 20;
	u32 k;

	begin();
	for (i = 0; i < n; i++)
		add(i * tau0, (s64)(i & 1) << 20, 1);
	for (k = 0; k < 18; k++) {
		if (!figures(k, &fig)) {
			EXPECT(false, "octave %u: no figures", k);
			continue;
		}
		/* to and fro at every point: nothing is left of it at 2 tau0 */
		EXPECT_EQ(fig.tdev_ps, k ? 0 : 13064, "octave %u", k);
		EXPECT_EQ(fig.mtie_ps, 16000, "octave %u", k);
		EXPECT_EQ(!!fig.adev, !k, "octave %u", k);
	}
	EXPECT_EQ(o->adev_n, 0, "not yet");
}

static const struct tap_test tests[] = {
	{ "the same differences: equal to the textbook", test_same },
	{ "all differences: equal within their uncertainty", test_all },
	{ "noise of known size: what theory says", test_theory },
	{ "no difference crosses a step", test_segments },
	{ "extreme phases", test_extremes },
	{ "sums that are halved keep their mean", test_halving },
	{ "figures only where there is enough", test_early },
	{ "a million points", test_last },
};

TAP_MAIN(tests)
