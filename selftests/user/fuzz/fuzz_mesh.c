// SPDX-License-Identifier: GPL-2.0
/*
 * mesh.c: what is composed of true limits is true, does not contradict itself,
 * and is no wider than any pair's own limits; any limits give an order.
 */
#include "fuzz.h"
#include "mesh.h"

#define MOST	30
#define EDGES	100

static struct tscope_mesh_node nodes[MOST];
static struct tscope_mesh_edge edges[EDGES];
static s64 truth[MOST];

static void check_pair(const struct tscope_mesh *mesh, u32 rank, bool is_true)
{
	struct tscope_mesh_pair p;
	s64 offset;

	if (tscope_mesh_offset(mesh, rank, &p))
		return;
	EXPECT(p.from < p.to && p.low <= p.high, "order");
	if (!is_true)
		return;
	offset = truth[p.to] - truth[p.from];
	EXPECT(p.low <= offset && offset <= p.high && !p.moving,
	       "%s in %s..%s", tap_dec(offset), tap_dec(p.low),
	       tap_dec(p.high));
}

static void fuzz_one(struct fuzz_in *in)
{
	struct tscope_mesh mesh = {
		.nodes = nodes, .count = 2 + fuzz_u8(in) % (MOST - 1),
		.edges = edges,
	};
	bool is_true = fuzz_u8(in) & 1;
	u32 i, root = fuzz_u8(in) % mesh.count;
	struct tscope_mesh_search search;
	struct tscope_mesh_edge *e;

	for (i = 0; i < mesh.count; i++)
		truth[i] = fuzz_signed(in, 60);
	while (in->left && mesh.edge_count < EDGES) {
		e = &edges[mesh.edge_count++];
		e->from = fuzz_u8(in) % mesh.count;
		e->to = fuzz_u8(in) % mesh.count;
		e->moving = false;
		e->at_ms = fuzz_u8(in);
		e->low = fuzz_signed(in, 63);
		e->high = fuzz_signed(in, 63);
		if (!is_true)
			continue;
		e->low = truth[e->to] - truth[e->from] - (s64)fuzz_bits(in, 40);
		e->high = truth[e->to] - truth[e->from] + (s64)fuzz_bits(in, 40);
	}
	tscope_mesh_begin(&mesh, root);
	while (tscope_mesh_pass(&mesh))
		;
	EXPECT(mesh.passes <= TSCOPE_MESH_PASSES, "%u passes", mesh.passes);
	for (i = 0; i < mesh.count; i++)
		check_pair(&mesh, i, is_true && !mesh.contradiction);
	for (i = 0; i < mesh.edge_count && is_true && !mesh.contradiction; i++)
		if (edges[i].from == root && nodes[edges[i].to].high.reached)
			EXPECT(nodes[edges[i].to].high.value <= edges[i].high,
			       "wider than a pair's own");
	tscope_mesh_search_begin(&search, &mesh);
	while (tscope_mesh_search_pass(&search, &mesh))
		;
	if (search.found)
		EXPECT(search.best.from < search.best.to &&
		       search.best.low <= search.best.high, "order");
}
