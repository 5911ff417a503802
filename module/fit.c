// SPDX-License-Identifier: GPL-2.0
/*
 * Least squares over the TSC, centred, in integers: sums of squares are exact, so that no figure
 * depends on where the TSC stands. What widens the interval: "Fits" in Documentation/design.rst.
 */
#include <linux/math64.h>

#include "fit.h"
#include "math128.h"

/* Times are scaled to this many bits: 2^-31 of the span does not matter. */
#define TIME_BITS	31
/* Values may span this many bits. For phases this is 2^50 * 2^-16 ns = 4.7 h within a fit. */
#define VALUE_BITS	50
/* Binary places of the correlation r, and of the degrees of freedom. */
#define FACTOR_BITS	10
#define ONE		1024
/* r is limited to 1 - 2^-7: beyond it the effective number of points tends to 0. */
#define CORRELATION_MAX	1016
/* The r of blocks is limited to 0.9, because blocks are few. */
#define BLOCK_CORR_MAX	922
/* Number of blocks, and of points in each at least. */
#define BLOCKS		16
#define BLOCK_POINTS	4
/* 10^12 mppb in 1, divided by 10^6 ns in a cycle at 1 kHz */
#define MPPB_PER_KHZ	1000000ULL
/* Half-widths are added up in 10^-6 ppb. */
#define UPPB_PER_MPPB	1000
/* Each quarter of the points is checked for even places in the nanosecond, by harmonics. */
#define DITHER_PARTS	4
#define DITHER_HARMONICS	4
/* With fewer points in a quarter nothing can be said. */
#define DITHER_POINTS	16
/* The sum of n unit vectors in random directions is longer than 3 sqrt(n) once in 8000 times. */
#define DITHER_MAX_SQUARED	9
#define UNIT_VECTOR	32767

/* Student's t, two-sided 95 %, times 1000, for 1..30 degrees of freedom. */
static const u16 student_t[] = {
	12706, 4303, 3182, 2776, 2571, 2447, 2365, 2306, 2262, 2228,
	2201, 2179, 2160, 2145, 2131, 2120, 2110, 2101, 2093, 2086,
	2080, 2074, 2069, 2064, 2060, 2056, 2052, 2048, 2045, 2042,
};

static u32 student_t_milli(u64 freedom)
{
	if (freedom <= ARRAY_SIZE(student_t))
		return student_t[freedom - 1];
	/* 1.96 + 2.5/f is above t by at most 0.002 from 30 on */
	return 1960 + (u32)div64_u64(2500, freedom) + 1;
}

/* A time from the mean, in units of 2^tsc_shift cycles. */
static s64 time_of(const struct tscope_line *line, u64 tsc)
{
	return (s64)(tsc - line->tsc) >> line->tsc_shift;
}

/**
 * tscope_line_find() - least squares of values over the TSC
 * @p: points, in the order of time
 * @n: how many, 1 to TSCOPE_FIT_MAX_POINTS
 * @value: the value of a point
 * @line: result
 * Context: process; takes two passes over the points.
 * Return: 0; -ENODATA if all points are at one time; -ERANGE if the values are too far apart for
 * the sums; -EINVAL if points are out of order.
 */
int tscope_line_find(const struct tscope_point *p, u32 n,
		     s64 (*value)(const struct tscope_point *p), struct tscope_line *line)
{
	u64 span = p[n - 1].tsc - p[0].tsc;
	s64 low = S64_MAX, high = S64_MIN, x;
	s128 sum = 0, sxy = 0;
	u128 tsc_sum = 0;
	u32 i;

	for (i = 0; i < n; i++) {
		if (i && p[i].tsc < p[i - 1].tsc)
			return -EINVAL;
		tsc_sum += p[i].tsc - p[0].tsc;
		sum += value(&p[i]);
		low = min(low, value(&p[i]));
		high = max(high, value(&p[i]));
	}
	if (!span)
		return -ENODATA;
	/* a value at the end of its range was saturated */
	if (((s128)high - low) >> VALUE_BITS || low == S64_MIN || high == S64_MAX || span > S64_MAX)
		return -ERANGE;

	*line = (struct tscope_line){
		.tsc = p[0].tsc + (u64)tscope_div128(tsc_sum, n),
		.mean = (s64)tscope_div128_signed(sum, n),
		.tsc_shift = max(fls64(span) - TIME_BITS, 0),
	};
	for (i = 0; i < n; i++) {
		x = time_of(line, p[i].tsc);
		line->sxx += (u64)(x * x);
		sxy += (s128)x * (value(&p[i]) - line->mean);
	}
	/* as many binary places as fit, 48 at most */
	line->slope_bits = min(126 - tscope_fls128(tscope_abs128(sxy)), 48);
	line->slope = tscope_div128_signed(sxy * ((s128)1 << line->slope_bits), line->sxx);
	return 0;
}

/**
 * tscope_line_residual() - how far a value lies above a line
 * @line: the line
 * @tsc: time of the value, cycles
 * @value: in the unit of the values that the line was found for
 * Context: any.
 * Return: the distance in the same unit.
 */
s64 tscope_line_residual(const struct tscope_line *line, u64 tsc, s64 value)
{
	s128 at = line->slope * time_of(line, tsc);

	at = at < 0 ? -(-at >> line->slope_bits) : at >> line->slope_bits;
	return (s64)(value - line->mean - at);
}

/**
 * tscope_fit_residual() - how far the phase of a point lies above the line
 * @fit: the line
 * @p: the point, of the same segment
 * Context: any.
 * Return: 2^-16 ns.
 */
s64 tscope_fit_residual(const struct tscope_fit *fit, const struct tscope_point *p)
{
	return tscope_line_residual(&fit->line, p->tsc, p->phase);
}

/*
 * Sine of an angle in 1/256 of a turn, times UNIT_VECTOR, to 0.2 %: with x from 0 to 1 in half a
 * turn it is 16 x (1 - x) / (5 - 4 x (1 - x)) (Bhaskara I).
 */
static s32 sine(u8 angle)
{
	s32 x = angle % 128, product = 4 * x * (128 - x);

	x = UNIT_VECTOR * product / (5 * 128 * 32 - product / 4);
	return angle < 128 ? x : -x;
}

static bool part_dithers(const struct tscope_fit *fit, const struct tscope_point *p, u32 n)
{
	s64 cosines[DITHER_HARMONICS] = { 0 }, sines[DITHER_HARMONICS] = { 0 };
	u32 i, k;
	u16 place;
	u8 angle;

	for (i = 0; i < n; i++) {
		/* where in its nanosecond the clock was: the line minus whole ns */
		place = p[i].added - (u16)tscope_fit_residual(fit, &p[i]);
		for (k = 0; k < DITHER_HARMONICS; k++) {
			angle = (u16)(place * (k + 1)) >> 8;
			cosines[k] += sine(angle + 64);
			sines[k] += sine(angle);
		}
	}
	for (k = 0; k < DITHER_HARMONICS; k++)
		if ((u64)(cosines[k] * cosines[k] + sines[k] * sines[k]) >
		    (u64)DITHER_MAX_SQUARED * n * UNIT_VECTOR * UNIT_VECTOR)
			return false;
	return true;
}

/* Whether readings fall evenly over the nanosecond, so that rounding to it only adds noise. */
static bool dithers(const struct tscope_fit *fit, const struct tscope_point *p)
{
	u32 part = fit->points / DITHER_PARTS, i;

	for (i = 0; i < DITHER_PARTS; i++)
		if (part < DITHER_POINTS || !part_dithers(fit, p + i * part, part))
			return false;
	return true;
}

/* num / den with FACTOR_BITS binary places; both may have 127 bits. */
static u64 factor(u128 num, u128 den)
{
	int shift = max3(tscope_fls128(num) - 100, tscope_fls128(den) - 100, 0);

	den >>= shift;
	return (u64)tscope_div128((num >> shift) << FACTOR_BITS, den ?: 1);
}

struct sums {
	u128 squares;
	s128 lag;		/* sum of the products of neighbours */
};

/* Sums over the means of residuals, each in a block of @points points. */
static struct sums sums_of_means(const struct tscope_fit *fit, const struct tscope_point *p,
				 u32 blocks, u32 points)
{
	s64 mean, last = 0;
	struct sums s = { };
	s128 sum;
	u32 i;

	while (blocks--) {
		for (sum = 0, i = 0; i < points; i++)
			sum += tscope_fit_residual(fit, p++);
		mean = (s64)tscope_div128_signed(sum, points);
		s.squares += (u128)((s128)mean * mean);
		s.lag += (s128)mean * last;
		last = mean;
	}
	return s;
}

/*
 * r = lag / squares of @n values from which a line was subtracted, with FACTOR_BITS binary places.
 * This is too low by about (2 + 6 r)/n, so that is added. AR(1) noise in selftests/user confirms
 * the term (without a line it is (1 + 4 r)/n: Kendall, 1954).
 */
static s64 correlation(const struct sums *s, u32 n)
{
	s64 r = factor(tscope_abs128(s->lag), s->squares);

	if (s->lag < 0)
		r = -r;
	return r + (2 * ONE + (r > 0 ? 6 * r : 0)) / n;
}

/*
 * Sum of the residuals' squares, and the degrees of freedom, with FACTOR_BITS places. n points with
 * lag-1 correlation r are worth n (1 - r)/(1 + r) independent points, of which the line takes two
 * (Santer et al., J. Geophys. Res. 105, 2000, eq. 4 to 6). They are worth less if the means of
 * blocks vary by more than the means of independent points would; that ratio is increased for the
 * correlation of the blocks themselves (batch means: Law and Kelton, Simulation Modeling and
 * Analysis, ch. 9). The line takes two of the blocks.
 */
static u128 residuals(const struct tscope_fit *fit, const struct tscope_point *p, u64 *freedom)
{
	u64 n = fit->points, points = n / BLOCKS, corr = 0, worth, wide = 0;
	struct sums all = sums_of_means(fit, p, n, 1), means;
	s64 r;

	if (all.lag > 0)
		corr = min_t(u64, correlation(&all, n), CORRELATION_MAX);
	worth = n * (ONE - corr) * ONE / (ONE + corr);
	if (points >= BLOCK_POINTS && all.squares) {
		means = sums_of_means(fit, p, BLOCKS, points);
		r = clamp_t(s64, correlation(&means, BLOCKS), 0, BLOCK_CORR_MAX);
		/* at most 1 before it is multiplied: means can't vary more than points */
		wide = factor(means.squares * points, all.squares) * (n - 2) / (BLOCKS - 2) *
		       (ONE + r) / (ONE - r);
	}
	if (wide > ONE)
		worth = min(worth, n * ONE * ONE / wide);
	*freedom = worth > 3 * ONE ? worth - 2 * ONE : ONE;
	return all.squares;
}

/* Half-width of the 95 % interval that the residuals explain, 10^-6 ppb. */
static u64 random_error_uppb(const struct tscope_fit *fit, const struct tscope_point *p, u32 khz)
{
	u64 freedom;
	u128 ssr = residuals(fit, p, &freedom), error;
	int bits = min((126 - FACTOR_BITS - tscope_fls128(ssr)) & ~1, 96);

	/* variance of the slope = ssr / freedom / sxx, below 2^116; all is rounded up */
	error = tscope_div128(tscope_div128(ssr << (bits + FACTOR_BITS), freedom),
			      fit->line.sxx) + !!ssr;
	error = tscope_sqrt128(error) + !!ssr;
	error *= MPPB_PER_KHZ * khz * (u128)student_t_milli(freedom >> FACTOR_BITS);
	error >>= TSCOPE_PHASE_SHIFT + fit->line.tsc_shift + bits / 2;
	return tscope_clamp64(error + !!ssr);
}

/* The rate by which the phase may have moved unseen over the span, 10^-6 ppb. */
static u64 hidden_error_uppb(const struct tscope_hidden *hidden, u64 span_ns)
{
	u128 moved = (u128)hidden->phase * 1000000000000000ULL;

	return tscope_clamp64(tscope_div128(moved >> TSCOPE_PHASE_SHIFT, span_ns ?: 1) + 1);
}

/**
 * tscope_fit_line() - fit a line to points
 * @p: points of one segment, in the order of time
 * @n: how many, up to TSCOPE_FIT_MAX_POINTS
 * @khz: the TSC's nominal frequency, not 0
 * @hidden: how far the phase may move without a trace in the residuals
 * @fit: result
 * Context: process; takes three passes over the points, or some more.
 * Return: 0; -ENODATA below TSCOPE_FIT_MIN_POINTS; an errno of tscope_line_find(); -ERANGE if the
 * skew does not fit its type.
 */
int tscope_fit_line(const struct tscope_point *p, u32 n, u32 khz,
		    const struct tscope_hidden *hidden, struct tscope_fit *fit)
{
	struct tscope_line *line = &fit->line;
	u128 skew, per_mppb = (u128)khz * MPPB_PER_KHZ;
	u64 random, unseen = 0, span_ns;
	int shift, err;

	if (n < TSCOPE_FIT_MIN_POINTS)
		return -ENODATA;
	err = tscope_line_find(p, n, tscope_point_phase, line);
	if (err)
		return err;

	shift = TSCOPE_PHASE_SHIFT + line->tsc_shift + line->slope_bits;
	skew = tscope_abs128(line->slope);
	if (tscope_fls128(skew) + tscope_fls128(per_mppb) > 126)
		return -ERANGE;
	skew = (skew * per_mppb + ((u128)1 << (shift - 1))) >> shift;
	if (skew > S64_MAX)
		return -ERANGE;
	span_ns = tscope_cyc_to_ns(p[n - 1].tsc - p[0].tsc, khz);
	fit->skew_mppb = line->slope < 0 ? -(s64)skew : (s64)skew;
	fit->points = n;
	fit->span_ms = div_u64(span_ns, 1000000);

	random = random_error_uppb(fit, p, khz);
	if (hidden->phase && !(hidden->whole_ns && dithers(fit, p)))
		unseen = hidden_error_uppb(hidden, span_ns);
	/* too large to be squared: the half-width says nothing then */
	if (random >> 62 || unseen >> 62) {
		fit->error_mppb = S64_MAX;
		return 0;
	}
	random = tscope_sqrt128((u128)random * random + (u128)unseen * unseen) + 1;
	/* the skew itself is rounded */
	fit->error_mppb = div_u64(random + UPPB_PER_MPPB / 2 + UPPB_PER_MPPB - 1, UPPB_PER_MPPB);
	return 0;
}
