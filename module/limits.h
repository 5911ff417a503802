/* SPDX-License-Identifier: GPL-2.0 */
/* Limits of an offset between two clocks. */
#ifndef TSCOPE_LIMITS_H
#define TSCOPE_LIMITS_H

#include "pure.h"

/* Widths of an epoch that are kept, and bursts that an epoch has at least. */
#define TSCOPE_EPOCH_WIDTHS	32
#define TSCOPE_EPOCH_BURSTS	8

/**
 * struct tscope_limits - the tightest limits of some bursts
 * @low: highest lower limit of the offset
 * @high: lowest upper limit
 * @low_width: width of the burst that gave @low; 0: the burst was torn
 * @high_width: width of the burst that gave @high
 * @width: lower eighth of the bursts' widths; U32_MAX: not known
 * @bursts: how many bursts; 0: the other fields mean nothing
 */
struct tscope_limits {
	s64 low;
	s64 high;
	u32 low_width;
	u32 high_width;
	u32 width;
	u32 bursts;
};

/**
 * tscope_interval_distance() - how far an interval is from zero, at least
 * @low: lower end
 * @high: upper end, not below @low
 *
 * Return: \|offset\| - bound, without rounding; negative where 0 is inside.
 */
static inline s64 tscope_interval_distance(s64 low, s64 high)
{
	s64 below = high == S64_MIN ? S64_MAX : -high;

	return low > below ? low : below;
}

u32 tscope_limits_width(s64 low, s64 high);
void tscope_limits_clear(struct tscope_limits *l);
void tscope_limits_merge(struct tscope_limits *into,
			 const struct tscope_limits *from);
bool tscope_limits_prove(const struct tscope_limits *l, u32 step);
bool tscope_limits_suggest(const struct tscope_limits *l, u32 width, u32 step);
u32 tscope_width_of_rank(const u32 *widths, u32 n, u32 rank);
void tscope_interval_ns(s64 low, s64 high, u32 khz, s64 *offset_ns,
			u64 *bound_ns);

#endif /* TSCOPE_LIMITS_H */
