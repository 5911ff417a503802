// SPDX-License-Identifier: GPL-2.0
/*
 * interval.c against simulated pairs of CPUs whose offset rests, alternates,
 * drifts or steps. Each report of a pair must hold the true offset.
 * INTERVAL_LONG=1: more and longer trials.
 */
#include <stdio.h>
#include <stdlib.h>

#include "interval.h"
#include "link.h"

#define CYC_PER_NS	(LINK_KHZ / 1e6)
/* a healthy link: the bound of a usual burst is some 80 ns */
#define FLOOR_NS	75
#define BOUND_NS	80

/**
 * struct trial - results of a trial with one pair
 * @looks: how often the tracker was asked
 * @moving: how often the offset was reported to move
 * @false_rests: the offset was not in the interval
 * @false_hulls: an offset was not in the hull
 * @false_narrowest: the narrowest burst of a second did not hold the offset
 * @bound_ns: sum of bounds where the offset is not reported to move
 * @widest_ns: largest bound of a hull where it is
 * @first_s: when it was reported to move for the first time
 * @last_s: and for the last time
 */
struct trial {
	u32 looks;
	u32 moving;
	u32 false_rests;
	u32 false_hulls;
	u32 false_narrowest;
	double bound_ns;
	double widest_ns;
	double first_s;
	double last_s;
};

static u64 bursts;

static void look(const struct tscope_tracker *t, double at_s, u64 now_ms,
		 struct trial *trial)
{
	struct tscope_interval iv;
	s64 offset_ns;
	u64 bound_ns;

	if (tscope_tracker_interval(t, now_ms, &iv))
		return;
	EXPECT(iv.low <= iv.high && iv.hull.low <= iv.low &&
	       iv.high <= iv.hull.high && iv.at_ms <= iv.met_ms &&
	       iv.met_ms == now_ms && iv.meetings == bursts, "at %.3f s", at_s);
	trial->looks++;
	trial->false_narrowest += !moments_narrowest_holds(now_ms);
	tscope_interval_ns(iv.low, iv.high, LINK_KHZ, &offset_ns, &bound_ns);
	if (!iv.moving) {
		trial->bound_ns += bound_ns;
		trial->false_rests += !moments_hold(&iv);
		return;
	}
	if (!trial->moving++)
		trial->first_s = at_s;
	trial->last_s = at_s;
	if (bound_ns > trial->widest_ns)
		trial->widest_ns = bound_ns;
	trial->false_hulls += !moments_hull_holds(&iv, now_ms);
}

/**
 * run_trial() - let a pair meet for some time
 * @l: the pair
 * @rate: meetings a second
 * @seconds: how long
 * @place_s: mean time after which transits change to 30 ns and back; 0: never
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
		link_burst(l, now_ns, &b);
		now_ms = now_ns / 1e6;
		tscope_tracker_add(&t, b.low, b.high, LINK_STEP_CYC, now_ms);
		moments_add(&b, now_ms);
		bursts++;
		/* one burst alone does not show that the offset moved within it */
		if (now_ns < look_ns || bursts < 2)
			continue;
		look_ns = now_ns + 0.4e9 * rnd_unit();
		look(&t, (now_ns - start_ns) / 1e9, now_ms, trial);
	}
	l->forth_ns = forth_ns;
	l->back_ns = back_ns;
}

static struct link healthy(void)
{
	return (struct link) {
		.base_cyc = (s64)rnd_bits(62) * (rnd64() & 1 ? 1 : -1),
		.forth_ns = FLOOR_NS,
		.back_ns = FLOOR_NS,
		.noise_ns = 20 + rnd_below(60),
	};
}

/* Meetings a second: flat out, often, as at the defaults, and seldom. */
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

static void test_rest(void)
{
	static const double noise_ns[] = { 5, 20, 60, 200 };
	double seconds;
	struct trial trial;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (k = 0; k < ARRAY_SIZE(noise_ns); k++) {
			struct link l = healthy();

			l.noise_ns = noise_ns[k];
			seconds = rates[i] > 100 ? duration_s(rates[i]) : 3600;
			run_trial(&l, rates[i], seconds, 0, &trial);
			EXPECT(!trial.moving && !trial.false_rests,
			       "%g a second, noise %g: %u of %u looks moving, %u false",
			       rates[i], noise_ns[k], trial.moving,
			       trial.looks, trial.false_rests);
			EXPECT(trial.bound_ns / trial.looks <=
			       1.1 * FLOOR_NS + noise_ns[k] / 5,
			       "%g a second, noise %g: mean bound %.0f ns",
			       rates[i], noise_ns[k],
			       trial.bound_ns / trial.looks);
		}
}

static void test_places(void)
{
	static const double place_s[] = { 0.3, 2, 30 };
	struct trial trial;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (k = 0; k < ARRAY_SIZE(place_s); k++) {
			struct link l = healthy();

			run_trial(&l, rates[i], 4 * duration_s(rates[i]),
				  place_s[k], &trial);
			EXPECT(!trial.moving && !trial.false_rests,
			       "%g a second, moved each %g s: %u of %u looks moving, %u false",
			       rates[i], place_s[k], trial.moving, trial.looks,
			       trial.false_rests);
			EXPECT(trial.bound_ns / trial.looks <= 1.5 * BOUND_NS,
			       "%g a second, moved each %g s: mean bound %.0f ns",
			       rates[i], place_s[k],
			       trial.bound_ns / trial.looks);
		}
}

/* The number of trials that must report motion soon, and of those that were late. */
static u32 late[2];

static void check_alternation(double rate, double extent_ns, double half_ms,
			      struct trial *sum)
{
	struct link l = healthy();
	struct trial trial;
	double soon_s;

	l.motion = LINK_ALTERNATES;
	l.extent_ns = extent_ns;
	l.half_ns = half_ms * 1e6;
	run_trial(&l, rate, duration_s(rate) / 4, 0, &trial);
	EXPECT(!trial.false_rests && !trial.false_hulls,
	       "%g a second, +-%.1f ns each %.1f ms: %u intervals, %u hulls false of %u",
	       rate, extent_ns, half_ms, trial.false_rests, trial.false_hulls,
	       trial.looks);
	EXPECT(trial.widest_ns <= 1.04 * (extent_ns + 8 * BOUND_NS),
	       "%g a second, +-%.1f ns each %.1f ms: a hull of +-%.0f ns", rate,
	       extent_ns, half_ms, trial.widest_ns);
	/* it moves by more than a bound in each second: 3 s, or 20 meetings */
	soon_s = max(20 / rate, 3);
	if (2 * extent_ns >= 1.3 * BOUND_NS && rate > 5) {
		EXPECT(trial.first_s <= 2 * soon_s,
		       "%g a second, +-%.1f ns each %.1f ms: moving after %.1f s",
		       rate, extent_ns, half_ms, trial.first_s);
		late[0]++;
		late[1] += trial.first_s > soon_s;
	}
	sum->looks += trial.looks;
	sum->moving += trial.moving;
	sum->false_narrowest += trial.false_narrowest;
}

static void test_alternation(void)
{
	u32 i, k, rounds = is_long() ? 400 : 40;
	struct trial sum = { };
	double extent_ns;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (k = 0; k < rounds; k++) {
			/* 3.5 to 800 ns; half of them in the range where a move tears bursts */
			extent_ns = 3.5 * __builtin_exp(rnd_unit() * 5.43);
			if (k & 1)
				extent_ns = 35 + 65 * rnd_unit();
			check_alternation(rates[i], extent_ns,
					  __builtin_exp(rnd_unit() * 6.2), &sum);
		}
	tap_note("%u looks, %u moving; the narrowest burst is false in %u",
		 sum.looks, sum.moving, sum.false_narrowest);
	tap_note("%u of %u trials look moving after more than 3 s and 20 meetings",
		 late[1], late[0]);
	EXPECT(late[1] * 20 <= late[0], "late: %u of %u", late[1], late[0]);
	/* else the trials would not test the rule */
	EXPECT(sum.false_narrowest > sum.looks / 100,
	       "the narrowest burst is false in %u of %u", sum.false_narrowest,
	       sum.looks);
}

static void check_drift(double rate, double ns_per_s)
{
	struct link l = healthy();
	double extent_ns, soon_s = 20, seconds = rate > 5000 ? 22 : 30;
	struct trial trial;

	/* as the bound allows */
	l.noise_ns = 20 + rnd_below(30);
	l.motion = LINK_DRIFTS;
	l.rate = ns_per_s * (rnd64() & 1 ? 1e-9 : -1e-9);
	run_trial(&l, rate, seconds, 0, &trial);
	EXPECT(!trial.false_rests && !trial.false_hulls,
	       "%g a second, %.0f ns/s: %u intervals, %u hulls false of %u",
	       rate, ns_per_s, trial.false_rests, trial.false_hulls,
	       trial.looks);
	extent_ns = ns_per_s * max(2, 20 / rate) / 2;
	EXPECT(trial.widest_ns <= 1.2 * extent_ns + 8 * BOUND_NS,
	       "%g a second, %.0f ns/s: a hull of +-%.0f ns", rate, ns_per_s,
	       trial.widest_ns);
	if (ns_per_s >= 100)
		soon_s = 4;
	if (rate > 5)
		EXPECT(trial.first_s <= soon_s,
		       "%g a second, %.0f ns/s: moving after %.1f s", rate,
		       ns_per_s, trial.first_s);
}

static void test_drift(void)
{
	u32 i, k, rounds = is_long() ? 20 : 2;
	double ns_per_s;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (k = 0; k < rounds; k++)
			for (ns_per_s = 10; ns_per_s < 2e7; ns_per_s *= 10)
				check_drift(rates[i], ns_per_s *
					    (ns_per_s > 5e6 ? 1 :
					     1 + 9 * rnd_unit() *
					     (ns_per_s > 10)));
}

/* One step is motion when it happens, and not for long. */
static void test_step(void)
{
	struct tscope_tracker t;
	struct tscope_interval iv;
	struct link l = healthy();
	double at_ns, rate, step_ns;
	struct moment b;
	u32 i, moving, looks;
	double sum_ns;

	for (i = 0; i < 200; i++) {
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
			       "%g a second: moving at %.3f s", rate,
			       at_ns / 1e9);
			if (at_ns < 14.5e9)
				continue;
			EXPECT(iv.low <= b.least && iv.high >= b.most,
			       "%g a second: at %.3f s", rate, at_ns / 1e9);
			sum_ns += (iv.high - iv.low) / 2 / CYC_PER_NS;
			looks++;
		}
		EXPECT(looks && sum_ns <= 1.5 * BOUND_NS * looks,
		       "%g a second: +-%.0f ns after a step", rate,
		       sum_ns / looks);
		EXPECT(moving, "%g a second: a step was not seen", rate);
		l.base_cyc = (s64)rnd_bits(62);
	}
}

static void test_single_bursts(void)
{
	struct tscope_tracker t;
	struct tscope_interval iv;

	EXPECT(sizeof(t) <= 448, "%zu bytes", sizeof(t));
	tscope_tracker_init(&t);
	EXPECT_EQ(tscope_tracker_interval(&t, 5, &iv), -ENODATA, "no burst");
	tscope_tracker_add(&t, -10, 20, 1, 7);
	EXPECT_EQ(tscope_tracker_interval(&t, 9, &iv), 0, "one burst");
	EXPECT(iv.low == -10 && iv.high == 20 && !iv.moving && iv.at_ms == 7 &&
	       iv.meetings == 1, "one burst");
	/* the second contradicts the first */
	tscope_tracker_add(&t, 100, 130, 1, 8);
	EXPECT_EQ(tscope_tracker_interval(&t, 9, &iv), 0, "two bursts");
	EXPECT(iv.moving && iv.low <= -10 && iv.high >= 130 && iv.at_ms == 8,
	       "%s..%s", tap_dec(iv.low), tap_dec(iv.high));

	/* the offset changed within the only burst */
	tscope_tracker_init(&t);
	tscope_tracker_add(&t, 50, -50, 1, 1);
	EXPECT_EQ(tscope_tracker_interval(&t, 1, &iv), 0, "torn");
	EXPECT(iv.moving && iv.low <= -50 && iv.high >= 50 && iv.at_ms == 1,
	       "%s..%s", tap_dec(iv.low), tap_dec(iv.high));

	/* a divisor of few differences is too large: the one learned later counts */
	tscope_tracker_init(&t);
	tscope_tracker_add(&t, -50, 50, 1000000, 1);
	tscope_tracker_add(&t, 300, 400, 21, 2);
	EXPECT_EQ(tscope_tracker_interval(&t, 2, &iv), 0, "learned steps");
	EXPECT(iv.moving, "the steps of the clock were not learned");

	/* clocks that count in steps contradict each other by steps */
	tscope_tracker_init(&t);
	tscope_tracker_add(&t, 42, 0, 21, 1);
	tscope_tracker_add(&t, 0, 42, 21, 1);
	EXPECT_EQ(tscope_tracker_interval(&t, 1, &iv), 0, "steps");
	EXPECT(!iv.moving, "two steps");
}

/* At the ends of the range nothing overflows, and low <= high is reported. */
static void test_extremes(void)
{
	static const s64 edges[] = { S64_MIN, S64_MIN + 1, S64_MIN / 2, -1, 0,
				     1, S64_MAX / 2, S64_MAX - 1, S64_MAX };
	struct tscope_tracker t;
	struct tscope_interval iv;
	u64 now_ms = 0;
	s64 low, high;
	u32 i, k;

	for (i = 0; i < 2000; i++) {
		tscope_tracker_init(&t);
		for (k = 0; k < 200; k++) {
			low = edges[rnd_below(ARRAY_SIZE(edges))];
			high = edges[rnd_below(ARRAY_SIZE(edges))];
			tscope_tracker_add(&t, low, high, rnd_bits(32), now_ms);
			now_ms += rnd_below(300);
			EXPECT_EQ(tscope_tracker_interval(&t, now_ms, &iv), 0,
				  "%u", k);
			EXPECT(iv.low <= iv.high && iv.hull.low <= iv.low &&
			       iv.high <= iv.hull.high, "%s..%s in %s..%s",
			       tap_dec(iv.low), tap_dec(iv.high),
			       tap_dec(iv.hull.low), tap_dec(iv.hull.high));
		}
	}
}

/* In units of 1 / (2 khz) ns there is no rounding. */
static void check_rounding(s64 low, s64 high, u32 khz)
{
	s128 unit = khz ? khz : 1, scale = khz ? 1000000 : 1;
	s128 from = low * scale * 2, to = high * scale * 2;
	s128 middle = (low + (s128)high) * scale, off;
	s64 offset_ns;
	u64 bound_ns;

	tscope_interval_ns(low, high, khz, &offset_ns, &bound_ns);
	EXPECT(bound_ns >= 1, "bound 0");
	off = (s128)offset_ns * 2 * unit;
	if (offset_ns == S64_MAX || offset_ns == S64_MIN ||
	    bound_ns == U64_MAX)
		return;
	EXPECT(off - middle <= unit && middle - off <= unit,
	       "%s..%s at %u kHz: offset %s", tap_dec(low), tap_dec(high), khz,
	       tap_dec(offset_ns));
	EXPECT(off - (s128)bound_ns * 2 * unit <= from &&
	       off + (s128)bound_ns * 2 * unit >= to,
	       "%s..%s at %u kHz: %s +- %s", tap_dec(low), tap_dec(high), khz,
	       tap_dec(offset_ns), tap_udec(bound_ns));
	/* half a nanosecond of the offset, and less than one of the bound */
	EXPECT((s128)bound_ns * 4 * unit <= to - from + 6 * unit,
	       "%s..%s at %u kHz: bound %s", tap_dec(low), tap_dec(high), khz,
	       tap_udec(bound_ns));
}

static void test_rounding(void)
{
	static const u32 khz[] = { 0, 1, 999, 999999, 1000000, 1000001,
				   2893437, 3000000, U32_MAX };
	s64 offset_ns, low, high;
	u64 bound_ns;
	u32 i, k;

	for (k = 0; k < ARRAY_SIZE(khz); k++) {
		for (low = -30; low <= 30; low++)
			for (high = low; high <= 60; high++)
				check_rounding(low, high, khz[k]);
		for (i = 0; i < 20000; i++) {
			low = (s64)rnd_bits(40) - (s64)rnd_bits(40);
			check_rounding(low, low + (s64)rnd_bits(20), khz[k]);
			low = (s64)rnd64();
			high = (s64)rnd64();
			check_rounding(min(low, high), max(low, high), khz[k]);
		}
		check_rounding(S64_MIN, S64_MAX, khz[k]);
		check_rounding(S64_MAX, S64_MAX, khz[k]);
		check_rounding(S64_MIN, S64_MIN, khz[k]);
	}
	tscope_interval_ns(S64_MAX - 9, S64_MAX, 1000, &offset_ns, &bound_ns);
	EXPECT(offset_ns == S64_MAX && bound_ns == U64_MAX, "%s +- %s",
	       tap_dec(offset_ns), tap_udec(bound_ns));
	tscope_interval_ns(-95, 95, 0, &offset_ns, &bound_ns);
	EXPECT(!offset_ns && bound_ns == 95, "%s +- %s", tap_dec(offset_ns),
	       tap_udec(bound_ns));
}

static const struct tap_test tests[] = {
	{ "first bursts, torn bursts, steps of the clock", test_single_bursts },
	{ "at rest: true, narrow, and not moving", test_rest },
	{ "transits change: true, narrow, and not moving", test_places },
	{ "alternating offsets: true, or moving", test_alternation },
	{ "drifting offsets: true, or moving", test_drift },
	{ "one step: moving, and soon no more", test_step },
	{ "ends of the range", test_extremes },
	{ "rounding: the interval is inside, the bound is narrow",
	  test_rounding },
};

TAP_MAIN(tests)
