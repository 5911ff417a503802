// SPDX-License-Identifier: GPL-2.0
/* graph.c: who watches whom, and offsets along chains, with CPUs that are made up. */
#include "../graph.h"
#include "tests.h"

#define CPUS_MAX	300

static s64 truth[CPUS_MAX];
static u64 bound_ns;
static u32 offline;	/* has no pair; CPUS_MAX: all have */

static int edge(u32 from, u32 to, struct tscope_pair *pair)
{
	if (from == offline || to == offline)
		return -ENODATA;
	pair->offset_ns = truth[to] - truth[from];
	pair->bound_ns = bound_ns;
	return 0;
}

static int no_edge(u32 from, u32 to, struct tscope_pair *pair)
{
	return -ENODATA;
}

static int wide_edge(u32 from, u32 to, struct tscope_pair *pair)
{
	pair->offset_ns = 0;
	pair->bound_ns = U64_MAX - 1;
	return 0;
}

static int graph_init(struct kunit *test)
{
	u64 state = 13;
	u32 i;

	for (i = 0; i < CPUS_MAX; i++)
		truth[i] = (s64)(tscope_test_rnd(&state) >> 20) - (1LL << 43);
	bound_ns = 100;
	offline = CPUS_MAX;
	return 0;
}

static void graph_is_mutual(struct kunit *test)
{
	u32 n, rank, slot, back, peers, peer, other;

	for (n = 0; n < CPUS_MAX; n++) {
		peers = tscope_graph_peers(n);
		KUNIT_EXPECT_LE(test, peers, TSCOPE_PEERS_MAX);
		if (n && n <= TSCOPE_MESH_CPUS)
			KUNIT_EXPECT_EQ(test, peers, n - 1);
		for (rank = 0; rank < n; rank += n / 3 + 1) {
			for (slot = 0; slot < peers; slot++) {
				peer = tscope_graph_peer(rank, n, slot);
				KUNIT_ASSERT_LT(test, peer, n);
				KUNIT_EXPECT_NE(test, peer, rank);
				for (back = 0; back < peers; back++)
					if (tscope_graph_peer(peer, n, back) ==
					    rank)
						break;
				KUNIT_EXPECT_LT_MSG(test, back, peers,
						    "%u of %u", rank, n);
				for (back = 0; back < slot; back++) {
					other = tscope_graph_peer(rank, n, back);
					KUNIT_EXPECT_NE_MSG(test, other, peer,
							    "%u of %u", rank, n);
				}
			}
		}
	}
	/* of the largest there may be the ranks don't pass 32 bits */
	peers = tscope_graph_peers(U32_MAX);
	KUNIT_EXPECT_LE(test, peers, TSCOPE_PEERS_MAX);
	for (slot = 0; slot < peers; slot++)
		KUNIT_EXPECT_LT(test, tscope_graph_peer(U32_MAX - 1, U32_MAX, slot),
				U32_MAX);
}

/* How many pairs lie between rank 0 and each other, by breadth-first search. */
static void count_hops(u32 n, u32 *hops)
{
	u32 reached = 1, round, i, slot, peer;

	memset(hops, 0, n * sizeof(*hops));
	for (round = 1; reached < n && round < n; round++) {
		for (i = 0; i < n; i++) {
			if (i ? hops[i] != round - 1 || !hops[i] : round != 1)
				continue;
			for (slot = 0; slot < tscope_graph_peers(n); slot++) {
				peer = tscope_graph_peer(i, n, slot);
				if (!peer || hops[peer])
					continue;
				hops[peer] = round;
				reached++;
			}
		}
	}
}

/* A chain of pairs has log2(n)/2 of them at most, and adds up to the truth. */
static void graph_tree_holds_truth(struct kunit *test)
{
	static const u32 counts[] = { 2, 3, 64, 65, 96, 128, CPUS_MAX };
	struct tscope_node *node;
	u32 k, i, n, *hops;

	node = kunit_kcalloc(test, CPUS_MAX, sizeof(*node), GFP_KERNEL);
	hops = kunit_kcalloc(test, CPUS_MAX, sizeof(*hops), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, node);
	KUNIT_ASSERT_NOT_NULL(test, hops);
	for (k = 0; k < ARRAY_SIZE(counts); k++) {
		n = counts[k];
		tscope_graph_tree(n, edge, node);
		count_hops(n, hops);
		for (i = 0; i < n; i++) {
			KUNIT_ASSERT_TRUE_MSG(test, node[i].reached, "%u of %u",
					      i, n);
			KUNIT_EXPECT_EQ_MSG(test, node[i].offset_ns,
					    truth[i] - truth[0], "%u of %u", i, n);
			KUNIT_EXPECT_EQ_MSG(test, node[i].bound_ns,
					    hops[i] * bound_ns, "%u of %u", i, n);
			KUNIT_EXPECT_LE_MSG(test, hops[i], fls64(n) / 2 + 1U,
					    "%u of %u", i, n);
		}
	}
}

static void graph_largest(struct kunit *test)
{
	struct tscope_node *node;
	struct tscope_pair pair;
	s64 low = S64_MAX, high = S64_MIN;
	u32 i;

	node = kunit_kcalloc(test, CPUS_MAX, sizeof(*node), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, node);
	/* the first CPU is offline: the next one is what offsets are against */
	offline = 0;
	tscope_graph_tree(CPUS_MAX, edge, node);
	KUNIT_EXPECT_FALSE(test, node[0].reached);
	for (i = 1; i < CPUS_MAX; i++) {
		KUNIT_ASSERT_TRUE(test, node[i].reached);
		KUNIT_EXPECT_EQ(test, node[i].offset_ns, truth[i] - truth[1]);
		low = min(low, truth[i]);
		high = max(high, truth[i]);
	}
	KUNIT_ASSERT_EQ(test, tscope_graph_largest(CPUS_MAX, node, &pair), 0);
	KUNIT_EXPECT_EQ(test, pair.offset_ns, high - low);
	KUNIT_EXPECT_GE(test, pair.bound_ns, bound_ns);

	/* a CPU that nobody sees has no part in it */
	node[7].reached = false;
	node[7].offset_ns = S64_MAX;
	KUNIT_ASSERT_EQ(test, tscope_graph_largest(CPUS_MAX, node, &pair), 0);
	KUNIT_EXPECT_LE(test, pair.offset_ns, high - low);
}

static void graph_without_pairs(struct kunit *test)
{
	struct tscope_node node[4];
	struct tscope_pair pair;

	tscope_graph_tree(4, no_edge, node);
	KUNIT_EXPECT_EQ(test, tscope_graph_largest(4, node, &pair), -ENODATA);
	KUNIT_EXPECT_EQ(test, tscope_graph_largest(0, node, &pair), -ENODATA);
	tscope_graph_tree(1, edge, node);
	KUNIT_EXPECT_EQ(test, tscope_graph_largest(1, node, &pair), -ENODATA);
	/* bounds that pass 64 bits stay at their end */
	tscope_graph_tree(4, wide_edge, node);
	KUNIT_ASSERT_EQ(test, tscope_graph_largest(4, node, &pair), 0);
	node[0].bound_ns = U64_MAX;
	node[0].offset_ns = 5;
	KUNIT_ASSERT_EQ(test, tscope_graph_largest(4, node, &pair), 0);
	KUNIT_EXPECT_EQ(test, pair.offset_ns, 5LL);
	KUNIT_EXPECT_EQ(test, pair.bound_ns, U64_MAX);
}

static struct kunit_case graph_cases[] = {
	KUNIT_CASE(graph_is_mutual),
	KUNIT_CASE(graph_tree_holds_truth),
	KUNIT_CASE(graph_largest),
	KUNIT_CASE(graph_without_pairs),
	{}
};

static struct kunit_suite graph_suite = {
	.name = "tscope_graph",
	.init = graph_init,
	.test_cases = graph_cases,
};

kunit_test_suite(graph_suite);
