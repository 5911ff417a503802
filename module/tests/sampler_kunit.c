// SPDX-License-Identifier: GPL-2.0
/*
 * sampler.c and meeting.c: the CPUs that are online meet, flat out and at the defaults, and
 * once sampling is off nothing of it runs.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/slab.h>

#include "../control.h"
#include "../sampler.h"
#include "tests.h"

#define PARAM_OF(name) offsetof(struct tscope_params, name)

/* An emulated CPU may get no time for as long. */
#define PATIENCE_MS	30000

static struct tscope_params before;

static int set_period(u32 period_us, u32 width_us)
{
	return tscope_set_param(PARAM_OF(width_us), TSCOPE_WIDTH_MIN_US) ?:
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
	tscope_get_params(&before);
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
		mutex_lock(&tscope_pairs_lock);
		for_each_tscope_cpu(c)
			for (i = 0; i < c->pairs; i++)
				met += tscope_pair_offset(c->pair[i],
							  TSCOPE_LANE_TSC, &o) &&
				       o.meetings >= 4;
		mutex_unlock(&tscope_pairs_lock);
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
	/* they met because one called the other */
	for_each_tscope_cpu(c) {
		meetings += c->meetings;
		sent += c->call.sent;
	}
	if (num_online_cpus() > 1)
		KUNIT_EXPECT_GE(test, meetings, 4ULL);
	KUNIT_EXPECT_LE(test, meetings, sent);
	rests(test);
}

/* Changes in the middle of it: none fails, and sampling goes on after each. */
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

static struct kunit_case sampler_cases[] = {
	KUNIT_CASE(sampler_flat_out),
	KUNIT_CASE(sampler_defaults),
	KUNIT_CASE(sampler_changes),
	{}
};

static struct kunit_suite sampler_suite = {
	.name = "tscope_sampler",
	.init = sampler_init,
	.exit = sampler_exit,
	.test_cases = sampler_cases,
};

kunit_test_suite(sampler_suite);
