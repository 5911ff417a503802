/* SPDX-License-Identifier: GPL-2.0 */
/* tsc_pairs.h: pairs of CPUs whose TSCs are apart or move, for the rules about both */
#ifndef TSCOPE_TSC_PAIRS_H
#define TSCOPE_TSC_PAIRS_H

#include "judgement.h"

#define PAIRS_SHOWN		4
/* Programs see larger offsets as times that go back; a cache line's transit hides smaller ones. */
#define OFFSET_FAULT_NS		1000

/* Pairs, and the age up to which they count as current. */
struct tsc_pairs {
	const struct pair_line *pairs;
	size_t n;
	uint64_t limit_ms;
};

void tsc_pairs_of(const struct snapshot *s, struct tsc_pairs *all);

/* Whether @p is a pair of the TSC that is current. */
bool is_fresh(const struct tsc_pairs *all, const struct pair_line *p);

/* The pair of the same CPUs as @like of clock @clock, or NULL. */
const struct pair_line *pair_of(const struct snapshot *s, const char *clock,
				const struct pair_line *like);

static inline __int128_t excess_ns(const struct pair_line *p)
{
	return beyond_ns(p->offset_ns, p->bound_ns);
}

/* Add evidence on which programs see that the TSCs of a pair are apart, and what to boot with. */
void who_sees(const struct judgement *j, struct finding *f, const struct pair_line *p);

/* The CPU whose pairs are all apart or moving, if there is exactly one such CPU; else -1. */
int odd_cpu(const struct tsc_pairs *all);

/* Make warps and backward readings evidence that pairs explain: those that move, or are apart. */
void explain_pairs(struct judgement *j, const struct tsc_pairs *all, bool moving, int odd);

/* Add size and evidence of a pair that moves; @other: a clock whose same pair may not move. */
void motion_evidence(const struct judgement *j, struct finding *f, const struct pair_line *p,
		     const char *other);

/* The pair whose page clock moves farthest while its TSCs do not, and that nothing explains. */
const struct pair_line *page_motion(const struct judgement *j);

#endif /* TSCOPE_TSC_PAIRS_H */
