// SPDX-License-Identifier: GPL-2.0
/*
 * Tests how wide the intervals of CPUs that do not meet are, for several numbers of partners.
 */
#include "mesh.h"
#include "scale.h"

static struct tscope_mesh_node nodes[SCALE_CPUS_MAX];
static struct tscope_mesh_edge edges[SCALE_CPUS_MAX * 48];
static double bounds[SCALE_CPUS_MAX];

/* Computes the median and the widest of all CPUs' bounds against a root. */
static void against(struct tscope_mesh *mesh, u32 root, double *middle, double *widest)
{
	const s64 transit = scale_cyc(SCALE_TRANSIT_NS);
	struct tscope_interval in;
	u32 cpu, n = 0;
	s64 truth;

	tscope_mesh_solve(mesh, root);
	EXPECT(!mesh->contradiction, "root %u", root);
	for (cpu = 0; cpu < mesh->count; cpu++) {
		if (cpu == root)
			continue;
		EXPECT_EQ(tscope_mesh_interval(mesh, cpu, &in), 0, "CPU %u, root %u", cpu, root);
		truth = scale_ahead_cyc[cpu] - scale_ahead_cyc[root];
		/* each path has one transit or more */
		EXPECT(truth - in.low >= transit && in.high - truth >= transit,
		       "CPU %u, root %u: %lld in %lld..%lld", cpu, root, (long long)truth,
		       (long long)in.low, (long long)in.high);
		bounds[n++] = scale_ns(in.high - in.low) / 2;
	}
	*middle = scale_sorted(bounds, n)[n / 2];
	*widest = bounds[n - 1];
}

/* Each CPU meets CPUs whose rank differs by a power of @base times an odd number up to @odd. */
static void connect(struct tscope_mesh *mesh, u32 n, u32 base, u32 odd)
{
	struct tscope_mesh_edge *e;
	u32 rank, power, times;
	s64 truth;

	*mesh = (struct tscope_mesh){ .nodes = nodes, .count = n, .edges = edges };
	nr_cpu_ids = n;
	scale_rest(1000000000);
	for (rank = 0; rank < n; rank++) {
		for (power = 1; rank + power < n; power *= base) {
			for (times = 1; times <= odd && rank + power * times < n; times += 2) {
				e = &edges[mesh->edge_count++];
				e->from = rank;
				e->to = rank + power * times;
				truth = scale_ahead_cyc[e->to] - scale_ahead_cyc[e->from];
				e->in = (struct tscope_interval){
					.low = truth - scale_transit(),
					.high = truth + scale_transit(),
					.at_ms = 1,
				};
			}
		}
	}
}

/* Bounds of @n CPUs against the first one, and against any one. */
static void check_bounds(u32 n, u32 base, u32 odd, double middle_most, double widest_most)
{
	double middle, widest, took;
	struct tscope_mesh mesh;

	connect(&mesh, n, base, odd);
	took = -scale_clock_ms(CLOCK_THREAD_CPUTIME_ID);
	against(&mesh, 0, &middle, &widest);
	took += scale_clock_ms(CLOCK_THREAD_CPUTIME_ID);
	tap_note("%4u %9.1f  %6.0f  %6.0f  %9.2f", n, 2.0 * mesh.edge_count / n, middle, widest,
		 took);
	EXPECT(middle <= middle_most, "%.0f ns", middle);
	EXPECT(widest <= widest_most, "%.0f ns", widest);
	against(&mesh, rnd_below(n), &middle, &widest);
	EXPECT(widest <= widest_most, "%.0f ns", widest);
}

void scale_test_partners(void)
{
	tap_note("Bounds against the first CPU, in ns, and ms of CPU to find them all; partners: the mean.");
	tap_note("CPUs  partners  median  widest  ms of CPU");
	/* the module's graph has steps of powers of two; others have fewer steps, or more */
	check_bounds(96, 2, 1, 250, 370);
	check_bounds(1024, 2, 1, 325, 520);
	check_bounds(4096, 16, 1, 1300, 2500);
	check_bounds(4096, 8, 1, 810, 1450);
	check_bounds(4096, 4, 1, 555, 900);
	check_bounds(4096, 2, 1, 390, 580);
	check_bounds(4096, 2, 3, 310, 410);
}
