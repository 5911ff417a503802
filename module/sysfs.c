// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/tscope: the controls. Each is described in
 * Documentation/ABI/testing/sysfs-kernel-tscope.
 */
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "clock.h"
#include "control.h"
#include "sysfs.h"

static struct kset *kset;

/**
 * tscope_control_store() - take what was written to a file
 * @kobj: its directory
 * @attr: the file, of a struct tscope_control
 * @buf: what was written
 * @count: its length
 *
 * kernfs hands on the first page of a longer write as if it were all of it. So a page is
 * no value. Context: process, may sleep.
 *
 * Return: @count; -EINVAL for a page; or the errno of the control's set().
 */
ssize_t tscope_control_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	const struct tscope_control *c = tscope_control_of(attr);
	int err;

	if (count >= PAGE_SIZE)
		return -EINVAL;
	err = c->set(kobj, c, buf);
	return err ?: count;
}

static ssize_t enabled_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", tscope_enabled());
}

/* 0 or 1, and nothing else that kstrtobool() would take. */
static int parse_flag(const char *buf, u8 *value)
{
	int err = kstrtou8(buf, 10, value);

	if (err)
		return err;
	return *value > 1 ? -ERANGE : 0;
}

static int enabled_set(struct kobject *kobj, const struct tscope_control *c,
		       const char *buf)
{
	u8 on;
	int err = parse_flag(buf, &on);

	return err ?: tscope_enable(on);
}

static int reset_set(struct kobject *kobj, const struct tscope_control *c,
		     const char *buf)
{
	u8 on;
	int err = parse_flag(buf, &on);

	if (!err && !on)
		err = -ERANGE;
	if (!err)
		tscope_reset();
	return err;
}

/* A list in steps ("0-8191:2/4") is short when it is written, and long when it is read. */
static ssize_t cpus_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	cpumask_var_t cpus;
	ssize_t len;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	tscope_get_cpus(cpus);
	len = snprintf(buf, PAGE_SIZE, "%*pbl\n", cpumask_pr_args(cpus));
	free_cpumask_var(cpus);
	return len < PAGE_SIZE ? len : -EFBIG;
}

static int cpus_set(struct kobject *kobj, const struct tscope_control *c,
		    const char *buf)
{
	return tscope_set_cpus(buf);
}

static ssize_t clocks_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	unsigned int i;
	ssize_t len = 0;

	for (i = 0; i < tscope_clock_count(); i++)
		len += sysfs_emit_at(buf, len, "%s%s", i ? " " : "",
				     tscope_clock_get(i)->ops->name);
	return len + sysfs_emit_at(buf, len, "\n");
}

static ssize_t alerts_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%llu\n", tscope_alerts_count());
}

static ssize_t alert_interval_s_show(struct kobject *kobj,
				     struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(tscope_alert_interval_s));
}

static int alert_interval_s_set(struct kobject *kobj,
				const struct tscope_control *c, const char *buf)
{
	u32 value;
	int err = kstrtou32(buf, 10, &value);

	if (!err && (!value || value > TSCOPE_ALERT_INTERVAL_MAX_S))
		err = -ERANGE;
	if (!err)
		WRITE_ONCE(tscope_alert_interval_s, value);
	return err;
}

static ssize_t param_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  tscope_get_param(tscope_control_of(attr)->param));
}

static int param_set(struct kobject *kobj, const struct tscope_control *c,
		     const char *buf)
{
	u32 value;
	int err = kstrtou32(buf, 10, &value);

	return err ?: tscope_set_param(c->param, value);
}

#define CONTROL(name) \
	static struct tscope_control name##_attr = { \
		.attr = __ATTR(name, 0644, name##_show, tscope_control_store), \
		.set = name##_set, \
	}

#define PARAM(name) \
	static struct tscope_control name##_attr = { \
		.attr = __ATTR(name, 0644, param_show, tscope_control_store), \
		.set = param_set, \
		.param = offsetof(struct tscope_params, name), \
	}

CONTROL(enabled);
CONTROL(cpus);
CONTROL(alert_interval_s);
PARAM(period_us);
PARAM(width_us);
PARAM(burst_us);
PARAM(fit_window_s);

static struct tscope_control reset_attr = {
	.attr = __ATTR(reset, 0200, NULL, tscope_control_store),
	.set = reset_set,
};

static struct kobj_attribute clocks_attr = __ATTR_RO(clocks);
static struct kobj_attribute alerts_attr = __ATTR_RO(alerts);

static struct attribute *control_attrs[] = {
	&enabled_attr.attr.attr,
	&reset_attr.attr.attr,
	&period_us_attr.attr.attr,
	&width_us_attr.attr.attr,
	&burst_us_attr.attr.attr,
	&fit_window_s_attr.attr.attr,
	&cpus_attr.attr.attr,
	&clocks_attr.attr,
	&alerts_attr.attr,
	&alert_interval_s_attr.attr.attr,
	NULL
};

static const struct attribute_group control_group = {
	.attrs = control_attrs,
};

/**
 * tscope_sysfs_init() - make /sys/kernel/tscope
 *
 * Context: process, at load, last of all: its files may be used at once.
 *
 * Return: 0, or an errno with nothing held.
 */
int tscope_sysfs_init(void)
{
	int err;

	/* a kset and not a plain folder, so that uevents reach udev */
	kset = kset_create_and_add("tscope", NULL, kernel_kobj);
	if (!kset)
		return -ENOMEM;
	err = tscope_sysfs_clocks_init(kset);
	if (err)
		goto unregister;
	err = sysfs_create_group(&kset->kobj, &control_group);
	if (err)
		goto clocks;
	tscope_alerts_start(&kset->kobj);
	return 0;

clocks:
	tscope_sysfs_clocks_exit();
unregister:
	kset_unregister(kset);
	return err;
}

/**
 * tscope_sysfs_exit() - remove /sys/kernel/tscope
 *
 * Waits for whoever is in one of its files. Context: process.
 */
void tscope_sysfs_exit(void)
{
	tscope_alerts_stop();
	sysfs_remove_group(&kset->kobj, &control_group);
	tscope_sysfs_clocks_exit();
	kset_unregister(kset);
}
