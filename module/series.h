/* SPDX-License-Identifier: GPL-2.0 */
/* A clock's points: thinned, cut into segments, kept in a ring. */
#ifndef TSCOPE_SERIES_H
#define TSCOPE_SERIES_H

#include "fit.h"
#include "step.h"

/* Room for 60 s of points, one each 7.3 ms. */
#define TSCOPE_SERIES_POINTS	8192

/**
 * struct tscope_series - the points of one clock
 * @ring: TSCOPE_SERIES_POINTS points, the newest at @head - 1
 * @head: points ever put into @ring; written last, so that a reader that sees it sees the point
 * @first: what @head was at the last restart: older points are forgotten
 * @khz: the TSC's nominal frequency
 * @slot_cyc: of this many cycles one point is kept; 0: all are
 * @exact: the caller reports steps by tscope_series_break(); none is looked for
 * @begins: the next reading begins a segment
 * @best: narrowest reading of the present slot
 * @best_valid: there is one
 * @slot_end: where the present slot ends, cycles
 * @origin: first reading of the segment
 * @segment: its number; 0 before the first
 * @wait: readings that wait for the judgement whether a step is among them
 * @waiting: how many there are
 * @judged: how many of them are in @ring already
 * @noise_q8: mean of the jumps that were no steps, 2^-8 ns
 * @jumps: how many that mean is over, up to the length of its memory
 *
 * One writer; tscope_series_copy() and tscope_series_newest() may run meanwhile.
 */
struct tscope_series {
	struct tscope_point *ring;
	u64 head;
	u64 first;
	u32 khz;
	u64 slot_cyc;
	bool exact;
	bool begins;

	struct tscope_reading best;
	bool best_valid;
	u64 slot_end;

	struct tscope_reading origin;
	u32 segment;

	struct tscope_reading wait[TSCOPE_STEP_POINTS];
	u32 waiting;
	u32 judged;
	u64 noise_q8;
	u32 jumps;
};

/**
 * struct tscope_series_result - result of adding a reading
 * @point: a point was put into the ring
 * @stepped: a step was found
 * @begins: the point begins a segment
 * @newest: the point
 * @newest_ns: the clock at it, nanoseconds
 * @step: the step
 */
struct tscope_series_result {
	bool point;
	bool stepped;
	bool begins;
	struct tscope_point newest;
	u64 newest_ns;
	struct tscope_step step;
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
