// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU sampler state: its memory, its lives, its reset; and the leader.
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
#include "meeting.h"

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
 * tscope_leader_choose() - choose the CPU that takes the points
 * @cpu: the CPU; -1: none
 *
 * Context: process, no window is open.
 */
void tscope_leader_choose(int cpu)
{
	WRITE_ONCE(leader, cpu);
}

/**
 * tscope_leader_replace() - take the place of a leader that gets no CPU time
 * @old: the leader
 * @cpu: the CPU that noticed; of several one succeeds
 *
 * Context: a window.
 */
void tscope_leader_replace(int old, int cpu)
{
	cmpxchg(&leader, old, cpu);
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

	memset(c->last, 0, sizeof(c->last));
	memset(c->back, 0, sizeof(c->back));
	/* an update before now is none of those to come */
	c->timepage.sequence = 0;
	c->events = 0;
	for (i = 0; i < TSCOPE_LANES; i++) {
		WRITE_ONCE(c->lane[i].readings, 0);
		WRITE_ONCE(c->lane[i].backward, 0);
		WRITE_ONCE(c->lane[i].backward_max, 0);
		WRITE_ONCE(c->lane[i].warps, 0);
		WRITE_ONCE(c->lane[i].warp_max, 0);
		tscope_hist_init(&c->warp_hist[i]);
	}
	WRITE_ONCE(c->updates, 0);
	WRITE_ONCE(c->stopped, 0);
	WRITE_ONCE(c->windows, 0);
	WRITE_ONCE(c->lost, 0);
	WRITE_ONCE(c->meetings, 0);
	WRITE_ONCE(c->unmet, 0);
	WRITE_ONCE(c->stuck, 0);
	tscope_hist_init(&c->transit);
	tscope_hist_init(&c->wakeup);
}

/**
 * tscope_cpu_begin_life() - a CPU's sampler begins
 * @c: the CPU's state
 * @anew: the CPU was offline or suspended
 *
 * What was measured of a CPU before it went offline is of another life: its TSC
 * may have begun anew. Context: the CPU's sampler; or process, at resume, with
 * no window open.
 */
void tscope_cpu_begin_life(struct tscope_cpu *c, bool anew)
{
	unsigned long flags;

	local_irq_save(flags);
	tscope_mailbox_begin(&c->box, 0);
	memset(c->last, 0, sizeof(c->last));
	WRITE_ONCE(c->box.raw_ns, 0);
	c->page_ops = tscope_clock_page_ops();
	c->page = c->page_ops ? c->page_ops->sequence(c->cpu) : NULL;
	c->timepage.sequence = 0;
	c->next_window_ns = 0;
	c->next_meeting_ns = 0;
	c->end_tsc = 0;
	if (anew || c->gone || !c->life)
		WRITE_ONCE(c->life, c->life + 1);
	c->gone = false;
	WRITE_ONCE(c->ready, true);
	local_irq_restore(flags);
}

/**
 * tscope_cpu_end_life() - a CPU's sampler ends
 * @c: the CPU's state
 *
 * The CPU answers no calls any more. Context: the CPU's sampler.
 */
void tscope_cpu_end_life(struct tscope_cpu *c)
{
	unsigned long flags;

	local_irq_save(flags);
	WRITE_ONCE(c->ready, false);
	tscope_mailbox_begin(&c->box, 0);
	local_irq_restore(flags);
	tscope_meeting_refuse(c);
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
	tscope_meeting_init(c);
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
