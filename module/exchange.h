/* SPDX-License-Identifier: GPL-2.0 */
/* What is known of each pair of CPUs. */
#ifndef TSCOPE_EXCHANGE_H
#define TSCOPE_EXCHANGE_H

#include "burst.h"
#include "pairs.h"

/**
 * struct tscope_offset - how far CPU j's clock is ahead of CPU i's
 * @cpu_i: the lower CPU
 * @cpu_j: the higher CPU
 * @moving: the offset moved within the last two epochs
 * @offset_ns: middle of the interval
 * @bound_ns: half of its width, rounded up; 1 or more
 * @hull_low_ns: lowest offset of the last two epochs
 * @hull_high_ns: highest one
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

void tscope_pair_add(struct tscope_cpu *c, struct tscope_pair *p, const struct tscope_burst *b);
bool tscope_pair_offset(const struct tscope_pair *p, enum tscope_lane lane,
			struct tscope_offset *o);
void tscope_pairs_summary(enum tscope_lane lane, struct tscope_pairs_summary *s);
void tscope_pairs_clear(void);
void tscope_pairs_stopped(bool stopped);

#endif /* TSCOPE_EXCHANGE_H */
