/* SPDX-License-Identifier: GPL-2.0 */
/* A clock's points: thinned, cut into segments, kept in a ring. */
#ifndef TSCOPE_SERIES_H
#define TSCOPE_SERIES_H

#include "fit.h"
#include "step.h"

/* Room for 60 s of points, one each 7.3 ms. */
#define TSCOPE_SERIES_POINTS	8192

/*
 * The points of one clock. One writer; tscope_series_copy() and tscope_series_newest() may run
 * meanwhile.
 */
struct tscope_series {
	struct tscope_point *ring;	/* TSCOPE_SERIES_POINTS points, the newest at @head - 1 */
	u64 head;	/* points ever put into @ring; written after the point itself */
	u64 first;	/* what @head was at the last restart: older points are forgotten */
	u32 khz;			/* the TSC's nominal frequency */
	u64 slot_cyc;			/* of this many cycles one point is kept; 0: all are */
	bool exact;	/* the caller reports steps by tscope_series_break(): look for none */
	unsigned int step_flags;	/* TSCOPE_STEP_STEERED or 0; set by the caller */
	bool begins;			/* the next reading begins a segment */
	struct tscope_reading best;	/* narrowest reading of the present slot */
	bool best_valid;		/* there is a @best */
	u64 slot_end;			/* where the present slot ends, cycles */
	struct tscope_reading origin;	/* first reading of the segment */
	u32 segment;			/* its number; 0 before the first */
	struct tscope_reading wait[TSCOPE_STEP_POINTS];	/* readings among which a step may be */
	u32 waiting;			/* how many readings are in @wait */
	u32 judged;			/* how many of them are in @ring already */
	bool early;			/* no gap between them was judged yet */
	u64 noise_q8;			/* mean of the jumps that were no steps, 2^-8 ns */
	u32 jumps;			/* how many jumps that mean is over, up to NOISE_MEMORY */
};

/* Result of adding a reading. */
struct tscope_series_result {
	bool point;			/* a point was put into the ring */
	bool stepped;			/* a step was found */
	bool begins;			/* the point begins a segment */
	struct tscope_point newest;	/* the point */
	u64 newest_ns;			/* the clock at that point */
	struct tscope_step step;	/* the step */
};

void tscope_series_init(struct tscope_series *s, struct tscope_point *ring, u32 khz, bool exact);
void tscope_series_restart(struct tscope_series *s);
void tscope_series_break(struct tscope_series *s);
void tscope_series_add(struct tscope_series *s, const struct tscope_reading *r,
		       struct tscope_series_result *result);
bool tscope_series_rate(const struct tscope_series *s, s64 *gain, u64 *span_cyc);
void tscope_series_average(const struct tscope_series *s, const struct tscope_reading *r, u32 n,
			   struct tscope_reading *mean);
u32 tscope_series_copy(const struct tscope_series *s, u64 span_cyc, struct tscope_point *to);
bool tscope_series_newest(const struct tscope_series *s, struct tscope_point *p);

#endif /* TSCOPE_SERIES_H */
