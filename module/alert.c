// SPDX-License-Identifier: GPL-2.0
/*
 * Alerts: limits, a counter that can be polled, uevents.
 *
 * A sampler that finds something beyond a limit only notes it here; a work
 * item tells it: it counts, wakes whoever polls "alerts", and sends a uevent
 * with the clock, cause, size and CPUs. For one cause of one clock that
 * happens once in alert_interval_s at most; what comes in between is in the
 * figures, but not told again.
 *
 * Skews are looked at once a second, while sampling is on and some clock has a
 * limit for its skew. The alert is for a skew that is beyond its limit with its
 * whole 95 % interval.
 *
 * All work is on unbound workqueues: it must not run on an isolated CPU because
 * a sampler, or whoever wrote a control, ran there.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sysfs.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "alert.h"
#include "clock.h"
#include "compat.h"
#include "cpu.h"
#include "wide.h"

#define SKEW_LOOK_MS	1000

u32 tscope_alert_interval_s = TSCOPE_ALERT_INTERVAL_S;

static DEFINE_SPINLOCK(alert_lock);	/* protects all alerts, started, sampling */
static bool started;
static bool sampling;
static struct kobject *root;
static u64 alerts;

static const char * const cause_names[] = {
	[TSCOPE_ALERT_WARP] = "warp",
	[TSCOPE_ALERT_STEP] = "step",
	[TSCOPE_ALERT_SKEW] = "skew",
};

/**
 * tscope_alerts_count() - alerts told
 *
 * Return: the number since load or reset.
 */
u64 tscope_alerts_count(void)
{
	return READ_ONCE(alerts);
}

static void send(struct tscope_clock *clk, enum tscope_cause cause,
		 const struct tscope_alert *a)
{
	u64 magnitude = tscope_abs64(a->size);
	char clock[32], why[32], size[48], cpu[32], peer[32];
	char *env[6] = { clock, why, size, cpu };

	snprintf(clock, sizeof(clock), "TSCOPE_CLOCK=%s", clk->ops->name);
	snprintf(why, sizeof(why), "TSCOPE_CAUSE=%s", cause_names[cause]);
	if (cause == TSCOPE_ALERT_SKEW)
		snprintf(size, sizeof(size), "TSCOPE_SIZE_PPB=%s%llu.%03llu",
			 a->size < 0 ? "-" : "", magnitude / 1000,
			 magnitude % 1000);
	else
		snprintf(size, sizeof(size), "TSCOPE_SIZE_NS=%lld", a->size);
	snprintf(cpu, sizeof(cpu), "TSCOPE_CPU=%d", a->cpu);
	snprintf(peer, sizeof(peer), "TSCOPE_PEER=%d", a->peer);
	if (a->peer >= 0)
		env[4] = peer;
	kobject_uevent_env(&clk->dir, KOBJ_CHANGE, env);
}

static void tell(struct work_struct *work)
{
	struct tscope_clock *clk;
	struct tscope_alert a;
	unsigned int i, cause, n = 0;

	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		for (cause = 0; cause < TSCOPE_ALERT_CAUSES; cause++) {
			spin_lock(&alert_lock);
			a = clk->alert[cause];
			clk->alert[cause].pending = false;
			if (a.pending)
				WRITE_ONCE(alerts, alerts + 1);
			spin_unlock(&alert_lock);
			if (!a.pending)
				continue;
			send(clk, cause, &a);
			n++;
		}
	}
	if (n)
		sysfs_notify(root, NULL, "alerts");
}

static DECLARE_WORK(tell_work, tell);

/**
 * tscope_alert_raise() - something is found; tell it if it is beyond its limit
 * @clk: clock
 * @cause: what
 * @size: its size, ns; for a skew 10^-3 ppb, surely beyond the limit
 * @cpu: the CPU that saw it
 * @peer: the other CPU, or -1
 *
 * Context: process, any CPU; does not sleep.
 */
void tscope_alert_raise(struct tscope_clock *clk, enum tscope_cause cause,
			s64 size, int cpu, int peer)
{
	struct tscope_alert *a = &clk->alert[cause];
	u64 limit = READ_ONCE(a->limit), now;
	s64 interval_ns;

	if (!limit || (cause != TSCOPE_ALERT_SKEW &&
		       tscope_abs64(size) < limit))
		return;
	now = ktime_get_boottime_ns();
	interval_ns = READ_ONCE(tscope_alert_interval_s) * NSEC_PER_SEC;

	spin_lock(&alert_lock);
	/* another CPU's time may be behind that of the one that told */
	if (started && (!a->told || (s64)(now - a->told_ns) >= interval_ns)) {
		a->told = true;
		a->told_ns = now;
		a->pending = true;
		a->size = size;
		a->cpu = cpu;
		a->peer = peer;
		queue_work(tscope_unbound_wq, &tell_work);
	}
	spin_unlock(&alert_lock);
}

static void look_at_skew(struct tscope_clock *clk)
{
	u64 limit = READ_ONCE(clk->alert[TSCOPE_ALERT_SKEW].limit), skew;
	struct tscope_fit fit;

	if (!limit || !clk->ops->series || tscope_clock_fit(clk, &fit))
		return;
	skew = tscope_abs64(fit.skew_mppb);
	if (skew > fit.error_mppb && skew - fit.error_mppb > limit * 1000)
		tscope_alert_raise(clk, TSCOPE_ALERT_SKEW, fit.skew_mppb,
				   tscope_leader(), -1);
}

static void look(struct work_struct *work);
static DECLARE_DELAYED_WORK(look_work, look);

/* Does nothing if it is armed already. */
static void arm_look(void)
{
	lockdep_assert_held(&alert_lock);
	queue_delayed_work(tscope_unbound_wq, &look_work,
			   msecs_to_jiffies(SKEW_LOOK_MS));
}

static bool has_skew_limit(const struct tscope_clock *clk)
{
	return READ_ONCE(clk->alert[TSCOPE_ALERT_SKEW].limit);
}

static void arm_look_if_limited(void)
{
	unsigned int i;

	lockdep_assert_held(&alert_lock);
	for (i = 0; i < tscope_clock_count(); i++)
		if (sampling && has_skew_limit(tscope_clock_get(i)))
			arm_look();
}

static void look(struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < tscope_clock_count(); i++)
		look_at_skew(tscope_clock_get(i));
	spin_lock(&alert_lock);
	arm_look_if_limited();
	spin_unlock(&alert_lock);
}

/**
 * tscope_alerts_watch() - look at skews that have a limit, or no longer
 * @on: whether samplers are at work
 *
 * Context: process, may sleep.
 */
void tscope_alerts_watch(bool on)
{
	spin_lock(&alert_lock);
	sampling = on;
	arm_look_if_limited();
	spin_unlock(&alert_lock);
	if (!on)
		cancel_delayed_work_sync(&look_work);
}

/**
 * tscope_alert_set_limit() - set what raises an alert
 * @clk: clock
 * @cause: of what
 * @limit: ns or ppb; 0: no alert
 *
 * Context: process.
 */
void tscope_alert_set_limit(struct tscope_clock *clk, enum tscope_cause cause,
			    u64 limit)
{
	spin_lock(&alert_lock);
	WRITE_ONCE(clk->alert[cause].limit, limit);
	if (sampling && cause == TSCOPE_ALERT_SKEW && limit)
		arm_look();
	spin_unlock(&alert_lock);
}

/**
 * tscope_alerts_start() - alerts may be told from now on
 * @kobj: /sys/kernel/tscope
 *
 * Context: process, at load, when all folders are there.
 */
void tscope_alerts_start(struct kobject *kobj)
{
	root = kobj;
	spin_lock(&alert_lock);
	started = true;
	spin_unlock(&alert_lock);
}

/**
 * tscope_alerts_stop() - tell no more
 *
 * Waits for one that is being told. Context: process, at unload, while all
 * folders are there.
 */
void tscope_alerts_stop(void)
{
	spin_lock(&alert_lock);
	started = false;
	spin_unlock(&alert_lock);
	cancel_work_sync(&tell_work);
}

/**
 * tscope_alerts_reset() - forget what was told
 *
 * The limits stay. Context: process.
 */
void tscope_alerts_reset(void)
{
	struct tscope_clock *clk;
	unsigned int i, cause;

	spin_lock(&alert_lock);
	WRITE_ONCE(alerts, 0);
	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		for (cause = 0; cause < TSCOPE_ALERT_CAUSES; cause++) {
			clk->alert[cause].told = false;
			clk->alert[cause].pending = false;
		}
	}
	spin_unlock(&alert_lock);
}
