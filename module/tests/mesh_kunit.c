// SPDX-License-Identifier: GPL-2.0
/* mesh.c: offsets along pairs of CPUs that are made up. */
#include "../mesh.h"
#include "tests.h"

#define CPUS	300
#define EDGES	(CPUS * 8)

struct mesh_test {
	struct tscope_mesh_node nodes[CPUS];
	struct tscope_mesh_edge edges[EDGES];
	s64 truth[CPUS];
	struct tscope_mesh mesh;
	struct tscope_mesh_search search;
};

/* Rank r meets r + 2^k. */
static struct mesh_test *make_mesh(struct kunit *test, u64 seed)
{
	struct mesh_test *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	u64 state = seed;
	u32 i, step;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->mesh.nodes = m->nodes;
	m->mesh.count = CPUS;
	m->mesh.edges = m->edges;
	for (i = 0; i < CPUS; i++)
		m->truth[i] = (s64)(tscope_test_rnd(&state) >> 20);
	for (i = 0; i < CPUS; i++)
		for (step = 1; step <= CPUS / 2; step *= 2) {
			struct tscope_mesh_edge *e;

			e = &m->edges[m->mesh.edge_count++];
			e->from = i;
			e->to = (i + step) % CPUS;
			e->low = m->truth[e->to] - m->truth[i] -
				 tscope_test_rnd(&state) % 100;
			e->high = m->truth[e->to] - m->truth[i] +
				  tscope_test_rnd(&state) % 100;
			e->at_ms = 50;
		}
	return m;
}

static void expect_truth(struct kunit *test, const struct mesh_test *m,
			 const struct tscope_mesh_pair *p)
{
	s64 offset = m->truth[p->to] - m->truth[p->from];

	KUNIT_EXPECT_TRUE_MSG(test, p->from < p->to && p->low <= offset &&
			      offset <= p->high, "%u and %u: %lld in %lld..%lld",
			      p->from, p->to, offset, p->low, p->high);
}

static void search(struct mesh_test *m)
{
	tscope_mesh_search_begin(&m->search, &m->mesh);
	while (tscope_mesh_search_pass(&m->search, &m->mesh))
		;
}

static void mesh_holds_truth(struct kunit *test)
{
	struct mesh_test *m = make_mesh(test, 21);
	struct tscope_mesh_pair p;
	s64 low = S64_MAX, high = S64_MIN;
	u32 i;

	tscope_mesh_begin(&m->mesh, 7);
	while (tscope_mesh_pass(&m->mesh))
		;
	KUNIT_EXPECT_FALSE(test, m->mesh.contradiction);
	for (i = 0; i < CPUS; i++) {
		low = min(low, m->truth[i]);
		high = max(high, m->truth[i]);
		KUNIT_EXPECT_EQ(test, tscope_mesh_offset(&m->mesh, i, &p),
				i == 7 ? -ENODATA : 0);
		if (i == 7)
			continue;
		expect_truth(test, m, &p);
		KUNIT_EXPECT_LE(test, p.high - p.low, 800);
		KUNIT_EXPECT_FALSE(test, p.moving);
		KUNIT_EXPECT_EQ(test, p.at_ms, (u64)50);
	}
	search(m);
	KUNIT_ASSERT_TRUE(test, m->search.found);
	expect_truth(test, m, &m->search.best);
	KUNIT_EXPECT_GE(test, tscope_interval_distance(m->search.best.low,
						       m->search.best.high),
			high - low - 1600);
}

static void mesh_shows_motion(struct kunit *test)
{
	struct mesh_test *m = make_mesh(test, 22);
	u32 i;

	/* all pairs of one CPU move */
	for (i = 0; i < m->mesh.edge_count; i++)
		if (m->edges[i].from == 99 || m->edges[i].to == 99) {
			m->edges[i].moving = true;
			m->edges[i].at_ms = 3;
		}
	search(m);
	KUNIT_ASSERT_TRUE(test, m->search.found);
	KUNIT_EXPECT_TRUE(test, m->search.best.moving);
	KUNIT_EXPECT_EQ(test, m->search.best.at_ms, (u64)3);

	/* one pair contradicts the others */
	m = make_mesh(test, 23);
	m->edges[1000].low += 1000;
	m->edges[1000].high += 1000;
	search(m);
	KUNIT_ASSERT_TRUE(test, m->search.found);
	KUNIT_EXPECT_TRUE(test, m->search.best.moving);
	KUNIT_EXPECT_LE(test, m->search.best.low, m->search.best.high);
}

static void mesh_has_no_pairs(struct kunit *test)
{
	struct mesh_test *m = make_mesh(test, 24);
	struct tscope_mesh_pair p;

	m->mesh.edge_count = 0;
	search(m);
	KUNIT_EXPECT_FALSE(test, m->search.found);
	/* the only pair has one limit only */
	m->mesh.edge_count = 1;
	m->edges[0].high = S64_MAX;
	search(m);
	KUNIT_EXPECT_FALSE(test, m->search.found);
	KUNIT_EXPECT_EQ(test, tscope_mesh_offset(&m->mesh, 5, &p), -ENODATA);
}

static struct kunit_case mesh_cases[] = {
	KUNIT_CASE(mesh_holds_truth),
	KUNIT_CASE(mesh_shows_motion),
	KUNIT_CASE(mesh_has_no_pairs),
	{}
};

static struct kunit_suite mesh_suite = {
	.name = "tscope_mesh",
	.test_cases = mesh_cases,
};

kunit_test_suite(mesh_suite);
