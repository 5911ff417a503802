/* SPDX-License-Identifier: GPL-2.0 */
/* The textbook's figures of phases, and simulated phases of known noise. */
#ifndef TSCOPE_STABILITY_TRUTH_H
#define TSCOPE_STABILITY_TRUTH_H

#include <math.h>

#include "sim.h"
#include "stability.h"
#include "math128.h"

#define TAU0	(SIM_KHZ * 10ULL)
#define TAU0_S	(TAU0 / (SIM_KHZ * 1000.0L))
#define MAX	TSCOPE_FIT_MAX_POINTS
#define NS	65536.0L

static struct tscope_point pt[MAX];
static struct tscope_stability_place place[MAX];
static struct tscope_stability_figures fig[TSCOPE_STABILITY_OCTAVES];
static u32 octaves;

/* Phases in order. */
static s64 phase[MAX];
static u32 count;

/* The textbook's figures for one tau. */
struct truth {
	long double adev;	/* 10^-6 ppb */
	long double tdev;	/* ps */
	long double mtie;	/* ps */
};

static inline void oracle(u32 m, struct truth *t)
{
	static long double x[MAX + 1], sum[MAX + 1], mean[MAX + 1];
	long double adev = 0, tdev = 0, mtie = 0, d, low, high;
	u32 i, j;

	sum[0] = 0;
	for (i = 0; i < count; i++) {
		x[i] = phase[i] / NS;
		sum[i + 1] = sum[i] + x[i];
	}
	for (i = 0; i + m <= count; i++)
		mean[i] = (sum[i + m] - sum[i]) / m;
	for (i = 0; i + 2 * m < count; i++) {
		d = x[i + 2 * m] - 2 * x[i + m] + x[i];
		adev += d * d;
	}
	for (i = 0; i + 3 * m <= count; i++) {
		d = mean[i + 2 * m] - 2 * mean[i + m] + mean[i];
		tdev += d * d;
	}
	for (i = 0; i + m < count; i++) {
		low = x[i];
		high = x[i];
		for (j = i + 1; j <= i + m; j++) {
			low = fminl(low, x[j]);
			high = fmaxl(high, x[j]);
		}
		mtie = fmaxl(mtie, high - low);
	}
	t->adev = sqrtl(adev / 2 / (count - 2 * m)) / (m * TAU0_S) * 1e6L;
	t->tdev = sqrtl(tdev / 6 / (count - 3 * m + 1)) * 1000;
	t->mtie = mtie * 1000;
}

static inline bool near(u64 got, long double want, long double rel)
{
	return fabsl(got - want) <= 1 + want * rel;
}

/* Computes tscope's figures of the first @n points. */
static inline void take_figures(u32 n, u32 khz)
{
	static const struct tscope_hidden nothing;
	struct tscope_fit fit;

	octaves = tscope_fit_line(pt, n, khz, &nothing, &fit) ? 0 :
		  tscope_stability(pt, &fit, khz, place, fig);
}

/* Computes tscope's figures of the phases, as points at equal distances. */
static inline void take_even(u64 tsc)
{
	u32 i;

	for (i = 0; i < count; i++)
		pt[i] = (struct tscope_point){ .tsc = tsc + i * TAU0, .phase = phase[i] };
	take_figures(count, SIM_KHZ);
}

/* Compares all octaves with the textbook, to the last place. */
static inline void check_same(const char *what)
{
	struct truth t;
	u32 k, m, want = 0;

	while (want < TSCOPE_STABILITY_OCTAVES && (3U << want) + 3 <= count)
		want++;
	EXPECT_EQ(octaves, want, "%s: octaves of %u points", what, count);
	for (k = 0; k < octaves; k++) {
		m = 1 << k;
		oracle(m, &t);
		EXPECT_EQ(fig[k].n, count - 2 * m, "%s, m %u", what, m);
		EXPECT(near(fig[k].tau_us, m * 10000.0L, 0), "%s, m %u: %s us",
		       what, m, tap_udec(fig[k].tau_us));
		EXPECT(near(fig[k].adev, t.adev, 1e-12L),
		       "%s, m %u: truth %.3Lf, figure %s", what, m, t.adev,
		       tap_udec(fig[k].adev));
		EXPECT(near(fig[k].tdev_ps, t.tdev, 1e-6L),
		       "%s, m %u: truth %.3Lf, figure %s", what, m, t.tdev,
		       tap_udec(fig[k].tdev_ps));
		EXPECT(near(fig[k].mtie_ps, t.mtie, 1e-12L),
		       "%s, m %u: truth %.3Lf, figure %s", what, m, t.mtie,
		       tap_udec(fig[k].mtie_ps));
	}
}

/* A clock with the textbook's kinds of noise: standard deviations, in ns unless stated. */
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
	{ "large", .white_pm = 1e9 },
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
}

#endif /* TSCOPE_STABILITY_TRUTH_H */
