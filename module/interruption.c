// SPDX-License-Identifier: GPL-2.0
/*
 * What one pause, restore or migration does to several clocks, told as one.
 *
 * The host's rewriting a pvti with a step, or with GUEST_STOPPED, begins it.
 * The steps of all clocks that are found in the time after it (some are found
 * points later, see series.c) are gathered, and told in "violations" as one
 * entry: the largest step, and how many there were. Where only one clock
 * stepped, and the guest was not stopped, it is told as a step.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

#include "control.h"
#include "interruption.h"
#include "series.h"
#include "trace.h"
#include "violations.h"
#include "wide.h"

/* A step is found 4 points late, and hpet has one every 24 periods. */
#define GATHER_PERIODS	128
#define GATHER_NS	NSEC_PER_SEC
/* Points of a long fit window are further apart. */
#define GATHER_POINTS	6ULL

/**
 * struct interruption - one that is being gathered
 * @open: there is one
 * @stopped: GUEST_STOPPED was seen
 * @several: more than one clock stepped
 * @cpu: the CPU that saw it first
 * @tsc: when it did
 * @until_ns: end of the gathering, CLOCK_MONOTONIC
 * @clk: the clock that stepped most, NULL while none did
 * @step_ns: by how much
 * @steps: steps gathered
 */
struct interruption {
	bool open;
	bool stopped;
	bool several;
	int cpu;
	u64 tsc;
	u64 until_ns;
	struct tscope_clock *clk;
	s64 step_ns;
	u64 steps;
};

static DEFINE_SPINLOCK(lock);	/* protects now */
static struct interruption now;

static void tell(const struct interruption *i)
{
	const char *clock = i->clk ? i->clk->ops->name : "kvm-clock";

	if (!i->stopped && !i->several) {
		if (i->steps)
			tscope_violation(TSCOPE_STEP, clock, i->cpu, -1,
					 i->step_ns, i->steps, i->tsc);
		return;
	}
	trace_tscope_interruption(clock, i->cpu, i->step_ns, i->steps,
				  i->stopped, i->tsc);
	tscope_violation(TSCOPE_INTERRUPTION, clock, i->cpu, -1, i->step_ns,
			 i->steps, i->tsc);
}

/**
 * tscope_interruption_begin() - a pvti was rewritten with a step or a stop
 * @cpu: the CPU that saw it
 * @tsc: when
 * @stopped: GUEST_STOPPED is newly set
 *
 * Within the time of one that is being gathered it belongs to that. Context:
 * process, any CPU.
 */
void tscope_interruption_begin(int cpu, u64 tsc, bool stopped)
{
	u64 thinned_ns = div_u64(tscope_fit_window_ns(), TSCOPE_SERIES_POINTS);
	u64 time_ns = ktime_get_ns();

	spin_lock(&lock);
	if (!now.open) {
		now.stopped = false;
		now.several = false;
		now.cpu = cpu;
		now.tsc = tsc;
		now.until_ns = time_ns + GATHER_NS +
			       max(GATHER_PERIODS * tscope_period_ns(),
				   GATHER_POINTS * thinned_ns);
		now.clk = NULL;
		now.step_ns = 0;
		now.steps = 0;
		/* finish() looks at it without the lock */
		WRITE_ONCE(now.open, true);
	}
	now.stopped |= stopped;
	spin_unlock(&lock);
}

/**
 * tscope_step_tell() - tell a step that was counted
 * @clk: clock
 * @cpu: the CPU that saw it
 * @step: the step
 *
 * Context: process, any CPU.
 */
void tscope_step_tell(struct tscope_clock *clk, int cpu,
		      const struct tscope_step *step)
{
	bool gathered;

	trace_tscope_step(clk->ops->name, cpu, step->ns, step->error_ns,
			  step->tsc);
	spin_lock(&lock);
	gathered = now.open;
	if (gathered) {
		now.several |= now.clk && now.clk != clk;
		if (!now.clk ||
		    tscope_abs64(step->ns) > tscope_abs64(now.step_ns)) {
			now.clk = clk;
			now.step_ns = step->ns;
		}
		now.steps++;
	}
	spin_unlock(&lock);
	if (!gathered)
		tscope_violation(TSCOPE_STEP, clk->ops->name, cpu, -1,
				 step->ns, 1, step->tsc);
}

static void finish(bool due_only)
{
	struct interruption done;

	if (!READ_ONCE(now.open))
		return;
	spin_lock(&lock);
	done = now;
	if (due_only && ktime_get_ns() < now.until_ns)
		done.open = false;
	else
		WRITE_ONCE(now.open, false);
	spin_unlock(&lock);
	if (done.open)
		tell(&done);
}

/**
 * tscope_interruption_look() - tell what was gathered, if its time is over
 *
 * Context: the leader, once a window.
 */
void tscope_interruption_look(void)
{
	finish(true);
}

/**
 * tscope_interruption_end() - tell what was gathered
 *
 * Context: process; no sampler is at work.
 */
void tscope_interruption_end(void)
{
	finish(false);
}

/**
 * tscope_interruption_reset() - forget what was gathered
 *
 * Context: process; no sampler is at work.
 */
void tscope_interruption_reset(void)
{
	spin_lock(&lock);
	WRITE_ONCE(now.open, false);
	spin_unlock(&lock);
}
