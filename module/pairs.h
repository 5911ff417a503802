/* SPDX-License-Identifier: GPL-2.0 */
/* Pairs of CPUs: who exchanges with whom. */
#ifndef TSCOPE_PAIRS_H
#define TSCOPE_PAIRS_H

#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/seqlock.h>

#include "cpu.h"
#include "interval.h"

/**
 * struct tscope_pair - a pair of CPUs
 * @cpu: the CPU that keeps the pair and calls the other one
 * @peer: the other CPU
 * @lock: lets readers copy what follows while @cpu writes it
 * @life: the life of @cpu that the figures are of
 * @peer_life: the life of @peer that they are of
 * @since_ms: when the two could meet first, in these lives
 * @looked_ms: when motion was last looked for to be traced
 * @tracker: intervals of peer's clock - cpu's clock, by lane
 * @warps: readings of one below what the other had published, by lane
 * @warp: the present window's warps that @cpu saw, by lane
 * @peer_warp: and those that @peer saw
 * @warped: there are some
 * @wanted: pairs.c: it is to be kept
 * @next: pairs.c: the next one that is
 */
struct tscope_pair {
	int cpu;
	int peer;
	seqcount_t lock;
	u16 life;
	u16 peer_life;
	u64 since_ms;
	u64 looked_ms;
	struct tscope_tracker tracker[TSCOPE_MAILBOX_LANES];
	u64 warps[TSCOPE_MAILBOX_LANES];
	struct tscope_finding warp[TSCOPE_LANES];
	struct tscope_finding peer_warp[TSCOPE_LANES];
	bool warped;
	bool wanted;
	struct tscope_pair *next;
};

extern struct mutex tscope_pairs_lock;
/* number of times that the pairs were chosen or cleared; under tscope_pairs_lock */
extern u32 tscope_pairs_choices;

int tscope_pairs_choose(const struct cpumask *cpus);
void tscope_pairs_free(void);
u32 tscope_pairs_turn_ms(void);
u32 tscope_pairs_cpus(void);
int tscope_pairs_partner(u32 rank, u64 round);
struct tscope_pair *tscope_pair_find(const struct tscope_cpu *c, int peer);
void tscope_pair_clear(struct tscope_pair *p);

#endif /* TSCOPE_PAIRS_H */
