// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/tscope/<clock>: a clock's figures and limits. Each file is described
 * in Documentation/ABI/testing/sysfs-kernel-tscope, and generated on read from what
 * the samplers publish.
 */
#include <linux/completion.h>
#include <linux/gcd.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "cpu.h"
#include "exchange.h"
#include "sampler.h"
#include "sysfs.h"

/* offset_bound_ns belongs to the offset_max_ns that was read before it. */
#define KEPT_MS	1000

static DEFINE_MUTEX(kept_lock);	/* protects kept */
static struct {
	u64 bound_ns;		/* 0: none is kept */
	u64 at_ms;
} kept[TSCOPE_MAILBOX_LANES];

/* The figures of the clock's lane of all CPUs: sums, and the largest in ns. */
static void lane_figures(const struct tscope_clock *clk,
			 struct tscope_lane_figures *sum)
{
	enum tscope_lane lane = clk->ops->lane;
	const struct tscope_lane_figures *l;
	const struct tscope_cpu *c;
	u64 backward = 0, warp = 0;

	memset(sum, 0, sizeof(*sum));
	if (lane == TSCOPE_NO_LANE)
		return;
	/* no window opens while a TSC that was set back stops all timers */
	if (lane == TSCOPE_LANE_TSC)
		tscope_look_if_behind();
	for_each_tscope_cpu(c) {
		l = &c->lane[lane];
		sum->readings += READ_ONCE(l->readings);
		sum->warps += READ_ONCE(l->warps);
		warp = max(warp, READ_ONCE(l->warp_max));
		/* with those that no window has reported yet */
		sum->backward += READ_ONCE(l->backward) +
				 READ_ONCE(c->back[lane].count);
		backward = max3(backward, READ_ONCE(l->backward_max),
				READ_ONCE(c->back[lane].max));
	}
	sum->backward_max = tscope_lane_ns(lane, backward);
	sum->warp_max = tscope_lane_ns(lane, warp);
}

/* @value is a member of the clock. */
#define SHOW(name, format, value) \
	static ssize_t name##_show(struct kobject *dir, \
				   struct kobj_attribute *attr, char *buf) \
	{ \
		struct tscope_clock *clk = tscope_clock_of(dir); \
									\
		return sysfs_emit(buf, format "\n", READ_ONCE(value)); \
	} \
	static struct kobj_attribute name##_attr = __ATTR_RO(name)

/* @value may use the clock and the figures of its lane. */
#define SHOW_LANE(name, value) \
	static ssize_t name##_show(struct kobject *dir, \
				   struct kobj_attribute *attr, char *buf) \
	{ \
		struct tscope_clock *clk = tscope_clock_of(dir); \
		struct tscope_lane_figures lane; \
									\
		lane_figures(clk, &lane); \
		return sysfs_emit(buf, "%llu\n", value); \
	} \
	static struct kobj_attribute name##_attr = __ATTR_RO(name)

SHOW_LANE(samples, READ_ONCE(clk->samples) + lane.readings);
SHOW_LANE(backward, READ_ONCE(clk->backward) + lane.backward);
SHOW_LANE(backward_max_ns, max(READ_ONCE(clk->backward_max_ns),
			       lane.backward_max));
SHOW_LANE(warps, lane.warps);
SHOW_LANE(warp_max_ns, lane.warp_max);
SHOW(rejected, "%llu", clk->rejected);
SHOW(steps, "%llu", clk->steps);
SHOW(step_last_ns, "%lld", clk->step_last_ns);
SHOW(step_max_ns, "%lld", clk->step_max_ns);

static ssize_t read_min_ns_show(struct kobject *dir,
				struct kobj_attribute *attr, char *buf)
{
	u64 min = READ_ONCE(tscope_clock_of(dir)->width.min);

	return min == U64_MAX ? -ENODATA : sysfs_emit(buf, "%llu\n", min);
}

static ssize_t read_avg_ns_show(struct kobject *dir,
				struct kobj_attribute *attr, char *buf)
{
	struct tscope_clock *clk = tscope_clock_of(dir);
	u64 count = READ_ONCE(clk->width.count);
	u64 sum = READ_ONCE(clk->width.sum);

	return count ? sysfs_emit(buf, "%llu\n", sum / count) : -ENODATA;
}

static ssize_t exact_show(struct kobject *dir, struct kobj_attribute *attr,
			  char *buf)
{
	int how = READ_ONCE(tscope_clock_of(dir)->exactness);

	return how == TSCOPE_UNREAD ? -ENODATA :
				      sysfs_emit(buf, "%d\n", how == TSCOPE_EXACT);
}

static ssize_t phase_ns_show(struct kobject *dir, struct kobj_attribute *attr,
			     char *buf)
{
	struct tscope_point p;
	int err = tscope_series_newest(&tscope_clock_of(dir)->series, &p) ? 0 : -ENODATA;

	return err ?: sysfs_emit(buf, "%lld\n", tscope_phase_to_ns(p.phase));
}

/* -ENODATA where there is no fit, for whatever reason, or -ENOMEM. */
static int clock_fit(struct kobject *dir, struct tscope_fit *fit)
{
	int err = tscope_clock_fit(tscope_clock_of(dir), fit);

	return err && err != -ENOMEM ? -ENODATA : err;
}

/* 10^-3 ppb as ppb with three places. */
static int emit_ppb(char *buf, int at, bool negative, u64 mppb, char end)
{
	return sysfs_emit_at(buf, at, "%s%llu.%03llu%c", negative ? "-" : "",
			     mppb / 1000, mppb % 1000, end);
}

static int emit_skew(char *buf, const struct tscope_fit *fit, char end)
{
	return emit_ppb(buf, 0, fit->skew_mppb < 0, tscope_abs64(fit->skew_mppb),
			end);
}

static ssize_t skew_show(struct kobject *dir, struct kobj_attribute *attr,
			 char *buf)
{
	struct tscope_fit fit;
	int err = clock_fit(dir, &fit), len;

	if (err)
		return err;
	len = emit_skew(buf, &fit, ' ');
	len += emit_ppb(buf, len, false, fit.error_mppb, ' ');
	return len + sysfs_emit_at(buf, len, "%u %llu\n", fit.points, fit.span_ms);
}

static ssize_t skew_ppb_show(struct kobject *dir, struct kobj_attribute *attr,
			     char *buf)
{
	struct tscope_fit fit;

	return clock_fit(dir, &fit) ?: emit_skew(buf, &fit, '\n');
}

static ssize_t skew_error_ppb_show(struct kobject *dir,
				   struct kobj_attribute *attr, char *buf)
{
	struct tscope_fit fit;

	return clock_fit(dir, &fit) ?: emit_ppb(buf, 0, false, fit.error_mppb, '\n');
}

static struct kobj_attribute read_min_ns_attr = __ATTR_RO(read_min_ns);
static struct kobj_attribute read_avg_ns_attr = __ATTR_RO(read_avg_ns);
static struct kobj_attribute exact_attr = __ATTR_RO(exact);
static struct kobj_attribute phase_ns_attr = __ATTR_RO(phase_ns);
static struct kobj_attribute skew_attr = __ATTR_RO(skew);
static struct kobj_attribute skew_ppb_attr = __ATTR_RO(skew_ppb);
static struct kobj_attribute skew_error_ppb_attr = __ATTR_RO(skew_error_ppb);

/* All pairs of the clock's lane; false where no pair has met lately. */
static bool clock_pairs(struct kobject *dir, struct tscope_pairs_summary *s)
{
	tscope_pairs_summary(tscope_clock_of(dir)->ops->lane, s);
	return s->found;
}

static ssize_t offset_show(struct kobject *dir, struct kobj_attribute *attr,
			   char *buf)
{
	struct tscope_pairs_summary s;
	const struct tscope_offset *o = &s.worst;

	if (!clock_pairs(dir, &s))
		return -ENODATA;
	return sysfs_emit(buf, "%lld %llu %d %d %d %llu\n", o->offset_ns,
			  o->bound_ns, o->cpu_i, o->cpu_j, o->moving,
			  tscope_now_ms() - o->at_ms);
}

/* Keep the bound of the offset that is shown now; 0: none is shown. */
static void keep_bound(enum tscope_lane lane, u64 bound_ns)
{
	mutex_lock(&kept_lock);
	kept[lane].bound_ns = bound_ns;
	kept[lane].at_ms = tscope_now_ms();
	mutex_unlock(&kept_lock);
}

static u64 take_kept_bound(enum tscope_lane lane)
{
	u64 bound_ns;

	mutex_lock(&kept_lock);
	bound_ns = tscope_now_ms() - kept[lane].at_ms <= KEPT_MS ?
		   kept[lane].bound_ns : 0;
	kept[lane].bound_ns = 0;
	mutex_unlock(&kept_lock);
	return bound_ns;
}

static ssize_t offset_max_ns_show(struct kobject *dir,
				  struct kobj_attribute *attr, char *buf)
{
	struct tscope_pairs_summary s;
	bool found = clock_pairs(dir, &s);

	keep_bound(tscope_clock_of(dir)->ops->lane, found ? s.worst.bound_ns : 0);
	return found ? sysfs_emit(buf, "%lld\n", s.worst.offset_ns) : -ENODATA;
}

static ssize_t offset_bound_ns_show(struct kobject *dir,
				    struct kobj_attribute *attr, char *buf)
{
	u64 bound_ns = take_kept_bound(tscope_clock_of(dir)->ops->lane);
	struct tscope_pairs_summary s;

	if (!bound_ns && clock_pairs(dir, &s))
		bound_ns = s.worst.bound_ns;
	return bound_ns ? sysfs_emit(buf, "%llu\n", bound_ns) : -ENODATA;
}

#define SHOW_PAIRS(name, there, value) \
	static ssize_t name##_show(struct kobject *dir, \
				   struct kobj_attribute *attr, char *buf) \
	{ \
		struct tscope_pairs_summary s; \
									\
		clock_pairs(dir, &s); \
		return there ? sysfs_emit(buf, "%llu\n", value) : -ENODATA; \
	} \
	static struct kobj_attribute name##_attr = __ATTR_RO(name)

SHOW_PAIRS(moving, true, s.moving);
SHOW_PAIRS(unmet, true, s.unmet);
SHOW_PAIRS(widest_bound_ns, s.found, s.widest_ns);

static ssize_t step_cycles_show(struct kobject *dir,
				struct kobj_attribute *attr, char *buf)
{
	const struct tscope_cpu *c;
	u64 step = 0;

	for_each_tscope_cpu(c)
		step = gcd(step, READ_ONCE(c->step_cyc));
	return step ? sysfs_emit(buf, "%llu\n", step) : -ENODATA;
}

static struct kobj_attribute offset_attr = __ATTR_RO(offset);
static struct kobj_attribute offset_max_ns_attr = __ATTR_RO(offset_max_ns);
static struct kobj_attribute offset_bound_ns_attr = __ATTR_RO(offset_bound_ns);
static struct kobj_attribute step_cycles_attr = __ATTR_RO(step_cycles);

static ssize_t limit_show(struct kobject *dir, struct kobj_attribute *attr,
			  char *buf)
{
	struct tscope_clock *clk = tscope_clock_of(dir);

	return sysfs_emit(buf, "%llu\n",
			  READ_ONCE(clk->alert[tscope_setting_of(attr)->which].limit));
}

static int limit_set(struct kobject *dir, const struct tscope_setting *s,
		     u64 value)
{
	tscope_alert_set_limit(tscope_clock_of(dir), s->which, value);
	return 0;
}

TSCOPE_SETTING(warp_alert_ns, limit, 0, S64_MAX, TSCOPE_ALERT_WARP);
TSCOPE_SETTING(step_alert_ns, limit, 0, S64_MAX, TSCOPE_ALERT_STEP);
TSCOPE_SETTING(skew_alert_ppb, limit, 0, NSEC_PER_SEC, TSCOPE_ALERT_SKEW);

static bool every_clock(const struct tscope_clock_ops *ops)
{
	return true;
}

static bool in_mailbox(const struct tscope_clock_ops *ops)
{
	return ops->lane != TSCOPE_NO_LANE;
}

static bool has_pairs(const struct tscope_clock_ops *ops)
{
	return ops->lane >= 0 && ops->lane < TSCOPE_MAILBOX_LANES;
}

static bool is_tsc(const struct tscope_clock_ops *ops)
{
	return ops->lane == TSCOPE_LANE_TSC;
}

static bool has_series(const struct tscope_clock_ops *ops)
{
	return ops->kind != TSCOPE_KIND_TSC;
}

static bool has_reads(const struct tscope_clock_ops *ops)
{
	return ops->read;
}

/* ptp-kvm has a file of its own: its offset may be bracketed, its readings are not. */
static bool has_exact(const struct tscope_clock_ops *ops)
{
	return ops->kind == TSCOPE_KIND_PAGE || ops->kind == TSCOPE_KIND_AT_TSC;
}

/* The files, and the clocks that have them. */
static const struct {
	const struct attribute *attr;
	bool (*in)(const struct tscope_clock_ops *ops);
} files[] = {
	{ &samples_attr.attr, every_clock },
	{ &rejected_attr.attr, every_clock },
	{ &backward_attr.attr, every_clock },
	{ &backward_max_ns_attr.attr, every_clock },
	{ &warps_attr.attr, in_mailbox },
	{ &warp_max_ns_attr.attr, in_mailbox },
	{ &warp_alert_ns_attr.attr.attr, in_mailbox },
	{ &offset_attr.attr, has_pairs },
	{ &offset_max_ns_attr.attr, has_pairs },
	{ &offset_bound_ns_attr.attr, has_pairs },
	{ &moving_attr.attr, has_pairs },
	{ &unmet_attr.attr, has_pairs },
	{ &widest_bound_ns_attr.attr, has_pairs },
	{ &step_cycles_attr.attr, is_tsc },
	{ &skew_attr.attr, has_series },
	{ &skew_ppb_attr.attr, has_series },
	{ &skew_error_ppb_attr.attr, has_series },
	{ &phase_ns_attr.attr, has_series },
	{ &steps_attr.attr, has_series },
	{ &step_last_ns_attr.attr, has_series },
	{ &step_max_ns_attr.attr, has_series },
	{ &step_alert_ns_attr.attr.attr, has_series },
	{ &skew_alert_ppb_attr.attr.attr, has_series },
	{ &exact_attr.attr, has_exact },
	{ &read_min_ns_attr.attr, has_reads },
	{ &read_avg_ns_attr.attr, has_reads },
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
 * Return: 0, or an errno with nothing held.
 */
int tscope_sysfs_clock_add(struct tscope_clock *clk, struct kset *kset)
{
	unsigned int i;
	int err;

	init_completion(&clk->dir_released);
	clk->dir.kset = kset;
	err = kobject_init_and_add(&clk->dir, &dir_type, NULL, "%s",
				   clk->ops->name);
	for (i = 0; i < ARRAY_SIZE(files) && !err; i++)
		if (files[i].in(clk->ops))
			err = sysfs_create_file(&clk->dir, files[i].attr);
	if (!err && clk->ops->group)
		err = sysfs_create_group(&clk->dir, clk->ops->group);
	if (err) {
		tscope_sysfs_clock_remove(clk);
		tscope_sysfs_clock_wait(clk);
	}
	return err;
}

/**
 * tscope_sysfs_clock_remove() - remove a clock's directory, if there is one
 * @clk: clock
 *
 * Waits until nobody uses one of its files; tscope_sysfs_clock_wait() must follow.
 * Context: process.
 */
void tscope_sysfs_clock_remove(struct tscope_clock *clk)
{
	if (!clk->dir.state_initialized)
		return;
	if (clk->dir.state_in_sysfs)
		kobject_del(&clk->dir);
	kobject_put(&clk->dir);
}

/**
 * tscope_sysfs_clock_wait() - wait until nobody refers to a directory that was removed
 * @clk: clock
 *
 * The directory is part of the clock, and its release function is the module's code.
 * Context: process, may sleep.
 */
void tscope_sysfs_clock_wait(struct tscope_clock *clk)
{
	if (!clk->dir.state_initialized)
		return;
	wait_for_completion(&clk->dir_released);
	memset(&clk->dir, 0, sizeof(clk->dir));
}
