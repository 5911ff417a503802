// SPDX-License-Identifier: GPL-2.0
/*
 * meeting.c: calls whose partner does not exchange. Meetings that take place are in
 * sampler_kunit.c.
 */
#include <linux/cpumask.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../sampler.h"
#include "tests.h"

/* READINGS_MAX of burst.c ends a burst of this length, as if the TSC stood still. */
#define LONG_CYC	BIT_ULL(33)

static struct tscope_cpu *c;
/* pairs whose CPUs met before, and one whose CPUs did not */
static struct tscope_pair *silent, *other, *fresh;
static struct tscope_burst b;
static int that;

static int meeting_init(struct kunit *test)
{
	/* the mailbox is aligned to two cache lines */
	c = kunit_kzalloc(test, sizeof(*c) + 128, GFP_KERNEL);
	silent = kunit_kcalloc(test, 3, sizeof(*silent), GFP_KERNEL);
	if (!c || !silent)
		return -ENOMEM;
	other = silent + 1;
	fresh = silent + 2;
	silent->wait_us = 200;
	other->wait_us = 200;
	c = PTR_ALIGN(c, 128);
	tscope_cpu_reset(c);
	memset(&b, 0, sizeof(b));
	return 0;
}

/* Let @c be this CPU, and @that another one, on which no sampler runs. */
static void begin(void)
{
	migrate_disable();
	c->cpu = smp_processor_id();
	that = cpumask_any_but(cpu_online_mask, c->cpu);
}

static void end(void)
{
	while (c->call.sent != atomic64_read(&c->call.answered))
		cpu_relax();
	migrate_enable();
}

/* A burst that ends by its count has a TSC that stands still: no other burst follows. */
static void meeting_ends(struct kunit *test)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	begin();
	silent->peer = that;
	/* long enough to ask the partner's sampler, which is not there */
	silent->wait_us = 3200;
	KUNIT_EXPECT_NOT_NULL(test, tscope_cpu_get(that));
	if (tscope_cpu_get(that)) {
		KUNIT_EXPECT_EQ(test, tscope_meet(c, silent, LONG_CYC, &b), -ETIMEDOUT);
		KUNIT_EXPECT_GE(test, b.readings, 1U);
		KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, (u64)b.readings);
	}
	end();
}

/*
 * A caller waits longer for a partner that did not answer, but not for others; all partners that it
 * never met have one wait in common.
 */
static void meeting_patience(struct kunit *test)
{
	u32 i;

	begin();
	/* without a sampler no CPU answers, nor does this one */
	silent->peer = c->cpu;
	other->peer = c->cpu;
	fresh->peer = c->cpu;
	KUNIT_EXPECT_NOT_NULL(test, tscope_cpu_get(c->cpu));
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, tscope_meet(c, silent, 1000, &b), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, c->call.wait_us, 3200U);
	KUNIT_EXPECT_EQ(test, tscope_meet(c, other, 1000, &b), -ETIMEDOUT);
	/* the handler was asked */
	KUNIT_EXPECT_EQ(test, c->call.wait_us, 200U);
	KUNIT_EXPECT_EQ(test, other->wait_us, 400U);

	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, tscope_meet(c, fresh, 1000, &b), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, fresh->wait_us, 0U);
	KUNIT_EXPECT_EQ(test, c->call.first_us, 800U);
	tscope_meet(c, other, 1000, &b);
	KUNIT_EXPECT_EQ(test, c->call.wait_us, 400U);
	end();
}

/* A call that has not reached its partner holds up the calls of that partner alone. */
static void meeting_of_stuck(struct kunit *test)
{
	call_single_data_t *csd;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	begin();
	silent->peer = that;
	other->peer = c->cpu;
	KUNIT_EXPECT_NOT_NULL(test, tscope_cpu_get(that));
	KUNIT_EXPECT_NOT_NULL(test, tscope_cpu_get(c->cpu));
	KUNIT_EXPECT_EQ(test, tscope_meet(c, silent, 1000, &b), -ETIMEDOUT);
	while (c->call.sent != atomic64_read(&c->call.answered))
		cpu_relax();
	csd = &c->call.csd[that % TSCOPE_CALLS];
	/* as while the interrupt is pending */
	csd->node.u_flags |= CSD_FLAG_LOCK;
	KUNIT_EXPECT_EQ(test, tscope_meet(c, silent, 1000, &b), -EBUSY);
	KUNIT_EXPECT_EQ(test, tscope_meet(c, other, 1000, &b), -ETIMEDOUT);
	csd->node.u_flags &= ~CSD_FLAG_LOCK;
	KUNIT_EXPECT_EQ(test, tscope_meet(c, silent, 1000, &b), -ETIMEDOUT);
	end();
}

/* A partner that is offline, or never was online, does not make its caller wait longer. */
static void meeting_of_nobody(struct kunit *test)
{
	int cpu = cpumask_last(cpu_possible_mask);

	if (cpu_online(cpu))
		kunit_skip(test, "needs a CPU that is offline");
	KUNIT_ASSERT_NOT_NULL(test, tscope_cpu_get(cpu));
	begin();
	other->peer = cpu;
	KUNIT_EXPECT_EQ(test, tscope_meet(c, other, 1000, &b), -ENXIO);
	KUNIT_EXPECT_EQ(test, other->wait_us, 200U);
	end();
}

static struct kunit_case meeting_cases[] = {
	KUNIT_CASE(meeting_ends),
	KUNIT_CASE(meeting_patience),
	KUNIT_CASE(meeting_of_stuck),
	KUNIT_CASE(meeting_of_nobody),
	{}
};

static struct kunit_suite meeting_suite = {
	.name = "tscope_meeting",
	.init = meeting_init,
	.test_cases = meeting_cases,
};

kunit_test_suite(meeting_suite);
