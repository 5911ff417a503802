// SPDX-License-Identifier: GPL-2.0
/*
 * Figures of a clock's points: fits, residuals; and the watch over skews.
 *
 * A reader copies the points into memory of its own, without waiting for the leader, which puts
 * them into the ring (series.c). So no reader waits for another one that gets no CPU time.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "bracket.h"
#include "clock.h"
#include "cpu.h"
#include "math128.h"
#include "params.h"

#define SKEW_LOOK_MS	1000

static_assert(TSCOPE_SERIES_POINTS <= TSCOPE_FIT_MAX_POINTS);

static DEFINE_SPINLOCK(watch_lock);	/* protects watching, and the arming of watch_work */
static bool watching;

/**
 * tscope_clock_points() - the points of the fit window
 * @clk: clock that has a series
 * @to: room for TSCOPE_SERIES_POINTS points
 * @khz: result: the TSC's frequency, kHz, by which their phases are computed
 *
 * Context: process; never waits for a sampler.
 * Return: how many points there are.
 */
u32 tscope_clock_points(struct tscope_clock *clk, struct tscope_point *to, u32 *khz)
{
	u64 span_cyc;
	u32 n;

	/* pairs with the release in set_frequency(), before which all points are forgotten */
	*khz = smp_load_acquire(&tscope_tsc_khz);
	span_cyc = tscope_ns_to_cyc(tscope_fit_window_ns(), *khz);
	n = tscope_series_copy(&clk->series, span_cyc, to);
	/* if the frequency changed meanwhile, these points may be by the new one */
	return READ_ONCE(tscope_tsc_khz) == *khz ? n : 0;
}

/* A clock without new points has no skew now. While sampling is off, figures stay. */
static bool stale(struct tscope_clock *clk)
{
	/* below 0 if a point was added since the time was read */
	s64 age_ns = ktime_get_coarse_boottime_ns() - READ_ONCE(clk->point_boot_ns);

	return tscope_enabled() && age_ns > (s64)tscope_fit_window_ns();
}

/* The points of the fit window, to be freed by kvfree(), and their fit; or an ERR_PTR. */
static struct tscope_point *fit_points(struct tscope_clock *clk, u32 *khz, struct tscope_fit *fit)
{
	struct tscope_point *p;
	u32 tick_ns, n;
	int err;

	if (stale(clk))
		return ERR_PTR(-ENODATA);
	/* any user may read files that need this memory: it is charged to the reader */
	p = kvmalloc_array(TSCOPE_SERIES_POINTS, sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return ERR_PTR(-ENOMEM);
	tick_ns = READ_ONCE(clk->tick_ns);
	n = tscope_clock_points(clk, p, khz);
	/* the points may have the tick from before or from after the copy */
	tick_ns = max(tick_ns, READ_ONCE(clk->tick_ns));
	cond_resched();
	err = tscope_bracket_fit(p, n, *khz, tick_ns, fit);
	if (!err)
		return p;
	kvfree(p);
	return ERR_PTR(err);
}

/**
 * tscope_clock_fit() - fit the points of the fit window
 * @clk: clock that has a series
 * @fit: result
 *
 * Context: process, may sleep; waits for no sampler and no other reader.
 * Return: 0, an errno of tscope_fit_line(), -ENODATA if all points are older, or -ENOMEM.
 */
int tscope_clock_fit(struct tscope_clock *clk, struct tscope_fit *fit)
{
	u32 khz;
	struct tscope_point *p = fit_points(clk, &khz, fit);

	if (IS_ERR(p))
		return PTR_ERR(p);
	kvfree(p);
	return 0;
}

/**
 * tscope_clock_residuals() - how the points lie about their fit
 * @clk: clock that has a series
 * @h: histogram that the residuals are added to, ns
 *
 * Context: as tscope_clock_fit().
 * Return: as tscope_clock_fit().
 */
int tscope_clock_residuals(struct tscope_clock *clk, struct tscope_shist *h)
{
	struct tscope_point *p;
	struct tscope_fit fit;
	u32 khz, i;

	p = fit_points(clk, &khz, &fit);
	if (IS_ERR(p))
		return PTR_ERR(p);
	for (i = 0; i < fit.points; i++)
		tscope_shist_add(h, tscope_phase_to_ns(tscope_fit_residual(&fit, &p[i])));
	kvfree(p);
	return 0;
}

/* A skew raises an alert if its whole 95 % interval is beyond the limit. */
static void look_at_skew(struct tscope_clock *clk)
{
	u64 limit = READ_ONCE(clk->alert[TSCOPE_ALERT_SKEW].limit), skew;
	struct tscope_fit fit;

	if (!limit || tscope_clock_fit(clk, &fit))
		return;
	skew = tscope_abs64(fit.skew_mppb);
	if (skew > fit.error_mppb && skew - fit.error_mppb > limit * 1000)
		tscope_alert_raise(clk, TSCOPE_ALERT_SKEW, fit.skew_mppb, tscope_leader(), -1);
}

static void look_at_skews(struct work_struct *work);
static DECLARE_DELAYED_WORK(watch_work, look_at_skews);

/* Schedule the next look at skews if a skew has a limit; does nothing if one is scheduled. */
static void arm_watch(void)
{
	unsigned int i;

	spin_lock(&watch_lock);
	for (i = 0; watching && i < tscope_clock_count(); i++)
		if (READ_ONCE(tscope_clock_get(i)->alert[TSCOPE_ALERT_SKEW].limit))
			queue_delayed_work(tscope_unbound_wq, &watch_work,
					   msecs_to_jiffies(SKEW_LOOK_MS));
	spin_unlock(&watch_lock);
}

static void look_at_skews(struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < tscope_clock_count(); i++)
		look_at_skew(tscope_clock_get(i));
	arm_watch();
}

/**
 * tscope_alerts_watch() - begin or end the watch over skews that have a limit
 * @on: begin
 * Context: process, may sleep.
 */
void tscope_alerts_watch(bool on)
{
	spin_lock(&watch_lock);
	watching = on;
	spin_unlock(&watch_lock);
	arm_watch();
	if (!on)
		cancel_delayed_work_sync(&watch_work);
}

/**
 * tscope_alert_set_limit() - set the limit of a clock's alerts for a cause
 * @clk: the clock
 * @cause: the cause
 * @limit: ns, of a skew ppb; 0: no alerts
 * Context: process, may sleep.
 */
void tscope_alert_set_limit(struct tscope_clock *clk, enum tscope_cause cause, u64 limit)
{
	WRITE_ONCE(clk->alert[cause].limit, limit);
	if (cause == TSCOPE_ALERT_SKEW)
		arm_watch();
}
