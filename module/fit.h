/* SPDX-License-Identifier: GPL-2.0 */
/* Least squares: skew with its 95 % half-width, and residuals. */
#ifndef TSCOPE_FIT_H
#define TSCOPE_FIT_H

#include "pure.h"

/* With fewer points the residuals say too little of the error. */
#define TSCOPE_FIT_MIN_POINTS	8
/* Up to this many points the sums fit in 128 bits. */
#define TSCOPE_FIT_MAX_POINTS	65536

/* A window's reading, as it is fitted. */
struct tscope_point {
	u64 tsc;			/* time, cycles */
	s64 phase;			/* clock - TSC since the segment's first point, 2^-16 ns */
	u32 width_ns;			/* width of the reading; 0 if it was exactly at @tsc */
	u16 segment;			/* number of the segment that it belongs to, modulo 2^16 */
	u16 added;	/* what averaging added to the reading at @tsc, 2^-16 ns, modulo 1 ns */
};

/* How far phases may move without a trace in the residuals. */
struct tscope_hidden {
	u64 phase;			/* from the first point to the last, 2^-16 ns */
	bool whole_ns;	/* @phase counts as 0 if readings fall evenly over the nanosecond */
};

/* Least squares of values over the TSC. */
struct tscope_line {
	u64 tsc;			/* mean time, cycles */
	s64 mean;			/* mean value */
	s128 slope;			/* change of the value in 2^@tsc_shift cycles */
	u8 slope_bits;			/* binary places of @slope */
	u8 tsc_shift;			/* times are in units of 2^@tsc_shift cycles */
	u128 sxx;			/* sum of the squares of times from @tsc, in those units */
};

/* A line through points. */
struct tscope_fit {
	s64 skew_mppb;			/* slope, 10^-3 ppb */
	u64 error_mppb;			/* half-width of its 95 % confidence interval, 10^-3 ppb */
	u32 points;			/* how many points it was fitted to */
	u64 span_ms;			/* from the first point to the last, by the TSC */
	struct tscope_line line;	/* the line of the points' phases, 2^-16 ns */
};

static inline s64 tscope_point_phase(const struct tscope_point *p)
{
	return p->phase;
}

int tscope_line_find(const struct tscope_point *p, u32 n,
		     s64 (*value)(const struct tscope_point *p), struct tscope_line *line);
s64 tscope_line_residual(const struct tscope_line *line, u64 tsc, s64 value);
int tscope_fit_line(const struct tscope_point *p, u32 n, u32 khz,
		    const struct tscope_hidden *hidden, struct tscope_fit *fit);
s64 tscope_fit_residual(const struct tscope_fit *fit, const struct tscope_point *p);

#endif /* TSCOPE_FIT_H */
