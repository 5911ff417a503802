// SPDX-License-Identifier: GPL-2.0
/*
 * A window's readings of a clock for its points; what bursts read is in burst.c.
 *
 * It is read a few times a window between two ordered TSC reads, and the narrowest
 * reading becomes the window's point. It costs the leader's CPU some microseconds a
 * window, with interrupts off for one reading at a time (two, where the kernel's
 * clocks run on a device).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include "clock.h"
#include "control.h"
#include "cpu.h"
#include "trace.h"
#include "violations.h"
#include "wide.h"

/* Readings a window: the narrowest of a few is rarely disturbed. */
#define READS_CHEAP	4
#define READS_COSTLY	2
/* The first time. */
#define READS_LEARN	16

/*
 * A reading is too wide to use when it took twice the usual narrowest and
 * 500 ns: the vCPU was off its CPU, or an SMI came between. Where in so wide a
 * reading the clock was read is anyone's guess, and a few such points near an
 * end of the fit move its slope further than their number tells.
 */
#define WIDE_FACTOR	2
#define WIDE_EXTRA_NS	500
/*
 * Where an exit takes longer than half a window (in emulation, or when the
 * host is busy), costly clocks wait for so many windows at most.
 */
#define COSTLY_WAIT_MAX	4ULL
/*
 * What a bracketed exit takes more than its shortest falls before or after the
 * reading, by chance, so that the middle is off by up to half of it: the
 * narrowest reading of that long becomes a point.
 */
#define BRACKETED_NS	(240 * NSEC_PER_MSEC)
/* The usual narrowest creeps up by that part a window, to follow a change. */
#define REF_CREEP	256

static void clock_backward(struct tscope_clock *clk, u64 by, u64 tsc)
{
	WRITE_ONCE(clk->backward, clk->backward + 1);
	if (by > clk->backward_max_ns)
		WRITE_ONCE(clk->backward_max_ns, by);
	trace_tscope_backward(clk->ops->name, raw_smp_processor_id(), by, 1, tsc);
	tscope_violation(TSCOPE_BACKWARD, clk->ops->name,
			 raw_smp_processor_id(), -1,
			 by > S64_MAX ? S64_MAX : by, 1, tsc);
}

/* Too wide to use, or a pair from elsewhere than between the two TSC reads. */
static bool clock_unusable(struct tscope_clock *clk,
			   const struct tscope_raw *raw, u64 width)
{
	if (raw->after < raw->before)
		return true;
	if (clk->ops->pair)
		return raw->tsc < raw->before || raw->tsc > raw->after;
	if (!clk->width_ref_ns || width < clk->width_ref_ns)
		clk->width_ref_ns = width;
	return width > WIDE_FACTOR * clk->width_ref_ns + WIDE_EXTRA_NS;
}

static int clock_read_twice(struct tscope_clock *clk, struct tscope_raw *raw)
{
	struct tscope_raw first;
	int err;

	err = clk->ops->read(&first);
	if (!err)
		err = clk->ops->read(raw);
	if (err)
		return err;
	raw->before = first.before;
	return tscope_source_handed(first.value, raw->value) ? -EAGAIN : 0;
}

static bool clock_read(struct tscope_clock *clk, struct tscope_cpu *c,
		       struct tscope_reading *r)
{
	/* the burst may have read it meanwhile: what it saw is not told again */
	u64 *last = clk->ops->lane == TSCOPE_NO_LANE ? &clk->last_ns :
						       &c->last[clk->ops->lane];
	struct tscope_raw raw = { };
	unsigned long flags;
	u64 width;
	int err;

	local_irq_save(flags);
	/* a CPU that goes offline pushes the thread elsewhere first */
	if (smp_processor_id() != c->cpu)
		err = -EXDEV;
	else if (clk->source.device)
		err = clock_read_twice(clk, &raw);
	else
		err = clk->ops->read(&raw);
	local_irq_restore(flags);
	if (err == -EXDEV)
		return false;

	WRITE_ONCE(clk->samples, clk->samples + 1);
	if (err && err != -EAGAIN) {
		WRITE_ONCE(clk->errors, clk->errors + 1);
		return false;
	}
	width = tscope_cyc_to_ns(raw.after - raw.before, tscope_tsc_khz);
	/* a TSC that was set back meanwhile tells no width */
	if (raw.after >= raw.before)
		tscope_hist_add(&clk->width, width);
	if (err || clock_unusable(clk, &raw, width)) {
		WRITE_ONCE(clk->rejected, clk->rejected + 1);
		return false;
	}

	r->tsc = raw.tsc ?: raw.before + (raw.after - raw.before) / 2;
	raw.tsc = r->tsc;
	r->ns = clk->ops->to_ns ? clk->ops->to_ns(&raw) : raw.value;
	r->width_ns = min_t(u64, width, U32_MAX);
	/* where in its bracket the clock was read, and where in its tick it was */
	r->error_ns = clk->ops->pair ? 0 : width / 2 + 1 +
					   DIV_ROUND_UP(clk->source.tick_ns ?:
							clk->ops->resolution_ns, 2);
	r->begins = false;
	if (r->ns < *last)
		clock_backward(clk, *last - r->ns, r->tsc);
	*last = r->ns;
	return true;
}

/**
 * tscope_clock_sample() - a window's readings of a clock
 * @clk: clock that has a read op
 * @c: the leader
 *
 * Context: the leader, interrupts on; they are off for a reading at a time, or two.
 */
void tscope_clock_sample(struct tscope_clock *clk, struct tscope_cpu *c)
{
	struct tscope_reading r, best;
	bool valid = false, learn;
	int n;

	if (clk->ops->source && clk->ops->source(&clk->source)) {
		/* nothing that was learned of its reads holds any more */
		clk->width_ref_ns = 0;
		clk->begins = true;
		/* a smaller one only when no point of the larger is left to be fitted */
		if (clk->source.tick_ns > clk->tick_ns)
			WRITE_ONCE(clk->tick_ns, clk->source.tick_ns);
	}
	if (clk->source.doubted)
		return;
	/* the first are only to learn how narrow a reading can be */
	learn = !clk->ops->pair && !clk->width_ref_ns;
	n = clk->ops->costly || clk->source.device ? READS_COSTLY : READS_CHEAP;
	if (learn)
		n = READS_LEARN;
	clk->width_ref_ns += DIV_ROUND_UP_ULL(clk->width_ref_ns, REF_CREEP);
	while (n--) {
		if (!clock_read(clk, c, &r))
			continue;
		if (!valid || r.width_ns < best.width_ns)
			best = r;
		valid = true;
	}
	if (!valid || learn || !clk->ops->series)
		return;
	best.begins = clk->begins;
	clk->begins = false;
	tscope_clock_add(clk, &best);
}

/* The rotation of costly clocks; the leader's alone. */
static struct {
	unsigned int next;	/* which is read next */
	unsigned int wait;	/* windows that it waits for */
} costly_turn;

/**
 * tscope_points_take() - the leader's readings of a window
 * @c: the leader
 * @read: whether the window's bursts took readings: the last of them is the
 *	time page's point
 *
 * Of the clocks that cost a VM exit one is read a window, in turn. Context: the
 * leader's thread on its own CPU, once a window, with interrupts on.
 */
void tscope_points_take(struct tscope_cpu *c, bool read)
{
	unsigned int n = tscope_clock_count(), i, costly = 0, turn = n;
	u64 thin_cyc = 0, bracketed_cyc, half_cyc, cost;
	struct tscope_reading r = { };
	struct tscope_params params;
	struct tscope_clock *clk;

	if (unlikely(tscope_clocks_refined()))
		pr_warn_once("the kernel has refined the TSC's frequency to %u kHz, figures are by %u: reset takes it anew\n",
			     tsc_khz, tscope_tsc_khz);
	tscope_get_params(&params);
	/* a point for each window, unless the ring is too small for them */
	if (params.fit_window_s * USEC_PER_SEC >
	    (u64)params.period_us * TSCOPE_SERIES_POINTS)
		thin_cyc = tscope_ns_to_cyc(div_u64(params.fit_window_s *
						    NSEC_PER_SEC,
						    TSCOPE_SERIES_POINTS),
					    tscope_tsc_khz);
	bracketed_cyc = max(tscope_ns_to_cyc(BRACKETED_NS, tscope_tsc_khz),
			    thin_cyc);
	half_cyc = tscope_ns_to_cyc(params.width_us * 500ULL, tscope_tsc_khz);

	for (i = 0; i < n; i++)
		costly += tscope_clock_get(i)->ops->costly;
	if (costly_turn.wait && params.width_us != params.period_us)
		costly_turn.wait--;
	else if (costly)
		turn = costly_turn.next++ % costly;

	for (i = 0; i < n; i++) {
		clk = tscope_clock_get(i);
		if (clk->ops->series)
			tscope_clock_thin(clk, clk->ops->costly &&
					  !clk->ops->pair ? bracketed_cyc :
							    thin_cyc);
		if (clk->ops->costly && turn-- != 0)
			continue;
		if (clk->ops->costly) {
			cost = rdtsc_ordered();
			tscope_clock_sample(clk, c);
			cost = rdtsc_ordered() - cost;
			/* what it took beyond half a window, others do without */
			costly_turn.wait = min(div64_u64(cost, half_cyc),
					       COSTLY_WAIT_MAX);
		} else if (clk->ops->read) {
			tscope_clock_sample(clk, c);
		} else if (clk->ops->lane == TSCOPE_LANE_KVM && read &&
			   c->current_pvti) {
			r.tsc = c->last[TSCOPE_LANE_TSC];
			r.ns = c->last[TSCOPE_LANE_KVM];
			tscope_clock_add(clk, &r);
		}
	}
}
