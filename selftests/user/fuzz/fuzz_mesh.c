// SPDX-License-Identifier: GPL-2.0
/*
 * mesh.c: limits that are composed of true limits are true, and not wider than a pair's
 * own limits, unless a contradiction is reported; for any limits low <= high.
 */
#include "fuzz.h"
#include "mesh.h"

#define MOST	30
#define EDGES	100

static struct tscope_mesh_node nodes[MOST];
static struct tscope_mesh_edge edges[EDGES];
static s64 truth[MOST];

static void check_cpu(const struct tscope_mesh *mesh, u32 cpu, bool is_true)
{
	struct tscope_interval in;
	s64 offset;

	if (tscope_mesh_interval(mesh, cpu, &in))
		return;
	EXPECT(in.low <= in.high, "order");
	if (!is_true)
		return;
	offset = truth[cpu] - truth[mesh->root];
	EXPECT(in.low <= offset && offset <= in.high && !in.moving,
	       "%s in %s..%s", tap_dec(offset), tap_dec(in.low),
	       tap_dec(in.high));
}

static void fuzz_one(struct fuzz_in *in)
{
	struct tscope_mesh mesh = {
		.nodes = nodes, .count = 2 + fuzz_u8(in) % (MOST - 1),
		.edges = edges,
	};
	bool is_true = fuzz_u8(in) & 1;
	u32 i, root = fuzz_u8(in) % mesh.count;
	struct tscope_mesh_edge *e;

	for (i = 0; i < mesh.count; i++)
		truth[i] = fuzz_signed(in, 60);
	while (in->left && mesh.edge_count < EDGES) {
		e = &edges[mesh.edge_count++];
		e->from = fuzz_u8(in) % mesh.count;
		e->to = fuzz_u8(in) % mesh.count;
		e->in.moving = false;
		e->in.at_ms = fuzz_u8(in);
		e->in.low = fuzz_signed(in, 63);
		e->in.high = fuzz_signed(in, 63);
		if (!is_true)
			continue;
		e->in.low = truth[e->to] - truth[e->from] - (s64)fuzz_bits(in, 40);
		e->in.high = truth[e->to] - truth[e->from] + (s64)fuzz_bits(in, 40);
	}
	tscope_mesh_solve(&mesh, root);
	for (i = 0; i < mesh.count; i++)
		check_cpu(&mesh, i, is_true && !mesh.contradiction);
	for (i = 0; i < mesh.edge_count && is_true && !mesh.contradiction; i++)
		if (edges[i].from == root && nodes[edges[i].to].ahead.reached)
			EXPECT(nodes[edges[i].to].ahead.value <= edges[i].in.high,
			       "wider than a pair's own");
}
