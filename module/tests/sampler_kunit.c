// SPDX-License-Identifier: GPL-2.0
/*
 * sampler.c: its plan, whom it exchanges with, how long a window is, which clocks it
 * reads, with bursts and clocks that only take time. The file is compiled once more,
 * with names of its own and a TSC that stands still unless something is done.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#define tscope_sampler_start		sampler_kunit_start
#define tscope_sampler_stop		sampler_kunit_stop
#define tscope_mailbox_clear		sampler_kunit_mailbox_clear
#define tscope_get_params		sampler_kunit_get_params
#define tscope_is_leader		sampler_kunit_is_leader
#define tscope_burst			sampler_kunit_burst
#define tscope_mailboxes		sampler_kunit_mailboxes
#define tscope_tsc_khz			sampler_kunit_tsc_khz
#define tscope_clock_count		sampler_kunit_clock_count
#define tscope_clocks_refined		sampler_kunit_clocks_refined
#define tscope_clock_get		sampler_kunit_clock_get
#define tscope_clock_of_lane		sampler_kunit_clock_of_lane
#define tscope_clock_sample		sampler_kunit_clock_sample
#define tscope_clock_add		sampler_kunit_clock_add
#define tscope_clock_thin		sampler_kunit_clock_thin
#define tscope_kvm_events		sampler_kunit_kvm_events
#define tscope_interruption_look	sampler_kunit_look
#define tscope_violation		sampler_kunit_violation
#define tscope_alert_raise		sampler_kunit_alert_raise

#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>

#include "../cpu.h"
#include "tests.h"

/* CLOCK_MONOTONIC is the TSC, less what it falls behind. */
static u64 fake_tsc, clock_slow;
static u64 fake_used_ns;
static u32 windows, windows_max;
static int fake_sleep(ktime_t *expires, u64 delta, enum hrtimer_mode mode);

#define rdtsc_ordered()		fake_tsc
#define ktime_get_ns()		(fake_tsc - (clock_slow ? fake_tsc / clock_slow : 0))
#define tscope_cpu_time_ns()	fake_used_ns
#define kthread_should_stop()	(windows_max && windows >= windows_max)
#define schedule_hrtimeout_range	fake_sleep
#include "../sampler.c"

#define CPUS	4
#define KHZ	1000000		/* a cycle is a nanosecond */

enum { TSC, KVM, RAW, PTP, HPET, CLOCKS };

static const struct tscope_clock_ops ops[CLOCKS] = {
	[TSC] = { .name = "tsc", .lane = TSCOPE_LANE_TSC },
	[KVM] = { .name = "kvm-clock", .lane = TSCOPE_LANE_KVM, .series = true },
	[RAW] = { .name = "raw", .lane = TSCOPE_LANE_RAW, .series = true,
		  .read = (void *)1 },
	[PTP] = { .name = "ptp", .lane = TSCOPE_NO_LANE, .series = true,
		  .read = (void *)1, .costly = true, .pair = true },
	[HPET] = { .name = "hpet", .lane = TSCOPE_NO_LANE, .series = true,
		   .read = (void *)1, .costly = true },
};

static struct tscope_clock *clock;
static struct tscope_mailbox boxes[CPUS];
static struct tscope_cpu *c;
static struct tscope_params params;
static struct plan p;
static bool leader, pushed_off;
static u64 sampled[CLOCKS], cost_cyc, burst_cycles;
static u32 bursts, looks, kvm_told, alerts;
static struct tscope_reading added;
static u32 adds;
static u64 began[8];
static const u32 *lates;
static u32 sleeps, stall_window, stall_cyc;
static struct tscope_violation last;
static u32 violations;

struct tscope_mailbox *tscope_mailboxes = boxes;
u32 tscope_tsc_khz = KHZ;

void tscope_get_params(struct tscope_params *to)
{
	*to = params;
}

/* It is asked once a window, when that begins. */
bool tscope_is_leader(int cpu)
{
	if (windows < ARRAY_SIZE(began))
		began[windows] = fake_tsc;
	windows++;
	return leader;
}

static int fake_sleep(ktime_t *expires, u64 delta, enum hrtimer_mode mode)
{
	fake_tsc = ktime_to_ns(*expires) + lates[sleeps++];
	__set_current_state(TASK_RUNNING);
	return 0;
}

bool tscope_clocks_refined(void)
{
	return false;
}

bool tscope_burst(struct tscope_cpu *cpu, int slot, u64 burst_cyc)
{
	if (pushed_off)
		return false;
	if (stall_cyc && windows == stall_window) {
		fake_tsc += stall_cyc;
		stall_cyc = 0;
	}
	bursts++;
	burst_cycles += burst_cyc;
	fake_tsc += burst_cyc;
	cpu->lane[TSCOPE_LANE_TSC].readings += 10;
	cpu->last[TSCOPE_LANE_TSC] = fake_tsc;
	cpu->last[TSCOPE_LANE_KVM] = fake_tsc + 5;
	return true;
}

unsigned int tscope_clock_count(void)
{
	return CLOCKS;
}

struct tscope_clock *tscope_clock_get(unsigned int i)
{
	return &clock[i];
}

struct tscope_clock *tscope_clock_of_lane(enum tscope_lane lane)
{
	return &clock[lane];
}

void tscope_clock_sample(struct tscope_clock *clk, struct tscope_cpu *cpu)
{
	sampled[clk - clock]++;
	if (clk->ops->costly)
		fake_tsc += cost_cyc;
}

void tscope_clock_add(struct tscope_clock *clk, const struct tscope_reading *r)
{
	added = *r;
	adds++;
}

void tscope_clock_thin(struct tscope_clock *clk, u64 slot_cyc)
{
	clk->series.slot_cyc = slot_cyc;
}

void tscope_kvm_events(struct tscope_cpu *cpu, struct tscope_clock *clk,
		       bool leader)
{
	kvm_told++;
	cpu->events = 0;
}

void tscope_interruption_look(void)
{
	looks++;
}

void tscope_violation(enum tscope_what what, const char *name, int cpu,
		      int peer, s64 size_ns, u64 count, u64 tsc)
{
	violations++;
	last = (struct tscope_violation){
		.what = what, .clock = name, .cpu = cpu, .peer = peer,
		.size_ns = size_ns, .count = count, .tsc = tsc,
	};
}

void tscope_alert_raise(struct tscope_clock *clk, enum tscope_cause cause,
			s64 size, int cpu, int peer)
{
	alerts++;
}

static int sampler_init(struct kunit *test)
{
	u32 i;

	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	clock = kunit_kcalloc(test, CLOCKS, sizeof(*clock), GFP_KERNEL);
	if (!c || !clock)
		return -ENOMEM;
	for (i = 0; i < CLOCKS; i++)
		clock[i].ops = &ops[i];
	tscope_cpu_reset(c);
	c->current_pvti = true;
	memset(boxes, 0, sizeof(boxes));
	memset(sampled, 0, sizeof(sampled));
	params = (struct tscope_params){
		.period_us = 10000, .width_us = 100, .burst_us = 10,
		.fit_window_s = 60,
	};
	make_plan(&p);
	fake_tsc = 1000000;
	cost_cyc = 1000;
	leader = false;
	pushed_off = false;
	bursts = 0;
	looks = 0;
	kvm_told = 0;
	alerts = 0;
	adds = 0;
	violations = 0;
	windows = 0;
	windows_max = 0;
	sleeps = 0;
	clock_slow = 0;
	stall_cyc = 0;
	return 0;
}

static void sampler_plans(struct kunit *test)
{
	static const struct {
		struct tscope_params in;
		struct {
			u64 period_ns, slot_ns, width_cyc, burst_cyc, thin_cyc;
			u64 bracketed_cyc;
			bool flat_out;
		} out;
	} cases[] = {
		{ { 10000, 100, 10, 60 },
		  { 10000000, 1000000000, 100000, 10000, 0,
		    240000000, false } },
		{ { 10000, 10000, 100, 60 },
		  { 10000000, 1000000000, 10000000, 100000, 0,
		    240000000, true } },
		/* a burst is no longer than the window */
		{ { 1000, 10, 100, 1 },
		  { 1000000, 1000000000, 10000, 10000, 0,
		    24000000, false } },
		/* a slot of time holds two windows at least */
		{ { 10000000, 100, 10, 3600 },
		  { 10000000000ULL, 20000000000ULL, 100000, 10000, 0,
		    240000000000ULL, false } },
		/* and the ring the fit window: 3600 s of 1 ms are too many */
		{ { 1000, 100, 10, 3600 },
		  { 1000000, 1000000000, 100000, 10000, 439453125,
		    439453125, false } },
		{ { 1000, 100, 10, 8 },
		  { 1000000, 1000000000, 100000, 10000, 0,
		    24000000, false } },
		{ { 1000, 100, 10, 9 },
		  { 1000000, 1000000000, 100000, 10000, 1098632,
		    24000000, false } },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		params = cases[i].in;
		make_plan(&p);
		KUNIT_EXPECT_EQ_MSG(test, p.period_ns, cases[i].out.period_ns, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, p.slot_ns, cases[i].out.slot_ns, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, p.width_cyc, cases[i].out.width_cyc, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, p.burst_cyc, cases[i].out.burst_cyc, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, p.thin_cyc, cases[i].out.thin_cyc, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, p.flat_out, cases[i].out.flat_out, "%u", i);
		KUNIT_EXPECT_EQ_MSG(test, p.bracketed_cyc,
				    cases[i].out.bracketed_cyc, "%u", i);
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
	cost_cyc = 30000;
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
	KUNIT_EXPECT_EQ(test, adds, 0U);
	KUNIT_EXPECT_EQ(test, sampled[RAW], 0ULL);
}

static void sampler_tells_updates(struct kunit *test)
{
	c->events = 2;
	KUNIT_EXPECT_TRUE(test, window(c, &p, 0, 0));
	KUNIT_EXPECT_EQ(test, kvm_told, 1U);
}

static void sampler_takes_points(struct kunit *test)
{
	leader = true;
	KUNIT_EXPECT_TRUE(test, window(c, &p, 0, 0));
	/* kvm-clock's is the last reading of the bursts */
	KUNIT_EXPECT_EQ(test, adds, 1U);
	KUNIT_EXPECT_EQ(test, added.tsc, c->last[TSCOPE_LANE_TSC]);
	KUNIT_EXPECT_EQ(test, added.ns, c->last[TSCOPE_LANE_KVM]);
	KUNIT_EXPECT_EQ(test, sampled[TSC], 0ULL);
	KUNIT_EXPECT_EQ(test, sampled[RAW], 1ULL);
	/* which is none where it is of the pvti before, or there was none */
	c->current_pvti = false;
	take_points(c, &p, true);
	KUNIT_EXPECT_EQ(test, adds, 1U);
	c->current_pvti = true;
	take_points(c, &p, false);
	KUNIT_EXPECT_EQ(test, adds, 1U);
	KUNIT_EXPECT_EQ(test, sampled[RAW], 3ULL);
	KUNIT_EXPECT_EQ(test, clock[RAW].series.slot_cyc, p.thin_cyc);
	KUNIT_EXPECT_EQ(test, clock[PTP].series.slot_cyc, p.thin_cyc);
	/* of bracketed exits the narrowest of many windows */
	KUNIT_EXPECT_EQ(test, clock[HPET].series.slot_cyc, p.bracketed_cyc);
	/* other CPUs take none */
	leader = false;
	KUNIT_EXPECT_TRUE(test, window(c, &p, 0, 0));
	KUNIT_EXPECT_EQ(test, sampled[RAW], 3ULL);
}

/* Of costly clocks one a window, in turn, and none while one's time is paid back. */
static void sampler_costly_clocks(struct kunit *test)
{
	static const struct {
		u64 cost_cyc;
		bool flat_out;
		u32 windows, readings;
	} cases[] = {
		{ 1000, false, 10, 10 },
		{ 49999, false, 10, 10 },
		{ 50000, false, 10, 5 },	/* half a window: one goes without */
		{ 100000, false, 12, 4 },
		{ 1000000, false, 15, 3 },	/* four at most */
		{ 1000000, true, 10, 10 },
	};
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(sampled, 0, sizeof(sampled));
		c->costly_wait = 0;
		c->next_costly = 0;
		cost_cyc = cases[i].cost_cyc;
		p.flat_out = cases[i].flat_out;
		for (k = 0; k < cases[i].windows; k++)
			take_points(c, &p, true);
		KUNIT_EXPECT_EQ_MSG(test, sampled[PTP] + sampled[HPET],
				    (u64)cases[i].readings, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, sampled[PTP],
				    (u64)DIV_ROUND_UP(cases[i].readings, 2),
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, sampled[RAW], (u64)cases[i].windows,
				    "case %u", i);
	}
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

/* Lost is a window that was due and never begun. */
static void sampler_loses_windows(struct kunit *test)
{
	static const u32 late_ns[] = {
		0, 9000000, 11000000, 0, 35000000, 9999999, 10000000, 0,
	};
	static const struct {
		u64 began, lost;
	} truth[] = {
		{ 10000000, 0 }, { 29000000, 0 }, { 41000000, 0 },
		{ 50000000, 1 }, { 95000000, 1 }, { 109999999, 4 },
		{ 130000000, 5 }, { 140000000, 6 },
	};
	u32 n;

	lates = late_ns;
	for (n = 1; n <= ARRAY_SIZE(truth); n++) {
		tscope_cpu_reset(c);
		fake_tsc = 1000000;
		sleeps = 0;
		windows = 0;
		windows_max = n;
		KUNIT_EXPECT_EQ(test, sampler(c), 0);
		KUNIT_EXPECT_EQ(test, windows, n);
		KUNIT_EXPECT_EQ_MSG(test, began[n - 1], truth[n - 1].began,
				    "window %u", n);
		KUNIT_EXPECT_EQ_MSG(test, c->lost, truth[n - 1].lost,
				    "window %u", n);
	}
}

/* Flat out one follows the other, and a window ends with its period. */
static void sampler_flat_out(struct kunit *test)
{
	params.width_us = params.period_us;
	fake_tsc = 13000000;
	windows_max = 5;
	KUNIT_EXPECT_EQ(test, sampler(c), 0);
	KUNIT_EXPECT_EQ(test, sleeps, 0U);
	KUNIT_EXPECT_EQ(test, began[0], 13000000ULL);
	KUNIT_EXPECT_EQ(test, began[1], 20000000ULL);
	KUNIT_EXPECT_EQ(test, began[4], 50000000ULL);
	KUNIT_EXPECT_EQ(test, c->lost, 0ULL);

	/* pushed off its CPU in the first one until 38 ms: that of 20 ms is lost */
	windows = 0;
	fake_tsc = 13000000;
	stall_window = 1;
	stall_cyc = 25000000;
	KUNIT_EXPECT_EQ(test, sampler(c), 0);
	KUNIT_EXPECT_EQ(test, began[1], 38010000ULL);
	KUNIT_EXPECT_EQ(test, began[2], 40000000ULL);
	KUNIT_EXPECT_EQ(test, c->lost, 1ULL);

	/* by a slower clock the last one has not ended yet: no window twice */
	windows = 0;
	c->lost = 0;
	clock_slow = 1000000;
	fake_tsc = 13000013;
	KUNIT_EXPECT_EQ(test, sampler(c), 0);
	KUNIT_EXPECT_EQ(test, began[1], 20000013ULL);
	KUNIT_EXPECT_EQ(test, began[2], 30000020ULL);
	KUNIT_EXPECT_EQ(test, c->lost, 0ULL);
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
	KUNIT_CASE(sampler_costly_clocks),
	KUNIT_CASE(sampler_tells_findings),
	KUNIT_CASE(sampler_loses_windows),
	KUNIT_CASE(sampler_flat_out),
	KUNIT_CASE(sampler_stops),
	{}
};

static struct kunit_suite sampler_suite = {
	.name = "tscope_sampler",
	.init = sampler_init,
	.test_cases = sampler_cases,
};

kunit_test_suite(sampler_suite);
