// SPDX-License-Identifier: GPL-2.0
/*
 * A window's readings of all clocks for their points; what bursts read is in burst.c.
 *
 * Exact readings are all equally good, so one is taken. Each pairing has the rounding of the host's
 * clock, so as many are averaged as there is time for. Of bracketed readings the narrowest of a few
 * becomes the point.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include "clock.h"
#include "params.h"
#include "cpu.h"
#include "trace.h"
#include "events.h"
#include "math128.h"

/* Bracketed readings a window: the narrowest of a few is rarely disturbed. */
#define READS		2U
/* Bracketed readings while the usual narrowest width is not known; also the most exact readings. */
#define READS_MAX	8U

/* A page that was not looked at for longer than this may have had several updates. */
#define DATED_MS	1000U

/*
 * A reading that took twice the usual narrowest and 500 ns is too wide to use: a few such points
 * near an end of the fit move its slope out of proportion.
 */
#define WIDE_FACTOR	2
#define WIDE_EXTRA_NS	500
/* The usual narrowest width grows by 1/REF_CREEP in each window, so that it follows a change. */
#define REF_CREEP	256

/* 150 pairings a second give a third of the error of a time service that takes 16. */
#define PAIRINGS_PER_S	150
/* After a reading of a device that took half a window, at most so many windows skip devices. */
#define DEVICE_WAIT_MAX	4ULL
/* The narrowest reading of a device within this time becomes a point. */
#define DEVICE_POINT_NS	(240ULL * NSEC_PER_MSEC)

static void step_record(struct tscope_clock *clk, int cpu, const struct tscope_step *step)
{
	spin_lock(&clk->step_lock);
	WRITE_ONCE(clk->steps, clk->steps + 1);
	WRITE_ONCE(clk->step_last_ns, step->ns);
	if (tscope_abs64(step->ns) > tscope_abs64(clk->step_max_ns))
		WRITE_ONCE(clk->step_max_ns, step->ns);
	tscope_shist_add(&clk->step_hist, step->ns);
	spin_unlock(&clk->step_lock);
	tscope_alert_raise(clk, TSCOPE_ALERT_STEP, step->ns, cpu, -1);
	trace_tscope_step(clk->ops->name, cpu, step->ns, step->error_ns, step->tsc);
	tscope_violation_step(clk->ops->name, cpu, step->ns, step->error_ns, step->tsc);
}

/**
 * tscope_points_break() - the next point of each clock begins a segment
 * Context: the leader, or no sampler at work.
 */
void tscope_points_break(void)
{
	unsigned int i;

	for (i = 0; i < tscope_clock_count(); i++)
		tscope_series_break(&tscope_clock_get(i)->series);
}

/**
 * tscope_clocks_suspended() - begin segments, and compare no reading with one before a suspend
 *
 * During a suspend jiffies stand still, and the kernel sets the HPET back. Context: process, no
 * sampler at work.
 */
void tscope_clocks_suspended(void)
{
	struct tscope_clock *clk;
	unsigned int i;

	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		tscope_series_break(&clk->series);
		clk->last_ns = 0;
		if (clk->ops->suspended)
			clk->ops->suspended();
	}
}

/**
 * tscope_page_report() - report updates of a CPU's time page
 * @c: the CPU
 * @clk: the clock of the page
 * @event: the updates, in their order
 * @n: how many
 * @leader: the CPU takes the points: a step or a change of the rate begins a segment of them
 *
 * Context: the CPU's sampler, interrupts on.
 */
void tscope_page_report(struct tscope_cpu *c, struct tscope_clock *clk,
			const struct tscope_page_event *event, unsigned int n, bool leader)
{
	const struct tscope_page_event *e;
	struct tscope_step step;
	bool is_new, cut;
	s128 phase;

	for (e = event; e < event + n; e++) {
		phase = tscope_timepage_update(&e->old, &e->new, e->held_tsc, e->tsc,
					       (u64)DATED_MS * tscope_tsc_khz, &step.error_ns);
		step.ns = tscope_timepage_step_ns(phase);
		step.tsc = e->tsc;
		WRITE_ONCE(c->updates, c->updates + e->updates);
		if (e->new.flags & ~e->old.flags & TSCOPE_PAGE_STOPPED)
			WRITE_ONCE(c->stopped, c->stopped + 1);
		trace_tscope_pvti_update(c->cpu, e->new.sequence, step.ns, e->new.mult >> 32,
					 e->new.shift, e->new.flags, e->tsc);

		cut = tscope_abs64(step.ns) >= TSCOPE_PAGE_STEP_NS ||
		      e->old.mult != e->new.mult || e->old.shift != e->new.shift;
		spin_lock(&clk->step_lock);
		is_new = tscope_page_updated(&clk->updates, &e->old, &e->new, &phase) &&
			 !tscope_page_moved_alike(&clk->updates, c->cpu, tscope_now_ms(),
						  &e->old, &e->new);
		spin_unlock(&clk->step_lock);
		step.ns = tscope_timepage_step_ns(phase);
		if (is_new)
			step_record(clk, c->cpu, &step);
		if (leader && cut)
			tscope_series_break(&clk->series);
	}
}

static void backward_record(struct tscope_clock *clk, int cpu, u64 by_ns, u64 tsc)
{
	WRITE_ONCE(clk->backward, clk->backward + 1);
	if (by_ns > clk->backward_max_ns)
		WRITE_ONCE(clk->backward_max_ns, by_ns);
	trace_tscope_backward(clk->ops->name, cpu, by_ns, 1, tsc);
	tscope_violation(TSCOPE_BACKWARD, clk->ops->name, cpu, -1,
			 min_t(u64, by_ns, S64_MAX), 1, tsc);
}

/* Record what the clock was read from. */
static void note_source(struct tscope_clock *clk, const struct tscope_raw *raw)
{
	if (clk->exactness != TSCOPE_UNREAD && clk->source != raw->source) {
		clk->series.begins = true;
		/* the width of the old source's reads says nothing of the new one's */
		clk->width_ref_ns = U64_MAX;
	}
	clk->source = raw->source;
	WRITE_ONCE(clk->exactness, raw->exact ? TSCOPE_EXACT : TSCOPE_BRACKETED);
	clk->read_tick_ns = raw->tick_ns;
	if (raw->tick_ns > clk->tick_ns)
		WRITE_ONCE(clk->tick_ns, raw->tick_ns);
}

/* Record how long a read took. Returns false if the reading can't be used. */
static bool note_width(struct tscope_clock *clk, const struct tscope_raw *raw, u64 width_ns)
{
	if (raw->after < raw->before)
		return false;
	tscope_hist_add(&clk->width, width_ns);
	if (raw->exact)
		return raw->before <= raw->tsc && raw->tsc <= raw->after;
	clk->width_ref_ns = min(clk->width_ref_ns, width_ns);
	return width_ns <= WIDE_FACTOR * clk->width_ref_ns + WIDE_EXTRA_NS;
}

/* Take one reading by the clock's read op. Returns 0 with the reading in @r if it counts. */
static int read_once(struct tscope_clock *clk, struct tscope_cpu *c, struct tscope_reading *r)
{
	enum tscope_lane lane = clk->ops->lane;
	u64 *last = lane == TSCOPE_NO_LANE ? &clk->last_ns : &c->last[lane], width_ns = 0;
	struct tscope_raw raw;
	int err = clk->ops->read(&raw);

	if (err == -ENODATA)
		return err;
	WRITE_ONCE(clk->samples, clk->samples + 1);
	if (!err) {
		note_source(clk, &raw);
		if (raw.stepped) {
			step_record(clk, c->cpu, &raw.step);
			tscope_series_break(&clk->series);
		}
		width_ns = tscope_cyc_to_ns(raw.after - raw.before, tscope_tsc_khz);
		err = note_width(clk, &raw, width_ns) ? 0 : -EAGAIN;
	}
	if (err == -EAGAIN)
		WRITE_ONCE(clk->rejected, clk->rejected + 1);
	else if (err)
		WRITE_ONCE(clk->errors, clk->errors + 1);
	if (err)
		return err;
	if (raw.ns < *last && !raw.other_scale)
		backward_record(clk, c->cpu, *last - raw.ns, raw.tsc);
	*last = raw.ns;

	*r = (struct tscope_reading){
		.tsc = raw.tsc,
		.ns = raw.ns + (raw.frac >> TSCOPE_PHASE_SHIFT),
		.frac = (u16)raw.frac,
		.error_ns = 1,
	};
	if (!raw.exact) {
		r->width_ns = min_t(u64, width_ns, U32_MAX);
		/* it is unknown where in its bracket the clock was read, and where in its tick */
		r->error_ns = min_t(u64, width_ns / 2 + 1 + DIV_ROUND_UP(raw.tick_ns, 2), U32_MAX);
	}
	return 0;
}

/* Add a window's reading to the points. Context: the leader, interrupts on. */
void tscope_clock_add(struct tscope_clock *clk, const struct tscope_reading *r)
{
	int cpu = raw_smp_processor_id();
	struct tscope_series_result news;

	tscope_series_add(&clk->series, r, &news);
	if (news.stepped)
		step_record(clk, cpu, &news.step);
	if (!news.point)
		return;
	/* not by a TSC: the reader's may be far from the leader's */
	WRITE_ONCE(clk->point_boot_ns, ktime_get_coarse_boottime_ns());
	/* a smaller tick counts only from here on: no point of the larger one is fitted now */
	if (news.begins)
		WRITE_ONCE(clk->tick_ns, clk->read_tick_ns);
	trace_tscope_point(clk->ops->name, cpu, news.newest.tsc, news.newest_ns,
			   tscope_phase_to_ns(news.newest.phase), news.newest.width_ns);
}

/*
 * Take a window's point of a clock that has a read op. Exact readings: the average of @wanted
 * readings, or of fewer, at least one, that take @budget_cyc at most. Others: the narrowest of a
 * few readings.
 */
void tscope_clock_take(struct tscope_clock *clk, struct tscope_cpu *c, u32 wanted, u64 budget_cyc)
{
	struct tscope_reading r[READS_MAX], point;
	u64 start = rdtsc_ordered(), spent_cyc;
	u32 n = 0, reads = 0, most = READS_MAX, source, i;
	int err;

	if (clk->width_ref_ns != U64_MAX) {
		clk->width_ref_ns += DIV_ROUND_UP_ULL(clk->width_ref_ns, REF_CREEP);
		most = READS;
	}
	do {
		source = clk->source;
		err = read_once(clk, c, &point);
		if (err && err != -EAGAIN)
			break;
		/* readings of two sources are not compared with each other */
		if (clk->source != source)
			n = 0;
		if (!err)
			r[n++] = point;
		reads++;
		if (clk->exactness != TSCOPE_EXACT)
			continue;
		most = max(wanted, READS);
		/* including one more reading, as long as those before */
		spent_cyc = rdtsc_ordered() - start;
		if (n >= wanted || spent_cyc + spent_cyc / reads > budget_cyc)
			break;
	} while (reads < most);
	if (!n)
		return;

	point = r[0];
	if (clk->exactness == TSCOPE_EXACT)
		tscope_series_average(&clk->series, r, n, &point);
	else
		for (i = 1; i < n; i++)
			if (r[i].width_ns < point.width_ns)
				point = r[i];
	tscope_clock_add(clk, &point);
}

static void take_page(struct tscope_clock *clk, struct tscope_cpu *c)
{
	struct tscope_reading r = { .error_ns = 1 };
	struct tscope_timepage page;
	unsigned long flags;
	bool held;

	/* a call that this CPU answers may change all of these */
	local_irq_save(flags);
	r.tsc = c->last[TSCOPE_LANE_TSC];
	page = c->timepage;
	/* an update may be a step, which is to be reported first */
	held = c->current_page && !c->events;
	local_irq_restore(flags);
	if (!held)
		return;
	r.ns = tscope_timepage_line(&page, r.tsc, &r.frac);
	WRITE_ONCE(clk->exactness, TSCOPE_EXACT);
	tscope_clock_add(clk, &r);
}

/*
 * Read one of @n devices, in turn. If this takes longer than @budget_cyc, some windows after it
 * read no device.
 */
void tscope_devices_take(struct tscope_turn *turn, struct tscope_clock **device, unsigned int n,
			 struct tscope_cpu *c, u64 budget_cyc)
{
	u64 start = rdtsc_ordered();

	if (turn->wait) {
		turn->wait--;
		return;
	}
	tscope_clock_take(device[turn->next++ % n], c, 1, 0);
	turn->wait = min(div64_u64(rdtsc_ordered() - start, budget_cyc ?: 1), DEVICE_WAIT_MAX);
}

/* The length of a series' slots. 0, a point for each window, unless the ring is too small. */
static u64 slot_cyc(const struct tscope_clock *clk, const struct tscope_params *p)
{
	u64 window_ns = p->fit_window_s * (u64)NSEC_PER_SEC, slot_ns = 0;

	if (window_ns > p->period_us * (u64)NSEC_PER_USEC * TSCOPE_SERIES_POINTS)
		slot_ns = div_u64(window_ns, TSCOPE_SERIES_POINTS);
	if (clk->ops->kind == TSCOPE_KIND_BRACKETED)
		slot_ns = max(slot_ns, DEVICE_POINT_NS);
	return tscope_ns_to_cyc(slot_ns, tscope_tsc_khz);
}

/**
 * tscope_points_take() - the leader's readings of a window
 * @c: the leader
 * @read: whether the window's bursts took readings: the last of them is the time page's point
 *
 * Context: the leader's thread on its own CPU, once a window, interrupts on; they are off for one
 * read of a device at a time.
 */
void tscope_points_take(struct tscope_cpu *c, bool read)
{
	static struct tscope_turn turn;
	struct tscope_clock *device[TSCOPE_CLOCKS_MAX], *clk;
	unsigned int i, devices = 0;
	struct tscope_params p = tscope_params;
	u64 half_cyc, pairings;

	if (unlikely(tscope_clocks_refined()))
		pr_warn_once("the kernel has refined the TSC's frequency to %u kHz, figures use %u kHz until reset is written\n",
			     tsc_khz, tscope_tsc_khz);
	half_cyc = tscope_ns_to_cyc(p.width_us * 500ULL, tscope_tsc_khz);
	pairings = clamp_t(u64, (u64)p.period_us * PAIRINGS_PER_S / USEC_PER_SEC, 1, READS_MAX);
	/* flat out devices need not wait */
	if (p.width_us == p.period_us)
		turn.wait = 0;

	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		clk->series.slot_cyc = slot_cyc(clk, &p);
		switch (clk->ops->kind) {
		case TSCOPE_KIND_TSC:
			break;
		case TSCOPE_KIND_PAGE:
			if (read)
				take_page(clk, c);
			break;
		case TSCOPE_KIND_AT_TSC:
			tscope_clock_take(clk, c, 1, U64_MAX);
			break;
		case TSCOPE_KIND_PAIRING:
			tscope_clock_take(clk, c, pairings, half_cyc);
			break;
		case TSCOPE_KIND_BRACKETED:
			device[devices++] = clk;
			break;
		}
	}
	if (devices)
		tscope_devices_take(&turn, device, devices, c, half_cyc);
}
