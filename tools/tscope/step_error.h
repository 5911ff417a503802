/* SPDX-License-Identifier: GPL-2.0 */
/* step_error.h: the points next to a step, and how far the step's size may be off */
#ifndef TSCOPE_STEP_ERROR_H
#define TSCOPE_STEP_ERROR_H

#include "snapshot.h"

/* A step begins a segment, and is reported at the segment's fourth point. */
#define STEP_POINTS	4

/**
 * struct step_points - points of the clock that stepped, as far as they are kept
 * @before: the last ones before the step, oldest first
 * @after: the first ones after it; [0] is the step's reading
 */
struct step_points {
	const struct point_line *before[STEP_POINTS], *after[STEP_POINTS];
	unsigned int n_before, n_after;
};

/* This looks at all points of the snapshot. Of a time page, whose steps are exact: none. */
void step_points_of(const struct snapshot *s, const struct violation *v, struct step_points *p);

/* The time from the last point before the step to the step's reading, by the clock that stepped. */
uint64_t step_gap_ns(const struct step_points *p, const struct violation *v, uint64_t khz);

/* The error of any step of this clock, estimated from widths and residuals of its readings. */
uint64_t clock_step_error_ns(const struct snapshot *s, const char *clock);

/* The error of this step: the same, and what a change of the clock's rate may have added. */
uint64_t step_error_ns(const struct snapshot *s, const struct violation *v,
		       const struct step_points *p);

/* Whether residuals are in these errors, if the clock has any: only root can read them. */
bool step_error_known(const struct snapshot *s, const char *clock);

#endif /* TSCOPE_STEP_ERROR_H */
