/* SPDX-License-Identifier: GPL-2.0 */
/* Pairs of CPUs: who exchanges with whom, and what is known of each pair. */
#ifndef TSCOPE_EXCHANGE_H
#define TSCOPE_EXCHANGE_H

#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/seqlock.h>

#include "cpu.h"
#include "interval.h"

/* Up to so many sampling CPUs each pair meets; above, neighbours in a graph. */
#define TSCOPE_ALL_PAIRS_CPUS	64

/**
 * struct tscope_pair - a pair of CPUs
 * @cpu: the CPU that keeps the pair and calls the other one
 * @peer: the other CPU
 * @lock: lets readers copy what follows while @cpu writes it
 * @life: the life of @cpu that the figures are of
 * @peer_life: the life of @peer that they are of
 * @since_ms: when the two could meet first, in these lives
 * @looked_ms: when it was last looked whether the offset moves
 * @tracker: intervals of peer's clock - cpu's clock, by lane
 * @warps: readings of one below what the other had published, by lane
 * @warp: the present window's warps that @cpu saw, by lane
 * @peer_warp: and those that @peer saw
 * @warped: there are some
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
};

/**
 * struct tscope_offset - how far CPU j's clock is ahead of CPU i's
 * @cpu_i: the lower CPU
 * @cpu_j: the higher CPU
 * @moving: the offset moved within the last two epochs
 * @offset_ns: middle of the interval
 * @bound_ns: half of its width, rounded up; 1 or more
 * @hull_low_ns: lowest limit of the last two epochs
 * @hull_high_ns: highest limit
 * @at_ms: when the interval was measured, as tscope_now_ms()
 * @met_ms: when the pair met last
 * @meetings: bursts that it is made of, since the pair's lives began
 */
struct tscope_offset {
	int cpu_i;
	int cpu_j;
	bool moving;
	s64 offset_ns;
	u64 bound_ns;
	s64 hull_low_ns;
	s64 hull_high_ns;
	u64 at_ms;
	u64 met_ms;
	u64 meetings;
};

/**
 * struct tscope_pairs_summary - all pairs of one lane
 * @worst: the pair with the largest |offset| - bound, moving ones first
 * @found: there is such a pair
 * @moving: pairs whose offset moved
 * @unmet: pairs that have not met for two turns
 * @widest_ns: the largest bound
 */
struct tscope_pairs_summary {
	struct tscope_offset worst;
	bool found;
	u64 moving;
	u64 unmet;
	u64 widest_ns;
};

extern struct mutex tscope_pairs_lock;

int tscope_pairs_choose(const struct cpumask *cpus);
void tscope_pairs_clear(void);
void tscope_pairs_free(void);
void tscope_pairs_stopped(bool stopped);
u32 tscope_pairs_turn_ms(void);
u32 tscope_pairs_cpus(void);
int tscope_pairs_partner(u32 rank, u64 round);
void tscope_pair_add(struct tscope_cpu *c, struct tscope_pair *p,
		     const struct tscope_burst *b);
bool tscope_pair_interval(const struct tscope_pair *p, enum tscope_lane lane,
			  struct tscope_interval *in);
void tscope_offset_of(enum tscope_lane lane, int from, int to, s64 low,
		      s64 high, struct tscope_offset *o);
int tscope_pairs_cpu(u32 rank);
bool tscope_pair_offset(const struct tscope_pair *p, enum tscope_lane lane,
			struct tscope_offset *o);
void tscope_pairs_summary(enum tscope_lane lane,
			  struct tscope_pairs_summary *s);
u64 tscope_now_ms(void);

#endif /* TSCOPE_EXCHANGE_H */
