// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of an offset between two clocks: what those of many bursts say
 * together, and how an interval is rounded.
 */
#include "limits.h"
#include "math128.h"

/**
 * tscope_limits_width() - width of a burst
 * @low: its lower limit
 * @high: its upper limit
 *
 * Return: the width, at most U32_MAX - 1; 0 where the limits contradict each
 * other.
 */
u32 tscope_limits_width(s64 low, s64 high)
{
	u64 width;

	if (low > high)
		return 0;
	width = (u64)high - (u64)low;
	return width < U32_MAX ? (u32)width : U32_MAX - 1;
}

/**
 * tscope_limits_clear() - no bursts yet
 * @l: the limits
 */
void tscope_limits_clear(struct tscope_limits *l)
{
	memset(l, 0, sizeof(*l));
	l->width = U32_MAX;
}

/*
 * The usual width of bursts that give the same limit: few of them are torn and
 * narrow, few are wide. Each moves the width towards its own by an eighth.
 */
static u32 width_of_equals(u32 width, u32 other)
{
	if (other > width)
		return min(other, width + width / 8 + 1);
	return max(other, width - width / 8);
}

/**
 * tscope_limits_merge() - add bursts to others
 * @into: limits of the one
 * @from: limits of the others
 *
 * Context: any; no division.
 */
void tscope_limits_merge(struct tscope_limits *into,
			 const struct tscope_limits *from)
{
	if (!from->bursts)
		return;
	if (from->width < into->width)
		into->width = from->width;
	if (!into->bursts) {
		u32 width = into->width;

		*into = *from;
		into->width = width;
		return;
	}
	if (from->low == into->low)
		into->low_width = width_of_equals(into->low_width,
						  from->low_width);
	if (from->high == into->high)
		into->high_width = width_of_equals(into->high_width,
						   from->high_width);
	if (from->low > into->low) {
		into->low = from->low;
		into->low_width = from->low_width;
	}
	if (from->high < into->high) {
		into->high = from->high;
		into->high_width = from->high_width;
	}
	if (into->bursts + from->bursts < into->bursts)
		into->bursts = U32_MAX;
	else
		into->bursts += from->bursts;
}

/**
 * tscope_limits_prove() - do limits contradict each other?
 * @l: the limits
 * @step: the clock counts in such steps
 *
 * Return: true where no constant offset is within all of them.
 */
bool tscope_limits_prove(const struct tscope_limits *l, u32 step)
{
	return l->bursts &&
	       tscope_ssub64(l->high, l->low) < -2 * (s64)step;
}

/**
 * tscope_limits_suggest() - are limits closer than those of an offset that rests?
 * @l: the limits
 * @width: lower eighth of the widths of bursts
 * @step: the clock counts in such steps
 *
 * Fewer than TSCOPE_EPOCH_BURSTS bursts suggest nothing, but may prove.
 *
 * Return: true where it is likely that the offset moved.
 */
bool tscope_limits_suggest(const struct tscope_limits *l, u32 width, u32 step)
{
	if (l->bursts < TSCOPE_EPOCH_BURSTS)
		return tscope_limits_prove(l, step);
	if (l->low_width < width)
		width = l->low_width;
	if (l->high_width < width)
		width = l->high_width;
	return tscope_ssub64(l->high, l->low) <
	       (s64)((u64)width * 13 / 20) - 2 * (s64)step;
}

/**
 * tscope_width_of_rank() - the width that some others are below
 * @widths: the widths
 * @n: how many, 1 to TSCOPE_EPOCH_WIDTHS
 * @rank: how many others, below @n
 *
 * Takes @rank + 1 passes. Context: any.
 *
 * Return: it.
 */
u32 tscope_width_of_rank(const u32 *widths, u32 n, u32 rank)
{
	u32 sorted[TSCOPE_EPOCH_WIDTHS];
	u32 i, k, least, width;

	memcpy(sorted, widths, n * sizeof(*widths));
	for (k = 0; k <= rank; k++) {
		least = k;
		for (i = k + 1; i < n; i++)
			if (sorted[i] < sorted[least])
				least = i;
		width = sorted[k];
		sorted[k] = sorted[least];
		sorted[least] = width;
	}
	return sorted[rank];
}

/* num / den rounded down; den is not 0 */
static tscope_s128 divide_floor(tscope_s128 num, u64 den)
{
	if (num >= 0)
		return (tscope_s128)tscope_div128((tscope_u128)num, den);
	/* rounded away from 0 */
	num = den - 1 - num;
	return -(tscope_s128)tscope_div128((tscope_u128)num, den);
}

/**
 * tscope_interval_ns() - an interval as offset and bound in ns
 * @low: lower end, in cycles, or in ns where @khz is 0
 * @high: upper end, not below @low
 * @khz: frequency that cycles are turned into ns by, or 0
 * @offset_ns: the middle, rounded to nearest, saturated
 * @bound_ns: at least 1; the whole interval lies in offset +- bound unless one
 *	of the two is saturated
 *
 * Context: process; divides.
 */
void tscope_interval_ns(s64 low, s64 high, u32 khz, s64 *offset_ns,
			u64 *bound_ns)
{
	tscope_s128 low_ns = low, high_ns = high, middle, bound;

	middle = divide_floor(low_ns + high_ns + 1, 2);
	if (khz) {
		/* 1 ns is khz / 10^6 cycles */
		middle = (low_ns + high_ns) * 1000000 + khz;
		middle = divide_floor(middle, 2 * (u64)khz);
		low_ns = divide_floor(low_ns * 1000000, khz);
		high_ns = -divide_floor(high_ns * -1000000, khz);
	}
	if (middle > S64_MAX)
		middle = S64_MAX;
	if (middle < S64_MIN)
		middle = S64_MIN;
	bound = high_ns - middle;
	if (middle - low_ns > bound)
		bound = middle - low_ns;
	if (bound < 1)
		bound = 1;
	*offset_ns = (s64)middle;
	*bound_ns = bound < U64_MAX ? (u64)bound : U64_MAX;
}
