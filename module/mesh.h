/* SPDX-License-Identifier: GPL-2.0 */
/* Offsets between CPUs that do not meet, from those of pairs that do. */
#ifndef TSCOPE_MESH_H
#define TSCOPE_MESH_H

#include "interval.h"

/*
 * Limits that still change after this many passes contradict each other. The graph of partners
 * needs 15 where each of 4096 CPUs has its pairs.
 */
#define TSCOPE_MESH_PASSES	64

/**
 * struct tscope_mesh_edge - what is known of a pair that meets
 * @from: a CPU
 * @to: another
 * @moving: the offset moved lately
 * @low: lower limit of @to's clock minus @from's
 * @high: upper limit
 * @at_ms: time of the newest burst of the pair
 */
struct tscope_mesh_edge {
	u32 from;
	u32 to;
	bool moving;
	s64 low;
	s64 high;
	u64 at_ms;
};

/**
 * struct tscope_mesh_limit - an upper limit of the difference between a CPU's clock and the root's
 * @value: the limit
 * @at_ms: time of the oldest burst that it is made of
 * @reached: there is such a limit; else the others mean nothing
 * @moving: it is made of pairs one of which moves
 */
struct tscope_mesh_limit {
	s64 value;
	u64 at_ms;
	bool reached;
	bool moving;
};

/**
 * struct tscope_mesh_node - a CPU, as seen from the root
 * @ahead: how far its clock is ahead of the root's at most
 * @behind: how far it is behind at most
 */
struct tscope_mesh_node {
	struct tscope_mesh_limit ahead;
	struct tscope_mesh_limit behind;
};

/**
 * struct tscope_mesh - a graph of CPUs, and the view of one of them
 * @nodes: @count of them, by CPU
 * @count: CPUs
 * @edges: @edge_count of them; either direction of a pair, or both
 * @edge_count: edges
 * @root: the CPU that offsets are against; result
 * @contradiction: no set of offsets satisfies all edges; result
 */
struct tscope_mesh {
	struct tscope_mesh_node *nodes;
	u32 count;
	struct tscope_mesh_edge *edges;
	u32 edge_count;
	u32 root;
	bool contradiction;
};

void tscope_mesh_solve(struct tscope_mesh *mesh, u32 root);
int tscope_mesh_interval(const struct tscope_mesh *mesh, u32 cpu, struct tscope_interval *in);

#endif /* TSCOPE_MESH_H */
