// SPDX-License-Identifier: GPL-2.0
/* recording_write.c: the lines of a recording */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "recording_parts.h"
#include "recording_write.h"

/* Lines have no blanks, because an hour has about 400,000 lines. */
static void put_line(struct recording_writer *w, struct json_object *line)
{
	size_t len;
	const char *text = json_object_to_json_string_length(line, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE,
							     &len);

	fwrite(text, 1, len, w->to);
	putc('\n', w->to);
	w->bytes += len + 1;
	json_object_put(line);
}

void recording_put(struct recording_writer *w, const char *key, struct json_object *of)
{
	struct json_object *line = json_object_new_object();

	json_add(line, key, of);
	put_line(w, line);
}

/* The units of members, by the end of their names. */
static struct json_object *units(void)
{
	static const char *const units[][2] = {
		{ "tsc", "cycles" }, { "_ns", "nanoseconds" }, { "_ms", "milliseconds" },
		{ "_khz", "kilohertz" }, { "_ppb", "parts per billion" },
	};
	struct json_object *to = json_object_new_object();
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		json_add_string(to, units[i][0], units[i][1]);
	return to;
}

void recording_put_header(struct recording_writer *w, const struct snapshot *s,
			  uint64_t interval_ms)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	struct json_object *line = json_object_new_object();
	time_t now = time(NULL);
	char utc[32];

	strftime(utc, sizeof(utc), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	json_add_u64(line, "tscope_recording", RECORDING_VERSION);
	json_add_string(line, "tscope", *s->version ? s->version : TSCOPE_VERSION);
	json_add_string(line, "kernel", s->kernel);
	json_add_string(line, "clocksource", s->clocksource);
	json_add_u64(line, "tsc_khz", tsc ? tsc->khz.value : 0);
	json_add_string(line, "time", utc);
	json_add_u64(line, "boottime_ns", s->boottime_ns);
	json_add_u64(line, "interval_ms", interval_ms);
	json_add(line, "units", units());
	put_line(w, line);
}

void recording_put_state(struct recording_writer *w, const struct snapshot *s)
{
	struct json_object *state = json_object_new_object();
	size_t i, n_pairs = snapshot_all_pairs(s);

	for (i = 0; i < s->n_clocks; i++)
		recording_put(w, "clock", json_clock(&s->clocks[i]));
	for (i = 0; i < s->n_cpu_lines; i++)
		recording_put(w, "cpu", json_cpu(&s->cpu_lines[i]));
	for (i = 0; i < n_pairs; i++)
		recording_put(w, "pair", json_pair(&s->pairs[i]));
	for (i = 0; i < s->n_histograms; i++)
		recording_put(w, "histogram", json_histogram(&s->histograms[i]));
	json_add_u64(state, "boottime_ns", s->boottime_ns);
	json_add_u64(state, "clocks", s->n_clocks);
	json_add_u64(state, "cpus", s->n_cpu_lines);
	json_add_u64(state, "pairs", n_pairs);
	json_add_u64(state, "histograms", s->n_histograms);
	recording_put(w, "state", state);
}

void recording_put_gap(struct recording_writer *w, const struct recording_gap *gap)
{
	struct json_object *to = json_object_new_object();

	json_add_string(to, "clock", gap->clock);
	json_add_u64(to, "segment", gap->segment);
	json_add_u64(to, "from_tsc", gap->from_tsc);
	json_add_u64(to, "to_tsc", gap->to_tsc);
	json_add(to, "lost", gap->lost.known ? json_object_new_uint64(gap->lost.value) : NULL);
	recording_put(w, "gap", to);
}

void recording_put_note(struct recording_writer *w, const struct snapshot *s, const char *what,
			const char *format, ...)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	struct json_object *to = json_object_new_object();
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	json_add_u64(to, "boottime_ns", s->boottime_ns);
	json_add_string(to, "what", what);
	json_add_string(to, "text", text ?: "");
	if (!strcmp(what, "tsc-khz"))
		json_add_u64(to, "tsc_khz", tsc->khz.value);
	recording_put(w, "note", to);
	free(text);
}

void recording_put_end(struct recording_writer *w, const struct recording_end *end)
{
	struct json_object *to = json_object_new_object();

	json_add_u64(to, "boottime_ns", end->boottime_ns);
	json_add_string(to, "why", end->why);
	json_add_u64(to, "points", end->points);
	json_add_u64(to, "lost", end->lost);
	json_add_u64(to, "events", end->events);
	recording_put(w, "end", to);
}
