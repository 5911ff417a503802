// SPDX-License-Identifier: GPL-2.0
/*
 * violations.c: a ring of its own, filled by one and by several threads, and read. A
 * stand-in for the time holds a writer up.
 */
#define tscope_violation		violations_kunit_violation
#define tscope_step_record		violations_kunit_step_record
#define tscope_violations_range		violations_kunit_range
#define tscope_violation_get		violations_kunit_get
#define tscope_violations_reset		violations_kunit_reset
#define tscope_what_name		violations_kunit_what_name

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "tests.h"

static u64 kept_up_ns(void);

#define ktime_get_ns	kept_up_ns
#include "../violations.c"
#undef ktime_get_ns

#define WRITERS	3
#define WRITES	20000

static u64 base, lap;

static u64 next_number(void)
{
	u64 first, end;

	tscope_violations_range(&first, &end);
	return end;
}

static int violations_init(struct kunit *test)
{
	tscope_violations_reset();
	base = next_number();
	lap = 0;
	return 0;
}

static void put(u64 number)
{
	tscope_violation(TSCOPE_WARP, "tsc", number % 7, number % 5, number * 3,
			 number * 5, number);
}

/* Whether all of an entry is of one writer's one call. */
static bool whole(const struct tscope_violation *v)
{
	return v->cpu == v->tsc % 7 && v->peer == v->tsc % 5 &&
	       v->size_ns == v->tsc * 3 && v->count == v->tsc * 5;
}

/* A writer that is preempted, while others write the ring full. */
static u64 kept_up_ns(void)
{
	u64 n = lap;

	for (lap = 0; n; n--)
		put(n);
	return ktime_get_ns();
}

static void violations_kept(struct kunit *test)
{
	struct tscope_violation v;
	u64 i, first, end;

	tscope_violations_range(&first, &end);
	KUNIT_EXPECT_EQ(test, first, end);
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
		KUNIT_EXPECT_STREQ(test, v.clock, "tsc");
	}
	tscope_violations_reset();
	for (i = 10; i < TSCOPE_VIOLATIONS + 10; i++)
		KUNIT_EXPECT_FALSE(test, tscope_violation_get(base + i, &v));
	/* numbers go on: who reads from where it stopped misses none */
	tscope_violations_range(&first, &end);
	KUNIT_EXPECT_EQ(test, first, base + TSCOPE_VIOLATIONS + 10ULL);
	KUNIT_EXPECT_EQ(test, end, first);
}

/* A writer that was held up for a whole ring spoils no newer entry. */
static void violations_lapped(struct kunit *test)
{
	struct tscope_violation v;
	u64 head, i;

	lap = TSCOPE_VIOLATIONS;
	put(12345);
	head = next_number();
	KUNIT_ASSERT_EQ(test, head, base + TSCOPE_VIOLATIONS + 1ULL);
	for (i = head - TSCOPE_VIOLATIONS; i < head; i++) {
		KUNIT_EXPECT_TRUE_MSG(test, tscope_violation_get(i, &v),
				      "entry %llu is lost", i - base);
		KUNIT_EXPECT_TRUE(test, whole(&v));
	}
}

static void violations_named(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, tscope_what_name(TSCOPE_WARP), "warp");
	KUNIT_EXPECT_STREQ(test, tscope_what_name(TSCOPE_BACKWARD), "backward");
	KUNIT_EXPECT_STREQ(test, tscope_what_name(TSCOPE_STEP), "step");
}

/* Each step has an entry of its own, also those of clocks that one pause moved. */
static void violations_steps(struct kunit *test)
{
	static const struct tscope_step steps[] = {
		{ .ns = -3284804247, .error_ns = 1, .tsc = 100 },
		{ .ns = -3284804321, .error_ns = 65762, .tsc = 100 },
	};
	struct tscope_violation v;

	tscope_step_record("kvm-clock", 1, &steps[0]);
	tscope_step_record("realtime", 0, &steps[1]);
	KUNIT_ASSERT_EQ(test, next_number(), base + 2);
	KUNIT_ASSERT_TRUE(test, tscope_violation_get(base, &v));
	KUNIT_EXPECT_EQ(test, v.what, (u32)TSCOPE_STEP);
	KUNIT_EXPECT_STREQ(test, v.clock, "kvm-clock");
	KUNIT_EXPECT_EQ(test, v.cpu, 1);
	KUNIT_EXPECT_EQ(test, v.peer, -1);
	KUNIT_EXPECT_EQ(test, v.size_ns, steps[0].ns);
	KUNIT_EXPECT_EQ(test, v.count, 1ULL);
	KUNIT_EXPECT_EQ(test, v.tsc, 100ULL);
	KUNIT_ASSERT_TRUE(test, tscope_violation_get(base + 1, &v));
	KUNIT_EXPECT_STREQ(test, v.clock, "realtime");
	KUNIT_EXPECT_EQ(test, v.size_ns, steps[1].ns);
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

/* Writers on all CPUs, and a reader: each entry is whole, or not to be had. */
static void violations_written_meanwhile(struct kunit *test)
{
	struct task_struct *task;
	struct tscope_violation v;
	u64 got = 0, torn = 0, i;
	unsigned long n;

	init_completion(&done);
	for (n = 0; n < WRITERS; n++) {
		task = kthread_run(writer, (void *)n, "tscope_kunit/%lu", n);
		KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	}
	for (i = 0; next_number() < base + WRITERS * WRITES; i++) {
		/* with one CPU the writers get none otherwise */
		cond_resched();
		if (!tscope_violation_get(next_number() - 1 - i % 8,
					  &v))
			continue;
		got++;
		torn += !whole(&v);
	}
	for (n = 0; n < WRITERS; n++)
		wait_for_completion(&done);
	KUNIT_EXPECT_EQ(test, torn, 0ULL);
	kunit_info(test, "%llu entries read meanwhile", got);
	KUNIT_EXPECT_TRUE(test, tscope_violation_get(next_number() - 1, &v));
}

static struct kunit_case violations_cases[] = {
	KUNIT_CASE(violations_kept),
	KUNIT_CASE(violations_lapped),
	KUNIT_CASE(violations_named),
	KUNIT_CASE(violations_steps),
	KUNIT_CASE(violations_written_meanwhile),
	{}
};

static struct kunit_suite violations_suite = {
	.name = "tscope_violations",
	.init = violations_init,
	.test_cases = violations_cases,
};

kunit_test_suite(violations_suite);
