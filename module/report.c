// SPDX-License-Identifier: GPL-2.0
/*
 * Reports of what bursts and meetings found: warps, backward readings, updates of the time page
 * and offsets that move are counted, recorded in violations, traced, and compared with the
 * limits of alerts.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/irqflags.h>
#include <linux/printk.h>

#include "sampler.h"
#include "trace.h"
#include "events.h"

/**
 * tscope_report_motion() - trace a pair whose offset moves, once an epoch
 * @p: the pair, to which a burst was added
 * Context: the sampler of the CPU that keeps the pair, interrupts on.
 */
void tscope_report_motion(struct tscope_pair *p)
{
	struct tscope_offset o;
	u64 epoch_ms;
	int lane;

	for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++) {
		epoch_ms = p->tracker[lane].started_ms;
		if (likely(p->looked_ms[lane] == epoch_ms))
			continue;
		p->looked_ms[lane] = epoch_ms;
		if (trace_tscope_pair_enabled() && tscope_pair_offset(p, lane, &o) && o.moving)
			trace_tscope_pair(tscope_clock_of_lane(lane)->ops->name, o.cpu_i, o.cpu_j,
					  o.hull_low_ns, o.hull_high_ns, o.meetings);
	}
}

/* Record a violation. Returns its size, of several the largest, in ns. */
static s64 record(struct tscope_clock *clk, const char *what, const struct tscope_finding *f,
		  int cpu, int peer)
{
	s64 ns = min_t(u64, tscope_lane_ns(clk->ops->lane, f->max), S64_MAX);

	tscope_violation(what, clk->ops->name, cpu, peer, ns, f->count, f->tsc);
	return ns;
}

static void report_warps_of(struct tscope_cpu *c, enum tscope_lane lane,
			    struct tscope_finding *f, int by, int of)
{
	struct tscope_lane_figures *figures = &c->lane[lane];
	struct tscope_clock *clk = tscope_clock_of_lane(lane);
	s64 ns;

	if (!f->count)
		return;
	WRITE_ONCE(figures->warps, figures->warps + f->count);
	if (f->max > figures->warp_max)
		WRITE_ONCE(figures->warp_max, f->max);
	ns = record(clk, TSCOPE_WARP, f, by, of);
	trace_tscope_warp(clk->ops->name, by, of, ns, f->count, f->tsc);
	tscope_alert_raise(clk, TSCOPE_ALERT_WARP, ns, by, of);
	memset(f, 0, sizeof(*f));
}

/**
 * tscope_report_warps() - report the warps of a window, of the pairs that a CPU keeps
 * @c: the CPU
 * Context: the CPU's sampler, interrupts on.
 */
void tscope_report_warps(struct tscope_cpu *c)
{
	struct tscope_pair *p;
	int lane;
	u32 i;

	for (i = 0; i < c->pairs; i++) {
		p = c->pair[i];
		if (likely(!p->warped))
			continue;
		p->warped = false;
		for (lane = 0; lane < TSCOPE_LANES; lane++) {
			report_warps_of(c, lane, &p->warp[lane], p->cpu, p->peer);
			report_warps_of(c, lane, &p->peer_warp[lane], p->peer, p->cpu);
		}
	}
}

/**
 * tscope_report_found() - report updates of the time page, and backward readings
 * @c: the CPU whose bursts and answered calls left them
 * Context: the CPU's sampler, interrupts on; the lead is not held.
 */
void tscope_report_found(struct tscope_cpu *c)
{
	struct tscope_page_event event[TSCOPE_PAGE_EVENTS];
	struct tscope_finding back[TSCOPE_LANES];
	struct tscope_clock *clk;
	unsigned long flags;
	unsigned int events;
	bool leads;
	int lane;
	s64 ns;

	local_irq_save(flags);
	events = c->events;
	c->events = 0;
	memcpy(event, c->event, events * sizeof(*event));
	memcpy(back, c->back, sizeof(back));
	memset(c->back, 0, sizeof(c->back));
	local_irq_restore(flags);

	if (unlikely(events)) {
		leads = tscope_leader_hold(c->cpu);
		tscope_page_report(c, tscope_clock_of_lane(TSCOPE_LANE_PAGE), event, events, leads);
		if (leads)
			tscope_leader_release(c->cpu);
	}
	for (lane = 0; lane < TSCOPE_LANES; lane++) {
		if (likely(!back[lane].count))
			continue;
		clk = tscope_clock_of_lane(lane);
		ns = record(clk, TSCOPE_BACKWARD, &back[lane], c->cpu, -1);
		trace_tscope_backward(clk->ops->name, c->cpu, ns, back[lane].count,
				      back[lane].tsc);
	}
	if (unlikely(READ_ONCE(c->stuck)))
		pr_warn_once("CPU %d: the TSC stands still\n", c->cpu);
}
