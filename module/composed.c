// SPDX-License-Identifier: GPL-2.0
/*
 * The largest offset where not all CPUs meet: composed along pairs that do.
 *
 * Each pair that meets limits the difference of two clocks from both sides, and
 * the limits of all pairs together those of CPUs that do not meet (mesh.c). The
 * limits are copied first and then worked on without a lock. The result is kept
 * for a second, so that many readers cost no more than one.
 */
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "composed.h"
#include "limits.h"
#include "mesh.h"

static DEFINE_MUTEX(composed_lock);	/* protects kept */
static struct {
	struct tscope_offset worst;
	u64 at_ms;
	int age;
	int err;
} kept[TSCOPE_MAILBOX_LANES];

/* A result of another age is not kept any more. */
static atomic_t age = ATOMIC_INIT(1);

/* The pairs that met lately as edges. Returns how many. */
static u32 edges_copy(enum tscope_lane lane, u64 now_ms,
		      struct tscope_mesh_edge *edges, u32 room)
{
	u64 stale_ms = 2ULL * tscope_pairs_turn_ms();
	struct tscope_interval in;
	struct tscope_cpu *c;
	u32 i, n = 0;

	for_each_tscope_cpu(c) {
		for (i = 0; i < c->pairs && n < room; i++) {
			if (!tscope_pair_interval(c->pair[i], lane, &in) ||
			    now_ms - in.at_ms > stale_ms)
				continue;
			edges[n++] = (struct tscope_mesh_edge){
				.from = c->rank,
				.to = tscope_cpu_of(c->pair[i]->peer)->rank,
				.moving = in.moving,
				.low = in.low,
				.high = in.high,
				.at_ms = in.at_ms,
			};
		}
		cond_resched();
	}
	return n;
}

static int find_worst(enum tscope_lane lane, u64 now_ms, struct tscope_offset *o)
{
	struct tscope_mesh_search search;
	struct tscope_mesh_edge *edges;
	struct tscope_mesh mesh = { };
	u32 room = 0;
	struct tscope_cpu *c;
	int err = -ENODATA;

	mutex_lock(&tscope_pairs_lock);
	for_each_tscope_cpu(c)
		room += c->pairs;
	mesh.count = tscope_pairs_cpus();
	mesh.nodes = kvcalloc(max(mesh.count, 1U), sizeof(*mesh.nodes),
			      GFP_KERNEL);
	edges = kvcalloc(max(room, 1U), sizeof(*edges), GFP_KERNEL);
	if (mesh.nodes && edges)
		mesh.edge_count = edges_copy(lane, now_ms, edges, room);
	else
		err = -ENOMEM;
	mesh.edges = edges;
	mutex_unlock(&tscope_pairs_lock);

	if (mesh.edge_count) {
		tscope_mesh_search_begin(&search, &mesh);
		while (tscope_mesh_search_pass(&search, &mesh))
			cond_resched();
		if (search.found) {
			tscope_offset_of(lane, tscope_pairs_cpu(search.best.from),
					 tscope_pairs_cpu(search.best.to),
					 search.best.low, search.best.high, o);
			o->moving = search.best.moving;
			o->at_ms = search.best.at_ms;
			err = o->cpu_i < 0 ? -ENODATA : 0;
		}
	}
	kvfree(mesh.nodes);
	kvfree(edges);
	return err;
}

/**
 * tscope_composed_worst() - the largest offset of all CPUs, also of those that
 *	do not meet
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 * @now_ms: the time that figures are judged by
 * @o: result
 *
 * Context: process, may sleep; takes tscope_pairs_lock.
 *
 * Return: 0; -ENODATA where no pair met lately, or -ENOMEM.
 */
int tscope_composed_worst(enum tscope_lane lane, u64 now_ms,
			  struct tscope_offset *o)
{
	int err;

	mutex_lock(&composed_lock);
	if (kept[lane].age != atomic_read(&age) || kept[lane].err ||
	    now_ms - kept[lane].at_ms >= MSEC_PER_SEC) {
		kept[lane].age = atomic_read(&age);
		kept[lane].err = find_worst(lane, now_ms, &kept[lane].worst);
		kept[lane].at_ms = now_ms;
	}
	*o = kept[lane].worst;
	err = kept[lane].err;
	mutex_unlock(&composed_lock);
	return err;
}

/**
 * tscope_composed_forget() - keep no result
 *
 * Context: process, with or without tscope_pairs_lock.
 */
void tscope_composed_forget(void)
{
	atomic_inc(&age);
}
