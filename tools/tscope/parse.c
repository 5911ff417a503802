// SPDX-License-Identifier: GPL-2.0
/* parse.c: the text of the module's files, as structs */
#include <stdlib.h>
#include <string.h>

#include "parse.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What a field holds, and what it is stored as. */
enum kind {
	LITERAL,	/* the field's name itself, which is not stored */
	DASH,		/* -, which is not stored */
	KNOWN,		/* no text: a bool that becomes true */
	WORD,		/* char[size] */
	UNSIGNED,	/* unsigned int */
	INTEGER,	/* int */
	U64,		/* uint64_t */
	MINUS_U64,	/* -, and its size above 0: uint64_t */
	S64,		/* int64_t */
	FLAG,		/* 0 or 1: bool */
	THOUSANDTHS,	/* three decimal places: int64_t */
	COUNT,		/* struct count */
	COUNT_OR_DASH,
	FIGURE,		/* struct figure */
	FIGURE_OR_DASH,
	FIGURE_FLAG,	/* 0 or 1 */
	FIGURE_THOUSANDTHS,
};

/* A field of a line; fields are separated by one blank. */
struct field {
	const char *name;
	enum kind kind;
	size_t at;		/* in the struct */
	size_t size;		/* of a WORD */
};

#define F(type, member, kind)	{ #member, kind, offsetof(struct type, member), \
				  sizeof(((struct type *)0)->member) }
#define NAMED(name, type, member, kind)	{ name, kind, offsetof(struct type, member), 0 }

struct layout {
	const struct field *fields;
	size_t n;
};

#define LAYOUT(a)		{ a, ARRAY_SIZE(a) }

/* A piece of text. */
struct span {
	const char *at, *end;
};

static bool fail(struct parse_fault *fault, const char *field, const char *what)
{
	fault->field = field;
	fault->what = what;
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Decimal digits as the module prints them: without a sign or a leading 0. */
static bool digits(struct span *s, uint64_t *value)
{
	const char *start = s->at;

	*value = 0;
	for (; s->at < s->end && is_digit(*s->at); s->at++)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*s->at - '0'), value))
			return false;
	return s->at > start && (*start != '0' || s->at == start + 1);
}

static bool unsigned_number(struct span s, uint64_t *value)
{
	return digits(&s, value) && s.at == s.end;
}

static bool with_sign(bool negative, uint64_t size, int64_t *value)
{
	if (size > (uint64_t)INT64_MAX + negative)
		return false;
	*value = negative ? (int64_t)-size : (int64_t)size;
	return true;
}

static bool minus(struct span *s)
{
	bool negative = s->at < s->end && *s->at == '-';

	s->at += negative;
	return negative;
}

static bool signed_number(struct span s, int64_t *value)
{
	bool negative = minus(&s);
	uint64_t size;

	return unsigned_number(s, &size) && (size || !negative) && with_sign(negative, size, value);
}

/* With places decimal places exactly, or up to three if places is 0. -0.000 is a number. */
static bool thousandths(struct span s, int places, int64_t *value)
{
	bool negative = minus(&s);
	uint64_t size;
	int n = 0;

	if (!digits(&s, &size))
		return false;
	if (s.at < s.end && *s.at++ != '.')
		return false;
	for (; n < 3; n++)
		if (__builtin_mul_overflow(size, 10, &size) ||
		    (s.at < s.end && !is_digit(*s.at)) ||
		    (s.at == s.end && places) ||
		    __builtin_add_overflow(size, s.at < s.end ? (uint64_t)(*s.at++ - '0') : 0,
					   &size))
			return false;
	return s.at == s.end && with_sign(negative, size, value);
}

bool parse_thousandths(const char *text, size_t len, int64_t *value)
{
	/* "1." is none */
	return len && is_digit(text[len - 1]) &&
	       thousandths((struct span){ text, text + len }, 0, value);
}

/* Names of clocks, states and kinds. */
static bool word(struct span s, char *to, size_t size)
{
	size_t len = s.end - s.at, i;

	if (!len || len >= size)
		return false;
	for (i = 0; i < len; i++)
		if (!(s.at[i] >= 'a' && s.at[i] <= 'z') && !is_digit(s.at[i]) && s.at[i] != '-')
			return false;
	if (!(s.at[0] >= 'a' && s.at[0] <= 'z'))
		return false;
	memcpy(to, s.at, len);
	to[len] = 0;
	return true;
}

static bool is_text(struct span s, const char *text)
{
	size_t len = s.end - s.at;

	return len == strlen(text) && !memcmp(s.at, text, len);
}

static bool small_number(struct span s, int64_t low, int64_t high, int64_t *value)
{
	return signed_number(s, value) && *value >= low && *value <= high;
}

static bool one_field(const struct field *f, struct span s, void *to)
{
	bool dash = is_text(s, "-");
	struct figure *figure = to;
	struct count *count = to;
	int64_t value;

	switch (f->kind) {
	case LITERAL:
		return is_text(s, f->name);
	case DASH:
		return dash;
	case KNOWN:
		return false;
	case WORD:
		return word(s, to, f->size);
	case UNSIGNED:
		if (!small_number(s, 0, UINT32_MAX, &value))
			return false;
		*(unsigned int *)to = value;
		return true;
	case INTEGER:
		if (!small_number(s, INT32_MIN, INT32_MAX, &value))
			return false;
		*(int *)to = value;
		return true;
	case U64:
		return unsigned_number(s, to);
	case MINUS_U64:
		return minus(&s) && unsigned_number(s, to) && *(uint64_t *)to;
	case S64:
		return signed_number(s, to);
	case FLAG:
		if (!small_number(s, 0, 1, &value))
			return false;
		*(bool *)to = value;
		return true;
	case THOUSANDTHS:
		return thousandths(s, 3, to);
	case COUNT:
	case COUNT_OR_DASH:
		count->known = !dash;
		return dash ? f->kind == COUNT_OR_DASH : unsigned_number(s, &count->value);
	case FIGURE:
	case FIGURE_OR_DASH:
		figure->known = !dash;
		return dash ? f->kind == FIGURE_OR_DASH : signed_number(s, &figure->value);
	case FIGURE_FLAG:
		figure->known = true;
		return small_number(s, 0, 1, &figure->value);
	case FIGURE_THOUSANDTHS:
		figure->known = true;
		return thousandths(s, 3, &figure->value);
	}
	return false;
}

/* Cut the first word off *s; s->at becomes NULL after the last. */
static bool next_word(struct span *s, struct span *text)
{
	if (!s->at)
		return false;
	text->at = s->at;
	text->end = memchr(s->at, ' ', s->end - s->at) ?: s->end;
	s->at = text->end < s->end ? text->end + 1 : NULL;
	return true;
}

static bool line_as(struct span s, const struct layout *l, void *to, struct parse_fault *fault)
{
	struct span text;
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct field *f = &l->fields[i];

		if (f->kind == KNOWN)
			*((bool *)((char *)to + f->at)) = true;
		else if (!next_word(&s, &text))
			return fail(fault, f->name, "is missing");
		else if (!one_field(f, text, (char *)to + f->at))
			return fail(fault, f->name, "is not understood");
	}
	return !s.at || fail(fault, NULL, "has more fields than are known");
}

/* The line s, without its end, by the first of n layouts that fits. */
static bool line(struct span s, const struct layout *layouts, size_t n, void *to,
		 struct parse_fault *fault)
{
	struct parse_fault first = *fault;
	size_t i;

	for (i = 0; i < n; i++) {
		if (line_as(s, &layouts[i], to, fault))
			return true;
		if (!i)
			first = *fault;
	}
	*fault = first;
	return false;
}

/* Cut the first line off *rest, without its end. */
static bool next_line(struct span *rest, struct span *s, struct parse_fault *fault)
{
	fault->line++;
	s->at = rest->at;
	s->end = memchr(rest->at, '\n', rest->end - rest->at);
	if (!s->end)
		return fail(fault, NULL, "is truncated");
	rest->at = s->end + 1;
	return true;
}

static bool first_line(struct span *rest, struct span *s, struct parse_fault *fault)
{
	fault->line = 0;
	return next_line(rest, s, fault);
}

static size_t count_lines(struct span s)
{
	size_t n = 0;

	for (; s.at < s.end; s.at++)
		n += *s.at == '\n';
	return n;
}

/* Lines by one of n layouts each, as structs of size bytes. */
static bool lines_of(struct span rest, const struct layout *layouts, size_t n_layouts, size_t size,
		     void **lines, size_t *n, struct parse_fault *fault)
{
	size_t most = count_lines(rest);
	struct span s;
	char *to;

	*lines = NULL;
	*n = 0;
	if (rest.at == rest.end)
		return true;
	to = calloc(most + 1, size);
	if (!to)
		return fail(fault, NULL, "does not fit in memory");
	while (rest.at < rest.end) {
		if (!next_line(&rest, &s, fault) ||
		    !line(s, layouts, n_layouts, to + *n * size, fault)) {
			free(to);
			*n = 0;
			return false;
		}
		++*n;
	}
	*lines = to;
	return true;
}

/* A table of debugfs: its header, which names the columns, and lines. */
static bool table(const char *text, size_t len, const char *header, const struct layout *layouts,
		  size_t n_layouts, size_t size, void **lines, size_t *n,
		  struct parse_fault *fault)
{
	struct span rest = { text, text + len }, s;

	*lines = NULL;
	*n = 0;
	if (!first_line(&rest, &s, fault))
		return false;
	if (!is_text(s, header))
		return fail(fault, NULL, "does not name the columns that are known");
	return lines_of(rest, layouts, n_layouts, size, lines, n, fault);
}

static const struct field pair_fields[] = {
	F(pair_line, clock, WORD), F(pair_line, cpu_i, UNSIGNED), F(pair_line, cpu_j, UNSIGNED),
	F(pair_line, offset_ns, S64), F(pair_line, bound_ns, S64), F(pair_line, moving, FLAG),
	F(pair_line, hull_low_ns, S64), F(pair_line, hull_high_ns, S64),
	F(pair_line, age_ms, U64), F(pair_line, meetings, U64), F(pair_line, warps, U64),
	F(pair_line, known, KNOWN),
};

static const struct field unmet_fields[] = {
	F(pair_line, clock, WORD), F(pair_line, cpu_i, UNSIGNED), F(pair_line, cpu_j, UNSIGNED),
	F(pair_line, offset_ns, DASH), F(pair_line, bound_ns, DASH), F(pair_line, moving, DASH),
	F(pair_line, hull_low_ns, DASH), F(pair_line, hull_high_ns, DASH),
	F(pair_line, age_ms, DASH), F(pair_line, meetings, U64), F(pair_line, warps, U64),
};

bool parse_pairs(const char *text, size_t len, struct pair_line **lines, size_t *n,
		 struct parse_fault *fault)
{
	static const struct layout layouts[] = { LAYOUT(pair_fields), LAYOUT(unmet_fields) };

	return table(text, len,
		     "# clock cpu_i cpu_j offset_ns bound_ns moving hull_low_ns hull_high_ns age_ms meetings warps",
		     layouts, 2, sizeof(**lines), (void **)lines, n, fault);
}

static const struct field cpu_fields[] = {
	F(cpu_line, cpu, UNSIGNED), F(cpu_line, state, WORD), F(cpu_line, leader, FLAG),
	F(cpu_line, windows, U64), F(cpu_line, lost, U64), F(cpu_line, meetings, U64),
	F(cpu_line, unmet, U64), F(cpu_line, age_ms, COUNT_OR_DASH),
	F(cpu_line, readings, U64),
};

bool parse_cpus(const char *text, size_t len, struct cpu_line **lines, size_t *n,
		struct parse_fault *fault)
{
	static const struct layout cpu = LAYOUT(cpu_fields);

	return table(text, len,
		     "# cpu state leader windows lost meetings unmet age_ms readings", &cpu, 1,
		     sizeof(**lines), (void **)lines, n, fault);
}

static const struct field violation_fields[] = {
	F(violation, monotonic_ns, U64), F(violation, tsc, U64), F(violation, what, WORD),
	F(violation, clock, WORD), F(violation, cpu, UNSIGNED),
	F(violation, peer, FIGURE_OR_DASH), F(violation, size_ns, S64), F(violation, count, U64),
};

bool parse_violations(const char *text, size_t len, struct violation **lines, size_t *n,
		      struct parse_fault *fault)
{
	static const struct layout violation = LAYOUT(violation_fields);

	return table(text, len,
		     "# time_ns tsc what clock cpu peer size_ns count (time: CLOCK_MONOTONIC; size: the largest of count)",
		     &violation, 1, sizeof(**lines), (void **)lines, n, fault);
}

static const struct field page_fields[] = {
	F(page_line, cpu, UNSIGNED), F(page_line, version, UNSIGNED),
	F(page_line, tsc_timestamp, U64), F(page_line, system_time_ns, U64),
	F(page_line, mul, UNSIGNED), F(page_line, shift, INTEGER), F(page_line, flags, UNSIGNED),
	F(page_line, minus_first_ns, S64),
};

bool parse_pages(const char *text, size_t len, struct page_line **lines, size_t *n,
		 struct parse_fault *fault)
{
	static const struct layout page = LAYOUT(page_fields);

	return table(text, len,
		     "# cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_first_ns",
		     &page, 1, sizeof(**lines), (void **)lines, n, fault);
}

static const struct field point_fields[] = {
	F(point_line, clock, WORD), F(point_line, segment, U64), F(point_line, tsc, U64),
	NAMED("phase_ns", point_line, phase_ps, THOUSANDTHS), F(point_line, width_ns, U64),
};

bool parse_points(const char *text, size_t len, struct point_line **lines, size_t *n,
		  struct parse_fault *fault)
{
	static const struct layout point = LAYOUT(point_fields);

	return table(text, len, "# clock segment tsc phase_ns width_ns", &point, 1,
		     sizeof(**lines), (void **)lines, n, fault);
}

#define WORDS(name)	{ name, LITERAL, 0, 0 }
#define HIST_FIELDS \
	WORDS("#"), WORDS("unit"), WORDS("ns"), \
	WORDS("count"), F(histogram, count, U64), WORDS("min"), F(histogram, min_ns, S64), \
	WORDS("mean"), F(histogram, mean_ns, S64), WORDS("max"), F(histogram, max_ns, S64), \
	WORDS("p50"), F(histogram, p50_ns, S64), WORDS("p99"), F(histogram, p99_ns, S64), \
	WORDS("p99.9"), F(histogram, p999_ns, S64)

static const struct field hist_fields[] = { HIST_FIELDS };
static const struct field wakeup_fields[] = {
	HIST_FIELDS, WORDS("lost"), F(histogram, lost, COUNT)
};

static const struct field bucket_fields[] = {
	F(hist_bucket, low_ns, U64), F(hist_bucket, high_ns, U64), F(hist_bucket, count, U64),
};

/* From minus the highest size to minus the lowest. */
static const struct field negative_fields[] = {
	F(hist_bucket, high_ns, MINUS_U64), F(hist_bucket, low_ns, MINUS_U64),
	F(hist_bucket, count, U64), F(hist_bucket, negative, KNOWN),
};

bool parse_histogram(const char *text, size_t len, struct histogram *h, struct parse_fault *fault)
{
	static const struct layout head[] = { LAYOUT(hist_fields), LAYOUT(wakeup_fields) };
	static const struct layout bucket[] = { LAYOUT(bucket_fields), LAYOUT(negative_fields) };
	struct span rest = { text, text + len }, s;

	h->buckets = NULL;
	h->n_buckets = 0;
	if (!first_line(&rest, &s, fault))
		return false;
	if (!line(s, head, 2, h, fault))
		return false;
	return lines_of(rest, bucket, 2, sizeof(*h->buckets), (void **)&h->buckets, &h->n_buckets,
			fault);
}

static const struct layout one_count = LAYOUT(((const struct field[]){
	{ "value", COUNT, 0, 0 } }));

/* A text that is one line. */
static bool one_line(const char *text, size_t len, const struct layout *layout, void *to,
		     struct parse_fault *fault)
{
	struct span rest = { text, text + len }, s;

	return first_line(&rest, &s, fault) && line(s, layout, 1, to, fault) &&
	       (rest.at == rest.end || fail(fault, NULL, "is not the last"));
}

bool parse_count(const char *text, size_t len, struct count *value, struct parse_fault *fault)
{
	bool right = one_line(text, len, &one_count, value, fault);

	value->known = right;
	return right;
}

bool parse_string(const char *text, size_t len, char *to, size_t size, struct parse_fault *fault)
{
	struct span rest = { text, text + len }, s;
	size_t i;

	*to = 0;
	if (!first_line(&rest, &s, fault))
		return false;
	if (rest.at != rest.end)
		return fail(fault, NULL, "is not the last");
	len = s.end - s.at;
	if (len >= size)
		return fail(fault, NULL, "is too long");
	for (i = 0; i < len; i++)
		if (s.at[i] < ' ' || s.at[i] > '~')
			return fail(fault, NULL, "is no plain text");
	memcpy(to, s.at, len);
	to[len] = 0;
	return true;
}

bool parse_clocks(const char *text, size_t len, struct clock_figures **clocks, size_t *n,
		  struct parse_fault *fault)
{
	struct span rest = { text, text + len }, s, name;
	struct clock_figures *to;

	*clocks = NULL;
	*n = 0;
	if (!first_line(&rest, &s, fault))
		return false;
	if (rest.at != rest.end)
		return fail(fault, NULL, "is not the last");
	/* a name takes a byte and a blank at least */
	to = calloc((s.end - s.at) / 2 + 1, sizeof(*to));
	if (!to)
		return fail(fault, NULL, "does not fit in memory");
	while (s.at && next_word(&s, &name)) {
		if (!word(name, to[*n].name, sizeof(to->name))) {
			free(to);
			*n = 0;
			return fail(fault, "name", "is not understood");
		}
		++*n;
	}
	*clocks = to;
	return true;
}

#define ONE(member, kind)	{ #member, LAYOUT(((const struct field[]){ \
					F(clock_figures, member, kind) })), ALL }
#define FIELDS(name, fields, clocks)	{ name, LAYOUT(fields), clocks }

static const struct field skew_fields[] = {
	NAMED("skew_ppb", clock_figures, skew_ppt, FIGURE_THOUSANDTHS),
	NAMED("error_ppb", clock_figures, skew_error_ppt, FIGURE_THOUSANDTHS),
	F(clock_figures, points, COUNT), F(clock_figures, span_ms, COUNT),
};

static const struct field pair_offset_fields[] = {
	NAMED("offset_ns", clock_figures, offset.offset_ns, S64),
	NAMED("bound_ns", clock_figures, offset.bound_ns, S64),
	NAMED("cpu_i", clock_figures, offset.cpu_i, UNSIGNED),
	NAMED("cpu_j", clock_figures, offset.cpu_j, UNSIGNED),
	NAMED("moving", clock_figures, offset.moving, FLAG),
	NAMED("age_ms", clock_figures, offset.age_ms, S64),
	NAMED("known", clock_figures, offset.known, KNOWN),
};

static const struct field host_offset_fields[] = {
	NAMED("offset_ns", clock_figures, host_offset_ns, FIGURE),
	NAMED("error_ns", clock_figures, host_offset_error_ns, FIGURE),
	NAMED("age_ms", clock_figures, host_offset_age_ms, FIGURE),
};

/* Files of a clock's directory; ptp-kvm's offset is that of the wall clocks. */
enum clocks { ALL, BUT_PTP, PTP };

static const struct clock_file {
	const char *name;
	struct layout layout;
	enum clocks clocks;
} clock_files[] = {
	ONE(samples, COUNT), ONE(rejected, COUNT), ONE(errors, COUNT),
	ONE(backward, COUNT), ONE(backward_max_ns, COUNT),
	ONE(warps, COUNT), ONE(warp_max_ns, COUNT),
	ONE(steps, COUNT), ONE(step_max_ns, COUNT), ONE(step_last_ns, FIGURE),
	FIELDS("skew", skew_fields, ALL), ONE(phase_ns, FIGURE), ONE(exact, FIGURE_FLAG),
	ONE(read_min_ns, COUNT), ONE(read_avg_ns, COUNT), ONE(khz, COUNT),
	FIELDS("offset", pair_offset_fields, BUT_PTP), ONE(moving, COUNT), ONE(unmet, COUNT),
	ONE(widest_bound_ns, COUNT), ONE(step_cycles, COUNT),
	ONE(stable, FIGURE_FLAG), ONE(updates, COUNT), ONE(stopped, COUNT),
	FIELDS("offset", host_offset_fields, PTP),
};

size_t parse_clock_file_count(void)
{
	return ARRAY_SIZE(clock_files);
}

const char *parse_clock_file_name(size_t i, const char *clock)
{
	enum clocks not = strcmp(clock, "ptp-kvm") ? PTP : BUT_PTP;

	return clock_files[i].clocks == not ? NULL : clock_files[i].name;
}

bool parse_clock_file(size_t i, const char *text, size_t len, struct clock_figures *clock,
		      struct parse_fault *fault)
{
	struct clock_figures filled = *clock;

	if (!one_line(text, len, &clock_files[i].layout, &filled, fault))
		return false;
	*clock = filled;
	return true;
}
