// SPDX-License-Identifier: GPL-2.0
/*
 * Which CPUs watch each other, and offsets along that graph.
 *
 * CPUs are numbered by rank. Up to TSCOPE_MESH_CPUS each watches each other.
 * Above, rank r watches r +- 2^k (modulo n): 2 log2(n) peers a CPU instead of
 * n - 1, and any two CPUs are log2(n)/2 pairs apart at most. The offset of
 * CPUs that don't watch each other is the sum along a chain of pairs, and so
 * is its bound; the chain with the smallest bound is taken.
 */
#include "graph.h"

/**
 * tscope_graph_peers() - how many peers a CPU has
 * @n: number of CPUs
 *
 * Return: peers, TSCOPE_PEERS_MAX at most.
 */
u32 tscope_graph_peers(u32 n)
{
	u32 k = 0;

	if (n < 2)
		return 0;
	if (n <= TSCOPE_MESH_CPUS)
		return n - 1;
	while (k < 31 && ((u32)1 << (k + 1)) <= n / 2)
		k++;
	/* half-way round, up and down lead to the same CPU */
	return 2 * (k + 1) - (((u32)2 << k) == n);
}

/**
 * tscope_graph_peer() - a CPU's peer
 * @rank: the CPU, 0..n - 1
 * @n: number of CPUs
 * @slot: which peer, 0..tscope_graph_peers(n) - 1
 *
 * Return: the peer's rank; it has @rank among its own peers.
 */
u32 tscope_graph_peer(u32 rank, u32 n, u32 slot)
{
	u32 step;

	if (n <= TSCOPE_MESH_CPUS)
		step = slot + 1;
	else
		step = slot & 1 ? n - ((u32)1 << (slot / 2)) :
				  (u32)1 << (slot / 2);
	return (u32)(((u64)rank + step) % n);
}

static u64 add_sat(u64 a, u64 b)
{
	return a + b < a ? U64_MAX : a + b;
}

/* The CPU nearest to the first, of those that are reached and not done. */
static u32 nearest(u32 n, const struct tscope_node *node)
{
	u32 best = n, i;

	for (i = 0; i < n; i++)
		if (node[i].reached && !node[i].done &&
		    (best == n || node[i].bound_ns < node[best].bound_ns))
			best = i;
	return best;
}

/**
 * tscope_graph_tree() - every CPU's offset against the first that has pairs
 * @n: number of CPUs
 * @edge: the pair offsets
 * @node: result, n of them
 *
 * Dijkstra's shortest paths (Numerische Mathematik 1, 1959), a pair's length
 * being its bound; no chain leads to an offset that does not fit 64 bits.
 * Where rank 0 has no pair, as when it is offline, the next one that has is
 * the first. Takes n^2 steps. Context: process.
 */
void tscope_graph_tree(u32 n, tscope_edge_fn *edge, struct tscope_node *node)
{
	u32 peers = tscope_graph_peers(n), first, i, slot, to, met;
	struct tscope_pair pair;
	s64 offset;
	u64 bound;

	for (first = 0, met = 0; first < n && !met; first++) {
		memset(node, 0, n * sizeof(*node));
		node[first].reached = true;
		while ((i = nearest(n, node)) < n) {
			node[i].done = true;
			for (slot = 0; slot < peers; slot++) {
				to = tscope_graph_peer(i, n, slot);
				if (node[to].done || edge(i, to, &pair))
					continue;
				/* of a TSC that somebody wrote to */
				if (__builtin_add_overflow(node[i].offset_ns,
							   pair.offset_ns,
							   &offset))
					continue;
				bound = add_sat(node[i].bound_ns,
						pair.bound_ns);
				if (node[to].reached &&
				    node[to].bound_ns <= bound)
					continue;
				node[to].reached = true;
				node[to].bound_ns = bound;
				node[to].offset_ns = offset;
				met++;
			}
		}
	}
}

/**
 * tscope_graph_largest() - the largest offset between two CPUs of a tree
 * @n: number of CPUs
 * @node: their offsets
 * @pair: result, with the bound of the chain through the first CPU
 *
 * Return: 0, or -ENODATA where fewer than two are reached, or the offset does
 * not fit 64 bits.
 */
int tscope_graph_largest(u32 n, const struct tscope_node *node,
			 struct tscope_pair *pair)
{
	const struct tscope_node *low = NULL, *high = NULL;
	u32 i, reached = 0;

	for (i = 0; i < n; i++) {
		if (!node[i].reached)
			continue;
		reached++;
		if (!low || node[i].offset_ns < low->offset_ns)
			low = &node[i];
		if (!high || node[i].offset_ns > high->offset_ns)
			high = &node[i];
	}
	if (reached < 2 ||
	    __builtin_sub_overflow(high->offset_ns, low->offset_ns,
				   &pair->offset_ns))
		return -ENODATA;
	pair->bound_ns = add_sat(high->bound_ns, low->bound_ns);
	return 0;
}
