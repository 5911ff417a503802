// SPDX-License-Identifier: GPL-2.0
/*
 * Correct phases for where in its bracket a clock is read.
 *
 * A reading is taken for one at the middle of its bracket. If the clock was read at another part
 * of it, and the same for all, then the phase is off by (that part - 1/2) of the width: widths that
 * change while a machine warms up look like skew. So phase is regressed on time and width, and what
 * the width explains is subtracted. By Frisch and Waugh (Econometrica 1, 1933) the width's share is
 * that of its residuals about a line of its own, and a line through the rest has the slope of the
 * regression on both. The slope's variance grows by 1/(1 - r^2), with r the correlation of time and
 * width. No reading can be off by more than half of its width: nor is the share more.
 */
#include "bracket.h"
#include "math128.h"

/* Widths have 8 binary places: a native bracket is some ten ns. */
#define WIDTH_BITS	8
/*
 * The part may also drift from one end of the points to the other. No residual shows that: it is a
 * slope. So 2^-4 of the mean width is allowed for it, which is what was seen in emulation.
 */
#define PLACE_BITS	4
#define SHARE_MAX	(1LL << (TSCOPE_BRACKET_SHARE_BITS - 1))

static s64 phase_of(const struct tscope_point *p)
{
	return p->phase;
}

static s64 width_of(const struct tscope_point *p)
{
	return (s64)p->width_ns << WIDTH_BITS;
}

/**
 * tscope_bracket_correct() - subtract from phases what their widths explain
 * @p: points of one segment, in the order of time; their phases change
 * @n: how many, up to TSCOPE_FIT_MAX_POINTS
 * @b: what was subtracted; a share of 0 where nothing was
 *
 * Context: process; takes some passes over the points.
 */
void tscope_bracket_correct(struct tscope_point *p, u32 n, struct tscope_bracket *b)
{
	struct tscope_line width, phase;
	u128 squares = 0, rest = 0;
	s128 product = 0;
	s64 off;
	u32 i;

	*b = (struct tscope_bracket){ .widen = 1 << TSCOPE_BRACKET_WIDEN_BITS };
	if (n < TSCOPE_BRACKET_MIN_POINTS || n > TSCOPE_FIT_MAX_POINTS ||
	    tscope_line_find(p, n, width_of, &width) || tscope_line_find(p, n, phase_of, &phase))
		return;
	for (i = 0; i < n; i++) {
		off = width_of(&p[i]) - width.mean;
		squares += (u128)((s128)off * off);
		off = tscope_line_residual(&width, p[i].tsc, width_of(&p[i]));
		rest += (u128)((s128)off * off);
		product += (s128)off * tscope_line_residual(&phase, p[i].tsc, p[i].phase);
	}
	if (!rest)
		return;

	/* phases are in 2^-16 ns: so is a share of a nanosecond */
	b->share = clamp_t(s128, tscope_div128_signed(product * (1 << WIDTH_BITS), rest),
			   -SHARE_MAX, SHARE_MAX);
	squares = tscope_div128(squares << (2 * TSCOPE_BRACKET_WIDEN_BITS), rest);
	b->widen = clamp_t(u64, tscope_sqrt128(squares), b->widen, U32_MAX);
	for (i = 0; i < n; i++) {
		off = (b->share * (width_of(&p[i]) - width.mean)) >> WIDTH_BITS;
		p[i].phase = tscope_ssub64(p[i].phase, off);
	}
}

/**
 * tscope_bracket_hidden_ns() - what phases may move by from first to last, unseen
 * @p: points of one segment
 * @n: how many, up to TSCOPE_FIT_MAX_POINTS
 * @resolution_ns: the step in which the clock counts
 *
 * Return: the larger of @resolution_ns and, rounded up, a sixteenth of the mean width; ns.
 */
u32 tscope_bracket_hidden_ns(const struct tscope_point *p, u32 n, u32 resolution_ns)
{
	u64 width = 0;
	u32 i;

	for (i = 0; i < n; i++)
		width += p[i].width_ns;
	width = (u64)tscope_div128(width, n ?: 1) >> PLACE_BITS;
	return width >= resolution_ns ? (u32)width + 1 : resolution_ns;
}

/**
 * tscope_bracket_widen() - the error of a slope of corrected points
 * @b: what tscope_bracket_correct() left
 * @error_mppb: what tscope_fit_line() says of them, 10^-3 ppb
 *
 * Return: half-width, 10^-3 ppb; S64_MAX where it is no figure.
 */
u64 tscope_bracket_widen(const struct tscope_bracket *b, u64 error_mppb)
{
	return tscope_clamp64((u128)error_mppb * b->widen >> TSCOPE_BRACKET_WIDEN_BITS);
}
