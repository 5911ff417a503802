// SPDX-License-Identifier: GPL-2.0
/*
 * step.c, eight readings at a time: which changes are steps, and whether the printed
 * error is right.
 */
#include "sim.h"
#include "math128.h"

#define ROUNDS	20000

static const s64 sizes[] = {
	1000, -1000, 3509, -42000, 100000, -4500000, 42000000, -226000000,
	56000000000LL, -60000000000LL, 3600000000000LL, -3600000000000LL,
};

struct scene {
	s64 step_ns;
	u32 step_at;		/* the reading that is the first after it */
	double rate;		/* before */
	double rate_after;
	u32 rate_at;		/* the gap in which it changes; 0: never */
	u32 error_ns;		/* uniform noise, known to the reader */
	double pause_ns;	/* added to the gap that is judged */
	double slew;		/* by this the rate is another one in that pause */
	unsigned int flags;	/* TSCOPE_STEP_* */
	s64 back_ns;		/* the TSC goes back by this... */
	u32 back_at;		/* ...before this reading */
};

static void play(const struct scene *c, u64 tsc0,
		 struct tscope_reading r[TSCOPE_STEP_POINTS])
{
	struct sim s;
	u32 i;

	/* it does not go back past 0 */
	sim_init(&s, c->back_at ? tsc0 | 1ULL << 60 : tsc0);
	s.rate = c->rate;
	for (i = 0; i < TSCOPE_STEP_POINTS; i++) {
		double span = SIM_PERIOD_NS * (1 + 0.1 * rnd_unit());

		if (i == TSCOPE_STEP_SIDE)
			span += c->pause_ns;
		if (i && i == c->rate_at)
			sim_turn(&s, span, rnd_unit(), c->rate_after);
		else if (i)
			sim_pass(&s, span);
		if (i == TSCOPE_STEP_SIDE)
			s.phase += c->slew * c->pause_ns;
		if (i && i == c->step_at)
			s.phase += c->step_ns;
		r[i] = sim_read(&s, c->error_ns * (2 * rnd_unit() - 1),
				c->error_ns);
		if (c->back_at && i >= c->back_at)
			r[i].tsc -= tscope_ns_to_cyc(c->back_ns, SIM_KHZ);
	}
}

/* A step that is found is the true one within its error. */
static bool check(const struct scene *c, u64 noise_ns, bool expected,
		  const char *what, struct tscope_step *step)
{
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	bool found;
	u64 jump;

	play(c, rnd_bits(63), r);
	found = tscope_step_find(r, SIM_KHZ, noise_ns, c->flags, step, &jump);
	EXPECT(found == expected,
	       "%s: %s ns, found %d, jump %s ns, known error %u ns", what,
	       tap_dec(c->step_ns), found, tap_udec(jump), c->error_ns);
	if (!found || !expected)
		return found;
	EXPECT(tscope_abs64(step->ns - c->step_ns) <= step->error_ns,
	       "%s: truth %s, figure %s, bound %s", what, tap_dec(c->step_ns),
	       tap_dec(step->ns), tap_udec(step->error_ns));
	EXPECT_EQ(step->tsc, r[TSCOPE_STEP_SIDE].tsc, "%s", what);
	return true;
}

static void test_sizes(void)
{
	struct tscope_step step = { 0 };
	u32 i, round;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (round = 0; round < 500; round++) {
			struct scene c = {
				.step_ns = sizes[i],
				.step_at = TSCOPE_STEP_SIDE,
				.rate = 500e-6 * (2 * rnd_unit() - 1),
				.error_ns = rnd_below(50),
			};

			check(&c, rnd_below(10), true, "sizes", &step);
		}
		tap_note("truth %s ns, figure %s ns, bound %s ns",
			 tap_dec(sizes[i]), tap_dec(step.ns),
			 tap_udec(step.error_ns));
	}
}

/*
 * A step is found with its error; any step of twice that error must be found in
 * the same readings.
 */
static void test_threshold(void)
{
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct tscope_step large, step;
	u32 round, i;
	u64 jump;

	for (round = 0; round < ROUNDS; round++) {
		s64 sign = rnd64() & 1 ? -1 : 1, size = sign * 1000000000;
		u64 noise = rnd_bits(10);
		struct scene c = {
			.rate = 500e-6 * (2 * rnd_unit() - 1),
			.rate_after = 500e-6 * (2 * rnd_unit() - 1),
			.rate_at = rnd_below(2 * TSCOPE_STEP_POINTS),
			.error_ns = rnd_bits(12),
		};

		play(&c, rnd_bits(63), r);
		for (i = TSCOPE_STEP_SIDE; i < TSCOPE_STEP_POINTS; i++)
			r[i].ns += size;
		EXPECT(tscope_step_find(r, SIM_KHZ, noise, false, &large, &jump),
		       "1 s");
		size -= sign * (s64)(2 * large.error_ns + 1);
		for (i = TSCOPE_STEP_SIDE; i < TSCOPE_STEP_POINTS; i++)
			r[i].ns -= size;
		EXPECT(tscope_step_find(r, SIM_KHZ, noise, false, &step, &jump),
		       "error of %s: not found at twice that",
		       tap_udec(large.error_ns));
	}
}

static void test_no_step(void)
{
	struct tscope_step step;
	u32 round;

	for (round = 0; round < ROUNDS; round++) {
		struct scene c = {
			.rate = 500e-6 * (2 * rnd_unit() - 1),
			.rate_after = 500e-6 * (2 * rnd_unit() - 1),
			.rate_at = rnd_below(TSCOPE_STEP_POINTS),
			.error_ns = rnd_bits(12),
		};

		check(&c, 0, false, "a rate that changes", &step);
	}
}

static void test_elsewhere(void)
{
	struct tscope_step step;
	u32 round;

	for (round = 0; round < ROUNDS; round++) {
		struct scene c = {
			.step_ns = sizes[rnd_below(ARRAY_SIZE(sizes))],
			.step_at = 1 + rnd_below(TSCOPE_STEP_POINTS - 1),
			.rate = 500e-6 * (2 * rnd_unit() - 1),
			.error_ns = rnd_below(50),
		};

		check(&c, 0, c.step_at == TSCOPE_STEP_SIDE,
		      "a step in another gap", &step);
	}
}

/* Host updates often change time and rate at once: the error must allow for both. */
static void test_step_and_rate(void)
{
	struct tscope_step step;
	u32 round;

	for (round = 0; round < ROUNDS; round++) {
		struct scene c = {
			.step_ns = sizes[rnd_below(ARRAY_SIZE(sizes))],
			.step_at = TSCOPE_STEP_SIDE,
			.rate = 500e-6 * (2 * rnd_unit() - 1),
			.rate_after = 500e-6 * (2 * rnd_unit() - 1),
			.rate_at = 1 + rnd_below(TSCOPE_STEP_POINTS - 1),
			.error_ns = rnd_below(50),
		};

		/* a step that the change of rate can hide need not be found */
		if (tscope_abs64(c.step_ns) < 25000)
			continue;
		check(&c, 0, true, "a step and a rate that changes", &step);
	}
}

/* A second step in one of the next gaps, back or in the same direction. */
static void test_two_steps(void)
{
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct tscope_step step;
	u32 round, at, i;
	u64 jump;

	for (round = 0; round < ROUNDS; round++) {
		s64 first = sizes[rnd_below(ARRAY_SIZE(sizes))];
		s64 second = rnd64() & 1 ? -first :
			     sizes[rnd_below(ARRAY_SIZE(sizes))];
		struct scene c = {
			.step_ns = first,
			.step_at = TSCOPE_STEP_SIDE,
			.rate = 200e-6 * (2 * rnd_unit() - 1),
		};

		play(&c, rnd_bits(63), r);
		do
			at = 1 + rnd_below(TSCOPE_STEP_POINTS - 1);
		while (at == TSCOPE_STEP_SIDE);
		for (i = at; i < TSCOPE_STEP_POINTS; i++)
			r[i].ns += second;
		EXPECT(tscope_step_find(r, SIM_KHZ, 0, false, &step, &jump),
		       "%s, then %s at %u", tap_dec(first), tap_dec(second),
		       at);
		EXPECT(tscope_abs64(step.ns - first) <= step.error_ns,
		       "truth %s, figure %s, bound %s; %s at %u",
		       tap_dec(first), tap_dec(step.ns),
		       tap_udec(step.error_ns), tap_dec(second), at);
	}
}

/* After a pause the rate is less certain, and the error must be larger. */
static void test_pause(void)
{
	struct tscope_step step = { 0 };
	u32 round;

	for (round = 0; round < ROUNDS; round++) {
		struct scene c = {
			.rate = 500e-6 * (2 * rnd_unit() - 1),
			.error_ns = rnd_below(100),
			.pause_ns = 1e6 * rnd_bits(22),
		};

		check(&c, 0, false, "a pause", &step);
		c.step_ns = rnd64() & 1 ? 3600000000000LL : -3600000000000LL;
		c.step_at = TSCOPE_STEP_SIDE;
		check(&c, 0, true, "a pause and a step", &step);
	}
	tap_note("truth %s ns, figure %s ns, bound %s ns",
		 step.ns < 0 ? "-3600000000000" : "3600000000000",
		 tap_dec(step.ns), tap_udec(step.error_ns));
}

/* While nobody samples, NTP may slew a clock at any rate up to 500 ppm: this is no step. */
static void test_slew(void)
{
	struct tscope_step step, figure = { 0 };
	s64 truth = 0;
	u32 round;

	for (round = 0; round < ROUNDS; round++) {
		struct scene c = {
			.rate = 1e-6 * (2 * rnd_unit() - 1),
			.error_ns = rnd_below(100),
			.pause_ns = 2e9 + 1e6 * rnd_bits(22),
			.slew = 490e-6 * (2 * rnd_unit() - 1),
			.flags = TSCOPE_STEP_STEERED,
		};

		check(&c, 0, false, "a slew", &step);
		c.step_ns = rnd64() & 1 ? 3600000000000LL : -3600000000000LL;
		c.step_at = TSCOPE_STEP_SIDE;
		check(&c, 0, true, "a slew and a step", &figure);
		truth = c.step_ns;
		/* a clock that nobody slews has a rate that is known */
		c.flags = 0;
		c.slew = 0;
		c.step_ns = c.pause_ns / 3000;
		check(&c, 0, true, "a smaller step", &step);
	}
	tap_note("truth %s ns, figure %s ns, bound %s ns", tap_dec(truth), tap_dec(figure.ns),
		 tap_udec(figure.error_ns));
}

/* A TSC that goes back in another gap hides no step, and is none of this gap. */
static void test_tsc_back_nearby(void)
{
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct tscope_step step = { 0 };
	u32 round;

	for (round = 0; round < ROUNDS; round++) {
		struct scene c = {
			.rate = 500e-6 * (2 * rnd_unit() - 1),
			.error_ns = rnd_below(50),
			.back_ns = 2 * SIM_PERIOD_NS + rnd_bits(12 + rnd_below(30)),
			.back_at = 1 + rnd_below(TSCOPE_STEP_POINTS - 2),
		};

		c.back_at += c.back_at >= TSCOPE_STEP_SIDE;
		check(&c, 0, false, "the TSC goes back nearby", &step);
		if (c.back_at < TSCOPE_STEP_SIDE) {
			play(&c, 1ULL << 62, r);
			EXPECT(tscope_step_find_early(r, SIM_KHZ, &step), "early: %s ns",
			       tap_dec(c.back_ns));
			EXPECT(tscope_abs64(step.ns - c.back_ns) <= step.error_ns,
			       "early: truth %s, figure %s, bound %s", tap_dec(c.back_ns),
			       tap_dec(step.ns), tap_udec(step.error_ns));
		}
		c.step_ns = rnd64() & 1 ? 3600000000000LL : -42000000;
		c.step_at = TSCOPE_STEP_SIDE;
		check(&c, 0, true, "and a step", &step);
	}
}

/*
 * The TSC jumps in the gap, by less than its own value: the clock steps by as much the other
 * way, at any rate. If the jump is a fraction of the gap, the error includes the jump times the
 * rate. A TSC that jumps ahead looks like a clock that stood still while the TSC continued, for
 * which the rate counts: both truths are within the error.
 */
static void test_tsc_jumps(void)
{
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct tscope_step step = { 0 };
	s64 jump_cyc, jump_ns, stood_ns;
	u32 round, i;
	u64 jump, most;

	for (round = 0; round < ROUNDS; round++) {
		struct scene c = {
			.rate = 500e-6 * (2 * rnd_unit() - 1),
			.error_ns = rnd_below(100),
		};

		play(&c, 1ULL << 62, r);
		/* 30 ms to 4000 s */
		jump_ns = 30000000 + rnd_below(1ULL << (12 + rnd_below(30)));
		jump_cyc = tscope_ns_to_cyc(jump_ns, SIM_KHZ);
		if (rnd64() & 1) {
			jump_cyc = -jump_cyc;
			jump_ns = -jump_ns;
		}
		for (i = TSCOPE_STEP_SIDE; i < TSCOPE_STEP_POINTS; i++)
			r[i].tsc += jump_cyc;
		EXPECT(tscope_step_find(r, SIM_KHZ, 0, false, &step, &jump),
		       "a TSC that jumps by %s ns", tap_dec(jump_ns));
		EXPECT(tscope_abs64(step.ns + jump_ns) <= step.error_ns,
		       "truth %s, figure %s, bound %s", tap_dec(-jump_ns),
		       tap_dec(step.ns), tap_udec(step.error_ns));
		most = 16 * c.error_ns + 16;
		if (jump_ns > 0) {
			stood_ns = -jump_ns - (s64)(c.rate * jump_ns);
			EXPECT(tscope_abs64(step.ns - stood_ns) <= step.error_ns,
			       "truth %s, figure %s, bound %s", tap_dec(stood_ns),
			       tap_dec(step.ns), tap_udec(step.error_ns));
			/* the rate's part, and the error of the rate from three gaps */
			most += (u64)__builtin_fabs(c.rate * jump_ns) +
				4 * (c.error_ns + 2) * ((u64)jump_ns / SIM_PERIOD_NS + 2);
		}
		EXPECT(step.error_ns <= most, "bound %s, known error %u",
		       tap_udec(step.error_ns), c.error_ns);
	}
	tap_note("truth %s ns, figure %s ns, bound %s ns", tap_dec(-jump_ns),
		 tap_dec(step.ns), tap_udec(step.error_ns));
}

/* No readings may cause undefined behaviour; a TSC that goes back has no rate. */
static void test_extremes(void)
{
	static const u64 edges[] = { 0, 1, S64_MAX, 1ULL << 63, U64_MAX };
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct tscope_step step;
	u32 round, i;
	u64 jump, tsc;

	for (round = 0; round < ROUNDS; round++) {
		tsc = rnd_bits(60);
		for (i = 0; i < TSCOPE_STEP_POINTS; i++) {
			tsc += 1 + rnd_bits(60);
			r[i].tsc = tsc;
			r[i].ns = rnd64() & 1 ? rnd_bits(64) :
				  edges[rnd_below(ARRAY_SIZE(edges))];
			r[i].width_ns = rnd_bits(32);
			r[i].error_ns = rnd_bits(32);
		}
		tscope_step_find(r, 1 + rnd_bits(31), rnd_bits(32), false, &step,
				 &jump);
		tscope_step_continues(r, 1 + rnd_bits(31), rnd_bits(32));
		i = rnd_below(TSCOPE_STEP_POINTS - 1);
		r[i + 1].tsc = r[i].tsc - rnd_below(2);
		tscope_step_find(r, 1000, 0, false, &step, &jump);
		tscope_step_find_early(r, 1000, &step);
		tscope_step_continues(r, 1000, 0);
	}
}

static const struct tap_test tests[] = {
	{ "1 us to 1 h, both signs: size within its error", test_sizes },
	{ "every step beyond the threshold is found", test_threshold },
	{ "a change of rate by up to 1000 ppm is no step", test_no_step },
	{ "a step in another gap is left to its turn", test_elsewhere },
	{ "a step with a change of rate: size within its error",
	  test_step_and_rate },
	{ "two steps close by: size within its error", test_two_steps },
	{ "pauses", test_pause },
	{ "a slew while nobody samples is no step", test_slew },
	{ "the TSC goes back in another gap", test_tsc_back_nearby },
	{ "the TSC jumps, ahead and back: minus its size", test_tsc_jumps },
	{ "extreme readings", test_extremes },
};

TAP_MAIN(tests)
