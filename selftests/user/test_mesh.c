// SPDX-License-Identifier: GPL-2.0
/*
 * mesh.c against CPUs whose offsets are known, and against limits by another method.
 */
#include <stdlib.h>

#include "mesh.h"
#include "tap.h"

#define CPUS_MAX	4096
#define EDGES_MAX	(CPUS_MAX * 24)

static struct tscope_mesh_node nodes[CPUS_MAX];
static struct tscope_mesh_edge edges[EDGES_MAX];
static s64 truth[CPUS_MAX];

static void add_edge(struct tscope_mesh *mesh, u32 from, u32 to, u32 width)
{
	struct tscope_mesh_edge *e = &edges[mesh->edge_count++];
	u32 below = rnd_below(width + 1);

	e->from = from;
	e->to = to;
	e->in.moving = false;
	e->in.low = truth[to] - truth[from] - below;
	e->in.high = e->in.low + width;
	e->in.at_ms = 1000 + rnd_below(1000);
}

/* Rank r meets ranks r +- 2^k; each pair is added once, as one of its two CPUs sees it. */
static void make_mesh(struct tscope_mesh *mesh, u32 cpus, s64 spread)
{
	u32 i, step;

	*mesh = (struct tscope_mesh) {
		.nodes = nodes, .count = cpus, .edges = edges,
	};
	for (i = 0; i < cpus; i++)
		truth[i] = rnd_range(-spread, spread);
	for (i = 0; i < cpus; i++)
		for (step = 1; step <= cpus / 2; step *= 2)
			add_edge(mesh, i, (i + step) % cpus,
				 140 + rnd_below(60));
}

static void check_truth(const struct tscope_mesh *mesh, u32 cpu,
			const struct tscope_interval *in)
{
	s64 offset = truth[cpu] - truth[mesh->root];

	EXPECT(in->low <= offset && offset <= in->high,
	       "%u against %u: %s in %s..%s", cpu, mesh->root, tap_dec(offset),
	       tap_dec(in->low), tap_dec(in->high));
}

static void check_size(u32 cpus)
{
	u32 i, root = rnd_below(cpus);
	struct tscope_interval in;
	struct tscope_mesh mesh;
	s64 widest = 0;
	double sum = 0;

	make_mesh(&mesh, cpus, 1000000000);
	tscope_mesh_solve(&mesh, root);
	EXPECT(!mesh.contradiction, "%u CPUs", cpus);
	for (i = 0; i < cpus; i++) {
		EXPECT_EQ(tscope_mesh_interval(&mesh, i, &in),
			  i == root ? -ENODATA : 0, "CPU %u, root %u", i, root);
		if (i == root)
			continue;
		check_truth(&mesh, i, &in);
		EXPECT(!in.moving && in.at_ms >= 1000 && in.at_ms < 2000,
		       "CPU %u", i);
		widest = max(widest, in.high - in.low);
		sum += (in.high - in.low) / 2.0;
	}
	EXPECT(widest <= 2000, "%u CPUs: %s wide", cpus, tap_dec(widest));
	tap_note("%u CPUs, %u edges: bound %.0f, widest %s", cpus,
		 mesh.edge_count, sum / (cpus - 1), tap_dec(widest / 2));
}

static void test_sizes(void)
{
	static const u32 sizes[] = { 2, 3, 65, 96, 255, 1024, 4096 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		check_size(sizes[i]);
}

/* The tightest limits by trying each CPU in between: Floyd and Warshall. */
static void check_tightest(u32 cpus, u32 edge_count)
{
	static s128 high[24][24];
	const s128 none = (s128)1 << 100;
	struct tscope_mesh mesh = {
		.nodes = nodes, .count = cpus, .edges = edges,
	};
	u32 i, k, n, root = rnd_below(cpus);
	struct tscope_interval in;
	s128 up;
	int err;

	for (i = 0; i < cpus; i++) {
		truth[i] = (s64)rnd_bits(60);
		for (k = 0; k < cpus; k++)
			high[i][k] = i == k ? 0 : none;
	}
	for (n = 0; n < edge_count; n++) {
		const struct tscope_mesh_edge *e = &edges[n];

		i = rnd_below(cpus);
		k = rnd_below(cpus);
		if (i == k)
			k = (k + 1) % cpus;
		add_edge(&mesh, i, k, rnd_bits(30));
		high[i][k] = min(high[i][k], (s128)e->in.high);
		high[k][i] = min(high[k][i], -(s128)e->in.low);
	}
	for (n = 0; n < cpus; n++)
		for (i = 0; i < cpus; i++)
			for (k = 0; k < cpus; k++)
				high[i][k] = min(high[i][k],
						 high[i][n] + high[n][k]);
	tscope_mesh_solve(&mesh, root);
	for (i = 0; i < cpus; i++) {
		up = high[root][i];
		err = tscope_mesh_interval(&mesh, i, &in);
		if (i == root || up >= none / 2) {
			EXPECT_EQ(err, -ENODATA, "CPU %u", i);
			continue;
		}
		EXPECT_EQ(err, 0, "CPU %u", i);
		check_truth(&mesh, i, &in);
		EXPECT_EQ(in.low, -high[i][root], "CPU %u of %u", i, cpus);
		EXPECT_EQ(in.high, up, "CPU %u of %u", i, cpus);
	}
}

static void test_tightest(void)
{
	u32 i;

	for (i = 0; i < 2000; i++)
		check_tightest(2 + rnd_below(23), rnd_below(80));
}

/* Pairs that move, are old or contradict the others are not hidden. */
static void test_moving(void)
{
	struct tscope_interval in;
	struct tscope_mesh mesh;
	u32 i;

	make_mesh(&mesh, 96, 0);
	for (i = 0; i < mesh.edge_count; i++) {
		if (edges[i].from != 17 && edges[i].to != 17)
			continue;
		edges[i].in.moving = true;
		edges[i].in.low -= 10000;
		edges[i].in.high += 10000;
		edges[i].in.at_ms = 7;
	}
	tscope_mesh_solve(&mesh, 0);
	for (i = 1; i < 96; i++) {
		EXPECT_EQ(tscope_mesh_interval(&mesh, i, &in), 0, "CPU %u", i);
		EXPECT_EQ(in.moving, i == 17, "CPU %u", i);
		EXPECT_EQ(in.at_ms == 7, in.moving, "CPU %u", i);
		check_truth(&mesh, i, &in);
	}

	/* no set of offsets satisfies three pairs */
	make_mesh(&mesh, 96, 0);
	edges[20].in.low += 1000;
	edges[20].in.high += 1000;
	tscope_mesh_solve(&mesh, 0);
	EXPECT(mesh.contradiction, "a contradiction");
	for (i = 1; i < 96; i++) {
		EXPECT_EQ(tscope_mesh_interval(&mesh, i, &in), 0, "CPU %u", i);
		EXPECT(in.moving && in.low <= in.high,
		       "a contradiction is motion");
	}
}

/* Any pair may contradict the others, in either direction, and seen from any CPU. */
static void test_contradictions(void)
{
	struct tscope_interval in;
	struct tscope_mesh mesh;
	u32 round, i;
	s64 off;

	for (round = 0; round < 200; round++) {
		make_mesh(&mesh, 96, 1000);
		i = rnd_below(mesh.edge_count);
		off = rnd_below(2) ? 5000 : -5000;
		edges[i].in.low += off;
		edges[i].in.high += off;
		/* one side of a pair that moves may be the tighter one alone */
		edges[(i + 1) % mesh.edge_count].in.moving = true;
		edges[(i + 1) % mesh.edge_count].in.low -= 10000;
		tscope_mesh_solve(&mesh, rnd_below(96));
		EXPECT(mesh.contradiction, "round %u", round);
		for (i = 0; i < 96; i++)
			EXPECT(i == mesh.root ||
			       tscope_mesh_interval(&mesh, i, &in) || in.moving,
			       "round %u, CPU %u", round, i);
	}
}

/* Limits that still change after the last pass are reported as a contradiction. */
static void test_passes(void)
{
	struct tscope_mesh mesh = {
		.nodes = nodes, .count = TSCOPE_MESH_PASSES + 2, .edges = edges,
	};
	u32 i;

	memset(truth, 0, sizeof(truth));
	/* the worst order: each pass reaches one CPU more */
	for (i = mesh.count - 1; i; i--)
		add_edge(&mesh, i - 1, i, 100);
	tscope_mesh_solve(&mesh, 0);
	EXPECT(mesh.contradiction, "%u CPUs in a row", mesh.count);
	tscope_mesh_solve(&mesh, mesh.count - 1);
	EXPECT(!mesh.contradiction, "from the other end one pass does");
}

/* A limit that does not fit its type counts as none; one limit alone is not an interval. */
static void test_ends_of_range(void)
{
	struct tscope_mesh mesh = {
		.nodes = nodes, .count = 3, .edges = edges, .edge_count = 2,
	};
	struct tscope_interval in;
	int sign;

	for (sign = -1; sign <= 1; sign += 2) {
		edges[0] = (struct tscope_mesh_edge){
			.from = 0, .to = 1, .in.low = sign * 10 - 5, .in.high = sign * 10 + 5,
		};
		edges[1] = (struct tscope_mesh_edge){
			.from = 1, .to = 2, .in.low = sign > 0 ? 0 : S64_MIN,
			.in.high = sign > 0 ? S64_MAX : 0,
		};
		tscope_mesh_solve(&mesh, 0);
		EXPECT_EQ(tscope_mesh_interval(&mesh, 1, &in), 0, "sign %d", sign);
		EXPECT_EQ(tscope_mesh_interval(&mesh, 2, &in), -ENODATA, "sign %d", sign);
	}
}

static void test_parts(void)
{
	struct tscope_interval in;
	struct tscope_mesh mesh = {
		.nodes = nodes, .count = 10, .edges = edges,
	};

	tscope_mesh_solve(&mesh, 3);
	EXPECT_EQ(tscope_mesh_interval(&mesh, 5, &in), -ENODATA, "no pairs");

	/* the first CPUs are offline, and there are two parts */
	memset(truth, 0, sizeof(truth));
	truth[5] = 700;
	add_edge(&mesh, 5, 4, 100);
	add_edge(&mesh, 8, 9, 100);
	tscope_mesh_solve(&mesh, 4);
	EXPECT_EQ(tscope_mesh_interval(&mesh, 5, &in), 0, "its own part");
	check_truth(&mesh, 5, &in);
	EXPECT_EQ(tscope_mesh_interval(&mesh, 8, &in), -ENODATA, "another part");

	/* sums that do not fit in their type are not used as limits */
	mesh.edge_count = 0;
	memset(truth, 0, sizeof(truth));
	truth[1] = S64_MAX - 1000;
	add_edge(&mesh, 0, 1, 100);
	add_edge(&mesh, 1, 2, 100);
	edges[1].in.low = 5000;
	edges[1].in.high = 5100;
	tscope_mesh_solve(&mesh, 0);
	EXPECT_EQ(tscope_mesh_interval(&mesh, 2, &in), -ENODATA, "too far");
	EXPECT_EQ(tscope_mesh_interval(&mesh, 1, &in), 0, "far");
	check_truth(&mesh, 1, &in);
}

static const struct tap_test tests[] = {
	{ "2 to 4096 CPUs: true and narrow", test_sizes },
	{ "no limits are tighter", test_tightest },
	{ "what moves or contradicts is not hidden", test_moving },
	{ "contradictions, seen from any CPU", test_contradictions },
	{ "limits that still change after all passes", test_passes },
	{ "limits at the ends of the range", test_ends_of_range },
	{ "parts, CPUs without pairs, sums that do not fit", test_parts },
};

TAP_MAIN(tests)
