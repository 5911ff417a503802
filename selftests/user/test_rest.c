// SPDX-License-Identifier: GPL-2.0
/*
 * interval.c against simulated pairs of CPUs whose offset rests: each interval must hold it, and be
 * narrow, and none may seem to move.
 */
#include "trial.h"

/* With noise of up to several times the least transit, as between emulated CPUs. */
static void test_rest(void)
{
	static const double noise_ns[] = { 5, 20, 60, 200, 1000, 2000, 7000 };
	double seconds;
	struct trial trial;
	u32 i, k, most;
	bool hull;

	for (i = 0; i < ARRAY_SIZE(trial_rates); i++)
		for (k = 0; k < ARRAY_SIZE(noise_ns); k++) {
			struct link l;

			if (!trial_begins())
				continue;
			l = link_healthy();
			l.noise_ns = noise_ns[k];
			seconds = trial_rates[i] > 100 ? trial_s(trial_rates[i]) : 3600;
			run_trial(&l, trial_rates[i], seconds, 0, &trial);
			/* it may seem to move if noise is many times the least transit */
			most = noise_ns[k] > 2000 ? trial.looks / 200 : 0;
			EXPECT(trial.moving <= most && !trial.false_rests,
			       "trial %u: %g a second, noise %g: %u of %u looks moving, %u false",
			       trial_number, trial_rates[i], noise_ns[k], trial.moving,
			       trial.looks, trial.false_rests);
			/* flat out, if noise is so large, the hull is shown at times */
			hull = trial_rates[i] > 5000 && noise_ns[k] >= 2000;
			EXPECT(trial.bound_ns / trial.looks <=
			       1.1 * LINK_FLOOR_NS + noise_ns[k] / (hull ? 1 : 5),
			       "trial %u: %g a second, noise %g: mean bound %.0f ns",
			       trial_number, trial_rates[i], noise_ns[k],
			       trial.bound_ns / trial.looks);
		}
}

/* One trial with a pair whose offset rests but whose transits vary: @sum counts its looks. */
static void rest_restlessly(struct link *l, double rate, struct trial *sum)
{
	struct trial trial;

	run_trial(l, rate, 4 * trial_s(rate), 0, &trial);
	EXPECT(!trial.false_rests,
	       "trial %u: %g a second, noise %g, %g and %g ns, turned each %g s: %u false",
	       trial_number, rate, l->noise_ns, l->forth_ns, l->back_ns, l->turn_ns / 1e9,
	       trial.false_rests);
	sum->looks += trial.looks;
	sum->moving += trial.moving;
}

/* At most one in @part of all looks, and eight more, may have seen motion. */
static void check_moving(const struct trial *sum, u32 part, const char *what, double turn_s)
{
	tap_note("%s, turned each %g s: %u of %u looks moving", what, turn_s, sum->moving,
		 sum->looks);
	EXPECT(!all_trials_run() || sum->moving <= sum->looks / part + 8,
	       "%s, turned each %g s: %u of %u looks moving", what, turn_s, sum->moving,
	       sum->looks);
}

/*
 * Transits whose ratio changes, as between emulated CPUs: limits come from bursts that are slow in
 * different directions.
 */
static void test_lopsided(void)
{
	static const double turn_s[] = { 0, 0.01, 0.3, 3 };
	u32 i, k;

	for (k = 0; k < ARRAY_SIZE(turn_s); k++) {
		struct trial sum = { };

		for (i = 0; i < ARRAY_SIZE(trial_rates); i++) {
			struct link l;

			if (!trial_begins())
				continue;
			l = link_healthy();
			l.turn_ns = turn_s[k] * 1e9;
			l.lopsided = true;
			rest_restlessly(&l, trial_rates[i], &sum);
		}
		/* transits that stay for many meetings hardly look like noise */
		check_moving(&sum, turn_s[k] < 1 ? 500 : 100, "lopsided", turn_s[k]);
	}
}

/*
 * CPUs whose speeds change against each other at times: one direction gets slower, the other one
 * faster, and widths stay. If this happens each second, it can't be told from motion.
 */
static void test_tilted(void)
{
	static const double turn_s[] = { 1, 3, 10, 30 }, tilts[] = { 0.1, 0.2, 0.3 };
	u32 i, k;

	for (k = 0; k < ARRAY_SIZE(turn_s); k++) {
		struct trial sum = { };

		for (i = 0; i < ARRAY_SIZE(trial_rates) * ARRAY_SIZE(tilts); i++) {
			struct link l;

			if (!trial_begins())
				continue;
			l = link_healthy();
			l.noise_ns = 5 + rnd_below(20);
			l.turn_ns = turn_s[k] * 1e9;
			l.tilt = tilts[i % ARRAY_SIZE(tilts)];
			rest_restlessly(&l, trial_rates[i / ARRAY_SIZE(tilts)], &sum);
		}
		check_moving(&sum, turn_s[k] < 5 ? 500 : 10000, "tilted", turn_s[k]);
	}
}

/*
 * A machine that is busy at times: bursts get wider, and their tightest limits stay. These limits
 * are close together if the least transit is short, as between threads of one core.
 */
static void test_restless(void)
{
	static const double turn_s[] = { 1, 5, 20 }, least_ns[] = { 20, 40, LINK_FLOOR_NS };
	u32 i, k;

	for (k = 0; k < ARRAY_SIZE(turn_s); k++) {
		struct trial sum = { };

		for (i = 0; i < ARRAY_SIZE(trial_rates) * ARRAY_SIZE(least_ns); i++) {
			struct link l;

			if (!trial_begins())
				continue;
			l = link_healthy();
			l.turn_ns = turn_s[k] * 1e9;
			l.forth_ns = least_ns[i % ARRAY_SIZE(least_ns)];
			l.back_ns = l.forth_ns;
			l.restless = true;
			rest_restlessly(&l, trial_rates[i / ARRAY_SIZE(least_ns)], &sum);
		}
		check_moving(&sum, 15000, "restless", turn_s[k]);
	}
}

/* A few bursts of many, whose limits are exact in one direction, are no evidence. */
static void test_equal_counts(void)
{
	static const double noise_ns[] = { 5, 20, 60, 200 };
	static const u32 equal_in[] = { 3000, 30000 };
	struct trial trial;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(trial_rates); i++)
		for (k = 0; k < ARRAY_SIZE(noise_ns) * ARRAY_SIZE(equal_in); k++) {
			struct link l;

			if (!trial_begins())
				continue;
			l = link_healthy();
			l.noise_ns = noise_ns[k % ARRAY_SIZE(noise_ns)];
			l.equal_in = equal_in[k / ARRAY_SIZE(noise_ns)];
			run_trial(&l, trial_rates[i], 4 * trial_s(trial_rates[i]), 0, &trial);
			EXPECT(!trial.moving && !trial.false_rests,
			       "trial %u: %g a second, noise %g, equal in 1 of %u: %u of %u looks moving, %u false",
			       trial_number, trial_rates[i], l.noise_ns, l.equal_in,
			       trial.moving, trial.looks, trial.false_rests);
		}
}

static void test_places(void)
{
	static const double place_s[] = { 0.3, 2, 30 };
	struct trial trial;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(trial_rates); i++)
		for (k = 0; k < ARRAY_SIZE(place_s); k++) {
			struct link l;

			if (!trial_begins())
				continue;
			l = link_healthy();
			run_trial(&l, trial_rates[i], 4 * trial_s(trial_rates[i]),
				  place_s[k], &trial);
			EXPECT(!trial.moving && !trial.false_rests,
			       "trial %u: %g a second, moved each %g s: %u of %u looks moving, %u false",
			       trial_number, trial_rates[i], place_s[k], trial.moving, trial.looks,
			       trial.false_rests);
			EXPECT(trial.bound_ns / trial.looks <= 1.5 * BOUND_NS,
			       "trial %u: %g a second, moved each %g s: mean bound %.0f ns",
			       trial_number, trial_rates[i], place_s[k],
			       trial.bound_ns / trial.looks);
		}
}

static const struct tap_test tests[] = {
	{ "at rest: true, narrow, and not moving", test_rest },
	{ "at rest, transits whose ratio changes: not moving", test_lopsided },
	{ "at rest, speeds that change against each other: not moving", test_tilted },
	{ "at rest, noise that changes: not moving", test_restless },
	{ "at rest, equal counts at times: not moving", test_equal_counts },
	{ "transits change: true, narrow, and not moving", test_places },
};

TAP_MAIN(tests)
