// SPDX-License-Identifier: GPL-2.0
/*
 * Offsets between CPUs that do not meet, from those of pairs that do.
 *
 * The limits of a pair are constraints of the form offset(to) - offset(from) <= high, and the
 * tightest limit of a CPU against a root is the shortest path to it with the limits as lengths,
 * which may be negative (Bellman, Quarterly of Applied Mathematics 16, 1958). Upper and lower
 * limits have paths of their own: both together are narrower than the sum of intervals along one
 * path.
 *
 * A cycle of negative length is a contradiction. Its pairs are of different moments, so an offset
 * moved, but it can't be said which one.
 */
#include <linux/sched.h>

#include "mesh.h"
#include "math128.h"

/* Tighten @to by the path over @from and @edge. A limit of more than 64 bits counts as no path. */
static bool tighten_limit(const struct tscope_mesh_limit *from,
			  const struct tscope_mesh_edge *edge, s64 length,
			  struct tscope_mesh_limit *to)
{
	s64 value;

	if (!from->reached || __builtin_add_overflow(from->value, length, &value) ||
	    (to->reached && value >= to->value))
		return false;
	*to = (struct tscope_mesh_limit){
		.value = value,
		.at_ms = min(from->at_ms, edge->in.at_ms),
		.reached = true,
		.moving = from->moving || edge->in.moving,
	};
	return true;
}

/* Use an edge in both directions. */
static bool tighten_pair(struct tscope_mesh_node *nodes, const struct tscope_mesh_edge *e)
{
	struct tscope_mesh_node *from = &nodes[e->from], *to = &nodes[e->to];
	s64 back = tscope_ssub64(0, e->in.low);
	bool changed;

	changed = tighten_limit(&from->ahead, e, e->in.high, &to->ahead);
	changed |= tighten_limit(&from->behind, e, back, &to->behind);
	changed |= tighten_limit(&to->ahead, e, back, &from->ahead);
	changed |= tighten_limit(&to->behind, e, e->in.high, &from->behind);
	return changed;
}

/**
 * tscope_mesh_solve() - find the tightest limits of all CPUs' clocks against that of one CPU
 * @mesh: the graph; its nodes and @contradiction are the result
 * @root: that CPU
 * Context: process, may sleep.
 */
void tscope_mesh_solve(struct tscope_mesh *mesh, u32 root)
{
	struct tscope_mesh_limit own = { .at_ms = U64_MAX, .reached = true };
	struct tscope_mesh_node *node = &mesh->nodes[root];
	u32 passes, i;
	bool changed;

	memset(mesh->nodes, 0, mesh->count * sizeof(*mesh->nodes));
	*node = (struct tscope_mesh_node){ own, own };
	mesh->root = root;
	mesh->contradiction = false;
	for (passes = 0; passes < TSCOPE_MESH_PASSES; passes++) {
		changed = false;
		for (i = 0; i < mesh->edge_count; i++)
			changed |= tighten_pair(mesh->nodes, &mesh->edges[i]);
		/* a root that is off from itself is on a negative cycle */
		if (node->ahead.value < 0 || node->behind.value < 0)
			break;
		if (!changed)
			return;
		cond_resched();
	}
	mesh->contradiction = true;
}

/**
 * tscope_mesh_interval() - a CPU's offset against the root
 * @mesh: the mesh, after tscope_mesh_solve()
 * @cpu: the CPU
 * @in: result: low, high, moving and at_ms, of the CPU's clock minus the root's; at_ms is the time
 *	of the oldest burst on the way. Where limits contradict each other it spans both.
 * Context: any.
 * Return: 0; -ENODATA if no pairs lead to the CPU, if a contradiction was found before they did, or
 * if the CPU is the root.
 */
int tscope_mesh_interval(const struct tscope_mesh *mesh, u32 cpu, struct tscope_interval *in)
{
	const struct tscope_mesh_limit *ahead = &mesh->nodes[cpu].ahead;
	const struct tscope_mesh_limit *behind = &mesh->nodes[cpu].behind;
	s64 low = tscope_ssub64(0, behind->value), high = ahead->value;

	if (cpu == mesh->root || !ahead->reached || !behind->reached)
		return -ENODATA;
	*in = (struct tscope_interval){
		.low = min(low, high),
		.high = max(low, high),
		.moving = ahead->moving || behind->moving || low > high || mesh->contradiction,
		.at_ms = min(ahead->at_ms, behind->at_ms),
	};
	return 0;
}
