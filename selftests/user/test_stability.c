// SPDX-License-Identifier: GPL-2.0
/*
 * stability.c against the textbook's sums over all points, in long double:
 * NIST SP 1065 eq. 11, 14 and 15, ITU-T G.810 appendix II. Once over the same
 * differences, which must agree to the last place; once over all differences,
 * which must agree within the statistical uncertainty.
 */
#include <math.h>

#include "sim.h"
#include "series.h"
#include "stability.h"
#include "wide.h"

#define TAU0	(SIM_KHZ * 10ULL)
#define TAU0_S	(TAU0 / (SIM_KHZ * 1000.0L))
#define MAX	40000
#define NS	65536.0L

static struct tscope_stability st;

/* Phases in order; runs of them that no difference crosses. */
static s64 phase[MAX];
static u32 count;
static u32 run_end[64];
static u32 runs;

/* What the textbook says of one tau. */
struct truth {
	long double adev;	/* 10^-6 ppb */
	long double tdev;	/* ps */
	long double mtie;	/* ps */
	u64 adev_n;
	u64 tdev_n;
};

static long double second(const long double *x, u32 m)
{
	return x[2 * m] - 2 * x[m] + x[0];
}

/* @q: differences begin at every q-th point of whole blocks of q points */
static void oracle(u32 m, u32 q, struct truth *t)
{
	static long double x[MAX + 1], sum[MAX + 1], mean[MAX + 1];
	long double adev = 0, tdev = 0, mtie = 0, d, low, high;
	u32 run, start = 0, n, i, j;

	memset(t, 0, sizeof(*t));
	for (run = 0; run < runs; start = run_end[run++]) {
		n = (run_end[run] - start) / q * q;
		sum[0] = 0;
		for (i = 0; i < n; i++) {
			x[i] = phase[start + i] / NS;
			sum[i + 1] = sum[i] + x[i];
		}
		for (i = 0; i + m <= n; i++)
			mean[i] = (sum[i + m] - sum[i]) / m;
		for (i = 0; i + 2 * m < n; i += q) {
			d = second(x + i, m);
			adev += d * d;
			t->adev_n++;
		}
		for (i = 0; i + 3 * m <= n; i += q) {
			d = second(mean + i, m);
			tdev += d * d;
			t->tdev_n++;
		}
		for (i = 0; i + m < n; i += q) {
			low = x[i];
			high = x[i];
			for (j = i + 1; j <= i + m; j++) {
				low = fminl(low, x[j]);
				high = fmaxl(high, x[j]);
			}
			mtie = fmaxl(mtie, high - low);
		}
	}
	if (t->adev_n)
		t->adev = sqrtl(adev / 2 / t->adev_n) / (m * TAU0_S) * 1e6L;
	if (t->tdev_n)
		t->tdev = sqrtl(tdev / 6 / t->tdev_n) * 1000;
	t->mtie = mtie * 1000;
}

static bool near(u64 got, long double want, long double rel)
{
	return fabsl(got - want) <= 1 + want * rel;
}

static bool figures(u32 k, struct tscope_stability_figures *fig)
{
	return !tscope_stability_figures(&st.sums, SIM_KHZ, k, fig);
}

/* Over the same differences: all octaves, to the last place. */
static void check_same(const char *what)
{
	struct tscope_stability_figures fig;
	struct truth t;
	u32 k, m, shown = 0;

	for (k = 0; k < TSCOPE_STABILITY_OCTAVES; k++) {
		m = 1 << k;
		oracle(m, m < 4 ? 1 : m / 4, &t);
		EXPECT_EQ(st.sums.octave[k].adev_n, t.adev_n, "%s, m %u", what,
			  m);
		EXPECT_EQ(st.sums.octave[k].tdev_n, t.tdev_n, "%s, m %u", what,
			  m);
		EXPECT_EQ(figures(k, &fig), t.adev_n >= 4 && t.tdev_n >= 4,
			  "%s, m %u", what, m);
		if (t.tdev_n < 4)
			continue;
		shown++;
		EXPECT_EQ(fig.n, t.adev_n, "%s, m %u", what, m);
		EXPECT(near(fig.tau_us, m * 10000.0L, 0), "%s, m %u: %s us",
		       what, m, tap_udec(fig.tau_us));
		EXPECT(near(fig.adev, t.adev, 1e-12L),
		       "%s, m %u: truth %.3Lf, figure %s", what, m, t.adev,
		       tap_udec(fig.adev));
		EXPECT(near(fig.tdev_ps, t.tdev, 1e-9L),
		       "%s, m %u: truth %.3Lf, figure %s", what, m, t.tdev,
		       tap_udec(fig.tdev_ps));
		EXPECT(near(fig.mtie_ps, t.mtie, 1e-12L),
		       "%s, m %u: truth %.3Lf, figure %s", what, m, t.mtie,
		       tap_udec(fig.mtie_ps));
	}
	EXPECT(shown >= 3, "%s: %u octaves", what, shown);
}

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

static void add(u64 tsc, s64 x, u32 segment)
{
	struct tscope_point p = { .tsc = tsc, .phase = x, .segment = segment };

	tscope_stability_add(&st, &p);
}

static void add_all(u64 tsc)
{
	u32 i, run = 0;

	tscope_stability_init(&st);
	for (i = 0; i < count; i++) {
		if (i == run_end[run]) {
			run++;
			tsc += rnd_below(1ULL << 40);
		}
		add(tsc + i * TAU0, phase[i], run);
	}
}

/* A clock that makes the noise of the textbook; sigma in ns, or of 1 */
struct noise {
	const char *name;
	double white_pm;
	double white_fm;	/* ns a step */
	double walk_fm;		/* ns a step, more each step */
	double rate;		/* ns a step */
	double drift;		/* ns a step, more each step */
	double sine;		/* ns */
	u32 quantum;		/* in units of phase */
};

static const struct noise noises[] = {
	{ "white PM", .white_pm = 20 },
	{ "white FM", .white_fm = 3 },
	{ "random walk FM", .walk_fm = 0.5 },
	{ "drift of rate", .drift = 0.25 },
	{ "sinusoid", .sine = 300 },
	{ "quantised to 1 ns", .white_fm = 0.3, .quantum = 65536 },
	{ "all at once", 20, 3, 0.01, 317.5, 0.001, 40, 100 * 65536 },
	{ "small", .white_pm = 0.0001 },
	{ "large", .white_pm = 1e9, .rate = 1e10 },
};

static void make(const struct noise *n, u32 points)
{
	long double x = 0, y = n->rate, seen;
	u32 i;

	count = points;
	for (i = 0; i < count; i++) {
		seen = x + n->sine * sinl(i / 37.0L) +
		       n->white_pm * rnd_gauss();
		phase[i] = llrintl(seen * NS);
		if (n->quantum)
			phase[i] -= phase[i] % (s64)n->quantum;
		y += n->drift + n->walk_fm * rnd_gauss();
		x += y + n->white_fm * rnd_gauss();
	}
	run_end[0] = count;
	runs = 1;
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

/* A clock that only runs fast or slow is stable, whenever it is read. */
static void skewed(double ppb, double jitter, u32 thin, const char *what)
{
	struct tscope_stability_figures fig;
	u64 tsc = rnd_bits(62), since = 0;
	long double want;
	u32 i, k, shown = 0;

	tscope_stability_init(&st);
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
		tscope_stability_init(&st);
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
	tscope_stability_init(&st);
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
	tscope_stability_init(&st);
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
			tscope_stability_init(&st);
			for (i = 0; i < 500; i++, tsc += tau0)
				add(tsc, i * 65536, 1);
			EXPECT_EQ(st.sums.tau0_cyc, tau0, "%g", factor[f]);
			EXPECT_EQ(st.sums.octave[0].adev_n, 498, "%g",
				  factor[f]);
			/* parameters changed: it is a segment of its own */
			for (i = 0; i < count; i++)
				add(tsc + i * TAU0, phase[i], 1 + !same);
			EXPECT_EQ(st.sums.tau0_cyc, TAU0, "%g", factor[f]);
			/* in the same segment it is not told to the point */
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
	tscope_stability_init(&st);
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
	tscope_stability_init(&st);
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
	tscope_stability_init(&st);
	for (i = 0; i < count; i++)
		add((i < 1234 ? 1ULL << 60 : 1ULL << 40) + i * TAU0, phase[i],
		    1);
	check_same("back");
	/* twice the same point is one point, or none, but no hang */
	for (i = 0; i < 100; i++)
		add(1ULL << 50, 0, 1);
	EXPECT_EQ(st.sums.tau0_cyc, TAU0, "points at one time");
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
		tscope_stability_init(&st);
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

/* As it is used: readings, their series, its points. */
static void through(u64 slot_cyc, double white_pm, double walk, u32 periods,
		    const char *what)
{
	static struct tscope_point ring[TSCOPE_SERIES_POINTS];
	static struct tscope_series series;
	struct tscope_stability_figures fig;
	struct tscope_series_news news;
	u32 i, k, points = 0, shown = 0;
	struct sim sim;

	sim_init(&sim, rnd_bits(50));
	sim.rate = 31e-6;
	tscope_series_init(&series, ring, SIM_KHZ, true);
	series.slot_cyc = slot_cyc;
	tscope_stability_init(&st);
	for (i = 0; i < periods; i++) {
		struct tscope_reading r;
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

/* Nothing is said before there is something to be said. */
static void test_early(void)
{
	struct tscope_stability_figures fig;
	u32 i, k, shown, before = 0;

	make(&noises[0], 3000);
	tscope_stability_init(&st);
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

	tscope_stability_init(&st);
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
	{ "a skew alone is no noise, however points lie", test_skew },
	{ "no difference crosses a step", test_segments },
	{ "holes: small ones bridged, large ones not crossed", test_gaps },
	{ "holes everywhere are no other spacing", test_lossy },
	{ "points too many are dropped", test_dropped },
	{ "another spacing begins anew", test_spacing },
	{ "a TSC that wraps or goes back", test_tsc },
	{ "extreme phases", test_extremes },
	{ "sums that are halved keep their mean", test_halving },
	{ "through a series, as the module does it", test_through },
	{ "figures only where there is enough", test_early },
	{ "a million points", test_last },
};

TAP_MAIN(tests)
