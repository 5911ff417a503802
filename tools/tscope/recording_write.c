// SPDX-License-Identifier: GPL-2.0
/* recording_write.c: the lines of a recording */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"
#include "recording_parts.h"
#include "recording_write.h"

static void add(struct json_object *to, const char *key, struct json_object *value)
{
	json_object_object_add_ex(to, key, value,
				  JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT);
}

static void add_u64(struct json_object *to, const char *key, uint64_t value)
{
	add(to, key, json_object_new_uint64(value));
}

static void add_string(struct json_object *to, const char *key, const char *value)
{
	add(to, key, *value ? json_object_new_string(value) : NULL);
}

/* Without blanks: an hour has some 400,000 lines. */
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

	add(line, key, of);
	put_line(w, line);
}

/* What a name ends with is its unit. */
static struct json_object *units(void)
{
	static const char *const units[][2] = {
		{ "tsc", "cycles" }, { "_ns", "nanoseconds" }, { "_ms", "milliseconds" },
		{ "_khz", "kilohertz" }, { "_ppb", "parts per billion" },
	};
	struct json_object *to = json_object_new_object();
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		add_string(to, units[i][0], units[i][1]);
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
	add_u64(line, "tscope_recording", RECORDING_VERSION);
	add_string(line, "tscope", *s->version ? s->version : TSCOPE_VERSION);
	add_string(line, "kernel", s->kernel);
	add_string(line, "clocksource", s->clocksource);
	add_u64(line, "tsc_khz", tsc ? tsc->khz.value : 0);
	add_string(line, "time", utc);
	add_u64(line, "boottime_ns", s->boottime_ns);
	add_u64(line, "interval_ms", interval_ms);
	add(line, "units", units());
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
	add_u64(state, "boottime_ns", s->boottime_ns);
	add_u64(state, "clocks", s->n_clocks);
	add_u64(state, "cpus", s->n_cpu_lines);
	add_u64(state, "pairs", n_pairs);
	add_u64(state, "histograms", s->n_histograms);
	recording_put(w, "state", state);
}

void recording_put_gap(struct recording_writer *w, const struct recording_gap *gap)
{
	struct json_object *to = json_object_new_object();

	add_string(to, "clock", gap->clock);
	add_u64(to, "segment", gap->segment);
	add_u64(to, "from_tsc", gap->from_tsc);
	add_u64(to, "to_tsc", gap->to_tsc);
	add(to, "lost", gap->lost.known ? json_object_new_uint64(gap->lost.value) : NULL);
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
	add_u64(to, "boottime_ns", s->boottime_ns);
	add_string(to, "what", what);
	add_string(to, "text", text ?: "");
	if (!strcmp(what, "tsc-khz"))
		add_u64(to, "tsc_khz", tsc->khz.value);
	recording_put(w, "note", to);
	free(text);
}

void recording_put_end(struct recording_writer *w, const struct recording_end *end)
{
	struct json_object *to = json_object_new_object();

	add_u64(to, "boottime_ns", end->boottime_ns);
	add_string(to, "why", end->why);
	add_u64(to, "points", end->points);
	add_u64(to, "lost", end->lost);
	add_u64(to, "events", end->events);
	recording_put(w, "end", to);
}
