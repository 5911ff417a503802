// SPDX-License-Identifier: GPL-2.0
/*
 * interval.c against simulated pairs of CPUs whose offset alternates, drifts or steps. Each report
 * of a pair must hold the true offset.
 */
#include "trial.h"

#define CYC_PER_NS	(LINK_KHZ / 1e6)

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
	run_trial(&l, rate, max(trial_s(rate) / 4, 6), 0, &trial);
	EXPECT(!trial.false_rests && !trial.false_hulls,
	       "trial %u: %g a second, +-%.1f ns each %.1f ms: %u intervals, %u hulls false of %u",
	       trial_number, rate, extent_ns, half_ms, trial.false_rests, trial.false_hulls,
	       trial.looks);
	/* if bursts are seldom, very wide ones are used, too */
	EXPECT(trial.widest_ns <= 1.04 * (extent_ns + 12 * BOUND_NS),
	       "trial %u: %g a second, +-%.1f ns each %.1f ms: a hull of +-%.0f ns",
	       trial_number, rate, extent_ns, half_ms, trial.widest_ns);
	/* moves by more than a bound in each second are found in 3 s, or in 20 meetings */
	soon_s = max(20 / rate, 3);
	if (2 * extent_ns >= 1.3 * BOUND_NS && rate > 5) {
		EXPECT(trial.moving && trial.first_s <= 4 * soon_s,
		       "trial %u: %g a second, +-%.1f ns each %.1f ms: moving after %.1f s",
		       trial_number, rate, extent_ns, half_ms, trial.first_s);
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
	u32 i, k, rounds = trials_are_long() ? 400 : 40;
	struct trial sum = { };
	double extent_ns;

	for (i = 0; i < ARRAY_SIZE(trial_rates); i++)
		for (k = 0; k < rounds; k++) {
			if (!trial_begins())
				continue;
			/* 3.5 to 800 ns; half of them in the range where a move tears bursts */
			extent_ns = 3.5 * __builtin_exp(rnd_unit() * 5.43);
			if (k & 1)
				extent_ns = 35 + 65 * rnd_unit();
			check_alternation(trial_rates[i], extent_ns,
					  __builtin_exp(rnd_unit() * 6.2), &sum);
		}
	tap_note("%u looks, %u moving; one of two offsets is cut off in %u, the narrowest burst is false in %u",
		 sum.looks, sum.moving, sum.cut, sum.false_narrowest);
	tap_note("%u of %u trials look moving after more than 3 s and 20 meetings",
		 late[1], late[0]);
	if (!all_trials_run())
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
	if (rate > 5000 && ns_per_s >= 100 && !trials_are_long())
		seconds = 6;
	/* as the bound allows */
	l.noise_ns = 20 + rnd_below(30);
	l.motion = LINK_DRIFTS;
	l.rate = ns_per_s * (rnd64() & 1 ? 1e-9 : -1e-9);
	run_trial(&l, rate, seconds, 0, &trial);
	EXPECT(!trial.false_rests && !trial.false_hulls,
	       "trial %u: %g a second, %.0f ns/s: %u intervals, %u hulls false of %u",
	       trial_number, rate, ns_per_s, trial.false_rests, trial.false_hulls,
	       trial.looks);
	extent_ns = ns_per_s * max(2, 20 / rate) / 2;
	EXPECT(trial.widest_ns <= 1.2 * extent_ns + 8 * BOUND_NS,
	       "trial %u: %g a second, %.0f ns/s: a hull of +-%.0f ns", trial_number, rate,
	       ns_per_s, trial.widest_ns);
	if (rate > 5)
		EXPECT(trial.first_s <= soon_s,
		       "trial %u: %g a second, %.0f ns/s: moving after %.1f s", trial_number, rate,
		       ns_per_s, trial.first_s);
}

static void test_drift(void)
{
	u32 i, k, rounds = trials_are_long() ? 20 : 2;
	double ns_per_s;

	for (i = 0; i < ARRAY_SIZE(trial_rates); i++)
		for (k = 0; k < rounds; k++)
			for (ns_per_s = 10; ns_per_s < 2e7; ns_per_s *= 10) {
				if (!trial_begins())
					continue;
				check_drift(trial_rates[i], ns_per_s *
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
		rate = trial_rates[1 + i % 3];
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
			       "trial %u: %g a second: moving at %.3f s", trial_number, rate,
			       at_ns / 1e9);
			if (at_ns < 14.5e9)
				continue;
			EXPECT(iv.low <= b.least && iv.high >= b.most,
			       "trial %u: %g a second: at %.3f s", trial_number, rate, at_ns / 1e9);
			sum_ns += (iv.high - iv.low) / 2 / CYC_PER_NS;
			looks++;
		}
		EXPECT(looks && sum_ns <= 1.5 * BOUND_NS * looks,
		       "trial %u: %g a second: +-%.0f ns after a step", trial_number, rate,
		       sum_ns / looks);
		EXPECT(moving, "trial %u: %g a second: a step was not seen", trial_number, rate);
	}
}

static const struct tap_test tests[] = {
	{ "alternating offsets: true, or moving", test_alternation },
	{ "drifting offsets: true, or moving", test_drift },
	{ "one step: moving, and soon no more", test_step },
};

TAP_MAIN(tests)
