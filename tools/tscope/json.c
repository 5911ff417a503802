// SPDX-License-Identifier: GPL-2.0
/* json.c: the structs as JSON */
#include <string.h>

#include "json.h"
#include "text.h"

void json_add(struct json_object *to, const char *key, struct json_object *value)
{
	/* keys are constants, and each is added once */
	json_object_object_add_ex(to, key, value,
				  JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT);
}

void json_add_u64(struct json_object *to, const char *key, uint64_t value)
{
	json_add(to, key, json_object_new_uint64(value));
}

static void add_s64(struct json_object *to, const char *key, int64_t value)
{
	json_add(to, key, json_object_new_int64(value));
}

static void add_flag(struct json_object *to, const char *key, bool value)
{
	json_add(to, key, json_object_new_int(value));
}

static void add_bool(struct json_object *to, const char *key, bool value)
{
	json_add(to, key, json_object_new_boolean(value));
}

static void add_count(struct json_object *to, const char *key, struct count value)
{
	json_add(to, key, value.known ? json_object_new_uint64(value.value) : NULL);
}

static void add_figure(struct json_object *to, const char *key, struct figure value)
{
	json_add(to, key, value.known ? json_object_new_int64(value.value) : NULL);
}

void json_add_string(struct json_object *to, const char *key, const char *value)
{
	json_add(to, key, value && *value ? json_object_new_string(value) : NULL);
}

/* With the module's three decimal places: json-c prints the text as it is. */
static void add_thousandths(struct json_object *to, const char *key, struct figure value)
{
	json_add(to, key, value.known ?
	    json_object_new_double_s(value.value / 1000.0, text_thousandths(value).s) : NULL);
}

struct json_object *json_clock(const struct clock_figures *c)
{
	struct json_object *to = json_object_new_object();

	json_add_string(to, "name", c->name);
	add_figure(to, "exact", c->exact);
	add_thousandths(to, "skew_ppb", c->skew_ppt);
	add_thousandths(to, "skew_error_ppb", c->skew_error_ppt);
	add_count(to, "points", c->points);
	add_figure(to, "phase_ns", c->phase_ns);
	add_count(to, "steps", c->steps);
	add_figure(to, "step_last_ns", c->step_last_ns);
	add_figure(to, "step_max_ns", c->step_max_ns);
	add_count(to, "backward", c->backward);
	add_count(to, "backward_max_ns", c->backward_max_ns);
	add_count(to, "warps", c->warps);
	add_count(to, "warp_max_ns", c->warp_max_ns);
	add_count(to, "samples", c->samples);
	add_count(to, "rejected", c->rejected);
	add_count(to, "errors", c->errors);
	add_figure(to, "host_offset_ns", c->host_offset_ns);
	add_figure(to, "host_offset_error_ns", c->host_offset_error_ns);
	add_figure(to, "host_offset_age_ms", c->host_offset_age_ms);
	return to;
}

struct json_object *json_pair(const struct pair_line *p)
{
	struct json_object *to = json_object_new_object(), *hull = NULL;

	json_add_string(to, "clock", p->clock);
	json_add_u64(to, "cpu_i", p->cpu_i);
	json_add_u64(to, "cpu_j", p->cpu_j);
	add_figure(to, "offset_ns", (struct figure){ p->known, p->offset_ns });
	add_figure(to, "bound_ns", (struct figure){ p->known, p->bound_ns });
	add_figure(to, "moving", (struct figure){ p->known, p->moving });
	if (p->known && (p->moving || !p->from_sysfs)) {
		hull = json_object_new_array_ext(2);
		json_object_array_add(hull, json_object_new_int64(p->hull_low_ns));
		json_object_array_add(hull, json_object_new_int64(p->hull_high_ns));
	}
	json_add(to, "hull_ns", hull);
	add_count(to, "age_ms", (struct count){ p->known, p->age_ms });
	add_count(to, "warps", (struct count){ !p->from_sysfs, p->warps });
	return to;
}

struct json_object *json_cpu(const struct cpu_line *c)
{
	struct json_object *to = json_object_new_object();

	json_add_u64(to, "cpu", c->cpu);
	json_add_string(to, "state", c->state);
	add_flag(to, "leader", c->leader);
	json_add_u64(to, "windows", c->windows);
	json_add_u64(to, "lost", c->lost);
	add_count(to, "age_ms", c->age_ms);
	json_add_u64(to, "readings", c->readings);
	return to;
}

struct json_object *json_point(const struct point_line *p)
{
	struct json_object *to = json_object_new_object();

	json_add_string(to, "clock", p->clock);
	json_add_u64(to, "segment", p->segment);
	json_add_u64(to, "tsc", p->tsc);
	add_thousandths(to, "phase_ns", (struct figure){ true, p->phase_ps });
	json_add_u64(to, "width_ns", p->width_ns);
	return to;
}

static struct figure cpu_figure(int cpu)
{
	return (struct figure){ cpu >= 0, cpu };
}

struct json_object *json_event(const struct event *e)
{
	struct json_object *to = json_object_new_object(), *time = json_object_new_object();

	json_add_string(to, "kind", event_kind_name(e->kind));
	json_add_string(to, "clock", e->clock);
	add_figure(to, "cpu", cpu_figure(e->cpu));
	add_figure(to, "peer", cpu_figure(e->peer));
	add_s64(to, "size_ns", e->size_ns);
	add_figure(to, "error_ns", e->error_ns);
	json_add_u64(to, "count", e->count);
	add_count(time, "boottime_ns", (struct count){ e->boottime_ns, e->boottime_ns });
	add_count(time, "tsc", (struct count){ e->tsc, e->tsc });
	add_figure(time, "cpu", cpu_figure(e->cpu));
	json_add(to, "time", time);
	return to;
}

static struct json_object *text_array(char *const *lines, size_t n)
{
	struct json_object *array = json_object_new_array_ext(n);
	size_t i;

	for (i = 0; i < n; i++)
		json_object_array_add(array, json_object_new_string(lines[i]));
	return array;
}

/* A part of a finding's size: with its decimal places, or an integer. */
static void add_size(struct json_object *to, const char *key, bool known, __int128_t value,
		     unsigned int places)
{
	if (!known)
		json_add(to, key, NULL);
	else if (places)
		/* json-c prints the text as it is */
		json_add(to, key,
			 json_object_new_double_s(value, text_decimal(value, places).s));
	else if (value < 0)
		add_s64(to, key, value);
	else
		json_add_u64(to, key, value);
}

struct json_object *json_finding(const struct finding *f)
{
	struct json_object *to = json_object_new_object(), *cpus;
	size_t i;

	json_add_string(to, "id", f->id);
	json_add_string(to, "severity", severity_name(f->severity));
	json_add_string(to, "title", f->title);
	json_add(to, "evidence", text_array(f->evidence.lines, f->evidence.n));
	json_add_string(to, "cause", f->cause);
	json_add(to, "advice", text_array(f->advice.lines, f->advice.n));
	json_add_string(to, "see", f->see);
	add_count(to, "since", f->since_ns);
	add_bool(to, "ended", f->ended);
	add_size(to, "size", f->size.known, f->size.value, f->places);
	add_size(to, "size_error", f->size_error.known, f->size_error.value, f->places);
	json_add_string(to, "unit", f->size.known ? f->unit : NULL);
	cpus = json_object_new_array_ext(f->n_cpus);
	for (i = 0; i < f->n_cpus; i++)
		json_object_array_add(cpus, json_object_new_uint64(f->cpus[i]));
	json_add(to, "cpus", cpus);
	return to;
}

struct json_object *json_histogram(const struct histogram *h)
{
	struct json_object *to = json_object_new_object(), *buckets, *b;
	size_t i;

	json_add_string(to, "name", h->name);
	json_add_u64(to, "count", h->count);
	add_s64(to, "min_ns", h->min_ns);
	add_s64(to, "mean_ns", h->mean_ns);
	add_s64(to, "max_ns", h->max_ns);
	add_s64(to, "p50_ns", h->p50_ns);
	add_s64(to, "p99_ns", h->p99_ns);
	add_s64(to, "p999_ns", h->p999_ns);
	add_count(to, "lost", h->lost);
	buckets = json_object_new_array_ext(h->n_buckets);
	for (i = 0; i < h->n_buckets; i++) {
		b = json_object_new_object();
		add_bool(b, "negative", h->buckets[i].negative);
		json_add_u64(b, "low_ns", h->buckets[i].low_ns);
		json_add_u64(b, "high_ns", h->buckets[i].high_ns);
		json_add_u64(b, "count", h->buckets[i].count);
		json_object_array_add(buckets, b);
	}
	json_add(to, "buckets", buckets);
	return to;
}

static void print(FILE *to, struct json_object *object)
{
	fputs(json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED |
					     JSON_C_TO_STRING_NOSLASHESCAPE), to);
	json_object_put(object);
}

void json_print_line(FILE *to, struct json_object *object)
{
	print(to, object);
	fputc('\n', to);
}

/* Print a list; @entry is an expression of i that creates an entry. */
#define PRINT_LIST(to, key, n, entry) do { \
	size_t i; \
\
	fprintf(to, ",%s\"%s\": [", gap, key); \
	for (i = 0; i < (n); i++) { \
		fprintf(to, "%s%s", i ? "," : "", gap); \
		print(to, entry); \
	} \
	fprintf(to, "]"); \
} while (0)

/* Line i of errors: first the snapshot's errors, then the notes on the rest of the machine. */
static const char *error_line(const struct snapshot *s, const struct system_facts *system, size_t i)
{
	return i < s->n_errors ? s->errors[i] : system->notes[i - s->n_errors];
}

void json_print(FILE *to, const struct snapshot *s, const struct event_list *events,
		const struct finding_list *findings, const struct system_facts *system,
		bool one_line)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	const char *gap = one_line ? " " : "\n", *start;
	struct json_object *head = json_object_new_object();

	json_add_string(head, "tscope", s->version[0] ? s->version : TSCOPE_VERSION);
	json_add_string(head, "kernel", s->kernel);
	json_add_string(head, "clocksource", s->clocksource);
	add_count(head, "tsc_khz", tsc ? tsc->khz : (struct count){ });
	start = json_object_to_json_string_ext(head, JSON_C_TO_STRING_SPACED |
					       JSON_C_TO_STRING_NOSLASHESCAPE);
	/* without its closing brace */
	fprintf(to, "%.*s", (int)strlen(start) - 2, start);
	json_object_put(head);
	PRINT_LIST(to, "clocks", s->n_clocks, json_clock(&s->clocks[i]));
	PRINT_LIST(to, "pairs", s->n_pairs, json_pair(&s->pairs[i]));
	PRINT_LIST(to, "cpus", s->n_cpu_lines, json_cpu(&s->cpu_lines[i]));
	PRINT_LIST(to, "events", events ? events->n : 0, json_event(&events->events[i]));
	PRINT_LIST(to, "findings", findings ? findings->n : 0,
		   json_finding(&findings->findings[i]));
	PRINT_LIST(to, "errors", s->n_errors + (system ? system->n_notes : 0),
		   json_object_new_string(error_line(s, system, i)));
	fputs("}\n", to);
}
