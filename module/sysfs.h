/* SPDX-License-Identifier: GPL-2.0 */
/* What the files in sysfs share. */
#ifndef TSCOPE_SYSFS_H
#define TSCOPE_SYSFS_H

#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "events.h"

struct tscope_clock;

/**
 * struct tscope_setting - a file that can be written
 * @attr: the file; its store is tscope_setting_store()
 * @set: sets a number from @min to @max; returns 0, or an errno with nothing changed
 * @set_text: takes the text itself, in place of @set; returns as @set
 * @min: the least number
 * @max: the largest number
 * @which: which parameter or limit @set sets
 */
struct tscope_setting {
	struct kobj_attribute attr;
	int (*set)(struct kobject *dir, const struct tscope_setting *s,
		   u64 value);
	int (*set_text)(const char *text);
	u64 min;
	u64 max;
	size_t which;
};

#define tscope_setting_of(_attr) \
	container_of(_attr, struct tscope_setting, attr)

/* A file whose show and set functions begin with @_name. */
#define TSCOPE_SETTING(_file, _name, _min, _max, _which) \
	static struct tscope_setting _file##_attr = { \
		.attr = __ATTR(_file, 0644, _name##_show, tscope_setting_store), \
		.set = _name##_set, \
		.min = _min, \
		.max = _max, \
		.which = _which, \
	}

/* sysfs_setting.c */
ssize_t tscope_setting_store(struct kobject *dir, struct kobj_attribute *attr,
			     const char *buf, size_t count);

/* sysfs_clock.c */
int tscope_sysfs_clock_add(struct tscope_clock *clk, struct kset *kset);
void tscope_sysfs_clock_remove(struct tscope_clock *clk);
void tscope_sysfs_clock_wait(struct tscope_clock *clk);

#endif /* TSCOPE_SYSFS_H */
