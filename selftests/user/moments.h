/* SPDX-License-Identifier: GPL-2.0 */
/* The bursts of the last seconds with their true offsets, for tests of intervals. */
#ifndef TSCOPE_MOMENTS_H
#define TSCOPE_MOMENTS_H

#include "interval.h"

/**
 * struct moment - a burst
 * @low: its lower limit
 * @high: its upper limit
 * @least: lowest offset that there was in the burst
 * @most: highest one
 * @jumps: there were none between these two
 */
struct moment {
	s64 low;
	s64 high;
	s64 least;
	s64 most;
	bool jumps;
};

/* Of the offsets that there were in a burst, which are in an interval? */
enum held { HELD_NONE, HELD_SOME, HELD_ALL };

void moments_clear(void);
void moments_add(const struct moment *m, u64 at_ms);
/*
 * What the newest interval holds of the moment that it is of. An offset that changed in that moment
 * was both: a burst may show either alone, where the other one lasted for an exchange or two. One
 * that holds neither is false.
 */
enum held moments_held(const struct tscope_interval *iv);
/*
 * What its hull holds of each burst of the last second, up to the moment that it is of. One that is
 * wider than @widest may not have been used.
 */
enum held moments_hull_held(const struct tscope_interval *iv, u64 now_ms, s64 widest);
/* What the narrowest burst of the last second holds of the offset that it had. */
enum held moments_narrowest_held(u64 now_ms);

#endif /* TSCOPE_MOMENTS_H */
