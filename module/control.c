// SPDX-License-Identifier: GPL-2.0
/*
 * Starting, stopping and changing the samplers.
 *
 * A change, also a reset, waits until no window is open, changes what windows use, and lets windows
 * open again. Memory is allocated before, so that a change fails as a whole or not at all.
 *
 * Lock order: control_lock, cpus_read_lock(), the windows' semaphore, tscope_pairs_lock; readers
 * of figures take none of the first three. Hotplug callbacks hold cpus_write_lock() and therefore
 * never take control_lock. smpboot takes cpus_read_lock() itself: threads are started and stopped
 * under control_lock alone.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/suspend.h>

#include "control.h"
#include "moment.h"
#include "sampler.h"
#include "events.h"

/*
 * Protects what follows, the parameters and the threads. Hotplug callbacks read these without it:
 * changes hold cpus_read_lock(), so no change runs meanwhile.
 */
static DEFINE_MUTEX(control_lock);
static struct cpumask chosen;	/* by the user; some may be offline */
static bool suspended;
static enum cpuhp_state hotplug_state;

static void windows_allow(void)
{
	tscope_sampling_resume(tscope_params.enabled && !suspended);
}

/* From here to change_end() no window is open and no CPU comes or goes. */
static void change_begin(void)
{
	lockdep_assert_held(&control_lock);
	cpus_read_lock();
	tscope_sampling_pause();
}

static void change_end(void)
{
	windows_allow();
	cpus_read_unlock();
}

/*
 * Let the online CPUs among @cpus sample, except @leaves, which goes offline (-1: none does). The
 * leader stays if it is among them, else the lowest of them becomes the leader. Returns 0, or
 * -ENOMEM with nothing changed.
 */
static int choose_cpus(const struct cpumask *cpus, int leaves)
{
	struct tscope_cpu *c;
	cpumask_var_t online;
	int cpu, err = 0;

	if (!alloc_cpumask_var(&online, GFP_KERNEL))
		return -ENOMEM;
	cpumask_and(online, cpus, cpu_online_mask);
	if (leaves >= 0)
		cpumask_clear_cpu(leaves, online);
	for_each_cpu(cpu, online)
		if (!tscope_cpu_get(cpu))
			err = -ENOMEM;
	err = err ?: tscope_pairs_choose(online);
	for_each_tscope_cpu(c)
		if (!c->chosen)
			tscope_cpu_quiesce(c);
	cpu = tscope_leader();
	if (!err && (cpu < 0 || !cpumask_test_cpu(cpu, online)))
		tscope_leader_replace(cpu, cpumask_empty(online) ? -1 : cpumask_first(online));
	free_cpumask_var(online);
	return err;
}

static void reset_figures(void)
{
	struct tscope_cpu *c;

	for_each_tscope_cpu(c)
		tscope_cpu_reset(c);
	tscope_pairs_clear();
	tscope_clocks_reset();
	tscope_violations_reset();
	tscope_alerts_reset();
}

static int sampling_start(void)
{
	int err = tscope_samplers_start();

	if (err)
		return err;
	tscope_kernel_lines_watch(true);
	change_begin();
	if (tscope_clocks_refined())
		reset_figures();
	err = choose_cpus(&chosen, -1);
	WRITE_ONCE(tscope_params.enabled, !err);
	change_end();
	if (!err) {
		tscope_alerts_watch(true);
		return 0;
	}
	tscope_samplers_stop();
	tscope_kernel_lines_watch(false);
	return err;
}

static void sampling_stop(void)
{
	tscope_alerts_watch(false);
	change_begin();
	WRITE_ONCE(tscope_params.enabled, false);
	change_end();
	tscope_samplers_stop();
	tscope_kernel_lines_watch(false);
	tscope_leader_replace(tscope_leader(), -1);
}

/**
 * tscope_enable() - start or stop sampling
 * @on: true: start; false: stop
 *
 * What was gathered stays, unless the kernel has refined the TSC's frequency meanwhile.
 * Context: process, may sleep.
 * Return: 0, or an errno with nothing changed.
 */
int tscope_enable(bool on)
{
	int err = 0;

	mutex_lock(&control_lock);
	if (on && !tscope_params.enabled)
		err = sampling_start();
	else if (!on && tscope_params.enabled)
		sampling_stop();
	mutex_unlock(&control_lock);
	return err;
}

/**
 * tscope_set_param() - change a parameter
 * @param: its offset in struct tscope_params
 * @value: its new value
 *
 * What was gathered stays, and so do segments and steps that wait to be judged.
 * Context: process, may sleep.
 * Return: 0; -ERANGE with nothing changed if the value is out of range or does not fit the
 * other parameters.
 */
int tscope_set_param(size_t param, u32 value)
{
	struct tscope_params params;
	int err;

	mutex_lock(&control_lock);
	params = tscope_params;
	*tscope_param_at(&params, param) = value;
	err = tscope_params_check(&params);
	if (!err && value != *tscope_param_at(&tscope_params, param)) {
		change_begin();
		WRITE_ONCE(*tscope_param_at(&tscope_params, param), value);
		change_end();
	}
	mutex_unlock(&control_lock);
	return err;
}

/* Parse a CPU list. Returns 0, -EINVAL or -ERANGE as tscope_set_cpus(), or -ENOMEM. */
static int parse_cpus(const char *list, struct cpumask *cpus)
{
	int err = cpulist_parse(list, cpus);

	if (!err && cpumask_empty(cpus))
		return -EINVAL;
	/* a CPU number of more than 32 bits is out of range too */
	if (err == -EOVERFLOW || (!err && !cpumask_subset(cpus, cpu_possible_mask)))
		return -ERANGE;
	return err;
}

/*
 * All possible CPUs, also offline ones, except those isolated by isolcpus=, nohz_full= or, if the
 * kernel exports them, cpuset partitions. Returns 0, or -EINVAL if all are isolated.
 */
static int default_cpus(struct cpumask *cpus)
{
	int cpu;

	cpumask_clear(cpus);
	/* from 7.0 on partitions may change the kernel's masks meanwhile */
	rcu_read_lock();
	for_each_possible_cpu(cpu)
		if (!tscope_cpu_is_isolated(cpu))
			cpumask_set_cpu(cpu, cpus);
	rcu_read_unlock();
	return cpumask_empty(cpus) ? -EINVAL : 0;
}

/**
 * tscope_set_cpus() - choose the CPUs that sample
 * @list: CPU list
 *
 * A CPU that is possible but offline samples when it comes online. What was gathered stays,
 * except for pairs with a CPU that is no longer chosen. Context: process, may sleep.
 * Return: 0; with nothing changed -EINVAL for a malformed or empty list, -ERANGE for a CPU that
 * is not possible, or -ENOMEM.
 */
int tscope_set_cpus(const char *list)
{
	cpumask_var_t cpus;
	int err;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	err = parse_cpus(list, cpus);
	mutex_lock(&control_lock);
	if (!err && !cpumask_equal(&chosen, cpus)) {
		change_begin();
		if (tscope_params.enabled)
			err = choose_cpus(cpus, -1);
		if (!err)
			cpumask_copy(&chosen, cpus);
		change_end();
	}
	mutex_unlock(&control_lock);
	free_cpumask_var(cpus);
	return err;
}

/**
 * tscope_get_cpus() - the CPUs that are chosen to sample
 * @cpus: copy
 * Context: process, may sleep.
 */
void tscope_get_cpus(struct cpumask *cpus)
{
	mutex_lock(&control_lock);
	cpumask_copy(cpus, &chosen);
	mutex_unlock(&control_lock);
}

/**
 * tscope_reset() - set all statistics to zero
 * Context: process, may sleep.
 */
void tscope_reset(void)
{
	mutex_lock(&control_lock);
	change_begin();
	reset_figures();
	change_end();
	mutex_unlock(&control_lock);
}

static void choose_cpus_again(int leaves)
{
	if (!tscope_params.enabled)
		return;
	tscope_sampling_pause();
	if (choose_cpus(&chosen, leaves))
		pr_err("out of memory: the CPUs that sample are unchanged\n");
	windows_allow();
}

/* Returns no error, which would keep the CPU offline: a CPU without its state is not measured. */
static int cpu_online_ends(unsigned int cpu)
{
	if (cpumask_test_cpu(cpu, &chosen))
		choose_cpus_again(-1);
	return 0;
}

static int cpu_offline_begins(unsigned int cpu)
{
	struct tscope_cpu *c = tscope_cpu_of(cpu);

	if (!c)
		return 0;
	if (c->chosen)
		choose_cpus_again(cpu);
	/* sampler_park() does this too, but there is no thread to park while sampling is off */
	tscope_cpu_new_life(c);
	return 0;
}

/* A suspend stops clocks, and may restart the TSC: no reading is compared with one before it. */
static int suspend_notify(struct notifier_block *nb, unsigned long event, void *unused)
{
	bool begins = event == PM_SUSPEND_PREPARE || event == PM_HIBERNATION_PREPARE ||
		      event == PM_RESTORE_PREPARE;
	bool ends = event == PM_POST_SUSPEND || event == PM_POST_HIBERNATION ||
		    event == PM_POST_RESTORE;
	struct tscope_cpu *c;

	if (!begins && !ends)
		return NOTIFY_DONE;
	mutex_lock(&control_lock);
	change_begin();
	suspended = begins;
	for_each_tscope_cpu(c) {
		tscope_cpu_quiesce(c);
		tscope_cpu_new_life(c);
	}
	tscope_clocks_suspended();
	change_end();
	mutex_unlock(&control_lock);
	return NOTIFY_OK;
}

static struct notifier_block suspend_block = {
	.notifier_call = suspend_notify,
};

/**
 * tscope_control_init() - allocate what sampling needs; sampling is off
 * @cpus: CPU list; NULL: all that are not isolated
 * Context: process, at load, after the clocks.
 * Return: 0, or an errno with nothing held.
 */
int tscope_control_init(const char *cpus)
{
	int err = tscope_params_load();

	if (err)
		return err;
	err = cpus ? parse_cpus(cpus, &chosen) : default_cpus(&chosen);
	if (err) {
		if (cpus)
			pr_err("cpus=%s is not a list of possible CPUs\n", cpus);
		else
			pr_err("all CPUs are isolated: list those that sample in cpus=\n");
		return err;
	}

	err = tscope_windows_init();
	if (err)
		return err;
	err = tscope_cpus_init();
	if (err)
		goto windows_exit;
	err = tscope_pairs_init();
	if (err)
		goto cpus_exit;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "tscope:online",
					cpu_online_ends, cpu_offline_begins);
	if (err < 0)
		goto pairs_exit;
	hotplug_state = err;
	err = register_pm_notifier(&suspend_block);
	if (!err)
		return 0;
	cpuhp_remove_state_nocalls(hotplug_state);
pairs_exit:
	tscope_pairs_exit();
cpus_exit:
	tscope_cpus_exit();
windows_exit:
	tscope_windows_exit();
	return err;
}

/**
 * tscope_control_exit() - free what sampling needs; sampling is off
 * Context: process, at unload; the files are removed.
 */
void tscope_control_exit(void)
{
	unregister_pm_notifier(&suspend_block);
	cpuhp_remove_state_nocalls(hotplug_state);
	tscope_pairs_exit();
	tscope_cpus_exit();
	tscope_windows_exit();
}
