// SPDX-License-Identifier: GPL-2.0
/*
 * Violations that are kept for readers, and alerts for what is beyond a limit.
 *
 * The last violations are in a ring. A sampler that finds something beyond a limit notes it in the
 * clock's alert. A work item counts it, wakes those who poll the file "alerts", and sends a uevent.
 */
#include <linux/kobject.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "clock.h"
#include "compat.h"
#include "events.h"
#include "math128.h"

static DEFINE_SPINLOCK(ring_lock);	/* protects ring, oldest and head */
static struct tscope_violation ring[TSCOPE_VIOLATIONS];
static u64 oldest, head;	/* numbers of the oldest one kept and of the next one to come */

/*
 * Warps between two CPUs go on for as long as their clocks are apart, and would push everything
 * else out of the ring. So one entry stands for the warps that a CPU saw of another one in a
 * second.
 */
#define WARP_LINE_NS	((s64)NSEC_PER_SEC)

static bool add_to_line(const struct tscope_violation *v)
{
	struct tscope_violation *line;
	u64 n;

	for (n = head; n > oldest; n--) {
		line = &ring[(n - 1) % TSCOPE_VIOLATIONS];
		/* a line of a CPU whose time is ahead is not old */
		if ((s64)(v->time_ns - line->time_ns) >= WARP_LINE_NS)
			return false;
		if (strcmp(line->what, TSCOPE_WARP) || strcmp(line->clock, v->clock) ||
		    line->cpu != v->cpu || line->peer != v->peer)
			continue;
		line->size_ns = max(line->size_ns, v->size_ns);
		line->count += v->count;
		return true;
	}
	return false;
}

static void keep(const struct tscope_violation *v)
{
	spin_lock(&ring_lock);
	if (strcmp(v->what, TSCOPE_WARP) || !add_to_line(v)) {
		ring[head++ % TSCOPE_VIOLATIONS] = *v;
		if (head - oldest > TSCOPE_VIOLATIONS)
			oldest = head - TSCOPE_VIOLATIONS;
	}
	spin_unlock(&ring_lock);
}

/**
 * tscope_violation() - keep a violation that is no step
 * @what: TSCOPE_WARP, TSCOPE_BACKWARD, ...
 * @clock: name of the clock; must stay valid while the module is loaded
 * @cpu: the CPU that saw it
 * @peer: the CPU whose value was higher, or -1
 * @size_ns: size, of several the largest
 * @count: how many there were
 * @tsc: the TSC when it was seen
 * Context: process, any CPU, concurrently with itself.
 */
void tscope_violation(const char *what, const char *clock, int cpu, int peer, s64 size_ns,
		      u64 count, u64 tsc)
{
	keep(&(struct tscope_violation){
		.time_ns = ktime_get_ns(), .tsc = tsc, .size_ns = size_ns, .count = count,
		.error_ns = -1, .clock = clock, .what = what, .cpu = cpu, .peer = peer,
	});
}

/**
 * tscope_violation_step() - keep a step
 * @clock: name of the clock; must stay valid while the module is loaded
 * @cpu: the CPU that saw it
 * @size_ns: size
 * @error_ns: how far the size may be off
 * @tsc: the TSC of the first reading after the step
 * Context: process, any CPU, concurrently with itself.
 */
void tscope_violation_step(const char *clock, int cpu, s64 size_ns, u64 error_ns, u64 tsc)
{
	keep(&(struct tscope_violation){
		.time_ns = ktime_get_ns(), .tsc = tsc, .size_ns = size_ns, .count = 1,
		.error_ns = min_t(u64, error_ns, S64_MAX), .clock = clock, .what = TSCOPE_STEP,
		.cpu = cpu, .peer = -1,
	});
}

/**
 * tscope_violations_range() - which violations are kept now
 * @first: number of the oldest
 * @end: number of the next one that will be kept
 *
 * Numbers ascend by one and never restart while the module is loaded. Context: process.
 */
void tscope_violations_range(u64 *first, u64 *end)
{
	spin_lock(&ring_lock);
	*first = oldest;
	*end = head;
	spin_unlock(&ring_lock);
}

/**
 * tscope_violation_get() - copy a violation
 * @number: its number
 * @v: the copy
 * Context: process.
 * Return: false if there is no such violation, or if it was overwritten.
 */
bool tscope_violation_get(u64 number, struct tscope_violation *v)
{
	bool kept;

	spin_lock(&ring_lock);
	kept = number >= oldest && number < head;
	if (kept)
		*v = ring[number % TSCOPE_VIOLATIONS];
	spin_unlock(&ring_lock);
	return kept;
}

/**
 * tscope_violations_reset() - forget all violations
 * Context: process, concurrently with writers and readers.
 */
void tscope_violations_reset(void)
{
	spin_lock(&ring_lock);
	oldest = head;
	spin_unlock(&ring_lock);
}

u32 tscope_alert_interval_s = TSCOPE_ALERT_INTERVAL_S;

static DEFINE_SPINLOCK(alert_lock);	/* protects the alerts of all clocks */
static u64 alerts;			/* how many were reported; written under alert_lock */

static void send_uevent(struct tscope_clock *clk, enum tscope_cause cause,
			const struct tscope_alert *a)
{
	static const char * const cause_names[] = { "warp", "step", "skew" };
	u64 magnitude = tscope_abs64(a->size);
	char clock[32], why[32], size[48], cpu[32], peer[32];
	char *env[6] = { clock, why, size, cpu };

	snprintf(clock, sizeof(clock), "TSCOPE_CLOCK=%s", clk->ops->name);
	snprintf(why, sizeof(why), "TSCOPE_CAUSE=%s", cause_names[cause]);
	if (cause == TSCOPE_ALERT_SKEW)
		snprintf(size, sizeof(size), "TSCOPE_SIZE_PPB=%s%llu.%03llu",
			 a->size < 0 ? "-" : "", magnitude / 1000, magnitude % 1000);
	else
		snprintf(size, sizeof(size), "TSCOPE_SIZE_NS=%lld", a->size);
	snprintf(cpu, sizeof(cpu), "TSCOPE_CPU=%d", a->cpu);
	snprintf(peer, sizeof(peer), "TSCOPE_PEER=%d", a->peer);
	if (a->peer >= 0)
		env[4] = peer;
	kobject_uevent_env(&clk->dir, KOBJ_CHANGE, env);
}

static void report_alerts(struct work_struct *work)
{
	struct tscope_clock *clk;
	unsigned int i, cause;
	struct tscope_alert a;

	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		for (cause = 0; cause < TSCOPE_ALERT_CAUSES; cause++) {
			spin_lock(&alert_lock);
			a = clk->alert[cause];
			clk->alert[cause].pending = false;
			WRITE_ONCE(alerts, alerts + a.pending);
			spin_unlock(&alert_lock);
			if (!a.pending)
				continue;
			send_uevent(clk, cause, &a);
			sysfs_notify(clk->dir.parent, NULL, "alerts");
		}
	}
}

static DECLARE_WORK(report_work, report_alerts);

/**
 * tscope_alert_raise() - report what was found, unless it is within its limit or follows too soon
 * @clk: clock
 * @cause: what was found
 * @size: its size, ns; for a skew 10^-3 ppb, which the caller has compared with the limit
 * @cpu: the CPU that saw it
 * @peer: the other CPU, or -1
 * Context: process, any CPU; does not sleep.
 */
void tscope_alert_raise(struct tscope_clock *clk, enum tscope_cause cause, s64 size, int cpu,
			int peer)
{
	struct tscope_alert *a = &clk->alert[cause];
	u64 limit = READ_ONCE(a->limit), now_ns;
	s64 interval_ns;

	if (!limit || (cause != TSCOPE_ALERT_SKEW && tscope_abs64(size) < limit))
		return;
	now_ns = ktime_get_boottime_ns();
	interval_ns = READ_ONCE(tscope_alert_interval_s) * NSEC_PER_SEC;

	spin_lock(&alert_lock);
	/* the last one may have been raised by a CPU whose time is ahead of this one's */
	if (!a->raised_ns || (s64)(now_ns - a->raised_ns) >= interval_ns) {
		a->raised_ns = now_ns;
		a->pending = true;
		a->size = size;
		a->cpu = cpu;
		a->peer = peer;
		queue_work(tscope_unbound_wq, &report_work);
	}
	spin_unlock(&alert_lock);
}

/**
 * tscope_alerts_count() - how many alerts were reported since load or reset
 * Context: any.
 * Return: their number.
 */
u64 tscope_alerts_count(void)
{
	return READ_ONCE(alerts);
}

/**
 * tscope_alerts_finish() - wait for an alert that is being reported
 * Context: process, at unload, sampling is off; the clocks' directories are still there.
 */
void tscope_alerts_finish(void)
{
	cancel_work_sync(&report_work);
}

/**
 * tscope_alerts_reset() - forget all alerts; limits stay
 * Context: process.
 */
void tscope_alerts_reset(void)
{
	struct tscope_alert *a;
	unsigned int i, cause;

	spin_lock(&alert_lock);
	WRITE_ONCE(alerts, 0);
	for (i = 0; i < tscope_clock_count(); i++) {
		for (cause = 0; cause < TSCOPE_ALERT_CAUSES; cause++) {
			a = &tscope_clock_get(i)->alert[cause];
			a->raised_ns = 0;
			a->pending = false;
		}
	}
	spin_unlock(&alert_lock);
}
