// SPDX-License-Identifier: GPL-2.0
/*
 * Correct phases for where in its bracket a clock is read.
 *
 * A reading is taken for one at the middle of its bracket. If the clock was
 * read at another part of it, and the same for all, then the phase is off by
 * (that part - 1/2) of the width: widths that change while a machine warms up
 * look like skew. So phase is regressed on time and width, and what the width
 * explains is taken off. By Frisch and Waugh (Econometrica 1, 1933) the
 * width's share is that of its residuals about a line of its own, and a line
 * through the rest has the slope of the regression on both. The slope's
 * variance grows by 1/(1 - r^2), with r the correlation of time and width.
 *
 * No reading can be off by more than half of its width: nor is the share more.
 *
 * The part may also drift from one end of the points to the other. No residual
 * shows that: it is a slope. So a sixteenth of the mean width is allowed for
 * it, which is what was seen in emulation (Documentation/design.rst).
 */
#include "bracket.h"
#include "math128.h"

/* Times are scaled to 31 bits, as in fit.c. */
#define TIME_BITS	31
/* Widths have 8 binary places: a native bracket is some ten ns. */
#define WIDTH_BITS	8
/* Slopes have 28: a sum of 2^16 products of 31 and 51 bits leaves as many. */
#define SLOPE_BITS	28
/* Phases beyond that are no fit's either: tscope_fit_line() says so. */
#define PHASE_BITS	50
#define FAR		(1LL << (PHASE_BITS + 1))
#define SHARE_MAX	(1 << (TSCOPE_BRACKET_SHARE_BITS - 1))

/**
 * struct means - what the points are centred by
 * @tsc: mean time from the first point, cycles
 * @width: mean width, 2^-8 ns
 * @phase: mean phase from the first point's
 * @shift: brings times to TIME_BITS
 */
struct means {
	u64 tsc;
	s64 width;
	s64 phase;
	int shift;
};

static s128 div_signed(s128 num, u128 den)
{
	return num < 0 ? -(s128)tscope_div128(-(u128)num, den) :
			 (s128)tscope_div128(num, den);
}

/* False: the points are not such that a line could be fitted to them. */
static bool centre(const struct tscope_point *p, u32 n, struct means *m)
{
	u128 tsc = 0, width = 0;
	s128 phase = 0, d;
	u64 span = p[n - 1].tsc - p[0].tsc;
	u32 i;

	if (!span || span > S64_MAX)
		return false;
	/* so that a correction can't pass the end */
	if (p[0].phase > S64_MAX - FAR || p[0].phase < S64_MIN + FAR)
		return false;
	for (i = 0; i < n; i++) {
		d = (s128)p[i].phase - p[0].phase;
		if (p[i].tsc - p[0].tsc > span || d >> PHASE_BITS > 0 ||
		    -d >> PHASE_BITS > 0)
			return false;
		tsc += p[i].tsc - p[0].tsc;
		width += p[i].width_ns;
		phase += d;
	}
	m->shift = fls64(span) > TIME_BITS ? fls64(span) - TIME_BITS : 0;
	m->tsc = (u64)tscope_div128(tsc, n);
	m->width = (s64)tscope_div128(width << WIDTH_BITS, n);
	m->phase = (s64)div_signed(phase, n);
	return true;
}

static s64 time_of(const struct tscope_point *p, const struct tscope_point *first,
		   const struct means *m)
{
	return (s64)(p->tsc - first->tsc - m->tsc) >> m->shift;
}

/* Width of a point from the mean, 2^-8 ns. */
static s64 width_of(const struct tscope_point *p, const struct means *m)
{
	return ((s64)p->width_ns << WIDTH_BITS) - m->width;
}

/* The slope of a line through points with these sums, as SLOPE_BITS has it. */
static s128 slope_of(s128 sum, u128 squares)
{
	return div_signed(sum * (1 << SLOPE_BITS), squares);
}

static s64 line_at(s128 slope, s64 t)
{
	return (s64)((slope * t) >> SLOPE_BITS);
}

/**
 * tscope_bracket_correct() - subtract from phases what their widths explain
 * @p: points of one segment, in the order of time; their phases change
 * @n: how many, up to TSCOPE_FIT_MAX_POINTS
 * @b: what was subtracted; a share of 0 where nothing was
 *
 * Takes four passes over the points. Context: any.
 */
void tscope_bracket_correct(struct tscope_point *p, u32 n,
			    struct tscope_bracket *b)
{
	s128 tw = 0, tp = 0, wp = 0, share;
	u128 tt = 0, ww = 0, rest = 0, widen;
	s128 drift, skew;
	struct means m;
	s64 t, w, phase;
	u32 i;

	b->share = 0;
	b->widen = 1 << TSCOPE_BRACKET_WIDEN_BITS;
	if (n < TSCOPE_BRACKET_MIN_POINTS || n > TSCOPE_FIT_MAX_POINTS ||
	    !centre(p, n, &m))
		return;

	for (i = 0; i < n; i++) {
		t = time_of(&p[i], p, &m);
		w = width_of(&p[i], &m);
		tt += (u64)(t * t);
		ww += (u128)((s128)w * w);
		tw += (s128)t * w;
		tp += (s128)t * (p[i].phase - p[0].phase - m.phase);
	}
	if (!tt || !ww)
		return;
	drift = slope_of(tw, tt);
	skew = slope_of(tp, tt);
	for (i = 0; i < n; i++) {
		t = time_of(&p[i], p, &m);
		w = width_of(&p[i], &m) - line_at(drift, t);
		phase = p[i].phase - p[0].phase - m.phase - line_at(skew, t);
		rest += (u128)((s128)w * w);
		wp += (s128)w * phase;
	}
	if (!rest)
		return;

	/* phases are in 2^-16 ns: so is a share of a nanosecond */
	share = div_signed(wp * (1 << WIDTH_BITS), rest);
	if (share > SHARE_MAX)
		share = SHARE_MAX;
	b->share = share < -SHARE_MAX ? -SHARE_MAX : (s32)share;
	widen = tscope_sqrt128(tscope_div128(ww <<
					     (2 * TSCOPE_BRACKET_WIDEN_BITS),
					     rest));
	if (widen > U32_MAX)
		widen = U32_MAX;
	if (widen > b->widen)
		b->widen = (u32)widen;
	for (i = 0; i < n; i++)
		p[i].phase -= (b->share * width_of(&p[i], &m)) >> WIDTH_BITS;
}

/**
 * tscope_bracket_hidden_ns() - what phases may move by from first to last, unseen
 * @p: points of one segment
 * @n: how many, up to TSCOPE_FIT_MAX_POINTS
 * @resolution_ns: the step in which the clock counts
 *
 * Context: any.
 *
 * Return: the larger of @resolution_ns and, rounded up, a sixteenth of the mean
 * width; ns.
 */
u32 tscope_bracket_hidden_ns(const struct tscope_point *p, u32 n,
			     u32 resolution_ns)
{
	u64 width = 0;
	u32 i;

	if (!n)
		return resolution_ns;
	for (i = 0; i < n; i++)
		width += p[i].width_ns;
	width = (u64)tscope_div128(width, n) >> TSCOPE_BRACKET_PLACE_BITS;
	return width >= resolution_ns ? (u32)width + 1 : resolution_ns;
}

/**
 * tscope_bracket_widen() - the error of a slope of corrected points
 * @b: what tscope_bracket_correct() left
 * @error_mppb: what tscope_fit_line() says of them, 10^-3 ppb
 *
 * Context: any.
 *
 * Return: half-width, 10^-3 ppb; S64_MAX where it is no figure.
 */
u64 tscope_bracket_widen(const struct tscope_bracket *b, u64 error_mppb)
{
	u128 wide = (u128)error_mppb * b->widen;

	wide >>= TSCOPE_BRACKET_WIDEN_BITS;
	return wide > S64_MAX ? S64_MAX : (u64)wide;
}
