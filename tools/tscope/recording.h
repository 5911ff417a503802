/* SPDX-License-Identifier: GPL-2.0 */
/* recording.h: what was measured over some time, as pictures need it */
#ifndef TSCOPE_RECORDING_H
#define TSCOPE_RECORDING_H

#include <stdio.h>

#include "event.h"
#include "snapshot.h"

/**
 * struct recorded_clock - the points of one clock, oldest first
 * @points: each once; points of one segment have the same number
 */
struct recorded_clock {
	char name[24];
	struct point_line *points;
	size_t n_points;
};

/**
 * struct recording - the content of a file that tscope record wrote, or of one snapshot
 * @tsc_khz: the TSC's nominal frequency; 0: not known
 * @clock_names: clocks of which the file has last figures, with a blank after each
 * @pairs: of the last state
 * @histograms: of the last state
 * @errors: a line for each part that could not be read or understood
 */
struct recording {
	char version[32], kernel[96], clocksource[32], clock_names[256];
	uint64_t tsc_khz;
	struct recorded_clock *clocks;
	struct pair_line *pairs;
	struct event_list events;
	struct histogram *histograms;
	char **errors;
	size_t n_clocks, n_pairs, n_histograms, n_errors;
};

/**
 * recording_read() - read a file that tscope record wrote
 * @r: filled; recording_free() frees what it refers to
 *
 * A file that ends within a line, as after a crash, is read up to that line; @r->errors says so.
 *
 * Return: whether its first line is the header of a recording.
 */
bool recording_read(struct recording *r, FILE *from);

/* Fill a recording from a snapshot of all parts. */
void recording_of_snapshot(struct recording *r, const struct snapshot *s);

void recording_free(struct recording *r);

#endif /* TSCOPE_RECORDING_H */
