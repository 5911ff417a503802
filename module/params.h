/* SPDX-License-Identifier: GPL-2.0 */
/* The parameters in force; control.c changes them, all layers read them. */
#ifndef TSCOPE_PARAMS_H
#define TSCOPE_PARAMS_H

#include <linux/compiler.h>
#include <linux/time64.h>
#include <linux/types.h>

/* What a user may set. */
struct tscope_params {
	u32 period_us;			/* from one window's start to the next */
	u32 width_us;			/* length of a window, up to @period_us */
	u32 burst_us;			/* longest time with interrupts off */
	u32 fit_window_s;		/* how old a fitted point may be */
	bool enabled;			/* sampling is on */
};

/* The parameters in force. They don't change while a window is open; else use READ_ONCE(). */
extern struct tscope_params tscope_params;

int tscope_params_load(void);
int tscope_params_check(const struct tscope_params *p);

/* The parameter at an offset in struct tscope_params, except @enabled, which is not a u32. */
static inline u32 *tscope_param_at(struct tscope_params *p, size_t offset)
{
	return (void *)p + offset;
}

static inline u64 tscope_fit_window_ns(void)
{
	return READ_ONCE(tscope_params.fit_window_s) * NSEC_PER_SEC;
}

static inline bool tscope_enabled(void)
{
	return READ_ONCE(tscope_params.enabled);
}

#endif /* TSCOPE_PARAMS_H */
