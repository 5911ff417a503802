// SPDX-License-Identifier: GPL-2.0
/*
 * The sampler of a CPU: a thread that opens a window every period.
 *
 * All CPUs open their windows at the same multiples of the period of
 * CLOCK_MONOTONIC, so that they sample at the same time. A window is bursts,
 * with a chance to schedule between two of them. It ends when it should, also
 * if it began late; and what the thread does besides, from waking up to going
 * to sleep, comes off the next one: it takes no more of its CPU than width_us a
 * period.
 *
 * One CPU, the leader, also takes the window's points (reading.c).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "control.h"
#include "cpu.h"
#include "interruption.h"
#include "trace.h"
#include "violations.h"

/* What a thread works by; a change of parameters starts a new thread. */
struct plan {
	u64 period_ns;
	u64 slot_ns;
	u64 width_cyc;
	u64 burst_cyc;
	bool flat_out;
};

static void make_plan(struct plan *p)
{
	struct tscope_params par;

	tscope_get_params(&par);
	p->period_ns = par.period_us * 1000ULL;
	p->slot_ns = max(TSCOPE_SLOT_NS, 2 * p->period_ns);
	p->width_cyc = tscope_ns_to_cyc(par.width_us * 1000ULL,
					tscope_tsc_khz);
	p->burst_cyc = tscope_ns_to_cyc(min(par.burst_us, par.width_us) *
					1000ULL, tscope_tsc_khz);
	p->flat_out = par.width_us == par.period_us;
}

/* One kind of finding: into the figures and "violations"; its size in ns. */
static s64 tell_finding(struct tscope_cpu *c, enum tscope_lane lane,
			enum tscope_what what, const struct tscope_finding *f,
			u64 *count, u64 *max)
{
	s64 ns = min_t(u64, tscope_lane_ns(lane, f->max), S64_MAX);

	WRITE_ONCE(*count, *count + f->count);
	if (f->max > *max)
		WRITE_ONCE(*max, f->max);
	tscope_violation(what, tscope_clock_of_lane(lane)->ops->name, c->cpu,
			 f->peer, ns, f->count, f->tsc);
	return ns;
}

/* A window's warps and backward readings are told, and forgotten. */
static void tell_findings(struct tscope_cpu *c)
{
	struct tscope_lane_figures *l;
	struct tscope_finding *f;
	struct tscope_clock *clk;
	int lane;
	s64 ns;

	for (lane = 0; lane < TSCOPE_LANES; lane++) {
		l = &c->lane[lane];
		clk = tscope_clock_of_lane(lane);
		f = &c->warp[lane];
		if (f->count) {
			ns = tell_finding(c, lane, TSCOPE_WARP, f, &l->warps,
					  &l->warp_max);
			trace_tscope_warp(clk->ops->name, c->cpu, f->peer, ns,
					  f->count, f->tsc);
			tscope_alert_raise(clk, TSCOPE_ALERT_WARP, ns, c->cpu,
					   f->peer);
			memset(f, 0, sizeof(*f));
		}
		f = &c->back[lane];
		if (f->count) {
			ns = tell_finding(c, lane, TSCOPE_BACKWARD, f,
					  &l->backward, &l->backward_max);
			trace_tscope_backward(clk->ops->name, c->cpu, ns,
					      f->count, f->tsc);
			memset(f, 0, sizeof(*f));
		}
	}
}

/* Slot of the next peer in turn that samples, -1 where there is none. */
static int next_peer(struct tscope_cpu *c)
{
	const struct tscope_mailbox *box;
	unsigned int i;

	for (i = 0; i < c->peers; i++) {
		c->next_peer = c->next_peer + 1 < c->peers ?
			       c->next_peer + 1 : 0;
		box = &tscope_mailboxes[c->peer[c->next_peer]];
		if (READ_ONCE(box->seen[TSCOPE_LANE_TSC]))
			return c->next_peer;
	}
	return -1;
}

/*
 * What the thread took of the CPU since the last window, but for its bursts;
 * cycles. As of when it went to sleep: that is when it is known.
 */
static u64 besides(struct tscope_cpu *c, const struct plan *p)
{
	u64 used_ns = tscope_cpu_time_ns(), cyc;

	cyc = tscope_ns_to_cyc(used_ns - c->used_ns, tscope_tsc_khz);
	c->used_ns = used_ns;
	cyc -= min(cyc, c->bursts_cyc);
	return min(cyc, p->width_cyc / 2);
}

/*
 * @late_ns: below 0 it begins early, and takes that much longer. False: the
 * thread was pushed off its CPU, which is on its way out.
 */
static bool window(struct tscope_cpu *c, const struct plan *p, u64 start_ns,
		   s64 late_ns)
{
	struct tscope_clock *kvm = tscope_clock_of_lane(TSCOPE_LANE_KVM);
	u64 before = c->lane[TSCOPE_LANE_TSC].readings, bursts = 0;
	u64 start = rdtsc_ordered(), len = p->width_cyc, cyc = p->burst_cyc;
	bool leader = tscope_is_leader(c->cpu);
	u64 late = 0, spent, readings;

	tscope_row_slot(&c->row, div64_u64(start_ns, p->slot_ns));
	if (late_ns >= 0)
		late = tscope_ns_to_cyc(late_ns, tscope_tsc_khz);
	else
		len += tscope_ns_to_cyc(-late_ns, tscope_tsc_khz);
	/* flat out all of the CPU is taken */
	if (!p->flat_out)
		late += besides(c, p);
	len -= min(len, late);

	do {
		if (!tscope_burst(c, next_peer(c), cyc))
			break;
		bursts++;
		if (unlikely(c->events))
			tscope_kvm_events(c, kvm, leader);
		/* flat out it never sleeps: RCU-tasks must be told */
		cond_resched_tasks_rcu_qs();
		spent = rdtsc_ordered() - start;
		cyc = min(p->burst_cyc, len - spent);
	} while (!kthread_should_stop() && spent < len);

	c->bursts_cyc = rdtsc_ordered() - start;
	tell_findings(c);
	if (leader)
		tscope_interruption_look();
	readings = c->lane[TSCOPE_LANE_TSC].readings - before;
	if (leader && bursts)
		tscope_points_take(c, readings);
	trace_tscope_window(c->cpu, start_ns, max(late_ns, 0LL), readings,
			    bursts);
	return bursts;
}

/* Sleep until then; false when the thread is to stop. */
static bool sleep_until(u64 when_ns)
{
	ktime_t expires = ns_to_ktime(when_ns);

	do {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop()) {
			__set_current_state(TASK_RUNNING);
			return false;
		}
		schedule_hrtimeout_range(&expires, 0, HRTIMER_MODE_ABS);
	} while (ktime_get_ns() < when_ns);
	return !kthread_should_stop();
}

static int sampler(void *data)
{
	struct tscope_cpu *c = data;
	u64 now, start, due = 0;
	struct plan p;

	make_plan(&p);
	c->used_ns = tscope_cpu_time_ns();
	c->bursts_cyc = 0;
	while (!kthread_should_stop()) {
		now = ktime_get_ns();
		start = div64_u64(now, p.period_ns) * p.period_ns;
		if (!p.flat_out) {
			start += p.period_ns;
			if (!sleep_until(start))
				break;
			now = ktime_get_ns();
			tscope_hist_add(&c->wakeup, now - start);
		} else if (start < due) {
			/* by the TSC the last one ended, not yet by this clock */
			start = due;
		}
		if (due && start > due)
			WRITE_ONCE(c->lost, c->lost +
				   div64_u64(start - due, p.period_ns));
		due = start + p.period_ns;
		if (window(c, &p, start, now - start))
			continue;
		/* hotplug is waited for asleep: it may need this other CPU */
		if (!sleep_until(ktime_get_ns() + p.period_ns))
			break;
		/* where it failed nobody starts this thread again */
		if (cpu_active(c->cpu))
			set_cpus_allowed_ptr(current, cpumask_of(c->cpu));
	}
	tscope_row_close(&c->row, div64_u64(p.slot_ns, p.period_ns));
	return 0;
}

/**
 * tscope_sampler_start() - start a CPU's sampler
 * @c: the CPU, online; with a sampler nothing is done
 *
 * Context: process, the control lock held.
 *
 * Return: 0 or an errno.
 */
int tscope_sampler_start(struct tscope_cpu *c)
{
	struct task_struct *task;

	if (c->task)
		return 0;
	task = kthread_create_on_cpu(sampler, c, c->cpu, "tscope/%u");
	if (IS_ERR(task))
		return PTR_ERR(task);
	c->task = task;
	wake_up_process(task);
	return 0;
}

/**
 * tscope_mailbox_clear() - forget what a CPU published
 * @cpu: the CPU; it may publish anew meanwhile
 *
 * Peers then turn to CPUs that show readings. Context: any.
 */
void tscope_mailbox_clear(int cpu)
{
	int lane;

	for (lane = 0; lane < TSCOPE_LANES; lane++)
		WRITE_ONCE(tscope_mailboxes[cpu].seen[lane], 0);
}

/**
 * tscope_sampler_stop() - stop a CPU's sampler and wait for it
 * @c: the CPU; without a sampler nothing is done
 *
 * Context: process, the control lock held.
 */
void tscope_sampler_stop(struct tscope_cpu *c)
{
	if (c->task)
		kthread_stop(c->task);
	c->task = NULL;
	tscope_mailbox_clear(c->cpu);
}
