// SPDX-License-Identifier: GPL-2.0
/*
 * Tells a step of a clock from a change of its rate and from noise.
 *
 * Eight readings, of which the gap between the fourth and the fifth is
 * judged. What the clock gained in the gap is compared with the rate before
 * it and with the rate after it (each the median of three, so that another
 * step nearby spoils neither). A step is gained beyond both, in the same
 * direction. A change of rate is not: wherever it falls, the gain lies
 * between what the two rates give.
 */
#include "step.h"
#include "wide.h"

/* Rounding of the readings and of their differences. */
#define ROUNDING_NS	4
/* A step stands out of the usual jump between readings by that factor. */
#define NOISE_FACTOR	8

struct gap {
	s64 gain_ns;		/* clock - TSC over the gap */
	u64 span_ns;
	u64 error_ns;
};

static s64 clamp128(tscope_s128 x)
{
	if (x > S64_MAX)
		return S64_MAX;
	return x < S64_MIN ? S64_MIN : (s64)x;
}

/* ns * num / den, towards zero */
static s64 scale(s64 ns, u64 num, u64 den)
{
	tscope_u128 q = tscope_div128((tscope_u128)tscope_abs64(ns) * num, den);

	if (q > S64_MAX)
		q = S64_MAX;
	return ns < 0 ? -(s64)q : (s64)q;
}

static void gap_of(const struct tscope_reading *r, u32 khz, struct gap *g)
{
	s64 ns = tscope_sub64(r[1].ns, r[0].ns);

	g->span_ns = tscope_cyc_to_ns(r[1].tsc - r[0].tsc, khz);
	if (!g->span_ns)
		g->span_ns = 1;
	g->gain_ns = clamp128((tscope_s128)ns - g->span_ns);
	g->error_ns = (u64)r[0].error_ns + r[1].error_ns;
}

/*
 * What the rate of three gaps gives over a span, by the median of the three;
 * and the error that their readings leave in it.
 */
static s64 expect(const struct gap *g, u64 span_ns, u64 *error_ns)
{
	s64 a = scale(g[0].gain_ns, span_ns, g[0].span_ns);
	s64 b = scale(g[1].gain_ns, span_ns, g[1].span_ns);
	s64 c = scale(g[2].gain_ns, span_ns, g[2].span_ns);
	u64 e, error = 0;
	int i;

	for (i = 0; i < 3; i++) {
		e = tscope_abs64(scale((s64)g[i].error_ns + 1, span_ns,
				       g[i].span_ns));
		if (e > error)
			error = e;
	}
	*error_ns = error;

	if (a <= b ? b <= c : b > c)
		return b;
	if (b <= a ? a <= c : a > c)
		return a;
	return c;
}

/**
 * tscope_step_find() - look for a step between the two halves of readings
 * @r: TSCOPE_STEP_POINTS readings, in the order of time
 * @khz: the TSC's nominal frequency, not 0
 * @noise_ns: usual jump between readings; see @jump_ns
 * @step: where there is a step, its size
 * @jump_ns: where there is none, how much the clock gained beyond both rates;
 *	its mean over many calls is @noise_ns
 *
 * Context: process; divides.
 *
 * Return: whether there is a step.
 */
bool tscope_step_find(const struct tscope_reading *r, u32 khz, u64 noise_ns,
		      struct tscope_step *step, u64 *jump_ns)
{
	struct gap g[TSCOPE_STEP_POINTS - 1], *mid = &g[TSCOPE_STEP_SIDE - 1];
	u64 error_before, error_after, error;
	s64 before, after;
	int i;

	*jump_ns = 0;
	for (i = 0; i < TSCOPE_STEP_POINTS - 1; i++) {
		/* no rate can be had of a TSC that went back */
		if (r[i + 1].tsc <= r[i].tsc)
			return false;
		gap_of(&r[i], khz, &g[i]);
	}
	before = clamp128((tscope_s128)mid->gain_ns -
			  expect(g, mid->span_ns, &error_before));
	after = clamp128((tscope_s128)mid->gain_ns -
			 expect(mid + 1, mid->span_ns, &error_after));
	if (before < 0 ? after >= 0 : after < 0)
		return false;

	error = mid->error_ns + ROUNDING_NS;
	error += error_before > error_after ? error_before : error_after;
	*jump_ns = tscope_abs64(before) < tscope_abs64(after) ?
		   tscope_abs64(before) : tscope_abs64(after);
	if (*jump_ns <= error + NOISE_FACTOR * noise_ns)
		return false;

	/* the mean of the two, unless one was spoilt */
	error += NOISE_FACTOR / 2 * noise_ns;
	if (tscope_abs64(tscope_sub64((u64)before, (u64)after)) <= 2 * error &&
	    before < S64_MAX / 2 && before > S64_MIN / 2)
		step->ns = before + (after - before) / 2;
	else
		step->ns = tscope_abs64(before) < tscope_abs64(after) ?
			   before : after;
	step->error_ns = error;
	step->tsc = r[TSCOPE_STEP_SIDE].tsc;
	return true;
}
