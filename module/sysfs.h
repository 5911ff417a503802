/* SPDX-License-Identifier: GPL-2.0 */
/* What the files in sysfs share. */
#ifndef TSCOPE_SYSFS_H
#define TSCOPE_SYSFS_H

#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

struct tscope_clock;

/* The store function of a file: @_set uses "value", @_min to @_max, and yields 0 or an errno. */
#define TSCOPE_STORE(_name, _min, _max, _set) \
static ssize_t _name##_store(struct kobject *dir, struct kobj_attribute *attr, const char *buf, \
			     size_t count) \
{ \
	u64 value; \
	int err = tscope_written_number(buf, count, _min, _max, &value) ?: (_set); \
									\
	return err ?: count; \
}

/*
 * Parse the number that is written to a file. Returns 0; -EINVAL if it is not a number, or if
 * @count is a page or more, because kernfs cuts longer writes to their first page; or -ERANGE.
 */
static inline int tscope_written_number(const char *buf, size_t count, u64 min, u64 max, u64 *value)
{
	int err = count < PAGE_SIZE ? kstrtou64(buf, 10, value) : -EINVAL;

	return err ?: (*value < min || *value > max ? -ERANGE : 0);
}

/* sysfs_clock.c */
int tscope_sysfs_clock_add(struct tscope_clock *clk, struct kset *kset);
void tscope_sysfs_clock_remove(struct tscope_clock *clk);
void tscope_sysfs_clock_wait(struct tscope_clock *clk);

#endif /* TSCOPE_SYSFS_H */
