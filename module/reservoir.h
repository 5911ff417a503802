/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Some of an epoch's bursts, and what is usual among them. All figures are in the clock's unit:
 * cycles, or ns.
 */
#ifndef TSCOPE_RESERVOIR_H
#define TSCOPE_RESERVOIR_H

#include "pure.h"

/* How many bursts are kept. */
#define TSCOPE_RESERVOIR_SIZE	32

/* Plain data, of which a reader may take a copy. */
struct tscope_reservoir {
	s64 first_low;				/* lower limit of the offset in the first burst */
	s32 lows[TSCOPE_RESERVOIR_SIZE];	/* lower limits less first_low, saturated */
	u32 widths[TSCOPE_RESERVOIR_SIZE];	/* upper limits less the lower ones */
	u32 bursts;				/* how many are kept */
	u32 stride;				/* each stride-th burst is kept */
};

u32 tscope_rank_width(const u32 *widths, u32 n, u32 rank);
void tscope_reservoir_init(struct tscope_reservoir *r);
bool tscope_reservoir_add(struct tscope_reservoir *r, u32 number, s64 low, u32 width);
void tscope_reservoir_limits(const struct tscope_reservoir *r, u32 rank, s64 *low, s64 *high);

#endif /* TSCOPE_RESERVOIR_H */
