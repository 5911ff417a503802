// SPDX-License-Identifier: GPL-2.0
/*
 * cpus.c: who watches whom, and what a reset leaves. The file is compiled once more, with
 * names and CPUs of its own, none of which samples.
 */
#define tscope_cpus			cpus_kunit_cpus
#define tscope_mailboxes		cpus_kunit_mailboxes
#define tscope_ranks			cpus_kunit_ranks
#define tscope_rank_count		cpus_kunit_rank_count
#define tscope_graph_lock		cpus_kunit_graph_lock
#define tscope_cpu_reset		cpus_kunit_reset
#define tscope_cpus_choose		cpus_kunit_choose
#define tscope_cpu_get			cpus_kunit_get
#define tscope_cpus_init		cpus_kunit_init
#define tscope_cpus_exit		cpus_kunit_exit

#include "tests.h"

#undef nr_cpu_ids
#define nr_cpu_ids			CPUS
#define CPUS				4

#include "../cpus.c"

static struct cpumask chosen;

static int cpus_init(struct kunit *test)
{
	cpumask_clear(&chosen);
	return tscope_cpus_init();
}

static void cpus_exit(struct kunit *test)
{
	tscope_cpus_exit();
}

/* A CPU that this machine need not have, as tscope_cpu_get() leaves it. */
static struct tscope_cpu *made_up(struct kunit *test, int cpu)
{
	struct tscope_cpu *c = kvzalloc(sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->cpu = cpu;
	seqcount_init(&c->row.past[0].seq);
	seqcount_init(&c->row.past[1].seq);
	tscope_cpu_reset(c);
	tscope_cpus[cpu] = c;
	return c;
}

static void cpus_watch(struct kunit *test)
{
	struct tscope_cpu *c[CPUS];
	int i;

	for (i = 0; i < CPUS; i++)
		c[i] = made_up(test, i);
	cpumask_set_cpu(0, &chosen);
	cpumask_set_cpu(2, &chosen);
	cpumask_set_cpu(3, &chosen);
	tscope_cpus_choose(&chosen);
	KUNIT_EXPECT_EQ(test, tscope_rank_count, 3U);
	KUNIT_EXPECT_EQ(test, tscope_ranks[0], 0);
	KUNIT_EXPECT_EQ(test, tscope_ranks[1], 2);
	KUNIT_EXPECT_EQ(test, tscope_ranks[2], 3);
	/* each watches both others; who was not chosen, no one */
	for (i = 0; i < CPUS; i++) {
		KUNIT_EXPECT_EQ(test, c[i]->peers, i == 1 ? 0U : 2U);
		if (i == 1)
			continue;
		KUNIT_EXPECT_EQ(test, c[i]->peer[0] + c[i]->peer[1], 5 - i);
		KUNIT_EXPECT_NE(test, c[i]->peer[0], i);
		KUNIT_EXPECT_NE(test, c[i]->peer[1], i);
		KUNIT_EXPECT_NE(test, c[i]->peer[0], c[i]->peer[1]);
	}
	/* one alone has nobody; what pairs had begins anew */
	c[2]->next_peer = 1;
	c[2]->row.warps[TSCOPE_LANE_TSC][0] = 9;
	cpumask_clear(&chosen);
	cpumask_set_cpu(2, &chosen);
	tscope_cpus_choose(&chosen);
	KUNIT_EXPECT_EQ(test, tscope_rank_count, 1U);
	for (i = 0; i < CPUS; i++)
		KUNIT_EXPECT_EQ(test, c[i]->peers, 0U);
	KUNIT_EXPECT_EQ(test, c[2]->next_peer, 0U);
	KUNIT_EXPECT_EQ(test, c[2]->row.warps[TSCOPE_LANE_TSC][0], 0ULL);
}

/* A CPU that first samples later finds its place among those chosen. */
static void cpus_get(struct kunit *test)
{
	struct tscope_cpu *c;

	KUNIT_EXPECT_NULL(test, tscope_cpu_of(0));
	cpumask_set_cpu(0, &chosen);
	cpumask_set_cpu(1, &chosen);
	tscope_cpus_choose(&chosen);
	c = tscope_cpu_get(0);
	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_EXPECT_PTR_EQ(test, tscope_cpu_of(0), c);
	KUNIT_EXPECT_PTR_EQ(test, tscope_cpu_get(0), c);
	KUNIT_EXPECT_EQ(test, c->cpu, 0);
	KUNIT_EXPECT_EQ(test, c->peers, 1U);
	KUNIT_EXPECT_EQ(test, c->peer[0], 1);
	/* which may come and go: its row keeps its place */
	KUNIT_EXPECT_NULL(test, tscope_cpu_of(1));
}

static void cpus_reset(struct kunit *test)
{
	struct tscope_cpu *c = made_up(test, 3);

	c->last[TSCOPE_LANE_TSC] = 5;
	c->pvti.version = 8;
	c->lane[TSCOPE_LANE_KVM].readings = 7;
	c->lane[TSCOPE_LANE_KVM].warps = 7;
	c->lane[TSCOPE_LANE_RAW].backward_max = 7;
	c->updates = 3;
	c->stopped = 2;
	c->lost = 4;
	tscope_hist_add(&c->transit, 70);
	tscope_hist_add(&c->warp_hist[TSCOPE_LANE_TSC], 70);
	c->row.warps[TSCOPE_LANE_TSC][0] = 9;
	tscope_cpu_reset(c);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_TSC], 0ULL);
	/* what was updated before now is none of the updates to come */
	KUNIT_EXPECT_EQ(test, c->pvti.version, 0U);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_KVM].readings, 0ULL);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_KVM].warps, 0ULL);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_RAW].backward_max, 0ULL);
	KUNIT_EXPECT_EQ(test, c->updates + c->stopped + c->lost, 0ULL);
	KUNIT_EXPECT_EQ(test, c->transit.count, 0ULL);
	KUNIT_EXPECT_EQ(test, c->warp_hist[TSCOPE_LANE_TSC].count, 0ULL);
	KUNIT_EXPECT_EQ(test, c->row.warps[TSCOPE_LANE_TSC][0], 0ULL);
	KUNIT_EXPECT_EQ(test, c->cpu, 3);
}

static struct kunit_case cpus_cases[] = {
	KUNIT_CASE(cpus_watch),
	KUNIT_CASE(cpus_get),
	KUNIT_CASE(cpus_reset),
	{}
};

static struct kunit_suite cpus_suite = {
	.name = "tscope_cpus",
	.init = cpus_init,
	.exit = cpus_exit,
	.test_cases = cpus_cases,
};

kunit_test_suite(cpus_suite);
