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

static ssize_t enabled_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	u8 on;
	int err = parse_flag(buf, &on);

	if (!err)
		err = tscope_enable(on);
	return err ?: count;
}

static ssize_t reset_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	u8 on;
	int err = parse_flag(buf, &on);

	if (!err && !on)
		err = -ERANGE;
	if (!err)
		tscope_reset();
	return err ?: count;
}

static ssize_t cpus_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	cpumask_var_t cpus;
	ssize_t len;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	tscope_get_cpus(cpus);
	len = sysfs_emit(buf, "%*pbl\n", cpumask_pr_args(cpus));
	free_cpumask_var(cpus);
	return len;
}

static ssize_t cpus_store(struct kobject *kobj, struct kobj_attribute *attr,
			  const char *buf, size_t count)
{
	return tscope_set_cpus(buf) ?: count;
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

static ssize_t alert_interval_s_store(struct kobject *kobj,
				      struct kobj_attribute *attr,
				      const char *buf, size_t count)
{
	u32 value;
	int err = kstrtou32(buf, 10, &value);

	if (!err && (!value || value > TSCOPE_ALERT_INTERVAL_MAX_S))
		err = -ERANGE;
	if (!err)
		WRITE_ONCE(tscope_alert_interval_s, value);
	return err ?: count;
}

struct param_attr {
	struct kobj_attribute attr;
	size_t param;	/* its place in struct tscope_params */
};

static ssize_t param_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	struct param_attr *p = container_of(attr, struct param_attr, attr);

	return sysfs_emit(buf, "%u\n", tscope_get_param(p->param));
}

static ssize_t param_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	struct param_attr *p = container_of(attr, struct param_attr, attr);
	u32 value;
	int err = kstrtou32(buf, 10, &value);

	if (!err)
		err = tscope_set_param(p->param, value);
	return err ?: count;
}

#define PARAM(name) \
	static struct param_attr name##_attr = { \
		.attr = __ATTR(name, 0644, param_show, param_store), \
		.param = offsetof(struct tscope_params, name), \
	}

PARAM(period_us);
PARAM(width_us);
PARAM(burst_us);
PARAM(fit_window_s);

static struct kobj_attribute enabled_attr = __ATTR_RW(enabled);
static struct kobj_attribute reset_attr = __ATTR_WO(reset);
static struct kobj_attribute cpus_attr = __ATTR_RW(cpus);
static struct kobj_attribute clocks_attr = __ATTR_RO(clocks);
static struct kobj_attribute alerts_attr = __ATTR_RO(alerts);
static struct kobj_attribute alert_interval_s_attr =
	__ATTR_RW(alert_interval_s);

static struct attribute *control_attrs[] = {
	&enabled_attr.attr,
	&reset_attr.attr,
	&period_us_attr.attr.attr,
	&width_us_attr.attr.attr,
	&burst_us_attr.attr.attr,
	&fit_window_s_attr.attr.attr,
	&cpus_attr.attr,
	&clocks_attr.attr,
	&alerts_attr.attr,
	&alert_interval_s_attr.attr,
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
