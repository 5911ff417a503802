// SPDX-License-Identifier: GPL-2.0
/*
 * How far one CPU's clock is ahead of another's, from mailbox transits.
 *
 * CPU i publishes a reading, CPU j sees it and then reads its own clock. The
 * difference is the transit, never negative in true time, plus j's offset
 * against i. The smallest difference in each direction so bounds the offset
 * from either side:
 *
 *	-d(j->i) <= offset <= d(i->j)
 *
 * of which the middle is the estimate and half the width the bound. It is the
 * bound of Cristian's algorithm (Distributed Computing 3, 1989), taken over
 * the fastest message of each direction.
 */
#include "pair.h"
#include "wide.h"

/**
 * tscope_pair_offset() - offset and bound of a pair
 * @ij: smallest difference seen by j against what i published; cycles, or
 *	nanoseconds where @khz is 0; negative where j is behind
 * @ji: the same seen by i against j
 * @khz: frequency that cycles are turned into ns by, or 0
 * @pair: result
 *
 * Both figures are rounded so that the bound stays one. Context: any.
 *
 * Return: 0; -ENODATA where a direction has no transit, or a figure does
 * not fit 64 bits; -ESTALE where the two
 * contradict each other: the offset changed while they were gathered.
 */
int tscope_pair_offset(s64 ij, s64 ji, u32 khz, struct tscope_pair *pair)
{
	tscope_s128 lo, hi, sum, diff;

	if (ij == TSCOPE_TRANSIT_NONE || ji == TSCOPE_TRANSIT_NONE)
		return -ENODATA;
	hi = ij;
	lo = -(tscope_s128)ji;
	if (lo > hi)
		return -ESTALE;

	sum = hi + lo;			/* twice the offset */
	diff = hi - lo;			/* twice the bound */
	if (diff > S64_MAX || sum > S64_MAX || sum < -(tscope_s128)S64_MAX)
		return -ENODATA;
	if (khz) {
		if (tscope_cyc_to_ns(tscope_abs64((s64)sum), khz) > S64_MAX ||
		    tscope_cyc_to_ns((u64)diff, khz) > S64_MAX)
			return -ENODATA;
		sum = tscope_scyc_to_ns((s64)sum, khz);
		diff = (tscope_s128)tscope_cyc_to_ns((u64)diff, khz) + 1;
	}
	/* up to 1 ns of twice the offset was cut off, and half of it below */
	pair->offset_ns = (s64)(sum / 2);
	pair->bound_ns = (u64)((diff + 1) / 2) + 1;
	return 0;
}
