// SPDX-License-Identifier: GPL-2.0
/*
 * cpus.c: which parts of a CPU's state a stop and a reset change, and who leads.
 */
#include <linux/slab.h>

#include "../cpu.h"
#include "tests.h"

static struct tscope_cpu *c;

static int cpus_init(struct kunit *test)
{
	c = kunit_kzalloc(test, sizeof(*c) + 128, GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c = PTR_ALIGN(c, 128);
	tscope_cpu_reset(c);
	return 0;
}

/*
 * After a stop no partner finds an old reading, and no new reading is compared with an old one.
 * When sampling goes on, this is the same life, so updates of the time page are seen; in a new life
 * they are not.
 */
static void cpus_stop(struct kunit *test)
{
	c->ready = true;
	tscope_mailbox_begin(&c->box, 99);
	c->box.of = 1;
	c->box.pub[TSCOPE_LANE_TSC] = 2;
	c->box.echo[TSCOPE_LANE_PAGE] = 3;
	c->last[TSCOPE_LANE_TSC] = 5;
	c->timepage.sequence = 6;
	tscope_cpu_quiesce(c);
	KUNIT_EXPECT_FALSE(test, c->ready);
	KUNIT_EXPECT_EQ(test, c->life, 0);
	KUNIT_EXPECT_EQ(test, c->box.id, 0ULL);
	KUNIT_EXPECT_EQ(test, c->box.of, 0ULL);
	KUNIT_EXPECT_EQ(test, c->box.pub[TSCOPE_LANE_TSC], 0ULL);
	KUNIT_EXPECT_EQ(test, c->box.echo[TSCOPE_LANE_PAGE], 0ULL);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_TSC], 0ULL);
	KUNIT_EXPECT_EQ(test, c->timepage.sequence, 6U);
	tscope_cpu_new_life(c);
	KUNIT_EXPECT_EQ(test, c->timepage.sequence, 0U);
}

/* After a reset figures are zero, and the CPU's life is the same. */
static void cpus_reset(struct kunit *test)
{
	int lane;

	tscope_cpu_new_life(c);
	c->ready = true;
	memset(c->lane, 0x55, sizeof(c->lane));
	c->updates = 1;
	c->stopped = 2;
	c->windows = 3;
	c->lost = 4;
	c->meetings = 5;
	c->unmet = 6;
	c->stuck = true;
	c->events = 1;
	c->back[TSCOPE_LANE_TSC].count = 8;
	for (lane = 0; lane < TSCOPE_LANES; lane++)
		tscope_hist_add(&c->warp_hist[lane], 9);
	tscope_hist_add(&c->transit, 10);
	tscope_hist_add(&c->wakeup, 11);
	tscope_cpu_reset(c);
	KUNIT_EXPECT_NULL(test, memchr_inv(c->lane, 0, sizeof(c->lane)));
	KUNIT_EXPECT_EQ(test, c->updates + c->stopped + c->windows + c->lost +
			c->meetings + c->unmet, 0ULL);
	KUNIT_EXPECT_NULL(test, memchr_inv(c->back, 0, sizeof(c->back)));
	KUNIT_EXPECT_EQ(test, c->events, 0U);
	KUNIT_EXPECT_FALSE(test, c->stuck);
	for (lane = 0; lane < TSCOPE_LANES; lane++)
		KUNIT_EXPECT_EQ(test, c->warp_hist[lane].count, 0ULL);
	KUNIT_EXPECT_EQ(test, c->transit.count, 0ULL);
	KUNIT_EXPECT_EQ(test, c->wakeup.count, 0ULL);
	KUNIT_EXPECT_EQ(test, c->life, 1);
	KUNIT_EXPECT_TRUE(test, c->ready);
}

/*
 * If several CPUs notice a leader without CPU time, one takes its place. None does while the leader
 * writes points.
 */
static void cpus_leader(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tscope_leader(), -1);
	KUNIT_EXPECT_TRUE(test, tscope_leader_replace(-1, 2));
	KUNIT_EXPECT_EQ(test, tscope_leader(), 2);
	KUNIT_EXPECT_TRUE(test, tscope_leader_replace(2, 5));
	KUNIT_EXPECT_FALSE(test, tscope_leader_replace(2, 7));
	KUNIT_EXPECT_EQ(test, tscope_leader(), 5);
	KUNIT_EXPECT_FALSE(test, tscope_leader_hold(2));
	KUNIT_EXPECT_TRUE(test, tscope_leader_hold(5));
	KUNIT_EXPECT_EQ(test, tscope_leader(), 5);
	KUNIT_EXPECT_FALSE(test, tscope_leader_replace(5, 7));
	tscope_leader_release(5);
	KUNIT_EXPECT_TRUE(test, tscope_leader_replace(5, -1));
	KUNIT_EXPECT_EQ(test, tscope_leader(), -1);
}

/* A CPU's state is allocated once, and stays where it is. */
static void cpus_state(struct kunit *test)
{
	int cpu = cpumask_last(cpu_possible_mask);
	struct tscope_cpu *state = tscope_cpu_get(cpu), *each;
	u32 times = 0;

	KUNIT_ASSERT_NOT_NULL(test, state);
	KUNIT_EXPECT_EQ(test, state->cpu, cpu);
	KUNIT_EXPECT_PTR_EQ(test, tscope_cpu_get(cpu), state);
	KUNIT_EXPECT_PTR_EQ(test, tscope_cpu_of(cpu), state);
	for_each_tscope_cpu(each)
		times += each == state;
	KUNIT_EXPECT_EQ(test, times, 1U);
}

static struct kunit_case cpus_cases[] = {
	KUNIT_CASE(cpus_stop),
	KUNIT_CASE(cpus_reset),
	KUNIT_CASE(cpus_leader),
	KUNIT_CASE(cpus_state),
	{}
};

static struct kunit_suite cpus_suite = {
	.name = "tscope_cpus",
	.init = cpus_init,
	.test_cases = cpus_cases,
};

kunit_test_suite(cpus_suite);
