/* SPDX-License-Identifier: GPL-2.0 */
/* Extends a narrow hardware counter by the time that passed on the TSC. */
#ifndef TSCOPE_COUNTER_H
#define TSCOPE_COUNTER_H

#include "pure.h"

/**
 * struct tscope_counter - a counter of few bits
 * @num: a tick lasts num/den ns, not 0
 * @den: of that, not 0
 * @mask: its range, 2^n - 1
 * @ticks: ticks since 2^32 before the first reading, extended
 * @last: the counter at the last reading
 * @tsc: the TSC at the last reading
 * @valid: there was a reading
 * @uncertain: so much time passed before the last one that the number of wraps is not certain
 */
struct tscope_counter {
	u64 num;
	u64 den;
	u64 mask;
	u64 ticks;
	u64 last;
	u64 tsc;
	bool valid;
	bool uncertain;
};

u64 tscope_counter_ns(struct tscope_counter *c, u64 count, u64 tsc, u32 khz);

#endif /* TSCOPE_COUNTER_H */
