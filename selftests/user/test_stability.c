// SPDX-License-Identifier: GPL-2.0
/*
 * stability.c against the textbook's sums in long double: NIST SP 1065 eq. 11, 14 and 15,
 * ITU-T G.810 appendix II; and against theory for noise of a known size, also if points
 * are spaced unevenly or are missing.
 */
#include "series.h"
#include "stability_truth.h"

static void test_same(void)
{
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(noises); i++) {
		make(&noises[i], 2000 + rnd_below(300));
		take_even(rnd_bits(60));
		check_same(noises[i].name);
	}
	for (n = 0; n < 30; n++) {
		make(&noises[1], n);
		take_even(rnd_bits(60));
		if (n >= TSCOPE_FIT_MIN_POINTS)
			check_same("few points");
		else
			EXPECT_EQ(octaves, 0, "%u points", n);
	}
	make(&noises[1], MAX);
	take_even(12345);
	EXPECT_EQ(octaves, 15, "of 2^16 points");
}

/* SP 1065, table 2 and section 6. */
static void test_theory(void)
{
	long double tau_ns, rel, want;
	u32 i, k;

	for (i = 0; i < 3; i++) {
		make(&noises[i], TSCOPE_SERIES_POINTS);
		take_even(12345);
		for (k = 0; k < 8; k++) {
			u32 m = 1 << k;

			rel = 5 / sqrtl(2.0L * count / m);
			tau_ns = m * TAU0_S * 1e9L;
			if (i == 0) {
				want = 20 / sqrtl(m) * 1000;
				EXPECT(near(fig[k].tdev_ps, want, rel),
				       "white PM, m %u: truth %.1Lf, figure %s",
				       m, want, tap_udec(fig[k].tdev_ps));
				want = sqrtl(3) * 20 / tau_ns * 1e15L;
			} else if (i == 1) {
				want = 3 * sqrtl(m) / tau_ns * 1e15L;
			} else {
				/* sums of sums of steps: (2 m^3 + m) / 6 */
				want = 0.5L * sqrtl((2.0L * m * m * m + m) / 6)
				       / tau_ns * 1e15L;
			}
			EXPECT(near(fig[k].adev, want, rel),
			       "%s, m %u: truth %.1Lf, figure %s",
			       noises[i].name, m, want, tap_udec(fig[k].adev));
		}
	}
}

/* A clock of constant rate is stable, no matter at what times it is read. */
static void skewed(double ppb, double jitter, u32 thin, const char *what)
{
	u64 tsc = rnd_bits(62), since;
	long double want;
	u32 i, k;

	for (i = 0; i < 5000; i++) {
		since = TAU0 * i * thin;
		since += (u64)(rnd_below(thin) * TAU0);
		since += (u64)(rnd_unit() * jitter * TAU0);
		pt[i] = (struct tscope_point){
			.tsc = tsc + since,
			.phase = llrintl(since * 1e6L / SIM_KHZ * ppb * 1e-9L * NS),
		};
	}
	take_figures(i, SIM_KHZ);
	EXPECT(octaves >= 10, "%s: %u octaves", what, octaves);
	for (k = 0; k < octaves; k++) {
		/* phases are rounded to 2^-16 ns, twice */
		EXPECT(fig[k].adev <= 40000000 / fig[k].tau_us,
		       "%s, octave %u: adev %s", what, k, tap_udec(fig[k].adev));
		EXPECT_EQ(fig[k].tdev_ps, 0, "%s, octave %u", what, k);
		want = fabs(ppb) * fig[k].tau_us * 1e-3L;
		EXPECT(near(fig[k].mtie_ps, want, 1e-4L) ||
		       fabsl(fig[k].mtie_ps - want) < 2,
		       "%s, octave %u: truth %.3Lf, mtie %s", what, k, want,
		       tap_udec(fig[k].mtie_ps));
	}
}

static void test_skew(void)
{
	skewed(0, 0, 1, "no skew");
	skewed(1000000, 0, 1, "1000 ppm");
	skewed(-31250, 0.0123, 1, "-31 ppm, windows late");
	skewed(200000, 0.3, 1, "200 ppm, windows very late");
	skewed(200000, 0.01, 7, "200 ppm, thinned 7 to 1");
	skewed(-50000, 0.01, 44, "-50 ppm, thinned 44 to 1");
}

/* As in use: readings of windows that begin late, their series, and its points. */
static void through(u64 slot_cyc, double white_pm, double walk, double lost, u32 periods,
		    const char *what)
{
	static struct tscope_point ring[TSCOPE_SERIES_POINTS];
	static struct tscope_series series;
	struct tscope_series_result result;
	long double m, want, rel;
	struct tscope_reading r;
	struct sim sim;
	u64 late, cyc;
	u32 i, k, n;

	sim_init(&sim, rnd_bits(50));
	sim.rate = 31e-6;
	tscope_series_init(&series, ring, SIM_KHZ, true);
	series.slot_cyc = slot_cyc;
	for (i = 0; i < periods; i++) {
		late = rnd_below(200000);
		cyc = sim.cyc;
		sim_pass(&sim, late);
		r = sim_read(&sim, white_pm * rnd_gauss(), rnd_below(100));
		if (rnd_unit() >= lost)
			tscope_series_add(&series, &r, &result);
		sim_pass(&sim, SIM_PERIOD_NS - (sim.cyc - cyc) * 1e6 / SIM_KHZ);
		sim.phase += walk * rnd_gauss();
	}
	n = tscope_series_copy(&series, U64_MAX, pt);
	take_figures(n, SIM_KHZ);
	EXPECT(octaves >= 10, "%s: %u octaves", what, octaves);
	for (k = 0; k < 7; k++) {
		/* periods in tau; flooring to 1 ns is a variance of 1/12 */
		m = fig[k].tau_us / 10000.0L;
		want = sqrtl(3 * (white_pm * white_pm + 1 / 12.0L) +
			     walk * walk * m) / m * 1e8L;
		rel = 5 / sqrtl(2.0L * n / (1 << k)) +
		      ((slot_cyc || lost > 0) && k < 3 ? 0.35L : 0.02L);
		EXPECT(near(fig[k].adev, want, rel),
		       "%s, octave %u: truth %.1Lf, figure %s", what, k, want,
		       tap_udec(fig[k].adev));
	}
}

static void test_through(void)
{
	through(0, 5, 0, 0, 8000, "white PM");
	through(0, 0, 0, 0, 8000, "quantisation alone");
	through(0, 0, 2, 0, 8000, "white FM");
	through(0, 5, 0, 0.1, 8000, "white PM, windows lost");
	through(7 * TAU0, 0, 20, 0, 30000, "white FM, thinned");
	through(7 * TAU0, 30, 0, 0, 30000, "white PM, thinned");
}

/* Points before a large hole do not count. */
static void test_hole(void)
{
	u32 i;

	make(&noises[1], 3000);
	for (i = 0; i < count; i++)
		pt[i] = (struct tscope_point){
			.tsc = i * TAU0 + (i < 1000 ? 0 : 100 * TAU0),
			.phase = phase[i] + (i < 1000 ? 1LL << 40 : 0),
		};
	take_figures(count, SIM_KHZ);
	count -= 1000;
	memmove(phase, phase + 1000, count * sizeof(*phase));
	check_same("after a hole");
	/* too few are left, or all at one time */
	for (i = 0; i < 100; i++)
		pt[i].tsc = i * TAU0 + (i < 97 ? 0 : 100 * TAU0);
	take_figures(100, SIM_KHZ);
	EXPECT_EQ(octaves, 0, "three points");
	for (i = 90; i < 100; i++)
		pt[i].tsc = 200 * TAU0;
	take_figures(100, SIM_KHZ);
	EXPECT_EQ(octaves, 0, "ten at one time");
}

/* For any phases sums don't overflow, and figures are right or missing. */
static void test_extremes(void)
{
	u32 i, round;

	for (round = 0; round < 200; round++) {
		count = 300;
		for (i = 0; i < count; i++)
			phase[i] = (s64)(rnd64() >> (13 + round % 3)) - (1LL << 50);
		take_even(rnd_bits(round % 2 ? 64 : 10));
	}
	/* back and forth by 2^49, the most that a fit accepts */
	for (i = 0; i < count; i++)
		phase[i] = i % 2 ? (1LL << 49) - 1 : -(1LL << 49);
	take_even(1);
	for (i = 1; i < octaves; i++)
		EXPECT_EQ(fig[i].tdev_ps, 0, "octave %u", i);
	/* points at one time, or a cycle apart */
	for (i = 0; i < 100; i++)
		pt[i] = (struct tscope_point){ .tsc = 5 + i / 50 };
	take_figures(100, 1000);
	EXPECT_EQ(octaves, 0, "no spacing");
	for (i = 0; i < 100; i++)
		pt[i].tsc = i;
	take_figures(100, U32_MAX);
	EXPECT(octaves > 0 && !fig[0].adev, "a spacing of one cycle");
	for (i = 0; i < 101; i++)
		pt[i] = (struct tscope_point){
			.tsc = i,
			.phase = i % 2 ? (1LL << 49) - 1 : -(1LL << 49),
		};
	take_figures(101, U32_MAX);
	EXPECT_EQ(octaves, 0, "past 64 bits");
}

static const struct tap_test tests[] = {
	{ "equal to the textbook", test_same },
	{ "noise of known size: what theory says", test_theory },
	{ "a skew alone is no noise, however points lie", test_skew },
	{ "through a series, as the module does it", test_through },
	{ "nothing from before a large hole", test_hole },
	{ "extreme phases", test_extremes },
};

TAP_MAIN(tests)
