// SPDX-License-Identifier: GPL-2.0
/*
 * interval.c against simulated pairs of CPUs whose offset rests, alternates,
 * drifts or steps. Each report of a pair must hold the true offset.
 * INTERVAL_LONG=1: more and longer trials. INTERVAL_TRIAL=n: only the nth trial, with the SEED and
 * the INTERVAL_LONG of the run in which it failed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "interval.h"
#include "link.h"

#define CYC_PER_NS	(LINK_KHZ / 1e6)
/* bound of a usual burst of a healthy link */
#define BOUND_NS	80

/**
 * struct trial - results of a trial with one pair
 * @looks: how often the tracker was asked
 * @moving: how often the offset was reported to move
 * @false_rests: intervals that held no offset of their moment
 * @false_hulls: hulls that held no offset of some burst
 * @cut: intervals or hulls that held only one offset of a burst in which the offset changed
 * @false_narrowest: seconds whose narrowest burst did not hold the offset
 * @bound_ns: sum of bounds of looks without motion
 * @widest_ns: largest bound of a hull of looks with motion
 * @first_s: time of the first report of motion, s
 * @last_s: time of the last report of motion, s
 */
struct trial {
	u32 looks;
	u32 moving;
	u32 false_rests;
	u32 false_hulls;
	u32 cut;
	u32 false_narrowest;
	double bound_ns;
	double widest_ns;
	double first_s;
	double last_s;
};

static u64 bursts;

/* The number of the trial that runs. */
static u32 number;

/* Each trial has its own random numbers, so that it can be run alone. */
static bool trial_begins(void)
{
	const char *only = getenv("INTERVAL_TRIAL");

	rnd_restart(++number);
	return !only || number == strtoul(only, NULL, 0);
}

/* Sums over trials are only checked if all trials ran. */
static bool all_trials(void)
{
	return !getenv("INTERVAL_TRIAL");
}

static void look(const struct tscope_tracker *t, double at_s, u64 now_ms,
		 struct trial *trial)
{
	struct tscope_interval iv;
	enum held held;
	s64 offset_ns;
	u64 bound_ns;

	if (tscope_tracker_interval(t, now_ms, &iv))
		return;
	EXPECT(iv.low <= iv.high && iv.hull.low <= iv.low &&
	       iv.high <= iv.hull.high && iv.at_ms <= iv.met_ms &&
	       iv.met_ms == now_ms && iv.meetings == bursts, "at %.3f s", at_s);
	trial->looks++;
	trial->false_narrowest += !moments_narrowest_held(now_ms);
	tscope_interval_ns(iv.low, iv.high, LINK_KHZ, &offset_ns, &bound_ns);
	held = iv.moving ? moments_hull_held(&iv, now_ms, LINK_WIDEST_CYC) : moments_held(&iv);
	trial->cut += held == HELD_SOME;
	if (!iv.moving) {
		trial->bound_ns += bound_ns;
		trial->false_rests += !held;
		return;
	}
	if (!trial->moving++)
		trial->first_s = at_s;
	trial->last_s = at_s;
	if (bound_ns > trial->widest_ns)
		trial->widest_ns = bound_ns;
	trial->false_hulls += !held;
}

/**
 * run_trial() - let a pair meet for some time
 * @l: the pair
 * @rate: meetings per second
 * @seconds: duration
 * @place_s: mean time after which transits change to 30 ns and back, s; 0: never
 * @trial: results
 */
static void run_trial(struct link *l, double rate, double seconds,
		      double place_s, struct trial *trial)
{
	double now_ns = rnd_unit() * 1e9, start_ns = now_ns, look_ns = now_ns;
	double move_ns = now_ns + place_s * 1e9;
	double forth_ns = l->forth_ns, back_ns = l->back_ns;
	struct tscope_tracker t;
	struct moment b;
	bool near = false;
	u64 now_ms;

	memset(trial, 0, sizeof(*trial));
	trial->first_s = seconds;
	tscope_tracker_init(&t);
	bursts = 0;
	moments_clear();
	while (now_ns < start_ns + seconds * 1e9) {
		now_ns += 1e9 / rate * (rate > 1000 ? 1 : 0.5 + rnd_unit());
		if (place_s && now_ns > move_ns) {
			near = !near;
			l->forth_ns = near ? 30 : forth_ns;
			l->back_ns = near ? 30 : back_ns;
			move_ns = now_ns + place_s * 1e9 *
				  (near ? 0.1 : 2) * rnd_unit();
		}
		link_turn(l, now_ns);
		link_burst(l, now_ns, &b);
		now_ms = now_ns / 1e6;
		tscope_tracker_add(&t, b.low, b.high, LINK_STEP_CYC, now_ms);
		moments_add(&b, now_ms);
		bursts++;
		if (now_ns < look_ns)
			continue;
		look_ns = now_ns + 0.4e9 * rnd_unit();
		look(&t, (now_ns - start_ns) / 1e9, now_ms, trial);
	}
	l->forth_ns = forth_ns;
	l->back_ns = back_ns;
}

/* Meetings per second: flat out, often, as at the defaults, and seldom. */
static const double rates[] = { 10000, 1000, 25, 6, 1 };

static bool is_long(void)
{
	return getenv("INTERVAL_LONG");
}

static double duration_s(double rate)
{
	double seconds = rate > 5000 ? 8 : rate > 100 ? 40 : 600;

	return is_long() ? 20 * seconds : seconds;
}

/* With noise of up to several times the least transit, as between emulated CPUs. */
static void test_rest(void)
{
	static const double noise_ns[] = { 5, 20, 60, 200, 1000, 2000, 7000 };
	double seconds;
	struct trial trial;
	u32 i, k, most;
	bool hull;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (k = 0; k < ARRAY_SIZE(noise_ns); k++) {
			struct link l;

			if (!trial_begins())
				continue;
			l = link_healthy();
			l.noise_ns = noise_ns[k];
			seconds = rates[i] > 100 ? duration_s(rates[i]) : 3600;
			run_trial(&l, rates[i], seconds, 0, &trial);
			/* it may seem to move if noise is many times the least transit */
			most = noise_ns[k] > 2000 ? trial.looks / 200 : 0;
			EXPECT(trial.moving <= most && !trial.false_rests,
			       "trial %u: %g a second, noise %g: %u of %u looks moving, %u false",
			       number, rates[i], noise_ns[k], trial.moving,
			       trial.looks, trial.false_rests);
			/* flat out, if noise is so large, the hull is shown at times */
			hull = rates[i] > 5000 && noise_ns[k] >= 2000;
			EXPECT(trial.bound_ns / trial.looks <=
			       1.1 * LINK_FLOOR_NS + noise_ns[k] / (hull ? 1 : 5),
			       "trial %u: %g a second, noise %g: mean bound %.0f ns",
			       number, rates[i], noise_ns[k],
			       trial.bound_ns / trial.looks);
		}
}

/*
 * Transits whose ratio changes, as between emulated CPUs: limits come from bursts that are slow in
 * different directions.
 */
static void test_lopsided(void)
{
	static const double turn_s[] = { 0, 0.01, 0.3, 3 };
	u32 i, k, looks, moving;
	struct trial trial;

	for (k = 0; k < ARRAY_SIZE(turn_s); k++) {
		looks = 0;
		moving = 0;
		for (i = 0; i < ARRAY_SIZE(rates); i++) {
			struct link l;

			if (!trial_begins())
				continue;
			l = link_healthy();
			l.turn_ns = turn_s[k] * 1e9;
			l.lopsided = true;
			run_trial(&l, rates[i], 4 * duration_s(rates[i]), 0, &trial);
			EXPECT(!trial.false_rests, "trial %u: %g a second, turned each %g s: %u false",
			       number, rates[i], turn_s[k], trial.false_rests);
			looks += trial.looks;
			moving += trial.moving;
		}
		tap_note("turned each %g s: %u of %u looks moving", turn_s[k], moving, looks);
		/* transits that stay for many meetings hardly look like noise */
		EXPECT(moving <= looks / (turn_s[k] < 1 ? 500 : 100),
		       "turned each %g s: %u of %u looks moving", turn_s[k], moving, looks);
	}
}

/*
 * A machine that is busy at times: bursts get wider, and their tightest limits stay. These limits
 * are close together if the least transit is short, as between threads of one core.
 */
static void test_restless(void)
{
	static const double turn_s[] = { 1, 5, 20 }, least_ns[] = { 20, 40, LINK_FLOOR_NS };
	u32 i, k, looks = 0, moving = 0;
	struct trial trial;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (k = 0; k < ARRAY_SIZE(turn_s) * ARRAY_SIZE(least_ns); k++) {
			struct link l;

			if (!trial_begins())
				continue;
			l = link_healthy();
			l.turn_ns = turn_s[k / ARRAY_SIZE(least_ns)] * 1e9;
			l.forth_ns = least_ns[k % ARRAY_SIZE(least_ns)];
			l.back_ns = l.forth_ns;
			l.restless = true;
			run_trial(&l, rates[i], 4 * duration_s(rates[i]), 0, &trial);
			EXPECT(!trial.false_rests,
			       "trial %u: %g a second, %g ns, noise turned each %g s: %u false",
			       number, rates[i], l.forth_ns, l.turn_ns / 1e9,
			       trial.false_rests);
			looks += trial.looks;
			moving += trial.moving;
		}
	tap_note("%u of %u looks moving", moving, looks);
	EXPECT(moving <= looks / 15000, "%u of %u looks moving", moving, looks);
}

/* A few bursts of many, whose limits are exact in one direction, are no evidence. */
static void test_equal_counts(void)
{
	static const double noise_ns[] = { 5, 20, 60, 200 };
	static const u32 equal_in[] = { 3000, 30000 };
	struct trial trial;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (k = 0; k < ARRAY_SIZE(noise_ns) * ARRAY_SIZE(equal_in); k++) {
			struct link l;

			if (!trial_begins())
				continue;
			l = link_healthy();
			l.noise_ns = noise_ns[k % ARRAY_SIZE(noise_ns)];
			l.equal_in = equal_in[k / ARRAY_SIZE(noise_ns)];
			run_trial(&l, rates[i], 4 * duration_s(rates[i]), 0, &trial);
			EXPECT(!trial.moving && !trial.false_rests,
			       "trial %u: %g a second, noise %g, equal in 1 of %u: %u of %u looks moving, %u false",
			       number, rates[i], l.noise_ns, l.equal_in, trial.moving, trial.looks,
			       trial.false_rests);
		}
}

static void test_places(void)
{
	static const double place_s[] = { 0.3, 2, 30 };
	struct trial trial;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (k = 0; k < ARRAY_SIZE(place_s); k++) {
			struct link l;

			if (!trial_begins())
				continue;
			l = link_healthy();
			run_trial(&l, rates[i], 4 * duration_s(rates[i]),
				  place_s[k], &trial);
			EXPECT(!trial.moving && !trial.false_rests,
			       "trial %u: %g a second, moved each %g s: %u of %u looks moving, %u false",
			       number, rates[i], place_s[k], trial.moving, trial.looks,
			       trial.false_rests);
			EXPECT(trial.bound_ns / trial.looks <= 1.5 * BOUND_NS,
			       "trial %u: %g a second, moved each %g s: mean bound %.0f ns",
			       number, rates[i], place_s[k],
			       trial.bound_ns / trial.looks);
		}
}

/* The number of trials that must report motion soon, and of those that were late. */
static u32 late[2];

static void check_alternation(double rate, double extent_ns, double half_ms,
			      struct trial *sum)
{
	struct link l = link_healthy();
	struct trial trial;
	double soon_s;

	l.motion = LINK_ALTERNATES;
	l.extent_ns = extent_ns;
	l.half_ns = half_ms * 1e6;
	run_trial(&l, rate, duration_s(rate) / 4, 0, &trial);
	EXPECT(!trial.false_rests && !trial.false_hulls,
	       "trial %u: %g a second, +-%.1f ns each %.1f ms: %u intervals, %u hulls false of %u",
	       number, rate, extent_ns, half_ms, trial.false_rests, trial.false_hulls,
	       trial.looks);
	/* if bursts are seldom, very wide ones are used, too */
	EXPECT(trial.widest_ns <= 1.04 * (extent_ns + 12 * BOUND_NS),
	       "trial %u: %g a second, +-%.1f ns each %.1f ms: a hull of +-%.0f ns", number, rate,
	       extent_ns, half_ms, trial.widest_ns);
	/* moves by more than a bound in each second are found in 3 s, or in 20 meetings */
	soon_s = max(20 / rate, 3);
	if (2 * extent_ns >= 1.3 * BOUND_NS && rate > 5) {
		EXPECT(trial.first_s <= 2 * soon_s,
		       "trial %u: %g a second, +-%.1f ns each %.1f ms: moving after %.1f s",
		       number, rate, extent_ns, half_ms, trial.first_s);
		late[0]++;
		late[1] += trial.first_s > soon_s;
	}
	sum->looks += trial.looks;
	sum->moving += trial.moving;
	sum->cut += trial.cut;
	sum->false_narrowest += trial.false_narrowest;
}

static void test_alternation(void)
{
	u32 i, k, rounds = is_long() ? 400 : 40;
	struct trial sum = { };
	double extent_ns;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (k = 0; k < rounds; k++) {
			if (!trial_begins())
				continue;
			/* 3.5 to 800 ns; half of them in the range where a move tears bursts */
			extent_ns = 3.5 * __builtin_exp(rnd_unit() * 5.43);
			if (k & 1)
				extent_ns = 35 + 65 * rnd_unit();
			check_alternation(rates[i], extent_ns,
					  __builtin_exp(rnd_unit() * 6.2), &sum);
		}
	tap_note("%u looks, %u moving; one of two offsets is cut off in %u, the narrowest burst is false in %u",
		 sum.looks, sum.moving, sum.cut, sum.false_narrowest);
	tap_note("%u of %u trials look moving after more than 3 s and 20 meetings",
		 late[1], late[0]);
	if (!all_trials())
		return;
	EXPECT(late[1] * 20 <= late[0], "late: %u of %u", late[1], late[0]);
	EXPECT(sum.cut * 10000 <= sum.looks, "cut off: %u of %u", sum.cut, sum.looks);
	/* else the trials would not test the rule */
	EXPECT(sum.false_narrowest > sum.looks / 100,
	       "the narrowest burst is false in %u of %u", sum.false_narrowest,
	       sum.looks);
}

static void check_drift(double rate, double ns_per_s)
{
	struct link l = link_healthy();
	double extent_ns, soon_s = ns_per_s < 100 ? 20 : 4, seconds = rate > 5000 ? 22 : 30;
	struct trial trial;

	/* flat out motion is found soon, and bursts are many */
	if (rate > 5000 && ns_per_s >= 100 && !is_long())
		seconds = 6;
	/* as the bound allows */
	l.noise_ns = 20 + rnd_below(30);
	l.motion = LINK_DRIFTS;
	l.rate = ns_per_s * (rnd64() & 1 ? 1e-9 : -1e-9);
	run_trial(&l, rate, seconds, 0, &trial);
	EXPECT(!trial.false_rests && !trial.false_hulls,
	       "trial %u: %g a second, %.0f ns/s: %u intervals, %u hulls false of %u",
	       number, rate, ns_per_s, trial.false_rests, trial.false_hulls,
	       trial.looks);
	extent_ns = ns_per_s * max(2, 20 / rate) / 2;
	EXPECT(trial.widest_ns <= 1.2 * extent_ns + 8 * BOUND_NS,
	       "trial %u: %g a second, %.0f ns/s: a hull of +-%.0f ns", number, rate, ns_per_s,
	       trial.widest_ns);
	if (rate > 5)
		EXPECT(trial.first_s <= soon_s,
		       "trial %u: %g a second, %.0f ns/s: moving after %.1f s", number, rate,
		       ns_per_s, trial.first_s);
}

static void test_drift(void)
{
	u32 i, k, rounds = is_long() ? 20 : 2;
	double ns_per_s;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (k = 0; k < rounds; k++)
			for (ns_per_s = 10; ns_per_s < 2e7; ns_per_s *= 10) {
				if (!trial_begins())
					continue;
				check_drift(rates[i], ns_per_s *
					    (ns_per_s > 5e6 ? 1 :
					     1 + 9 * rnd_unit() *
					     (ns_per_s > 10)));
			}
}

/* One step is motion when it happens, and not for long. */
static void test_step(void)
{
	struct tscope_tracker t;
	struct tscope_interval iv;
	double at_ns, rate, step_ns;
	struct link l;
	struct moment b;
	u32 i, moving, looks;
	double sum_ns;

	for (i = 0; i < 200; i++) {
		if (!trial_begins())
			continue;
		l = link_healthy();
		rate = rates[1 + i % 3];
		tscope_tracker_init(&t);
		step_ns = 200 + rnd_below(1000000);
		moving = 0;
		looks = 0;
		sum_ns = 0;
		for (at_ns = 0; at_ns < 20e9; at_ns += 1e9 / rate) {
			if (at_ns > 10.123e9 && step_ns) {
				l.base_cyc += step_ns * CYC_PER_NS;
				step_ns = 0;
			}
			link_burst(&l, at_ns, &b);
			tscope_tracker_add(&t, b.low, b.high, LINK_STEP_CYC,
					   at_ns / 1e6);
			if (tscope_tracker_interval(&t, at_ns / 1e6, &iv))
				continue;
			moving += iv.moving;
			EXPECT(!iv.moving || (at_ns > 10e9 && at_ns < 14.5e9),
			       "trial %u: %g a second: moving at %.3f s", number, rate,
			       at_ns / 1e9);
			if (at_ns < 14.5e9)
				continue;
			EXPECT(iv.low <= b.least && iv.high >= b.most,
			       "trial %u: %g a second: at %.3f s", number, rate, at_ns / 1e9);
			sum_ns += (iv.high - iv.low) / 2 / CYC_PER_NS;
			looks++;
		}
		EXPECT(looks && sum_ns <= 1.5 * BOUND_NS * looks,
		       "trial %u: %g a second: +-%.0f ns after a step", number, rate,
		       sum_ns / looks);
		EXPECT(moving, "trial %u: %g a second: a step was not seen", number, rate);
	}
}

static const struct tap_test tests[] = {
	{ "at rest: true, narrow, and not moving", test_rest },
	{ "at rest, transits whose ratio changes: not moving", test_lopsided },
	{ "at rest, noise that changes: not moving", test_restless },
	{ "at rest, equal counts at times: not moving", test_equal_counts },
	{ "transits change: true, narrow, and not moving", test_places },
	{ "alternating offsets: true, or moving", test_alternation },
	{ "drifting offsets: true, or moving", test_drift },
	{ "one step: moving, and soon no more", test_step },
};

TAP_MAIN(tests)
