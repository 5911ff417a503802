// SPDX-License-Identifier: GPL-2.0
/* recording_read.c: reads the lines that tscope record wrote, each a JSON object */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "json_lines.h"
#include "recording_parts.h"
#include "system.h"

/**
 * struct reader - the state of the reader
 * @fault: of the present line
 * @clocks: of the state that is not complete yet, like @cpus, @pairs and @histograms
 * @ended: the recording's last line was read
 */
struct reader {
	struct recording *r;
	struct json_lines lines;
	struct parse_fault fault;
	struct pair_line *pairs;
	struct histogram *histograms;
	size_t clocks, cpus, n_pairs, n_histograms;
	bool ended;
};

#define M(type, name, kind)	{ #name, kind, offsetof(struct type, name), \
				  sizeof(((struct type *)0)->name), NULL }
#define AS(key, type, name, kind)	{ key, kind, offsetof(struct type, name), \
					  sizeof(((struct type *)0)->name), NULL }

static bool is_wrong(struct reader *in, const char *field, const char *what)
{
	return fault_is(&in->fault, field, what);
}

static bool member(struct reader *in, struct json_object *of, const char *key,
		   struct json_object **value)
{
	return json_object_object_get_ex(of, key, value) || is_wrong(in, key, "is missing");
}

/* Numbers are exact: they are read from the text, like those of the module's files. */
static bool take_value(struct reader *in, struct json_object *value, const struct field *f,
		       void *to)
{
	enum json_type type = json_object_get_type(value);
	bool is_number = type == json_type_int || type == json_type_double;
	const char *text = "-";

	if (f->kind == WORD ? type != json_type_string : !is_number && type != json_type_null)
		return is_wrong(in, f->name, "is of another type");
	if (type == json_type_string)
		text = json_object_get_string(value);
	else if (value)
		text = json_object_to_json_string(value);
	return store_field(f, (struct span){ text, text + strlen(text) }, (char *)to + f->at) ||
	       is_wrong(in, f->name, "is not understood");
}

static bool take(struct reader *in, struct json_object *of, const struct field *f, size_t n,
		 void *to)
{
	struct json_object *value;

	for (; n--; f++)
		if (!member(in, of, f->name, &value) || !take_value(in, value, f, to))
			return false;
	return true;
}

#define TAKE(in, of, fields, to)	take(in, of, fields, ARRAY_SIZE(fields), to)

/* A text of one line, or null. */
static bool take_text(struct reader *in, struct json_object *of, const char *key, char *to,
		      size_t size)
{
	struct json_object *value;
	const char *text;
	size_t len, i;

	*to = 0;
	if (!member(in, of, key, &value))
		return false;
	if (!value)
		return true;
	if (!json_object_is_type(value, json_type_string))
		return is_wrong(in, key, "is of another type");
	text = json_object_get_string(value);
	len = json_object_get_string_len(value);
	if (len >= size)
		return is_wrong(in, key, "is too long");
	for (i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return is_wrong(in, key, "is no plain text");
	memcpy(to, text, len + 1);
	return true;
}

static const struct field khz_field = AS("tsc_khz", recording, tsc_khz, U64);

static bool take_khz(struct reader *in, struct json_object *of)
{
	return take(in, of, &khz_field, 1, in->r) &&
	       (in->r->tsc_khz || is_wrong(in, "tsc_khz", "is 0"));
}

static bool take_header(struct reader *in, struct json_object *of)
{
	struct recording *r = in->r;
	struct json_object *version;

	if (!json_object_object_get_ex(of, "tscope_recording", &version) ||
	    !json_object_is_type(version, json_type_int))
		return is_wrong(in, NULL, "is no header of a recording");
	if (json_object_get_int64(version) != RECORDING_VERSION)
		return is_wrong(in, "tscope_recording", "is of another version of tscope");
	return take_text(in, of, "tscope", r->version, sizeof(r->version)) &&
	       take_text(in, of, "kernel", r->kernel, sizeof(r->kernel)) &&
	       take_text(in, of, "clocksource", r->clocksource, sizeof(r->clocksource)) &&
	       take_khz(in, of);
}

static bool take_point(struct reader *in, struct json_object *of)
{
	static const struct field fields[] = {
		M(point_line, clock, WORD), M(point_line, segment, U64), M(point_line, tsc, U64),
		AS("phase_ns", point_line, phase_ps, THOUSANDTHS), M(point_line, width_ns, U64),
	};
	struct point_line p;

	if (!TAKE(in, of, fields, &p))
		return false;
	recording_add_point(in->r, &p);
	return true;
}

static bool take_kind(struct reader *in, const char *name, enum event_kind *kind)
{
	for (*kind = EVENT_STEP; *kind <= EVENT_SNAPSHOT; ++*kind)
		if (!strcmp(name, event_kind_name(*kind)))
			return true;
	return is_wrong(in, "kind", "is not known");
}

static bool take_cpu(struct reader *in, const struct figure *cpu, const char *key, int *to)
{
	*to = cpu->known ? cpu->value : -1;
	return !cpu->known || (cpu->value >= 0 && cpu->value <= INT32_MAX) ||
	       is_wrong(in, key, "is no CPU");
}

static bool take_event(struct reader *in, struct json_object *of)
{
	struct raw {
		char kind[12];
		struct figure cpu, peer;
		struct count boottime_ns, tsc;
	} raw;
	static const struct field raw_fields[] = {
		M(raw, kind, WORD), M(raw, cpu, FIGURE_OR_DASH), M(raw, peer, FIGURE_OR_DASH),
	};
	static const struct field time_fields[] = {
		M(raw, boottime_ns, COUNT_OR_DASH), M(raw, tsc, COUNT_OR_DASH),
	};
	static const struct field fields[] = {
		M(event, clock, WORD), M(event, size_ns, S64), M(event, error_ns, FIGURE_OR_DASH),
		M(event, count, U64),
	};
	struct event_list *list = &in->r->events;
	struct json_object *time;
	struct event e = { };

	if (!TAKE(in, of, raw_fields, &raw) || !TAKE(in, of, fields, &e) ||
	    !take_kind(in, raw.kind, &e.kind) || !take_cpu(in, &raw.cpu, "cpu", &e.cpu) ||
	    !take_cpu(in, &raw.peer, "peer", &e.peer) || !member(in, of, "time", &time))
		return false;
	if (!json_object_is_type(time, json_type_object))
		return is_wrong(in, "time", "is of another type");
	if (!TAKE(in, time, time_fields, &raw))
		return false;
	e.boottime_ns = raw.boottime_ns.known ? raw.boottime_ns.value : 0;
	e.tsc = raw.tsc.known ? raw.tsc.value : 0;
	list->events = list_room(list->events, list->n, sizeof(*list->events));
	list->events[list->n++] = e;
	return true;
}

static bool take_hull(struct reader *in, struct json_object *of, struct pair_line *p)
{
	static const struct field low = AS("hull_ns", pair_line, hull_low_ns, S64);
	static const struct field high = AS("hull_ns", pair_line, hull_high_ns, S64);
	struct json_object *hull;

	if (!member(in, of, "hull_ns", &hull))
		return false;
	if (!json_object_is_type(hull, json_type_array) || json_object_array_length(hull) != 2)
		return is_wrong(in, "hull_ns", "is no pair of numbers");
	return take_value(in, json_object_array_get_idx(hull, 0), &low, p) &&
	       take_value(in, json_object_array_get_idx(hull, 1), &high, p);
}

static bool take_pair(struct reader *in, struct json_object *of)
{
	static const struct field fields[] = {
		M(pair_line, clock, WORD), M(pair_line, cpu_i, UNSIGNED),
		M(pair_line, cpu_j, UNSIGNED), M(pair_line, warps, U64),
	};
	static const struct field known_fields[] = {
		M(pair_line, offset_ns, S64), M(pair_line, bound_ns, SIZE),
		M(pair_line, moving, FLAG), M(pair_line, age_ms, U64),
	};
	struct json_object *offset;
	struct pair_line p = { };

	if (!TAKE(in, of, fields, &p) || !member(in, of, "offset_ns", &offset))
		return false;
	if (p.cpu_i >= p.cpu_j)
		return is_wrong(in, "cpu_j", "is not above cpu_i");
	p.known = offset;
	if (p.known && (!TAKE(in, of, known_fields, &p) || !take_hull(in, of, &p)))
		return false;
	in->pairs = list_room(in->pairs, in->n_pairs, sizeof(*in->pairs));
	in->pairs[in->n_pairs++] = p;
	return true;
}

static bool take_bucket(struct reader *in, struct json_object *of, struct hist_bucket *b)
{
	static const struct field fields[] = {
		M(hist_bucket, low_ns, U64), M(hist_bucket, high_ns, U64),
		M(hist_bucket, count, U64),
	};
	struct json_object *negative;

	if (!json_object_is_type(of, json_type_object))
		return is_wrong(in, "buckets", "has an entry of another type");
	if (!TAKE(in, of, fields, b) || !member(in, of, "negative", &negative))
		return false;
	if (!json_object_is_type(negative, json_type_boolean))
		return is_wrong(in, "negative", "is of another type");
	b->negative = json_object_get_boolean(negative);
	return b->low_ns <= b->high_ns || is_wrong(in, "high_ns", "is below low_ns");
}

static bool take_buckets(struct reader *in, struct json_object *of, struct histogram *h)
{
	struct json_object *list;
	size_t i;

	if (!member(in, of, "buckets", &list))
		return false;
	if (!json_object_is_type(list, json_type_array))
		return is_wrong(in, "buckets", "is of another type");
	h->n_buckets = json_object_array_length(list);
	h->buckets = calloc(h->n_buckets ?: 1, sizeof(*h->buckets));
	if (!h->buckets)
		err(4, "%zu buckets", h->n_buckets);
	for (i = 0; i < h->n_buckets; i++)
		if (!take_bucket(in, json_object_array_get_idx(list, i), &h->buckets[i])) {
			free(h->buckets);
			return false;
		}
	return true;
}

/* "transit", or "<clock>/width" */
static bool is_name(const char *name)
{
	const char *slash = strchr(name, '/'), *end = name + strlen(name);
	char part[40];

	return span_word((struct span){ name, slash ?: end }, part, sizeof(part)) &&
	       (!slash || span_word((struct span){ slash + 1, end }, part, sizeof(part)));
}

static bool take_histogram(struct reader *in, struct json_object *of)
{
	static const struct field fields[] = {
		M(histogram, count, U64), M(histogram, min_ns, S64), M(histogram, mean_ns, S64),
		M(histogram, max_ns, S64), M(histogram, p50_ns, S64), M(histogram, p99_ns, S64),
		M(histogram, p999_ns, S64), M(histogram, lost, COUNT_OR_DASH),
	};
	struct histogram h = { };

	if (!take_text(in, of, "name", h.name, sizeof(h.name)) || !TAKE(in, of, fields, &h))
		return false;
	if (!is_name(h.name))
		return is_wrong(in, "name", "is not understood");
	if (!take_buckets(in, of, &h))
		return false;
	in->histograms = list_room(in->histograms, in->n_histograms, sizeof(*in->histograms));
	in->histograms[in->n_histograms++] = h;
	return true;
}

static void free_histograms(struct histogram *histograms, size_t n)
{
	while (n)
		free(histograms[--n].buckets);
	free(histograms);
}

/* The lines of a state replace those of the last one only when the state is complete. */
static bool take_state(struct reader *in, struct json_object *of)
{
	struct state {
		uint64_t clocks, cpus, pairs, histograms;
	} state;
	static const struct field fields[] = {
		M(state, clocks, U64), M(state, cpus, U64), M(state, pairs, U64),
		M(state, histograms, U64),
	};
	struct recording *r = in->r;

	if (!TAKE(in, of, fields, &state))
		return false;
	if (state.clocks != in->clocks || state.cpus != in->cpus ||
	    state.pairs != in->n_pairs || state.histograms != in->n_histograms)
		return is_wrong(in, NULL, "counts other lines than there are");
	free(r->pairs);
	free_histograms(r->histograms, r->n_histograms);
	r->pairs = in->pairs;
	r->n_pairs = in->n_pairs;
	r->histograms = in->histograms;
	r->n_histograms = in->n_histograms;
	in->pairs = NULL;
	in->histograms = NULL;
	in->clocks = 0;
	in->cpus = 0;
	in->n_pairs = 0;
	in->n_histograms = 0;
	return true;
}

static bool take_clock(struct reader *in, struct json_object *of)
{
	char *names = in->r->clock_names, name[24];
	size_t len = strlen(names);

	in->clocks++;
	if (!take_text(in, of, "name", name, sizeof(name)))
		return false;
	if (!system_has_word(names, name))
		snprintf(names + len, sizeof(in->r->clock_names) - len, "%s ", name);
	return true;
}

static bool take_cpu_line(struct reader *in, struct json_object *of)
{
	(void)of;
	in->cpus++;
	return true;
}

/* Add an error that tscope record had; it may contain the name of any file. */
static void add_noted_error(struct recording *r, const char *text)
{
	char *at;

	recording_add_error(r, "%s", text);
	for (at = r->errors[r->n_errors - 1]; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

static bool take_note(struct reader *in, struct json_object *of)
{
	struct json_object *text;
	char what[20];

	if (!take_text(in, of, "what", what, sizeof(what)) || !member(in, of, "text", &text))
		return false;
	if (!strcmp(what, "error"))
		add_noted_error(in->r, json_object_get_string(text) ?: "");
	/* points after this note are of other segments than points before it */
	return strcmp(what, "tsc-khz") || take_khz(in, of);
}

static bool take_nothing(struct reader *in, struct json_object *of)
{
	(void)in;
	(void)of;
	return true;
}

static bool take_end(struct reader *in, struct json_object *of)
{
	(void)of;
	in->ended = true;
	return true;
}

static const struct {
	const char *key;
	bool (*take)(struct reader *in, struct json_object *of);
} kinds[] = {
	{ "point", take_point }, { "event", take_event }, { "clock", take_clock },
	{ "cpu", take_cpu_line }, { "pair", take_pair }, { "histogram", take_histogram },
	{ "state", take_state }, { "gap", take_nothing }, { "note", take_note },
	{ "end", take_end },
};

static bool take_line(struct reader *in, struct json_object *line)
{
	struct json_object *of;
	size_t i;

	if (in->ended)
		return is_wrong(in, NULL, "comes after the recording's end");
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (json_object_object_get_ex(line, kinds[i].key, &of))
			return json_object_is_type(of, json_type_object) ?
			       kinds[i].take(in, of) :
			       is_wrong(in, kinds[i].key, "is of another type");
	return is_wrong(in, NULL, "is no line of a recording");
}

static bool read_line(struct reader *in, bool (*with)(struct reader *, struct json_object *))
{
	struct json_object *line = json_lines_next(&in->lines);
	bool right = line && with(in, line);

	json_object_put(line);
	if (in->lines.wrong)
		is_wrong(in, NULL, in->lines.wrong);
	return right;
}

static void say_fault(const struct reader *in, const char *then)
{
	const struct parse_fault *f = &in->fault;

	if (f->field)
		recording_add_error(in->r, "line %zu, field \"%s\" %s%s", in->lines.number,
				    f->field, f->what, then);
	else
		recording_add_error(in->r, "line %zu %s%s", in->lines.number, f->what, then);
}

static void read_lines(struct reader *in)
{
	while (read_line(in, take_line))
		;
	if (ferror(in->lines.from))
		recording_add_error(in->r, "the recording can't be read after line %zu",
				    in->lines.number);
	else if (in->fault.what)
		say_fault(in, ": it is read up to there");
	else if (!in->ended)
		recording_add_error(in->r, "the recording has no end: tscope record still writes it, or was killed");
}

bool recording_read(struct recording *r, FILE *from)
{
	struct reader in = { .r = r };
	bool right;

	*r = (struct recording){ };
	json_lines_open(&in.lines, from);
	right = read_line(&in, take_header);
	if (right)
		read_lines(&in);
	else if (in.fault.what)
		say_fault(&in, "");
	else
		recording_add_error(r, "the file is empty, or can't be read");
	json_lines_close(&in.lines);
	free_histograms(in.histograms, in.n_histograms);
	free(in.pairs);
	return right;
}
