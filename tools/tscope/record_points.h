/* SPDX-License-Identifier: GPL-2.0 */
/* record_points.h: the points that are new since an earlier look, each once */
#ifndef TSCOPE_RECORD_POINTS_H
#define TSCOPE_RECORD_POINTS_H

#include "recording_write.h"

/**
 * struct followed_clock - how far the points of a clock were written
 * @last: the newest; its segment is the module's number
 * @any: there is one
 * @ended: the module may have forgotten it: points that do not have it are another segment's
 * @segment: number of its segment within the recording, from 1
 * @spacing: of points, cycles; 0: not known yet
 */
struct followed_clock {
	char name[24];
	struct point_line last;
	bool any, ended;
	uint64_t segment, spacing;
};

/**
 * struct point_follower - begins as { }; points_free() frees what it refers to
 * @points: written
 * @lost: about how many were lost
 */
struct point_follower {
	struct followed_clock *clocks;
	size_t n;
	uint64_t points, lost;
};

/* All points of a snapshot count as written. */
void points_skip(struct point_follower *f, const struct snapshot *s);

/**
 * points_write() - write the points that are new
 * @before: the last look; its CPUs' windows say how many points may have been lost since
 * @s: this look, with SNAPSHOT_POINTS and SNAPSHOT_CPUS
 *
 * Of each clock the module shows the points of its newest segment only, up to fit_window_s old.
 * What was lost is a line of its own.
 */
void points_write(struct point_follower *f, const struct snapshot *before,
		  const struct snapshot *s, struct recording_writer *w);

/* The module may have forgotten all points. */
void points_end_segments(struct point_follower *f);

void points_free(struct point_follower *f);

#endif /* TSCOPE_RECORD_POINTS_H */
