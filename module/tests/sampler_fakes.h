/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sampler.c for a suite of its own: compiled once more, with names of its own, bursts
 * that only take time, and a TSC that stands still unless something is done. The
 * suite says what its names begin with:
 *
 *   #define FAKE(name) suite_##name
 */
#ifndef TSCOPE_SAMPLER_FAKES_H
#define TSCOPE_SAMPLER_FAKES_H

#define tscope_sampler_start	FAKE(start)
#define tscope_sampler_stop	FAKE(stop)
#define tscope_mailbox_clear	FAKE(mailbox_clear)
#define tscope_get_params	FAKE(get_params)
#define tscope_is_leader	FAKE(is_leader)
#define tscope_burst		FAKE(burst)
#define tscope_mailboxes	FAKE(mailboxes)
#define tscope_tsc_khz		FAKE(tsc_khz)
#define tscope_clock_of_lane	FAKE(clock_of_lane)
#define tscope_points_take	FAKE(points_take)
#define tscope_kvm_events	FAKE(kvm_events)
#define tscope_interruption_look	FAKE(look)
#define tscope_violation	FAKE(violation)
#define tscope_alert_raise	FAKE(alert_raise)

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

enum { TSC, KVM, RAW, CLOCKS };

static const struct tscope_clock_ops ops[CLOCKS] = {
	[TSC] = { .name = "tsc", .lane = TSCOPE_LANE_TSC },
	[KVM] = { .name = "kvm-clock", .lane = TSCOPE_LANE_KVM, .series = true },
	[RAW] = { .name = "raw", .lane = TSCOPE_LANE_RAW, .series = true },
};

static struct tscope_clock *clock;
static struct tscope_mailbox boxes[CPUS];
static struct tscope_cpu *c;
static struct tscope_params params;
static struct plan p;
static bool leader, pushed_off;
static u64 burst_cycles;
static u32 bursts, looks, kvm_told, alerts;
static u32 points_taken;
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

struct tscope_clock *tscope_clock_of_lane(enum tscope_lane lane)
{
	return &clock[lane];
}

void tscope_points_take(struct tscope_cpu *cpu, bool read)
{
	points_taken += read;
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

static int sampler_fakes_init(struct kunit *test)
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
	params = (struct tscope_params){
		.period_us = 10000, .width_us = 100, .burst_us = 10,
		.fit_window_s = 60,
	};
	make_plan(&p);
	fake_tsc = 1000000;
	leader = false;
	pushed_off = false;
	bursts = 0;
	looks = 0;
	kvm_told = 0;
	alerts = 0;
	points_taken = 0;
	violations = 0;
	windows = 0;
	windows_max = 0;
	sleeps = 0;
	clock_slow = 0;
	stall_cyc = 0;
	return 0;
}

#endif /* TSCOPE_SAMPLER_FAKES_H */
