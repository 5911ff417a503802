// SPDX-License-Identifier: GPL-2.0
/*
 * Offsets between CPUs that do not meet, from those of pairs that do.
 *
 * With many CPUs not each pair meets. The limits of a pair are constraints of
 * the form offset(to) - offset(from) <= high, and the tightest limit of a CPU
 * against a root is the shortest path to it with the limits as lengths, which
 * may be negative (Bellman, Quarterly of Applied Mathematics 16, 1958). Upper
 * and lower limits have paths of their own: both together are narrower than the
 * sum of intervals along one path.
 *
 * A cycle of negative length is a contradiction. Its pairs are of different
 * moments, so an offset moved, and which one cannot be said.
 */
#include "mesh.h"
#include "math128.h"

/**
 * tscope_mesh_begin() - begin a root's view
 * @mesh: the mesh
 * @root: rank of the root, below @mesh->count
 *
 * Context: any.
 */
void tscope_mesh_begin(struct tscope_mesh *mesh, u32 root)
{
	struct tscope_mesh_limit own = { .at_ms = U64_MAX, .reached = true };

	memset(mesh->nodes, 0, mesh->count * sizeof(*mesh->nodes));
	mesh->nodes[root].low = own;
	mesh->nodes[root].high = own;
	mesh->root = root;
	mesh->passes = 0;
	mesh->contradiction = false;
}

static s64 negated(s64 value)
{
	return tscope_ssub64(0, value);
}

/*
 * @sign is 1 for upper limits, and -1 for lower ones, of which the larger is the
 * tighter. No path leads to a limit that does not fit 64 bits.
 */
static bool tighten(const struct tscope_mesh_limit *from,
		    const struct tscope_mesh_edge *edge, s64 length, int sign,
		    struct tscope_mesh_limit *to)
{
	s64 value;

	if (!from->reached ||
	    __builtin_add_overflow(from->value, length, &value))
		return false;
	if (to->reached && (sign > 0 ? value >= to->value : value <= to->value))
		return false;
	to->value = value;
	to->at_ms = min(from->at_ms, edge->at_ms);
	to->moving = from->moving || edge->moving;
	to->reached = true;
	return true;
}

static bool tighten_pair(struct tscope_mesh_node *nodes,
			 const struct tscope_mesh_edge *e)
{
	struct tscope_mesh_node *from = &nodes[e->from], *to = &nodes[e->to];
	bool changed = false;

	if (e->high != S64_MAX) {
		changed |= tighten(&from->high, e, e->high, 1, &to->high);
		changed |= tighten(&to->low, e, negated(e->high), -1,
				   &from->low);
	}
	if (e->low != S64_MIN) {
		changed |= tighten(&from->low, e, e->low, -1, &to->low);
		changed |= tighten(&to->high, e, negated(e->low), 1,
				   &from->high);
	}
	return changed;
}

/**
 * tscope_mesh_pass() - look at each edge once, in both directions
 * @mesh: the mesh, after tscope_mesh_begin()
 *
 * The caller may give way to others between two passes. Context: any.
 *
 * Return: true if another pass is needed.
 */
bool tscope_mesh_pass(struct tscope_mesh *mesh)
{
	bool changed = false;
	u32 i;

	for (i = 0; i < mesh->edge_count; i++)
		changed |= tighten_pair(mesh->nodes, &mesh->edges[i]);
	/* a root that is not in step with itself closes a negative cycle */
	if (mesh->nodes[mesh->root].high.value < 0 ||
	    mesh->nodes[mesh->root].low.value > 0 ||
	    (changed && ++mesh->passes == TSCOPE_MESH_PASSES))
		mesh->contradiction = true;
	return changed && !mesh->contradiction;
}

/**
 * tscope_mesh_offset() - a CPU's offset against the root
 * @mesh: the mesh, after the last pass
 * @rank: the CPU
 * @pair: result, with @pair->from below @pair->to
 *
 * Where limits contradict each other the interval spans both. Context: any.
 *
 * Return: 0; -ENODATA where no pairs lead to the CPU, or it is the root.
 */
int tscope_mesh_offset(const struct tscope_mesh *mesh, u32 rank,
		       struct tscope_mesh_pair *pair)
{
	const struct tscope_mesh_node *node = &mesh->nodes[rank];
	s64 low = node->low.value, high = node->high.value;

	if (rank == mesh->root || !node->low.reached || !node->high.reached)
		return -ENODATA;
	if (rank < mesh->root) {
		low = negated(node->high.value);
		high = negated(node->low.value);
	}
	pair->from = min(rank, mesh->root);
	pair->to = max(rank, mesh->root);
	pair->low = min(low, high);
	pair->high = max(low, high);
	pair->moving = node->low.moving || node->high.moving || low > high ||
		       mesh->contradiction;
	pair->at_ms = min(node->low.at_ms, node->high.at_ms);
	return 0;
}

/* The order of reports: what moves first, then what is farthest from zero. */
static bool comes_first(const struct tscope_mesh_pair *a,
			const struct tscope_mesh_pair *b)
{
	s64 far_a = tscope_interval_distance(a->low, a->high);
	s64 far_b = tscope_interval_distance(b->low, b->high);

	if (a->moving != b->moving)
		return a->moving;
	if (far_a != far_b)
		return far_a > far_b;
	if (a->from != b->from)
		return a->from < b->from;
	return a->to < b->to;
}

static void search_root(struct tscope_mesh_search *search,
			const struct tscope_mesh *mesh)
{
	struct tscope_mesh_pair pair;
	u32 i;

	for (i = 0; i < mesh->count; i++) {
		if (tscope_mesh_offset(mesh, i, &pair))
			continue;
		if (!search->found || comes_first(&pair, &search->best))
			search->best = pair;
		search->found = true;
	}
}

/* The CPUs that are surely ahead of, and behind, the first root the most. */
static void choose_roots(struct tscope_mesh_search *search,
			 const struct tscope_mesh *mesh)
{
	const struct tscope_mesh_node *nodes = mesh->nodes;
	u32 ahead = mesh->root, behind = mesh->root, i;

	for (i = 0; i < mesh->count; i++) {
		if (nodes[i].low.reached &&
		    nodes[i].low.value > nodes[ahead].low.value)
			ahead = i;
		if (nodes[i].high.reached &&
		    nodes[i].high.value < nodes[behind].high.value)
			behind = i;
	}
	if (ahead != mesh->root)
		search->roots[search->turns++] = ahead;
	if (behind != mesh->root)
		search->roots[search->turns++] = behind;
}

/**
 * tscope_mesh_search_begin() - begin a search for the largest offset
 * @search: the search
 * @mesh: the mesh; its view is overwritten
 *
 * Context: any.
 */
void tscope_mesh_search_begin(struct tscope_mesh_search *search,
			      struct tscope_mesh *mesh)
{
	u32 first = mesh->count, i;

	memset(search, 0, sizeof(*search));
	for (i = 0; i < mesh->edge_count; i++)
		first = min(first, min(mesh->edges[i].from, mesh->edges[i].to));
	if (first == mesh->count)
		return;
	search->roots[0] = first;
	search->turns = 1;
	tscope_mesh_begin(mesh, first);
}

/**
 * tscope_mesh_search_pass() - go on with a search
 * @search: the search, after tscope_mesh_search_begin()
 * @mesh: the mesh
 *
 * Offsets are found against three CPUs: the first one with a pair, the one that
 * is surely ahead of it the most, and the one that is surely behind it the
 * most. Of them that with the largest \|offset\| - bound is the result, one that
 * moves before one that does not. The caller may give way to others between two
 * calls. Context: any.
 *
 * Return: true if it is to be called again; else @search has the result.
 */
bool tscope_mesh_search_pass(struct tscope_mesh_search *search,
			     struct tscope_mesh *mesh)
{
	if (search->turn == search->turns)
		return false;
	if (tscope_mesh_pass(mesh))
		return true;
	search_root(search, mesh);
	if (!search->turn)
		choose_roots(search, mesh);
	if (++search->turn == search->turns)
		return false;
	tscope_mesh_begin(mesh, search->roots[search->turn]);
	return true;
}
