/* SPDX-License-Identifier: GPL-2.0 */
/* Extends a narrow hardware counter by the time that passed on the TSC. */
#ifndef TSCOPE_COUNTER_H
#define TSCOPE_COUNTER_H

#include "pure.h"

/* A counter of few bits. */
struct tscope_counter {
	u64 num;			/* a tick lasts num/den ns; not 0 */
	u64 den;			/* not 0 */
	u64 mask;			/* the counter's range, 2^n - 1 */
	u64 ticks;			/* the extended counter; 2^32 at the first reading */
	u64 last;			/* the counter at the last reading */
	u64 tsc;			/* the TSC at the last reading */
	bool valid;			/* there was a reading */
	bool uncertain;	/* the last reading came so late that the number of wraps is not known */
};

u64 tscope_counter_ns(struct tscope_counter *c, u64 count, u64 tsc, u32 khz);

#endif /* TSCOPE_COUNTER_H */
