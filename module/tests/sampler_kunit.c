// SPDX-License-Identifier: GPL-2.0
/*
 * sampler.c and meeting.c: the CPUs that are online meet, flat out and at the defaults, and
 * once sampling is off nothing of it runs.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>

#include "../control.h"
#include "../sampler.h"
#include "tests.h"

#define PARAM_OF(name) offsetof(struct tscope_params, name)

/* An emulated CPU may get no time for this long. */
#define PATIENCE_MS	30000

static struct tscope_params before;

static int set_period(u32 period_us, u32 width_us)
{
	return tscope_set_param(PARAM_OF(width_us), 10) ?:
	       tscope_set_param(PARAM_OF(period_us), period_us) ?:
	       tscope_set_param(PARAM_OF(width_us), width_us);
}

static int set_all_cpus(void)
{
	char *list = kasprintf(GFP_KERNEL, "%*pbl",
			       cpumask_pr_args(cpu_possible_mask));
	int err = list ? tscope_set_cpus(list) : -ENOMEM;

	kfree(list);
	return err;
}

static int sampler_init(struct kunit *test)
{
	before = tscope_params;
	return 0;
}

static void sampler_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, tscope_enable(false), 0);
	KUNIT_EXPECT_EQ(test, set_period(before.period_us, before.width_us), 0);
	tscope_reset();
}

static u64 work(void)
{
	struct tscope_cpu *c;
	u64 n = 0;
	int lane;

	for_each_tscope_cpu(c) {
		n += READ_ONCE(c->windows) + READ_ONCE(c->meetings) +
		     READ_ONCE(c->unmet) + READ_ONCE(c->call.sent);
		for (lane = 0; lane < TSCOPE_LANES; lane++)
			n += READ_ONCE(c->lane[lane].readings);
	}
	return n;
}

/* All pairs meet, and go on meeting; both clocks are the machine's one TSC. */
static void meets(struct kunit *test)
{
	u32 n = num_online_cpus(), pairs = n * (n - 1) / 2, ms, met = 0, i;
	struct tscope_pairs_summary s;
	struct tscope_offset o;
	struct tscope_cpu *c;

	tscope_reset();
	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	for (ms = 0; ms < PATIENCE_MS && met < pairs; ms += 50) {
		msleep(50);
		met = 0;
		spin_lock(&tscope_pairs_lock);
		for_each_tscope_cpu(c)
			for (i = 0; i < c->pairs; i++)
				met += tscope_pair_offset(c->pair[i],
							  TSCOPE_LANE_TSC, &o) &&
				       o.meetings >= 4;
		spin_unlock(&tscope_pairs_lock);
	}
	tscope_pairs_summary(TSCOPE_LANE_TSC, &s);
	KUNIT_EXPECT_EQ(test, tscope_enable(false), 0);
	for_each_tscope_cpu(c)
		if (cpu_online(c->cpu))
			kunit_info(test, "CPU %d: %llu windows, %llu meetings, %llu in vain, %llu calls sent, %lld answered, patience %u us\n",
				   c->cpu, c->windows, c->meetings, c->unmet, c->call.sent,
				   (s64)atomic64_read(&c->call.answered), c->call.wait_us);
	KUNIT_EXPECT_EQ(test, met, pairs);
	KUNIT_EXPECT_EQ(test, s.unmet, 0ULL);
	if (pairs) {
		KUNIT_ASSERT_TRUE(test, s.found);
		kunit_info(test, "%u ms; worst offset %lld +- %llu ns, widest %llu ns\n",
			   ms, s.worst.offset_ns, s.worst.bound_ns, s.widest_ns);
		/* the emulated TSC is one for all */
		KUNIT_EXPECT_LE(test, tscope_abs64(s.worst.offset_ns),
				s.worst.bound_ns);
		KUNIT_EXPECT_LE(test, s.widest_ns, 100000ULL);
		KUNIT_EXPECT_EQ(test, s.moving, 0ULL);
	}
}

static void rests(struct kunit *test)
{
	struct tscope_cpu *c;
	u64 done;

	KUNIT_EXPECT_TRUE(test, tscope_meetings_settle(0));
	for_each_tscope_cpu(c) {
		KUNIT_EXPECT_FALSE(test, c->ready);
		KUNIT_EXPECT_EQ(test, c->box.id, 0ULL);
		KUNIT_EXPECT_EQ(test, c->call.request, 0ULL);
		KUNIT_EXPECT_NULL(test, c->call.caller);
	}
	done = work();
	msleep(300);
	KUNIT_EXPECT_EQ(test, work(), done);
}

static void sampler_flat_out(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, set_period(10000, 10000), 0);
	meets(test);
	rests(test);
}

static void sampler_defaults(struct kunit *test)
{
	struct tscope_cpu *c;
	u64 meetings = 0, sent = 0;

	meets(test);
	/* the CPUs met because one called the other */
	for_each_tscope_cpu(c) {
		meetings += c->meetings;
		sent += c->call.sent;
	}
	if (num_online_cpus() > 1)
		KUNIT_EXPECT_GE(test, meetings, 4ULL);
	KUNIT_EXPECT_LE(test, meetings, sent);
	rests(test);
}

/* Changes while CPUs sample: none fails, and sampling goes on after each. */
static void sampler_changes(struct kunit *test)
{
	u64 seed = 20, done;
	u32 i, ms;

	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	for (i = 0; i < 30; i++) {
		u32 period_us = 1000 * (1 + tscope_test_rnd(&seed) % 20);
		bool flat_out = tscope_test_rnd(&seed) & 1;

		KUNIT_EXPECT_EQ(test, set_period(period_us, flat_out ? period_us : 50), 0);
		KUNIT_EXPECT_EQ(test, i & 1 ? tscope_set_cpus("0") : set_all_cpus(), 0);
		done = work();
		for (ms = 0; ms < PATIENCE_MS && work() == done; ms += 20)
			msleep(20);
		KUNIT_EXPECT_NE(test, work(), done);
	}
	KUNIT_EXPECT_EQ(test, set_all_cpus(), 0);
	KUNIT_EXPECT_EQ(test, tscope_enable(false), 0);
	rests(test);
}

/* Two CPUs call the same one, in sessions of the same number: each uses its own answer. */
static void sampler_own_answer(struct kunit *test)
{
	/* mailboxes are aligned to two cache lines */
	struct tscope_cpu *c = kunit_kzalloc(test, 2 * sizeof(*c) + 128, GFP_KERNEL);
	struct tscope_pair *pair = kunit_kzalloc(test, sizeof(*pair), GFP_KERNEL);
	struct tscope_burst b;
	int err = -ETIMEDOUT, that, i, k;
	char list[16];

	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_ASSERT_NOT_NULL(test, pair);
	if (num_online_cpus() < 2)
		kunit_skip(test, "two CPUs are needed");
	c = PTR_ALIGN(c, 128);
	migrate_disable();
	c[0].cpu = nr_cpu_ids;
	c[1].cpu = smp_processor_id();
	that = cpumask_any_but(cpu_online_mask, c[1].cpu);
	pair->peer = that;
	snprintf(list, sizeof(list), "%d", that);
	KUNIT_EXPECT_EQ(test, tscope_set_cpus(list), 0);
	KUNIT_EXPECT_EQ(test, tscope_enable(true), 0);
	for (i = 0; i < 100 && err; i++) {
		for (k = 0, err = 0; k < 2 && !err; k++) {
			c[k].session = 1000 * i;
			/* so the sampler answers: it reads CLOCK_MONOTONIC_RAW at its end */
			pair->wait_us = 3200;
			memset(&b, 0, sizeof(b));
			err = tscope_meet(&c[k], pair, 20000, &b);
			msleep(20);
		}
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, c[1].lane[TSCOPE_LANE_RAW].readings, 1ULL);
	KUNIT_EXPECT_EQ(test, b.peer_warp[TSCOPE_LANE_RAW].count, 0ULL);
	KUNIT_EXPECT_EQ(test, b.warp[TSCOPE_LANE_RAW].count, 0ULL);
	for (k = 0; k < 2; k++)
		while (c[k].call.sent != atomic64_read(&c[k].call.answered))
			msleep(20);
	migrate_enable();
	KUNIT_EXPECT_EQ(test, set_all_cpus(), 0);
	KUNIT_EXPECT_EQ(test, tscope_enable(false), 0);
	rests(test);
}

/* The leader's TSC may restart, as when its CPU was replaced: then a segment begins. */
static void sampler_new_life(struct kunit *test)
{
	struct tscope_series *s = &tscope_clock_of_lane(TSCOPE_LANE_RAW)->series;
	u32 ms;

	tscope_reset();
	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	for (ms = 0; ms < PATIENCE_MS && READ_ONCE(s->head) - s->first < 4; ms += 20)
		msleep(20);
	KUNIT_EXPECT_EQ(test, READ_ONCE(s->segment), 1U);
	tscope_cpu_new_life(tscope_cpu_of(tscope_leader()));
	for (ms = 0; ms < PATIENCE_MS && READ_ONCE(s->segment) == 1; ms += 20)
		msleep(20);
	KUNIT_EXPECT_EQ(test, READ_ONCE(s->segment), 2U);
	KUNIT_EXPECT_EQ(test, tscope_enable(false), 0);
}

static u32 unknown_steps(void)
{
	struct tscope_cpu *c;
	u32 unknown = 0;

	for_each_tscope_cpu(c)
		unknown += READ_ONCE(c->chosen) && !READ_ONCE(c->step_cyc);
	return unknown;
}

/* Pairs are judged during a long window, so the TSC's step has to be known before it ends. */
static void sampler_step_in_window(struct kunit *test)
{
	struct tscope_cpu *c;
	u32 ms;

	KUNIT_ASSERT_EQ(test, set_period(10000000, 10000000), 0);
	tscope_reset();
	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	for (ms = 0; ms < 6000 && unknown_steps(); ms += 20)
		msleep(20);
	KUNIT_EXPECT_EQ(test, unknown_steps(), 0U);
	for_each_tscope_cpu(c)
		KUNIT_EXPECT_EQ(test, c->windows, 0ULL);
}

/*
 * When a CPU and when the leader has something to do. A meeting waits for the next window only if
 * windows are near to each other.
 */
static void sampler_due(struct kunit *test)
{
	struct tscope_cpu *c = kunit_kzalloc(test, sizeof(*c) + 128, GFP_KERNEL);
	const u64 now = 1000 * NSEC_PER_SEC, ms = NSEC_PER_MSEC;

	KUNIT_ASSERT_NOT_NULL(test, c);
	c = PTR_ALIGN(c, 128);
	c->cpu = cpumask_last(cpu_possible_mask);
	c->ready = true;
	c->next_meeting_ns = now + 10 * ms;
	c->next_window_ns = now + 150 * ms;
	KUNIT_ASSERT_EQ(test, set_period(200000, 50), 0);
	KUNIT_EXPECT_EQ(test, tscope_sampler_due_ns(c, now), now + 500 * ms);
	c->pairs = 1;
	KUNIT_EXPECT_EQ(test, tscope_sampler_due_ns(c, now), now + 10 * ms);
	KUNIT_ASSERT_TRUE(test, tscope_leader_replace(-1, c->cpu));
	KUNIT_EXPECT_EQ(test, tscope_sampler_due_ns(c, now), now + 10 * ms);
	c->pairs = 0;
	KUNIT_EXPECT_EQ(test, tscope_sampler_due_ns(c, now), now + 150 * ms);
	c->pairs = 1;
	c->next_window_ns = now + 40 * ms;
	KUNIT_EXPECT_EQ(test, set_period(50000, 50), 0);
	KUNIT_EXPECT_EQ(test, tscope_sampler_due_ns(c, now), now + 40 * ms);
	KUNIT_EXPECT_TRUE(test, tscope_leader_replace(c->cpu, -1));
}

/* Keeps its CPU busy for 3 s, or until it is stopped. */
static int hog(void *unused)
{
	u64 end = rdtsc_ordered() + 3000 * (u64)tscope_tsc_khz;

	preempt_disable();
	while (rdtsc_ordered() < end && !kthread_should_stop())
		cpu_relax();
	preempt_enable();
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static bool leads(int cpu)
{
	u32 ms;

	for (ms = 0; ms < 3000 && tscope_leader() != cpu; ms += 20)
		msleep(20);
	return tscope_leader() == cpu;
}

/* A leader that gets no CPU time is replaced, and the windows that it missed are counted. */
static void sampler_failover(struct kunit *test)
{
	struct tscope_clock *clk = tscope_clock_of_lane(TSCOPE_LANE_RAW);
	int leader, other, times;
	struct task_struct *task;
	u64 samples;
	u32 ms;

	if (num_online_cpus() != 2)
		kunit_skip(test, "two CPUs are needed");
	tscope_reset();
	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	leader = tscope_leader();
	other = cpumask_any_but(cpu_online_mask, leader);
	set_cpus_allowed_ptr(current, cpumask_of(other));
	for (ms = 0; ms < PATIENCE_MS && !READ_ONCE(tscope_cpu_of(other)->windows); ms += 20)
		msleep(20);
	/* a leader that is stopped while it writes points stays the leader */
	for (times = 0; times < 4 && tscope_leader() == leader; times++) {
		task = kthread_create(hog, NULL, "tscope_kunit");
		KUNIT_ASSERT_FALSE(test, IS_ERR(task));
		kthread_bind(task, leader);
		wake_up_process(task);
		leads(other);
		kthread_stop(task);
	}
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, tscope_leader(), other);
	KUNIT_EXPECT_GE(test, tscope_cpu_of(other)->lost, 1000000ULL / before.period_us);
	samples = READ_ONCE(clk->samples);
	for (ms = 0; ms < PATIENCE_MS && READ_ONCE(clk->samples) == samples; ms += 20)
		msleep(20);
	KUNIT_EXPECT_NE(test, READ_ONCE(clk->samples), samples);
}

/* Runs while all CPUs have stopped. */
static int stay_stopped(void *unused)
{
	u64 end = rdtsc_ordered() + 1300 * (u64)tscope_tsc_khz;

	while (rdtsc_ordered() < end)
		cpu_relax();
	return 0;
}

/*
 * If all CPUs stop, and with them the guest's time, the leader was not starved: it stays. An
 * emulated CPU that gets no time is rightly replaced, which must be rare.
 */
static void sampler_stopped(struct kunit *test)
{
	int leader, times, replaced = 0;

	if (num_online_cpus() < 2)
		kunit_skip(test, "two CPUs are needed");
	tscope_reset();
	KUNIT_ASSERT_EQ(test, set_period(10000, 10000), 0);
	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	for (times = 0; times < 4; times++) {
		msleep(200);
		leader = tscope_leader();
		stop_machine(stay_stopped, NULL, NULL);
		msleep(200);
		replaced += tscope_leader() != leader;
	}
	KUNIT_EXPECT_LE(test, replaced, 1);
}

static struct kunit_case sampler_cases[] = {
	KUNIT_CASE(sampler_flat_out),
	KUNIT_CASE(sampler_defaults),
	KUNIT_CASE(sampler_changes),
	KUNIT_CASE(sampler_own_answer),
	KUNIT_CASE(sampler_new_life),
	KUNIT_CASE(sampler_failover),
	KUNIT_CASE(sampler_stopped),
	KUNIT_CASE(sampler_step_in_window),
	KUNIT_CASE(sampler_due),
	{}
};

static struct kunit_suite sampler_suite = {
	.name = "tscope_sampler",
	.init = sampler_init,
	.exit = sampler_exit,
	.test_cases = sampler_cases,
};

kunit_test_suite(sampler_suite);
