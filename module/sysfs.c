// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/tscope: the controls, and the clocks' directories. Each file is
 * described in Documentation/ABI/testing/sysfs-kernel-tscope.
 */
#include <linux/sysfs.h>

#include "clock.h"
#include "control.h"
#include "sysfs.h"

static struct kset *kset;

static ssize_t enabled_show(struct kobject *dir, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", tscope_enabled());
}

static int enabled_set(struct kobject *dir, const struct tscope_setting *s,
		       u64 value)
{
	return tscope_enable(value);
}

static int reset_set(struct kobject *dir, const struct tscope_setting *s,
		     u64 value)
{
	tscope_reset();
	return 0;
}

static ssize_t param_show(struct kobject *dir, struct kobj_attribute *attr,
			  char *buf)
{
	const u32 *param = tscope_param_at(&tscope_params, tscope_setting_of(attr)->which);

	return sysfs_emit(buf, "%u\n", READ_ONCE(*param));
}

static int param_set(struct kobject *dir, const struct tscope_setting *s,
		     u64 value)
{
	return tscope_set_param(s->which, value);
}

/* A list in steps ("0-8191:2/4") is short when it is written, and long when it is read. */
static ssize_t cpus_show(struct kobject *dir, struct kobj_attribute *attr,
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

static ssize_t alert_interval_s_show(struct kobject *dir,
				     struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(tscope_alert_interval_s));
}

static int alert_interval_s_set(struct kobject *dir,
				const struct tscope_setting *s, u64 value)
{
	WRITE_ONCE(tscope_alert_interval_s, value);
	return 0;
}

static ssize_t clocks_show(struct kobject *dir, struct kobj_attribute *attr,
			   char *buf)
{
	unsigned int i;
	ssize_t len = 0;

	for (i = 0; i < tscope_clock_count(); i++)
		len += sysfs_emit_at(buf, len, "%s%s", i ? " " : "",
				     tscope_clock_get(i)->ops->name);
	return len + sysfs_emit_at(buf, len, "\n");
}

static ssize_t alerts_show(struct kobject *dir, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%llu\n", tscope_alerts_count());
}

/* tscope_set_param() knows the ranges */
#define PARAM(name) \
	TSCOPE_SETTING(name, param, 0, U32_MAX, \
		       offsetof(struct tscope_params, name))

TSCOPE_SETTING(enabled, enabled, 0, 1, 0);
PARAM(period_us);
PARAM(width_us);
PARAM(burst_us);
PARAM(fit_window_s);
TSCOPE_SETTING(alert_interval_s, alert_interval_s, 1,
	       TSCOPE_ALERT_INTERVAL_MAX_S, 0);

static struct tscope_setting reset_attr = {
	.attr = __ATTR(reset, 0200, NULL, tscope_setting_store),
	.set = reset_set,
	.min = 1,
	.max = 1,
};

static struct tscope_setting cpus_attr = {
	.attr = __ATTR(cpus, 0644, cpus_show, tscope_setting_store),
	.set_text = tscope_set_cpus,
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

static void remove_clocks(void)
{
	unsigned int i;

	for (i = 0; i < tscope_clock_count(); i++)
		tscope_sysfs_clock_remove(tscope_clock_get(i));
	/* a debug kernel releases each some seconds later: wait for all at once */
	for (i = 0; i < tscope_clock_count(); i++)
		tscope_sysfs_clock_wait(tscope_clock_get(i));
}

/**
 * tscope_sysfs_init() - create /sys/kernel/tscope
 *
 * Context: process, at load, after all else: the files may be used at once.
 *
 * Return: 0, or an errno with nothing held.
 */
int tscope_sysfs_init(void)
{
	unsigned int i;
	int err = 0;

	/* a kset, not a plain directory, so that uevents reach udev */
	kset = kset_create_and_add("tscope", NULL, kernel_kobj);
	if (!kset)
		return -ENOMEM;
	for (i = 0; i < tscope_clock_count() && !err; i++)
		err = tscope_sysfs_clock_add(tscope_clock_get(i), kset);
	if (!err)
		err = sysfs_create_group(&kset->kobj, &control_group);
	if (err) {
		remove_clocks();
		kset_unregister(kset);
	}
	return err;
}

/**
 * tscope_sysfs_exit() - stop sampling, and remove /sys/kernel/tscope
 *
 * Waits until nobody uses one of its files. Context: process.
 */
void tscope_sysfs_exit(void)
{
	sysfs_remove_group(&kset->kobj, &control_group);
	/* nobody can start it any more; alerts need the clocks' directories */
	tscope_enable(false);
	tscope_alerts_finish();
	remove_clocks();
	kset_unregister(kset);
}
