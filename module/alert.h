/* SPDX-License-Identifier: GPL-2.0 */
/* Alerts: limits, a counter that can be polled, uevents. */
#ifndef TSCOPE_ALERT_H
#define TSCOPE_ALERT_H

#include <linux/kobject.h>
#include <linux/spinlock.h>

#define TSCOPE_ALERT_INTERVAL_S		60
#define TSCOPE_ALERT_INTERVAL_MAX_S	604800	/* a week */

/* Any warp is one too many. */
#define TSCOPE_WARP_ALERT_NS		1

/**
 * enum tscope_cause - what an alert is for
 * @TSCOPE_ALERT_WARP: a warp of warp_alert_ns or more
 * @TSCOPE_ALERT_STEP: a step of step_alert_ns or more
 * @TSCOPE_ALERT_SKEW: a skew surely beyond skew_alert_ppb
 * @TSCOPE_ALERT_CAUSES: how many
 */
enum tscope_cause {
	TSCOPE_ALERT_WARP,
	TSCOPE_ALERT_STEP,
	TSCOPE_ALERT_SKEW,
	TSCOPE_ALERT_CAUSES,
};

/**
 * struct tscope_alert - a clock's alert for one cause
 * @limit: ns or ppb; 0: no alert
 * @told: there was one, at @told_ns of CLOCK_BOOTTIME
 * @told_ns: when
 * @pending: one waits to be told
 * @size: its size, ns or 10^-3 ppb
 * @cpu: the CPU that saw it
 * @peer: the other CPU, or -1
 *
 * All but @limit are protected by the lock in alert.c.
 */
struct tscope_alert {
	u64 limit;
	bool told;
	u64 told_ns;
	bool pending;
	s64 size;
	int cpu;
	int peer;
};

struct tscope_clock;

void tscope_alert_raise(struct tscope_clock *clk, enum tscope_cause cause,
			s64 size, int cpu, int peer);
void tscope_alert_set_limit(struct tscope_clock *clk, enum tscope_cause cause,
			    u64 limit);
void tscope_alerts_start(struct kobject *root);
void tscope_alerts_stop(void);
void tscope_alerts_watch(bool on);
void tscope_alerts_reset(void);
u64 tscope_alerts_count(void);

/* tscope_alert_interval_s - least time between two alerts for one cause */
extern u32 tscope_alert_interval_s;

#endif /* TSCOPE_ALERT_H */
