// SPDX-License-Identifier: GPL-2.0
/*
 * Starting, stopping and changing the samplers.
 *
 * A change waits until no window is open, changes what windows use, and lets
 * windows open again. No window sees half a change, and no change touches a
 * thread. Memory is allocated before anything is changed, so that a change fails
 * as a whole or not at all. A reset works the same way: nobody writes what it
 * clears.
 *
 * Lock order: control_lock, cpus_read_lock(), tscope_pairs_lock, the windows'
 * semaphore. Hotplug callbacks hold cpus_write_lock() and therefore never take
 * control_lock. smpboot takes cpus_read_lock() itself: threads are started and
 * stopped under control_lock alone.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/suspend.h>

#include "control.h"
#include "cpu.h"
#include "exchange.h"
#include "sampler.h"
#include "events.h"

/*
 * control_lock - protects tscope_params and what follows, and whether the threads
 * exist. All but fit_window_s is written by changes only, so that hotplug callbacks
 * may read it: they and changes exclude each other.
 */
static DEFINE_MUTEX(control_lock);
static struct cpumask chosen;	/* by the user; some may be offline */
static bool suspended;
static enum cpuhp_state hotplug_state;

/* Wait until no window is open; windows_allow() must follow. */
static void windows_stop(void)
{
	mutex_lock(&tscope_pairs_lock);
	tscope_sampling_pause();
}

static void windows_allow(void)
{
	const struct tscope_params *p = &tscope_params;
	bool active = p->enabled && !suspended;
	struct tscope_plan plan = {
		.period_ns = p->period_us * (u64)NSEC_PER_USEC,
		.width_cyc = tscope_ns_to_cyc(p->width_us * 1000ULL,
					      tscope_tsc_khz),
		.burst_cyc = tscope_ns_to_cyc(min(p->burst_us, p->width_us) *
					      1000ULL, tscope_tsc_khz),
		.flat_out = p->width_us == p->period_us,
	};

	tscope_pairs_stopped(!active);
	tscope_sampling_resume(active ? &plan : NULL);
	mutex_unlock(&tscope_pairs_lock);
	if (active)
		tscope_samplers_wake();
}

/* From here to change_end() no window is open and no CPU comes or goes. */
static void change_begin(void)
{
	lockdep_assert_held(&control_lock);
	cpus_read_lock();
	windows_stop();
}

static void change_end(void)
{
	windows_allow();
	cpus_read_unlock();
}

/*
 * Let those of @cpus sample that are online, but for one that goes offline (-1:
 * none does). The leader stays if it is among them, else the lowest becomes the
 * leader. -ENOMEM with nothing changed.
 */
static int choose_cpus(const struct cpumask *cpus, int leaves)
{
	cpumask_var_t online;
	int cpu, err = 0;

	lockdep_assert_held(&tscope_pairs_lock);
	if (!alloc_cpumask_var(&online, GFP_KERNEL))
		return -ENOMEM;
	cpumask_and(online, cpus, cpu_online_mask);
	if (leaves >= 0)
		cpumask_clear_cpu(leaves, online);
	for_each_cpu(cpu, online)
		if (!tscope_cpu_get(cpu))
			err = -ENOMEM;
	err = err ?: tscope_pairs_choose(online);
	cpu = tscope_leader();
	if (!err && (cpu < 0 || !cpumask_test_cpu(cpu, online))) {
		cpu = cpumask_first(online);
		tscope_leader_replace(tscope_leader(), cpu < nr_cpu_ids ? cpu : -1);
	}
	free_cpumask_var(online);
	return err;
}

static void reset_figures(void)
{
	struct tscope_cpu *c;

	lockdep_assert_held(&tscope_pairs_lock);
	for_each_tscope_cpu(c)
		tscope_cpu_reset(c);
	tscope_pairs_clear();
	tscope_clocks_reset();
	tscope_violations_reset();
	tscope_alerts_reset();
	tscope_clocks_refine();
}

static int sampling_start(void)
{
	int err = tscope_samplers_start();

	if (err)
		return err;
	change_begin();
	if (tscope_clocks_refined())
		reset_figures();
	err = choose_cpus(&chosen, -1);
	if (!err)
		WRITE_ONCE(tscope_params.enabled, true);
	change_end();
	if (err)
		tscope_samplers_stop();
	else
		tscope_alerts_watch(true);
	return err;
}

static void sampling_stop(void)
{
	tscope_alerts_watch(false);
	change_begin();
	WRITE_ONCE(tscope_params.enabled, false);
	change_end();
	tscope_samplers_stop();
	tscope_leader_replace(tscope_leader(), -1);
}

/**
 * tscope_enable() - start or stop sampling
 * @on: which
 *
 * What was gathered stays, unless the kernel has refined the TSC's frequency
 * meanwhile. Context: process, may sleep.
 *
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

static u32 *param_of(struct tscope_params *p, size_t param)
{
	return (u32 *)((char *)p + param);
}

/**
 * tscope_get_param() - a parameter in force
 * @param: its offset in struct tscope_params
 *
 * Return: its value.
 */
u32 tscope_get_param(size_t param)
{
	return READ_ONCE(*param_of(&tscope_params, param));
}

/**
 * tscope_set_param() - change a parameter
 * @param: its offset in struct tscope_params
 * @value: its new value
 *
 * What was gathered stays, and so do segments and steps that wait to be judged.
 * Context: process, may sleep.
 *
 * Return: 0; -ERANGE with nothing changed if the value is out of range or does
 * not fit the other parameters.
 */
int tscope_set_param(size_t param, u32 value)
{
	struct tscope_params params;
	int err;

	mutex_lock(&control_lock);
	params = tscope_params;
	*param_of(&params, param) = value;
	err = tscope_params_check(&params);
	if (!err && value != tscope_get_param(param)) {
		/* no window depends on fit_window_s */
		if (param != offsetof(struct tscope_params, fit_window_s))
			change_begin();
		WRITE_ONCE(*param_of(&tscope_params, param), value);
		if (param != offsetof(struct tscope_params, fit_window_s))
			change_end();
	}
	mutex_unlock(&control_lock);
	return err;
}

/**
 * tscope_set_cpus() - choose the CPUs that sample
 * @list: CPU list
 *
 * A CPU that is possible but offline samples when it comes online. What was
 * gathered stays, except for pairs with a CPU that is no longer chosen. Context:
 * process, may sleep.
 *
 * Return: 0; with nothing changed -EINVAL for a malformed or empty list, -ERANGE
 * for a CPU that is not possible, or -ENOMEM.
 */
int tscope_set_cpus(const char *list)
{
	cpumask_var_t cpus;
	int err;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	err = tscope_cpus_parse(list, cpus);
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
 *
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
 *
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
	windows_stop();
	if (choose_cpus(&chosen, leaves))
		pr_err("no memory: the CPUs that sample stay as they were\n");
	windows_allow();
}

/* An error would abort the online: a CPU without its state is not measured. */
static int cpu_online_ends(unsigned int cpu)
{
	if (tscope_params.enabled && cpumask_test_cpu(cpu, &chosen))
		choose_cpus_again(-1);
	return 0;
}

static int cpu_offline_begins(unsigned int cpu)
{
	struct tscope_cpu *c = tscope_cpu_of(cpu);

	if (c)
		tscope_cpu_new_life(c);
	if (tscope_params.enabled && c && c->chosen)
		choose_cpus_again(cpu);
	return 0;
}

/* A suspend stops clocks, and may restart the TSC. */
static int suspend_notify(struct notifier_block *nb, unsigned long event,
			  void *unused)
{
	struct tscope_cpu *c;
	bool ends;

	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		ends = false;
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		ends = true;
		break;
	default:
		return NOTIFY_DONE;
	}
	mutex_lock(&control_lock);
	change_begin();
	suspended = !ends;
	if (ends) {
		for_each_tscope_cpu(c) {
			tscope_cpu_new_life(c);
			if (c->ready)
				tscope_cpu_start(c);
		}
		tscope_points_break();
	}
	change_end();
	mutex_unlock(&control_lock);
	return NOTIFY_OK;
}

static struct notifier_block suspend_block = {
	.notifier_call = suspend_notify,
};

/**
 * tscope_control_init() - allocate what sampling needs
 * @params: parameters
 * @cpus: CPU list; NULL: all that are not isolated
 * @enable: whether to start
 *
 * Context: process, at load, after the clocks.
 *
 * Return: 0, or an errno with nothing held.
 */
int tscope_control_init(const struct tscope_params *params, const char *cpus,
			bool enable)
{
	int err = tscope_params_check(params);

	if (err) {
		pr_err("a parameter is out of range (see modinfo)\n");
		return err;
	}
	tscope_params = *params;

	err = cpus ? tscope_cpus_parse(cpus, &chosen) :
		     tscope_cpus_default(&chosen);
	if (err) {
		if (cpus)
			pr_err("cpus=%s is not a list of possible CPUs\n", cpus);
		return err;
	}

	err = tscope_cpus_init();
	if (err)
		return err;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "tscope:online",
					cpu_online_ends, cpu_offline_begins);
	if (err < 0)
		goto free;
	hotplug_state = err;
	err = register_pm_notifier(&suspend_block);
	if (err)
		goto remove;
	err = enable ? tscope_enable(true) : 0;
	if (err)
		goto unregister;
	return 0;

unregister:
	unregister_pm_notifier(&suspend_block);
remove:
	cpuhp_remove_state_nocalls(hotplug_state);
free:
	tscope_pairs_free();
	tscope_cpus_exit();
	return err;
}

/**
 * tscope_control_exit() - stop sampling, and free what tscope_control_init() allocated
 *
 * Context: process; the files are removed.
 */
void tscope_control_exit(void)
{
	tscope_enable(false);
	unregister_pm_notifier(&suspend_block);
	cpuhp_remove_state_nocalls(hotplug_state);
	tscope_pairs_free();
	tscope_cpus_exit();
}
