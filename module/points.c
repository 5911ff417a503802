// SPDX-License-Identifier: GPL-2.0
/*
 * What readers make of a clock's points: fits, residuals, the newest.
 *
 * The points are copied without waiting for the leader, which puts them there
 * (see series.c), and worked on in memory of the reader's own: no reader waits for
 * another one that the scheduler leaves alone.
 */
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "bracket.h"
#include "clock.h"
#include "params.h"
#include "wide.h"

/* To be freed by kvfree(). Files that do this are readable by all: it is theirs to pay for. */
static struct tscope_point *scratch_alloc(void)
{
	return kvmalloc_array(TSCOPE_SERIES_POINTS, sizeof(struct tscope_point),
			      GFP_KERNEL_ACCOUNT);
}

static u32 copy_points(struct tscope_clock *clk, struct tscope_point *to)
{
	u64 span_cyc = tscope_ns_to_cyc(tscope_fit_window_ns(),
					tscope_tsc_khz);

	return tscope_series_copy(&clk->series, span_cyc, to);
}

/* A clock that answers no more has no skew now. While sampling is off, figures stay. */
static bool stale(struct tscope_clock *clk)
{
	/* below 0 if one was added since the time was looked at */
	s64 age_ns = ktime_get_coarse_boottime_ns() -
		     READ_ONCE(clk->point_boot_ns);

	return tscope_enabled() && age_ns > (s64)tscope_fit_window_ns();
}

static bool bracketed(const struct tscope_point *p, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (p[i].width_ns)
			return true;
	return false;
}

/* A step of rounding moves a slope of least squares by 1.5 of it over the span. */
static u32 rounding_ns(u32 tick_ns)
{
	return tick_ns + DIV_ROUND_UP(tick_ns, 2);
}

/* The points of the fit window into @scratch, and a line through them. */
static int fit_scratch(struct tscope_clock *clk, struct tscope_point *scratch,
		       struct tscope_fit *fit, u32 *n)
{
	u32 tick_ns = READ_ONCE(clk->tick_ns), hidden_ns;
	struct tscope_hidden hidden = {
		.phase = 3ULL * tick_ns << (TSCOPE_PHASE_SHIFT - 1),
		.whole_ns = tick_ns == 1,
	};
	struct tscope_bracket b;
	int err;

	if (stale(clk))
		return -ENODATA;
	*n = copy_points(clk, scratch);
	cond_resched();
	if (!bracketed(scratch, *n))
		return tscope_fit_line(scratch, *n, tscope_tsc_khz, &hidden, fit);

	hidden_ns = tscope_bracket_hidden_ns(scratch, *n, rounding_ns(tick_ns));
	hidden.phase = (u64)hidden_ns << TSCOPE_PHASE_SHIFT;
	hidden.whole_ns = false;
	tscope_bracket_correct(scratch, *n, &b);
	err = tscope_fit_line(scratch, *n, tscope_tsc_khz, &hidden, fit);
	if (!err)
		fit->error_mppb = tscope_bracket_widen(&b, fit->error_mppb);
	return err;
}

/**
 * tscope_clock_fit() - fit the points of the fit window
 * @clk: clock that has a series
 * @fit: result
 *
 * Context: process, may sleep; waits for no sampler and no other reader.
 *
 * Return: 0, an errno of tscope_fit_line(), -ENODATA where all are older, or -ENOMEM.
 */
int tscope_clock_fit(struct tscope_clock *clk, struct tscope_fit *fit)
{
	struct tscope_point *scratch = scratch_alloc();
	int err;
	u32 n;

	if (!scratch)
		return -ENOMEM;
	err = fit_scratch(clk, scratch, fit, &n);
	kvfree(scratch);
	return err;
}

/**
 * tscope_clock_newest() - the newest point
 * @clk: clock that has a series
 * @p: result
 *
 * Context: any.
 *
 * Return: 0, or -ENODATA where there is none.
 */
int tscope_clock_newest(struct tscope_clock *clk, struct tscope_point *p)
{
	return tscope_series_newest(&clk->series, p) ? 0 : -ENODATA;
}

/**
 * tscope_clock_residuals() - how the points lie about their fit
 * @clk: clock that has a series
 * @h: histogram that the residuals are added to, ns
 *
 * Context: process, may sleep; waits for no sampler and no other reader.
 *
 * Return: 0, an errno of tscope_fit_line(), -ENODATA where all are older, or -ENOMEM.
 */
int tscope_clock_residuals(struct tscope_clock *clk, struct tscope_shist *h)
{
	struct tscope_point *scratch = scratch_alloc();
	struct tscope_fit fit;
	s64 phase;
	u32 n, i;
	int err;

	if (!scratch)
		return -ENOMEM;
	err = fit_scratch(clk, scratch, &fit, &n);
	for (i = 0; !err && i < n; i++) {
		phase = tscope_fit_residual(&fit, &scratch[i]);
		tscope_shist_add(h, tscope_phase_to_ns(phase));
	}
	kvfree(scratch);
	return err;
}

/**
 * tscope_clock_points() - the points of the fit window
 * @clk: clock that has a series
 * @to: room for TSCOPE_SERIES_POINTS points
 *
 * Context: process; never waits for a sampler.
 *
 * Return: how many there are.
 */
u32 tscope_clock_points(struct tscope_clock *clk, struct tscope_point *to)
{
	return copy_points(clk, to);
}
