// SPDX-License-Identifier: GPL-2.0
/*
 * The clocks: which there are, their figures, their steps.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "clock.h"
#include "trace.h"
#include "math128.h"

static const struct tscope_clock_ops *const clock_table[] = {
	&tscope_clock_tsc,
	&tscope_clock_kvm,
	&tscope_clock_ptp,
	&tscope_clock_raw,
	&tscope_clock_real,
#ifdef CONFIG_ACPI
	&tscope_clock_acpi_pm,
	&tscope_clock_hpet,
#endif
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
	clk->width_known = false;
	WRITE_ONCE(clk->exactness, TSCOPE_UNREAD);
	clk->begins = false;
	clk->read_tick_ns = 0;
	WRITE_ONCE(clk->tick_ns, 0);
	tscope_hist_init(&clk->width);
	tscope_series_restart(&clk->series);
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
				   ops->kind == TSCOPE_KIND_PAGE);
		if (!ring) {
			clock_free(clk);
			return NULL;
		}
	}
	clock_zero(clk);
	return clk;
}

static void frequency(u32 khz)
{
	/* pairs with the acquire in copy_points() */
	smp_store_release(&tscope_tsc_khz, khz);
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
	if (!clk->ops->series)
		return;
	tscope_series_break(&clk->series);
	/* what it dropped may have been the one to say so */
	clk->begins = true;
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
 * tscope_clock_add() - add a window's reading to the points
 * @clk: clock that has a series
 * @r: reading
 *
 * Context: the leader, interrupts on.
 */
void tscope_clock_add(struct tscope_clock *clk, const struct tscope_reading *r)
{
	struct tscope_series_result news;

	tscope_series_add(&clk->series, r, &news);
	if (news.stepped) {
		tscope_clock_stepped(clk, &news.step);
		tscope_step_record(clk->ops->name, raw_smp_processor_id(),
				   &news.step);
	}
	if (!news.point)
		return;
	/* not by a TSC: the reader's may be far from the leader's */
	WRITE_ONCE(clk->point_boot_ns, ktime_get_coarse_boottime_ns());
	/* a smaller one only now: no point of the larger is left to be fitted */
	if (news.begins)
		WRITE_ONCE(clk->tick_ns, clk->read_tick_ns);
	trace_tscope_point(clk->ops->name, raw_smp_processor_id(),
			   news.newest.tsc, news.newest_ns,
			   tscope_phase_to_ns(news.newest.phase),
			   news.newest.width_ns);
}
