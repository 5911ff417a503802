// SPDX-License-Identifier: GPL-2.0
/* The parameters: their defaults, their ranges, and those in force. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>

#include "params.h"

/* The module's parameters, as they were given at load. */
static struct tscope_params loaded = {
	.period_us = 50000,
	.width_us = 20,
	.burst_us = 10,
	.fit_window_s = 60,
};

module_param_named(period_us, loaded.period_us, uint, 0444);
MODULE_PARM_DESC(period_us, "from one window's start to the next, 1000..10000000 (default: 50000)");
module_param_named(width_us, loaded.width_us, uint, 0444);
MODULE_PARM_DESC(width_us, "length of a window, 10..period_us (default: 20)");
module_param_named(burst_us, loaded.burst_us, uint, 0444);
MODULE_PARM_DESC(burst_us, "longest time with interrupts off, which real-time tasks lose too, 1..100 (default: 10)");
module_param_named(fit_window_s, loaded.fit_window_s, uint, 0444);
MODULE_PARM_DESC(fit_window_s, "how old a fitted point may be, 1..3600 (default: 60)");

struct tscope_params tscope_params;

static bool within(u32 value, u32 low, u32 high)
{
	return value >= low && value <= high;
}

/**
 * tscope_params_check() - check that parameters are in range and fit one another
 * @p: parameters
 * Return: 0 or -ERANGE.
 */
int tscope_params_check(const struct tscope_params *p)
{
	bool good = within(p->period_us, 1000, 10000000) && within(p->burst_us, 1, 100) &&
		    within(p->width_us, 10, p->period_us) && within(p->fit_window_s, 1, 3600);

	return good ? 0 : -ERANGE;
}

/**
 * tscope_params_load() - put the module's parameters in force
 * Context: process, at load.
 * Return: 0 or -ERANGE.
 */
int tscope_params_load(void)
{
	int err = tscope_params_check(&loaded);

	if (err)
		pr_err("a parameter is out of range (see modinfo)\n");
	else
		tscope_params = loaded;
	return err;
}
