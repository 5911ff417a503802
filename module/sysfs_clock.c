// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/tscope/<clock>: a clock's figures. Each is described in
 * Documentation/ABI/testing/sysfs-kernel-tscope.
 */
#include <linux/completion.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "cpu.h"
#include "sampler.h"
#include "sysfs.h"

/**
 * tscope_clock_of() - the clock of a directory
 * @dir: directory
 *
 * Return: the clock.
 */
struct tscope_clock *tscope_clock_of(struct kobject *dir)
{
	return container_of(dir, struct tscope_clock, dir);
}

/**
 * tscope_clock_kobj() - the directory of a clock
 * @clk: clock; its directory is there
 *
 * Return: the directory.
 */
struct kobject *tscope_clock_kobj(struct tscope_clock *clk)
{
	return &clk->dir;
}

enum lane_figure { READINGS, BACKWARD, BACKWARD_MAX, WARPS, WARP_MAX };

/* A figure of the clock's lane, over all CPUs: the sum or the largest. */
static u64 lane_figure(const struct tscope_clock *clk, enum lane_figure which)
{
	enum tscope_lane lane = clk->ops->lane;
	struct tscope_lane_figures *l;
	struct tscope_cpu *c;
	u64 n = 0;

	if (lane == TSCOPE_NO_LANE)
		return 0;
	for_each_tscope_cpu(c) {
		l = &c->lane[lane];
		switch (which) {
		case READINGS:
			n += READ_ONCE(l->readings);
			break;
		case BACKWARD:
			/* with those that no window has reported yet */
			n += READ_ONCE(l->backward) +
			     READ_ONCE(c->back[lane].count);
			break;
		case BACKWARD_MAX:
			n = max3(n, READ_ONCE(l->backward_max),
				 READ_ONCE(c->back[lane].max));
			break;
		case WARPS:
			n += READ_ONCE(l->warps);
			break;
		case WARP_MAX:
			n = max(n, READ_ONCE(l->warp_max));
			break;
		}
	}
	return which == BACKWARD_MAX || which == WARP_MAX ?
	       tscope_lane_ns(lane, n) : n;
}

/* No window opens while a TSC that was set back stops all timers. */
static u64 backward_of_lane(const struct tscope_clock *clk)
{
	if (clk->ops->lane == TSCOPE_LANE_TSC)
		tscope_look_if_behind();
	return lane_figure(clk, BACKWARD);
}

#define SHOW_U64(name, value) \
	static ssize_t name##_show(struct kobject *kobj, \
				   struct kobj_attribute *attr, char *buf) \
	{ \
		struct tscope_clock *clk = tscope_clock_of(kobj); \
									\
		return sysfs_emit(buf, "%llu\n", value); \
	} \
	static struct kobj_attribute name##_attr = __ATTR_RO(name)

SHOW_U64(samples, READ_ONCE(clk->samples) + lane_figure(clk, READINGS));
SHOW_U64(rejected, READ_ONCE(clk->rejected));
SHOW_U64(backward, READ_ONCE(clk->backward) + backward_of_lane(clk));
SHOW_U64(backward_max_ns, max(READ_ONCE(clk->backward_max_ns),
			      lane_figure(clk, BACKWARD_MAX)));
SHOW_U64(warps, lane_figure(clk, WARPS));
SHOW_U64(warp_max_ns, lane_figure(clk, WARP_MAX));
SHOW_U64(steps, READ_ONCE(clk->steps));

static ssize_t step_last_ns_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lld\n",
			  READ_ONCE(tscope_clock_of(kobj)->step_last_ns));
}

static ssize_t step_max_ns_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lld\n",
			  READ_ONCE(tscope_clock_of(kobj)->step_max_ns));
}

static ssize_t read_min_ns_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	u64 min = READ_ONCE(tscope_clock_of(kobj)->width.min);

	return min == U64_MAX ? -ENODATA : sysfs_emit(buf, "%llu\n", min);
}

static ssize_t read_avg_ns_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	struct tscope_clock *clk = tscope_clock_of(kobj);
	u64 count = READ_ONCE(clk->width.count);
	u64 sum = READ_ONCE(clk->width.sum);

	return count ? sysfs_emit(buf, "%llu\n", sum / count) : -ENODATA;
}

/* 10^-3 ppb as ppb with three places. */
static ssize_t emit_milli(char *buf, bool negative, u64 milli)
{
	return sysfs_emit(buf, "%s%llu.%03llu\n", negative ? "-" : "",
			  milli / 1000, milli % 1000);
}

/* -ENODATA where there is no fit, for whatever reason, or -ENOMEM. */
static int fit_of(struct kobject *kobj, struct tscope_fit *fit)
{
	int err = tscope_clock_fit(tscope_clock_of(kobj), fit);

	return err && err != -ENOMEM ? -ENODATA : err;
}

static ssize_t skew_ppb_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	struct tscope_fit fit;
	int err = fit_of(kobj, &fit);

	if (err)
		return err;
	return emit_milli(buf, fit.skew_mppb < 0, tscope_abs64(fit.skew_mppb));
}

static ssize_t skew_error_ppb_show(struct kobject *kobj,
				   struct kobj_attribute *attr, char *buf)
{
	struct tscope_fit fit;
	int err = fit_of(kobj, &fit);

	if (err)
		return err;
	return emit_milli(buf, false, fit.error_mppb);
}

static ssize_t skew_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	struct tscope_fit fit;
	u64 skew;

	if (tscope_clock_fit(tscope_clock_of(kobj), &fit))
		return -ENODATA;
	skew = tscope_abs64(fit.skew_mppb);
	return sysfs_emit(buf, "%s%llu.%03llu %llu.%03llu %u %llu\n",
			  fit.skew_mppb < 0 ? "-" : "", skew / 1000, skew % 1000,
			  fit.error_mppb / 1000, fit.error_mppb % 1000,
			  fit.points, fit.span_ms);
}

static ssize_t exact_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	int how = READ_ONCE(tscope_clock_of(kobj)->exactness);

	return how == TSCOPE_UNREAD ? -ENODATA :
				      sysfs_emit(buf, "%d\n", how == TSCOPE_EXACT);
}

static ssize_t phase_ns_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	struct tscope_point p;
	int err = tscope_clock_newest(tscope_clock_of(kobj), &p);

	if (err)
		return err;
	return sysfs_emit(buf, "%lld\n", tscope_phase_to_ns(p.phase));
}

static struct kobj_attribute step_last_ns_attr = __ATTR_RO(step_last_ns);
static struct kobj_attribute step_max_ns_attr = __ATTR_RO(step_max_ns);
static struct kobj_attribute read_min_ns_attr = __ATTR_RO(read_min_ns);
static struct kobj_attribute read_avg_ns_attr = __ATTR_RO(read_avg_ns);
static struct kobj_attribute skew_attr = __ATTR_RO(skew);
static struct kobj_attribute exact_attr = __ATTR_RO(exact);
static struct kobj_attribute skew_ppb_attr = __ATTR_RO(skew_ppb);
static struct kobj_attribute skew_error_ppb_attr = __ATTR_RO(skew_error_ppb);
static struct kobj_attribute phase_ns_attr = __ATTR_RO(phase_ns);

static ssize_t limit_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	enum tscope_cause cause = tscope_control_of(attr)->cause;
	struct tscope_clock *clk = tscope_clock_of(kobj);

	return sysfs_emit(buf, "%llu\n", READ_ONCE(clk->alert[cause].limit));
}

static int limit_set(struct kobject *kobj, const struct tscope_control *c,
		     const char *buf)
{
	u64 value;
	int err = kstrtou64(buf, 10, &value);

	if (!err && value > c->max)
		err = -ERANGE;
	if (!err)
		tscope_alert_set_limit(tscope_clock_of(kobj), c->cause, value);
	return err;
}

#define LIMIT(name, which, most) \
	static struct tscope_control name##_attr = { \
		.attr = __ATTR(name, 0644, limit_show, tscope_control_store), \
		.set = limit_set, \
		.cause = which, \
		.max = most, \
	}

LIMIT(warp_alert_ns, TSCOPE_ALERT_WARP, S64_MAX);
LIMIT(step_alert_ns, TSCOPE_ALERT_STEP, S64_MAX);
LIMIT(skew_alert_ppb, TSCOPE_ALERT_SKEW, NSEC_PER_SEC);

static struct attribute *clock_attrs[] = {
	&samples_attr.attr,
	&rejected_attr.attr,
	&backward_attr.attr,
	&backward_max_ns_attr.attr,
	NULL
};

static struct attribute *warp_attrs[] = {
	&warps_attr.attr,
	&warp_max_ns_attr.attr,
	&warp_alert_ns_attr.attr.attr,
	NULL
};

static struct attribute *series_attrs[] = {
	&skew_attr.attr,
	&skew_ppb_attr.attr,
	&skew_error_ppb_attr.attr,
	&phase_ns_attr.attr,
	&steps_attr.attr,
	&step_last_ns_attr.attr,
	&step_max_ns_attr.attr,
	&step_alert_ns_attr.attr.attr,
	&skew_alert_ppb_attr.attr.attr,
	NULL
};

static struct attribute *exact_attrs[] = {
	&exact_attr.attr,
	NULL
};

static struct attribute *read_attrs[] = {
	&read_min_ns_attr.attr,
	&read_avg_ns_attr.attr,
	NULL
};

static umode_t warp_visible(struct kobject *kobj, struct attribute *attr,
			    int n)
{
	return tscope_clock_of(kobj)->ops->lane != TSCOPE_NO_LANE ?
	       attr->mode : 0;
}

static umode_t series_visible(struct kobject *kobj, struct attribute *attr,
			      int n)
{
	return tscope_clock_has_points(tscope_clock_of(kobj)) ? attr->mode : 0;
}

/* ptp-kvm has a file of its own: its offset may be bracketed, its readings are not. */
static umode_t exact_visible(struct kobject *kobj, struct attribute *attr,
			     int n)
{
	enum tscope_kind kind = tscope_clock_of(kobj)->ops->kind;

	return kind == TSCOPE_KIND_PAGE || kind == TSCOPE_KIND_AT_TSC ?
	       attr->mode : 0;
}

static umode_t read_visible(struct kobject *kobj, struct attribute *attr,
			    int n)
{
	return tscope_clock_of(kobj)->ops->read ? attr->mode : 0;
}

static const struct attribute_group clock_group = { .attrs = clock_attrs };

static const struct attribute_group warp_group = {
	.attrs = warp_attrs,
	.is_visible = warp_visible,
};

static const struct attribute_group series_group = {
	.attrs = series_attrs,
	.is_visible = series_visible,
};

static const struct attribute_group exact_group = {
	.attrs = exact_attrs,
	.is_visible = exact_visible,
};

static const struct attribute_group read_group = {
	.attrs = read_attrs,
	.is_visible = read_visible,
};

static const struct attribute_group *clock_groups[] = {
	&clock_group,
	&warp_group,
	&tscope_offset_group,
	&series_group,
	&exact_group,
	&read_group,
	NULL
};

static void dir_release(struct kobject *kobj)
{
	complete(&tscope_clock_of(kobj)->dir_released);
}

static const struct kobj_type dir_type = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = dir_release,
	.default_groups = clock_groups,
};

/* What it leaves on an error is removed by tscope_sysfs_clocks_exit(). */
static int dir_make(struct tscope_clock *clk, struct kset *kset)
{
	int err;

	init_completion(&clk->dir_released);
	clk->dir.kset = kset;
	err = kobject_init_and_add(&clk->dir, &dir_type, NULL, "%s",
				   clk->ops->name);
	if (err) {
		kobject_put(&clk->dir);
		return err;
	}
	return clk->ops->group ? sysfs_create_group(&clk->dir, clk->ops->group) : 0;
}

/**
 * tscope_sysfs_clocks_init() - make a directory for each clock
 * @kset: /sys/kernel/tscope
 *
 * Context: process, at load.
 *
 * Return: 0, or an errno with nothing held.
 */
int tscope_sysfs_clocks_init(struct kset *kset)
{
	unsigned int i;
	int err;

	for (i = 0; i < tscope_clock_count(); i++) {
		err = dir_make(tscope_clock_get(i), kset);
		if (err) {
			tscope_sysfs_clocks_exit();
			return err;
		}
	}
	return 0;
}

/**
 * tscope_sysfs_clocks_exit() - remove the clocks' directories
 *
 * Waits for whoever is in one of their files, and until nobody refers to them: what releases
 * them is code of the module, and they are part of their clocks. Context: process, may sleep.
 */
void tscope_sysfs_clocks_exit(void)
{
	struct tscope_clock *clk;
	unsigned int i;

	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		if (!clk->dir.state_in_sysfs)
			continue;
		if (clk->ops->group)
			sysfs_remove_group(&clk->dir, clk->ops->group);
		kobject_del(&clk->dir);
		kobject_put(&clk->dir);
	}
	/* apart, for a debug kernel releases each some seconds later */
	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		if (!clk->dir.state_initialized)
			continue;
		wait_for_completion(&clk->dir_released);
		memset(&clk->dir, 0, sizeof(clk->dir));
	}
}
