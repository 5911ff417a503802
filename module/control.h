/* SPDX-License-Identifier: GPL-2.0 */
/* Parameters, and starting and stopping the samplers. */
#ifndef TSCOPE_CONTROL_H
#define TSCOPE_CONTROL_H

#include <linux/cpumask.h>

#define TSCOPE_PERIOD_MIN_US	1000
#define TSCOPE_PERIOD_MAX_US	10000000
#define TSCOPE_WIDTH_MIN_US	10
#define TSCOPE_BURST_MIN_US	1
#define TSCOPE_BURST_MAX_US	100	/* interrupts are off as long */
#define TSCOPE_FIT_MIN_S	1
#define TSCOPE_FIT_MAX_S	3600

/**
 * struct tscope_params - what a user may set
 * @period_us: from one window's start to the next
 * @width_us: length of a window, up to @period_us
 * @burst_us: longest time with interrupts off
 * @fit_window_s: how old a fitted point may be
 */
struct tscope_params {
	u32 period_us;
	u32 width_us;
	u32 burst_us;
	u32 fit_window_s;
};

int tscope_control_init(const struct tscope_params *params, const char *cpus,
			bool enable);
void tscope_control_exit(void);

int tscope_set_param(size_t param, u32 value);
u32 tscope_get_param(size_t param);
void tscope_get_params(struct tscope_params *params);
int tscope_set_cpus(const char *list);
void tscope_get_cpus(struct cpumask *cpus);
int tscope_enable(bool on);
bool tscope_enabled(void);
void tscope_reset(void);
u64 tscope_fit_window_ns(void);

#endif /* TSCOPE_CONTROL_H */
