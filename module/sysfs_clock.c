// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/tscope/<clock>: a clock's figures. Each is described in
 * Documentation/ABI/testing/sysfs-kernel-tscope.
 */
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "cpu.h"
#include "sysfs.h"

/**
 * struct tscope_clock_dir - a clock's folder
 * @kobj: the folder
 * @clk: the clock
 */
struct tscope_clock_dir {
	struct kobject kobj;
	struct tscope_clock *clk;
};

/**
 * tscope_clock_of() - the clock of a folder
 * @dir: folder
 *
 * Return: the clock.
 */
struct tscope_clock *tscope_clock_of(struct kobject *dir)
{
	return container_of(dir, struct tscope_clock_dir, kobj)->clk;
}

/**
 * tscope_clock_kobj() - the folder of a clock
 * @clk: clock; its folder is there
 *
 * Return: the folder.
 */
struct kobject *tscope_clock_kobj(struct tscope_clock *clk)
{
	return &clk->dir->kobj;
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
			n += READ_ONCE(l->backward);
			break;
		case BACKWARD_MAX:
			n = max(n, READ_ONCE(l->backward_max));
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
SHOW_U64(backward, READ_ONCE(clk->backward) + lane_figure(clk, BACKWARD));
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

static ssize_t skew_ppb_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	struct tscope_fit fit;
	int err = tscope_clock_fit(tscope_clock_of(kobj), &fit);

	if (err)
		return -ENODATA;
	return emit_milli(buf, fit.skew_mppb < 0, tscope_abs64(fit.skew_mppb));
}

static ssize_t skew_error_ppb_show(struct kobject *kobj,
				   struct kobj_attribute *attr, char *buf)
{
	struct tscope_fit fit;
	int err = tscope_clock_fit(tscope_clock_of(kobj), &fit);

	if (err)
		return -ENODATA;
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

static ssize_t offset_max_ns_show(struct kobject *kobj,
				  struct kobj_attribute *attr, char *buf)
{
	struct tscope_pair pair;
	int err = tscope_exchange_largest(tscope_clock_of(kobj)->ops->lane,
					  &pair);

	return err ?: sysfs_emit(buf, "%lld\n", pair.offset_ns);
}

static ssize_t offset_bound_ns_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	struct tscope_pair pair;
	int err = tscope_exchange_largest(tscope_clock_of(kobj)->ops->lane,
					  &pair);

	return err ?: sysfs_emit(buf, "%llu\n", pair.bound_ns);
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
static struct kobj_attribute offset_max_ns_attr = __ATTR_RO(offset_max_ns);
static struct kobj_attribute offset_bound_ns_attr = __ATTR_RO(offset_bound_ns);

/* A limit: of its file's cause, up to what the figure can be. */
struct limit_attr {
	struct kobj_attribute attr;
	enum tscope_cause cause;
	u64 max;
};

static ssize_t limit_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	struct limit_attr *l = container_of(attr, struct limit_attr, attr);
	struct tscope_clock *clk = tscope_clock_of(kobj);

	return sysfs_emit(buf, "%llu\n", READ_ONCE(clk->alert[l->cause].limit));
}

static ssize_t limit_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	struct limit_attr *l = container_of(attr, struct limit_attr, attr);
	struct tscope_clock *clk = tscope_clock_of(kobj);
	u64 value;
	int err = kstrtou64(buf, 10, &value);

	if (!err && value > l->max)
		err = -ERANGE;
	if (!err)
		WRITE_ONCE(clk->alert[l->cause].limit, value);
	return err ?: count;
}

#define LIMIT(name, which, most) \
	static struct limit_attr name##_attr = { \
		.attr = __ATTR(name, 0644, limit_show, limit_store), \
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

static struct attribute *pair_attrs[] = {
	&offset_max_ns_attr.attr,
	&offset_bound_ns_attr.attr,
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

static umode_t pair_visible(struct kobject *kobj, struct attribute *attr,
			    int n)
{
	int lane = tscope_clock_of(kobj)->ops->lane;

	return lane != TSCOPE_NO_LANE && lane < TSCOPE_PAIR_LANES ?
	       attr->mode : 0;
}

static umode_t series_visible(struct kobject *kobj, struct attribute *attr,
			      int n)
{
	return tscope_clock_of(kobj)->ops->series ? attr->mode : 0;
}

/* ptp-kvm has a file of its own: its offset may be bracketed, its readings are not. */
static umode_t exact_visible(struct kobject *kobj, struct attribute *attr,
			     int n)
{
	enum tscope_kind kind = tscope_clock_of(kobj)->ops->kind;

	return kind == TSCOPE_KIND_PAGE || kind == TSCOPE_KIND_KERNEL ?
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

static const struct attribute_group pair_group = {
	.attrs = pair_attrs,
	.is_visible = pair_visible,
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
	&pair_group,
	&series_group,
	&exact_group,
	&read_group,
	NULL
};

static void dir_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct tscope_clock_dir, kobj));
}

static const struct kobj_type dir_type = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = dir_release,
	.default_groups = clock_groups,
};

static int dir_make(struct tscope_clock *clk, struct kset *kset)
{
	struct tscope_clock_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int err;

	if (!dir)
		return -ENOMEM;
	dir->clk = clk;
	dir->kobj.kset = kset;
	err = kobject_init_and_add(&dir->kobj, &dir_type, NULL, "%s",
				   clk->ops->name);
	if (!err && clk->ops->group)
		err = sysfs_create_group(&dir->kobj, clk->ops->group);
	if (err) {
		kobject_put(&dir->kobj);
		return err;
	}
	clk->dir = dir;
	return 0;
}

/**
 * tscope_sysfs_clocks_init() - make a folder for each clock
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
 * tscope_sysfs_clocks_exit() - remove the clocks' folders
 *
 * Waits for whoever is in one of their files. Context: process.
 */
void tscope_sysfs_clocks_exit(void)
{
	struct tscope_clock *clk;
	unsigned int i;

	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		if (!clk->dir)
			continue;
		if (clk->ops->group)
			sysfs_remove_group(&clk->dir->kobj, clk->ops->group);
		kobject_del(&clk->dir->kobj);
		kobject_put(&clk->dir->kobj);
		clk->dir = NULL;
	}
}
