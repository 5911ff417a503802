/* SPDX-License-Identifier: GPL-2.0 */
/* Offsets between CPUs that do not meet, from those of pairs that do. */
#ifndef TSCOPE_MESH_H
#define TSCOPE_MESH_H

#include "limits.h"

/*
 * Limits that still change after so many passes contradict each other. The graph
 * of partners needs 15 where each of 4096 CPUs has its pairs.
 */
#define TSCOPE_MESH_PASSES	64

/**
 * struct tscope_mesh_edge - what is known of a pair that meets
 * @from: rank of a CPU
 * @to: rank of another
 * @moving: the offset moved lately
 * @low: lower limit of @to's clock minus @from's; S64_MIN: none
 * @high: upper limit; S64_MAX: none
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
 * struct tscope_mesh_limit - a limit of a CPU's offset against the root
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
 * @low: lower limit of its clock minus the root's
 * @high: upper limit
 */
struct tscope_mesh_node {
	struct tscope_mesh_limit low;
	struct tscope_mesh_limit high;
};

/**
 * struct tscope_mesh - a graph of CPUs, and one root's view
 * @nodes: @count of them; result
 * @count: CPUs
 * @edges: @edge_count of them; either direction of a pair, or both
 * @edge_count: edges
 * @root: the CPU that offsets are against
 * @passes: passes up to now
 * @contradiction: the edges are of no one set of offsets
 *
 * The caller provides the arrays and sets the first four fields; the others are
 * results.
 */
struct tscope_mesh {
	struct tscope_mesh_node *nodes;
	u32 count;
	const struct tscope_mesh_edge *edges;
	u32 edge_count;
	u32 root;
	u32 passes;
	bool contradiction;
};

/**
 * struct tscope_mesh_pair - an offset that is composed along pairs
 * @from: rank of a CPU
 * @to: rank of another, above @from
 * @low: lower limit of @to's clock minus @from's
 * @high: upper limit, not below @low
 * @moving: a pair on the way moves, or the pairs contradict each other
 * @at_ms: time of the oldest burst on the way
 */
struct tscope_mesh_pair {
	u32 from;
	u32 to;
	s64 low;
	s64 high;
	bool moving;
	u64 at_ms;
};

/**
 * struct tscope_mesh_search - a search for the largest offset of a mesh
 * @best: result
 * @found: there is one
 */
struct tscope_mesh_search {
	struct tscope_mesh_pair best;
	bool found;
	/* private: */
	u32 roots[3];
	u32 turn;
	u32 turns;
};

void tscope_mesh_begin(struct tscope_mesh *mesh, u32 root);
bool tscope_mesh_pass(struct tscope_mesh *mesh);
int tscope_mesh_offset(const struct tscope_mesh *mesh, u32 rank,
		       struct tscope_mesh_pair *pair);
void tscope_mesh_search_begin(struct tscope_mesh_search *search,
			      struct tscope_mesh *mesh);
bool tscope_mesh_search_pass(struct tscope_mesh_search *search,
			     struct tscope_mesh *mesh);

#endif /* TSCOPE_MESH_H */
