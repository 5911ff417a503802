// SPDX-License-Identifier: GPL-2.0
/* violations.c: a ring of its own, filled by one and by several threads, and read. */
#define tscope_violation		violations_kunit_violation
#define tscope_step_record		violations_kunit_step_record
#define tscope_violations_head		violations_kunit_head
#define tscope_violation_get		violations_kunit_get
#define tscope_violations_reset		violations_kunit_reset
#define tscope_what_name		violations_kunit_what_name

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "tests.h"

#include "../violations.c"

#define WRITERS	3
#define WRITES	20000

static int violations_init(struct kunit *test)
{
	memset(ring, 0, sizeof(ring));
	atomic64_set(&head, 0);
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

static void violations_kept(struct kunit *test)
{
	struct tscope_violation v;
	u64 i;

	KUNIT_EXPECT_EQ(test, tscope_violations_head(), 0ULL);
	KUNIT_EXPECT_FALSE(test, tscope_violation_get(0, &v));
	for (i = 0; i < TSCOPE_VIOLATIONS + 10; i++)
		put(i);
	KUNIT_EXPECT_EQ(test, tscope_violations_head(), i);
	KUNIT_EXPECT_FALSE(test, tscope_violation_get(9, &v));
	KUNIT_EXPECT_FALSE(test, tscope_violation_get(i, &v));
	for (i = 10; i < TSCOPE_VIOLATIONS + 10; i++) {
		KUNIT_ASSERT_TRUE(test, tscope_violation_get(i, &v));
		KUNIT_EXPECT_EQ(test, v.tsc, i);
		KUNIT_EXPECT_TRUE(test, whole(&v));
		KUNIT_EXPECT_STREQ(test, v.clock, "tsc");
	}
	tscope_violations_reset();
	for (i = 10; i < TSCOPE_VIOLATIONS + 10; i++)
		KUNIT_EXPECT_FALSE(test, tscope_violation_get(i, &v));
	/* numbers go on: who reads from where it stopped misses none */
	KUNIT_EXPECT_EQ(test, tscope_violations_head(), TSCOPE_VIOLATIONS + 10ULL);
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
	KUNIT_ASSERT_EQ(test, tscope_violations_head(), 2ULL);
	KUNIT_ASSERT_TRUE(test, tscope_violation_get(0, &v));
	KUNIT_EXPECT_EQ(test, v.what, (u32)TSCOPE_STEP);
	KUNIT_EXPECT_STREQ(test, v.clock, "kvm-clock");
	KUNIT_EXPECT_EQ(test, v.cpu, 1);
	KUNIT_EXPECT_EQ(test, v.peer, -1);
	KUNIT_EXPECT_EQ(test, v.size_ns, steps[0].ns);
	KUNIT_EXPECT_EQ(test, v.count, 1ULL);
	KUNIT_EXPECT_EQ(test, v.tsc, 100ULL);
	KUNIT_ASSERT_TRUE(test, tscope_violation_get(1, &v));
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
	for (i = 0; tscope_violations_head() < WRITERS * WRITES; i++) {
		/* with one CPU the writers get none otherwise */
		cond_resched();
		if (!tscope_violation_get(tscope_violations_head() - 1 - i % 8,
					  &v))
			continue;
		got++;
		torn += !whole(&v);
	}
	for (n = 0; n < WRITERS; n++)
		wait_for_completion(&done);
	KUNIT_EXPECT_EQ(test, torn, 0ULL);
	kunit_info(test, "%llu entries read meanwhile", got);
	KUNIT_EXPECT_TRUE(test, tscope_violation_get(WRITERS * WRITES - 1, &v));
}

static struct kunit_case violations_cases[] = {
	KUNIT_CASE(violations_kept),
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
