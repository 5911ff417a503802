/* SPDX-License-Identifier: GPL-2.0 */
/* tsc_pairs.h: pairs of CPUs whose TSCs are apart or move, for the rules on either */
#ifndef TSCOPE_TSC_PAIRS_H
#define TSCOPE_TSC_PAIRS_H

#include "judgement.h"

#define PAIRS_SHOWN		4
/* Programs tell offsets of this size by times that go backward; smaller ones a cache line hides. */
#define OFFSET_FAULT_NS		1000

/* Pairs, and the age up to which they count as now. */
struct tsc_pairs {
	const struct pair_line *pairs;
	size_t n;
	uint64_t limit_ms;
};

void tsc_pairs_of(const struct snapshot *s, struct tsc_pairs *all);

/* Whether it is a pair of the TSC that met within the time that counts as now. */
bool is_fresh(const struct tsc_pairs *all, const struct pair_line *p);

/* The pair of the same CPUs of another clock, or NULL. */
const struct pair_line *pair_of(const struct snapshot *s, const char *clock,
				const struct pair_line *like);

static inline __int128_t excess_ns(const struct pair_line *p)
{
	return beyond_ns(p->offset_ns, p->bound_ns);
}

/* Evidence of who sees it that the TSCs of a pair are apart. */
void who_sees(const struct judgement *j, struct finding *f, const struct pair_line *p);

/* The CPU that is apart from all others that it meets, or moves, if there is just one; else -1. */
int odd_cpu(const struct tsc_pairs *all);

/* All pairs that move, or all that rest and are apart, explain warps and backward readings. */
void explain_pairs(struct judgement *j, const struct tsc_pairs *all, bool moving, int odd);

/* Size and evidence of a pair that moves; @other: a clock whose pair of the same CPUs may rest. */
void motion_evidence(const struct judgement *j, struct finding *f, const struct pair_line *p,
		     const char *other);

/* The pair of the time page's clock that moves farthest while its TSCs rest, if not explained. */
const struct pair_line *page_motion(const struct judgement *j);

#endif /* TSCOPE_TSC_PAIRS_H */
