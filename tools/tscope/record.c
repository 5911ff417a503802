// SPDX-License-Identifier: GPL-2.0
/* record.c: what tscope record writes at each interval */
#include <stdlib.h>
#include <string.h>

#include "event_news.h"
#include "json.h"
#include "record.h"

#define NSEC_PER_SEC	1000000000ull
#define PARTS		(SNAPSHOT_ALL & ~SNAPSHOT_PAGES)

/*
 * A state is written each minute: so a crash costs one minute, and an hour has about 60 states. If
 * states are large, as with 4000 pairs, they are rarer, and never more than half of the file.
 */
#define STATE_MS	60000

/* A step may turn out to be part of a jump of the TSC, whose other steps come within 3 s. */
#define SETTLES_NS	(5 * NSEC_PER_SEC)
/* violations keeps 1024 lines: if this many come in SETTLES_NS, they are written at once. */
#define MANY_LINES	256

static bool is_settling(const struct snapshot *s, const struct event *e)
{
	/* an event may have come while files were read */
	return e->boottime_ns && e->kind != EVENT_MOVED &&
	       s->boottime_ns < e->boottime_ns + SETTLES_NS;
}

static bool are_many(const struct snapshot *s)
{
	return s->n_violations > MANY_LINES && s->monotonic_ns <
	       s->violations[s->n_violations - MANY_LINES].monotonic_ns + SETTLES_NS;
}

static void write_event(struct record *r, const struct snapshot *s, const struct event_list *now,
			struct event e)
{
	e.count = event_news(&r->known, now, &e);
	if (!e.count || (s->debug && event_is_rest(&e)))
		return;
	/* what a counter grew by happened in this interval */
	if (!e.boottime_ns && !r->all)
		e.boottime_ns = s->boottime_ns;
	recording_put(&r->out, "event", json_event(&e));
	r->events++;
}

/* Forget the lines of a jump that are not written yet. */
static void drop_parts(const struct record *r, struct event_list *now, const struct event *jump)
{
	size_t i, n = 0;

	if (!event_is_jump(jump))
		return;
	for (i = 0; i < now->n_parts; i++)
		if (now->parts[i].jump_tsc != jump->tsc ||
		    event_part_is_known(&r->known, &now->parts[i]))
			now->parts[n++] = now->parts[i];
	now->n_parts = n;
}

/* Write new events. @all: also those that may still change. */
static void write_events(struct record *r, const struct snapshot *s, bool all)
{
	struct event_list now;
	size_t i, n = 0;

	/* what could not be read has no news, and is not forgotten either */
	if (s->unread & (SNAPSHOT_VIOLATIONS | SNAPSHOT_PAIRS))
		return;
	all |= are_many(s);
	events_of(s, &now);
	for (i = 0; i < now.n; i++) {
		/* what was written early, or was there before, stays known */
		if (!all && is_settling(s, &now.events[i]) &&
		    event_news(&r->known, &now, &now.events[i])) {
			drop_parts(r, &now, &now.events[i]);
			continue;
		}
		write_event(r, s, &now, now.events[i]);
		now.events[n++] = now.events[i];
	}
	now.n = n;
	events_free(&r->known);
	r->known = now;
	events_index(&r->known);
}

static void write_state(struct record *r, const struct snapshot *s)
{
	uint64_t from = r->out.bytes;

	recording_put_state(&r->out, s);
	r->state_ms = 0;
	r->state_end = r->out.bytes;
	r->state_bytes = r->out.bytes - from;
}

static bool is_error_of(const struct snapshot *s, const char *error)
{
	size_t i;

	for (i = 0; i < s->n_errors; i++)
		if (!strcmp(s->errors[i], error))
			return true;
	return false;
}

static void note_errors(struct record *r, const struct snapshot *before, const struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->n_errors; i++)
		if (!is_error_of(before, s->errors[i]))
			recording_put_note(&r->out, s, "error", "%s", s->errors[i]);
}

/* Whether counters were reset; one clock decides, because a reset may come during a look. */
static bool was_reset(const struct snapshot *before, const struct snapshot *s)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	const struct clock_figures *old = snapshot_clock(before, "tsc");

	return tsc && old && tsc->samples.known && tsc->samples.value < old->samples.value;
}

static const char *khz_text(const struct snapshot *s, char text[24])
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");

	*text = 0;
	if (tsc && tsc->khz.known)
		snprintf(text, 24, "%llu", (unsigned long long)tsc->khz.value);
	return text;
}

/* Write notes on what differs from the look before. */
static void note_changes(struct record *r, const struct snapshot *s)
{
	const struct snapshot *b = &r->before;
	char was[24], is[24];

	if (strcmp(b->online, s->online))
		recording_put_note(&r->out, s, "cpus", "CPUs online: %s; before: %s", s->online,
				   b->online);
	if (strcmp(b->cpus, s->cpus))
		recording_put_note(&r->out, s, "cpus", "CPUs that sample: %s; before: %s", s->cpus,
				   b->cpus);
	if (b->enabled.value != s->enabled.value)
		recording_put_note(&r->out, s, "sampling", "sampling was switched %s",
				   s->enabled.value ? "on" : "off");
	if (strcmp(b->clocksource, s->clocksource))
		recording_put_note(&r->out, s, "clocksource", "clocksource: %s; before: %s",
				   s->clocksource, b->clocksource);
	if (*khz_text(s, is) && *khz_text(b, was) && strcmp(was, is)) {
		recording_put_note(&r->out, s, "tsc-khz", "the TSC's frequency: %s kHz; before: %s",
				   is, was);
		points_end_segments(&r->points);
	}
}

/* The module was reset or unloaded: write what the look before still had. */
static void close_before(struct record *r)
{
	write_events(r, &r->before, true);
	write_state(r, &r->before);
	events_free(&r->known);
	points_end_segments(&r->points);
}

static void note_module(struct record *r, const struct snapshot *s)
{
	bool again = s->loaded && s->loading != r->loading;

	r->loaded_again = again;
	r->loading = s->loaded ? s->loading : r->loading;
	if (r->before.loaded && (again || !s->loaded)) {
		close_before(r);
		recording_put_note(&r->out, s, "unloaded", "the module was unloaded");
	}
	if (again) {
		recording_put_note(&r->out, s, "loaded", "the module was loaded, version %s",
				   s->version);
	} else if (s->loaded && was_reset(&r->before, s)) {
		close_before(r);
		recording_put_note(&r->out, s, "reset", "what was gathered was discarded");
	}
}

static void keep(struct record *r, struct snapshot *s)
{
	snapshot_free(&r->before);
	r->before = *s;
}

bool record_open(struct record *r)
{
	*r = (struct record){ };
	snapshot_read(&r->before, PARTS);
	r->loading = r->before.loading;
	return r->before.debug;
}

void record_begin(struct record *r, FILE *to, uint64_t interval_ms, bool all)
{
	r->out.to = to;
	r->all = all;
	recording_put_header(&r->out, &r->before, interval_ms);
	note_errors(r, &(struct snapshot){ }, &r->before);
	if (all) {
		points_write(&r->points, &r->before, &r->before, &r->out);
		return;
	}
	points_skip(&r->points, &r->before);
	events_of(&r->before, &r->known);
	events_index(&r->known);
}

void record_look(struct record *r, uint64_t passed_ms)
{
	struct snapshot s;

	snapshot_read(&s, PARTS);
	note_module(r, &s);
	r->state_ms += passed_ms;
	if (s.loaded) {
		note_errors(r, &r->before, &s);
		if (r->before.loaded)
			note_changes(r, &s);
		points_write(&r->points, &r->before, &s, &r->out);
		write_events(r, &s, false);
		if (r->state_ms >= STATE_MS && r->out.bytes - r->state_end >= r->state_bytes)
			write_state(r, &s);
	}
	keep(r, &s);
}

void record_end(struct record *r, const char *why)
{
	const struct snapshot *s = &r->before;

	if (s->loaded) {
		write_events(r, s, true);
		write_state(r, s);
	}
	recording_put_end(&r->out, &(struct recording_end){
		.boottime_ns = s->boottime_ns, .why = why, .points = r->points.points,
		.lost = r->points.lost, .events = r->events,
	});
}

void record_free(struct record *r)
{
	snapshot_free(&r->before);
	events_free(&r->known);
	points_free(&r->points);
}
