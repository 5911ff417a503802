/* SPDX-License-Identifier: GPL-2.0 */
/* Mailboxes: what CPUs show each other, and the transits they see. */
#ifndef TSCOPE_EXCHANGE_H
#define TSCOPE_EXCHANGE_H

#include <linux/seqlock.h>

#include "clock.h"
#include "graph.h"

/* Minima are kept for a slot of time, so that a slow drift shows. */
#define TSCOPE_SLOT_NS		1000000000ULL

/**
 * struct tscope_mailbox - a CPU's newest published readings
 * @seen: value of each lane; 0: none yet
 *
 * Two cache lines, because the neighbour of a line may be fetched with it.
 */
struct tscope_mailbox {
	u64 seen[TSCOPE_LANES];
} __aligned(128);

/**
 * struct tscope_row - smallest transits that a CPU saw, by slots of its peers
 * @now: of the present slot
 * @slot: number of the present slot
 * @windows: windows that it had so far
 * @warps: warps seen against each peer
 * @past: of the last two slots that ended, @slot & 1 picks one
 * @past.seq: guards the place against its being rewritten
 * @past.slot: number of the slot
 * @past.min: the smallest transits
 */
struct tscope_row {
	s64 now[TSCOPE_PAIR_LANES][TSCOPE_PEERS_MAX];
	u64 slot;
	u64 windows;
	u64 warps[TSCOPE_PAIR_LANES][TSCOPE_PEERS_MAX];
	struct {
		seqcount_t seq;
		u64 slot;
		s64 min[TSCOPE_PAIR_LANES][TSCOPE_PEERS_MAX];
	} past[2];
};

extern struct tscope_mailbox *tscope_mailboxes;

/* tscope_graph_lock - protects who watches whom; the samplers need it not */
extern struct mutex tscope_graph_lock;
/* tscope_ranks - the CPU of each rank of the graph */
extern int *tscope_ranks;
/* tscope_rank_count - how many ranks there are */
extern u32 tscope_rank_count;

void tscope_row_forget(struct tscope_row *row);
void tscope_row_init(struct tscope_row *row);
void tscope_row_slot(struct tscope_row *row, u64 slot);
void tscope_row_close(struct tscope_row *row, u64 whole);
int tscope_exchange_pair(int i, int j, enum tscope_lane lane,
			 struct tscope_pair *pair);
int tscope_exchange_largest(enum tscope_lane lane, struct tscope_pair *pair);
int tscope_exchange_tree(enum tscope_lane lane, struct tscope_node **node);
u64 tscope_exchange_warps(int i, int j, enum tscope_lane lane);

#endif /* TSCOPE_EXCHANGE_H */
