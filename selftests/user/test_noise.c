// SPDX-License-Identifier: GPL-2.0
/*
 * Series of 100000 readings under noise of several kinds: no step may be found
 * where there is none, and each step that is inserted must be found once.
 * COVERAGE=1: shorter series, which reach the same lines.
 */
#include <stdlib.h>

#include "series.h"
#include "sim.h"
#include "math128.h"

#define READINGS	(getenv("COVERAGE") ? 10000 : 100000)

/* acpi-pm's tick */
#define TICK_NS		(1e9 / 3579545)

enum noise { QUIET, UNIFORM, HEAVY, BURSTS, GAUSS, HIDDEN_UNIFORM, TICKS };

/**
 * struct kind - noise and rates of a clock without steps
 * @ns: size of the noise
 * @turn: mean number of gaps until the rate is drawn anew, at most twice that; 0: never
 * @rate: limit of the rates that are drawn
 * @ramp: change of the rate in each gap, between the limits
 * @pause: one in @pause gaps lasts up to 4 s; 0: none
 */
struct kind {
	const char *what;
	enum noise noise;
	double ns;
	u32 turn;
	double rate;
	double ramp;
	u32 pause;
};

static const struct kind known[] = {
	{ "nothing", QUIET, 0, 0, 0, 0, 0 },
	{ "uniform, 100 ns", UNIFORM, 100, 0, 0, 0, 0 },
	{ "heavy-tailed widths", HEAVY, 100, 0, 0, 0, 0 },
	{ "bursts of wide readings", BURSTS, 50, 0, 0, 0, 0 },
	{ "rate +-500 ppm at any moment", QUIET, 0, 8, 500e-6, 0, 0 },
	{ "rate +-500 ppm at any moment, 100 ns", UNIFORM, 100, 8, 500e-6, 0,
	  0 },
	{ "ramps, 1 ppm a gap", QUIET, 0, 0, 500e-6, 1e-6, 0 },
	{ "ramps, 5 ppm a gap, 100 ns", UNIFORM, 100, 0, 500e-6, 5e-6, 0 },
	{ "pauses, 100 ns", UNIFORM, 100, 50, 200e-6, 0, 20 },
};

/* Readings also have a known error of half a tick, as in reading.c. */
static const struct kind ticks[] = {
	{ "ticks of 279 ns, read within 50 ns", TICKS, 25, 0, 0, 0, 0 },
	{ "ticks of 279 ns, read within 120 ns", TICKS, 60, 0, 0, 0, 0 },
	{ "ticks of 279 ns, read within 250 ns", TICKS, 125, 0, 0, 0, 0 },
};

/* Noise that is not in a reading's error: the module estimates it from the jumps. */
static const struct kind unknown[] = {
	{ "rate +-500 ppm in each gap", QUIET, 0, 1, 500e-6, 0, 0 },
	{ "Gauss, 20 ns, unknown", GAUSS, 20, 0, 0, 0, 0 },
	{ "Gauss, 1 us, unknown", GAUSS, 1000, 0, 0, 0, 0 },
	{ "Gauss, 1 us, unknown, rates", GAUSS, 1000, 100, 50e-6, 0, 0 },
	{ "uniform, 1 us, unknown", HIDDEN_UNIFORM, 1000, 0, 0, 0, 0 },
};

static struct tscope_point *ring;
static bool burst;
static u32 wait;

/* The counter at the reading shows its last tick. */
static struct tscope_reading read_ticks(const struct sim *s, double noise_ns,
					u32 error_ns)
{
	struct tscope_reading r = sim_read(s, noise_ns, error_ns);
	long double ns = s->cyc * 1e6L / SIM_KHZ + s->phase + noise_ns;

	r.ns = s->ns0 + (s64)floorl(floorl(ns / TICK_NS) * TICK_NS);
	return r;
}

static struct tscope_reading read_noisy(const struct sim *s,
					const struct kind *k)
{
	double width = k->ns, sign = 2 * rnd_unit() - 1;

	switch (k->noise) {
	case UNIFORM:
		break;
	case HEAVY:
		/* Pareto, 1.2: no variance; up to 10 ms */
		width *= fmin(pow(rnd_unit(), -1 / 1.2), 1e5);
		break;
	case BURSTS:
		if (!rnd_below(burst ? 20 : 200))
			burst = !burst;
		width *= burst ? 1000 : 1;
		break;
	case TICKS:
		return read_ticks(s, width * sign, (u32)(width + 1 + TICK_NS / 2) + 1);
	case GAUSS:
		return sim_read(s, width * rnd_gauss(), 0);
	case HIDDEN_UNIFORM:
		return sim_read(s, width * sign, 0);
	default:
		return sim_read(s, 0, 0);
	}
	return sim_read(s, width * sign, (u32)width + 1);
}

static void pass(struct sim *s, const struct kind *k)
{
	double span = SIM_PERIOD_NS * (1 + 0.01 * rnd_unit());

	if (k->pause && !rnd_below(k->pause))
		span += 4e9 * rnd_unit();
	if (k->turn && !wait--) {
		wait = k->turn + rnd_below(k->turn);
		sim_turn(s, span, rnd_unit(), k->rate * (2 * rnd_unit() - 1));
	} else if (k->ramp != 0) {
		u32 n = 2 * k->rate / k->ramp, at = s->cyc / 29000000 % (2 * n);

		sim_turn(s, span, 0.5, -k->rate + k->ramp *
			 (at < n ? at : 2 * n - at));
	} else {
		sim_pass(s, span);
	}
}

static u32 count_steps(const struct kind *k, u32 readings,
		       struct tscope_step *last)
{
	struct tscope_series_result news;
	struct tscope_series series;
	struct tscope_reading r = { 0 };
	struct sim s;
	u32 i, steps = 0;

	sim_init(&s, rnd_bits(62));
	tscope_series_init(&series, ring, SIM_KHZ, false);
	for (i = 0; i < readings; i++) {
		pass(&s, k);
		r = read_noisy(&s, k);
		tscope_series_add(&series, &r, &news);
		if (!news.stepped)
			continue;
		*last = news.step;
		steps++;
	}
	return steps;
}

static void check_none(const struct kind *k, u32 count)
{
	struct tscope_step step = { 0 };
	u32 i, steps;

	for (i = 0; i < count; i++) {
		steps = count_steps(&k[i], READINGS, &step);
		EXPECT(!steps, "%s: %u steps, the last of %s ns +- %s",
		       k[i].what, steps, tap_dec(step.ns),
		       tap_udec(step.error_ns));
	}
}

static void test_none_known(void)
{
	check_none(known, ARRAY_SIZE(known));
}

static void test_none_unknown(void)
{
	check_none(unknown, ARRAY_SIZE(unknown));
}

static void test_none_ticks(void)
{
	check_none(ticks, ARRAY_SIZE(ticks));
}

/* At the beginning of a series there is no estimate of the noise yet. */
static void test_none_beginning(void)
{
	struct tscope_step step = { 0 };
	u32 i, round, steps;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		for (steps = 0, round = 0; round < 1000; round++)
			steps += count_steps(&unknown[i], 100, &step);
		EXPECT(!steps, "%s: %u steps in 1000 beginnings, one of %s",
		       unknown[i].what, steps, tap_dec(step.ns));
	}
}

/*
 * One step, and perhaps one more @gap readings later; each must be found once, at
 * its own reading, with its own size.
 */
static void step_in(const struct kind *k, const s64 *size, u32 gap, u32 first)
{
	struct tscope_series_result news;
	struct tscope_series series;
	struct tscope_reading r = { 0 };
	u32 i, steps = 0, done = 0, n = first + gap + 40;
	u64 tsc[2] = { 0 };
	struct sim s;

	sim_init(&s, rnd_bits(62));
	tscope_series_init(&series, ring, SIM_KHZ, false);
	for (i = 0; i < n; i++) {
		pass(&s, k);
		if (i == first || (gap && i == first + gap)) {
			s.phase += size[done];
			tsc[done++] = s.tsc0 + s.cyc;
		}
		r = read_noisy(&s, k);
		tscope_series_add(&series, &r, &news);
		if (!news.stepped)
			continue;
		if (steps < done) {
			EXPECT_EQ(news.step.tsc, tsc[steps], "%s, %s ns",
				  k->what, tap_dec(size[steps]));
			EXPECT(tscope_abs64(news.step.ns - size[steps]) <=
			       news.step.error_ns,
			       "%s: truth %s, figure %s, bound %s; gap %u",
			       k->what, tap_dec(size[steps]),
			       tap_dec(news.step.ns),
			       tap_udec(news.step.error_ns), gap);
		}
		steps++;
	}
	EXPECT(steps == done, "%s, %s ns, gap %u at %u: %u of %u steps found",
	       k->what, tap_dec(size[0]), gap, first, steps, done);
}

static const s64 sizes[] = {
	1000, -3509, 42000, -100000, 4500000, -226000000, 60000000000LL,
	-3600000000000LL, 3600000000000LL,
};

/* The smallest size that exceeds a kind's own jumps. */
static s64 least(const struct kind *k)
{
	if (k->pause)
		return 1000000000;
	if (k->turn == 1)
		return 200000;
	if (k->turn || k->ramp != 0)
		return 50000;
	if (k->noise == HEAVY || k->noise == BURSTS)
		return 500000000;
	if (k->noise == GAUSS || k->noise == HIDDEN_UNIFORM)
		return 40 * k->ns;
	return 30 * k->ns;
}

static void check_size(const struct kind *k, s64 size, u32 gap, bool back)
{
	s64 both[2] = { size, back ? -size : size };
	u32 round;

	if (llabs(size) <= least(k))
		return;
	for (round = 0; round < 20; round++)
		step_in(k, both, gap, 150 + rnd_below(40));
}

static void check_found(const struct kind *k, u32 count, u32 gap, bool back)
{
	u32 i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < ARRAY_SIZE(sizes); j++)
			check_size(&k[i], sizes[j], gap, back);
}

static void test_found(void)
{
	check_found(known, ARRAY_SIZE(known), 0, false);
}

static void test_found_unknown(void)
{
	check_found(unknown, ARRAY_SIZE(unknown), 0, false);
}

static void test_up_and_back(void)
{
	u32 gap;

	/* without noise, and with */
	for (gap = 1; gap <= 10; gap++) {
		check_found(known, 2, gap, true);
		check_found(known, 2, gap, false);
	}
}

/*
 * The clock stands still, or counts one of @of ticks, for a time that begins and ends
 * anywhere between readings: this is one step by the lost time, at an unchanged rate.
 */
static void stand_still(const struct kind *k, double gaps, u32 of)
{
	long double since = 150 + rnd_unit(), until = since + gaps, from, to;
	struct tscope_series_result news;
	struct tscope_series series;
	struct tscope_reading r;
	struct tscope_step step = { 0 };
	u32 i, steps = 0, n = 200 + (u32)gaps;
	long double lost = 0, ns;
	struct sim s;

	sim_init(&s, rnd_bits(62));
	tscope_series_init(&series, ring, SIM_KHZ, false);
	for (i = 0; i < n; i++) {
		ns = s.cyc * 1e6L / SIM_KHZ;
		pass(&s, k);
		ns = s.cyc * 1e6L / SIM_KHZ - ns;
		from = fmaxl(since, i);
		to = fminl(until, i + 1);
		if (to > from) {
			s.phase -= ns * (to - from) * (of - 1) / of;
			lost += ns * (to - from) * (of - 1) / of;
		}
		r = read_noisy(&s, k);
		tscope_series_add(&series, &r, &news);
		if (news.stepped)
			step = news.step;
		steps += news.stepped;
	}
	EXPECT_EQ(steps, 1, "%s, still for %.3f gaps, one of %u", k->what, gaps, of);
	EXPECT(fabsl(step.ns + lost) <= step.error_ns,
	       "%s: truth %.0Lf, figure %s, bound %s", k->what, -lost,
	       tap_dec(step.ns), tap_udec(step.error_ns));
	/* the readings' error limits the rate over as many gaps as it stood still */
	EXPECT(step.error_ns < 1000 + 10 * k->ns * (4 + gaps), "%s: bound %s", k->what,
	       tap_udec(step.error_ns));
	EXPECT_EQ(series.segment, 2, "%s: segments", k->what);
}

static void test_stands_still(void)
{
	u32 i;

	for (i = 0; i < 400; i++) {
		stand_still(&known[i % 2], exp2(8 * rnd_unit()) - 0.8, 1000000000);
		/* it must lose more than an eighth of a gap */
		stand_still(&known[i % 2], 1 + 9 * rnd_unit(), 2);
	}
}

/* A step needs four points on either side: the first gaps are not judged. */
static void test_beginning(void)
{
	s64 size[2] = { 100000, 0 };
	struct tscope_series_result news;
	struct tscope_series series;
	u32 at, i, round, steps;
	struct sim s;

	for (at = TSCOPE_STEP_SIDE; at < 20; at++)
		for (round = 0; round < 20; round++)
			step_in(&known[1], size, 0, at);
	for (at = 1; at < TSCOPE_STEP_SIDE; at++) {
		sim_init(&s, 1000);
		tscope_series_init(&series, ring, SIM_KHZ, false);
		for (steps = 0, i = 0; i < 40; i++) {
			struct tscope_reading r = { 0 };

			pass(&s, &known[0]);
			if (i == at)
				s.phase += size[0];
			r = sim_read(&s, 0, 0);
			tscope_series_add(&series, &r, &news);
			steps += news.stepped;
		}
		EXPECT_EQ(steps, 0, "a step before reading %u is not seen", at);
	}
}

static const struct tap_test tests[] = {
	{ "no step in noise that the readings state", test_none_known },
	{ "no step in noise that has to be learnt", test_none_unknown },
	{ "no step in a counter of long ticks", test_none_ticks },
	{ "no step at the beginning of noise to be learnt",
	  test_none_beginning },
	{ "every step is found once, noise known", test_found },
	{ "every step is found once, noise learnt", test_found_unknown },
	{ "a step and the next, 1 to 10 readings later", test_up_and_back },
	{ "a clock that stands still for many readings: one step", test_stands_still },
	{ "steps at the beginning", test_beginning },
};

int main(void)
{
	int failed;

	ring = malloc(sizeof(*ring) * TSCOPE_SERIES_POINTS);
	failed = ring ? tap_main(tests, ARRAY_SIZE(tests)) : 1;
	free(ring);
	return failed;
}
