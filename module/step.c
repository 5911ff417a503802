// SPDX-License-Identifier: GPL-2.0
/*
 * Distinguishes a step of a clock from a change of its rate and from noise.
 *
 * Of eight readings the gap between the fourth and the fifth is judged. What the clock gained in it
 * is compared with the rate before it and with the rate after it (each is the median of three, so
 * that another step nearby distorts neither). A step exceeds both, in the same direction. A change
 * of rate does not: no matter where it falls in the gap, the gain lies between what the two rates
 * give. "Segments and steps" in Documentation/design.rst says why, and what counts as one step of a
 * clock that stands still.
 */
#include "step.h"
#include "math128.h"

#define GAPS		(TSCOPE_STEP_POINTS - 1)
#define MIDDLE		(TSCOPE_STEP_SIDE - 1)

/* Rounding of the readings and of their differences. */
#define ROUNDING_NS	4
/* A step exceeds the usual jump between readings by this factor. */
#define NOISE_FACTOR	20
/* If a ramp turns, the gain may exceed the median by twice the gains' spread. */
#define SPREAD_FACTOR	4
/*
 * No clock's rate differs from the TSC's by 1/STILL_PART: adjtimex() changes a rate by a tenth at
 * most, and if the kernel has a wrong frequency, it is wrong by some percent.
 */
#define STILL_PART	8
/* A clock that loses less than 1/LOSS_PART of a gap did not stand still during the gap. */
#define LOSS_PART	64
/*
 * In a gap that is longer than LONG_NS, and than its neighbours, nobody knows the rate of a clock
 * that is steered: sampling was off, and NTP slews by 500 ppm, which is 1/WANDER_PART.
 */
#define LONG_NS		2000000000LL
#define WANDER_PART	2000
/* A step's error is at most this. A few of these can be added up in 64 bits. */
#define ERROR_MAX_NS	((u64)S64_MAX / 8)

struct gap {
	s64 clock_ns;		/* time that passed on the clock */
	s64 tsc_ns;		/* time that passed on the TSC */
	s64 gain_ns;		/* clock - TSC */
	u64 span_ns;		/* how long the gap was */
	u64 other_ns;		/* middle gap only: how long it may have been instead; or 0 */
	u64 wander_ns;		/* middle gap only: what a clock that is steered may have gained */
	u64 error_ns;
};

/* ns * num / den, towards zero, saturated */
static s64 scale_ns(s64 ns, u64 num, u64 den)
{
	return tscope_clamp64(tscope_div128_signed((s128)ns * num, den));
}

/* Whether the TSC went back, or stood still, after a reading. */
static bool tsc_went_back(const struct tscope_reading *r)
{
	return r[1].tsc <= r[0].tsc;
}

static bool is_usual(s64 span_ns, u64 usual_ns)
{
	return span_ns > 0 && (u64)span_ns / 2 <= usual_ns;
}

/*
 * Compute all gaps between the readings. If the TSC went back in a gap, or jumped in the middle
 * one, the length of that gap is not taken from the TSC. Of three gaps whose rates are compared,
 * the median leaves out the one in which it went back.
 */
static void gaps_of(const struct tscope_reading *r, u32 khz, struct gap *gaps)
{
	struct gap *g, *mid = &gaps[MIDDLE];
	u64 usual_ns;

	for (g = gaps; g < gaps + GAPS; g++, r++) {
		*g = (struct gap){
			.clock_ns = tscope_sub64(r[1].ns, r[0].ns),
			.tsc_ns = tscope_scyc_to_ns(tscope_sub64(r[1].tsc, r[0].tsc), khz),
			.error_ns = (u64)r[0].error_ns + r[1].error_ns,
		};
		g->gain_ns = tscope_ssub64(g->clock_ns, g->tsc_ns);
		g->span_ns = max_t(s64, tsc_went_back(r) ? g->clock_ns : g->tsc_ns, 1);
	}
	usual_ns = max(mid[-1].span_ns, mid[1].span_ns);
	if (is_usual(mid->tsc_ns, usual_ns))
		return;
	if (is_usual(mid->clock_ns, usual_ns)) {
		mid->span_ns = mid->clock_ns;
		/* or the clock stood still while the TSC went on */
		mid->other_ns = max_t(s64, mid->tsc_ns, 0);
	} else if (mid->tsc_ns <= 0) {
		mid->span_ns = usual_ns;
	} else if (mid->clock_ns < 0 || mid->clock_ns > LONG_NS) {
		mid->wander_ns = mid->tsc_ns > LONG_NS ? mid->tsc_ns / WANDER_PART : 0;
	}
}

/*
 * What the clock gains over a span at the rate of three gaps: the median of the three. Also how far
 * that may be off: @error_ns is by the readings' errors, @spread_ns by a rate that moves, which is
 * the distance from the median to the nearer of the other two. Both only grow.
 */
static s64 expected_gain_ns(const struct gap *g, u64 span_ns, u64 *error_ns, u64 *spread_ns)
{
	s64 gain[3], error, low, median, high;
	int i;

	for (i = 0; i < 3; i++) {
		gain[i] = scale_ns(g[i].gain_ns, span_ns, g[i].span_ns);
		/* the gain is computed of three figures in whole ns: 2 ns at most */
		error = scale_ns(g[i].error_ns + 2, span_ns, g[i].span_ns);
		*error_ns = max(*error_ns, min_t(u64, error, ERROR_MAX_NS));
	}
	low = min(gain[0], gain[1]);
	high = max(gain[0], gain[1]);
	median = clamp_t(s64, gain[2], low, high);
	low = min(low, gain[2]);
	high = max(high, gain[2]);
	*spread_ns = max(*spread_ns, min3((u64)median - (u64)low, (u64)high - (u64)median,
					  ERROR_MAX_NS));
	return median;
}

/* How far the gains around the middle gap are from each other. */
static u64 spread_ns(const struct gap *g)
{
	s64 low = S64_MAX, high = S64_MIN;
	int i;

	for (i = 0; i < GAPS; i++) {
		if (i == MIDDLE || g[i].tsc_ns <= 0)
			continue;
		low = min(low, g[i].gain_ns);
		high = max(high, g[i].gain_ns);
	}
	return min_t(u64, (u64)high - (u64)low, U32_MAX);
}

static u64 threshold_ns(u64 noise_ns, u64 spread)
{
	return max(NOISE_FACTOR * noise_ns, SPREAD_FACTOR * spread);
}

/* How far a gap's gain is off the rate before the middle gap; 0 if this is noise. */
static s64 excess_ns(const struct gap *before, const struct gap *g, u64 noise_ns)
{
	u64 error = 0, spread = 0;
	s64 off = tscope_ssub64(g->gain_ns, expected_gain_ns(before, g->span_ns, &error, &spread));

	error += g->error_ns + ROUNDING_NS + threshold_ns(noise_ns, spread);
	return tscope_abs64(off) > error ? off : 0;
}

/* More than any rate gains or loses in a gap. */
static bool is_no_rate(s64 gain_ns, u64 span_ns)
{
	return tscope_abs64(gain_ns) > span_ns / STILL_PART;
}

static bool loses(const struct gap *g, s64 off, u32 part)
{
	return off < 0 && tscope_abs64(off) > g->span_ns / part;
}

/* Whether the clock certainly went back. A clock that only stood still loses just the gap. */
static bool went_back(const struct gap *g)
{
	return g->clock_ns < -(s64)g->error_ns;
}

/**
 * tscope_step_continues() - whether the step in the middle goes on after it
 * @r: TSCOPE_STEP_POINTS readings, in the order of time
 * @khz: the TSC's nominal frequency, not 0
 * @noise_ns: usual jump between readings; see tscope_step_find()
 *
 * It does if the clock loses time in the next gap as well, and either loses more in it than any
 * rate explains, or loses nothing more in the two gaps after it. Context: process; divides.
 * Return: whether the reading after the middle gap is one within the step.
 */
bool tscope_step_continues(const struct tscope_reading *r, u32 khz, u64 noise_ns)
{
	struct gap g[GAPS], *mid = &g[MIDDLE];
	u64 error = 0, spread = 0;
	s64 first, next;

	gaps_of(r, khz, g);
	if (tsc_went_back(&r[MIDDLE]) || went_back(mid) || went_back(mid + 1))
		return false;
	first = excess_ns(g, mid, noise_ns);
	next = excess_ns(g, mid + 1, noise_ns);
	if (first >= 0 || next >= 0)
		return false;
	/* a clock that stood still or was set from the beginning has no rate to go back to */
	if (loses(&g[1], g[1].gain_ns, STILL_PART) ||
	    is_no_rate(expected_gain_ns(g, mid->span_ns, &error, &spread), mid->span_ns))
		return false;
	if (loses(mid + 1, next, STILL_PART))
		return true;
	return (loses(mid, first, LOSS_PART) || loses(mid + 1, next, LOSS_PART)) &&
	       !excess_ns(g, mid + 2, noise_ns) && !excess_ns(g, mid + 3, noise_ns);
}

/* How much the step would differ if the middle gap had lasted as long as the TSC says. */
static u64 doubt_ns(const struct gap *g, const struct gap *mid)
{
	u64 error = 0, spread = 0, unused = 0;
	s64 one, other;

	if (!mid->other_ns)
		return 0;
	one = expected_gain_ns(g, mid->span_ns, &unused, &unused);
	other = expected_gain_ns(g, mid->other_ns, &error, &spread);
	return tscope_abs64(tscope_ssub64(one, other)) + error;
}

/**
 * tscope_step_find() - look for a step between the two halves of readings
 * @r: TSCOPE_STEP_POINTS readings, in the order of time
 * @khz: the TSC's nominal frequency, not 0
 * @noise_ns: usual jump between readings: the mean of @jump_ns over many calls
 * @flags: TSCOPE_STEP_*
 * @step: result, if there is a step
 * @jump_ns: result: how much the clock gained beyond both rates and the errors that are known,
 *	limited to little more than the least step
 * Context: process; divides.
 * Return: whether there is a step.
 */
bool tscope_step_find(const struct tscope_reading *r, u32 khz, u64 noise_ns, unsigned int flags,
		      struct tscope_step *step, u64 *jump_ns)
{
	struct gap g[GAPS], *mid = &g[MIDDLE];
	u64 error = 0, spread = 0, noise, jump, differ;
	s64 before, after;

	*jump_ns = 0;
	gaps_of(r, khz, g);
	if (flags & TSCOPE_STEP_LEARNING)
		noise_ns = max(noise_ns, spread_ns(g));
	before = tscope_ssub64(mid->gain_ns, expected_gain_ns(g, mid->span_ns, &error, &spread));
	after = tscope_ssub64(mid->gain_ns,
			      expected_gain_ns(mid + 1, mid->span_ns, &error, &spread));
	if (before < 0 ? after >= 0 : after < 0)
		return false;

	error += mid->error_ns + ROUNDING_NS;
	if (flags & TSCOPE_STEP_STEERED)
		error += mid->wander_ns;
	jump = min(tscope_abs64(before), tscope_abs64(after));
	if (jump <= error)
		return false;
	*jump_ns = jump - error;
	noise = threshold_ns(noise_ns, spread);
	if (*jump_ns <= noise)
		return false;

	/* the truth lies between the two: the rate may have changed as well */
	*jump_ns = noise + ROUNDING_NS;
	differ = tscope_abs64(before - after);
	*step = (struct tscope_step){
		.ns = min(before, after) + (s64)(differ / 2),
		.error_ns = error + noise + differ / 2 + 1 + doubt_ns(g, mid),
		.tsc = r[TSCOPE_STEP_SIDE].tsc,
	};
	return true;
}

/**
 * tscope_step_find_early() - look for steps before the middle, among the first readings of a series
 * @r: TSCOPE_STEP_POINTS readings, in the order of time
 * @khz: the TSC's nominal frequency, not 0
 * @step: result, if there is a step; of several, as of a clock that stands still, their sum
 *
 * Before these gaps there are too few readings for a rate and its noise. So only what no rate
 * explains is a step. Context: process; divides.
 * Return: whether there is a step.
 */
bool tscope_step_find_early(const struct tscope_reading *r, u32 khz, struct tscope_step *step)
{
	struct gap g[GAPS];
	u64 error, spread;
	s64 expected, off;
	bool found = false;
	int i;

	gaps_of(r, khz, g);
	*step = (struct tscope_step){ };
	for (i = 0; i < MIDDLE; i++) {
		error = 0;
		spread = 0;
		expected = expected_gain_ns(&g[MIDDLE + 1], g[i].span_ns, &error, &spread);
		error += g[i].error_ns + spread + ROUNDING_NS;
		/* a clock that stands still afterwards has no rate to be compared with */
		if (is_no_rate(expected, g[i].span_ns))
			return false;
		off = tscope_ssub64(g[i].gain_ns, expected);
		if (tscope_abs64(off) <= error ||
		    !is_no_rate(tscope_abs64(off) - error, g[i].span_ns))
			continue;
		/* if the TSC jumped, the rate held for as long as the clock says */
		error += tscope_abs64(scale_ns(expected, tscope_abs64(off), g[i].span_ns));
		found = true;
		step->ns = tscope_sadd64(step->ns, off);
		step->error_ns = min(step->error_ns + error, ERROR_MAX_NS);
		step->tsc = r[i + 1].tsc;
	}
	return found;
}
