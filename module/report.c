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
#include "violations.h"

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

/**
 * tscope_report_warps() - report the warps that a burst found, on either side
 * @c: the CPU that took the burst and keeps the pair
 * @b: the burst
 * @peer: its partner
 *
 * Context: the CPU's sampler, interrupts on.
 */
void tscope_report_warps(struct tscope_cpu *c, const struct tscope_burst *b,
			 int peer)
{
	const struct tscope_finding *f;
	struct tscope_clock *clk;
	int lane, side, by, of;
	s64 ns;

	for (lane = 0; lane < TSCOPE_LANES; lane++) {
		for (side = 0; side < 2; side++) {
			f = side ? &b->peer_warp[lane] : &b->warp[lane];
			if (likely(!f->count))
				continue;
			clk = tscope_clock_of_lane(lane);
			by = side ? peer : c->cpu;
			of = side ? c->cpu : peer;
			ns = report(c, lane, TSCOPE_WARP, f, by, of,
				    &c->lane[lane].warps,
				    &c->lane[lane].warp_max);
			trace_tscope_warp(clk->ops->name, by, of, ns, f->count,
					  f->tsc);
			tscope_alert_raise(clk, TSCOPE_ALERT_WARP, ns, by, of);
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
	struct tscope_pvti_event event[TSCOPE_PVTI_EVENTS];
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
		tscope_kvm_report(c, tscope_clock_of_lane(TSCOPE_LANE_KVM),
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
