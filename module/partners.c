// SPDX-License-Identifier: GPL-2.0
/*
 * Who exchanges with whom.
 *
 * One CPU of each pair keeps it: it calls the other one (meeting.c), or both
 * sample all the time and meet by rounds.
 *
 * Up to TSCOPE_ALL_PAIRS_CPUS sampling CPUs each pair meets. Above, the CPUs
 * are ranked, each meets those whose rank differs by a power of two, and other
 * offsets are composed of those (composed.c).
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "composed.h"
#include "exchange.h"

/* Pairs that a CPU meets in a second at the defaults. */
#define MEETINGS_PER_S	8

/*
 * tscope_pairs_lock - protects who keeps which pairs against readers. Writers
 * hold it and have no window open. Inside cpus_read_lock().
 */
DEFINE_MUTEX(tscope_pairs_lock);

/* The CPUs that sample, by rank; written as the pairs are. */
static int *ranks;
static u32 rank_count;

/**
 * tscope_pairs_cpus() - how many CPUs sample
 *
 * Context: a window, or tscope_pairs_lock.
 *
 * Return: the number.
 */
u32 tscope_pairs_cpus(void)
{
	return READ_ONCE(rank_count);
}

/* How many pairs a CPU belongs to at most. */
static u32 partners_of(u32 n)
{
	if (n <= TSCOPE_ALL_PAIRS_CPUS)
		return n ? n - 1 : 0;
	return 2 * fls(n - 1);
}

/**
 * tscope_pairs_turn_ms() - the time in which each pair meets once
 *
 * Context: any.
 *
 * Return: max(1 s, partners of a CPU / 8 s), in ms.
 */
u32 tscope_pairs_turn_ms(void)
{
	u32 partners = partners_of(READ_ONCE(rank_count));

	return max(partners * (u32)MSEC_PER_SEC / MEETINGS_PER_S,
		   (u32)MSEC_PER_SEC);
}

/**
 * tscope_pairs_partner() - whom a CPU exchanges with in a round
 * @rank: the CPU's rank
 * @round: number of the round
 *
 * The circle method of round-robin tournaments: in n - 1 rounds (n of an odd n)
 * each meets each. Context: a window.
 *
 * Return: CPU; -1 for none.
 */
int tscope_pairs_partner(u32 rank, u64 round)
{
	u32 n = rank_count, m = n | 1, turn, other;

	if (n < 2)
		return -1;
	/* m players in a circle; with an even n the last one stands beside it */
	if (!(n & 1))
		m = n - 1;
	turn = (u32)(round % m);
	if (rank == m) {
		/* the one whose double is the turn, modulo an odd m */
		other = turn & 1 ? (turn + m) / 2 : turn / 2;
		return ranks[other];
	}
	other = (turn + m - rank) % m;
	if (other == rank)
		other = m;
	return other < n ? ranks[other] : -1;
}

/*
 * Whether @cpu keeps the pair with @peer. Each CPU keeps about half of its pairs, also
 * where only every second or fourth CPU samples, and whichever others do.
 */
static bool keeps(int cpu, int peer)
{
	return hweight32(cpu ^ peer) & 1 ? cpu < peer : cpu > peer;
}

/* The CPU's @i-th pair in the graph of ranks; -1: there is no more. */
static int graph_peer(const int *by_rank, u32 n, u32 rank, u32 i)
{
	return i < 31 && rank + (1U << i) < n ? by_rank[rank + (1U << i)] : -1;
}

static struct tscope_pair *pair_find(const struct tscope_cpu *c, int peer)
{
	u32 i;

	for (i = 0; i < c->pairs; i++)
		if (c->pair[i] && c->pair[i]->peer == peer)
			return c->pair[i];
	return NULL;
}

/* What a CPU is to keep: the pairs that it has already, and new ones. */
struct kept {
	struct tscope_pair **pair;
	u32 n;
};

static void kept_free(struct tscope_cpu *c, struct kept *k)
{
	u32 i;

	/* those that the CPU had before stay with it */
	for (i = 0; i < k->n; i++)
		if (pair_find(c, k->pair[i]->peer) != k->pair[i])
			kvfree(k->pair[i]);
	kvfree(k->pair);
}

static int kept_add(struct tscope_cpu *c, struct kept *k, int peer)
{
	struct tscope_pair *p = pair_find(c, peer);
	int lane;

	if (!p) {
		p = kvzalloc_node(sizeof(*p), GFP_KERNEL, cpu_to_node(c->cpu));
		if (!p)
			return -ENOMEM;
		p->cpu = c->cpu;
		p->peer = peer;
		p->since_ms = tscope_now_ms();
		seqcount_init(&p->lock);
		for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++)
			tscope_tracker_init(&p->tracker[lane]);
	}
	k->pair[k->n++] = p;
	return 0;
}

static int kept_make(struct tscope_cpu *c, struct kept *k, const int *by_rank,
		     u32 n, u32 rank)
{
	u32 i;
	int err = 0, peer;

	k->n = 0;
	k->pair = kvcalloc(max(partners_of(n), 1U), sizeof(*k->pair),
			   GFP_KERNEL);
	if (!k->pair)
		return -ENOMEM;
	if (n <= TSCOPE_ALL_PAIRS_CPUS) {
		for (i = 0; i < n && !err; i++)
			if (i != rank && keeps(c->cpu, by_rank[i]))
				err = kept_add(c, k, by_rank[i]);
	} else {
		for (i = 0; !err; i++) {
			peer = graph_peer(by_rank, n, rank, i);
			if (peer < 0)
				break;
			err = kept_add(c, k, peer);
		}
	}
	if (err) {
		kept_free(c, k);
		k->pair = NULL;
		k->n = 0;
	}
	return err;
}

/* From here on the CPU keeps these, and no others. */
static void kept_take(struct tscope_cpu *c, struct kept *k)
{
	u32 i, j;

	for (i = 0; i < c->pairs; i++) {
		for (j = 0; j < k->n && k->pair[j] != c->pair[i]; j++)
			;
		if (j == k->n)
			kvfree(c->pair[i]);
	}
	kvfree(c->pair);
	c->pair = k->pair;
	c->pairs = k->n;
	c->next_pair = 0;
}

/**
 * tscope_pairs_choose() - set which pairs there are
 * @cpus: the CPUs that sample: chosen and online; each has its state
 *
 * Pairs that there were already keep their figures. Context: process, no window
 * is open, tscope_pairs_lock is held.
 *
 * Return: 0, or -ENOMEM with nothing changed.
 */
int tscope_pairs_choose(const struct cpumask *cpus)
{
	struct kept *kept, none = { };
	struct tscope_cpu *c;
	int cpu, *by_rank;
	u32 n = 0, i;
	int err = 0;

	lockdep_assert_held(&tscope_pairs_lock);
	by_rank = kvcalloc(nr_cpu_ids, sizeof(*by_rank), GFP_KERNEL);
	kept = kvcalloc(nr_cpu_ids, sizeof(*kept), GFP_KERNEL);
	if (!by_rank || !kept) {
		err = -ENOMEM;
		goto free;
	}
	for_each_cpu(cpu, cpus)
		by_rank[n++] = cpu;
	for (i = 0; i < n && !err; i++)
		err = kept_make(tscope_cpu_of(by_rank[i]), &kept[i], by_rank,
				n, i);
	if (err) {
		while (i--)
			kept_free(tscope_cpu_of(by_rank[i]), &kept[i]);
		goto free;
	}

	for_each_tscope_cpu(c) {
		for (i = 0; i < n && by_rank[i] != c->cpu; i++)
			;
		c->rank = i;
		WRITE_ONCE(c->chosen, i < n);
		kept_take(c, i < n ? &kept[i] : &none);
	}
	swap(ranks, by_rank);
	WRITE_ONCE(rank_count, n);
	tscope_composed_forget();
free:
	kvfree(kept);
	kvfree(by_rank);
	return err;
}

/**
 * tscope_pairs_free() - free all pairs
 *
 * Context: process, at unload; no sampler and no reader is left.
 */
void tscope_pairs_free(void)
{
	struct kept none = { };
	struct tscope_cpu *c;

	for_each_tscope_cpu(c)
		kept_take(c, &none);
	kvfree(ranks);
	ranks = NULL;
	rank_count = 0;
}

/**
 * tscope_pairs_cpu() - the CPU of a rank
 * @rank: rank
 *
 * Context: process.
 *
 * Return: CPU; -1 where there is none.
 */
int tscope_pairs_cpu(u32 rank)
{
	int cpu;

	mutex_lock(&tscope_pairs_lock);
	cpu = rank < rank_count ? ranks[rank] : -1;
	mutex_unlock(&tscope_pairs_lock);
	return cpu;
}
