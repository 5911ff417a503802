/* SPDX-License-Identifier: GPL-2.0 */
/* The bursts of the last seconds with their true offsets, for tests of intervals. */
#ifndef TSCOPE_MOMENTS_H
#define TSCOPE_MOMENTS_H

#include "interval.h"

/**
 * struct moment - a burst
 * @low: its lower limit
 * @high: its upper limit
 * @least: lowest true offset during the burst
 * @most: highest true offset during the burst
 * @jumps: the offset jumped from one of these to the other, and had no value in between
 */
struct moment {
	s64 low;
	s64 high;
	s64 least;
	s64 most;
	bool jumps;
};

/* How many of the true offsets during a burst are in an interval? */
enum held { HELD_NONE, HELD_SOME, HELD_ALL };

void moments_clear(void);
void moments_add(const struct moment *m, u64 at_ms);
/*
 * Returns what the newest interval holds of the true offsets of its moment. If the offset changed
 * in this moment, there are two. A burst may show one of them alone, if the other one lasted for an
 * exchange or two. An interval that holds neither is false.
 */
enum held moments_held(const struct tscope_interval *iv);
/*
 * Returns what the interval's hull holds of the true offsets of each burst in the last second, up
 * to the interval's moment. Bursts that are wider than @widest may not have been used.
 */
enum held moments_hull_held(const struct tscope_interval *iv, u64 now_ms, s64 widest);
/* Returns what the narrowest burst of the last second holds of its true offset. */
enum held moments_narrowest_held(u64 now_ms);

#endif /* TSCOPE_MOMENTS_H */
