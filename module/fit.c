// SPDX-License-Identifier: GPL-2.0
/*
 * Least squares: skew with its 95 % half-width, and residuals.
 *
 * Ordinary least squares of phase over TSC, centred, in integers: sums of
 * squares are exact, so that no figure depends on where the TSC stands or for
 * how long it has run.
 *
 * The half-width is Student's t times the slope's standard error, widened for
 * two things that plain regression does not know of:
 *
 * - Residuals of a clock are rarely independent (a slewed clock moves in
 *   ramps). Their lag-1 correlation r makes n points worth n (1 - r)/(1 + r),
 *   two of which the line takes (Santer et al., J. Geophys. Res. 105, 2000,
 *   eq. 4 to 6). Noise that wanders slowly below a larger white one hardly
 *   shows in r: it does in the means of blocks of points, which then vary by
 *   more than means of as many independent points would (batch means, as in
 *   Law and Kelton, Simulation Modeling and Analysis, ch. 9), and are
 *   correlated in turn. The worse of the two counts.
 * - A clock that is read in whole nanoseconds can hide a slope, with residuals of
 *   exactly zero. Rounding down moves a slope of least squares by up to 1.5
 *   of its steps over the span. Where the readings fall at all places of a
 *   nanosecond alike, rounding is noise as any other, and residuals show it.
 *   The TSC values and the line decide whether they do, not the
 *   residuals, in which noise before and after the rounding looks the same:
 *   tscope_fit_dithers(). What brackets hide is in bracket.c.
 */
#include <linux/math64.h>

#include "fit.h"
#include "math128.h"

/* Times are scaled to this many bits: 2^-31 of the span does not matter. */
#define TIME_BITS	31
/* Phases may span this many bits, 2^50 * 2^-16 ns = 4.7 h within a fit. */
#define PHASE_BITS	50
/* Binary places of r, and of the degrees of freedom that it leaves. */
#define FACTOR_BITS	10
/* r is limited to 1 - 2^-7: beyond it the effective number of points tends to 0. */
#define CORRELATION_MAX	1016
/* The r of blocks is limited to 0.9: they are few. */
#define BLOCK_CORR_MAX	922
/* Number of blocks, and of points in each at least. */
#define BLOCKS		16
#define BLOCK_POINTS	4
/* 10^12 (mppb) / 10^6 (ns a cycle at 1 kHz) */
#define MPPB_PER_KHZ	1000000ULL
/* Half-widths are added up in 10^-6 ppb. */
#define UPPB_PER_MPPB	1000
/* Places within the nanosecond are looked at in each quarter of the points, by harmonics. */
#define DITHER_PARTS	4
#define DITHER_HARMONICS	4
/* With fewer points in a quarter nothing can be said. */
#define DITHER_POINTS	16
/*
 * The length of the sum of n unit vectors in random directions passes 3 sqrt(n) once
 * in 8000 times.
 */
#define DITHER_MAX_SQUARED	9

/* Student's t, two-sided 95 %, times 1000, for 1..30 degrees of freedom. */
static const u16 student_t[] = {
	12706, 4303, 3182, 2776, 2571, 2447, 2365, 2306, 2262, 2228,
	2201, 2179, 2160, 2145, 2131, 2120, 2110, 2101, 2093, 2086,
	2080, 2074, 2069, 2064, 2060, 2056, 2052, 2048, 2045, 2042,
};

/* sin(pi / 2 * i / 64) * 32767 */
static const s16 quarter_wave[] = {
	0, 804, 1608, 2410, 3212, 4011, 4808, 5602,
	6393, 7179, 7962, 8739, 9512, 10278, 11039, 11793,
	12539, 13279, 14010, 14732, 15446, 16151, 16846, 17530,
	18204, 18868, 19519, 20159, 20787, 21403, 22005, 22594,
	23170, 23731, 24279, 24811, 25329, 25832, 26319, 26790,
	27245, 27683, 28105, 28510, 28898, 29268, 29621, 29956,
	30273, 30571, 30852, 31113, 31356, 31580, 31785, 31971,
	32137, 32285, 32412, 32521, 32609, 32678, 32728, 32757,
	32767,
};

/* Of an angle in 1/256 of a turn. */
static s32 sine(u8 angle)
{
	u8 in = angle % 64;
	s32 x = quarter_wave[angle & 64 ? 64 - in : in];

	return angle & 128 ? -x : x;
}

static u32 student_t_milli(u64 freedom)
{
	if (freedom <= ARRAY_SIZE(student_t))
		return student_t[freedom - 1];
	/* 1.96 + 2.5/f is above t by at most 0.002 from 30 on */
	return 1960 + (u32)div64_u64(2500, freedom) + 1;
}

/* Mean time and phase, and the shift that brings times to TIME_BITS. */
static int centre(const struct tscope_point *p, u32 n, struct tscope_fit *fit)
{
	u128 tsc_sum = 0;
	s128 phase_sum = 0;
	s64 phase_min = S64_MAX, phase_max = S64_MIN;
	u64 span;
	u32 i;

	for (i = 0; i < n; i++) {
		if (i && p[i].tsc < p[i - 1].tsc)
			return -EINVAL;
		tsc_sum += p[i].tsc - p[0].tsc;
		phase_sum += p[i].phase;
		phase_min = min(phase_min, p[i].phase);
		phase_max = max(phase_max, p[i].phase);
	}
	span = p[n - 1].tsc - p[0].tsc;
	if (!span)
		return -ENODATA;
	/* a phase at the end of its range was saturated */
	if (((s128)phase_max - phase_min) >> PHASE_BITS ||
	    phase_min == S64_MIN || phase_max == S64_MAX || span > S64_MAX)
		return -ERANGE;

	fit->tsc_shift = max(fls64(span) - TIME_BITS, 0);
	fit->tsc = p[0].tsc + (u64)tscope_div128(tsc_sum, n);
	fit->phase = (s64)tscope_div128_signed(phase_sum, n);
	return 0;
}

/* A point's time from the mean, in units of 2^tsc_shift cycles. */
static s64 time_of(const struct tscope_fit *fit, const struct tscope_point *p)
{
	return (s64)(p->tsc - fit->tsc) >> fit->tsc_shift;
}

/**
 * tscope_fit_residual() - how far a point lies off the line
 * @fit: line
 * @p: point, of the fit's segment
 *
 * Return: phase of the point - phase of the line, 2^-16 ns.
 */
s64 tscope_fit_residual(const struct tscope_fit *fit,
			const struct tscope_point *p)
{
	s128 line = fit->slope * time_of(fit, p);

	line = line < 0 ? -(-line >> fit->slope_bits) : line >> fit->slope_bits;
	return (s64)(p->phase - fit->phase - line);
}

static bool part_dithers(const struct tscope_fit *fit,
			 const struct tscope_point *p, u32 n)
{
	s64 cosines[DITHER_HARMONICS] = { 0 }, sines[DITHER_HARMONICS] = { 0 };
	u32 i, k;
	u16 place;
	u8 angle;

	for (i = 0; i < n; i++) {
		/* where in its nanosecond the clock was: the line less whole ns */
		place = p[i].added - (u16)tscope_fit_residual(fit, &p[i]);
		for (k = 0; k < DITHER_HARMONICS; k++) {
			angle = (u16)(place * (k + 1)) >> 8;
			cosines[k] += sine(angle + 64);
			sines[k] += sine(angle);
		}
	}
	for (k = 0; k < DITHER_HARMONICS; k++)
		if ((u64)(cosines[k] * cosines[k] + sines[k] * sines[k]) >
		    (u64)DITHER_MAX_SQUARED * n * 32767 * 32767)
			return false;
	return true;
}

/**
 * tscope_fit_dithers() - whether readings fall at all places of a nanosecond alike
 * @fit: line
 * @p: its points, of a clock that is read in whole nanoseconds
 * @n: how many
 *
 * Context: any.
 *
 * Return: whether they do; false also where they are too few to decide.
 */
bool tscope_fit_dithers(const struct tscope_fit *fit,
			const struct tscope_point *p, u32 n)
{
	u32 part = n / DITHER_PARTS, i;

	if (part < DITHER_POINTS)
		return false;
	for (i = 0; i < DITHER_PARTS; i++)
		if (!part_dithers(fit, p + i * part, part))
			return false;
	return true;
}

/* num / den with FACTOR_BITS places, of sums that may take 127 bits. */
static u64 factor(u128 num, u128 den)
{
	int shift = max3(tscope_fls128(num) - 100, tscope_fls128(den) - 100, 0);

	den >>= shift;
	return (u64)tscope_div128((num >> shift) << FACTOR_BITS, den ?: 1);
}

/*
 * r = lag / squares of @n values that a line was taken off, with FACTOR_BITS
 * places. It comes out too low by about (2 + 6 r)/n, which AR(1) noise in
 * selftests/user bears out (without a line it is (1 + 4 r)/n: Kendall, 1954).
 */
static s64 correlation(s128 lag, u128 squares, u32 n)
{
	s64 r = factor(tscope_abs128(lag), squares);

	if (lag < 0)
		r = -r;
	return r + ((2 << FACTOR_BITS) + (r > 0 ? 6 * r : 0)) / n;
}

/*
 * How many times as much the means of blocks vary as those of independent
 * points would, with FACTOR_BITS places, and with what their correlation adds
 * to that. The line took two of the blocks.
 */
static u64 wander(const struct tscope_fit *fit, const struct tscope_point *p,
		  u32 n, u128 ssr)
{
	const s64 one = 1 << FACTOR_BITS;
	u32 points = n / BLOCKS, block, i;
	s128 lag = 0, sum;
	u128 between = 0;
	s64 mean, last = 0, r;

	if (points < BLOCK_POINTS)
		return 0;
	for (block = 0; block < BLOCKS; block++) {
		sum = 0;
		for (i = 0; i < points; i++)
			sum += tscope_fit_residual(fit, p++);
		mean = (s64)tscope_div128_signed(sum, points);
		between += (u128)((s128)mean * mean);
		lag += (s128)mean * last;
		last = mean;
	}
	if (!between)
		return 0;
	r = clamp_t(s64, correlation(lag, between, BLOCKS), 0, BLOCK_CORR_MAX);
	/* at most 1 before it is multiplied: means can't vary more than points */
	return factor(between * points, ssr) * (n - 2) / (BLOCKS - 2) *
	       (one + r) / (one - r);
}

/*
 * Sum of the residuals' squares, and the degrees of freedom that they are
 * worth, with FACTOR_BITS places.
 */
static u128 residuals(const struct tscope_fit *fit,
		      const struct tscope_point *p, u32 n, u64 *freedom)
{
	const u64 one = 1 << FACTOR_BITS;
	u128 ssr = 0;
	s128 lag = 0;
	u64 corr = 0, worth, wide;
	s64 r, last = 0;
	u32 i;

	for (i = 0; i < n; i++) {
		r = tscope_fit_residual(fit, &p[i]);
		ssr += (u128)((s128)r * r);
		lag += (s128)r * last;
		last = r;
	}
	if (lag > 0 && ssr)
		corr = min_t(u64, correlation(lag, ssr, n), CORRELATION_MAX);
	worth = n * (one - corr) * one / (one + corr);
	wide = ssr ? wander(fit, p, n, ssr) : 0;
	if (wide > one && n * one * one / wide < worth)
		worth = n * one * one / wide;
	*freedom = worth > 3 * one ? worth - 2 * one : one;
	return ssr;
}

/* Half-width of the 95 % interval that the residuals explain, 10^-6 ppb. */
static u64 random_error_uppb(const struct tscope_fit *fit,
			     const struct tscope_point *p, u128 sxx, u32 khz)
{
	u64 freedom;
	u128 ssr = residuals(fit, p, fit->points, &freedom), error;
	int bits = min((126 - FACTOR_BITS - tscope_fls128(ssr)) & ~1, 96);

	/* variance of the slope = ssr / freedom / sxx, below 2^116; all is rounded up */
	error = tscope_div128(tscope_div128(ssr << (bits + FACTOR_BITS), freedom),
			      sxx) + !!ssr;
	error = tscope_sqrt128(error) + !!ssr;
	error *= MPPB_PER_KHZ * khz * (u128)student_t_milli(freedom >> FACTOR_BITS);
	error >>= TSCOPE_PHASE_SHIFT + fit->tsc_shift + bits / 2;
	return tscope_clamp64(error + !!ssr);
}

/* What the phase may have moved by unseen, over the span, 10^-6 ppb. */
static u64 hidden_error_uppb(const struct tscope_hidden *hidden, u64 span_ns)
{
	u128 moved = (u128)hidden->phase * 1000000000000000ULL;

	return tscope_clamp64(tscope_div128(moved >> TSCOPE_PHASE_SHIFT,
					    span_ns ?: 1) + 1);
}

/**
 * tscope_fit_line() - fit a line to points
 * @p: points of one segment, in the order of time
 * @n: how many, up to TSCOPE_FIT_MAX_POINTS
 * @khz: the TSC's nominal frequency, not 0
 * @hidden: what the phase may move by without a trace in the residuals
 * @fit: result
 *
 * Takes three passes over the points, four where they are many, and more for
 * @hidden->whole_ns. Context: process.
 *
 * Return: 0; -ENODATA below TSCOPE_FIT_MIN_POINTS or where all points stand
 * at one time; -ERANGE where the phases or the skew pass what the sums hold;
 * -EINVAL where points are out of order.
 */
int tscope_fit_line(const struct tscope_point *p, u32 n, u32 khz,
		    const struct tscope_hidden *hidden, struct tscope_fit *fit)
{
	u64 random, unseen = 0, span_ns;
	u128 sxx = 0, skew, per_mppb;
	s128 sxy = 0;
	int shift, err;
	s64 x;
	u32 i;

	if (n < TSCOPE_FIT_MIN_POINTS)
		return -ENODATA;
	memset(fit, 0, sizeof(*fit));
	err = centre(p, n, fit);
	if (err)
		return err;
	fit->points = n;

	for (i = 0; i < n; i++) {
		x = time_of(fit, &p[i]);
		sxx += (u64)(x * x);
		sxy += (s128)x * (p[i].phase - fit->phase);
	}
	/* as many binary places as fit, 48 at most */
	fit->slope_bits = min(126 - tscope_fls128(tscope_abs128(sxy)), 48);
	fit->slope = tscope_div128_signed(sxy * ((s128)1 << fit->slope_bits), sxx);

	per_mppb = (u128)khz * MPPB_PER_KHZ;
	shift = TSCOPE_PHASE_SHIFT + fit->tsc_shift + fit->slope_bits;
	skew = tscope_abs128(fit->slope);
	if (tscope_fls128(skew) + tscope_fls128(per_mppb) > 126)
		return -ERANGE;
	skew = (skew * per_mppb + ((u128)1 << (shift - 1))) >> shift;
	if (skew > S64_MAX)
		return -ERANGE;
	fit->skew_mppb = sxy < 0 ? -(s64)skew : (s64)skew;

	span_ns = tscope_cyc_to_ns(p[n - 1].tsc - p[0].tsc, khz);
	fit->span_ms = div_u64(span_ns, 1000000);
	random = random_error_uppb(fit, p, sxx, khz);
	if (hidden->phase &&
	    !(hidden->whole_ns && tscope_fit_dithers(fit, p, n)))
		unseen = hidden_error_uppb(hidden, span_ns);
	/* 2^62 and more is no figure */
	if (random >> 62 || unseen >> 62) {
		fit->error_mppb = S64_MAX;
		return 0;
	}
	random = tscope_sqrt128((u128)random * random + (u128)unseen * unseen) + 1;
	/* the skew itself is rounded */
	fit->error_mppb = div_u64(random + UPPB_PER_MPPB / 2 + UPPB_PER_MPPB - 1,
				  UPPB_PER_MPPB);
	return 0;
}
