// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of each pair of CPUs: offsets with their bounds, and whether
 * they move.
 *
 * One CPU of each pair keeps it (pairs.c). A burst of the keeper has limits
 * from both sides, so nothing that the other CPU measured is needed. The keeper
 * feeds the pair's trackers (interval.c); readers copy them.
 *
 * Where not all CPUs meet, the largest offset may be between two that do not.
 * It is composed along pairs that do (mesh.c).
 *
 * Ages and epochs are by jiffies, never by a clock of one CPU.
 */
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "exchange.h"
#include "mesh.h"
#include "math128.h"

/* A composed offset is kept for this long: many readers cost no more than one. */
#define KEPT_MS	1000

/* When sampling stopped; 0 while it goes on. */
static u64 stopped_ms;

/* The newest composed offset, by lane; protected by composed_lock. */
static DEFINE_MUTEX(composed_lock);
static struct {
	struct tscope_offset worst;
	bool found;
	u64 at_ms;
	u32 choices;
} composed[TSCOPE_MAILBOX_LANES];

/* The time that a figure is judged by: sampling that stopped makes none stale. */
static u64 judged_ms(void)
{
	return READ_ONCE(stopped_ms) ?: tscope_now_ms();
}

/**
 * tscope_pairs_stopped() - sampling stopped, or goes on
 * @stopped: which
 *
 * Figures keep their values while sampling is off. Context: process, no window
 * is open.
 */
void tscope_pairs_stopped(bool stopped)
{
	struct tscope_cpu *c;
	u32 i;

	if (stopped == !!stopped_ms)
		return;
	WRITE_ONCE(stopped_ms, stopped ? tscope_now_ms() : 0);
	if (stopped)
		return;
	/* no pair could meet while sampling was off */
	for_each_tscope_cpu(c)
		for (i = 0; i < c->pairs; i++)
			WRITE_ONCE(c->pair[i]->since_ms, tscope_now_ms());
}

/* Forget the intervals; warps are counted since the last reset. */
static void pair_clear(struct tscope_pair *p)
{
	int lane;

	preempt_disable();
	write_seqcount_begin(&p->lock);
	for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++)
		tscope_tracker_init(&p->tracker[lane]);
	WRITE_ONCE(p->since_ms, tscope_now_ms());
	write_seqcount_end(&p->lock);
	preempt_enable();
}

/**
 * tscope_pairs_clear() - forget what is known of all pairs
 *
 * Context: process, tscope_pairs_lock held, no window is open; readers may be at
 * work.
 */
void tscope_pairs_clear(void)
{
	struct tscope_cpu *c;
	u32 i;

	for_each_tscope_cpu(c) {
		for (i = 0; i < c->pairs; i++) {
			pair_clear(c->pair[i]);
			memset(c->pair[i]->warps, 0, sizeof(c->pair[i]->warps));
		}
	}
	if (READ_ONCE(stopped_ms))
		WRITE_ONCE(stopped_ms, tscope_now_ms());
	/* what is composed of them is not kept either */
	tscope_pairs_choices++;
}

/* Keep a burst's warps until the window ends; see report.c. */
static void pair_add_warps(struct tscope_pair *p, const struct tscope_burst *b)
{
	int lane;

	for (lane = 0; lane < TSCOPE_LANES; lane++) {
		if (likely(!b->warp[lane].count && !b->peer_warp[lane].count))
			continue;
		tscope_finding_merge(&p->warp[lane], &b->warp[lane]);
		tscope_finding_merge(&p->peer_warp[lane], &b->peer_warp[lane]);
		p->warped = true;
		if (lane < TSCOPE_MAILBOX_LANES)
			WRITE_ONCE(p->warps[lane], p->warps[lane] +
				   b->warp[lane].count +
				   b->peer_warp[lane].count);
	}
}

/* Whether a burst says something of a lane. */
static bool burst_has(const struct tscope_burst *b, int lane)
{
	return b->whole && (lane == TSCOPE_LANE_TSC || b->page_whole) &&
	       b->low[lane] != S64_MIN && b->high[lane] != S64_MAX;
}

/**
 * tscope_pair_add() - add a burst to a pair
 * @c: the CPU that keeps it, which took the burst
 * @p: the pair
 * @b: the burst, in which the partner exchanged
 *
 * Context: the CPU's sampler, in a window, interrupts on.
 */
void tscope_pair_add(struct tscope_cpu *c, struct tscope_pair *p,
		     const struct tscope_burst *b)
{
	u16 peer_life = b->partner_id >> TSCOPE_NONCE_LIFE_SHIFT;
	u32 step_cyc = min_t(u64, c->step_cyc, U32_MAX);
	u64 now_ms = tscope_now_ms();
	u32 step_ns;

	pair_add_warps(p, b);
	if (p->life != c->life || p->peer_life != peer_life) {
		/* nothing is known of these lives yet */
		pair_clear(p);
		p->life = c->life;
		p->peer_life = peer_life;
	}
	step_ns = tscope_cyc_to_ns(step_cyc, tscope_tsc_khz) + 1;

	preempt_disable();
	write_seqcount_begin(&p->lock);
	if (burst_has(b, TSCOPE_LANE_TSC))
		tscope_tracker_add(&p->tracker[TSCOPE_LANE_TSC],
				   b->low[TSCOPE_LANE_TSC],
				   b->high[TSCOPE_LANE_TSC], step_cyc, now_ms);
	if (burst_has(b, TSCOPE_LANE_KVM))
		/* each of two clocks was rounded down to a ns */
		tscope_tracker_add(&p->tracker[TSCOPE_LANE_KVM],
				   b->low[TSCOPE_LANE_KVM] - 1,
				   b->high[TSCOPE_LANE_KVM] + 1, step_ns, now_ms);
	write_seqcount_end(&p->lock);
	preempt_enable();
}

/* What is known of a pair, in the lane's unit: the peer's clock minus the keeper's. */
static bool pair_interval(const struct tscope_pair *p, enum tscope_lane lane,
			  struct tscope_interval *in)
{
	const struct tscope_cpu *c = tscope_cpu_of(p->cpu);
	const struct tscope_cpu *peer = tscope_cpu_of(p->peer);
	struct tscope_tracker t;
	unsigned int seq;
	bool alive;

	do {
		seq = read_seqcount_begin(&p->lock);
		alive = p->life == READ_ONCE(c->life) &&
			p->peer_life == READ_ONCE(peer->life);
		memcpy(&t, &p->tracker[lane], sizeof(t));
	} while (read_seqcount_retry(&p->lock, seq));
	return alive && !tscope_tracker_interval(&t, judged_ms(), in);
}

/* An interval of @to's clock minus @from's, as the offset between two CPUs. */
static void offset_from_interval(enum tscope_lane lane, int from, int to,
				 const struct tscope_interval *in,
				 struct tscope_offset *o)
{
	u32 khz = lane == TSCOPE_LANE_TSC ? tscope_tsc_khz : 0;
	u64 bound_ns;
	s64 hull_ns;

	*o = (struct tscope_offset){
		.cpu_i = min(from, to),
		.cpu_j = max(from, to),
		.moving = in->moving,
		.at_ms = in->at_ms,
		.met_ms = in->met_ms,
		.meetings = in->meetings,
	};
	tscope_interval_ns(in->low, in->high, khz, &o->offset_ns, &o->bound_ns);
	tscope_interval_ns(in->hull_low, in->hull_high, khz, &hull_ns, &bound_ns);
	if (from > to) {
		o->offset_ns = tscope_ssub64(0, o->offset_ns);
		hull_ns = tscope_ssub64(0, hull_ns);
	}
	bound_ns = min_t(u64, bound_ns, S64_MAX);
	o->hull_low_ns = tscope_ssub64(hull_ns, bound_ns);
	o->hull_high_ns = tscope_sadd64(hull_ns, bound_ns);
}

/**
 * tscope_pair_offset() - what is known of a pair
 * @p: the pair
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 * @o: result
 *
 * Context: process, tscope_pairs_lock held, or the sampler that keeps the pair;
 * never waits for a sampler.
 *
 * Return: whether there is an interval of the CPUs' present lives, however old.
 */
bool tscope_pair_offset(const struct tscope_pair *p, enum tscope_lane lane,
			struct tscope_offset *o)
{
	struct tscope_interval in;

	if (!pair_interval(p, lane, &in))
		return false;
	offset_from_interval(lane, p->cpu, p->peer, &in, o);
	return true;
}

/* |offset| - bound: the offset is at least this far from 0. */
static s128 least_distance_ns(const struct tscope_offset *o)
{
	return (s128)tscope_abs64(o->offset_ns) - o->bound_ns;
}

/* Whether @a goes before @b in the headline. */
static bool offset_is_worse(const struct tscope_offset *a,
			    const struct tscope_offset *b)
{
	s128 distance_a = least_distance_ns(a);
	s128 distance_b = least_distance_ns(b);

	if (a->moving != b->moving)
		return a->moving;
	if (distance_a != distance_b)
		return distance_a > distance_b;
	if (a->cpu_i != b->cpu_i)
		return a->cpu_i < b->cpu_i;
	return a->cpu_j < b->cpu_j;
}

/* The pairs that met lately as edges. */
static void mesh_add_edges(struct tscope_mesh *mesh, enum tscope_lane lane,
			   u64 since_ms, struct tscope_mesh_edge *edges, u32 room)
{
	struct tscope_interval in;
	struct tscope_cpu *c;
	u32 i;

	for_each_tscope_cpu(c) {
		for (i = 0; i < c->pairs && mesh->edge_count < room; i++) {
			if (!pair_interval(c->pair[i], lane, &in) ||
			    in.at_ms < since_ms)
				continue;
			edges[mesh->edge_count++] = (struct tscope_mesh_edge){
				.from = c->cpu,
				.to = c->pair[i]->peer,
				.moving = in.moving,
				.low = in.low,
				.high = in.high,
				.at_ms = in.at_ms,
			};
		}
		cond_resched();
	}
	mesh->edges = edges;
}

/*
 * Offsets are found against three CPUs: the first one with a pair, the one that
 * is certainly ahead of it the most, and the one that is certainly behind it the
 * most.
 */
static bool mesh_find_worst(struct tscope_mesh *mesh, enum tscope_lane lane,
			    struct tscope_offset *worst)
{
	u32 roots[3], ahead, behind, cpu, i;
	s64 most = 0, least = 0;
	struct tscope_interval in;
	struct tscope_offset o;
	bool found = false;

	if (!mesh->edge_count)
		return false;
	roots[0] = min(mesh->edges[0].from, mesh->edges[0].to);
	ahead = roots[0];
	behind = roots[0];
	for (i = 0; i < ARRAY_SIZE(roots); i++) {
		if (i && roots[i] == roots[0])
			continue;
		tscope_mesh_solve(mesh, roots[i]);
		for (cpu = 0; cpu < mesh->count; cpu++) {
			if (tscope_mesh_interval(mesh, cpu, &in))
				continue;
			offset_from_interval(lane, roots[i], cpu, &in, &o);
			if (!found || offset_is_worse(&o, worst))
				*worst = o;
			found = true;
			if (i)
				continue;
			if (in.low > most) {
				most = in.low;
				ahead = cpu;
			}
			if (in.high < least) {
				least = in.high;
				behind = cpu;
			}
		}
		roots[1] = ahead;
		roots[2] = behind;
	}
	return found;
}

static bool compose_worst(enum tscope_lane lane, u64 since_ms,
			  struct tscope_offset *worst)
{
	struct tscope_mesh mesh = { .count = nr_cpu_ids };
	struct tscope_mesh_edge *edges;
	struct tscope_cpu *c;
	bool found = false;
	u32 room = 0;

	mesh.nodes = kvcalloc(mesh.count, sizeof(*mesh.nodes), GFP_KERNEL);
	mutex_lock(&tscope_pairs_lock);
	composed[lane].choices = tscope_pairs_choices;
	for_each_tscope_cpu(c)
		room += c->pairs;
	edges = kvcalloc(max(room, 1U), sizeof(*edges), GFP_KERNEL);
	if (edges)
		mesh_add_edges(&mesh, lane, since_ms, edges, room);
	mutex_unlock(&tscope_pairs_lock);
	/* from here on without a lock that samplers or changes wait for */
	if (mesh.nodes)
		found = mesh_find_worst(&mesh, lane, worst);
	kvfree(mesh.nodes);
	kvfree(edges);
	return found;
}

/* The largest offset of all CPUs, also of those that do not meet. */
static bool composed_worst(enum tscope_lane lane, u64 now_ms, u64 since_ms,
			   struct tscope_offset *worst)
{
	bool found;

	mutex_lock(&composed_lock);
	if (!composed[lane].found ||
	    composed[lane].choices != READ_ONCE(tscope_pairs_choices) ||
	    now_ms - composed[lane].at_ms >= KEPT_MS) {
		composed[lane].found = compose_worst(lane, since_ms,
						     &composed[lane].worst);
		composed[lane].at_ms = now_ms;
	}
	found = composed[lane].found;
	if (found)
		*worst = composed[lane].worst;
	mutex_unlock(&composed_lock);
	return found;
}

/**
 * tscope_pairs_summary() - look at all pairs of one lane
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 * @s: result
 *
 * Context: process, may sleep; never waits for a sampler.
 */
void tscope_pairs_summary(enum tscope_lane lane, struct tscope_pairs_summary *s)
{
	u64 now_ms = judged_ms(), stale_ms = 2ULL * tscope_pairs_turn_ms();
	u64 since_ms = now_ms > stale_ms ? now_ms - stale_ms : 0, met_ms;
	struct tscope_offset o;
	struct tscope_cpu *c;
	bool known;
	u32 i;

	memset(s, 0, sizeof(*s));
	mutex_lock(&tscope_pairs_lock);
	for_each_tscope_cpu(c) {
		for (i = 0; i < c->pairs; i++) {
			known = tscope_pair_offset(c->pair[i], lane, &o);
			/* or when they could have met first */
			met_ms = READ_ONCE(c->pair[i]->since_ms);
			if (known)
				met_ms = max(met_ms, o.met_ms);
			s->unmet += met_ms < since_ms;
			s->moving += known && o.moving;
			if (!known || o.met_ms < since_ms)
				continue;
			s->widest_ns = max(s->widest_ns, o.bound_ns);
			if (!s->found || offset_is_worse(&o, &s->worst))
				s->worst = o;
			s->found = true;
		}
		cond_resched();
	}
	mutex_unlock(&tscope_pairs_lock);

	if (s->found && tscope_pairs_cpus() > TSCOPE_ALL_PAIRS_CPUS)
		composed_worst(lane, now_ms, since_ms, &s->worst);
}
