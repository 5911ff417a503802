// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/tscope: the controls, and the clocks' directories. Each file is described in
 * Documentation/ABI/testing/sysfs-kernel-tscope.
 */
#include "clock.h"
#include "control.h"
#include "sysfs.h"

static struct kset *kset;

#define SHOW(name, format, value) \
static ssize_t name##_show(struct kobject *dir, struct kobj_attribute *attr, char *buf) \
{ \
	return sysfs_emit(buf, format "\n", value); \
}

static int set_alert_interval(u64 value)
{
	WRITE_ONCE(tscope_alert_interval_s, value);
	return 0;
}

static int reset_all(void)
{
	tscope_reset();
	return 0;
}

SHOW(enabled, "%d", tscope_enabled())
TSCOPE_STORE(enabled, 0, 1, tscope_enable(value))
TSCOPE_STORE(reset, 1, 1, reset_all())

/* tscope_set_param() knows the ranges */
#define SET(name)	tscope_set_param(offsetof(struct tscope_params, name), value)

SHOW(period_us, "%u", READ_ONCE(tscope_params.period_us))
TSCOPE_STORE(period_us, 0, U32_MAX, SET(period_us))
SHOW(width_us, "%u", READ_ONCE(tscope_params.width_us))
TSCOPE_STORE(width_us, 0, U32_MAX, SET(width_us))
SHOW(burst_us, "%u", READ_ONCE(tscope_params.burst_us))
TSCOPE_STORE(burst_us, 0, U32_MAX, SET(burst_us))
SHOW(fit_window_s, "%u", READ_ONCE(tscope_params.fit_window_s))
TSCOPE_STORE(fit_window_s, 0, U32_MAX, SET(fit_window_s))

SHOW(alerts, "%llu", tscope_alerts_count())
SHOW(alert_interval_s, "%u", READ_ONCE(tscope_alert_interval_s))
TSCOPE_STORE(alert_interval_s, 1, TSCOPE_ALERT_INTERVAL_MAX_S, set_alert_interval(value))

/* -EFBIG: a list in steps ("0-8191:2/4") is short when it is written, but long when it is read. */
static ssize_t cpus_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
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

static ssize_t cpus_store(struct kobject *dir, struct kobj_attribute *attr, const char *buf,
			  size_t count)
{
	int err = count < PAGE_SIZE ? tscope_set_cpus(buf) : -EINVAL;

	return err ?: count;
}

static ssize_t clocks_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	unsigned int i;
	ssize_t len = 0;

	for (i = 0; i < tscope_clock_count(); i++)
		len += sysfs_emit_at(buf, len, "%s%s", i ? " " : "",
				     tscope_clock_get(i)->ops->name);
	return len + sysfs_emit_at(buf, len, "\n");
}

static const struct kobj_attribute controls[] = {
	__ATTR_RW(enabled),
	__ATTR_WO(reset),
	__ATTR_RW(period_us),
	__ATTR_RW(width_us),
	__ATTR_RW(burst_us),
	__ATTR_RW(fit_window_s),
	__ATTR_RW(cpus),
	__ATTR_RO(clocks),
	__ATTR_RO(alerts),
	__ATTR_RW(alert_interval_s),
};

static void remove_all(void)
{
	unsigned int i;

	for (i = 0; i < tscope_clock_count(); i++)
		tscope_sysfs_clock_remove(tscope_clock_get(i));
	/* a debug kernel releases a directory some seconds later: wait for all of them together */
	for (i = 0; i < tscope_clock_count(); i++)
		tscope_sysfs_clock_wait(tscope_clock_get(i));
	kset_unregister(kset);
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
	for (i = 0; i < ARRAY_SIZE(controls) && !err; i++)
		err = sysfs_create_file(&kset->kobj, &controls[i].attr);
	if (err)
		tscope_sysfs_exit();
	return err;
}

/**
 * tscope_sysfs_exit() - stop sampling, and remove /sys/kernel/tscope
 *
 * Waits until nobody uses one of its files. Context: process.
 */
void tscope_sysfs_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(controls); i++)
		sysfs_remove_file(&kset->kobj, &controls[i].attr);
	/* nobody can start sampling any more; alerts still need the clocks' directories */
	tscope_enable(false);
	tscope_alerts_finish();
	remove_all();
}
