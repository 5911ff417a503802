// SPDX-License-Identifier: GPL-2.0
/*
 * What bursts find is counted, recorded in violations, traced, and held against
 * the limits of alerts: warps, backward readings and updates of the time page.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/irqflags.h>
#include <linux/printk.h>

#include "report.h"
#include "trace.h"
#include "events.h"

static s64 report(struct tscope_cpu *c, enum tscope_lane lane,
		  enum tscope_what what, const struct tscope_finding *f,
		  int cpu, int peer, u64 *count, u64 *max)
{
	s64 ns = min_t(u64, tscope_lane_ns(lane, f->max), S64_MAX);

	WRITE_ONCE(*count, *count + f->count);
	if (f->max > *max)
		WRITE_ONCE(*max, f->max);
	tscope_violation(what, tscope_clock_of_lane(lane)->ops->name, cpu,
			 peer, ns, f->count, f->tsc);
	return ns;
}

static void gather(struct tscope_finding *to, const struct tscope_finding *from)
{
	to->count += from->count;
	if (from->max > to->max) {
		to->max = from->max;
		to->tsc = from->tsc;
	}
}

/**
 * tscope_warps_gather() - keep a burst's warps until the window ends
 * @p: the pair
 * @b: the burst, which the pair's keeper took
 *
 * Context: the keeper's sampler, interrupts on.
 */
void tscope_warps_gather(struct tscope_pair *p, const struct tscope_burst *b)
{
	int lane;

	for (lane = 0; lane < TSCOPE_LANES; lane++) {
		if (likely(!b->warp[lane].count && !b->peer_warp[lane].count))
			continue;
		gather(&p->warp[lane], &b->warp[lane]);
		gather(&p->peer_warp[lane], &b->peer_warp[lane]);
		p->warped = true;
	}
}

static void report_warps_of(struct tscope_cpu *c, enum tscope_lane lane,
			    struct tscope_finding *f, int by, int of)
{
	struct tscope_clock *clk = tscope_clock_of_lane(lane);
	s64 ns;

	if (!f->count)
		return;
	ns = report(c, lane, TSCOPE_WARP, f, by, of, &c->lane[lane].warps,
		    &c->lane[lane].warp_max);
	trace_tscope_warp(clk->ops->name, by, of, ns, f->count, f->tsc);
	tscope_alert_raise(clk, TSCOPE_ALERT_WARP, ns, by, of);
	memset(f, 0, sizeof(*f));
}

/**
 * tscope_report_warps() - report the warps of a window, on either side
 * @c: the CPU, of the pairs that it keeps
 *
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
			report_warps_of(c, lane, &p->warp[lane], p->cpu,
					p->peer);
			report_warps_of(c, lane, &p->peer_warp[lane], p->peer,
					p->cpu);
		}
	}
}

/**
 * tscope_report_found() - report what bursts and answered calls left
 * @c: the CPU
 * @is_leader: it takes the points
 *
 * Updates of the time page, and backward readings. Context: the CPU's sampler,
 * interrupts on.
 */
void tscope_report_found(struct tscope_cpu *c, bool is_leader)
{
	struct tscope_page_event event[TSCOPE_PAGE_EVENTS];
	struct tscope_finding back[TSCOPE_LANES];
	struct tscope_clock *clk;
	unsigned long flags;
	unsigned int events;
	int lane;
	s64 ns;

	local_irq_save(flags);
	events = c->events;
	c->events = 0;
	memcpy(event, c->event, events * sizeof(*event));
	memcpy(back, c->back, sizeof(back));
	memset(c->back, 0, sizeof(c->back));
	local_irq_restore(flags);

	if (unlikely(events))
		tscope_page_report(c, tscope_clock_of_lane(TSCOPE_LANE_KVM),
				   event, events, is_leader);
	for (lane = 0; lane < TSCOPE_LANES; lane++) {
		if (likely(!back[lane].count))
			continue;
		clk = tscope_clock_of_lane(lane);
		ns = report(c, lane, TSCOPE_BACKWARD, &back[lane], c->cpu, -1,
			    &c->lane[lane].backward,
			    &c->lane[lane].backward_max);
		trace_tscope_backward(clk->ops->name, c->cpu, ns,
				      back[lane].count, back[lane].tsc);
	}
	if (unlikely(READ_ONCE(c->stuck)))
		pr_warn_once("CPU %d: the TSC stands still\n", c->cpu);
}
