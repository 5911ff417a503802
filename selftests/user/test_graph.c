// SPDX-License-Identifier: GPL-2.0
/*
 * graph.c against CPUs whose clocks are known: who watches whom, and offsets
 * along chains of pairs.
 */
#include <stdlib.h>

#include "tap.h"
#include "graph.h"

#define CPUS_MAX 4096

static s64 clock_ns[CPUS_MAX];
static bool offline[CPUS_MAX];
static u64 edges;

static u64 distance(s64 a, s64 b)
{
	return a > b ? (u64)a - (u64)b : (u64)b - (u64)a;
}

static void test_symmetric(void)
{
	static const u32 sizes[] = { 0, 1, 2, 3, 63, 64, 65, 66, 96, 127, 128,
				     129, 200, 255, 256, 257, 1000, 1024,
				     4095, 4096 };
	u32 i, n, r, s, t, peer, back;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		n = sizes[i];
		EXPECT(tscope_graph_peers(n) <= TSCOPE_PEERS_MAX, "n %u", n);
		if (n && n <= TSCOPE_MESH_CPUS)
			EXPECT_EQ(tscope_graph_peers(n), n - 1, "n %u", n);
		for (r = 0; r < n; r += 1 + n / 100) {
			for (s = 0; s < tscope_graph_peers(n); s++) {
				peer = tscope_graph_peer(r, n, s);
				EXPECT(peer < n && peer != r,
				       "n %u rank %u slot %u: %u", n, r, s,
				       peer);
				back = 0;
				for (t = 0; t < tscope_graph_peers(n); t++)
					back += tscope_graph_peer(peer, n, t)
						== r;
				EXPECT_EQ(back, 1, "n %u %u and %u", n, r,
					  peer);
			}
		}
	}
}

static int edge(u32 from, u32 to, struct tscope_pair *pair)
{
	s64 error;

	if (offline[from] || offline[to])
		return -ENODATA;
	edges++;
	/* any error that the bound allows */
	pair->bound_ns = 20 + (from * 7919 + to * 7919) % 100;
	error = (s64)((from * 31 + to * 17) % (2 * pair->bound_ns + 1)) -
		(s64)pair->bound_ns;
	pair->offset_ns = clock_ns[to] - clock_ns[from] + error;
	return 0;
}

static void one_size(u32 n, u32 percent_offline)
{
	struct tscope_node *node = calloc(n, sizeof(*node));
	struct tscope_pair pair;
	u32 i, first = n, reached = 0, online = 0;
	s64 off, low = S64_MAX, high = S64_MIN;
	u64 worst = 0;

	for (i = 0; i < n; i++) {
		clock_ns[i] = rnd_range(-1000000, 1000000);
		offline[i] = rnd_below(100) < percent_offline;
		online += !offline[i];
	}
	edges = 0;
	tscope_graph_tree(n, edge, node);
	for (i = 0; i < n; i++) {
		if (!node[i].reached)
			continue;
		reached++;
		EXPECT(!offline[i], "n %u: %u is offline", n, i);
		if (!node[i].bound_ns && first == n)
			first = i;
	}
	EXPECT(first < n, "n %u: no first", n);
	if (first == n)
		goto out;
	EXPECT_EQ(reached, online, "n %u: reached", n);
	for (i = 0; i < n; i++) {
		if (!node[i].reached)
			continue;
		off = clock_ns[i] - clock_ns[first];
		EXPECT(node[i].offset_ns - off <= (s64)node[i].bound_ns &&
		       off - node[i].offset_ns <= (s64)node[i].bound_ns,
		       "n %u cpu %u: truth %s, measured %s, bound %s", n, i,
		       tap_dec(off), tap_dec(node[i].offset_ns),
		       tap_dec(node[i].bound_ns));
		worst = node[i].bound_ns > worst ? node[i].bound_ns : worst;
		low = clock_ns[i] < low ? clock_ns[i] : low;
		high = clock_ns[i] > high ? clock_ns[i] : high;
	}
	EXPECT_EQ(tscope_graph_largest(n, node, &pair), 0, "n %u", n);
	EXPECT(distance(pair.offset_ns, high - low) <= pair.bound_ns,
	       "n %u: largest: truth %s, measured %s, bound %s", n,
	       tap_dec(high - low), tap_dec(pair.offset_ns),
	       tap_dec(pair.bound_ns));
	tap_note("n %u, %u online: largest bound %s of pairs of 20..119 ns, %s edges",
		 n, online, tap_dec(worst), tap_dec(edges));
out:
	free(node);
}

static void test_offsets(void)
{
	one_size(2, 0);
	one_size(3, 0);
	one_size(64, 0);
	one_size(65, 0);
	one_size(96, 0);
	one_size(96, 20);
	one_size(288, 30);
	one_size(1024, 10);
	one_size(4096, 0);
	one_size(4096, 40);
}

static void test_none(void)
{
	struct tscope_node node[65];
	struct tscope_pair pair;
	u32 i;

	for (i = 0; i < 65; i++)
		offline[i] = true;
	tscope_graph_tree(65, edge, node);
	EXPECT_EQ(tscope_graph_largest(65, node, &pair), -ENODATA, "all off");
	offline[40] = false;
	tscope_graph_tree(65, edge, node);
	EXPECT_EQ(tscope_graph_largest(65, node, &pair), -ENODATA, "one on");
}

/* Exact; none where the difference is more than 64 bits hold. */
static int far_edge(u32 from, u32 to, struct tscope_pair *pair)
{
	pair->bound_ns = 1;
	return __builtin_sub_overflow(clock_ns[to], clock_ns[from],
				      &pair->offset_ns) ? -ENODATA : 0;
}

/* Centuries before and after the others: right, or not reached. */
static void test_far(void)
{
	const s64 far = S64_MAX - (1LL << 60);
	struct tscope_node node[96];
	struct tscope_pair pair;
	u32 i, reached = 0;

	for (i = 0; i < 96; i++)
		clock_ns[i] = ((s64)(i % 3) - 1) * far;
	tscope_graph_tree(96, far_edge, node);
	for (i = 0; i < 96; i++) {
		/* from the first, which is far behind: what is far ahead */
		EXPECT_EQ(node[i].reached, i % 3 < 2, "CPU %u", i);
		reached += node[i].reached;
		if (node[i].reached)
			EXPECT_EQ(node[i].offset_ns, i % 3 ? far : 0, "CPU %u",
				  i);
	}
	EXPECT_EQ(reached, 64, "reached");
	EXPECT_EQ(tscope_graph_largest(96, node, &pair), 0, "largest");
	EXPECT_EQ(pair.offset_ns, far, "largest");
	node[0].offset_ns = -far;
	EXPECT_EQ(tscope_graph_largest(96, node, &pair), -ENODATA, "too far");
}

static const struct tap_test tests[] = {
	{ "peers are symmetric and none comes twice", test_symmetric },
	{ "composed offsets hold the truth, 2 to 4096 CPUs", test_offsets },
	{ "no pairs, no offset", test_none },
	{ "offsets that pass 64 bits", test_far },
};

TAP_MAIN(tests)
