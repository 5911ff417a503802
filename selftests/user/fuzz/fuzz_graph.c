// SPDX-License-Identifier: GPL-2.0
/*
 * graph.c: who watches whom is mutual; offsets that are composed hold the
 * truth of simulated CPUs; and each bound is the smallest that any chain has,
 * by Bellman's and Ford's method.
 */
#include "fuzz.h"
#include "graph.h"

#define MOST	140

static struct tscope_node node[MOST];
static s64 truth[MOST];
static u64 best[MOST];
static u32 cpus;
static u64 key;
static unsigned int sparse, far_off;

static u64 mix(u64 x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* A pair's offset is off by no more than its bound; some pairs have none. */
static int edge(u32 from, u32 to, struct tscope_pair *pair)
{
	u32 low = from < to ? from : to, high = from < to ? to : from;
	u64 h = mix(key + low * 1000 + high), bound;
	tscope_s128 offset;
	s64 off;

	if ((h & 15) < sparse)
		return -ENODATA;
	bound = (h >> 16) >> (h >> 4 & 31) >> far_off;
	off = bound ? (s64)(mix(h) % (2 * bound + 1) - bound) : 0;
	if (from > to)
		off = -off;
	offset = (tscope_s128)truth[to] - truth[from] + off;
	if (offset > S64_MAX || offset < -(tscope_s128)S64_MAX)
		return -ENODATA;
	pair->offset_ns = (s64)offset;
	pair->bound_ns = bound;
	return 0;
}

static void check_peers(u32 n, u32 rank)
{
	u32 peers = tscope_graph_peers(n), slot, peer, other, back, i;

	EXPECT(peers <= TSCOPE_PEERS_MAX, "%u CPUs: %u peers", n, peers);
	if (n <= TSCOPE_MESH_CPUS)
		EXPECT_EQ(peers, n ? n - 1 : 0, "mesh of %u", n);
	for (slot = 0; slot < peers; slot++) {
		peer = tscope_graph_peer(rank, n, slot);
		EXPECT(peer < n && peer != rank, "%u of %u: %u", rank, n, peer);
		for (i = 0; i < slot; i++)
			EXPECT(tscope_graph_peer(rank, n, i) != peer,
			       "%u of %u: %u twice", rank, n, peer);
		back = 0;
		for (i = 0; i < peers; i++) {
			other = tscope_graph_peer(peer, n, i);
			back += other == rank;
		}
		EXPECT_EQ(back, 1, "%u of %u is watched by %u", rank, n, peer);
	}
}

static bool shorter(u32 i, u32 slot)
{
	u32 to = tscope_graph_peer(i, cpus, slot);
	struct tscope_pair pair;
	u64 bound;

	if (best[i] == U64_MAX || edge(i, to, &pair))
		return false;
	bound = best[i] + pair.bound_ns;
	if (bound >= best[to])
		return false;
	best[to] = bound;
	return true;
}

static u32 bellman_ford(u32 first)
{
	u32 i, slot, reached = 0;
	bool again = true;

	for (i = 0; i < cpus; i++)
		best[i] = i == first ? 0 : U64_MAX;
	while (again) {
		again = false;
		for (i = 0; i < cpus; i++)
			for (slot = 0; slot < tscope_graph_peers(cpus); slot++)
				again |= shorter(i, slot);
	}
	for (i = 0; i < cpus; i++)
		reached += best[i] != U64_MAX;
	return reached;
}

/* The first CPU is 0 ns from itself, and surely so. */
static u32 first_of(void)
{
	u32 first = 0;

	while (first < cpus - 1 &&
	       (!node[first].reached || node[first].bound_ns ||
		node[first].offset_ns))
		first++;
	return first;
}

/* @all: no chain's offset passes 64 bits, so that each must be found */
static void check_tree(bool all)
{
	u32 i, first = first_of(), reached = 0;
	struct tscope_pair pair = { };
	tscope_s128 low = 0, high = 0, x;
	int err;

	if (all) {
		for (i = 0; i < cpus - 1 && bellman_ford(i) < 2;)
			i++;
		/* bounds of 0 leave open which of them is the first */
		EXPECT(bellman_ford(first) >= 2 || bellman_ford(i) < 2,
		       "from %u, not %u", first, i);
		bellman_ford(first);
	}
	for (i = 0; i < cpus; i++) {
		if (all) {
			EXPECT_EQ(node[i].reached, best[i] != U64_MAX,
				  "CPU %u of %u, from %u", i, cpus, first);
			EXPECT(!node[i].reached || node[i].bound_ns == best[i],
			       "CPU %u: bound %s, not %s", i,
			       tap_udec(node[i].bound_ns), tap_udec(best[i]));
		}
		if (!node[i].reached)
			continue;
		reached++;
		x = (tscope_s128)truth[i] - truth[first] - node[i].offset_ns;
		EXPECT(x <= (tscope_s128)node[i].bound_ns &&
		       -x <= (tscope_s128)node[i].bound_ns,
		       "CPU %u: %s +- %s is off by %s", i,
		       tap_dec(node[i].offset_ns), tap_udec(node[i].bound_ns),
		       tap_dec(x));
		low = node[i].offset_ns < low ? node[i].offset_ns : low;
		high = node[i].offset_ns > high ? node[i].offset_ns : high;
	}
	err = tscope_graph_largest(cpus, node, &pair);
	EXPECT_EQ(err, reached < 2 || high - low > S64_MAX ? -ENODATA : 0,
		  "%u are reached, %s apart", reached, tap_dec(high - low));
	if (!err)
		EXPECT_EQ(pair.offset_ns, high - low, "largest offset");
}

static void fuzz_one(struct fuzz_in *in)
{
	u32 n = (u32)fuzz_bits(in, 32), i;
	unsigned int bits;
	bool all = true;

	if (n)
		check_peers(n, fuzz_u32(in) % n);
	cpus = 1 + fuzz_u8(in) % MOST;
	key = fuzz_u64(in);
	sparse = fuzz_u8(in) % 17;
	far_off = fuzz_u8(in) % 40;
	bits = 1 + fuzz_u8(in) % 63;
	for (i = 0; i < cpus; i++) {
		u64 x = mix(key ^ (i + 1) * 0x9e3779b97f4a7c15ULL);

		truth[i] = (s64)x >> (63 - bits);
	}
	/* and some that are given */
	while (in->left) {
		i = fuzz_u8(in) % cpus;
		truth[i] = fuzz_signed(in, 63);
	}
	for (i = 0; i < cpus; i++)
		all &= truth[i] >> 60 == 0 || truth[i] >> 60 == -1;
	tscope_graph_tree(cpus, edge, node);
	check_tree(all);
}
