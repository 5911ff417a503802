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
 */
struct moment {
	s64 low;
	s64 high;
	s64 least;
	s64 most;
};

void moments_clear(void);
void moments_add(const struct moment *m, u64 at_ms);
/* Does the newest interval hold the offset of the moment that it is of? */
bool moments_hold(const struct tscope_interval *iv);
/* Does its hull hold all offsets of the last second? */
bool moments_hull_holds(const struct tscope_interval *iv, u64 now_ms);
/* Does the narrowest burst of the last second hold the offset that it had? */
bool moments_narrowest_holds(u64 now_ms);

#endif /* TSCOPE_MOMENTS_H */
