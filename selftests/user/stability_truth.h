/* SPDX-License-Identifier: GPL-2.0 */
/* What the textbook says of phases, and phases of noise that is known. */
#ifndef TSCOPE_STABILITY_TRUTH_H
#define TSCOPE_STABILITY_TRUTH_H

#include <math.h>

#include "sim.h"
#include "stability.h"
#include "math128.h"

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

static inline long double second(const long double *x, u32 m)
{
	return x[2 * m] - 2 * x[m] + x[0];
}

/* @q: differences begin at every q-th point of whole blocks of q points */
static inline void oracle(u32 m, u32 q, struct truth *t)
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

static inline bool near(u64 got, long double want, long double rel)
{
	return fabsl(got - want) <= 1 + want * rel;
}

static inline bool figures(u32 k, struct tscope_stability_figures *fig)
{
	return !tscope_stability_figures(&st.sums, SIM_KHZ, k, fig);
}

/* Over the same differences: all octaves, to the last place. */
static inline void check_same(const char *what)
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

static inline void add(u64 tsc, s64 x, u32 segment)
{
	struct tscope_point p = { .tsc = tsc, .phase = x, .segment = segment };

	tscope_stability_add(&st, &p);
}

static inline void begin(void)
{
	memset(&st, 0, sizeof(st));
}

static inline void add_all(u64 tsc)
{
	u32 i, run = 0;

	begin();
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

static inline void make(const struct noise *n, u32 points)
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

#endif /* TSCOPE_STABILITY_TRUTH_H */
