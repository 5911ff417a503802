/* SPDX-License-Identifier: GPL-2.0 */
/* What is known of each pair of CPUs. */
#ifndef TSCOPE_EXCHANGE_H
#define TSCOPE_EXCHANGE_H

#include "burst.h"
#include "pairs.h"

/* How far CPU j's clock is ahead of CPU i's. Times are as tscope_now_ms(). */
struct tscope_offset {
	int cpu_i;		/* the lower CPU */
	int cpu_j;
	bool moving;		/* it moved within the last two epochs, or drifts */
	s64 offset_ns;		/* middle of the interval */
	u64 bound_ns;		/* half of its width, rounded up: 1 or more */
	s64 hull_low_ns;	/* lowest offset of the last two epochs */
	s64 hull_high_ns;
	u64 at_ms;		/* when the interval was measured */
	u64 met_ms;		/* when the pair met last */
	u64 meetings;		/* since the pair's lives began */
};

/* All pairs of one lane. */
struct tscope_pairs_summary {
	struct tscope_offset worst;	/* largest |offset| - bound, moving ones first */
	bool found;			/* there is such a pair */
	u64 moving;			/* pairs whose offset moved */
	u64 unmet;			/* pairs that have not met for two turns */
	u64 widest_ns;			/* the largest bound */
};

void tscope_pair_add(struct tscope_cpu *c, struct tscope_pair *p, const struct tscope_burst *b);
void tscope_pairs_note_step(struct tscope_cpu *c);
bool tscope_pair_offset(const struct tscope_pair *p, enum tscope_lane lane,
			struct tscope_offset *o);
u64 tscope_pair_warps(const struct tscope_pair *p, enum tscope_lane lane);
void tscope_pairs_summary(enum tscope_lane lane, struct tscope_pairs_summary *s);
void tscope_pairs_clear(void);
void tscope_pairs_stopped(bool stopped);

#endif /* TSCOPE_EXCHANGE_H */
