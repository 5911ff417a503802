/* SPDX-License-Identifier: GPL-2.0 */
/* The parameters in force; control.c changes them, all layers read them. */
#ifndef TSCOPE_PARAMS_H
#define TSCOPE_PARAMS_H

#include <linux/types.h>

/**
 * struct tscope_params - what a user may set
 * @period_us: from one window's start to the next, 1000 to 10000000
 * @width_us: length of a window, 10 to @period_us
 * @burst_us: longest time with interrupts off, 1 to 100
 * @fit_window_s: how old a fitted point may be, 1 to 3600
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
