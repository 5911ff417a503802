/* SPDX-License-Identifier: GPL-2.0 */
/* record.h: what tscope record writes at each interval */
#ifndef TSCOPE_RECORD_H
#define TSCOPE_RECORD_H

#include "event.h"
#include "record_points.h"

/**
 * struct record - a recording that is being written
 * @out: where it is written to
 * @points: how far points were written
 * @known: events that were written, or that were there before the recording
 * @before: the snapshot of the last look
 * @loaded_again: the module was loaded between the last two looks
 * @all: what was gathered before the recording is written too
 * @events: how many were written
 * @loading: of the newest snapshot with a module: see module_loading()
 * @state_ms: time since the last state
 * @state_end: bytes of the recording up to the end of the last state
 * @state_bytes: size of the last state
 */
struct record {
	struct recording_writer out;
	struct point_follower points;
	struct event_list known;
	struct snapshot before;
	bool loaded_again, all;
	uint64_t events, loading, state_ms, state_end, state_bytes;
};

/* Take the first look; false: nothing can be recorded, and r->before.errors has the reasons. */
bool record_open(struct record *r);

/**
 * record_begin() - write the header
 * @r: after record_open(); record_free() frees what it refers to
 * @interval_ms: between looks
 * @all: as in struct record
 */
void record_begin(struct record *r, FILE *to, uint64_t interval_ms, bool all);

/* Look, and write what is new. @passed_ms: time since the last look. */
void record_look(struct record *r, uint64_t passed_ms);

/* Write events that were held back, the last state, and the last line. @why: "time" or "signal". */
void record_end(struct record *r, const char *why);

void record_free(struct record *r);

#endif /* TSCOPE_RECORD_H */
