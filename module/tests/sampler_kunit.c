// SPDX-License-Identifier: GPL-2.0
/*
 * sampler.c: its plan, whom it exchanges with, how long a window is, which clocks it
 * reads, what it tells.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#define FAKE(name) sampler_kunit_##name

#include "sampler_fakes.h"

static void sampler_plans(struct kunit *test)
{
	static const struct {
		struct tscope_params in;
		struct {
			u64 period_ns, slot_ns, width_cyc, burst_cyc;
			bool flat_out;
		} out;
	} cases[] = {
		{ { 10000, 100, 10, 60 },
		  { 10000000, 1000000000, 100000, 10000, false } },
		{ { 10000, 10000, 100, 60 },
		  { 10000000, 1000000000, 10000000, 100000, true } },
		/* a burst is no longer than the window */
		{ { 1000, 10, 100, 1 },
		  { 1000000, 1000000000, 10000, 10000, false } },
		/* a slot of time holds two windows at least */
		{ { 10000000, 100, 10, 3600 },
		  { 10000000000ULL, 20000000000ULL, 100000, 10000, false } },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		params = cases[i].in;
		make_plan(&p);
		KUNIT_EXPECT_EQ_MSG(test, p.period_ns, cases[i].out.period_ns, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, p.slot_ns, cases[i].out.slot_ns, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, p.width_cyc, cases[i].out.width_cyc, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, p.burst_cyc, cases[i].out.burst_cyc, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, p.flat_out, cases[i].out.flat_out, "%u", i);
	}
}

/* By turns, but for those that show no readings. */
static void sampler_turns_to_peers(struct kunit *test)
{
	static const int turns[] = { 1, 2, 0, 1, 2, 0 };
	u32 i;

	KUNIT_EXPECT_EQ(test, next_peer(c), -1);
	c->peers = 3;
	for (i = 0; i < 3; i++)
		c->peer[i] = i + 1;
	KUNIT_EXPECT_EQ(test, next_peer(c), -1);
	boxes[3].seen[TSCOPE_LANE_TSC] = 1;
	KUNIT_EXPECT_EQ(test, next_peer(c), 2);
	KUNIT_EXPECT_EQ(test, next_peer(c), 2);
	boxes[1].seen[TSCOPE_LANE_TSC] = 1;
	KUNIT_EXPECT_EQ(test, next_peer(c), 0);
	KUNIT_EXPECT_EQ(test, next_peer(c), 2);
	KUNIT_EXPECT_EQ(test, next_peer(c), 0);
	boxes[2].seen[TSCOPE_LANE_TSC] = 1;
	for (i = 0; i < ARRAY_SIZE(turns); i++)
		KUNIT_EXPECT_EQ(test, next_peer(c), turns[i]);
}

/*
 * It ends when it should, also if it began late; one burst there always is.
 * The last one is no longer than what is left.
 */
static void sampler_window_ends(struct kunit *test)
{
	static const struct {
		s64 late_ns;
		u64 used_ns, bursts_cyc;
		u32 bursts;
		u64 burst_cyc;
	} cases[] = {
		{ 0, 0, 0, 10, 100000 },
		{ 1, 0, 0, 10, 99999 },
		{ 30000, 0, 0, 7, 70000 },
		{ 99999, 0, 0, 1, 10000 },
		{ 10000000, 0, 0, 1, 10000 },
		/* begun early it ends no earlier */
		{ -5000, 0, 0, 11, 105000 },
		/* what the thread did besides bursts comes off */
		{ 0, 130000, 90000, 6, 60000 },
		{ 0, 45001, 0, 6, 54999 },
		{ 30000, 41000, 1000, 3, 30000 },
		{ 80000, 50000, 0, 1, 10000 },
		/* to half a window; and bursts may have been interrupted */
		{ 0, 10000000, 100000, 5, 50000 },
		{ 0, 90000, 100000, 10, 100000 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		bursts = 0;
		burst_cycles = 0;
		fake_used_ns += cases[i].used_ns;
		c->bursts_cyc = cases[i].bursts_cyc;
		KUNIT_EXPECT_TRUE(test, window(c, &p, 0, cases[i].late_ns));
		KUNIT_EXPECT_EQ_MSG(test, bursts, cases[i].bursts, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, burst_cycles, cases[i].burst_cyc,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, c->bursts_cyc, cases[i].burst_cyc,
				    "case %u", i);
	}
	KUNIT_EXPECT_EQ(test, looks, 0U);
	/* the points are not bursts */
	leader = true;
	KUNIT_EXPECT_TRUE(test, window(c, &p, 0, 0));
	KUNIT_EXPECT_EQ(test, c->bursts_cyc, 100000ULL);
	KUNIT_EXPECT_EQ(test, looks, 1U);
	/* flat out nothing comes off */
	p.flat_out = true;
	bursts = 0;
	fake_used_ns += 140000;
	KUNIT_EXPECT_TRUE(test, window(c, &p, 0, 0));
	KUNIT_EXPECT_EQ(test, bursts, 10U);
}

static void sampler_pushed_off(struct kunit *test)
{
	pushed_off = true;
	leader = true;
	KUNIT_EXPECT_FALSE(test, window(c, &p, 0, 0));
	KUNIT_EXPECT_EQ(test, points_taken, 0U);
}

static void sampler_tells_updates(struct kunit *test)
{
	c->events = 2;
	KUNIT_EXPECT_TRUE(test, window(c, &p, 0, 0));
	KUNIT_EXPECT_EQ(test, kvm_told, 1U);
}

static void sampler_takes_points(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, window(c, &p, 0, 0));
	KUNIT_EXPECT_EQ(test, points_taken, 0U);
	leader = true;
	KUNIT_EXPECT_TRUE(test, window(c, &p, 0, 0));
	KUNIT_EXPECT_EQ(test, points_taken, 1U);
}

/* What a window found is told once, and forgotten. */
static void sampler_tells_findings(struct kunit *test)
{
	struct tscope_lane_figures *l = &c->lane[TSCOPE_LANE_TSC];

	tscope_tsc_khz = 2 * KHZ;
	c->cpu = 2;
	c->warp[TSCOPE_LANE_TSC] = (struct tscope_finding){
		.count = 5, .max = 600, .tsc = 1234, .peer = 3,
	};
	tell_findings(c);
	KUNIT_EXPECT_EQ(test, violations, 1U);
	KUNIT_EXPECT_EQ(test, alerts, 1U);
	KUNIT_EXPECT_EQ(test, last.what, (u32)TSCOPE_WARP);
	KUNIT_EXPECT_STREQ(test, last.clock, "tsc");
	KUNIT_EXPECT_EQ(test, last.cpu, 2);
	KUNIT_EXPECT_EQ(test, last.peer, 3);
	KUNIT_EXPECT_EQ(test, last.size_ns, 300LL);
	KUNIT_EXPECT_EQ(test, last.count, 5ULL);
	KUNIT_EXPECT_EQ(test, last.tsc, 1234ULL);
	KUNIT_EXPECT_EQ(test, l->warps, 5ULL);
	KUNIT_EXPECT_EQ(test, l->warp_max, 600ULL);
	tell_findings(c);
	KUNIT_EXPECT_EQ(test, violations, 1U);

	c->warp[TSCOPE_LANE_TSC] = (struct tscope_finding){ .count = 1, .max = 2 };
	c->back[TSCOPE_LANE_KVM] = (struct tscope_finding){
		.count = 7, .max = U64_MAX, .peer = -1,
	};
	tell_findings(c);
	KUNIT_EXPECT_EQ(test, l->warps, 6ULL);
	KUNIT_EXPECT_EQ(test, l->warp_max, 600ULL);
	/* nanoseconds as they are, cut to 63 bits; no alert for what is backward */
	KUNIT_EXPECT_EQ(test, last.what, (u32)TSCOPE_BACKWARD);
	KUNIT_EXPECT_EQ(test, last.size_ns, S64_MAX);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_KVM].backward, 7ULL);
	KUNIT_EXPECT_EQ(test, alerts, 2U);
	/* one cycle is not nothing */
	c->back[TSCOPE_LANE_TSC] = (struct tscope_finding){ .count = 1, .max = 1 };
	tell_findings(c);
	KUNIT_EXPECT_EQ(test, last.size_ns, 1LL);
	tscope_tsc_khz = KHZ;
}

static void sampler_stops(struct kunit *test)
{
	u32 lane;

	for (lane = 0; lane < TSCOPE_LANES; lane++)
		boxes[0].seen[lane] = 5;
	/* peers turn to CPUs that show readings */
	tscope_sampler_stop(c);
	for (lane = 0; lane < TSCOPE_LANES; lane++)
		KUNIT_EXPECT_EQ(test, boxes[0].seen[lane], 0ULL);
}

static struct kunit_case sampler_cases[] = {
	KUNIT_CASE(sampler_plans),
	KUNIT_CASE(sampler_turns_to_peers),
	KUNIT_CASE(sampler_window_ends),
	KUNIT_CASE(sampler_pushed_off),
	KUNIT_CASE(sampler_tells_updates),
	KUNIT_CASE(sampler_takes_points),
	KUNIT_CASE(sampler_tells_findings),
	KUNIT_CASE(sampler_stops),
	{}
};

static struct kunit_suite sampler_suite = {
	.name = "tscope_sampler",
	.init = sampler_fakes_init,
	.test_cases = sampler_cases,
};

kunit_test_suite(sampler_suite);
