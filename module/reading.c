// SPDX-License-Identifier: GPL-2.0
/*
 * A window's readings of all clocks for their points; what bursts read is in burst.c.
 *
 * Exact readings are as good as each other: one is taken, and of pairings, each of
 * which has the rounding of the host's clock, the average of as many as there is time
 * for. Of bracketed readings the narrowest of a few becomes the point. It costs the
 * leader's CPU some microseconds a window, with interrupts on but for one read of a
 * device at a time.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include "clock.h"
#include "clock_kernel.h"
#include "params.h"
#include "cpu.h"
#include "trace.h"
#include "violations.h"
#include "wide.h"

/* Bracketed readings a window: the narrowest of a few is rarely disturbed. */
#define READS_KERNEL	4
#define READS_DEVICE	2
/* The first time. */
#define READS_LEARN	8

/*
 * A reading is too wide to use when it took twice the usual narrowest and
 * 500 ns: the vCPU was off its CPU, or an SMI came between. Where in so wide a
 * reading the clock was read is anyone's guess, and a few such points near an
 * end of the fit move its slope further than their number tells.
 */
#define WIDE_FACTOR	2
#define WIDE_EXTRA_NS	500
/* The usual narrowest creeps up by that part a window, to follow a change. */
#define REF_CREEP	256

/*
 * Pairings a second, and in one window at most. An error of 95 % a third as wide as
 * that of a time service that pairs 16 times a second takes 9 times as many.
 */
#define PAIRINGS_PER_S	150
#define PAIRINGS_MAX	8
/*
 * Where a device's reading takes longer than half a window (in emulation, or when the
 * host is busy), devices wait for so many windows at most.
 */
#define DEVICE_WAIT_MAX	4ULL
/*
 * What a bracketed exit takes more than its shortest falls before or after the
 * reading, by chance, so that the middle is off by up to half of it: the
 * narrowest reading of that long becomes a point.
 */
#define DEVICE_POINT_NS	(240 * NSEC_PER_MSEC)

/* A window's reading of a clock, as it is chosen. */
struct choice {
	struct tscope_reading best;
	bool valid;
};

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

/* Too wide, or said to be from elsewhere than between the two TSC reads. */
static bool unusable(struct tscope_clock *clk, const struct tscope_raw *raw,
		     u64 width_ns)
{
	if (raw->after < raw->before)
		return true;
	if (raw->exact)
		return raw->tsc < raw->before || raw->tsc > raw->after;
	if (!clk->width_known || width_ns < clk->width_ref_ns) {
		clk->width_ref_ns = width_ns;
		clk->width_known = true;
	}
	return width_ns > WIDE_FACTOR * clk->width_ref_ns + WIDE_EXTRA_NS;
}

/* Record how the clock was read. */
static void note_how(struct tscope_clock *clk, const struct tscope_raw *raw)
{
	enum tscope_exactness how = raw->exact ? TSCOPE_EXACT : TSCOPE_BRACKETED;

	if (raw->begins ||
	    (clk->exactness != TSCOPE_UNREAD && clk->exactness != how)) {
		clk->begins = true;
		/* nothing that was learned of its reads holds any more */
		clk->width_known = false;
	}
	WRITE_ONCE(clk->exactness, how);
	clk->read_tick_ns = raw->tick_ns;
	if (raw->tick_ns > clk->tick_ns)
		WRITE_ONCE(clk->tick_ns, raw->tick_ns);
}

static void reading_of(const struct tscope_raw *raw, u64 width_ns,
		       struct tscope_reading *r)
{
	*r = (struct tscope_reading){
		.tsc = raw->tsc,
		.ns = raw->ns + (raw->frac >> TSCOPE_PHASE_SHIFT),
		.frac = (u16)raw->frac,
		.error_ns = 1,
	};
	if (raw->exact)
		return;
	r->width_ns = min_t(u64, width_ns, U32_MAX);
	/* where in its bracket the clock was read, and where in its tick it was */
	r->error_ns = min_t(u64, width_ns / 2 + 1 + DIV_ROUND_UP(raw->tick_ns, 2),
			    U32_MAX);
}

/* Whether a reading counts; it is @r then. @err: what its read op said. */
static bool clock_reads(struct tscope_clock *clk, struct tscope_cpu *c,
			const struct tscope_raw *raw, int err,
			struct tscope_reading *r)
{
	/* the burst may have read it meanwhile: what it saw is not told again */
	u64 *last = clk->ops->lane == TSCOPE_NO_LANE ? &clk->last_ns :
						       &c->last[clk->ops->lane];
	u64 width_ns;

	/* a CPU that goes offline pushes the thread elsewhere first */
	if (raw_smp_processor_id() != c->cpu)
		return false;
	WRITE_ONCE(clk->samples, clk->samples + 1);
	if (err == -EAGAIN) {
		WRITE_ONCE(clk->rejected, clk->rejected + 1);
		return false;
	}
	if (err) {
		WRITE_ONCE(clk->errors, clk->errors + 1);
		return false;
	}
	note_how(clk, raw);
	width_ns = tscope_cyc_to_ns(raw->after - raw->before, tscope_tsc_khz);
	/* a TSC that was set back meanwhile tells no width */
	if (raw->after >= raw->before)
		tscope_hist_add(&clk->width, width_ns);
	if (unusable(clk, raw, width_ns)) {
		WRITE_ONCE(clk->rejected, clk->rejected + 1);
		return false;
	}
	if (raw->ns < *last)
		clock_backward(clk, *last - raw->ns, raw->tsc);
	*last = raw->ns;
	reading_of(raw, width_ns, r);
	return true;
}

static void choose(struct choice *to, const struct tscope_reading *r)
{
	if (!to->valid || r->width_ns < to->best.width_ns)
		to->best = *r;
	to->valid = true;
}

static void add(struct tscope_clock *clk, struct tscope_reading *r)
{
	r->begins = clk->begins;
	clk->begins = false;
	tscope_clock_add(clk, r);
}

/* Whether the first readings are only to learn how narrow one can be. */
static bool learns(struct tscope_clock *clk)
{
	if (clk->width_known)
		clk->width_ref_ns += DIV_ROUND_UP_ULL(clk->width_ref_ns, REF_CREEP);
	return !clk->width_known;
}

static void take_device(struct tscope_clock *clk, struct tscope_cpu *c)
{
	bool learn = learns(clk);
	int n = learn ? READS_LEARN : READS_DEVICE, err;
	struct choice choice = { };
	struct tscope_reading r;
	struct tscope_raw raw;

	while (n--) {
		err = clk->ops->read(&raw);
		if (clock_reads(clk, c, &raw, err, &r))
			choose(&choice, &r);
	}
	if (choice.valid && !learn)
		add(clk, &choice.best);
}

/* Both of the kernel's clocks have their reading of the same moments. */
static void take_kernel(struct tscope_cpu *c)
{
	struct choice choice[TSCOPE_CLOCKS_MAX] = { };
	unsigned int n = tscope_clock_count(), i;
	struct tscope_clock *clk;
	int reads = READS_KERNEL;
	struct tscope_reading r;
	struct tscope_raw raw;
	bool exact = false;
	int err, err_read;

	for (i = 0; i < n; i++) {
		clk = tscope_clock_get(i);
		if (clk->ops->kind == TSCOPE_KIND_KERNEL && learns(clk))
			reads = READS_LEARN;
	}
	while (reads-- && !exact) {
		err = tscope_kernel_read();
		for (i = 0; i < n; i++) {
			clk = tscope_clock_get(i);
			if (clk->ops->kind != TSCOPE_KIND_KERNEL)
				continue;
			err_read = err ?: clk->ops->read(&raw);
			if (!clock_reads(clk, c, &raw, err_read, &r))
				continue;
			choose(&choice[i], &r);
			exact = raw.exact;
		}
	}
	for (i = 0; i < n; i++)
		if (choice[i].valid)
			add(tscope_clock_get(i), &choice[i].best);
}

/* As many as there is time for, and one in any case. */
static void take_pairing(struct tscope_clock *clk, struct tscope_cpu *c,
			 const struct tscope_params *p, u64 budget_cyc)
{
	u32 most = clamp_t(u64, (u64)p->period_us * PAIRINGS_PER_S / USEC_PER_SEC,
			   1, PAIRINGS_MAX), n = 0, k;
	struct tscope_reading r[PAIRINGS_MAX], mean;
	u64 start = rdtsc_ordered(), spent;
	struct tscope_raw raw;
	int err;

	for (k = 1; k <= most; k++) {
		err = clk->ops->read(&raw);
		if (clock_reads(clk, c, &raw, err, &r[n]))
			n++;
		else if (err)
			break;
		/* with one more as long as those before */
		spent = rdtsc_ordered() - start;
		if (spent + spent / k > budget_cyc)
			break;
	}
	if (!n)
		return;
	tscope_series_average(&clk->series, r, n, &mean);
	add(clk, &mean);
}

static void take_page(struct tscope_clock *clk, struct tscope_cpu *c)
{
	struct tscope_reading r = { .error_ns = 1 };
	struct tscope_pvti page;
	unsigned long flags;

	/* a call that this CPU answers may change both */
	local_irq_save(flags);
	r.tsc = c->last[TSCOPE_LANE_TSC];
	page = c->pvti;
	local_irq_restore(flags);
	r.ns = tscope_pvti_eval_frac(&page, r.tsc, &r.frac);
	WRITE_ONCE(clk->exactness, TSCOPE_EXACT);
	add(clk, &r);
}

/* The rotation of devices; the leader's alone. */
static struct {
	unsigned int next;	/* which is read next */
	unsigned int wait;	/* windows that it waits for */
} device_turn;

static void take_devices(struct tscope_cpu *c, u64 budget_cyc, bool flat_out)
{
	struct tscope_clock *device[TSCOPE_CLOCKS_MAX];
	unsigned int i, n = 0;
	u64 cost;

	for (i = 0; i < tscope_clock_count(); i++)
		if (tscope_clock_get(i)->ops->kind == TSCOPE_KIND_DEVICE)
			device[n++] = tscope_clock_get(i);
	if (!n)
		return;
	if (device_turn.wait && !flat_out) {
		device_turn.wait--;
		return;
	}
	cost = rdtsc_ordered();
	take_device(device[device_turn.next++ % n], c);
	cost = rdtsc_ordered() - cost;
	/* what it took beyond its budget, others do without */
	device_turn.wait = min(div64_u64(cost, budget_cyc ?: 1), DEVICE_WAIT_MAX);
}

/* A point for each window, unless the ring is too small for them. */
static void thin(const struct tscope_params *p)
{
	u64 window_ns = p->fit_window_s * (u64)NSEC_PER_SEC, slot_ns = 0;
	struct tscope_clock *clk;
	unsigned int i;

	if (window_ns > p->period_us * (u64)NSEC_PER_USEC * TSCOPE_SERIES_POINTS)
		slot_ns = div_u64(window_ns, TSCOPE_SERIES_POINTS);
	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		tscope_clock_thin(clk, tscope_ns_to_cyc(clk->ops->kind ==
							TSCOPE_KIND_DEVICE ?
							max(slot_ns, DEVICE_POINT_NS) :
							slot_ns, tscope_tsc_khz));
	}
}

/**
 * tscope_points_take() - the leader's readings of a window
 * @c: the leader
 * @read: whether the window's bursts took readings: the last of them is the
 *	time page's point
 *
 * Of the devices one is read a window, in turn. Context: the leader's thread on its
 * own CPU, once a window, with interrupts on; they are off for one read of a device
 * at a time.
 */
void tscope_points_take(struct tscope_cpu *c, bool read)
{
	struct tscope_params p;
	struct tscope_clock *clk;
	unsigned int i;
	u64 half_cyc;

	if (unlikely(tscope_clocks_refined()))
		pr_warn_once("the kernel has refined the TSC's frequency to %u kHz, figures are by %u: reset takes it anew\n",
			     tsc_khz, tscope_tsc_khz);
	tscope_get_params(&p);
	half_cyc = tscope_ns_to_cyc(p.width_us * 500ULL, tscope_tsc_khz);
	thin(&p);

	take_kernel(c);
	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		if (clk->ops->kind == TSCOPE_KIND_PAIRING)
			take_pairing(clk, c, &p, half_cyc);
		else if (clk->ops->kind == TSCOPE_KIND_PAGE && read &&
			 c->current_pvti)
			take_page(clk, c);
	}
	take_devices(c, half_cyc, p.width_us == p.period_us);
}
