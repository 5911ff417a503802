// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/tscope/<clock>: a clock's figures and limits. Each file is described in
 * Documentation/ABI/testing/sysfs-kernel-tscope.
 */
#include <linux/gcd.h>
#include <linux/spinlock.h>

#include "cpu.h"
#include "exchange.h"
#include "sampler.h"
#include "sysfs.h"

/* For this long offset_bound_ns gives the bound of the offset_max_ns that was read before it. */
#define KEPT_MS	1000

static DEFINE_SPINLOCK(kept_lock);	/* protects kept */
static struct {
	u64 bound_ns;		/* 0: none is kept */
	u64 at_ms;
} kept[TSCOPE_MAILBOX_LANES];

/* The figures of the clock's lane over all CPUs: sums of counts, and the largest sizes in ns. */
static struct tscope_lane_figures lane_of(const struct tscope_clock *clk)
{
	enum tscope_lane lane = clk->ops->lane;
	struct tscope_lane_figures sum = { };
	const struct tscope_lane_figures *l;
	const struct tscope_cpu *c;

	if (lane == TSCOPE_NO_LANE)
		return sum;
	/* no window opens while a TSC that was set back stops all timers */
	if (lane == TSCOPE_LANE_TSC)
		tscope_look_if_behind();
	for_each_tscope_cpu(c) {
		l = &c->lane[lane];
		sum.readings += READ_ONCE(l->readings);
		sum.warps += READ_ONCE(l->warps);
		sum.warp_max = max(sum.warp_max, READ_ONCE(l->warp_max));
		sum.backward += READ_ONCE(l->backward);
		sum.backward_max = max(sum.backward_max, READ_ONCE(l->backward_max));
	}
	sum.warp_max = tscope_lane_ns(lane, sum.warp_max);
	sum.backward_max = tscope_lane_ns(lane, sum.backward_max);
	return sum;
}

/* All pairs of the clock's lane. */
static struct tscope_pairs_summary pairs_of(const struct tscope_clock *clk)
{
	struct tscope_pairs_summary s;

	tscope_pairs_summary(clk->ops->lane, &s);
	return s;
}

/* A file that shows a figure of its clock, clk. */
#define SHOW(name, format, value) \
static ssize_t name##_show(struct kobject *dir, struct kobj_attribute *attr, char *buf) \
{ \
	const struct tscope_clock *clk = tscope_clock_of(dir); \
									\
	return sysfs_emit(buf, format "\n", value); \
}

SHOW(samples, "%llu", READ_ONCE(clk->samples) + lane_of(clk).readings)
SHOW(rejected, "%llu", READ_ONCE(clk->rejected))
SHOW(backward, "%llu", READ_ONCE(clk->backward) + lane_of(clk).backward)
SHOW(backward_max_ns, "%llu", max(READ_ONCE(clk->backward_max_ns), lane_of(clk).backward_max))
SHOW(warps, "%llu", lane_of(clk).warps)
SHOW(warp_max_ns, "%llu", lane_of(clk).warp_max)
SHOW(steps, "%llu", READ_ONCE(clk->steps))
SHOW(step_last_ns, "%lld", READ_ONCE(clk->step_last_ns))
SHOW(step_max_ns, "%lld", READ_ONCE(clk->step_max_ns))
SHOW(moving, "%llu", pairs_of(clk).moving)
SHOW(unmet, "%llu", pairs_of(clk).unmet)

static ssize_t emit_if(bool there, char *buf, u64 value)
{
	return there ? sysfs_emit(buf, "%llu\n", value) : -ENODATA;
}

static ssize_t read_min_ns_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	u64 min_ns = READ_ONCE(tscope_clock_of(dir)->width.min);

	return emit_if(min_ns != U64_MAX, buf, min_ns);
}

static ssize_t read_avg_ns_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	const struct tscope_hist *width = &tscope_clock_of(dir)->width;
	u64 count = READ_ONCE(width->count);

	return count ? sysfs_emit(buf, "%llu\n", READ_ONCE(width->sum) / count) : -ENODATA;
}

static ssize_t exact_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	u8 how = READ_ONCE(tscope_clock_of(dir)->exactness);

	return emit_if(how != TSCOPE_UNREAD, buf, how == TSCOPE_EXACT);
}

static ssize_t step_cycles_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	const struct tscope_cpu *c;
	u64 step = 0;

	for_each_tscope_cpu(c)
		step = gcd(step, READ_ONCE(c->step_cyc));
	return emit_if(step, buf, step);
}

static ssize_t phase_ns_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct tscope_point p;
	int err = tscope_series_newest(&tscope_clock_of(dir)->series, &p) ? 0 : -ENODATA;

	return err ?: sysfs_emit(buf, "%lld\n", tscope_phase_to_ns(p.phase));
}

/* Returns 0, -ENOMEM, or -ENODATA if there is no fit for any other reason. */
static int fit_of(struct kobject *dir, struct tscope_fit *fit)
{
	int err = tscope_clock_fit(tscope_clock_of(dir), fit);

	return err && err != -ENOMEM ? -ENODATA : err;
}

/* Print 10^-3 ppb as ppb with three decimal places. */
static int emit_ppb(char *buf, int at, s64 mppb, char end)
{
	u64 size = tscope_abs64(mppb);

	return sysfs_emit_at(buf, at, "%s%llu.%03llu%c", mppb < 0 ? "-" : "", size / 1000,
			     size % 1000, end);
}

static ssize_t skew_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct tscope_fit fit;
	int err = fit_of(dir, &fit), len;

	if (err)
		return err;
	len = emit_ppb(buf, 0, fit.skew_mppb, ' ');
	len += emit_ppb(buf, len, fit.error_mppb, ' ');
	return len + sysfs_emit_at(buf, len, "%u %llu\n", fit.points, fit.span_ms);
}

static ssize_t skew_ppb_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct tscope_fit fit;

	return fit_of(dir, &fit) ?: emit_ppb(buf, 0, fit.skew_mppb, '\n');
}

static ssize_t skew_error_ppb_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct tscope_fit fit;

	return fit_of(dir, &fit) ?: emit_ppb(buf, 0, fit.error_mppb, '\n');
}

static ssize_t offset_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct tscope_pairs_summary s = pairs_of(tscope_clock_of(dir));
	const struct tscope_offset *o = &s.worst;

	if (!s.found)
		return -ENODATA;
	return sysfs_emit(buf, "%lld %llu %d %d %d %llu\n", o->offset_ns, o->bound_ns, o->cpu_i,
			  o->cpu_j, o->moving, tscope_now_ms() - o->at_ms);
}

/* Keep the bound of the offset that is shown now; 0: none. Returns the one kept before, or 0. */
static u64 swap_kept_bound(struct kobject *dir, u64 bound_ns)
{
	enum tscope_lane lane = tscope_clock_of(dir)->ops->lane;
	u64 now_ms = tscope_now_ms(), was_ns;

	spin_lock(&kept_lock);
	was_ns = now_ms - kept[lane].at_ms <= KEPT_MS ? kept[lane].bound_ns : 0;
	kept[lane].bound_ns = bound_ns;
	kept[lane].at_ms = now_ms;
	spin_unlock(&kept_lock);
	return was_ns;
}

static ssize_t offset_max_ns_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct tscope_pairs_summary s = pairs_of(tscope_clock_of(dir));

	swap_kept_bound(dir, s.found ? s.worst.bound_ns : 0);
	return s.found ? sysfs_emit(buf, "%lld\n", s.worst.offset_ns) : -ENODATA;
}

static ssize_t offset_bound_ns_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	u64 bound_ns = swap_kept_bound(dir, 0);
	struct tscope_pairs_summary s;

	if (bound_ns)
		return emit_if(true, buf, bound_ns);
	s = pairs_of(tscope_clock_of(dir));
	return emit_if(s.found, buf, s.worst.bound_ns);
}

static ssize_t widest_bound_ns_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct tscope_pairs_summary s = pairs_of(tscope_clock_of(dir));

	return emit_if(s.found, buf, s.widest_ns);
}

static int set_limit(struct kobject *dir, enum tscope_cause cause, u64 limit)
{
	tscope_alert_set_limit(tscope_clock_of(dir), cause, limit);
	return 0;
}

SHOW(warp_alert_ns, "%llu", READ_ONCE(clk->alert[TSCOPE_ALERT_WARP].limit))
TSCOPE_STORE(warp_alert_ns, 0, S64_MAX, set_limit(dir, TSCOPE_ALERT_WARP, value))
SHOW(step_alert_ns, "%llu", READ_ONCE(clk->alert[TSCOPE_ALERT_STEP].limit))
TSCOPE_STORE(step_alert_ns, 0, S64_MAX, set_limit(dir, TSCOPE_ALERT_STEP, value))
SHOW(skew_alert_ppb, "%llu", READ_ONCE(clk->alert[TSCOPE_ALERT_SKEW].limit))
TSCOPE_STORE(skew_alert_ppb, 0, NSEC_PER_SEC, set_limit(dir, TSCOPE_ALERT_SKEW, value))

/* Which clocks have a file: those of some kinds, or those in the mailbox. */
#define THE_TSC		BIT(TSCOPE_KIND_TSC)
#define WITH_PAIRS	(THE_TSC | BIT(TSCOPE_KIND_PAGE))
/* ptp-kvm has its own file "exact": its offset may be bracketed, its readings never are */
#define WITH_EXACT	(BIT(TSCOPE_KIND_PAGE) | BIT(TSCOPE_KIND_AT_TSC))
#define WITH_READS	(BIT(TSCOPE_KIND_AT_TSC) | BIT(TSCOPE_KIND_PAIRING) | \
			 BIT(TSCOPE_KIND_BRACKETED))
#define ALL_BUT_TSC	(BIT(TSCOPE_KIND_PAGE) | WITH_READS)
#define ALL_CLOCKS	(THE_TSC | ALL_BUT_TSC)
#define IN_MAILBOX	BIT(31)

static const struct {
	struct kobj_attribute attr;
	unsigned int clocks;
} files[] = {
	{ __ATTR_RO(samples), ALL_CLOCKS },
	{ __ATTR_RO(rejected), ALL_CLOCKS },
	{ __ATTR_RO(backward), ALL_CLOCKS },
	{ __ATTR_RO(backward_max_ns), ALL_CLOCKS },
	{ __ATTR_RO(warps), IN_MAILBOX },
	{ __ATTR_RO(warp_max_ns), IN_MAILBOX },
	{ __ATTR_RW(warp_alert_ns), IN_MAILBOX },
	{ __ATTR_RO(offset), WITH_PAIRS },
	{ __ATTR_RO(offset_max_ns), WITH_PAIRS },
	{ __ATTR_RO(offset_bound_ns), WITH_PAIRS },
	{ __ATTR_RO(moving), WITH_PAIRS },
	{ __ATTR_RO(unmet), WITH_PAIRS },
	{ __ATTR_RO(widest_bound_ns), WITH_PAIRS },
	{ __ATTR_RO(step_cycles), THE_TSC },
	{ __ATTR_RO(skew), ALL_BUT_TSC },
	{ __ATTR_RO(skew_ppb), ALL_BUT_TSC },
	{ __ATTR_RO(skew_error_ppb), ALL_BUT_TSC },
	{ __ATTR_RO(phase_ns), ALL_BUT_TSC },
	{ __ATTR_RO(steps), ALL_BUT_TSC },
	{ __ATTR_RO(step_last_ns), ALL_BUT_TSC },
	{ __ATTR_RO(step_max_ns), ALL_BUT_TSC },
	{ __ATTR_RW(step_alert_ns), ALL_BUT_TSC },
	{ __ATTR_RW(skew_alert_ppb), ALL_BUT_TSC },
	{ __ATTR_RO(exact), WITH_EXACT },
	{ __ATTR_RO(read_min_ns), WITH_READS },
	{ __ATTR_RO(read_avg_ns), WITH_READS },
};

static void dir_release(struct kobject *dir)
{
	complete(&tscope_clock_of(dir)->dir_released);
}

static const struct kobj_type dir_type = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = dir_release,
};

/**
 * tscope_sysfs_clock_add() - create a clock's directory
 * @clk: clock
 * @kset: /sys/kernel/tscope
 *
 * Context: process, at load.
 *
 * Return: 0, or an errno; tscope_sysfs_clock_remove() must follow in either case.
 */
int tscope_sysfs_clock_add(struct tscope_clock *clk, struct kset *kset)
{
	unsigned int is = BIT(clk->ops->kind), i;
	int err;

	if (clk->ops->lane != TSCOPE_NO_LANE)
		is |= IN_MAILBOX;
	init_completion(&clk->dir_released);
	clk->dir.kset = kset;
	err = kobject_init_and_add(&clk->dir, &dir_type, NULL, "%s", clk->ops->name);
	for (i = 0; i < ARRAY_SIZE(files) && !err; i++)
		if (files[i].clocks & is)
			err = sysfs_create_file(&clk->dir, &files[i].attr.attr);
	if (!err && clk->ops->group)
		err = sysfs_create_group(&clk->dir, clk->ops->group);
	return err;
}

/**
 * tscope_sysfs_clock_remove() - remove a clock's directory, if there is one
 * @clk: clock; tscope_sysfs_clock_wait() must follow
 *
 * Context: process.
 */
void tscope_sysfs_clock_remove(struct tscope_clock *clk)
{
	if (clk->dir.state_initialized)
		kobject_put(&clk->dir);
}

/**
 * tscope_sysfs_clock_wait() - wait until nobody uses a directory that was removed
 * @clk: clock; the directory is a part of it, and its release function is the module's code
 *
 * Context: process, may sleep.
 */
void tscope_sysfs_clock_wait(struct tscope_clock *clk)
{
	if (!clk->dir.state_initialized)
		return;
	wait_for_completion(&clk->dir_released);
	memset(&clk->dir, 0, sizeof(clk->dir));
}
