// SPDX-License-Identifier: GPL-2.0
/*
 * meeting.c: calls whose partner does not exchange. Meetings that take place are in
 * sampler_kunit.c.
 */
#include <linux/preempt.h>
#include <linux/slab.h>

#include "../sampler.h"
#include "tests.h"

/* READINGS_MAX of burst.c ends a burst of this length, as if the TSC stood still. */
#define LONG_CYC	BIT_ULL(33)

/* A burst that its count ends is one of a TSC that stands still: no other one follows. */
static void meeting_ends(struct kunit *test)
{
	/* the mailbox is aligned to two cache lines */
	struct tscope_cpu *c = kunit_kzalloc(test, sizeof(*c) + 128, GFP_KERNEL);
	struct tscope_burst b = { };
	int that;

	KUNIT_ASSERT_NOT_NULL(test, c);
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	c = PTR_ALIGN(c, 128);
	tscope_cpu_reset(c);
	/* long enough to ask the partner's sampler, which is not there */
	c->call.wait_us = 3200;
	migrate_disable();
	c->cpu = smp_processor_id();
	that = cpumask_any_but(cpu_online_mask, c->cpu);
	if (tscope_cpu_get(that)) {
		KUNIT_EXPECT_EQ(test, tscope_meet(c, that, LONG_CYC, &b), -ETIMEDOUT);
		KUNIT_EXPECT_GE(test, b.readings, 2U);
		KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, (u64)b.readings);
	}
	while (c->call.sent != atomic64_read(&c->call.answered))
		cpu_relax();
	migrate_enable();
}

static struct kunit_case meeting_cases[] = {
	KUNIT_CASE(meeting_ends),
	{}
};

static struct kunit_suite meeting_suite = {
	.name = "tscope_meeting",
	.test_cases = meeting_cases,
};

kunit_test_suite(meeting_suite);
