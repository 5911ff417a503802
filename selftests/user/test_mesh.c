// SPDX-License-Identifier: GPL-2.0
/*
 * mesh.c against CPUs whose offsets are known, the limits of another method,
 * and the largest offset that there is.
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
	e->moving = false;
	e->low = truth[to] - truth[from] - below;
	e->high = e->low + width;
	e->at_ms = 1000 + rnd_below(1000);
}

/* Rank r meets r +- 2^k: each pair once, as one of the two sees it. */
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

static u32 view(struct tscope_mesh *mesh, u32 root)
{
	u32 passes = 1;

	tscope_mesh_begin(mesh, root);
	while (tscope_mesh_pass(mesh))
		passes++;
	return passes;
}

static void check_truth(const struct tscope_mesh_pair *p)
{
	s64 offset = truth[p->to] - truth[p->from];

	EXPECT(p->from < p->to && p->low <= offset && offset <= p->high,
	       "%u and %u: %s in %s..%s", p->from, p->to, tap_dec(offset),
	       tap_dec(p->low), tap_dec(p->high));
}

static void search(struct tscope_mesh *mesh, struct tscope_mesh_search *s)
{
	tscope_mesh_search_begin(s, mesh);
	while (tscope_mesh_search_pass(s, mesh))
		;
}

static void check_size(u32 cpus)
{
	u32 i, k, passes, root = rnd_below(cpus);
	struct tscope_mesh_search s;
	struct tscope_mesh_pair p;
	struct tscope_mesh mesh;
	s64 widest = 0, largest = 0;
	double sum = 0;

	make_mesh(&mesh, cpus, 1000000000);
	passes = view(&mesh, root);
	for (i = 0; i < cpus; i++) {
		if (i == root) {
			EXPECT_EQ(tscope_mesh_offset(&mesh, i, &p), -ENODATA,
				  "root %u", i);
			continue;
		}
		EXPECT_EQ(tscope_mesh_offset(&mesh, i, &p), 0, "CPU %u", i);
		check_truth(&p);
		EXPECT(!p.moving && p.at_ms >= 1000 && p.at_ms < 2000,
		       "CPU %u", i);
		widest = max(widest, p.high - p.low);
		sum += (p.high - p.low) / 2.0;
	}
	EXPECT(passes <= 16 && widest <= 2000, "%u CPUs: %u passes, %s wide",
	       cpus, passes, tap_dec(widest));

	search(&mesh, &s);
	EXPECT(s.found && !s.best.moving, "%u CPUs", cpus);
	check_truth(&s.best);
	for (i = 0; i < cpus; i++)
		for (k = 0; k < cpus; k++)
			largest = max(largest, truth[i] - truth[k]);
	/* no other pair is farther apart by more than both are uncertain */
	EXPECT(tscope_interval_distance(s.best.low, s.best.high) >=
	       largest - 4000 && s.best.high - s.best.low <= 2000,
	       "%u CPUs: %s..%s, largest %s", cpus, tap_dec(s.best.low),
	       tap_dec(s.best.high), tap_dec(largest));
	tap_note("%u CPUs, %u edges: %u passes, bound %.0f, widest %s", cpus,
		 mesh.edge_count, passes, sum / (cpus - 1),
		 tap_dec(widest / 2));
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
	static tscope_s128 high[24][24];
	const tscope_s128 none = (tscope_s128)1 << 100;
	struct tscope_mesh mesh = {
		.nodes = nodes, .count = cpus, .edges = edges,
	};
	struct tscope_mesh_pair p;
	u32 i, k, n, root = rnd_below(cpus);
	tscope_s128 up, down;
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
		high[i][k] = min(high[i][k], (tscope_s128)e->high);
		high[k][i] = min(high[k][i], -(tscope_s128)e->low);
	}
	for (n = 0; n < cpus; n++)
		for (i = 0; i < cpus; i++)
			for (k = 0; k < cpus; k++)
				high[i][k] = min(high[i][k],
						 high[i][n] + high[n][k]);
	view(&mesh, root);
	for (i = 0; i < cpus; i++) {
		up = high[root][i];
		down = -high[i][root];
		err = tscope_mesh_offset(&mesh, i, &p);
		if (i == root || up >= none / 2) {
			EXPECT_EQ(err, -ENODATA, "CPU %u", i);
			continue;
		}
		EXPECT_EQ(err, 0, "CPU %u", i);
		check_truth(&p);
		EXPECT_EQ(p.low, root < i ? down : -up, "CPU %u of %u", i, cpus);
		EXPECT_EQ(p.high, root < i ? up : -down, "CPU %u of %u", i,
			  cpus);
	}
}

static void test_tightest(void)
{
	u32 i;

	for (i = 0; i < 2000; i++)
		check_tightest(2 + rnd_below(23), rnd_below(80));
}

/* What moves, what is old, and what contradicts the rest is not hidden. */
static void test_moving(void)
{
	struct tscope_mesh_search s;
	struct tscope_mesh_pair p;
	struct tscope_mesh mesh;
	u32 i, moving = 0;

	make_mesh(&mesh, 96, 0);
	for (i = 0; i < mesh.edge_count; i++) {
		if (edges[i].from != 17 && edges[i].to != 17)
			continue;
		edges[i].moving = true;
		edges[i].low -= 10000;
		edges[i].high += 10000;
		edges[i].at_ms = 7;
	}
	view(&mesh, 0);
	for (i = 1; i < 96; i++) {
		EXPECT_EQ(tscope_mesh_offset(&mesh, i, &p), 0, "CPU %u", i);
		moving += p.moving;
		EXPECT_EQ(p.at_ms == 7, p.moving, "CPU %u", i);
	}
	EXPECT_EQ(moving, 1, "CPUs that move");
	search(&mesh, &s);
	EXPECT(s.found && s.best.moving && s.best.from == 0 &&
	       s.best.to == 17, "%u and %u", s.best.from, s.best.to);
	check_truth(&s.best);

	/* three pairs of no one set of offsets */
	make_mesh(&mesh, 96, 0);
	edges[20].low += 1000;
	edges[20].high += 1000;
	search(&mesh, &s);
	EXPECT(s.found && s.best.moving && s.best.low <= s.best.high,
	       "a contradiction is motion");
	EXPECT(mesh.contradiction, "a contradiction");
}

static void test_parts(void)
{
	struct tscope_mesh_search s;
	struct tscope_mesh_pair p;
	struct tscope_mesh mesh = {
		.nodes = nodes, .count = 10, .edges = edges,
	};

	search(&mesh, &s);
	EXPECT(!s.found, "no pairs");

	/* the first CPUs are offline, and there are two parts */
	memset(truth, 0, sizeof(truth));
	truth[5] = 700;
	add_edge(&mesh, 5, 4, 100);
	add_edge(&mesh, 8, 9, 100);
	search(&mesh, &s);
	EXPECT(s.found && s.best.from == 4 && s.best.to == 5, "%u and %u",
	       s.best.from, s.best.to);
	check_truth(&s.best);
	view(&mesh, 9);
	EXPECT_EQ(tscope_mesh_offset(&mesh, 5, &p), -ENODATA, "another part");
	EXPECT_EQ(tscope_mesh_offset(&mesh, 8, &p), 0, "its own part");

	/* limits that are at an end of the range are none */
	edges[0].low = S64_MIN;
	edges[1].high = S64_MAX;
	view(&mesh, 9);
	EXPECT_EQ(tscope_mesh_offset(&mesh, 8, &p), -ENODATA, "no limit");
	/* nor are sums that do not fit */
	mesh.edge_count = 0;
	memset(truth, 0, sizeof(truth));
	truth[1] = S64_MAX - 1000;
	add_edge(&mesh, 0, 1, 100);
	add_edge(&mesh, 1, 2, 100);
	edges[1].low = 5000;
	edges[1].high = 5100;
	view(&mesh, 0);
	EXPECT_EQ(tscope_mesh_offset(&mesh, 2, &p), -ENODATA, "too far");
	EXPECT_EQ(tscope_mesh_offset(&mesh, 1, &p), 0, "far");
	check_truth(&p);
}

/* How far from 0 an interval surely is. */
static void test_distance(void)
{
	EXPECT_EQ(tscope_interval_distance(5, 9), 5, "above");
	EXPECT_EQ(tscope_interval_distance(-9, -5), 5, "below");
	EXPECT_EQ(tscope_interval_distance(-3, 9), -3, "around, near its lower end");
	EXPECT_EQ(tscope_interval_distance(-9, 3), -3, "around, near its upper end");
	EXPECT_EQ(tscope_interval_distance(S64_MIN, S64_MIN), S64_MAX, "as far as can be");
	EXPECT_EQ(tscope_interval_distance(S64_MAX, S64_MAX), S64_MAX, "as far as can be");
	EXPECT_EQ(tscope_interval_distance(S64_MIN, S64_MAX), -S64_MAX, "anywhere");
}

static const struct tap_test tests[] = {
	{ "the distance of an interval", test_distance },
	{ "2 to 4096 CPUs: true, narrow, and the largest is found", test_sizes },
	{ "no limits are tighter", test_tightest },
	{ "what moves or contradicts is not hidden", test_moving },
	{ "parts, CPUs without pairs, ends of the range", test_parts },
};

TAP_MAIN(tests)
