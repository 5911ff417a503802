// SPDX-License-Identifier: GPL-2.0
/*
 * exchange.c: slots of time, and offsets of what two CPUs saw of each other in one, with
 * CPUs that are made up: they take the place of the real ones, none of which samples.
 */
#include <linux/slab.h>

#include "../cpu.h"
#include "tests.h"

#define CPUS_MAX	72

static struct {
	struct tscope_cpu **cpus;
	int *ranks;
	u32 count;
	u32 khz;
} real;

static struct tscope_cpu *cpu[CPUS_MAX];
static int ranks[CPUS_MAX];

static int exchange_init(struct kunit *test)
{
	u32 n = max_t(u32, nr_cpu_ids, CPUS_MAX);

	real.cpus = tscope_cpus;
	real.ranks = tscope_ranks;
	real.count = tscope_rank_count;
	real.khz = tscope_tsc_khz;
	tscope_cpus = kvcalloc(n, sizeof(*tscope_cpus), GFP_KERNEL);
	tscope_ranks = ranks;
	tscope_rank_count = 0;
	tscope_tsc_khz = 1000000;
	return tscope_cpus ? 0 : -ENOMEM;
}

static void exchange_free(void)
{
	u32 i;

	for (i = 0; i < CPUS_MAX; i++) {
		kvfree(cpu[i]);
		cpu[i] = NULL;
	}
}

static void exchange_exit(struct kunit *test)
{
	exchange_free();
	kvfree(tscope_cpus);
	tscope_cpus = real.cpus;
	tscope_ranks = real.ranks;
	tscope_rank_count = real.count;
	tscope_tsc_khz = real.khz;
}

static void make_cpus(struct kunit *test, u32 n)
{
	u32 i, slot;

	for (i = 0; i < n; i++) {
		cpu[i] = kvzalloc(sizeof(*cpu[i]), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, cpu[i]);
		cpu[i]->cpu = i;
		seqcount_init(&cpu[i]->row.past[0].seq);
		seqcount_init(&cpu[i]->row.past[1].seq);
		tscope_row_init(&cpu[i]->row);
		cpu[i]->peers = tscope_graph_peers(n);
		for (slot = 0; slot < cpu[i]->peers; slot++)
			cpu[i]->peer[slot] = tscope_graph_peer(i, n, slot);
		tscope_cpus[i] = cpu[i];
		ranks[i] = i;
	}
	tscope_rank_count = n;
}

/* CPU @i saw @transit of CPU @j in the present slot of time. */
static void saw(u32 i, u32 j, enum tscope_lane lane, s64 transit)
{
	u32 slot;

	for (slot = 0; slot < cpu[i]->peers; slot++)
		if (cpu[i]->peer[slot] == j)
			cpu[i]->row.now[lane][slot] = transit;
}

static void next_slot(u64 slot)
{
	u32 i;

	for (i = 0; i < tscope_rank_count; i++)
		tscope_row_slot(&cpu[i]->row, slot);
}

static int pair_of(u32 i, u32 j, enum tscope_lane lane, struct tscope_pair *pair)
{
	int err;

	mutex_lock(&tscope_graph_lock);
	err = tscope_exchange_pair(i, j, lane, pair);
	mutex_unlock(&tscope_graph_lock);
	return err;
}

static void exchange_slots(struct kunit *test)
{
	struct tscope_pair pair;

	make_cpus(test, 2);
	next_slot(10);
	saw(1, 0, TSCOPE_LANE_TSC, 150);
	saw(0, 1, TSCOPE_LANE_TSC, -50);
	/* a slot counts once it is over, for both */
	KUNIT_EXPECT_EQ(test, pair_of(0, 1, TSCOPE_LANE_TSC, &pair), -ENODATA);
	tscope_row_slot(&cpu[0]->row, 11);
	KUNIT_EXPECT_EQ(test, pair_of(0, 1, TSCOPE_LANE_TSC, &pair), -ENODATA);
	tscope_row_slot(&cpu[1]->row, 11);
	KUNIT_ASSERT_EQ(test, pair_of(0, 1, TSCOPE_LANE_TSC, &pair), 0);
	KUNIT_EXPECT_EQ(test, pair.offset_ns, 100LL);
	KUNIT_EXPECT_GE(test, pair.bound_ns, 50ULL);
	KUNIT_EXPECT_LE(test, pair.bound_ns, 52ULL);
	KUNIT_ASSERT_EQ(test, pair_of(1, 0, TSCOPE_LANE_TSC, &pair), 0);
	KUNIT_EXPECT_EQ(test, pair.offset_ns, -100LL);
	/* nothing was seen of kvm-clock */
	KUNIT_EXPECT_EQ(test, pair_of(0, 1, TSCOPE_LANE_KVM, &pair), -ENODATA);

	/* one of them is ahead by a slot: the last that both have */
	saw(0, 1, TSCOPE_LANE_TSC, 10);
	saw(1, 0, TSCOPE_LANE_TSC, 10);
	tscope_row_slot(&cpu[0]->row, 12);
	KUNIT_ASSERT_EQ(test, pair_of(0, 1, TSCOPE_LANE_TSC, &pair), 0);
	KUNIT_EXPECT_EQ(test, pair.offset_ns, 100LL);
	tscope_row_slot(&cpu[1]->row, 12);
	KUNIT_ASSERT_EQ(test, pair_of(0, 1, TSCOPE_LANE_TSC, &pair), 0);
	KUNIT_EXPECT_EQ(test, pair.offset_ns, 0LL);

	/* an offset that changed within a slot is none */
	saw(0, 1, TSCOPE_LANE_TSC, -500);
	saw(1, 0, TSCOPE_LANE_TSC, 10);
	next_slot(13);
	KUNIT_EXPECT_EQ(test, pair_of(0, 1, TSCOPE_LANE_TSC, &pair), -ESTALE);
}

static void exchange_forgets(struct kunit *test)
{
	struct tscope_pair pair;

	make_cpus(test, 2);
	next_slot(1000);
	saw(0, 1, TSCOPE_LANE_KVM, 10);
	saw(1, 0, TSCOPE_LANE_KVM, 10);
	next_slot(1001);
	KUNIT_EXPECT_EQ(test, pair_of(0, 1, TSCOPE_LANE_KVM, &pair), 0);
	/* two slots in which nothing was seen */
	next_slot(1002);
	KUNIT_EXPECT_EQ(test, pair_of(0, 1, TSCOPE_LANE_KVM, &pair), 0);
	next_slot(1003);
	KUNIT_EXPECT_EQ(test, pair_of(0, 1, TSCOPE_LANE_KVM, &pair), -ENODATA);
	/* longer slots: their numbers are of another count */
	saw(0, 1, TSCOPE_LANE_KVM, 10);
	saw(1, 0, TSCOPE_LANE_KVM, 10);
	next_slot(1004);
	KUNIT_EXPECT_EQ(test, pair_of(0, 1, TSCOPE_LANE_KVM, &pair), 0);
	next_slot(500);
	KUNIT_EXPECT_EQ(test, pair_of(0, 1, TSCOPE_LANE_KVM, &pair), -ENODATA);
}

/* When sampling ends a slot is told early, if it has half its windows or is the only one. */
static void exchange_closes(struct kunit *test)
{
	static const struct {
		u32 windows;
		bool first;
		s64 offset;
	} cases[] = {
		{ 1, true, 100 }, { 49, false, 0 }, { 50, false, 100 },
	};
	struct tscope_pair pair;
	u32 i, k;

	make_cpus(test, 2);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (k = 0; k < 2; k++)
			tscope_row_init(&cpu[k]->row);
		next_slot(20);
		if (!cases[i].first) {
			saw(0, 1, TSCOPE_LANE_TSC, 10);
			saw(1, 0, TSCOPE_LANE_TSC, 10);
			next_slot(21);
		}
		for (k = 1; k < cases[i].windows; k++)
			next_slot(21 - cases[i].first);
		saw(0, 1, TSCOPE_LANE_TSC, -90);
		saw(1, 0, TSCOPE_LANE_TSC, 110);
		for (k = 0; k < 2; k++)
			tscope_row_close(&cpu[k]->row, 100);
		KUNIT_ASSERT_EQ_MSG(test, pair_of(0, 1, TSCOPE_LANE_TSC, &pair), 0,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, pair.offset_ns, cases[i].offset,
				    "case %u", i);
	}
}

static void exchange_strangers(struct kunit *test)
{
	struct tscope_pair pair;

	make_cpus(test, 2);
	next_slot(1);
	/* CPUs that never sampled, or are not watched */
	KUNIT_EXPECT_EQ(test, pair_of(0, 5, TSCOPE_LANE_TSC, &pair), -ENODATA);
	KUNIT_EXPECT_EQ(test, pair_of(0, 0, TSCOPE_LANE_TSC, &pair), -ENODATA);
	KUNIT_EXPECT_EQ(test, tscope_exchange_largest(TSCOPE_LANE_TSC, &pair),
			-ENODATA);
	tscope_rank_count = 0;
	KUNIT_EXPECT_EQ(test, tscope_exchange_largest(TSCOPE_LANE_TSC, &pair),
			-ENODATA);
}

static void exchange_warps(struct kunit *test)
{
	u64 n;

	make_cpus(test, 3);
	cpu[0]->row.warps[TSCOPE_LANE_TSC][0] = 3;	/* of CPU 1 */
	cpu[1]->row.warps[TSCOPE_LANE_TSC][1] = 4;	/* of CPU 0 */
	cpu[1]->row.warps[TSCOPE_LANE_TSC][0] = 50;	/* of CPU 2 */
	mutex_lock(&tscope_graph_lock);
	n = tscope_exchange_warps(0, 1, TSCOPE_LANE_TSC);
	KUNIT_EXPECT_EQ(test, n, 7ULL);
	n = tscope_exchange_warps(0, 1, TSCOPE_LANE_KVM);
	KUNIT_EXPECT_EQ(test, n, 0ULL);
	n = tscope_exchange_warps(7, 8, TSCOPE_LANE_TSC);
	KUNIT_EXPECT_EQ(test, n, 0ULL);
	mutex_unlock(&tscope_graph_lock);
}

/* CPU @i is @i * 10 ns ahead of CPU 0; each transit takes 100 ns. */
static void all_see(u32 n)
{
	u32 i, slot;
	int j;

	next_slot(5);
	for (i = 0; i < n; i++) {
		for (slot = 0; slot < cpu[i]->peers; slot++) {
			j = cpu[i]->peer[slot];
			cpu[i]->row.now[TSCOPE_LANE_KVM][slot] =
				100 + ((s64)i - j) * 10;
		}
	}
	next_slot(6);
}

static void exchange_largest(struct kunit *test)
{
	struct tscope_pair pair;

	make_cpus(test, 8);
	all_see(8);
	KUNIT_ASSERT_EQ(test, tscope_exchange_largest(TSCOPE_LANE_KVM, &pair), 0);
	KUNIT_EXPECT_EQ(test, pair.offset_ns, 70LL);
	KUNIT_EXPECT_GE(test, pair.bound_ns, 100ULL);
	KUNIT_EXPECT_LE(test, pair.bound_ns, 102ULL);
}

/* More than watch each other: composed along chains. */
static void exchange_composed(struct kunit *test)
{
	struct tscope_node *node = NULL;
	struct tscope_pair pair;
	u32 i;

	make_cpus(test, CPUS_MAX);
	all_see(CPUS_MAX);
	KUNIT_EXPECT_EQ(test, pair_of(0, 3, TSCOPE_LANE_KVM, &pair), -ENODATA);
	KUNIT_ASSERT_EQ(test, tscope_exchange_largest(TSCOPE_LANE_KVM, &pair), 0);
	KUNIT_EXPECT_EQ(test, pair.offset_ns, 10LL * (CPUS_MAX - 1));
	mutex_lock(&tscope_graph_lock);
	KUNIT_EXPECT_EQ(test, tscope_exchange_tree(TSCOPE_LANE_KVM, &node), 0);
	mutex_unlock(&tscope_graph_lock);
	KUNIT_ASSERT_NOT_NULL(test, node);
	for (i = 0; i < CPUS_MAX; i++)
		KUNIT_EXPECT_EQ(test, node[i].offset_ns, 10LL * i);
	kvfree(node);
}

/* Two CPUs that go together are no pair any more, and don't hide the others. */
static void exchange_gone(struct kunit *test)
{
	static const u32 counts[] = { 8, CPUS_MAX };
	struct tscope_pair pair;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		make_cpus(test, counts[i]);
		cpu[0]->row.warps[TSCOPE_LANE_KVM][0] = 3;
		all_see(counts[i]);
		KUNIT_ASSERT_EQ(test, pair_of(0, 1, TSCOPE_LANE_KVM, &pair), 0);
		tscope_row_forget(&cpu[0]->row);
		tscope_row_forget(&cpu[1]->row);
		KUNIT_EXPECT_EQ(test, pair_of(0, 1, TSCOPE_LANE_KVM, &pair),
				-ENODATA);
		KUNIT_ASSERT_EQ(test, tscope_exchange_largest(TSCOPE_LANE_KVM,
							      &pair), 0);
		KUNIT_EXPECT_EQ(test, pair.offset_ns, 10LL * (counts[i] - 3));
		KUNIT_EXPECT_EQ(test, cpu[0]->row.warps[TSCOPE_LANE_KVM][0],
				3ULL);
		exchange_free();
	}
}

static struct kunit_case exchange_cases[] = {
	KUNIT_CASE(exchange_slots),
	KUNIT_CASE(exchange_forgets),
	KUNIT_CASE(exchange_closes),
	KUNIT_CASE(exchange_strangers),
	KUNIT_CASE(exchange_warps),
	KUNIT_CASE(exchange_largest),
	KUNIT_CASE(exchange_composed),
	KUNIT_CASE(exchange_gone),
	{}
};

static struct kunit_suite exchange_suite = {
	.name = "tscope_exchange",
	.init = exchange_init,
	.exit = exchange_exit,
	.test_cases = exchange_cases,
};

kunit_test_suite(exchange_suite);
