// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/tscope/<clock>: offsets between CPUs, of the TSC and of the time
 * page's clock.
 *
 * Files are generated on read from what the samplers publish.
 */
#include <linux/gcd.h>
#include <linux/jiffies.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>

#include "exchange.h"
#include "sysfs.h"

/* offset_bound_ns belongs to the offset_max_ns that was read before it. */
#define KEPT_MS	1000

static DEFINE_MUTEX(kept_lock);	/* protects kept */
static struct {
	u64 bound_ns;
	u64 at_ms;
} kept[TSCOPE_MAILBOX_LANES];

static enum tscope_lane lane_of(struct kobject *kobj)
{
	return tscope_clock_of(kobj)->ops->lane;
}

static ssize_t offset_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct tscope_pairs_summary s;
	const struct tscope_offset *o = &s.worst;

	tscope_pairs_summary(lane_of(kobj), &s);
	if (!s.found)
		return -ENODATA;
	return sysfs_emit(buf, "%lld %llu %d %d %d %llu\n", o->offset_ns,
			  o->bound_ns, o->cpu_i, o->cpu_j, o->moving,
			  tscope_now_ms() - o->at_ms);
}

static ssize_t offset_max_ns_show(struct kobject *kobj,
				  struct kobj_attribute *attr, char *buf)
{
	enum tscope_lane lane = lane_of(kobj);
	struct tscope_pairs_summary s;

	tscope_pairs_summary(lane, &s);
	if (!s.found)
		return -ENODATA;
	mutex_lock(&kept_lock);
	kept[lane].bound_ns = s.worst.bound_ns;
	kept[lane].at_ms = tscope_now_ms();
	mutex_unlock(&kept_lock);
	return sysfs_emit(buf, "%lld\n", s.worst.offset_ns);
}

static ssize_t offset_bound_ns_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	enum tscope_lane lane = lane_of(kobj);
	struct tscope_pairs_summary s;
	u64 bound_ns = 0;

	mutex_lock(&kept_lock);
	if (kept[lane].at_ms && tscope_now_ms() - kept[lane].at_ms <= KEPT_MS)
		bound_ns = kept[lane].bound_ns;
	kept[lane].at_ms = 0;
	mutex_unlock(&kept_lock);
	if (!bound_ns) {
		tscope_pairs_summary(lane, &s);
		if (!s.found)
			return -ENODATA;
		bound_ns = s.worst.bound_ns;
	}
	return sysfs_emit(buf, "%llu\n", bound_ns);
}

static ssize_t moving_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct tscope_pairs_summary s;

	tscope_pairs_summary(lane_of(kobj), &s);
	return sysfs_emit(buf, "%llu\n", s.moving);
}

static ssize_t unmet_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	struct tscope_pairs_summary s;

	tscope_pairs_summary(lane_of(kobj), &s);
	return sysfs_emit(buf, "%llu\n", s.unmet);
}

static ssize_t widest_bound_ns_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	struct tscope_pairs_summary s;

	tscope_pairs_summary(lane_of(kobj), &s);
	if (!s.found)
		return -ENODATA;
	return sysfs_emit(buf, "%llu\n", s.widest_ns);
}

static ssize_t step_cycles_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	struct tscope_cpu *c;
	u64 step = 0;

	for_each_tscope_cpu(c)
		step = gcd(step, READ_ONCE(c->step_cyc));
	return step ? sysfs_emit(buf, "%llu\n", step) : -ENODATA;
}

static struct kobj_attribute offset_attr = __ATTR_RO(offset);
static struct kobj_attribute offset_max_ns_attr = __ATTR_RO(offset_max_ns);
static struct kobj_attribute offset_bound_ns_attr = __ATTR_RO(offset_bound_ns);
static struct kobj_attribute moving_attr = __ATTR_RO(moving);
static struct kobj_attribute unmet_attr = __ATTR_RO(unmet);
static struct kobj_attribute widest_bound_ns_attr = __ATTR_RO(widest_bound_ns);
static struct kobj_attribute step_cycles_attr = __ATTR_RO(step_cycles);

static struct attribute *offset_attrs[] = {
	&offset_attr.attr,
	&offset_max_ns_attr.attr,
	&offset_bound_ns_attr.attr,
	&moving_attr.attr,
	&unmet_attr.attr,
	&widest_bound_ns_attr.attr,
	&step_cycles_attr.attr,
	NULL
};

static umode_t offset_visible(struct kobject *kobj, struct attribute *attr,
			      int i)
{
	enum tscope_lane lane = lane_of(kobj);

	if (lane < 0 || lane >= TSCOPE_MAILBOX_LANES ||
	    (attr == &step_cycles_attr.attr && lane != TSCOPE_LANE_TSC))
		return 0;
	return attr->mode;
}

/* tscope_offset_group - files of clocks that CPUs exchange */
const struct attribute_group tscope_offset_group = {
	.attrs = offset_attrs,
	.is_visible = offset_visible,
};
