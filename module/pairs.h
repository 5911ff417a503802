/* SPDX-License-Identifier: GPL-2.0 */
/* Pairs of CPUs: who exchanges with whom. */
#ifndef TSCOPE_PAIRS_H
#define TSCOPE_PAIRS_H

#include <linux/cpumask.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>

#include "cpu.h"
#include "interval.h"

/* A pair of CPUs. Readers copy what follows the lock while cpu writes it. */
struct tscope_pair {
	int cpu;		/* keeps the pair, and calls peer */
	int peer;
	u32 wait_us;		/* how long cpu waits for peer's answer; 0: they never met */
	seqcount_t lock;
	u16 life;		/* the life of cpu that the figures are of */
	u16 peer_life;		/* the life of peer that they are of */
	u64 since_ms;		/* when the two could meet first, in these lives */
	u64 looked_ms[TSCOPE_MAILBOX_LANES]; /* start of the epoch in which motion was looked for */
	struct tscope_tracker tracker[TSCOPE_MAILBOX_LANES];	/* peer's clock - cpu's clock */
	u64 warps[TSCOPE_MAILBOX_LANES];	/* in these lives, since the last reset */
	struct tscope_finding warp[TSCOPE_LANES];	/* of this window: cpu behind peer */
	struct tscope_finding peer_warp[TSCOPE_LANES];	/* of this window: peer behind cpu */
	bool warped;		/* there are warps in this window */
	bool wanted;		/* pairs.c: the pair is to be kept */
	struct tscope_pair *next;	/* pairs.c: list of pairs that are wanted, or gone */
};

extern spinlock_t tscope_pairs_lock;
/* How often the pairs were chosen or cleared. */
extern u32 tscope_pairs_choices;

int tscope_pairs_choose(const struct cpumask *cpus);
int tscope_pairs_init(void);
void tscope_pairs_exit(void);
u32 tscope_pairs_turn_ms(void);
u32 tscope_pairs_cpus(void);
int tscope_pairs_partner(u32 rank, u64 round);
struct tscope_pair *tscope_pair_find(const struct tscope_cpu *c, int peer);
void tscope_pair_clear(struct tscope_pair *p);

#endif /* TSCOPE_PAIRS_H */
