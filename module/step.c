// SPDX-License-Identifier: GPL-2.0
/*
 * Tells a step of a clock from a change of its rate and from noise.
 *
 * Eight readings, of which the gap between the fourth and the fifth is
 * judged. What the clock gained in the gap is compared with the rate before
 * it and with the rate after it (each the median of three, so that another
 * step nearby spoils neither). A step is gained beyond both, in the same
 * direction. A change of rate is not: wherever it falls, the gain lies
 * between what the two rates give. Two changes of rate within the eight
 * readings can look like a step; from a ramp that turns the spread of the
 * gains tells it.
 */
#include "step.h"
#include "wide.h"

/* Rounding of the readings and of their differences. */
#define ROUNDING_NS	4
/* A step stands out of the usual jump between readings by that factor. */
#define NOISE_FACTOR	20
/* Where a ramp turns, the gain passes the median by twice the gains' spread. */
#define SPREAD_FACTOR	4

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

static u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

static void swap_above(s64 *a, s64 *b)
{
	s64 t = *a;

	if (t > *b) {
		*a = *b;
		*b = t;
	}
}

/*
 * What the rate of three gaps gives over a span, by the median of the three;
 * and how far that may be off: by the readings' errors, and by a rate that
 * moves, of which the distance to the nearer of the other two tells.
 */
static s64 expect(const struct gap *g, u64 span_ns, u64 *error_ns,
		  u64 *spread_ns)
{
	u64 e, low, high, error = 0;
	s64 gain[3];
	int i;

	for (i = 0; i < 3; i++) {
		gain[i] = scale(g[i].gain_ns, span_ns, g[i].span_ns);
		/* the gain is of three figures in whole ns: 2 ns at most */
		e = tscope_abs64(scale((s64)g[i].error_ns + 2, span_ns,
				       g[i].span_ns));
		if (e > error)
			error = e;
	}
	swap_above(&gain[0], &gain[1]);
	swap_above(&gain[1], &gain[2]);
	swap_above(&gain[0], &gain[1]);

	low = (u64)gain[1] - (u64)gain[0];
	high = (u64)gain[2] - (u64)gain[1];
	e = low < high ? low : high;
	*spread_ns = max_u64(*spread_ns, e > S64_MAX / 8 ? S64_MAX / 8 : e);
	*error_ns = max_u64(*error_ns,
			    error > S64_MAX / 8 ? S64_MAX / 8 : error);
	return gain[1];
}

/**
 * tscope_step_wild() - how far gains around a gap are from each other
 * @r: TSCOPE_STEP_POINTS readings, in the order of time
 * @khz: the TSC's nominal frequency, not 0
 *
 * Stands for the usual jump while that is not known. Context: process.
 *
 * Return: nanoseconds; 0 where the TSC went back.
 */
u64 tscope_step_wild(const struct tscope_reading *r, u32 khz)
{
	s64 low = S64_MAX, high = S64_MIN;
	struct gap g;
	int i;

	for (i = 0; i < TSCOPE_STEP_POINTS - 1; i++) {
		if (r[i + 1].tsc <= r[i].tsc)
			return 0;
		if (i == TSCOPE_STEP_SIDE - 1)
			continue;
		gap_of(&r[i], khz, &g);
		low = g.gain_ns < low ? g.gain_ns : low;
		high = g.gain_ns > high ? g.gain_ns : high;
	}
	return (u64)high - (u64)low;
}

/**
 * tscope_step_find() - look for a step between the two halves of readings
 * @r: TSCOPE_STEP_POINTS readings, in the order of time
 * @khz: the TSC's nominal frequency, not 0
 * @noise_ns: usual jump between readings; see @jump_ns
 * @step: where there is a step, its size
 * @jump_ns: how much the clock gained beyond both rates and the errors that
 *	are known, cut to what makes a step; its mean over many calls is
 *	@noise_ns
 *
 * Context: process; divides.
 *
 * Return: whether there is a step.
 */
bool tscope_step_find(const struct tscope_reading *r, u32 khz, u64 noise_ns,
		      struct tscope_step *step, u64 *jump_ns)
{
	struct gap g[TSCOPE_STEP_POINTS - 1], *mid = &g[TSCOPE_STEP_SIDE - 1];
	u64 error = 0, spread = 0, noise, jump, differ;
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
			  expect(g, mid->span_ns, &error, &spread));
	after = clamp128((tscope_s128)mid->gain_ns -
			 expect(mid + 1, mid->span_ns, &error, &spread));
	if (before < 0 ? after >= 0 : after < 0)
		return false;

	error += mid->error_ns + ROUNDING_NS;
	jump = tscope_abs64(before) < tscope_abs64(after) ?
	       tscope_abs64(before) : tscope_abs64(after);
	if (jump <= error)
		return false;
	*jump_ns = jump - error;
	noise = max_u64(NOISE_FACTOR * noise_ns, SPREAD_FACTOR * spread);
	if (*jump_ns <= noise)
		return false;

	/* the truth lies between the two: the rate may have changed as well */
	*jump_ns = noise + ROUNDING_NS;
	differ = before > after ? (u64)before - (u64)after :
				  (u64)after - (u64)before;
	step->ns = before < after ? before + (s64)(differ / 2) :
				    after + (s64)(differ / 2);
	step->error_ns = error + noise + differ / 2 + 1;
	step->tsc = r[TSCOPE_STEP_SIDE].tsc;
	return true;
}
