// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of each pair of CPUs: offsets with their bounds, and whether
 * they move.
 *
 * One CPU of each pair keeps it (partners.c). A burst of the keeper has limits
 * from both sides, so nothing that the other CPU measured is needed. The keeper
 * feeds the pair's trackers (interval.c); readers copy them.
 *
 * Ages and epochs are by jiffies, never by a clock of one CPU.
 */
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include "composed.h"
#include "exchange.h"
#include "limits.h"
#include "trace.h"
#include "math128.h"

/* When sampling stopped; 0 while it goes on. */
static u64 stopped_ms;

/**
 * tscope_now_ms() - the time that ages and epochs are counted by
 *
 * Context: any.
 *
 * Return: jiffies since boot in ms, never 0.
 */
u64 tscope_now_ms(void)
{
	return jiffies64_to_msecs(get_jiffies_64()) + 1;
}

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
	/* nobody could meet while sampling was off */
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
 * Context: process, no window is open; readers may be at work.
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
	tscope_composed_forget();
}

/* Once an epoch: is there something to trace? */
static void pair_trace(struct tscope_pair *p, u64 now_ms)
{
	struct tscope_offset o;
	int lane;

	if (now_ms - p->looked_ms < TSCOPE_EPOCH_MS)
		return;
	p->looked_ms = now_ms;
	if (!trace_tscope_pair_enabled())
		return;
	for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++)
		if (tscope_pair_offset(p, lane, &o) && o.moving)
			trace_tscope_pair(tscope_clock_of_lane(lane)->ops->name,
					  o.cpu_i, o.cpu_j, o.hull_low_ns,
					  o.hull_high_ns, o.meetings);
}

/**
 * tscope_pair_add() - add a burst to a pair
 * @c: the CPU that keeps it, which took the burst
 * @p: the pair
 * @b: the burst
 *
 * Context: the CPU's sampler, in a window, interrupts on.
 */
void tscope_pair_add(struct tscope_cpu *c, struct tscope_pair *p,
		     const struct tscope_burst *b)
{
	u16 peer_life = b->partner_id >> TSCOPE_NONCE_LIFE_SHIFT;
	u64 now_ms = tscope_now_ms();
	u32 step_cyc = min_t(u64, c->step_cyc, U32_MAX), step_ns;
	int lane;

	if (!b->partner_id)
		return;
	if (p->life != c->life || p->peer_life != peer_life) {
		/* nothing is known of these lives yet */
		pair_clear(p);
		p->life = c->life;
		p->peer_life = peer_life;
	}
	step_ns = tscope_cyc_to_ns(step_cyc, tscope_tsc_khz) + 1;

	preempt_disable();
	write_seqcount_begin(&p->lock);
	for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++) {
		WRITE_ONCE(p->warps[lane], p->warps[lane] +
			   b->warp[lane].count + b->peer_warp[lane].count);
		if (!b->whole || b->low[lane] == S64_MIN ||
		    b->high[lane] == S64_MAX)
			continue;
		if (lane == TSCOPE_LANE_TSC)
			tscope_tracker_add(&p->tracker[lane], b->low[lane],
					   b->high[lane], step_cyc, now_ms);
		else if (b->page_whole)
			/* each of two clocks was rounded down to a ns */
			tscope_tracker_add(&p->tracker[lane],
					   b->low[lane] - 1, b->high[lane] + 1,
					   step_ns, now_ms);
	}
	write_seqcount_end(&p->lock);
	preempt_enable();
	pair_trace(p, now_ms);
}

/* A consistent copy, if it is of both CPUs' present lives. */
static bool pair_copy(const struct tscope_pair *p, enum tscope_lane lane,
		      struct tscope_tracker *t)
{
	const struct tscope_cpu *c = tscope_cpu_of(p->cpu);
	const struct tscope_cpu *peer = tscope_cpu_of(p->peer);
	unsigned int seq;
	bool alive;

	do {
		seq = read_seqcount_begin(&p->lock);
		alive = p->life == READ_ONCE(c->life) &&
			p->peer_life == READ_ONCE(peer->life);
		memcpy(t, &p->tracker[lane], sizeof(*t));
	} while (read_seqcount_retry(&p->lock, seq));
	return alive;
}

static s64 to_ns(s64 value, enum tscope_lane lane)
{
	return lane == TSCOPE_LANE_TSC ?
	       tscope_scyc_to_ns(value, tscope_tsc_khz) : value;
}

/**
 * tscope_pair_interval() - what is known of a pair, in the lane's unit
 * @p: the pair
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 * @in: result, of @p->peer's clock - @p->cpu's clock
 *
 * Context: process, tscope_pairs_lock held, or the sampler that keeps the pair;
 * never waits for a sampler.
 *
 * Return: whether there is an interval of the CPUs' present lives, however old.
 */
bool tscope_pair_interval(const struct tscope_pair *p, enum tscope_lane lane,
			  struct tscope_interval *in)
{
	struct tscope_tracker t;

	return pair_copy(p, lane, &t) &&
	       !tscope_tracker_interval(&t, judged_ms(), in);
}

/**
 * tscope_offset_of() - turn an interval into an offset between two CPUs
 * @lane: of which clock
 * @from: a CPU
 * @to: another
 * @low: lower limit of @to's clock - @from's clock, in the lane's unit
 * @high: upper limit
 * @o: result: cpu_i, cpu_j, offset_ns, bound_ns
 *
 * Context: process.
 */
void tscope_offset_of(enum tscope_lane lane, int from, int to, s64 low,
		      s64 high, struct tscope_offset *o)
{
	o->cpu_i = min(from, to);
	o->cpu_j = max(from, to);
	if (from > to) {
		swap(low, high);
		low = -low;
		high = -high;
	}
	tscope_interval_ns(low, high,
			   lane == TSCOPE_LANE_TSC ? tscope_tsc_khz : 0,
			   &o->offset_ns, &o->bound_ns);
}

/**
 * tscope_pair_offset() - what is known of a pair
 * @p: the pair
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 * @o: result
 *
 * Context: as tscope_pair_interval().
 *
 * Return: as tscope_pair_interval().
 */
bool tscope_pair_offset(const struct tscope_pair *p, enum tscope_lane lane,
			struct tscope_offset *o)
{
	struct tscope_interval in;

	if (!tscope_pair_interval(p, lane, &in))
		return false;
	tscope_offset_of(lane, p->cpu, p->peer, in.low, in.high, o);
	if (p->cpu > p->peer) {
		swap(in.hull_low, in.hull_high);
		in.hull_low = -in.hull_low;
		in.hull_high = -in.hull_high;
	}
	/* outwards: a cycle is less than a ns */
	o->hull_low_ns = to_ns(in.hull_low, lane) - (lane == TSCOPE_LANE_TSC);
	o->hull_high_ns = to_ns(in.hull_high, lane) + (lane == TSCOPE_LANE_TSC);
	o->moving = in.moving;
	o->at_ms = in.at_ms;
	o->met_ms = in.met_ms;
	o->meetings = in.meetings;
	return true;
}

/* |offset| - bound: how far the offset surely is from 0. */
static tscope_s128 surely(const struct tscope_offset *o)
{
	return (tscope_s128)tscope_abs64(o->offset_ns) - o->bound_ns;
}

static bool worse(const struct tscope_offset *a, const struct tscope_offset *b)
{
	if (a->moving != b->moving)
		return a->moving;
	if (surely(a) != surely(b))
		return surely(a) > surely(b);
	if (a->cpu_i != b->cpu_i)
		return a->cpu_i < b->cpu_i;
	return a->cpu_j < b->cpu_j;
}

/* When the two met last, or could have met first. */
static u64 met_ms(const struct tscope_pair *p, const struct tscope_offset *o,
		  bool met)
{
	u64 since_ms = READ_ONCE(p->since_ms);

	return met ? max(since_ms, o->met_ms) : since_ms;
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
	u64 stale_ms = 2ULL * tscope_pairs_turn_ms(), now_ms = judged_ms();
	struct tscope_offset o;
	struct tscope_cpu *c;
	bool met;
	u32 i;

	memset(s, 0, sizeof(*s));
	mutex_lock(&tscope_pairs_lock);
	for_each_tscope_cpu(c) {
		for (i = 0; i < c->pairs; i++) {
			met = tscope_pair_offset(c->pair[i], lane, &o);
			if (now_ms > met_ms(c->pair[i], &o, met) + stale_ms)
				s->unmet++;
			s->moving += met && o.moving;
			if (!met || now_ms > o.at_ms + stale_ms)
				continue;
			s->widest_ns = max(s->widest_ns, o.bound_ns);
			if (!s->found || worse(&o, &s->worst))
				s->worst = o;
			s->found = true;
		}
		cond_resched();
	}
	mutex_unlock(&tscope_pairs_lock);

	/* where not all CPUs meet, the largest may be between two that do not */
	if (s->found && tscope_pairs_cpus() > TSCOPE_ALL_PAIRS_CPUS &&
	    !tscope_composed_worst(lane, now_ms, &o))
		s->worst = o;
}
