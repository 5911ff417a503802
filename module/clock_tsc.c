// SPDX-License-Identifier: GPL-2.0
/*
 * tsc: the time base that every clock is held against.
 *
 * Read by every CPU in its bursts, one ordered read a reading: about 40
 * cycles natively.
 */
#include <linux/kobject.h>

#include "clock.h"

static ssize_t khz_show(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%u\n", tscope_tsc_khz);
}

static struct kobj_attribute khz_attr = __ATTR_RO(khz);

static struct attribute *tsc_attrs[] = {
	&khz_attr.attr,
	NULL
};

static const struct attribute_group tsc_group = {
	.attrs = tsc_attrs,
};

const struct tscope_clock_ops tscope_clock_tsc = {
	.name = "tsc",
	.lane = TSCOPE_LANE_TSC,
	.group = &tsc_group,
};
