// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters, and starting and stopping the samplers.
 *
 * A change of a parameter stops all samplers, changes it, and starts them
 * again: no sampler ever sees half a change, and nothing gathered is lost.
 * So does a reset, and then nobody writes what it clears.
 *
 * Lock order: cpus_read_lock() (hotplug holds it for writing when it calls
 * here), then control_lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched/isolation.h>

#include "control.h"
#include "cpu.h"
#include "violations.h"

static struct tscope_params tscope_params;

/* protects tscope_params, sampling, enabled, and the samplers' tasks */
static DEFINE_MUTEX(control_lock);
static struct cpumask sampling;
static bool enabled;
static int leader = -1;
static enum cpuhp_state hotplug;

/**
 * tscope_is_leader() - whether a CPU takes the points
 * @cpu: CPU
 *
 * Context: any.
 *
 * Return: whether it does.
 */
bool tscope_is_leader(int cpu)
{
	return READ_ONCE(leader) == cpu;
}

/**
 * tscope_leader() - the CPU that takes the points
 *
 * Return: the CPU, -1 while there is none.
 */
int tscope_leader(void)
{
	return READ_ONCE(leader);
}

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

static void elect(void)
{
	struct tscope_cpu *c;
	unsigned int i;

	lockdep_assert_held(&control_lock);
	for_each_tscope_cpu(c)
		if (c->task)
			break;
	/* the old leader is gone: points of another TSC are another segment */
	for (i = 0; i < tscope_clock_count(); i++)
		tscope_clock_break(tscope_clock_get(i));
	WRITE_ONCE(leader, c ? c->cpu : -1);
}

static void stop_all(void)
{
	struct tscope_cpu *c;

	lockdep_assert_held(&control_lock);
	tscope_alerts_watch(false);
	WRITE_ONCE(leader, -1);
	for_each_tscope_cpu(c)
		tscope_sampler_stop(c);
}

static int start_all(void)
{
	struct tscope_cpu *c;
	int cpu, err;

	lockdep_assert_held(&control_lock);
	if (!enabled)
		return 0;
	for_each_cpu_and(cpu, &sampling, cpu_online_mask) {
		c = tscope_cpu_get(cpu);
		err = c ? tscope_sampler_start(c) : -ENOMEM;
		if (err) {
			pr_err("CPU %d: no sampler (%d)\n", cpu, err);
			stop_all();
			WRITE_ONCE(enabled, false);
			return err;
		}
	}
	elect();
	tscope_alerts_watch(true);
	return 0;
}

static void reset_all(void)
{
	struct tscope_cpu *c;

	lockdep_assert_held(&control_lock);
	for_each_tscope_cpu(c)
		tscope_cpu_reset(c);
	tscope_clocks_reset();
	tscope_violations_reset();
	tscope_alerts_reset();
	tscope_clocks_refine();
}

static void control_begin(void)
{
	cpus_read_lock();
	mutex_lock(&control_lock);
}

static void control_end(void)
{
	mutex_unlock(&control_lock);
	cpus_read_unlock();
}

/**
 * tscope_enable() - start or stop sampling
 * @on: which
 *
 * What was gathered stays, but where the kernel has refined the TSC's frequency.
 * Context: process, may sleep.
 *
 * Return: 0 or an errno; nothing samples then.
 */
int tscope_enable(bool on)
{
	int err = 0;

	control_begin();
	if (on != enabled) {
		if (on && tscope_clocks_refined())
			reset_all();
		/* first, for a stale clock has a skew again where sampling is off */
		if (!on)
			stop_all();
		WRITE_ONCE(enabled, on);
		if (on)
			err = start_all();
	}
	control_end();
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
 * What was gathered stays; points begin a new segment. Context: process, may
 * sleep.
 *
 * Return: 0; -ERANGE where the value is out of range or does not fit the
 * others, and nothing changed; or an errno with which sampling stopped.
 */
int tscope_set_param(size_t param, u32 value)
{
	struct tscope_params params;
	int err;

	control_begin();
	params = tscope_params;
	*param_of(&params, param) = value;
	err = check_params(&params);
	if (!err && value != tscope_get_param(param)) {
		stop_all();
		WRITE_ONCE(*param_of(&tscope_params, param), value);
		err = start_all();
	}
	control_end();
	return err;
}

static int parse_cpus(const char *list, struct cpumask *cpus)
{
	int err = cpulist_parse(list, cpus);

	/* a CPU number past 32 bits is out of range as any other */
	if (err)
		return err == -EOVERFLOW ? -ERANGE : err;
	if (cpumask_empty(cpus))
		return -EINVAL;
	if (!cpumask_subset(cpus, cpu_possible_mask))
		return -ERANGE;
	return 0;
}

/**
 * tscope_set_cpus() - choose the CPUs that sample
 * @list: CPU list
 *
 * A CPU that is possible but offline samples when it comes. What was gathered
 * stays, but for pair offsets and the warps of pairs. Context: process, may
 * sleep.
 *
 * Return: 0; -EINVAL for no list or an empty one, -ERANGE for a CPU that is
 * not possible, and nothing changed; -ENOMEM; or an errno with which sampling
 * stopped.
 */
int tscope_set_cpus(const char *list)
{
	cpumask_var_t cpus;
	int err;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	err = parse_cpus(list, cpus);
	if (!err) {
		control_begin();
		if (!cpumask_equal(&sampling, cpus)) {
			stop_all();
			cpumask_copy(&sampling, cpus);
			tscope_cpus_choose(&sampling);
			err = start_all();
		}
		control_end();
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
 *
 * Return: 0, or an errno with which sampling stopped.
 */
int tscope_reset(void)
{
	int err;

	control_begin();
	stop_all();
	reset_all();
	err = start_all();
	control_end();
	return err;
}

/* An error here would keep the CPU offline: it then only is not sampled. */
static int cpu_comes(unsigned int cpu)
{
	struct tscope_cpu *c;
	int err;

	mutex_lock(&control_lock);
	/* a TSC may have begun anew in a suspend, and the first CPU went through it */
	if (cpuhp_tasks_frozen)
		for_each_tscope_cpu(c)
			tscope_mailbox_clear(c->cpu);
	if (enabled && cpumask_test_cpu(cpu, &sampling)) {
		c = tscope_cpu_get(cpu);
		err = c ? tscope_sampler_start(c) : -ENOMEM;
		if (err)
			pr_err("CPU %d: no sampler (%d)\n", cpu, err);
		else if (leader < 0)
			elect();
	}
	mutex_unlock(&control_lock);
	return 0;
}

static int cpu_goes(unsigned int cpu)
{
	struct tscope_cpu *c = tscope_cpu_of(cpu);

	mutex_lock(&control_lock);
	if (c && c->task) {
		tscope_sampler_stop(c);
		if (tscope_is_leader(cpu))
			elect();
	}
	if (c)
		tscope_row_forget(&c->row);
	mutex_unlock(&control_lock);
	return 0;
}

/*
 * Those that nobody set apart: isolcpus=, nohz_full= and, where the kernel
 * tells of them (6.12 does), isolated partitions of cpusets. Offline ones too.
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
	if (!cpumask_empty(cpus))
		return 0;
	pr_err("all CPUs are isolated: name those that sample by cpus=\n");
	return -EINVAL;
}

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
		err = parse_cpus(cpus, &sampling);
		if (err) {
			pr_err("cpus=%s names no CPUs that there are\n", cpus);
			return err;
		}
	} else {
		err = default_cpus(&sampling);
		if (err)
			return err;
	}

	err = tscope_cpus_init();
	if (err)
		return err;
	tscope_cpus_choose(&sampling);
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "tscope:online",
					cpu_comes, cpu_goes);
	if (err < 0)
		goto free;
	hotplug = err;
	err = enable ? tscope_enable(true) : 0;
	if (err)
		goto remove;
	return 0;

remove:
	cpuhp_remove_state_nocalls(hotplug);
free:
	tscope_cpus_exit();
	return err;
}

/**
 * tscope_control_exit() - stop, and give back what tscope_control_init() took
 *
 * Context: process; no control and no reader may be left.
 */
void tscope_control_exit(void)
{
	tscope_enable(false);
	cpuhp_remove_state_nocalls(hotplug);
	tscope_cpus_exit();
}
