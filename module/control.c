// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters, and starting and stopping the samplers.
 *
 * A change waits until no window is open, changes what windows use, and lets
 * them go on: no window sees half a change, no thread is touched, and a change
 * that needs memory takes it before anything is changed. So does a reset, and
 * then nobody writes what it clears.
 *
 * Lock order: control_lock, cpus_read_lock(), tscope_pairs_lock, the windows'
 * semaphore. Hotplug's callbacks hold cpus_write_lock(), and so never take
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
#include "violations.h"

static struct tscope_params tscope_params;

/* protects tscope_params, sampling, and whether the threads exist */
static DEFINE_MUTEX(control_lock);
static struct cpumask sampling;
/* these two are written under tscope_pairs_lock as well */
static bool enabled;
static bool suspended;
static enum cpuhp_state hotplug;

/**
 * tscope_fit_window_ns() - how old a fitted point may be
 *
 * Return: nanoseconds.
 */
u64 tscope_fit_window_ns(void)
{
	return READ_ONCE(tscope_params.fit_window_s) * NSEC_PER_SEC;
}

/**
 * tscope_get_params() - the parameters in force
 * @params: copy
 *
 * Context: a sampler, or process; each is whole, and they fit one another
 * while no sampler is stopped.
 */
void tscope_get_params(struct tscope_params *params)
{
	params->period_us = READ_ONCE(tscope_params.period_us);
	params->width_us = READ_ONCE(tscope_params.width_us);
	params->burst_us = READ_ONCE(tscope_params.burst_us);
	params->fit_window_s = READ_ONCE(tscope_params.fit_window_s);
}

/* Whether the samplers are to run. */
static bool active(void)
{
	lockdep_assert_held(&tscope_pairs_lock);
	return enabled && !suspended;
}

static void make_plan(struct tscope_plan *plan)
{
	plan->period_ns = tscope_params.period_us * (u64)NSEC_PER_USEC;
	plan->width_cyc = tscope_ns_to_cyc(tscope_params.width_us * 1000ULL,
					   tscope_tsc_khz);
	plan->burst_cyc = tscope_ns_to_cyc(min(tscope_params.burst_us,
					       tscope_params.width_us) *
					   1000ULL, tscope_tsc_khz);
	plan->flat_out = tscope_params.width_us == tscope_params.period_us;
}

/* From here to change_end() no window is open and no CPU comes or goes. */
static void change_begin(void)
{
	cpus_read_lock();
	mutex_lock(&tscope_pairs_lock);
	tscope_sampling_pause();
}

static void resume(void)
{
	struct tscope_plan plan;

	make_plan(&plan);
	tscope_pairs_stopped(!active());
	tscope_sampling_resume(active() ? &plan : NULL);
}

static void change_end(void)
{
	bool wake = active();

	resume();
	mutex_unlock(&tscope_pairs_lock);
	if (wake)
		tscope_samplers_wake();
	cpus_read_unlock();
}

/*
 * Set the CPUs that sample, and a leader among them: the one of before, or the
 * lowest. -ENOMEM with nothing changed.
 */
static int choose(const struct cpumask *cpus)
{
	int cpu, err;

	lockdep_assert_held(&tscope_pairs_lock);
	for_each_cpu(cpu, cpus)
		if (!tscope_cpu_get(cpu))
			return -ENOMEM;
	err = tscope_pairs_choose(cpus);
	if (err)
		return err;
	cpu = tscope_leader();
	if (cpu < 0 || !cpumask_test_cpu(cpu, cpus)) {
		cpu = cpumask_first(cpus);
		tscope_leader_replace(tscope_leader(),
				      cpu < nr_cpu_ids ? cpu : -1);
	}
	return 0;
}

/* The chosen CPUs that are online, but for one that goes offline. */
static int choose_online(const struct cpumask *chosen, int but)
{
	cpumask_var_t cpus;
	int err;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	cpumask_and(cpus, chosen, cpu_online_mask);
	if (but >= 0)
		cpumask_clear_cpu(but, cpus);
	err = choose(cpus);
	free_cpumask_var(cpus);
	return err;
}

static void reset_all(void)
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

static int start(void)
{
	int err = tscope_samplers_start();

	if (err)
		return err;
	change_begin();
	if (tscope_clocks_refined())
		reset_all();
	err = choose_online(&sampling, -1);
	if (!err)
		WRITE_ONCE(enabled, true);
	change_end();
	if (err)
		tscope_samplers_stop();
	else
		tscope_alerts_watch(true);
	return err;
}

static void stop(void)
{
	tscope_alerts_watch(false);
	change_begin();
	WRITE_ONCE(enabled, false);
	change_end();
	tscope_samplers_stop();
	tscope_leader_replace(tscope_leader(), -1);
}

/**
 * tscope_enable() - start or stop sampling
 * @on: which
 *
 * What was gathered stays, but where the kernel has refined the TSC's frequency.
 * Context: process, may sleep.
 *
 * Return: 0, or an errno with nothing changed.
 */
int tscope_enable(bool on)
{
	int err = 0;

	mutex_lock(&control_lock);
	if (on && !enabled)
		err = start();
	else if (!on && enabled)
		stop();
	mutex_unlock(&control_lock);
	return err;
}

/**
 * tscope_enabled() - whether sampling is on
 *
 * Return: whether it is.
 */
bool tscope_enabled(void)
{
	return READ_ONCE(enabled);
}

static int check_params(const struct tscope_params *p)
{
	if (p->period_us < TSCOPE_PERIOD_MIN_US ||
	    p->period_us > TSCOPE_PERIOD_MAX_US ||
	    p->width_us < TSCOPE_WIDTH_MIN_US || p->width_us > p->period_us ||
	    p->burst_us < TSCOPE_BURST_MIN_US ||
	    p->burst_us > TSCOPE_BURST_MAX_US ||
	    p->fit_window_s < TSCOPE_FIT_MIN_S ||
	    p->fit_window_s > TSCOPE_FIT_MAX_S)
		return -ERANGE;
	return 0;
}

static u32 *param_of(struct tscope_params *p, size_t param)
{
	return (u32 *)((char *)p + param);
}

/**
 * tscope_get_param() - a parameter in force
 * @param: its place in struct tscope_params
 *
 * Return: its value.
 */
u32 tscope_get_param(size_t param)
{
	return READ_ONCE(*param_of(&tscope_params, param));
}

/**
 * tscope_set_param() - change a parameter
 * @param: its place in struct tscope_params
 * @value: its new value
 *
 * What was gathered stays, and so do segments and steps that wait to be judged.
 * Context: process, may sleep.
 *
 * Return: 0; -ERANGE where the value is out of range or does not fit the
 * others, and nothing changed.
 */
int tscope_set_param(size_t param, u32 value)
{
	struct tscope_params params;
	int err;

	mutex_lock(&control_lock);
	params = tscope_params;
	*param_of(&params, param) = value;
	err = check_params(&params);
	if (!err && value != tscope_get_param(param)) {
		if (param == offsetof(struct tscope_params, fit_window_s)) {
			/* samplers and readers look at it each time */
			WRITE_ONCE(tscope_params.fit_window_s, value);
		} else {
			change_begin();
			WRITE_ONCE(*param_of(&tscope_params, param), value);
			change_end();
		}
	}
	mutex_unlock(&control_lock);
	return err;
}

/**
 * tscope_set_cpus() - choose the CPUs that sample
 * @list: CPU list
 *
 * A CPU that is possible but offline samples when it comes online. What was
 * gathered stays, but for pairs of a CPU that is not chosen any more. Context:
 * process, may sleep.
 *
 * Return: 0; -EINVAL for no list or an empty one, -ERANGE for a CPU that is
 * not possible, or -ENOMEM, and nothing changed.
 */
int tscope_set_cpus(const char *list)
{
	cpumask_var_t cpus;
	int err;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	err = tscope_cpus_parse(list, cpus);
	if (!err) {
		mutex_lock(&control_lock);
		change_begin();
		if (enabled && !cpumask_equal(&sampling, cpus))
			err = choose_online(cpus, -1);
		if (!err)
			cpumask_copy(&sampling, cpus);
		change_end();
		mutex_unlock(&control_lock);
	}
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
	cpumask_copy(cpus, &sampling);
	mutex_unlock(&control_lock);
}

/**
 * tscope_reset() - all statistics to zero
 *
 * Context: process, may sleep.
 */
void tscope_reset(void)
{
	mutex_lock(&control_lock);
	change_begin();
	reset_all();
	change_end();
	mutex_unlock(&control_lock);
}

/*
 * Hotplug holds cpus_write_lock(), and control_lock is outside of that. Never
 * fail: that would abort the online. A CPU without its state is not measured.
 */
static int cpu_online_ends(unsigned int cpu)
{
	mutex_lock(&tscope_pairs_lock);
	if (enabled && cpumask_test_cpu(cpu, &sampling)) {
		tscope_sampling_pause();
		if (choose_online(&sampling, -1))
			pr_err("CPU %d: no memory to sample it\n", cpu);
		resume();
		tscope_samplers_wake();
	}
	mutex_unlock(&tscope_pairs_lock);
	return 0;
}

static int cpu_offline_begins(unsigned int cpu)
{
	struct tscope_cpu *c = tscope_cpu_of(cpu);

	mutex_lock(&tscope_pairs_lock);
	if (c)
		tscope_cpu_new_life(c);
	if (enabled && c && c->chosen) {
		tscope_sampling_pause();
		if (choose_online(&sampling, cpu))
			pr_err("CPU %d: no memory to leave it out\n", cpu);
		resume();
	}
	mutex_unlock(&tscope_pairs_lock);
	return 0;
}

/* A suspend stops clocks, and may restart the TSC. */
static int suspend_notify(struct notifier_block *nb, unsigned long event,
			  void *unused)
{
	struct tscope_cpu *c;
	unsigned int i;
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
		for (i = 0; i < tscope_clock_count(); i++)
			tscope_clock_break(tscope_clock_get(i));
	}
	change_end();
	mutex_unlock(&control_lock);
	return NOTIFY_OK;
}

static struct notifier_block suspend_block = {
	.notifier_call = suspend_notify,
};

/**
 * tscope_control_init() - take what sampling needs
 * @params: parameters
 * @cpus: CPU list, NULL for all that are not isolated
 * @enable: whether to start
 *
 * Context: process, at load, the clocks being there.
 *
 * Return: 0, or an errno with nothing held.
 */
int tscope_control_init(const struct tscope_params *params, const char *cpus,
			bool enable)
{
	int err;

	err = check_params(params);
	if (err) {
		pr_err("a parameter is out of range (see modinfo)\n");
		return err;
	}
	tscope_params = *params;

	if (cpus) {
		err = tscope_cpus_parse(cpus, &sampling);
		if (err) {
			pr_err("cpus=%s names no CPUs that there are\n", cpus);
			return err;
		}
	} else {
		err = tscope_cpus_default(&sampling);
		if (err)
			return err;
	}

	err = tscope_cpus_init();
	if (err)
		return err;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "tscope:online",
					cpu_online_ends, cpu_offline_begins);
	if (err < 0)
		goto free;
	hotplug = err;
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
	cpuhp_remove_state_nocalls(hotplug);
free:
	tscope_pairs_free();
	tscope_cpus_exit();
	return err;
}

/**
 * tscope_control_exit() - stop, and free what tscope_control_init() allocated
 *
 * Context: process; no control and no reader may be left.
 */
void tscope_control_exit(void)
{
	tscope_enable(false);
	unregister_pm_notifier(&suspend_block);
	cpuhp_remove_state_nocalls(hotplug);
	tscope_pairs_free();
	tscope_cpus_exit();
}
