/* SPDX-License-Identifier: GPL-2.0 */
/* Which CPUs watch each other, and offsets along that graph. */
#ifndef TSCOPE_GRAPH_H
#define TSCOPE_GRAPH_H

#include "pair.h"

/* Up to here each CPU watches each other one. */
#define TSCOPE_MESH_CPUS	64
/* Peers of a CPU at most: 63 in a mesh, 2 x 31 in a graph of powers of two. */
#define TSCOPE_PEERS_MAX	64

/**
 * struct tscope_node - a CPU, as seen from the first one
 * @offset_ns: how far its clock is ahead of the first one's
 * @bound_ns: the truth lies within offset_ns +- bound_ns
 * @reached: a chain of pairs leads to it; else the others say nothing
 * @done: used while the tree is made
 */
struct tscope_node {
	s64 offset_ns;
	u64 bound_ns;
	bool reached;
	bool done;
};

/**
 * typedef tscope_edge_fn - the pair offset of two CPUs that watch each other
 * @from: rank of a CPU
 * @to: rank of another
 * @pair: result: how far @to is ahead of @from
 *
 * Return: 0, or an errno where there is none.
 */
typedef int tscope_edge_fn(u32 from, u32 to, struct tscope_pair *pair);

u32 tscope_graph_peers(u32 n);
u32 tscope_graph_peer(u32 rank, u32 n, u32 slot);
void tscope_graph_tree(u32 n, tscope_edge_fn *edge, struct tscope_node *node);
int tscope_graph_largest(u32 n, const struct tscope_node *node,
			 struct tscope_pair *pair);

#endif /* TSCOPE_GRAPH_H */
