// SPDX-License-Identifier: GPL-2.0
/*
 * How files in /sys/kernel/tscope are written: one store function for all of them.
 */
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "sysfs.h"

/**
 * tscope_setting_store() - store function of all files that can be written
 * @dir: directory of the file
 * @attr: the file, of a struct tscope_setting
 * @buf: what was written
 * @count: its length
 *
 * kernfs passes on the first page of a longer write as if it were all of it, so a
 * page is refused. Context: process, may sleep.
 *
 * Return: @count; with nothing changed -EINVAL for a page or what is not a number,
 * -ERANGE for a number out of range, or the errno of the setting's function.
 */
ssize_t tscope_setting_store(struct kobject *dir, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	const struct tscope_setting *s = tscope_setting_of(attr);
	u64 value;
	int err;

	if (count >= PAGE_SIZE)
		return -EINVAL;
	if (s->set_text) {
		err = s->set_text(buf);
	} else {
		err = kstrtou64(buf, 10, &value);
		if (!err && (value < s->min || value > s->max))
			err = -ERANGE;
		err = err ?: s->set(dir, s, value);
	}
	return err ?: count;
}
