// SPDX-License-Identifier: GPL-2.0
/* The parameters in force, and their ranges. */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/time64.h>

#include "params.h"

struct tscope_params tscope_params;

/**
 * tscope_get_params() - copy the parameters in force
 * @to: copy
 *
 * Context: any. Each is valid; in a window they fit one another.
 */
void tscope_get_params(struct tscope_params *to)
{
	to->period_us = READ_ONCE(tscope_params.period_us);
	to->width_us = READ_ONCE(tscope_params.width_us);
	to->burst_us = READ_ONCE(tscope_params.burst_us);
	to->fit_window_s = READ_ONCE(tscope_params.fit_window_s);
	to->enabled = READ_ONCE(tscope_params.enabled);
}

/**
 * tscope_fit_window_ns() - how old a fitted point may be
 *
 * Return: nanoseconds.
 */
u64 tscope_fit_window_ns(void)
{
	return READ_ONCE(tscope_params.fit_window_s) * NSEC_PER_SEC;
}

/**
 * tscope_enabled() - whether sampling is on
 *
 * Return: whether it is.
 */
bool tscope_enabled(void)
{
	return READ_ONCE(tscope_params.enabled);
}

static bool in_range(u32 value, u32 low, u32 high)
{
	return value >= low && value <= high;
}

/**
 * tscope_params_check() - check that parameters are in range and fit one another
 * @p: parameters
 *
 * Return: 0 or -ERANGE.
 */
int tscope_params_check(const struct tscope_params *p)
{
	return in_range(p->period_us, TSCOPE_PERIOD_MIN_US,
			TSCOPE_PERIOD_MAX_US) &&
	       in_range(p->width_us, TSCOPE_WIDTH_MIN_US, p->period_us) &&
	       in_range(p->burst_us, TSCOPE_BURST_MIN_US,
			TSCOPE_BURST_MAX_US) &&
	       in_range(p->fit_window_s, TSCOPE_FIT_MIN_S, TSCOPE_FIT_MAX_S) ?
	       0 : -ERANGE;
}
