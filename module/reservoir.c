// SPDX-License-Identifier: GPL-2.0
/*
 * Some of an epoch's bursts, and what is usual among them. Each burst is as likely as any other to
 * be kept, in the order of time, so that memory does not grow with the number of bursts.
 */
#include "math128.h"
#include "reservoir.h"

/**
 * tscope_rank_width() - the width at one place of sorted widths
 * @widths: the widths, in any order
 * @n: how many, up to TSCOPE_RESERVOIR_SIZE
 * @rank: the place, from 0 on
 * Context: any; takes @rank + 1 passes.
 * Return: the width; 0 if @n is 0.
 */
u32 tscope_rank_width(const u32 *widths, u32 n, u32 rank)
{
	u32 sorted[TSCOPE_RESERVOIR_SIZE] = { };
	u32 i, k;

	memcpy(sorted, widths, n * sizeof(*widths));
	for (k = 0; k <= rank; k++)
		for (i = k + 1; i < n; i++)
			if (sorted[i] < sorted[k])
				swap(sorted[k], sorted[i]);
	return sorted[rank];
}

/**
 * tscope_reservoir_init() - forget all bursts
 * @r: the reservoir
 * Context: any; the caller serializes.
 */
void tscope_reservoir_init(struct tscope_reservoir *r)
{
	r->bursts = 0;
	r->stride = 1;
}

/**
 * tscope_reservoir_add() - keep a burst, or leave it out
 * @r: the reservoir
 * @number: the burst's number in the epoch, from 0 on
 * @low: lower limit of the offset
 * @width: upper limit less @low
 * Context: any; the caller serializes.
 * Return: true if it is kept.
 */
bool tscope_reservoir_add(struct tscope_reservoir *r, u32 number, s64 low, u32 width)
{
	u32 i;

	if (number & (r->stride - 1))
		return false;
	if (r->bursts == TSCOPE_RESERVOIR_SIZE) {
		r->bursts /= 2;
		for (i = 0; i < r->bursts; i++) {
			r->lows[i] = r->lows[2 * i];
			r->widths[i] = r->widths[2 * i];
		}
		r->stride *= 2;
	}
	if (!r->bursts)
		r->first_low = low;
	r->lows[r->bursts] = clamp_t(s64, tscope_ssub64(low, r->first_low), S32_MIN, S32_MAX);
	r->widths[r->bursts++] = width;
	return true;
}

/**
 * tscope_reservoir_limits() - limits of the offset, by rank
 * @r: the reservoir
 * @rank: how many bursts have tighter limits, 0 for the tightest ones; less than are kept
 * @low: result: a lower limit; S64_MIN if no burst is kept
 * @high: result: an upper limit; S64_MAX if no burst is kept
 * Context: any; takes @rank + 1 passes.
 */
void tscope_reservoir_limits(const struct tscope_reservoir *r, u32 rank, s64 *low, s64 *high)
{
	s64 highs[TSCOPE_RESERVOIR_SIZE];
	s32 lows[TSCOPE_RESERVOIR_SIZE];
	u32 i, k;

	*low = S64_MIN;
	*high = S64_MAX;
	if (!r->bursts)
		return;
	for (i = 0; i < r->bursts; i++) {
		lows[i] = r->lows[i];
		highs[i] = (s64)r->lows[i] + r->widths[i];
	}
	for (k = 0; k <= rank; k++)
		for (i = k + 1; i < r->bursts; i++) {
			if (lows[i] > lows[k])
				swap(lows[k], lows[i]);
			if (highs[i] < highs[k])
				swap(highs[k], highs[i]);
		}
	*low = tscope_sadd64(r->first_low, lows[rank]);
	*high = tscope_sadd64(r->first_low, highs[rank]);
}
