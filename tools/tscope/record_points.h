/* SPDX-License-Identifier: GPL-2.0 */
/* record_points.h: the points that are new since an earlier look, each once */
#ifndef TSCOPE_RECORD_POINTS_H
#define TSCOPE_RECORD_POINTS_H

#include "recording_write.h"

/**
 * struct followed_clock - how far the points of a clock were written
 * @last: the newest point; its segment is the module's number
 * @any: @last is valid
 * @ended: the module may have forgotten @last: points without it are of another segment
 * @segment: number of the present segment within the recording, from 1
 * @spacing: mean distance of points in TSC cycles; 0: not known yet
 */
struct followed_clock {
	char name[24];
	struct point_line last;
	bool any, ended;
	uint64_t segment, spacing;
};

/**
 * struct point_follower - how far points were written; begins as { }, and points_free() frees it
 * @points: how many were written
 * @lost: about how many were lost
 */
struct point_follower {
	struct followed_clock *clocks;
	size_t n;
	uint64_t points, lost;
};

/* Treat all points of a snapshot as written. */
void points_skip(struct point_follower *f, const struct snapshot *s);

/**
 * points_write() - write the points that are new
 * @before: the last look; the windows of its CPUs show how many points may have been lost since
 * @s: this look, with SNAPSHOT_POINTS and SNAPSHOT_CPUS
 *
 * The module shows only the points of each clock's newest segment, up to fit_window_s old. If
 * points were lost, a line "gap" is written.
 */
void points_write(struct point_follower *f, const struct snapshot *before,
		  const struct snapshot *s, struct recording_writer *w);

/* Call it when the module may have forgotten all points: then segments do not continue. */
void points_end_segments(struct point_follower *f);

void points_free(struct point_follower *f);

#endif /* TSCOPE_RECORD_POINTS_H */
