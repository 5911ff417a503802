// SPDX-License-Identifier: GPL-2.0
/*
 * The CPUs that sample: what each has of its own, and whom it watches.
 *
 * A CPU's memory is taken when it first samples and kept until unload. Whom it
 * watches follows from the list of CPUs that are chosen, not from which of
 * them are online: a CPU that goes leaves a hole, and moves no one.
 */
#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "cpu.h"

struct tscope_cpu **tscope_cpus;
struct tscope_mailbox *tscope_mailboxes;

/* CPU of each rank, and how many ranks there are; see tscope_graph_lock. */
int *tscope_ranks;
u32 tscope_rank_count;

/* protects tscope_ranks, tscope_rank_count and the CPUs' peers */
DEFINE_MUTEX(tscope_graph_lock);

/**
 * tscope_cpu_reset() - a CPU's figures to zero
 * @c: the CPU
 *
 * Context: process; its sampler is not at work, readers may be.
 */
void tscope_cpu_reset(struct tscope_cpu *c)
{
	int i;

	memset(c->last, 0, sizeof(c->last));
	/* what was updated before now is none of the updates to come */
	c->pvti.version = 0;
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
	WRITE_ONCE(c->lost, 0);
	tscope_hist_init(&c->transit);
	tscope_hist_init(&c->wakeup);
	tscope_row_init(&c->row);
}

static void watch(struct tscope_cpu *c)
{
	u32 peers, rank, slot;

	lockdep_assert_held(&tscope_graph_lock);
	for (rank = 0; rank < tscope_rank_count; rank++)
		if (tscope_ranks[rank] == c->cpu)
			break;
	peers = rank < tscope_rank_count ?
		tscope_graph_peers(tscope_rank_count) : 0;
	for (slot = 0; slot < peers; slot++)
		c->peer[slot] = tscope_ranks[tscope_graph_peer(rank,
						tscope_rank_count, slot)];
	c->peers = peers;
	c->next_peer = 0;
	tscope_row_init(&c->row);
}

/**
 * tscope_cpus_choose() - set whom each CPU watches
 * @cpus: the CPUs that are chosen to sample
 *
 * Transits and the warps of pairs begin anew. Context: process; no sampler is
 * at work, readers may be.
 */
void tscope_cpus_choose(const struct cpumask *cpus)
{
	struct tscope_cpu *c;
	int cpu;

	mutex_lock(&tscope_graph_lock);
	tscope_rank_count = 0;
	for_each_cpu(cpu, cpus)
		tscope_ranks[tscope_rank_count++] = cpu;
	for_each_tscope_cpu(c)
		watch(c);
	mutex_unlock(&tscope_graph_lock);
}

/**
 * tscope_cpu_get() - what a CPU has of its own
 * @cpu: CPU
 *
 * Context: process, may sleep; not concurrently with itself.
 *
 * Return: it, NULL for want of memory.
 */
struct tscope_cpu *tscope_cpu_get(int cpu)
{
	struct tscope_cpu *c = tscope_cpus[cpu];
	int i;

	if (c)
		return c;
	c = kvzalloc_node(sizeof(*c), GFP_KERNEL, cpu_to_node(cpu));
	if (!c)
		return NULL;
	c->cpu = cpu;
	for (i = 0; i < 2; i++)
		seqcount_init(&c->row.past[i].seq);
	tscope_cpu_reset(c);
	mutex_lock(&tscope_graph_lock);
	watch(c);
	mutex_unlock(&tscope_graph_lock);
	/* pairs with the acquire in tscope_cpu_of(): a reader finds it whole */
	smp_store_release(&tscope_cpus[cpu], c);
	return c;
}

/**
 * tscope_cpus_init() - take what all CPUs share
 *
 * Context: process, at load.
 *
 * Return: 0, or -ENOMEM with nothing held.
 */
int tscope_cpus_init(void)
{
	tscope_cpus = kvcalloc(nr_cpu_ids, sizeof(*tscope_cpus), GFP_KERNEL);
	tscope_ranks = kvcalloc(nr_cpu_ids, sizeof(*tscope_ranks), GFP_KERNEL);
	/* whole pages: a mailbox lies on its own cache lines */
	tscope_mailboxes = vcalloc(nr_cpu_ids, sizeof(*tscope_mailboxes));
	if (tscope_cpus && tscope_ranks && tscope_mailboxes)
		return 0;
	tscope_cpus_exit();
	return -ENOMEM;
}

/**
 * tscope_cpus_exit() - give back what the CPUs took
 *
 * Context: process; no sampler and no reader may be left.
 */
void tscope_cpus_exit(void)
{
	unsigned int cpu;

	for (cpu = 0; tscope_cpus && cpu < nr_cpu_ids; cpu++)
		kvfree(tscope_cpus[cpu]);
	kvfree(tscope_cpus);
	kvfree(tscope_ranks);
	vfree(tscope_mailboxes);
	tscope_cpus = NULL;
	tscope_ranks = NULL;
	tscope_mailboxes = NULL;
	tscope_rank_count = 0;
}
