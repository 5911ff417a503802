// SPDX-License-Identifier: GPL-2.0
/*
 * stability.c: points that lie unevenly, are missing or too many, or come at
 * another spacing, against the textbook's sums over even ones.
 */
#include "series.h"
#include "stability_truth.h"

/* A clock that only runs fast or slow is stable, whenever it is read. */
static void skewed(double ppb, double jitter, u32 thin, const char *what)
{
	struct tscope_stability_figures fig;
	u64 tsc = rnd_bits(62), since = 0;
	long double want;
	u32 i, k, shown = 0;

	begin();
	for (i = 0; i < 5000; i++) {
		since = TAU0 * i * thin;
		since += (u64)(rnd_below(thin) * TAU0);
		since += (u64)(rnd_unit() * jitter * TAU0);
		add(tsc + since,
		    llrintl(since * 1e6L / SIM_KHZ * ppb * 1e-9L * NS), 7);
	}
	for (k = 0; k < TSCOPE_STABILITY_OCTAVES; k++) {
		if (!figures(k, &fig))
			continue;
		shown++;
		/* phases are rounded to 2^-16 ns, twice */
		EXPECT(fig.adev <= 40000000 / fig.tau_us,
		       "%s, octave %u: adev %s", what, k, tap_udec(fig.adev));
		EXPECT_EQ(fig.tdev_ps, 0, "%s, octave %u", what, k);
		want = fabs(ppb) * fig.tau_us * 1e-3L;
		EXPECT(near(fig.mtie_ps, want, 1e-4L) ||
		       fabsl(fig.mtie_ps - want) < 2,
		       "%s, octave %u: truth %.3Lf, mtie %s", what, k, want,
		       tap_udec(fig.mtie_ps));
	}
	EXPECT(shown >= 10, "%s: %u octaves", what, shown);
	want = TAU0 * thin;
	EXPECT(fabsl(st.sums.tau0_cyc - want) < want / 8, "%s: tau0 %s", what,
	       tap_udec(st.sums.tau0_cyc));
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

/*
 * Points that are missing: some in a row lie on a line in between, and a
 * larger hole ends the run.
 */
static void test_gaps(void)
{
	u32 i, j, from, hole, round, last;

	for (round = 0; round < 40; round++) {
		make(&noises[round % 3], 3000);
		runs = 0;
		last = 39;
		begin();
		for (i = 0; i < 40; i++)
			add(i * TAU0, phase[i], 1);
		while (i < count) {
			hole = rnd_below(60) ? 0 : 1 + rnd_below(7);
			if (i + hole >= count)
				break;
			from = i;
			i += hole;
			add(from * TAU0 + hole * TAU0, phase[i], 1);
			for (j = 0; j < hole; j++)
				phase[from + j] = phase[last] +
					llroundl((phase[i] - phase[last]) *
						 (j + 1.0L) / (hole + 1));
			/* of a hole that is not bridged nothing is counted */
			if (hole > 4) {
				if (runs + 1 == ARRAY_SIZE(run_end))
					break;
				run_end[runs++] = from;
				memmove(phase + from, phase + i,
					(count - i) * sizeof(*phase));
				count -= hole;
				/* time goes on as if they were there */
				st.next -= hole * TAU0;
				st.mark[0].tsc -= hole * TAU0;
				st.mark[1].tsc -= hole * TAU0;
				st.wait[st.waiting - 1].tsc -= hole * TAU0;
				i = from;
			}
			last = i++;
		}
		run_end[runs++] = i;
		count = i;
		EXPECT_EQ(st.sums.tau0_cyc, TAU0, "round %u", round);
		check_same("gaps");
	}
}

/* Windows that are lost all the time are no other spacing. */
static void lossy(u32 from, u32 least)
{
	u32 i, points = 0;

	make(&noises[1], 20000);
	begin();
	for (i = 0; i < count; i++) {
		if (i >= from && rnd_below(5) < 2)
			continue;
		add(i * TAU0, phase[i], 1);
		points++;
	}
	EXPECT_EQ(st.sums.tau0_cyc, TAU0, "%u of %u points", points, count);
	EXPECT(st.sums.octave[0].adev_n > least, "%s differences",
	       tap_udec(st.sums.octave[0].adev_n));
	EXPECT(st.sums.octave[4].adev_n > least / 8, "%s differences",
	       tap_udec(st.sums.octave[4].adev_n));
}

static void test_lossy(void)
{
	lossy(40, 18000);
	/* from the very beginning it takes some time to find the spacing */
	lossy(0, 10000);
}

/* One that is too many has no place. */
static void test_dropped(void)
{
	u32 i;

	make(&noises[0], 3000);
	begin();
	for (i = 0; i < count; i++) {
		add(i * TAU0, phase[i], 1);
		if (i && i % 50 == 0)
			add(i * TAU0 + TAU0 / 10, phase[i] + 5000000, 1);
	}
	check_same("points too many");
}

/* Another spacing is another tau0: all begins anew, and no point is lost. */
static void test_spacing(void)
{
	static const double factor[] = { 0.01, 0.5, 0.66, 1.25, 1.51, 2, 3, 7.3,
		100, 1000 };
	u64 tsc, tau0;
	u32 i, f, same;

	for (f = 0; f < ARRAY_SIZE(factor); f++) {
		for (same = 0; same < 2; same++) {
			make(&noises[1], 1000);
			tau0 = TAU0 / factor[f];
			tsc = rnd_bits(50);
			begin();
			for (i = 0; i < 500; i++, tsc += tau0)
				add(tsc, i * 65536, 1);
			EXPECT_EQ(st.sums.tau0_cyc, tau0, "%g", factor[f]);
			EXPECT_EQ(st.sums.octave[0].adev_n, 498, "%g",
				  factor[f]);
			/* parameters changed: it is a segment of its own */
			for (i = 0; i < count; i++)
				add(tsc + i * TAU0, phase[i], 1 + !same);
			EXPECT_EQ(st.sums.tau0_cyc, TAU0, "%g", factor[f]);
			/* in the same segment it is not noticed at once */
			if (!same)
				check_same("another spacing");
			else
				EXPECT(st.sums.octave[0].adev_n > 950 &&
				       st.sums.octave[0].adev_n <= 1030,
				       "%g: %s", factor[f],
				       tap_udec(st.sums.octave[0].adev_n));
		}
	}
	/* pauses of sampling are no other spacing */
	make(&noises[1], 1000);
	begin();
	tsc = 0;
	for (i = 0; i < count; i++) {
		tsc += TAU0;
		if (i && i % 20 == 0)
			tsc += TAU0 * (10 + rnd_below(1000));
		add(tsc, phase[i], 1);
	}
	EXPECT_EQ(st.sums.tau0_cyc, TAU0, "pauses");
	EXPECT_EQ(st.sums.octave[0].adev_n, 50 * 18, "pauses");
	/* and where they come at the very beginning they are not taken for it */
	begin();
	tsc = 0;
	for (i = 0; i < count; i++) {
		tsc += TAU0;
		if (i == 3 || i == 5)
			tsc += TAU0 * 4;
		add(tsc, phase[i], 1);
	}
	EXPECT_EQ(st.sums.tau0_cyc, TAU0, "pauses at the beginning");
}

static void test_tsc(void)
{
	u32 i;

	/* it passes 2^64 on the way; a series makes a new segment of that */
	make(&noises[1], 3000);
	add_all(0 - 1500 * TAU0);
	check_same("through 2^64");
	add_all(0 - 8 * TAU0);
	check_same("through 2^64, at once");

	/* it goes back, without a word */
	run_end[0] = 1234;
	run_end[1] = count;
	runs = 2;
	begin();
	for (i = 0; i < count; i++)
		add((i < 1234 ? 1ULL << 60 : 1ULL << 40) + i * TAU0, phase[i],
		    1);
	check_same("back");
	/* twice the same point is one point, or none, but no hang */
	for (i = 0; i < 100; i++)
		add(1ULL << 50, 0, 1);
	EXPECT_EQ(st.sums.tau0_cyc, TAU0, "points at one time");
}

/* As it is used: readings, their series, its points. */
static void through(u64 slot_cyc, double white_pm, double walk, u32 periods,
		    const char *what)
{
	static struct tscope_point ring[TSCOPE_SERIES_POINTS];
	static struct tscope_series series;
	struct tscope_stability_figures fig;
	struct tscope_series_result news;
	u32 i, k, points = 0, shown = 0;
	struct sim sim;

	sim_init(&sim, rnd_bits(50));
	sim.rate = 31e-6;
	tscope_series_init(&series, ring, SIM_KHZ, true);
	series.slot_cyc = slot_cyc;
	begin();
	for (i = 0; i < periods; i++) {
		struct tscope_reading r = { 0 };
		u64 late = rnd_below(200000), cyc = sim.cyc;

		/* windows begin late by up to 0.2 ms, and the grid stays */
		sim_pass(&sim, late);
		r = sim_read(&sim, white_pm * rnd_gauss(), rnd_below(100));
		tscope_series_add(&series, &r, &news);
		if (news.point)
			tscope_stability_add(&st, &news.newest);
		points += news.point;
		sim_pass(&sim, SIM_PERIOD_NS - (sim.cyc - cyc) * 1e6 / SIM_KHZ);
		sim.phase += walk * rnd_gauss();
	}
	for (k = 0; k < TSCOPE_STABILITY_OCTAVES; k++) {
		long double m, want, rel;

		if (!figures(k, &fig) || (32U << k) > points)
			continue;
		shown++;
		/* periods in tau; flooring to 1 ns is a variance of 1/12 */
		m = fig.tau_us / 10000.0L;
		want = sqrtl(3 * (white_pm * white_pm + 1 / 12.0L) +
			     walk * walk * m) / m * 1e8L;
		/* a thinned point lies anywhere in its slot */
		if (slot_cyc)
			m -= k ? 0 : 0.5L;
		rel = 5 / sqrtl(2.0L * points / (1 << k)) +
		      (slot_cyc && k < 3 ? 0.35L : 0.02L);
		EXPECT(near(fig.adev, want, rel),
		       "%s, octave %u: truth %.1Lf, figure %s", what, k, want,
		       tap_udec(fig.adev));
	}
	EXPECT(shown >= 6, "%s: %u octaves", what, shown);
	/* few points are bridged or dropped */
	EXPECT(tscope_abs64(st.sums.octave[0].adev_n - points) <
	       3 + points / (slot_cyc ? 10 : 200), "%s: %s differences, %u points", what,
	       tap_udec(st.sums.octave[0].adev_n), points);
}

static void test_through(void)
{
	through(0, 5, 0, 20000, "white PM");
	through(0, 0, 0, 20000, "quantisation alone");
	through(0, 0, 2, 20000, "white FM");
	through(7 * TAU0, 0, 20, 30000, "white FM, thinned");
	through(7 * TAU0, 30, 0, 30000, "white PM, thinned");
}

static const struct tap_test tests[] = {
	{ "a skew alone is no noise, however points lie", test_skew },
	{ "holes: small ones bridged, large ones not crossed", test_gaps },
	{ "holes everywhere are no other spacing", test_lossy },
	{ "points too many are dropped", test_dropped },
	{ "another spacing begins anew", test_spacing },
	{ "a TSC that wraps or goes back", test_tsc },
	{ "through a series, as the module does it", test_through },
};

TAP_MAIN(tests)
