/* SPDX-License-Identifier: GPL-2.0 */
/* Offsets between CPUs that do not meet, from those of pairs that do. */
#ifndef TSCOPE_MESH_H
#define TSCOPE_MESH_H

#include "interval.h"

/*
 * Limits that still change after this many passes contradict each other. With 4096 CPUs the graph
 * of partners needs 15 passes.
 */
#define TSCOPE_MESH_PASSES	64

/* What is known of a pair that meets: to's clock minus from's. */
struct tscope_mesh_edge {
	u32 from;
	u32 to;
	struct tscope_interval in;
};

/* An upper limit of how far one clock is ahead of another. */
struct tscope_mesh_limit {
	s64 value;
	u64 at_ms;	/* time of the oldest burst that the limit is made of */
	bool reached;	/* there is such a limit; else the other members mean nothing */
	bool moving;	/* one of the pairs that the limit is made of moves */
};

/* A CPU, as seen from the root. */
struct tscope_mesh_node {
	struct tscope_mesh_limit ahead;		/* of this CPU's clock - root's clock */
	struct tscope_mesh_limit behind;	/* of root's clock - this CPU's clock */
};

/* A graph of CPUs, and the view of one of them. */
struct tscope_mesh {
	struct tscope_mesh_node *nodes;		/* count of them, by CPU */
	u32 count;
	struct tscope_mesh_edge *edges;		/* either direction of a pair, or both */
	u32 edge_count;
	u32 root;		/* the CPU that offsets are against; result */
	bool contradiction;	/* no set of offsets satisfies all edges; result */
};

void tscope_mesh_solve(struct tscope_mesh *mesh, u32 root);
int tscope_mesh_interval(const struct tscope_mesh *mesh, u32 cpu, struct tscope_interval *in);

#endif /* TSCOPE_MESH_H */
