// SPDX-License-Identifier: GPL-2.0
/*
 * bracket.c against least squares on time and width, in long double.
 */
#include <math.h>

#include "tap.h"
#include "hides.h"
#include "bracket.h"
#include "math128.h"

#define KHZ	2100000
#define NS	65536	/* a nanosecond of phase */

static struct tscope_point pt[4096], old[4096];

/**
 * struct line - regression of phase on time and width
 * @slope: phase per cycle
 * @share: phase per nanosecond of width
 * @widen: 1/sqrt(1 - r^2) of time and width
 */
struct line {
	long double slope, share, widen;
};

static struct line oracle(const struct tscope_point *p, u32 n)
{
	long double t = 0, w = 0, y = 0, tt = 0, tw = 0, ww = 0, ty = 0, wy = 0;
	long double a, b, c, det;
	struct line l;
	u32 i;

	for (i = 0; i < n; i++) {
		t += p[i].tsc - p[0].tsc;
		w += p[i].width_ns;
		y += (long double)p[i].phase - p[0].phase;
	}
	t /= n;
	w /= n;
	y /= n;
	for (i = 0; i < n; i++) {
		a = (long double)(p[i].tsc - p[0].tsc) - t;
		b = p[i].width_ns - w;
		c = (long double)p[i].phase - p[0].phase - y;
		tt += a * a;
		tw += a * b;
		ww += b * b;
		ty += a * c;
		wy += b * c;
	}
	det = tt * ww - tw * tw;
	l.slope = (ty * ww - wy * tw) / det;
	l.share = (wy * tt - ty * tw) / det;
	l.widen = sqrtl(tt * ww / det);
	return l;
}

/* Makes points at @ppb whose clock is read at @part of brackets that are @width + more wide. */
static void make(u32 n, double ppb, double part, double width, double more,
		 double drift, double noise)
{
	u64 tsc = rnd64() >> 1;
	double w, t;
	u32 i;

	for (i = 0; i < n; i++) {
		t = i * 0.01 + rnd_unit() * 0.001;
		w = width + drift * t + more * rnd_unit() * rnd_unit();
		pt[i].tsc = tsc + (u64)(t * KHZ * 1000);
		pt[i].width_ns = (u32)w;
		pt[i].phase = (s64)((ppb * t + (part - 0.5) * pt[i].width_ns +
				     noise * rnd_gauss()) * NS);
		old[i] = pt[i];
	}
}

static void against_oracle(void)
{
	static const struct {
		double ppb, part, width, more, drift, noise;
	} c[] = {
		{ -59.6, 0.9, 80000, 40000, 0, 500 },
		{ -59.6, 0.1, 80000, 40000, 1000, 500 },
		{ 0, 0.5, 80000, 40000, -1000, 500 },
		{ 500000, 0.7, 2000, 500, 30, 50 },
		{ -500000, 0.3, 100, 40, 0, 5 },
		{ 1, 0.8, 30000, 1000, 3000, 100 },
	};
	struct tscope_bracket b;
	struct tscope_fit fit;
	struct line l;
	long double mppb, error;
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(c); i++) {
		for (n = TSCOPE_BRACKET_MIN_POINTS; n <= ARRAY_SIZE(pt); n *= 4) {
			make(n, c[i].ppb, c[i].part, c[i].width, c[i].more,
			     c[i].drift, c[i].noise);
			l = oracle(old, n);
			if (fabsl(l.share) > 32768)
				continue;
			tscope_bracket_correct(pt, n, &b);
			EXPECT(fabsl(b.share - l.share) <= 16,
			       "case %u, %u points: %d, %Lf", i, n, b.share,
			       l.share);
			EXPECT(fabsl(b.widen - l.widen * 1024) <=
			       2 + l.widen * 1024 / 1e3,
			       "case %u, %u points: %u, %Lf", i, n, b.widen,
			       l.widen * 1024);
			EXPECT(!tscope_fit_line(pt, n, KHZ, HIDES(1), &fit), "case %u", i);
			mppb = l.slope / NS * KHZ * 1e6L;
			/* a share is a whole number: its rounding, by the widths' drift */
			error = 1 + 2.0L / NS * fabs(c[i].drift) * 1000 +
				4.0L / NS * c[i].more * 1000 / (n * 0.01L);
			EXPECT(fabsl(fit.skew_mppb - mppb) <= error,
			       "case %u, %u points: %lld, %Lf", i, n,
			       (long long)fit.skew_mppb, mppb);
		}
	}
}

/* The 95 % interval holds the truth in 95 % of the runs, and is narrower. */
static void holds_truth(void)
{
	struct tscope_fit plain, fit;
	struct tscope_bracket b;
	u32 round, held = 0, narrower = 0;
	u64 error;

	for (round = 0; round < 1000; round++) {
		make(100, -59.6, 0.9, 80000, 40000, round % 2 ? 2000 : 0, 500);
		EXPECT(!tscope_fit_line(old, 100, KHZ, HIDES(1), &plain), "plain");
		tscope_bracket_correct(pt, 100, &b);
		EXPECT(!tscope_fit_line(pt, 100, KHZ, HIDES(1), &fit), "corrected");
		error = fit.error_mppb * b.widen >> TSCOPE_BRACKET_WIDEN_BITS;
		held += tscope_abs64(fit.skew_mppb + 59600) <= error;
		narrower += error < plain.error_mppb;
	}
	tap_note("%u of 1000 intervals hold the truth, %u are narrower", held,
		 narrower);
	EXPECT(held >= 925 && held <= 985, "%u", held);
	EXPECT(narrower > 950, "%u", narrower);
}

/* Phases that widths can't explain stay as they were, to the bit. */
static void left_alone(void)
{
	struct tscope_bracket b;
	u32 i, n;

	for (i = 0; i < 4; i++) {
		n = 100;
		make(n, 1000, 0.9, 80000, i == 0 ? 0 : 40000, 0, 500);
		if (i == 1)
			n = TSCOPE_BRACKET_MIN_POINTS - 1;
		if (i == 2)
			pt[50].phase = S64_MAX;
		if (i == 3)
			pt[50].tsc = pt[99].tsc + 1;
		old[50] = pt[50];
		tscope_bracket_correct(pt, n, &b);
		EXPECT(b.share == 0 && b.widen == 1024, "case %u: %d, %u", i,
		       b.share, b.widen);
		EXPECT(!memcmp(pt, old, 100 * sizeof(*pt)), "case %u", i);
	}
	/* all at one time */
	make(100, 1000, 0.9, 80000, 40000, 0, 500);
	for (i = 0; i < 100; i++)
		pt[i].tsc = pt[0].tsc;
	tscope_bracket_correct(pt, 100, &b);
	EXPECT(b.share == 0, "one time: %d", b.share);
}

/* A share is at most one half, and extreme points cause no overflow. */
static void extremes(void)
{
	struct tscope_bracket b;
	struct tscope_fit fit;
	u32 i;

	make(100, 0, 3, 80000, 40000, 0, 0);
	tscope_bracket_correct(pt, 100, &b);
	EXPECT(b.share == 32768, "%d", b.share);
	make(100, 0, -3, 80000, 40000, 0, 0);
	tscope_bracket_correct(pt, 100, &b);
	EXPECT(b.share == -32768, "%d", b.share);

	/* the widest span, widths and phases, near the end of the TSC */
	for (i = 0; i < 4096; i++) {
		pt[i].tsc = U64_MAX - S64_MAX + (u64)i * (S64_MAX / 4096);
		pt[i].width_ns = i & 1 ? U32_MAX : 0;
		pt[i].phase = (i & 1 ? 1 : -1) * ((s64)1 << 48);
	}
	tscope_bracket_correct(pt, 4096, &b);
	EXPECT(b.share == 32768, "%d", b.share);
	EXPECT(b.widen >= 1024 && b.widen < 1100, "%u", b.widen);

	/* width is proportional to time: their effects cannot be separated */
	for (i = 0; i < 100; i++) {
		pt[i].tsc = (u64)i << 32;
		pt[i].width_ns = i << 20;
		pt[i].phase = (s64)i * NS;
	}
	tscope_bracket_correct(pt, 100, &b);
	EXPECT(b.widen > 1000 << 10 || b.share == 0, "%u %d", b.widen, b.share);
	for (i = 0; i < 100; i++)
		pt[i].tsc = 1000 * i;
	EXPECT(!tscope_bracket_fit(pt, 100, KHZ, U32_MAX, &fit) &&
	       fit.error_mppb == S64_MAX, "no figure: %llu", (unsigned long long)fit.error_mppb);
}

/*
 * The place of the reading in its bracket may drift by up to a sixteenth of the bracket, as was
 * seen in emulation. The interval holds the truth because it allows for this drift.
 */
static void place_drifts(void)
{
	struct tscope_fit plain, fit;
	u32 round, i, held = 0, before = 0;
	double drift;

	for (round = 0; round < 1000; round++) {
		make(2000, -0.198, 0.6, 400, 100, 0, 5);
		drift = (rnd_unit() - 0.5) * 2 * 400 / 16;
		for (i = 0; i < 2000; i++)
			pt[i].phase += (s64)(drift * NS * i / 2000);
		EXPECT(!tscope_fit_line(pt, 2000, KHZ, HIDES(1), &plain), "plain");
		before += tscope_abs64(plain.skew_mppb + 198) <= plain.error_mppb;
		EXPECT(!tscope_bracket_fit(pt, 2000, KHZ, 1, &fit), "corrected");
		held += tscope_abs64(fit.skew_mppb + 198) <= fit.error_mppb;
	}
	tap_note("%u of 1000 intervals hold the truth, without it %u", held, before);
	EXPECT(held >= 950, "%u", held);
	EXPECT(before < 800, "%u", before);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "bracket: least squares on time and width", against_oracle },
		{ "bracket: 95 % intervals", holds_truth },
		{ "bracket: points that are left alone", left_alone },
		{ "bracket: extremes", extremes },
		{ "bracket: a place that drifts", place_drifts },
	};

	return tap_main(tests, ARRAY_SIZE(tests));
}
