// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU sampler state, which is allocated when a CPU first samples and kept until unload; and
 * the leader, the one CPU that takes the points.
 */
#include <linux/bits.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "cpu.h"

/* Figures of a CPU that a reset sets to zero, each of 64 bits. */
#define FIGURE_COUNT	((offsetofend(struct tscope_cpu, unmet) - \
			  offsetof(struct tscope_cpu, lane)) / sizeof(u64))

/* The leader is writing points; a bit that no CPU's number has. */
#define HELD		BIT(30)

struct tscope_cpu **tscope_cpus;

/* The CPU that takes the points, with HELD or without; -1: none. */
static int leader = -1;

/**
 * tscope_leader() - the CPU that takes the points
 * Return: the CPU, -1 while there is none.
 */
int tscope_leader(void)
{
	int cpu = READ_ONCE(leader);

	return cpu < 0 ? cpu : cpu & ~HELD;
}

/**
 * tscope_leader_replace() - choose another CPU to take the points
 * @old: the leader, or -1
 * @cpu: the new leader; -1: none
 * Return: whether @cpu is the leader now. Of several callers one succeeds, and none does while @old
 * holds the lead.
 */
bool tscope_leader_replace(int old, int cpu)
{
	return cmpxchg(&leader, old, cpu) == old;
}

/**
 * tscope_leader_hold() - begin to write points: no other CPU does until tscope_leader_release()
 * @cpu: the caller's CPU
 * Context: the CPU's sampler, in a window.
 * Return: false if the CPU is not the leader, or not any more.
 */
bool tscope_leader_hold(int cpu)
{
	return tscope_leader_replace(cpu, cpu | HELD);
}

/**
 * tscope_leader_release() - the leader has written its points
 * @cpu: the caller's CPU
 */
void tscope_leader_release(int cpu)
{
	/* the next CPU that holds the lead sees what this one wrote */
	smp_store_release(&leader, cpu);
}

/**
 * tscope_cpu_reset() - set a CPU's figures to zero
 * @c: the CPU's state
 * Context: process; no window is open and no call is under way, readers may be at work.
 */
void tscope_cpu_reset(struct tscope_cpu *c)
{
	int i;

	memset(c->last, 0, sizeof(c->last));
	c->timepage.sequence = 0;
	memset(c->back, 0, sizeof(c->back));
	c->events = 0;
	c->stuck = false;
	WRITE_ONCE(c->step_cyc, 0);
	/* a reader finds each figure whole */
	memset64((u64 *)c->lane, 0, FIGURE_COUNT);
	for (i = 0; i < TSCOPE_LANES; i++)
		tscope_hist_init(&c->warp_hist[i]);
	tscope_hist_init(&c->transit);
	tscope_hist_init(&c->wakeup);
}

/**
 * tscope_cpu_quiesce() - let a CPU answer no more calls, and forget what it read last
 * @c: the CPU's state
 *
 * The copy of its time page stays: an update that comes meanwhile is seen later. The CPU's sampler
 * makes it ready again. Context: that sampler, or process with no window open.
 */
void tscope_cpu_quiesce(struct tscope_cpu *c)
{
	unsigned long flags;

	local_irq_save(flags);
	WRITE_ONCE(c->ready, false);
	tscope_mailbox_begin(&c->box, 0);
	memset(c->last, 0, sizeof(c->last));
	c->next_window_ns = 0;
	c->next_meeting_ns = 0;
	c->end_tsc = 0;
	local_irq_restore(flags);
}

/**
 * tscope_cpu_get() - look up a CPU's sampler state, allocate it if needed
 * @cpu: CPU
 * Context: process, may sleep; not concurrently with itself.
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
 * Context: process, at load.
 * Return: 0 or -ENOMEM.
 */
int tscope_cpus_init(void)
{
	tscope_cpus = kvcalloc(nr_cpu_ids, sizeof(*tscope_cpus), GFP_KERNEL);
	return tscope_cpus ? 0 : -ENOMEM;
}

/**
 * tscope_cpus_exit() - free what the CPUs allocated
 * Context: process; no sampler, no call and no reader is left.
 */
void tscope_cpus_exit(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		kvfree(tscope_cpus[cpu]);
	kvfree(tscope_cpus);
}
