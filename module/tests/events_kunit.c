// SPDX-License-Identifier: GPL-2.0
/*
 * events.c: the ring of violations, filled by one and by several threads; and what raises
 * an alert of a clock, and how often. A scenario of the lab checks the uevents.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "../clock.h"
#include "../events.h"
#include "tests.h"

#define WRITERS	3
#define WRITES	20000

static u64 base;
static struct tscope_clock *clk;
static struct tscope_alert saved[TSCOPE_ALERT_CAUSES];

static u64 next_number(void)
{
	u64 first, end;

	tscope_violations_range(&first, &end);
	return end;
}

static int events_init(struct kunit *test)
{
	tscope_violations_reset();
	tscope_alerts_reset();
	base = next_number();
	clk = tscope_clock_count() ? tscope_clock_get(0) : NULL;
	if (clk)
		memcpy(saved, clk->alert, sizeof(saved));
	tscope_alert_interval_s = TSCOPE_ALERT_INTERVAL_S;
	return 0;
}

static void events_exit(struct kunit *test)
{
	if (clk)
		memcpy(clk->alert, saved, sizeof(saved));
	tscope_alert_interval_s = TSCOPE_ALERT_INTERVAL_S;
	tscope_violations_reset();
	tscope_alerts_reset();
}

static void put(u64 number)
{
	tscope_violation(TSCOPE_BACKWARD, "tsc", number % 7, number % 5, number * 3, number * 5,
			 number);
}

/* Whether all members of an entry are of one call. */
static bool whole(const struct tscope_violation *v)
{
	return v->cpu == v->tsc % 7 && v->peer == v->tsc % 5 &&
	       v->size_ns == v->tsc * 3 && v->count == v->tsc * 5 && v->error_ns == -1;
}

static void events_violations_kept(struct kunit *test)
{
	struct tscope_violation v;
	u64 i, first, end;

	KUNIT_EXPECT_FALSE(test, tscope_violation_get(base, &v));
	for (i = 0; i < TSCOPE_VIOLATIONS + 10; i++)
		put(i);
	tscope_violations_range(&first, &end);
	KUNIT_EXPECT_EQ(test, first, base + 10);
	KUNIT_EXPECT_EQ(test, end, base + i);
	KUNIT_EXPECT_FALSE(test, tscope_violation_get(base + 9, &v));
	KUNIT_EXPECT_FALSE(test, tscope_violation_get(base + i, &v));
	for (i = 10; i < TSCOPE_VIOLATIONS + 10; i++) {
		KUNIT_ASSERT_TRUE(test, tscope_violation_get(base + i, &v));
		KUNIT_EXPECT_EQ(test, v.tsc, i);
		KUNIT_EXPECT_TRUE(test, whole(&v));
	}
	tscope_violations_reset();
	KUNIT_EXPECT_FALSE(test, tscope_violation_get(end - 1, &v));
	/* numbers go on: a reader that continues where it stopped misses none */
	tscope_violations_range(&first, &end);
	KUNIT_EXPECT_EQ(test, first, base + TSCOPE_VIOLATIONS + 10ULL);
	KUNIT_EXPECT_EQ(test, end, first);
}

/* Warps that go on for long have one line a second, and leave room for other violations. */
static void events_warps_go_on(struct kunit *test)
{
	struct tscope_violation v;
	u64 i, first, end, warps = 0;

	tscope_violation_step("kvm-clock", 0, -77, 5, 1);
	for (i = 0; i < 2 * TSCOPE_VIOLATIONS; i++) {
		tscope_violation(TSCOPE_WARP, "tsc", 1, 0, 100 + i, 2, i);
		tscope_violation(TSCOPE_WARP, "kvm-clock", 1, 0, 50, 1, i);
	}
	KUNIT_ASSERT_TRUE(test, tscope_violation_get(base, &v));
	KUNIT_EXPECT_STREQ(test, v.what, TSCOPE_STEP);
	KUNIT_EXPECT_EQ(test, v.size_ns, -77LL);
	KUNIT_EXPECT_EQ(test, v.error_ns, 5LL);
	tscope_violations_range(&first, &end);
	/* two lines a second, and the loop takes some seconds */
	KUNIT_EXPECT_LE(test, end - first, 41ULL);
	for (i = first + 1; i < end; i++) {
		KUNIT_ASSERT_TRUE(test, tscope_violation_get(i, &v));
		if (strcmp(v.clock, "tsc"))
			continue;
		warps += v.count;
		KUNIT_EXPECT_EQ(test, v.size_ns, 99 + (s64)warps / 2);
	}
	KUNIT_EXPECT_EQ(test, warps, 4ULL * TSCOPE_VIOLATIONS);

	/* of other CPUs */
	tscope_violation(TSCOPE_WARP, "tsc", 0, 1, 5, 1, 7);
	KUNIT_ASSERT_TRUE(test, tscope_violation_get(next_number() - 1, &v));
	KUNIT_EXPECT_EQ(test, v.cpu, 0);
	KUNIT_EXPECT_EQ(test, v.count, 1ULL);
}

#define PEERS	65

/* So many CPUs warp at once that a line of this second is far back in the ring. */
static void events_many_warp(struct kunit *test)
{
	u64 first, end, begin_ns = ktime_get_ns(), seconds;
	u32 i;

	for (i = 0; i < 30 * PEERS; i++)
		tscope_violation(TSCOPE_WARP, "tsc", 1, 2 + i % PEERS, 100, 1, i);
	seconds = div_u64(ktime_get_ns() - begin_ns, NSEC_PER_SEC) + 1;
	tscope_violations_range(&first, &end);
	KUNIT_EXPECT_GE(test, end - base, (u64)PEERS);
	KUNIT_EXPECT_LE(test, end - base, PEERS * seconds);
}

static struct completion done;

static int writer(void *data)
{
	u64 from = (unsigned long)data * WRITES, i;

	for (i = from; i < from + WRITES; i++) {
		put(i);
		if (i % 1000 == 0)
			cond_resched();
	}
	complete(&done);
	return 0;
}

/* Writers on all CPUs, and a reader: each entry is whole, or can't be read. */
static void events_written_meanwhile(struct kunit *test)
{
	struct task_struct *task;
	struct tscope_violation v;
	u64 torn = 0, i;
	unsigned long n;

	init_completion(&done);
	for (n = 0; n < WRITERS; n++) {
		task = kthread_run(writer, (void *)n, "tscope_kunit/%lu", n);
		KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	}
	for (i = 0; next_number() < base + WRITERS * WRITES; i++) {
		/* with one CPU the writers would get no time otherwise */
		cond_resched();
		if (tscope_violation_get(next_number() - 1 - i % 8, &v))
			torn += !whole(&v);
	}
	for (n = 0; n < WRITERS; n++)
		wait_for_completion(&done);
	KUNIT_EXPECT_EQ(test, torn, 0ULL);
	KUNIT_EXPECT_TRUE(test, tscope_violation_get(next_number() - 1, &v));
}

static bool raise(enum tscope_cause cause, s64 size)
{
	u64 before_ns = clk->alert[cause].raised_ns;

	tscope_alert_raise(clk, cause, size, 1, 2);
	return clk->alert[cause].raised_ns != before_ns;
}

static void events_alert_limits(struct kunit *test)
{
	static const struct {
		u64 limit;
		s64 size;
		bool raised;
	} cases[] = {
		{ 100, 99, false }, { 100, 100, true }, { 100, -100, true },
		{ 100, -99, false }, { 1, 0, false }, { 0, S64_MAX, false },
		{ 1, S64_MIN, true }, { S64_MAX, S64_MAX, true },
	};
	u32 i;

	if (!clk)
		kunit_skip(test, "no clock");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		tscope_alerts_reset();
		tscope_alert_set_limit(clk, TSCOPE_ALERT_STEP, cases[i].limit);
		KUNIT_EXPECT_EQ_MSG(test, raise(TSCOPE_ALERT_STEP, cases[i].size),
				    cases[i].raised, "case %u", i);
	}
}

/* One alert in the interval for each cause of a clock; each is reported once. */
static void events_alert_interval(struct kunit *test)
{
	u32 ms;

	if (!clk)
		kunit_skip(test, "no clock");
	tscope_alert_set_limit(clk, TSCOPE_ALERT_WARP, 1);
	tscope_alert_set_limit(clk, TSCOPE_ALERT_STEP, 1);
	KUNIT_EXPECT_TRUE(test, raise(TSCOPE_ALERT_WARP, 500));
	KUNIT_EXPECT_FALSE(test, raise(TSCOPE_ALERT_WARP, 1000));
	KUNIT_EXPECT_EQ(test, clk->alert[TSCOPE_ALERT_WARP].size, 500LL);
	KUNIT_EXPECT_TRUE(test, raise(TSCOPE_ALERT_STEP, 500));
	for (ms = 0; ms < 5000 && tscope_alerts_count() < 2; ms++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, tscope_alerts_count(), 2ULL);
	/* a shorter interval counts at once, and a reset forgets the last alert */
	tscope_alert_interval_s = 0;
	KUNIT_EXPECT_TRUE(test, raise(TSCOPE_ALERT_WARP, 500));
	tscope_alert_interval_s = TSCOPE_ALERT_INTERVAL_S;
	KUNIT_EXPECT_FALSE(test, raise(TSCOPE_ALERT_WARP, 500));
	tscope_alerts_reset();
	KUNIT_EXPECT_EQ(test, tscope_alerts_count(), 0ULL);
	KUNIT_EXPECT_TRUE(test, raise(TSCOPE_ALERT_WARP, 500));
}

static struct kunit_case events_cases[] = {
	KUNIT_CASE(events_violations_kept),
	KUNIT_CASE(events_warps_go_on),
	KUNIT_CASE(events_many_warp),
	KUNIT_CASE(events_written_meanwhile),
	KUNIT_CASE(events_alert_limits),
	KUNIT_CASE(events_alert_interval),
	{}
};

static struct kunit_suite events_suite = {
	.name = "tscope_events",
	.init = events_init,
	.exit = events_exit,
	.test_cases = events_cases,
};

kunit_test_suite(events_suite);
