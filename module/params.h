/* SPDX-License-Identifier: GPL-2.0 */
/* The parameters in force; control.c changes them, all layers read them. */
#ifndef TSCOPE_PARAMS_H
#define TSCOPE_PARAMS_H

#include <linux/types.h>

#define TSCOPE_PERIOD_MIN_US	1000
#define TSCOPE_PERIOD_MAX_US	10000000
#define TSCOPE_WIDTH_MIN_US	10
#define TSCOPE_BURST_MIN_US	1
#define TSCOPE_BURST_MAX_US	100
#define TSCOPE_FIT_MIN_S	1
#define TSCOPE_FIT_MAX_S	3600

/**
 * struct tscope_params - what a user may set
 * @period_us: from one window's start to the next
 * @width_us: length of a window, up to @period_us
 * @burst_us: longest time with interrupts off
 * @fit_window_s: how old a fitted point may be
 * @enabled: sampling is on
 */
struct tscope_params {
	u32 period_us;
	u32 width_us;
	u32 burst_us;
	u32 fit_window_s;
	bool enabled;
};

/* tscope_params - those in force, written by control.c */
extern struct tscope_params tscope_params;

int tscope_params_check(const struct tscope_params *p);
void tscope_get_params(struct tscope_params *to);
u64 tscope_fit_window_ns(void);
bool tscope_enabled(void);

#endif /* TSCOPE_PARAMS_H */
