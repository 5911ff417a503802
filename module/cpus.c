// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU sampler state: its memory, lives and reset; and the leader.
 *
 * A CPU's memory is allocated when the CPU first samples, and kept until
 * unload.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "cpu.h"

/* Figures of a CPU that a reset sets to zero, each of 64 bits. */
#define FIGURE_COUNT	((offsetofend(struct tscope_cpu, unmet) - \
		  offsetof(struct tscope_cpu, lane)) / sizeof(u64))

struct tscope_cpu **tscope_cpus;

/* The CPU that takes the points; -1: none. */
static int leader = -1;

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
 * tscope_leader_replace() - choose another CPU to take the points
 * @old: the leader, or -1
 * @cpu: the CPU; -1: none. Of several CPUs that replace @old one succeeds
 *
 * Context: a window, or process.
 */
void tscope_leader_replace(int old, int cpu)
{
	cmpxchg(&leader, old, cpu);
}

/* Nothing that was read before is compared with what is read from now on. */
static void forget_readings(struct tscope_cpu *c)
{
	memset(c->last, 0, sizeof(c->last));
	c->timepage.sequence = 0;
}

/**
 * tscope_cpu_reset() - set a CPU's figures to zero
 * @c: the CPU's state
 *
 * Context: process; no window is open and no call is under way, readers may be
 * at work.
 */
void tscope_cpu_reset(struct tscope_cpu *c)
{
	int i;

	forget_readings(c);
	memset(c->back, 0, sizeof(c->back));
	c->events = 0;
	c->stuck = false;
	/* a reader finds each figure whole */
	memset64((u64 *)c->lane, 0, FIGURE_COUNT);
	for (i = 0; i < TSCOPE_LANES; i++)
		tscope_hist_init(&c->warp_hist[i]);
	tscope_hist_init(&c->transit);
	tscope_hist_init(&c->wakeup);
}

/**
 * tscope_cpu_new_life() - what was measured of a CPU holds no longer
 * @c: the CPU's state
 *
 * Its TSC may have begun anew. Context: the CPU goes offline, comes online, or
 * resumes.
 */
void tscope_cpu_new_life(struct tscope_cpu *c)
{
	WRITE_ONCE(c->life, c->life + 1);
}

/**
 * tscope_cpu_start() - let a CPU sample and answer calls
 * @c: the CPU's state
 *
 * Context: the CPU's sampler; or process, at resume, with no window open.
 */
void tscope_cpu_start(struct tscope_cpu *c)
{
	unsigned long flags;

	local_irq_save(flags);
	tscope_mailbox_begin(&c->box, 0);
	WRITE_ONCE(c->box.raw_ns, 0);
	forget_readings(c);
	c->next_window_ns = 0;
	c->next_meeting_ns = 0;
	c->end_tsc = 0;
	WRITE_ONCE(c->ready, true);
	local_irq_restore(flags);
}

/**
 * tscope_cpu_stop() - let a CPU answer no more calls
 * @c: the CPU's state
 *
 * Context: the CPU's sampler.
 */
void tscope_cpu_stop(struct tscope_cpu *c)
{
	unsigned long flags;

	local_irq_save(flags);
	WRITE_ONCE(c->ready, false);
	tscope_mailbox_begin(&c->box, 0);
	local_irq_restore(flags);
}

/**
 * tscope_cpu_get() - look up a CPU's sampler state, allocate it if needed
 * @cpu: CPU
 *
 * Context: process, may sleep; not concurrently with itself.
 *
 * Return: the state, NULL if the allocation fails.
 */
struct tscope_cpu *tscope_cpu_get(int cpu)
{
	struct tscope_cpu *c = tscope_cpus[cpu];

	if (c)
		return c;
	c = kvzalloc_node(sizeof(*c), GFP_KERNEL, cpu_to_node(cpu));
	if (!c)
		return NULL;
	c->cpu = cpu;
	c->random = get_random_u64() | 1;
	tscope_cpu_reset(c);
	/* pairs with the acquire in tscope_cpu_of(): a reader finds it whole */
	smp_store_release(&tscope_cpus[cpu], c);
	return c;
}

/**
 * tscope_cpus_init() - allocate what all CPUs share
 *
 * Context: process, at load.
 *
 * Return: 0 or -ENOMEM.
 */
int tscope_cpus_init(void)
{
	tscope_cpus = kvcalloc(nr_cpu_ids, sizeof(*tscope_cpus), GFP_KERNEL);
	return tscope_cpus ? 0 : -ENOMEM;
}

/**
 * tscope_cpus_exit() - free what the CPUs allocated
 *
 * Context: process; no sampler, no call and no reader is left.
 */
void tscope_cpus_exit(void)
{
	unsigned int cpu;

	for (cpu = 0; tscope_cpus && cpu < nr_cpu_ids; cpu++)
		kvfree(tscope_cpus[cpu]);
	kvfree(tscope_cpus);
	tscope_cpus = NULL;
}

/**
 * tscope_cpus_parse() - read a CPU list
 * @list: the list, as text
 * @cpus: result
 *
 * Context: process.
 *
 * Return: 0; -EINVAL for no list or an empty one, -ERANGE for a CPU that is not
 * possible.
 */
int tscope_cpus_parse(const char *list, struct cpumask *cpus)
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
 * tscope_cpus_default() - the CPUs that sample unless others are chosen
 * @cpus: result: all that are not isolated, offline ones too
 *
 * Isolated are those of isolcpus=, nohz_full= and, where the kernel exports it,
 * of isolated cpuset partitions. Context: process.
 *
 * Return: 0, or -EINVAL where all are isolated.
 */
int tscope_cpus_default(struct cpumask *cpus)
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
