// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of each pair of CPUs: offsets with their bounds, and whether they move.
 *
 * A burst of the CPU that keeps a pair has limits from both sides, so nothing that the other CPU
 * measured is needed. Bursts feed the pair's trackers (interval.c), which readers copy. If not all
 * CPUs meet, the largest offset is composed of those of pairs that do (mesh.c). Ages and epochs are
 * by jiffies, never by a clock of one CPU.
 */
#include <linux/gcd.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "exchange.h"
#include "mesh.h"
#include "math128.h"

/* A composed offset is kept for this long, so that reading it often costs little. */
#define KEPT_MS	1000

/* If there are fewer differences, all of them may be multiples of two steps or more. */
#define STEP_DIFFERENCES	8

/* tscope_now_ms() when sampling stopped; 0 while it is on. */
static u64 stopped_ms;
/* tscope_now_ms() when sampling was last started: no pair could meet before. */
static u64 started_ms;

/* A composed offset. */
struct composed {
	struct tscope_offset worst;	/* a bound of 0: none */
	u64 at_ms;
	u32 choices;
	u32 lives;			/* the sum of all CPUs' lives */
};

/* The newest of each lane. The lock is held only to copy one, so no reader waits for another. */
static DEFINE_SPINLOCK(composed_lock);
static struct composed newest_composed[TSCOPE_MAILBOX_LANES];

/* The time that ages are measured to: while sampling is off, no figure becomes stale. */
static u64 judged_ms(void)
{
	return READ_ONCE(stopped_ms) ?: tscope_now_ms();
}

/**
 * tscope_pairs_stopped() - record that sampling stopped, or goes on
 * @stopped: whether it stopped; figures then keep their values
 * Context: process, no window is open.
 */
void tscope_pairs_stopped(bool stopped)
{
	if (stopped == !!stopped_ms)
		return;
	if (!stopped)
		WRITE_ONCE(started_ms, tscope_now_ms());
	WRITE_ONCE(stopped_ms, stopped ? tscope_now_ms() : 0);
}

static void pair_write_begin(struct tscope_pair *p)
{
	preempt_disable();
	write_seqcount_begin(&p->lock);
}

static void pair_write_end(struct tscope_pair *p)
{
	write_seqcount_end(&p->lock);
	preempt_enable();
}

/**
 * tscope_pairs_clear() - forget what is known of all pairs
 * Context: process, no window is open, and no change of pairs runs; readers may be at work.
 */
void tscope_pairs_clear(void)
{
	struct tscope_cpu *c;
	u32 i;

	for_each_tscope_cpu(c) {
		for (i = 0; i < c->pairs; i++) {
			pair_write_begin(c->pair[i]);
			tscope_pair_clear(c->pair[i]);
			pair_write_end(c->pair[i]);
		}
	}
	/* so that a composed offset is not kept either */
	tscope_pairs_choices++;
}

/* Keep a burst's warps until the window ends; see report.c. */
static void add_warps(struct tscope_pair *p, const struct tscope_burst *b)
{
	u64 count;
	int lane;

	for (lane = 0; lane < TSCOPE_LANES; lane++) {
		count = b->warp[lane].count + b->peer_warp[lane].count;
		if (likely(!count))
			continue;
		tscope_finding_merge(&p->warp[lane], &b->warp[lane]);
		tscope_finding_merge(&p->peer_warp[lane], &b->peer_warp[lane]);
		p->warped = true;
		if (lane < TSCOPE_MAILBOX_LANES)
			WRITE_ONCE(p->warps[lane], p->warps[lane] + count);
	}
}

/**
 * tscope_pairs_note_step() - learn the step in which a CPU's TSC counts
 * @c: the CPU, after a burst
 *
 * The step divides all differences. Only differences within a burst are used, because the TSC may
 * jump between bursts. Context: the CPU's sampler.
 */
void tscope_pairs_note_step(struct tscope_cpu *c)
{
	u64 cyc = READ_ONCE(c->burst_cyc);

	if (!cyc)
		return;
	WRITE_ONCE(c->burst_cyc, 0);
	/* the TSC jumped within this burst, or the step is a smaller one: learn it anew */
	if (c->differences == STEP_DIFFERENCES && cyc % c->divisor_cyc) {
		c->divisor_cyc = 0;
		c->differences = 0;
		return;
	}
	c->divisor_cyc = gcd(cyc, c->divisor_cyc);
	if (c->differences < STEP_DIFFERENCES)
		c->differences++;
	if (c->differences == STEP_DIFFERENCES)
		WRITE_ONCE(c->step_cyc, c->divisor_cyc);
}

/* The step in which a lane's clock counts; if unknown, so large a one that nothing is motion. */
static u32 step_of(const struct tscope_cpu *c, int lane)
{
	u64 step = c->step_cyc ?: S32_MAX;

	if (lane == TSCOPE_LANE_PAGE)
		step = tscope_cyc_to_ns(step, tscope_tsc_khz) + 1;
	return min_t(u64, step, S32_MAX);
}

/* Whether a burst has limits of a lane. */
static bool burst_has(const struct tscope_burst *b, int lane)
{
	return b->whole && (lane == TSCOPE_LANE_TSC || b->page_whole) &&
	       b->low[lane] != S64_MIN && b->high[lane] != S64_MAX;
}

/**
 * tscope_pair_add() - add a burst to what is known of a pair
 * @c: the CPU that keeps the pair, and that took the burst
 * @p: the pair
 * @b: the burst, in which the partner exchanged
 * Context: the CPU's sampler, in a window, interrupts on.
 */
void tscope_pair_add(struct tscope_cpu *c, struct tscope_pair *p, const struct tscope_burst *b)
{
	u16 peer_life = b->partner_id >> TSCOPE_NONCE_LIFE_SHIFT;
	u64 at_ms = tscope_jiffies_ms(b->jiffies);
	int lane, slack;

	pair_write_begin(p);
	if (p->life != c->life || p->peer_life != peer_life) {
		/* nothing is known of these lives yet */
		tscope_pair_clear(p);
		p->life = c->life;
		p->peer_life = peer_life;
	}
	add_warps(p, b);
	for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++) {
		if (!burst_has(b, lane))
			continue;
		/* each of two time pages was rounded down to a ns */
		slack = lane == TSCOPE_LANE_PAGE;
		tscope_tracker_add(&p->tracker[lane], b->low[lane] - slack, b->high[lane] + slack,
				   step_of(c, lane), at_ms);
	}
	pair_write_end(p);
}

/* Whether what is known of a pair is of both CPUs' present lives. */
static bool pair_lives(const struct tscope_pair *p)
{
	return p->life == READ_ONCE(tscope_cpu_of(p->cpu)->life) &&
	       p->peer_life == READ_ONCE(tscope_cpu_of(p->peer)->life);
}

/* What is known of a pair, in the lane's unit: the peer's clock minus the keeper's. */
static bool pair_interval(const struct tscope_pair *p, enum tscope_lane lane,
			  struct tscope_interval *in)
{
	struct tscope_tracker t;
	unsigned int seq;
	bool alive;

	do {
		seq = read_seqcount_begin(&p->lock);
		alive = pair_lives(p);
		memcpy(&t, &p->tracker[lane], sizeof(t));
	} while (read_seqcount_retry(&p->lock, seq));
	return alive && !tscope_tracker_interval(&t, judged_ms(), in);
}

/* An interval of @to's clock minus @from's, as the offset between two CPUs. */
static void offset_from_interval(enum tscope_lane lane, int from, int to,
				 const struct tscope_interval *in, struct tscope_offset *o)
{
	u32 khz = lane == TSCOPE_LANE_TSC ? READ_ONCE(tscope_tsc_khz) : 0;
	u64 hull_bound_ns;
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
	tscope_interval_ns(in->hull.low, in->hull.high, khz, &hull_ns, &hull_bound_ns);
	if (from > to) {
		o->offset_ns = tscope_ssub64(0, o->offset_ns);
		hull_ns = tscope_ssub64(0, hull_ns);
	}
	o->hull_low_ns = tscope_clamp64((s128)hull_ns - hull_bound_ns);
	o->hull_high_ns = tscope_clamp64((s128)hull_ns + hull_bound_ns);
}

/**
 * tscope_pair_offset() - what is known of the offset of a pair
 * @p: the pair
 * @lane: of the TSC or of the time page
 * @o: result
 * Context: process, tscope_pairs_lock held, or the sampler that keeps the pair; never waits for a
 * sampler.
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

/**
 * tscope_pair_warps() - the warps of a pair in the CPUs' present lives, since the last reset
 * @p: the pair
 * @lane: of the TSC or of the time page
 *
 * Those of bursts that are no single moment count, too: a pair may have no other figure.
 * Context: as tscope_pair_offset().
 * Return: their number.
 */
u64 tscope_pair_warps(const struct tscope_pair *p, enum tscope_lane lane)
{
	unsigned int seq;
	u64 warps;

	do {
		seq = read_seqcount_begin(&p->lock);
		warps = pair_lives(p) ? p->warps[lane] : 0;
	} while (read_seqcount_retry(&p->lock, seq));
	return warps;
}

/* |offset| - bound: the offset is at least this far from 0. */
static s128 least_distance_ns(const struct tscope_offset *o)
{
	return (s128)tscope_abs64(o->offset_ns) - o->bound_ns;
}

/* Whether @a goes before @b in the headline; a bound of 0 is no offset. */
static bool offset_is_worse(const struct tscope_offset *a, const struct tscope_offset *b)
{
	s128 distance_a = least_distance_ns(a), distance_b = least_distance_ns(b);

	if (!b->bound_ns)
		return true;
	if (a->moving != b->moving)
		return a->moving;
	if (distance_a != distance_b)
		return distance_a > distance_b;
	if (a->cpu_i != b->cpu_i)
		return a->cpu_i < b->cpu_i;
	return a->cpu_j < b->cpu_j;
}

/* The pairs that met lately become edges: @room of them at most. */
static void add_edges(struct tscope_mesh *mesh, u32 room, enum tscope_lane lane, u64 since_ms)
{
	struct tscope_mesh_edge *e;
	struct tscope_cpu *c;
	u32 i;

	for_each_tscope_cpu(c) {
		spin_lock(&tscope_pairs_lock);
		for (i = 0; i < c->pairs && mesh->edge_count < room; i++) {
			e = &mesh->edges[mesh->edge_count];
			e->from = c->cpu;
			e->to = c->pair[i]->peer;
			if (pair_interval(c->pair[i], lane, &e->in) && e->in.at_ms >= since_ms)
				mesh->edge_count++;
		}
		spin_unlock(&tscope_pairs_lock);
		cond_resched();
	}
}

/*
 * Find the worst offset against one CPU, the root. @far is where to look next: the CPU that is
 * ahead of the root by the largest certain amount, and the one that is behind it by the largest.
 */
static void find_worst_against(struct tscope_mesh *mesh, u32 root, enum tscope_lane lane,
			       struct tscope_offset *worst, u32 far[2])
{
	s64 most = 0, least = 0;
	struct tscope_interval in;
	struct tscope_offset o;
	u32 cpu;

	far[0] = root;
	far[1] = root;
	tscope_mesh_solve(mesh, root);
	for (cpu = 0; cpu < mesh->count; cpu++) {
		if (tscope_mesh_interval(mesh, cpu, &in))
			continue;
		offset_from_interval(lane, root, cpu, &in, &o);
		if (offset_is_worse(&o, worst))
			*worst = o;
		if (in.low > most) {
			most = in.low;
			far[0] = cpu;
		}
		if (in.high < least) {
			least = in.high;
			far[1] = cpu;
		}
	}
}

/* The largest offset of all CPUs, also of those that do not meet. */
static void compose_worst(enum tscope_lane lane, u64 since_ms, struct composed *to)
{
	struct tscope_offset *worst = &to->worst;
	struct tscope_mesh mesh = { .count = nr_cpu_ids };
	u32 root, far[2], further[2], room = 0;
	struct tscope_cpu *c;

	worst->bound_ns = 0;
	/* read first: if the pairs change meanwhile, the next reader composes anew */
	to->choices = READ_ONCE(tscope_pairs_choices);
	spin_lock(&tscope_pairs_lock);
	for_each_tscope_cpu(c)
		room += c->pairs;
	spin_unlock(&tscope_pairs_lock);
	mesh.nodes = kvcalloc(mesh.count, sizeof(*mesh.nodes), GFP_KERNEL);
	mesh.edges = kvcalloc(room + 1, sizeof(*mesh.edges), GFP_KERNEL);
	if (mesh.edges)
		add_edges(&mesh, room, lane, since_ms);
	if (mesh.nodes && mesh.edge_count) {
		root = min(mesh.edges[0].from, mesh.edges[0].to);
		find_worst_against(&mesh, root, lane, worst, far);
		if (far[0] != root)
			find_worst_against(&mesh, far[0], lane, worst, further);
		if (far[1] != root)
			find_worst_against(&mesh, far[1], lane, worst, further);
	}
	kvfree(mesh.nodes);
	kvfree(mesh.edges);
}

/*
 * Set @worst to the composed offset if that one is worse; it is composed anew if the kept one is
 * too old. A pair's own offset may be worse, because the tightest way to a CPU avoids a pair that
 * moves.
 */
static void composed_worst(enum tscope_lane lane, u64 now_ms, u64 since_ms,
			   struct tscope_offset *worst)
{
	struct composed kept;
	struct tscope_cpu *c;
	u32 lives = 0;

	for_each_tscope_cpu(c)
		lives += READ_ONCE(c->life);
	spin_lock(&composed_lock);
	kept = newest_composed[lane];
	spin_unlock(&composed_lock);
	if (!kept.worst.bound_ns || kept.lives != lives ||
	    kept.choices != READ_ONCE(tscope_pairs_choices) || now_ms - kept.at_ms >= KEPT_MS) {
		compose_worst(lane, since_ms, &kept);
		kept.at_ms = now_ms;
		kept.lives = lives;
		spin_lock(&composed_lock);
		if ((s64)(now_ms - newest_composed[lane].at_ms) >= 0)
			newest_composed[lane] = kept;
		spin_unlock(&composed_lock);
	}
	if (kept.worst.bound_ns && offset_is_worse(&kept.worst, worst))
		*worst = kept.worst;
}

/**
 * tscope_pairs_summary() - look at all pairs
 * @lane: of the TSC or of the time page
 * @s: result
 * Context: process, may sleep; never waits for a sampler.
 */
void tscope_pairs_summary(enum tscope_lane lane, struct tscope_pairs_summary *s)
{
	u64 now_ms = judged_ms(), stale_ms = 2ULL * tscope_pairs_turn_ms();
	u64 since_ms = now_ms > stale_ms ? now_ms - stale_ms : 0;
	struct tscope_offset o;
	struct tscope_cpu *c;
	bool known;
	u32 i;

	memset(s, 0, sizeof(*s));
	for_each_tscope_cpu(c) {
		spin_lock(&tscope_pairs_lock);
		for (i = 0; i < c->pairs; i++) {
			known = tscope_pair_offset(c->pair[i], lane, &o);
			s->moving += known && o.moving;
			if (known && o.met_ms >= since_ms) {
				s->widest_ns = max(s->widest_ns, o.bound_ns);
				if (offset_is_worse(&o, &s->worst))
					s->worst = o;
			} else if (READ_ONCE(started_ms) < since_ms) {
				/* a pair has as much time after it could first meet */
				s->unmet += READ_ONCE(c->pair[i]->since_ms) < since_ms;
			}
		}
		spin_unlock(&tscope_pairs_lock);
		cond_resched();
	}
	s->found = s->worst.bound_ns;
	if (s->found && tscope_pairs_cpus() > TSCOPE_ALL_PAIRS_CPUS)
		composed_worst(lane, now_ms, since_ms, &s->worst);
}
