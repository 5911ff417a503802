// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs of CPUs: who exchanges with whom.
 *
 * If at most TSCOPE_ALL_PAIRS_CPUS CPUs sample, each pair meets. If more do, each CPU meets those
 * whose rank differs from its own by a power of two, and other offsets are composed (mesh.c). One
 * CPU of each pair keeps it: this CPU calls the other one (meeting.c), or both meet by rounds.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "pairs.h"

/* How many meetings a CPU takes part in each second if it has more than 8 partners. */
#define MEETINGS_PER_S	8

/*
 * tscope_pairs_lock - protects which CPU keeps which pairs. Readers hold it for the pairs of one
 * CPU, so that nobody waits for a reader that gets no CPU time. While writers hold it, no window is
 * open either.
 */
DEFINE_SPINLOCK(tscope_pairs_lock);
u32 tscope_pairs_choices;

/* There are many pairs, and kmalloc() would round their size up to a power of two. */
static struct kmem_cache *pair_cache;

/* The CPUs that sample, by rank; written whenever the pairs are. */
static int *ranks;
static u32 rank_count;

/**
 * tscope_pairs_cpus() - how many CPUs sample
 * Context: any.
 * Return: their number.
 */
u32 tscope_pairs_cpus(void)
{
	return READ_ONCE(rank_count);
}

/**
 * tscope_pairs_turn_ms() - the time in which each pair meets once
 * Context: any.
 * Return: ms, max(1 s, partners of a CPU / 8 s).
 */
u32 tscope_pairs_turn_ms(void)
{
	u32 n = tscope_pairs_cpus();
	u32 partners = n > TSCOPE_ALL_PAIRS_CPUS ? 2 * fls(n - 1) : max(n, 1U) - 1;

	return max(partners * (u32)MSEC_PER_SEC / MEETINGS_PER_S, (u32)MSEC_PER_SEC);
}

/**
 * tscope_pairs_partner() - whom a CPU exchanges with in a round
 * @rank: the CPU's rank
 * @round: number of the round
 *
 * The circle method of round-robin tournaments: in n - 1 rounds (n if n is odd) all n CPUs meet all
 * others once.
 * Context: a window.
 * Return: CPU; -1 for none.
 */
int tscope_pairs_partner(u32 rank, u64 round)
{
	/* m CPUs are in a circle; if n is even, the last CPU stands beside the circle */
	u32 n = rank_count, m = (n - 1) | 1, turn = (u32)(round % m), other;

	/* the last CPU meets the one whose doubled rank is the turn, modulo m */
	if (rank == m)
		return ranks[turn & 1 ? (turn + m) / 2 : turn / 2];
	other = (turn + m - rank) % m;
	if (other == rank)
		other = m;
	return other < n ? ranks[other] : -1;
}

/*
 * Whether @cpu keeps the pair with @peer. Each CPU keeps about half of its pairs, also if only
 * every second or fourth CPU samples. This does not depend on which other CPUs sample.
 */
static bool cpu_keeps(int cpu, int peer)
{
	return hweight32(cpu ^ peer) & 1 ? cpu < peer : cpu > peer;
}

/**
 * tscope_pair_find() - find the pair of two CPUs
 * @c: the CPU that keeps it
 * @peer: the other CPU
 * Context: a window, or a change of pairs.
 * Return: the pair; NULL if @c keeps none with @peer.
 */
struct tscope_pair *tscope_pair_find(const struct tscope_cpu *c, int peer)
{
	u32 i;

	for (i = 0; i < c->pairs; i++)
		if (c->pair[i]->peer == peer)
			return c->pair[i];
	return NULL;
}

/**
 * tscope_pair_clear() - forget what is known of a pair, except warps of its present window
 * @p: the pair
 * Context: process, with @p->lock held if readers may be at work.
 */
void tscope_pair_clear(struct tscope_pair *p)
{
	int lane;

	for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++) {
		tscope_tracker_init(&p->tracker[lane]);
		WRITE_ONCE(p->warps[lane], 0);
	}
	WRITE_ONCE(p->since_ms, tscope_now_ms());
}

/* A pair that the CPU keeps already, or a new one; NULL: no memory. */
static struct tscope_pair *find_or_alloc(const struct tscope_cpu *c, int peer)
{
	struct tscope_pair *p = tscope_pair_find(c, peer);

	if (p)
		return p;
	p = kmem_cache_alloc_node(pair_cache, GFP_KERNEL | __GFP_ZERO, cpu_to_node(c->cpu));
	if (!p)
		return NULL;
	p->cpu = c->cpu;
	p->peer = peer;
	seqcount_init(&p->lock);
	tscope_pair_clear(p);
	return p;
}

/* List all pairs that are to be kept, each CPU's in turn. Returns 0 or -ENOMEM. */
static int list_wanted(const int *by_rank, u32 n, struct tscope_pair **end)
{
	const bool all = n <= TSCOPE_ALL_PAIRS_CPUS;
	struct tscope_pair *p;
	u32 rank, other, i;

	for (rank = 0; rank < n; rank++) {
		for (i = 0; (other = all ? i : rank + (1U << i)) < n; i++) {
			if (all && !cpu_keeps(by_rank[rank], by_rank[other]))
				continue;
			p = find_or_alloc(tscope_cpu_of(by_rank[rank]), by_rank[other]);
			if (!p)
				return -ENOMEM;
			p->wanted = true;
			p->next = NULL;
			*end = p;
			end = &p->next;
		}
	}
	return 0;
}

/* Free what list_wanted() allocated. */
static void forget_wanted(struct tscope_pair *p)
{
	struct tscope_pair *next;

	for (; p; p = next) {
		next = p->next;
		p->wanted = false;
		if (!tscope_pair_find(tscope_cpu_of(p->cpu), p->peer))
			kmem_cache_free(pair_cache, p);
	}
}

/* From here on the CPUs keep these pairs, and no others. */
static void take_wanted(struct tscope_pair *wanted)
{
	struct tscope_pair *gone = NULL, *next;
	struct tscope_cpu *c;
	u32 i;

	spin_lock(&tscope_pairs_lock);
	for_each_tscope_cpu(c) {
		for (i = 0; i < c->pairs; i++) {
			if (c->pair[i]->wanted)
				continue;
			c->pair[i]->next = gone;
			gone = c->pair[i];
		}
		/* next_pair stays: pairs that remain keep their turn */
		c->pairs = 0;
	}
	for (; wanted; wanted = wanted->next) {
		c = tscope_cpu_of(wanted->cpu);
		c->pair[c->pairs++] = wanted;
		wanted->wanted = false;
	}
	spin_unlock(&tscope_pairs_lock);
	for (; gone; gone = next) {
		next = gone->next;
		kmem_cache_free(pair_cache, gone);
	}
}

/**
 * tscope_pairs_choose() - set which pairs there are
 * @cpus: the CPUs that sample: chosen and online; each has its state
 *
 * Pairs that existed already keep their figures.
 * Context: process, no window is open; no other change of pairs runs.
 * Return: 0, or -ENOMEM with nothing changed.
 */
int tscope_pairs_choose(const struct cpumask *cpus)
{
	struct tscope_pair *wanted = NULL;
	struct tscope_cpu *c;
	int cpu, *by_rank;
	u32 n = 0;
	int err;

	by_rank = kvcalloc(nr_cpu_ids, sizeof(*by_rank), GFP_KERNEL);
	if (!by_rank)
		return -ENOMEM;
	for_each_cpu(cpu, cpus)
		by_rank[n++] = cpu;
	err = list_wanted(by_rank, n, &wanted);
	if (err) {
		forget_wanted(wanted);
		goto free;
	}
	take_wanted(wanted);
	for_each_tscope_cpu(c)
		WRITE_ONCE(c->chosen, cpumask_test_cpu(c->cpu, cpus));
	WRITE_ONCE(rank_count, n);
	while (n--)
		tscope_cpu_of(by_rank[n])->rank = n;
	swap(ranks, by_rank);
	tscope_pairs_choices++;
free:
	kvfree(by_rank);
	return err;
}

/**
 * tscope_pairs_init() - prepare for pairs; there are none yet
 * Context: process, at load.
 * Return: 0 or -ENOMEM.
 */
int tscope_pairs_init(void)
{
	pair_cache = KMEM_CACHE(tscope_pair, SLAB_HWCACHE_ALIGN);
	return pair_cache ? 0 : -ENOMEM;
}

/**
 * tscope_pairs_exit() - free all pairs, before tscope_cpus_exit()
 * Context: process; no sampler and no reader is left.
 */
void tscope_pairs_exit(void)
{
	take_wanted(NULL);
	kvfree(ranks);
	ranks = NULL;
	rank_count = 0;
	kmem_cache_destroy(pair_cache);
}
