// SPDX-License-Identifier: GPL-2.0
/*
 * fit.c against least squares in long double, and Student's t by integration.
 */
#include <math.h>
#include <stdlib.h>

#include "tap.h"
#include "fit.h"
#include "hides.h"

static struct tscope_point pt[65536];

/*
 * The result of least squares. The half-width must be at least that for white noise
 * of the residuals' size, and at most that for their correlation r.
 */
struct oracle {
	long double skew, slack;	/* mppb */
	long double rounding;		/* of residuals, mppb */
	long double low, high;		/* half-width, mppb */
	long double slope, tsc, phase;	/* units a cycle; means from pt[0] */
};

/* P(|T| < x) of Student's distribution, by Simpson's rule. */
static double student_within(double x, double f)
{
	double c = exp(lgamma((f + 1) / 2) - lgamma(f / 2)) / sqrt(f * M_PI);
	double sum = 0, step = x / 2000, t;
	int i;

	for (i = 0; i <= 2000; i++) {
		t = i * step;
		sum += pow(1 + t * t / f, -(f + 1) / 2) *
		       (i == 0 || i == 2000 ? 1 : i % 2 ? 4 : 2);
	}
	return 2 * c * sum * step / 3;
}

static double student_t95(unsigned int f)
{
	static double known[400];
	double low = 1.9, high = 13, mid;

	/* above this it is within 0.5 % of the normal distribution's value */
	f = f < 399 ? f : 399;
	if (known[f] != 0)
		return known[f];
	while (high - low > 1e-6) {
		mid = (low + high) / 2;
		if (student_within(mid, f) < 0.95)
			low = mid;
		else
			high = mid;
	}
	return known[f] = high;
}

/*
 * Santer et al. 2000, eq. 4 to 6: the effective sample size is n (1 - r)/(1 + r), or the one
 * by the variance of block means if that is less.
 */
static long double half_width(long double ssr, long double r, long double wide,
			      u32 n)
{
	long double freedom;

	r = r > 1016.0L / 1024 ? 1016.0L / 1024 : r;
	freedom = fmaxl(fminl(n * (1 - r) / (1 + r), n / fmaxl(wide, 1)) - 2, 1);
	return student_t95(freedom + 1e-9L) * sqrtl(ssr / freedom);
}

static void solve(u32 n, u32 khz, u32 resolution, struct oracle *o)
{
	long double sx = 0, sy = 0, sxx = 0, sxy = 0, ssr = 0, lag = 0;
	long double x, y, r = 0, last = 0, hidden, span, unit, ns, low, high;
	long double mppb = khz * 1e6L / 65536;
	long double min = pt[0].phase, max = min, between = 0, sum = 0, wide;
	long double sums = 0, before = 0;
	u32 i, block = n / 16;

	for (i = 0; i < n; i++) {
		sx += pt[i].tsc - pt[0].tsc;
		sy += (long double)pt[i].phase - pt[0].phase;
		min = fminl(min, pt[i].phase);
		max = fmaxl(max, pt[i].phase);
	}
	o->tsc = sx / n;
	o->phase = sy / n;
	for (i = 0; i < n; i++) {
		x = (pt[i].tsc - pt[0].tsc) - o->tsc;
		y = (long double)pt[i].phase - pt[0].phase - o->phase;
		sxx += x * x;
		sxy += x * y;
	}
	o->slope = sxy / sxx;
	for (i = 0; i < n; i++, last = r) {
		x = (pt[i].tsc - pt[0].tsc) - o->tsc;
		y = (long double)pt[i].phase - pt[0].phase - o->phase;
		r = y - o->slope * x;
		ssr += r * r;
		lag += r * last;
		if (block < 4 || i >= 16 * block)
			continue;
		sum += r;
		if ((i + 1) % block == 0) {
			between += sum * sum / block;
			sums += sum * before;
			before = sum;
			sum = 0;
		}
	}
	wide = ssr > 0 ? between / 14 / (ssr / (n - 2)) * 1.002L : 0;
	/* the blocks' own correlation, of which the fitted line removed a part */
	last = between > 0 ? sums / between / block : 0;
	last = fminl(fmaxl(last + (2 + 6 * fmaxl(last, 0)) / 16 + 0.002L, 0), 0.9005L);
	wide *= (1 + last) / (1 - last);
	span = pt[n - 1].tsc - pt[0].tsc;
	o->skew = o->slope * mppb;
	/* times are cut to 31 bits of the span, or to a cycle */
	unit = fmaxl(1, span * 0x1p-30L);
	o->slack = 1 + (max - min) / span * mppb *
		   (0x1p-29L + 24 * (unit / span) * (unit / span)) +
		   n * unit / sxx * mppb;
	o->rounding = (2 + fabsl(o->slope) * unit) / sqrtl(sxx) * mppb;
	r = ssr > 0 && lag > 0 ? lag / ssr : 0;
	/* the span is in whole ns */
	ns = fminl(fmaxl(floorl(span * 1e6L / khz), 1), U64_MAX);
	hidden = resolution * 1e12L / ns;
	low = half_width(ssr / sxx, 0, 0, n) * mppb;
	/* subtracting a fitted line lowers r by (2 + 6 r)/n */
	r = r > 0 ? r + (2 + 6 * r) / n + 1.0L / 1024 : 0;
	high = half_width(ssr / sxx, r, wide, n) * mppb;
	o->low = sqrtl(low * low + hidden * hidden);
	o->high = sqrtl(high * high + hidden * hidden);
	/* a slope so steep that a unit of time shows in the residuals */
	if (n * (o->slope * unit) * (o->slope * unit) > ssr / 100)
		o->high = HUGE_VALL;
}

static int check(u32 n, u32 khz, u32 resolution, const char *what,
		 struct tscope_fit *fit)
{
	struct oracle o;
	int err = tscope_fit_line(pt, n, khz, HIDES(resolution), fit);

	EXPECT_EQ(err, 0, "%s", what);
	if (err)
		return err;
	solve(n, khz, resolution, &o);
	EXPECT_EQ(fit->points, n, "%s", what);
	EXPECT(fabsl(fit->skew_mppb - o.skew) <= o.slack,
	       "%s: n %u, %u kHz: truth %.1Lf, figure %s, bound %.1Lf", what,
	       n, khz, o.skew, tap_dec(fit->skew_mppb), o.slack);
	/* residuals that are only rounding may have any correlation */
	EXPECT(fit->error_mppb >= o.low * 0.99L - 4 * o.rounding &&
	       fit->error_mppb <= o.high * 1.01L + 4 +
				  13 * sqrtl(n) * o.rounding,
	       "%s: n %u, %u kHz: half-width %.1Lf..%.1Lf, figure %s", what,
	       n, khz, o.low, o.high, tap_udec(fit->error_mppb));
	return 0;
}

/* Makes n points with a period and a skew, and with noise in units of 2^-16 ns. */
static void make_line(u64 start, u64 period, u32 n, u32 khz, double skew_ppb,
		      double noise)
{
	u32 i;

	for (i = 0; i < n; i++) {
		u64 jitter = period > 8 ? rnd_below(period / 8) : 0;
		u64 since = i * period + jitter;
		long double ns = (long double)since * 1e6L / khz;

		pt[i] = (struct tscope_point){
			.tsc = start + since,
			.phase = (s64)(ns * skew_ppb * 1e-9L * 65536 +
				       noise * rnd_gauss()),
			.segment = 1,
		};
	}
}

static const u32 sizes[] = { 8, 9, 10, 32, 33, 100, 6000, 8192, 65536 };

static void test_lines(void)
{
	static const double skews[] = { 0, 0.04, -0.23, 31, -1000, 200e3,
					-500e3, 1e6, -1e9, 9e9 };
	static const u32 khz[] = { 100, 1000, 1000000, 2893437,
				   U32_MAX };
	struct tscope_fit fit = { 0 };
	u32 s, k, n;

	for (s = 0; s < ARRAY_SIZE(skews); s++)
		for (k = 0; k < ARRAY_SIZE(khz); k++)
			for (n = 0; n < 6; n++) {
				u64 period = khz[k] * 10ULL;

				make_line(rnd_bits(63), period, sizes[n],
					  khz[k], skews[s], 0);
				check(sizes[n], khz[k], 1, "no noise", &fit);
				make_line(U64_MAX - period * sizes[n], period,
					  sizes[n], khz[k], skews[s],
					  rnd_bits(22));
				check(sizes[n], khz[k], 1, "noise", &fit);
			}
	make_line(0, 28934370, 6000, 2893437, 200000, 0);
	if (!check(6000, 2893437, 1, "60 s", &fit))
		tap_note("truth 200000000 mppb, figure %s, bound %s",
			 tap_dec(fit.skew_mppb), tap_udec(fit.error_mppb));
}

static void test_random(void)
{
	struct tscope_fit fit;
	u32 round, i, n, khz;

	for (round = 0; round < 400; round++) {
		double phi = round % 4 ? rnd_unit() : 0, state = 0, scale;

		n = sizes[rnd_below(ARRAY_SIZE(sizes) - 2)];
		khz = 1000 + rnd_bits(31);
		make_line(rnd_bits(62), 16384 + rnd_bits(30), n, khz,
			  1e3 * rnd_gauss(), 0);
		scale = exp2(rnd_below(30));
		for (i = 0; i < n; i++) {
			state = phi * state + rnd_gauss();
			pt[i].phase += (s64)(scale * state);
		}
		check(n, khz, rnd_bits(10), "random", &fit);
	}
	make_line(1, 1000003, 65536, 1000, 3, 1e6);
	check(65536, 1000, 1, "most points", &fit);
}

/* Residuals that alternate do not widen the interval: it is Student's t alone. */
static void test_student(void)
{
	struct tscope_fit fit;
	u32 n, i;

	for (n = TSCOPE_FIT_MIN_POINTS; n < 80; n++) {
		make_line(0, 28934370, n, 2893437, 0, 0);
		for (i = 0; i < n; i++)
			pt[i].phase += i & 1 ? 65536000 : -65536000;
		check(n, 2893437, 0, "alternating", &fit);
	}
}

/* Makes points in two groups or evenly in time, whose phase jumps once or at each point. */
static void make_extreme(u64 span, u32 n, bool heaps, bool once)
{
	s64 top = 1LL << 49;
	u32 i;

	for (i = 0; i < n; i++) {
		u64 at = (u64)((u128)span * i / (n - 1));
		bool up = once ? i < n / 2 : i & 1;

		if (heaps)
			at = i < n / 2 ? 0 : span;
		pt[i] = (struct tscope_point){
			.tsc = U64_MAX - span + at,
			.phase = up ? top - 1 : -top,
		};
	}
}

/* Sums at the ends of their ranges do not overflow and are right. */
static void test_extremes(void)
{
	static const u64 spans[] = { 1ULL << 20, 1ULL << 31, (1ULL << 31) + 1,
				     1ULL << 44, 1ULL << 62, S64_MAX };
	static const u32 khz[] = { 1, 2893437, U32_MAX };
	struct tscope_fit fit;
	u32 i, n, f, s, kind;
	int err;

	for (i = 0; i < 4 * ARRAY_SIZE(spans) * ARRAY_SIZE(sizes); i++) {
		kind = i % 4;
		s = i / 4 % ARRAY_SIZE(spans);
		n = sizes[i / 4 / ARRAY_SIZE(spans)];
		make_extreme(spans[s], n, kind & 1, kind & 2);
		for (f = 0; f < ARRAY_SIZE(khz); f++) {
			err = tscope_fit_line(pt, n, khz[f], HIDES(U32_MAX), &fit);
			EXPECT(!err || err == -ERANGE, "%d", err);
			if (!err && fit.error_mppb < S64_MAX)
				check(n, khz[f], U32_MAX, "extreme", &fit);
		}
	}
}

/* A TSC that passes half its range between two points of one fit. */
static void test_span(void)
{
	struct tscope_fit fit;
	u32 i;

	for (i = 0; i < 8; i++)
		pt[i] = (struct tscope_point){
			.tsc = i < 7 ? i * 1000 : U64_MAX - 1000,
			.phase = i < 7 ? 0 : 1LL << 40,
		};
	if (!tscope_fit_line(pt, 8, 3000000, HIDES(1), &fit))
		check(8, 3000000, 1, "a span of 2^64 cycles", &fit);
}

static void test_verdicts(void)
{
	struct tscope_fit fit;
	u32 n, i;

	make_line(1000, 1000, 100, 1000, 0, 0);
	for (n = 0; n < TSCOPE_FIT_MIN_POINTS; n++)
		EXPECT_EQ(tscope_fit_line(pt, n, 1000, HIDES(1), &fit), -ENODATA,
			  "%u points", n);
	EXPECT_EQ(tscope_fit_line(pt, n, 1000, HIDES(1), &fit), 0, "%u points", n);
	for (i = 0; i < 100; i++)
		pt[i].tsc = 5;
	EXPECT_EQ(tscope_fit_line(pt, 100, 1000, HIDES(1), &fit), -ENODATA,
		  "all at one time");
	for (i = 0; i < 100; i++)
		pt[i].tsc = 100000 - 1000 * i;
	EXPECT_EQ(tscope_fit_line(pt, 100, 1000, HIDES(1), &fit), -EINVAL,
		  "backwards");
	for (i = 0; i < 100; i++)
		pt[i].tsc = U64_MAX - 50000 + 1000 * i;
	EXPECT_EQ(tscope_fit_line(pt, 100, 1000, HIDES(1), &fit), -EINVAL,
		  "a TSC that wraps is one that goes back");
	make_line(0, 1000, 100, 1000, 0, 0);
	pt[50].phase = 1LL << 50;
	EXPECT_EQ(tscope_fit_line(pt, 100, 1000, HIDES(1), &fit), -ERANGE, "phases");
	pt[50].phase = S64_MAX;
	pt[51].phase = S64_MIN;
	EXPECT_EQ(tscope_fit_line(pt, 100, 1000, HIDES(1), &fit), -ERANGE, "phases");
}

/* Phases at the ends of their range may have been cut off there: there is no figure. */
static void test_saturated(void)
{
	struct tscope_fit fit;
	u32 i;

	make_line(0, 1000000, 100, 1000, 0, 0);
	for (i = 0; i < 100; i++)
		pt[i].phase = S64_MAX;
	EXPECT_EQ(tscope_fit_line(pt, 100, 1000, HIDES(1), &fit), -ERANGE,
		  "all S64_MAX");
	for (i = 0; i < 100; i++)
		pt[i].phase = S64_MIN;
	EXPECT_EQ(tscope_fit_line(pt, 100, 1000, HIDES(1), &fit), -ERANGE,
		  "all S64_MIN");
}

static void test_residuals(void)
{
	struct tscope_fit fit;
	struct oracle o;
	u32 round, i, n = 500;

	for (round = 0; round < 100; round++) {
		long double worst = 0, r, diff;

		make_line(rnd_bits(62), 1000 + rnd_bits(28), n, 2893437,
			  1e5 * rnd_gauss(), rnd_bits(24));
		if (check(n, 2893437, 1, "residuals", &fit))
			return;
		solve(n, 2893437, 1, &o);
		for (i = 0; i < n; i++) {
			r = (long double)pt[i].phase - pt[0].phase - o.phase -
			    o.slope * ((pt[i].tsc - pt[0].tsc) - o.tsc);
			diff = fabsl(r - tscope_fit_residual(&fit, &pt[i]));
			worst = fmaxl(worst, diff);
		}
		/* the mean, the line and the times are each truncated to a unit */
		EXPECT(worst <= 3 + fabsl(o.slope) *
		       (1ULL << (fit.line.tsc_shift + 1)), "%Lf units", worst);
	}
}

/* No figure depends on the absolute value of the TSC or the clock. */
static void test_shifted(void)
{
	struct tscope_fit a, b;
	u32 round, i, n = 200;

	for (round = 0; round < 100; round++) {
		make_line(0, 16384 + rnd_bits(40), n, 3000000, 1e5, rnd_bits(30));
		EXPECT_EQ(tscope_fit_line(pt, n, 3000000, HIDES(1), &a), 0, "at 0");
		for (i = 0; i < n; i++)
			pt[i].tsc += 1ULL << 63;
		EXPECT_EQ(tscope_fit_line(pt, n, 3000000, HIDES(1), &b), 0, "2^63");
		EXPECT_EQ(b.skew_mppb, a.skew_mppb, "TSC at 2^63");
		EXPECT_EQ(b.error_mppb, a.error_mppb, "TSC at 2^63");
		for (i = 0; i < n; i++)
			pt[i].phase += 1LL << 60;
		EXPECT_EQ(tscope_fit_line(pt, n, 3000000, HIDES(1), &b), 0, "phase");
		EXPECT(llabs(b.skew_mppb - a.skew_mppb) <= 1 +
		       llabs(a.skew_mppb) / 1000000000, "%s %s",
		       tap_dec(a.skew_mppb), tap_dec(b.skew_mppb));
	}
}

#define DITHER_KHZ	2100000

/* 10 s of whole nanoseconds: readings at all places in them, except @fixed points from @from on. */
static void make_whole_ns(u32 n, u32 from, u32 fixed)
{
	u64 period = 10000ULL * DITHER_KHZ / n, cyc;
	u32 i;

	for (i = 0; i < n; i++) {
		cyc = i * period + rnd_below(period / 2);
		/* 21 cycles are 10 ns */
		if (i >= from && i < from + fixed)
			cyc -= cyc % 21;
		pt[i] = (struct tscope_point){ .tsc = 1000000 + cyc };
		pt[i].phase = (s64)(cyc * 10 / 21 * 65536) - (s64)((u128)cyc * 655360 / 21);
	}
}

/* A whole nanosecond hides nothing if, in each quarter, readings fall at all places in it. */
static void test_dithered(void)
{
	static const struct tscope_hidden hidden = { .phase = 3 << 15, .whole_ns = true };
	static const struct {
		u32 n, from, fixed;
		u64 low, high;		/* half-width, mppb */
	} cases[] = {
		{ 200, 0, 0, 10, 50 }, { 1000, 0, 0, 5, 25 },
		/* 1.5 ns in 10 s; the places of one quarter look like noise that is correlated */
		{ 200, 0, 200, 149, 155 }, { 200, 0, 50, 150, 2000 }, { 200, 150, 50, 150, 2000 },
		/* too few points to decide */
		{ 60, 0, 0, 150, 250 },
	};
	struct tscope_fit fit;
	u32 i, round;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (round = 0; round < 10; round++) {
			make_whole_ns(cases[i].n, cases[i].from, cases[i].fixed);
			EXPECT_EQ(tscope_fit_line(pt, cases[i].n, DITHER_KHZ, &hidden, &fit), 0,
				  "case %u", i);
			EXPECT(fit.error_mppb >= cases[i].low && fit.error_mppb <= cases[i].high,
			       "case %u: half-width %s mppb", i, tap_udec(fit.error_mppb));
		}
}

static const struct tap_test tests[] = {
	{ "lines of known slope, with and without noise", test_lines },
	{ "random points against long double", test_random },
	{ "Student's t", test_student },
	{ "sums at their ends", test_extremes },
	{ "a span of more than 2^63 cycles: right or refused", test_span },
	{ "verdicts: few points, one time, order, range", test_verdicts },
	{ "saturated phases are refused", test_saturated },
	{ "residuals", test_residuals },
	{ "independent of where TSC and clock stand", test_shifted },
	{ "whole nanoseconds hide nothing where readings spread over them", test_dithered },
};

TAP_MAIN(tests)
