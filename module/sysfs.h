/* SPDX-License-Identifier: GPL-2.0 */
/* Files in sysfs and debugfs. */
#ifndef TSCOPE_SYSFS_H
#define TSCOPE_SYSFS_H

#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "events.h"

/**
 * struct tscope_control - a file that can be written
 * @attr: the file; its store is tscope_control_store()
 * @set: takes what was written, a string; returns 0, or an errno with nothing changed
 * @param: of a parameter: its place in struct tscope_params
 * @cause: of a limit: what it is a limit for
 * @max: of a limit: the largest value
 */
struct tscope_control {
	struct kobj_attribute attr;
	int (*set)(struct kobject *kobj, const struct tscope_control *c,
		   const char *buf);
	size_t param;
	enum tscope_cause cause;
	u64 max;
};

#define tscope_control_of(_attr) \
	container_of(_attr, struct tscope_control, attr)

ssize_t tscope_control_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count);

extern const struct attribute_group tscope_offset_group;

int tscope_sysfs_init(void);
void tscope_sysfs_exit(void);
int tscope_sysfs_clocks_init(struct kset *kset);
void tscope_sysfs_clocks_exit(void);
void tscope_debugfs_init(void);
void tscope_debugfs_exit(void);

#endif /* TSCOPE_SYSFS_H */
