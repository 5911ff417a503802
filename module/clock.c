// SPDX-License-Identifier: GPL-2.0
/*
 * The clocks: which there are, their readings, their fits.
 *
 * A clock that the burst does not read (see burst.c) is read here a few times
 * a window between two ordered TSC reads, and the narrowest reading becomes
 * the window's point. It costs the leader's CPU some microseconds a window,
 * with interrupts off for one reading at a time (two, where the kernel's clocks
 * run on a device).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include "clock.h"
#include "control.h"
#include "cpu.h"
#include "interruption.h"
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
/* The usual narrowest creeps up by that part a window, to follow a change. */
#define REF_CREEP	256

static const struct tscope_clock_ops *const clock_table[] = {
	&tscope_clock_tsc,
	&tscope_clock_kvm,
	&tscope_clock_ptp,
	&tscope_clock_raw,
	&tscope_clock_real,
	&tscope_clock_acpi_pm,
	&tscope_clock_hpet,
};

static_assert(ARRAY_SIZE(clock_table) <= TSCOPE_CLOCKS_MAX);

static struct tscope_clock *clocks[ARRAY_SIZE(clock_table)];
static unsigned int clock_count;

u32 tscope_tsc_khz;
u64 tscope_ns_mult;

/**
 * tscope_clock_count() - how many clocks are present
 *
 * Return: the number; does not change while loaded.
 */
unsigned int tscope_clock_count(void)
{
	return clock_count;
}

/**
 * tscope_clock_get() - a clock that is present
 * @i: 0..tscope_clock_count() - 1, in the order of the table
 *
 * Return: the clock.
 */
struct tscope_clock *tscope_clock_get(unsigned int i)
{
	return clocks[i];
}

/**
 * tscope_clock_of_lane() - the clock of a mailbox lane
 * @lane: lane
 *
 * Return: the clock, NULL where it is not present.
 */
struct tscope_clock *tscope_clock_of_lane(enum tscope_lane lane)
{
	unsigned int i;

	for (i = 0; i < clock_count; i++)
		if (clocks[i]->ops->lane == lane)
			return clocks[i];
	return NULL;
}

static void clock_zero(struct tscope_clock *clk)
{
	WRITE_ONCE(clk->samples, 0);
	WRITE_ONCE(clk->rejected, 0);
	WRITE_ONCE(clk->errors, 0);
	WRITE_ONCE(clk->backward, 0);
	WRITE_ONCE(clk->backward_max_ns, 0);
	clk->last_ns = 0;
	clk->width_ref_ns = 0;
	clk->begins = false;
	clk->tick_ns = clk->ops->resolution_ns;
	tscope_source_forget(&clk->source);
	tscope_hist_init(&clk->width);
	tscope_series_restart(&clk->series);
	tscope_clock_stability_reset(clk);
	if (clk->ops->reset)
		clk->ops->reset();

	spin_lock(&clk->step_lock);
	WRITE_ONCE(clk->steps, 0);
	WRITE_ONCE(clk->step_last_ns, 0);
	WRITE_ONCE(clk->step_max_ns, 0);
	memset(&clk->master, 0, sizeof(clk->master));
	tscope_shist_init(&clk->step_hist);
	spin_unlock(&clk->step_lock);
}

static void clock_free(struct tscope_clock *clk)
{
	kvfree(clk->stability);
	vfree(clk->series.ring);
	kvfree(clk);
}

static struct tscope_clock *clock_alloc(const struct tscope_clock_ops *ops)
{
	struct tscope_clock *clk = kvzalloc(sizeof(*clk), GFP_KERNEL);
	struct tscope_point *ring;

	if (!clk)
		return NULL;
	clk->ops = ops;
	spin_lock_init(&clk->step_lock);
	if (ops->lane != TSCOPE_NO_LANE)
		clk->alert[TSCOPE_ALERT_WARP].limit = TSCOPE_WARP_ALERT_NS;
	if (ops->series) {
		ring = vcalloc(TSCOPE_SERIES_POINTS, sizeof(*ring));
		tscope_series_init(&clk->series, ring, tscope_tsc_khz,
				   ops->exact);
		clk->stability = tscope_clock_stability_alloc();
		if (!ring || !clk->stability) {
			clock_free(clk);
			return NULL;
		}
	}
	clock_zero(clk);
	return clk;
}

static void frequency(u32 khz)
{
	WRITE_ONCE(tscope_tsc_khz, khz);
	WRITE_ONCE(tscope_ns_mult, div_u64(1000000ULL << 32, khz));
}

/**
 * tscope_clocks_refined() - whether the kernel has refined the TSC's frequency
 *
 * Where it was not told that, it measures it anew in the first seconds after
 * booting. Context: any.
 *
 * Return: whether it has, and figures are to be reset.
 */
bool tscope_clocks_refined(void)
{
	return tscope_tsc_khz != tsc_khz;
}

/**
 * tscope_clocks_refine() - take the TSC's frequency anew
 *
 * Context: process; no sampler may be at work, and no point be left.
 */
void tscope_clocks_refine(void)
{
	unsigned int i;

	if (!tscope_clocks_refined())
		return;
	pr_info("the kernel has refined the TSC's frequency from %u to %u kHz: all figures begin anew\n",
		tscope_tsc_khz, tsc_khz);
	frequency(tsc_khz);
	for (i = 0; i < clock_count; i++)
		clocks[i]->series.khz = tscope_tsc_khz;
}

/**
 * tscope_clocks_init() - find the clocks that are here
 *
 * Says once in the log why a clock is not. Context: process, at load.
 *
 * Return: 0, or -ENODEV or -ENOMEM with nothing held.
 */
int tscope_clocks_init(void)
{
	const struct tscope_clock_ops *ops;
	struct tscope_clock *clk;
	const char *why;
	unsigned int i;
	int err;

	if (!tsc_khz) {
		pr_err("the kernel knows no TSC frequency\n");
		return -ENODEV;
	}
	frequency(tsc_khz);
	err = tscope_points_init();
	if (err)
		return err;

	for (i = 0; i < ARRAY_SIZE(clock_table); i++) {
		ops = clock_table[i];
		why = "not found";
		err = ops->probe ? ops->probe(&why) : 0;
		if (err) {
			pr_info("%s is absent: %s (%d)\n", ops->name, why, err);
			continue;
		}
		clk = clock_alloc(ops);
		if (!clk) {
			if (ops->remove)
				ops->remove();
			tscope_clocks_exit();
			return -ENOMEM;
		}
		clocks[clock_count++] = clk;
	}
	return 0;
}

/**
 * tscope_clocks_exit() - give back what tscope_clocks_init() took
 *
 * Context: process; no sampler and no reader may be left.
 */
void tscope_clocks_exit(void)
{
	while (clock_count) {
		struct tscope_clock *clk = clocks[--clock_count];

		if (clk->ops->remove)
			clk->ops->remove();
		clock_free(clk);
		clocks[clock_count] = NULL;
	}
	tscope_points_exit();
}

/**
 * tscope_clocks_reset() - all figures to zero
 *
 * Context: process; no sampler may be at work, readers may.
 */
void tscope_clocks_reset(void)
{
	unsigned int i;

	for (i = 0; i < clock_count; i++)
		clock_zero(clocks[i]);
}

/**
 * tscope_clock_thin() - set how many points are kept
 * @clk: clock
 * @slot_cyc: one point every that many cycles; 0: all
 *
 * Context: the leader.
 */
void tscope_clock_thin(struct tscope_clock *clk, u64 slot_cyc)
{
	clk->series.slot_cyc = slot_cyc;
}

/**
 * tscope_clock_break() - the next point begins a segment
 * @clk: clock
 *
 * Context: the leader, or with no sampler at work.
 */
void tscope_clock_break(struct tscope_clock *clk)
{
	if (clk->ops->series)
		tscope_series_break(&clk->series);
}

static void step_count(struct tscope_clock *clk, const struct tscope_step *step)
{
	lockdep_assert_held(&clk->step_lock);
	WRITE_ONCE(clk->steps, clk->steps + 1);
	WRITE_ONCE(clk->step_last_ns, step->ns);
	if (tscope_abs64(step->ns) > tscope_abs64(clk->step_max_ns))
		WRITE_ONCE(clk->step_max_ns, step->ns);
	tscope_shist_add(&clk->step_hist, step->ns);
}

/**
 * tscope_clock_stepped() - count a step
 * @clk: clock
 * @step: the step
 *
 * Context: process, any CPU.
 */
void tscope_clock_stepped(struct tscope_clock *clk,
			  const struct tscope_step *step)
{
	spin_lock(&clk->step_lock);
	step_count(clk, step);
	spin_unlock(&clk->step_lock);
	tscope_alert_raise(clk, TSCOPE_ALERT_STEP, step->ns,
			   raw_smp_processor_id(), -1);
}

/**
 * tscope_clock_updated() - count what a CPU's pvti update says
 * @clk: kvm-clock
 * @old: the pvti before
 * @new: and after
 * @step: the step between them; what is to be told of it, where other CPUs
 *	told a part of it already
 *
 * Every update of a CPU is to come here, in their order. Context: process, any
 * CPU.
 *
 * Return: whether a step was counted.
 */
bool tscope_clock_updated(struct tscope_clock *clk,
			  const struct tscope_pvti *old,
			  const struct tscope_pvti *new,
			  struct tscope_step *step)
{
	bool stepped;

	spin_lock(&clk->step_lock);
	stepped = tscope_master_step(&clk->master, old, new, step);
	if (stepped)
		step_count(clk, step);
	spin_unlock(&clk->step_lock);
	if (stepped)
		tscope_alert_raise(clk, TSCOPE_ALERT_STEP, step->ns,
				   raw_smp_processor_id(), -1);
	return stepped;
}

/**
 * tscope_clock_add() - add a window's narrowest reading to the points
 * @clk: clock that has a series
 * @r: reading
 *
 * Context: the leader, interrupts on.
 */
void tscope_clock_add(struct tscope_clock *clk, const struct tscope_reading *r)
{
	struct tscope_series_news news;

	tscope_series_add(&clk->series, r, &news);
	if (news.stepped) {
		tscope_clock_stepped(clk, &news.step);
		tscope_step_tell(clk, raw_smp_processor_id(), &news.step);
	}
	if (!news.point)
		return;
	if (news.begins && clk->ops->source)
		WRITE_ONCE(clk->tick_ns, clk->source.tick_ns);
	tscope_clock_stability_add(clk, &news.newest);
	trace_tscope_point(clk->ops->name, raw_smp_processor_id(),
			   news.newest.tsc, news.newest_ns,
			   tscope_phase_to_ns(news.newest.phase),
			   news.newest.width_ns);
}

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

/*
 * A device behind a lock may be read by another CPU and the value be handed to
 * those who wait for the lock, as hpet's is: it may be older than @raw->before.
 * What differs from it then was read later.
 */
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
	/* the same reading may round off differently */
	return raw->value - first.value <= 1 ? -EAGAIN : 0;
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
 * Context: the leader, interrupts on; they are off for a reading at a time.
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
