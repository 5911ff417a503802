/* SPDX-License-Identifier: GPL-2.0 */
/* recording_write.h: the lines of a recording, as tscope-record(1) describes them */
#ifndef TSCOPE_RECORDING_WRITE_H
#define TSCOPE_RECORDING_WRITE_H

#include <json-c/json.h>
#include <stdio.h>

#include "snapshot.h"

/**
 * struct recording_writer - where a recording is written to
 * @to: the file; the caller checks for errors by ferror()
 * @bytes: how many were written
 */
struct recording_writer {
	FILE *to;
	uint64_t bytes;
};

/* Write a line with one key, and drop its object by json_object_put(). */
void recording_put(struct recording_writer *w, const char *key, struct json_object *of);

/* Write the first line. */
void recording_put_header(struct recording_writer *w, const struct snapshot *s,
			  uint64_t interval_ms);

/* Write a state: its clocks, CPUs, pairs and histograms, and the line that ends it. */
void recording_put_state(struct recording_writer *w, const struct snapshot *s);

/**
 * struct recording_gap - points of a clock that were there and could not be read
 * @segment: of the first point after them
 * @from_tsc: of the last point before them
 * @to_tsc: of the first point after them
 * @lost: about how many; not known if the TSC went back
 */
struct recording_gap {
	const char *clock;
	uint64_t segment, from_tsc, to_tsc;
	struct count lost;
};

void recording_put_gap(struct recording_writer *w, const struct recording_gap *gap);

/* Write what happened to the recording itself. @what: loaded, unloaded, reset, cpus, error, ... */
void recording_put_note(struct recording_writer *w, const struct snapshot *s, const char *what,
			const char *format, ...) __attribute__((format(printf, 4, 5)));

/**
 * struct recording_end - the last line
 * @why: "time", or "signal"
 */
struct recording_end {
	uint64_t boottime_ns;
	const char *why;
	uint64_t points, lost, events;
};

void recording_put_end(struct recording_writer *w, const struct recording_end *end);

#endif /* TSCOPE_RECORDING_WRITE_H */
