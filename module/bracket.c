// SPDX-License-Identifier: GPL-2.0
/*
 * Correct phases for the place in its bracket at which a clock is read.
 *
 * A reading counts as one at the middle of its bracket. If the clock is always read at another
 * place, a share p of the width after the beginning, the phase is off by (p - 1/2) width: widths
 * that change while a machine warms up look like skew. So phase is regressed on time and width, and
 * what the width explains is subtracted. By Frisch and Waugh (Econometrica 1, 1933) the width's
 * share is that of its residuals about a line of its own, and a line through the rest has the slope
 * of the regression on both. The slope's variance grows by 1/(1 - r^2), with r the correlation of
 * time and width. A reading is off by half of its width at most, so the share is limited to that.
 */
#include <linux/math64.h>

#include "bracket.h"
#include "math128.h"

/* Widths have 8 binary places, because a native bracket lasts only tens of ns. */
#define WIDTH_BITS	8
/*
 * The place p may also drift from one end of the points to the other. This is a slope, so no
 * residual shows it. 2^-4 of the mean width is allowed for it, as was seen in emulation.
 */
#define PLACE_BITS	4
#define SHARE_MAX	(1LL << (TSCOPE_BRACKET_SHARE_BITS - 1))

static s64 width_of(const struct tscope_point *p)
{
	return (s64)p->width_ns << WIDTH_BITS;
}

/*
 * Subtract from the phases of @n points of one segment, in the order of time, what their widths
 * explain. @n is up to TSCOPE_FIT_MAX_POINTS. @b is what was subtracted: a share of 0 if nothing
 * was.
 */
void tscope_bracket_correct(struct tscope_point *p, u32 n, struct tscope_bracket *b)
{
	struct tscope_line width, phase;
	u128 squares = 0, rest = 0;
	s128 product = 0;
	s64 off;
	u32 i;

	*b = (struct tscope_bracket){ .widen = 1 << TSCOPE_BRACKET_WIDEN_BITS };
	if (n < TSCOPE_BRACKET_MIN_POINTS ||
	    tscope_line_find(p, n, width_of, &width) ||
	    tscope_line_find(p, n, tscope_point_phase, &phase))
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
 * tscope_bracket_fit() - fit a line to points whose readings may be brackets
 * @p: points of one segment, in the order of time; phases of brackets are corrected in place
 * @n: how many, up to TSCOPE_FIT_MAX_POINTS
 * @khz: the TSC's nominal frequency, not 0
 * @tick_ns: the step in which the clock counts; 0 if nothing is rounded
 * @fit: result
 * Context: process; takes some passes over the points.
 * Return: as tscope_fit_line().
 */
int tscope_bracket_fit(struct tscope_point *p, u32 n, u32 khz, u32 tick_ns, struct tscope_fit *fit)
{
	/* rounding to a step can move the slope of least squares by 1.5 steps over the span */
	struct tscope_hidden hidden = {
		.phase = 3ULL * tick_ns << (TSCOPE_PHASE_SHIFT - 1),
		.whole_ns = tick_ns == 1,
	};
	struct tscope_bracket b;
	u64 width_ns = 0;
	u32 i;
	int err;

	for (i = 0; i < n; i++)
		width_ns += p[i].width_ns;
	if (!width_ns)
		return tscope_fit_line(p, n, khz, &hidden, fit);

	hidden.phase = max(hidden.phase, ((div_u64(width_ns, n) >> PLACE_BITS) + 1) <<
					 TSCOPE_PHASE_SHIFT);
	hidden.whole_ns = false;
	tscope_bracket_correct(p, n, &b);
	err = tscope_fit_line(p, n, khz, &hidden, fit);
	if (!err)
		fit->error_mppb = tscope_clamp64((u128)fit->error_mppb * b.widen >>
						 TSCOPE_BRACKET_WIDEN_BITS);
	return err;
}
