// SPDX-License-Identifier: GPL-2.0
/* parse.c: the text of the module's files, as structs */
#include <stdlib.h>
#include <string.h>

#include "fields.h"

#define F(type, member, kind)	{ #member, kind, offsetof(struct type, member), \
				  sizeof(((struct type *)0)->member), NULL }
#define NAMED(name, type, member, kind)	{ name, kind, offsetof(struct type, member), 0, NULL }
#define ONE_OF(type, member, words)	{ #member, WORD, offsetof(struct type, member), \
					  sizeof(((struct type *)0)->member), words }

#define LAYOUT(a)		{ a, ARRAY_SIZE(a) }

/**
 * struct table - a file of debugfs
 * @header: its first line, which names the columns
 * @layouts: each of the other lines has one of these
 * @size: of a struct that holds a line
 */
struct table {
	const char *header;
	const struct layout *layouts;
	size_t n_layouts, size;
};

static bool parse_table(const struct table *table, const char *text, size_t len, void **lines,
			size_t *n, struct parse_fault *fault)
{
	struct span rest = { text, text + len }, s;

	*lines = NULL;
	*n = 0;
	if (!cut_first_line(&rest, &s, fault))
		return false;
	if (!span_is(s, table->header))
		return fault_is(fault, NULL, "does not name the columns that are known");
	return store_lines(rest, table->layouts, table->n_layouts, table->size, lines, n, fault);
}

static const struct field pair_fields[] = {
	F(pair_line, clock, WORD), F(pair_line, cpu_i, UNSIGNED), F(pair_line, cpu_j, UNSIGNED),
	F(pair_line, offset_ns, S64), F(pair_line, bound_ns, SIZE), F(pair_line, moving, FLAG),
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
	static const struct table table = {
		"# clock cpu_i cpu_j offset_ns bound_ns moving hull_low_ns hull_high_ns age_ms meetings warps",
		layouts, 2, sizeof(**lines)
	};
	size_t i;

	if (!parse_table(&table, text, len, (void **)lines, n, fault))
		return false;
	for (i = 0; i < *n && (*lines)[i].cpu_i < (*lines)[i].cpu_j; i++)
		;
	if (i == *n)
		return true;
	free(*lines);
	*lines = NULL;
	*n = 0;
	fault->line = i + 2;
	return fault_is(fault, "cpu_j", "is not above cpu_i");
}

static const struct field cpu_fields[] = {
	F(cpu_line, cpu, UNSIGNED), ONE_OF(cpu_line, state, "off sampling late stood-still "),
	F(cpu_line, leader, FLAG), F(cpu_line, windows, U64), F(cpu_line, lost, U64),
	F(cpu_line, meetings, U64), F(cpu_line, unmet, U64), F(cpu_line, age_ms, COUNT_OR_DASH),
	F(cpu_line, readings, U64),
};

bool parse_cpus(const char *text, size_t len, struct cpu_line **lines, size_t *n,
		struct parse_fault *fault)
{
	static const struct layout layouts[] = { LAYOUT(cpu_fields) };
	static const struct table table = {
		"# cpu state leader windows lost meetings unmet age_ms readings",
		layouts, 1, sizeof(**lines)
	};

	return parse_table(&table, text, len, (void **)lines, n, fault);
}

/* the module of version 0.1 had no error_ns */
#define VIOLATION_COLUMNS "# time_ns tsc what clock cpu peer size_ns count"
#define VIOLATION_NOTES "(time: CLOCK_MONOTONIC; size: the largest of count"

static const struct field violation_fields[] = {
	F(violation, monotonic_ns, U64), F(violation, tsc, U64),
	ONE_OF(violation, what, "warp backward step marker snapshot "),
	F(violation, clock, WORD), F(violation, cpu, UNSIGNED),
	F(violation, peer, FIGURE_OR_DASH), F(violation, size_ns, S64), F(violation, count, U64),
	F(violation, error_ns, COUNT_OR_DASH),
};

bool parse_violations(const char *text, size_t len, struct violation **lines, size_t *n,
		      struct parse_fault *fault)
{
	static const struct layout layout = LAYOUT(violation_fields),
		old_layout = { violation_fields, ARRAY_SIZE(violation_fields) - 1 };
	static const struct table table = {
		VIOLATION_COLUMNS " error_ns " VIOLATION_NOTES "; error: of a step's size)",
		&layout, 1, sizeof(**lines)
	}, old_table = {
		VIOLATION_COLUMNS " " VIOLATION_NOTES ")", &old_layout, 1, sizeof(**lines)
	};
	static const char old[] = VIOLATION_COLUMNS " (";
	bool is_old = len >= strlen(old) && !memcmp(text, old, strlen(old));

	return parse_table(is_old ? &old_table : &table, text, len, (void **)lines, n, fault);
}

static const struct field page_fields[] = {
	F(page_line, cpu, UNSIGNED), F(page_line, version, UNSIGNED),
	F(page_line, tsc_timestamp, U64), F(page_line, system_time_ns, U64),
	F(page_line, mul, UNSIGNED), F(page_line, shift, INTEGER), F(page_line, flags, UNSIGNED),
	F(page_line, minus_first_ns, S64),
};

/* a multiplier of more than 32 bits is printed with decimal places */
static const struct field long_page_fields[] = {
	F(page_line, cpu, UNSIGNED), F(page_line, version, UNSIGNED),
	F(page_line, tsc_timestamp, U64), F(page_line, system_time_ns, U64),
	NAMED("mul", page_line, mul_thousandths, THOUSANDTHS), F(page_line, shift, INTEGER),
	F(page_line, flags, UNSIGNED), F(page_line, minus_first_ns, S64),
};

bool parse_pages(const char *text, size_t len, struct page_line **lines, size_t *n,
		 struct parse_fault *fault)
{
	static const struct layout layouts[] = { LAYOUT(page_fields), LAYOUT(long_page_fields) };
	static const struct table table = {
		"# cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_first_ns",
		layouts, 2, sizeof(**lines)
	};
	size_t i;

	if (!parse_table(&table, text, len, (void **)lines, n, fault))
		return false;
	for (i = 0; i < *n; i++) {
		struct page_line *p = &(*lines)[i];

		if (!p->mul_thousandths) {
			p->mul_thousandths = p->mul * 1000ll;
		} else if (p->mul_thousandths > 0 && p->mul_thousandths / 1000 <= UINT32_MAX) {
			p->mul = p->mul_thousandths / 1000;
		} else {
			free(*lines);
			*lines = NULL;
			*n = 0;
			fault->line = i + 2;
			return fault_is(fault, "mul", "is not understood");
		}
	}
	return true;
}

static const struct field point_fields[] = {
	F(point_line, clock, WORD), F(point_line, segment, U64), F(point_line, tsc, U64),
	NAMED("phase_ns", point_line, phase_ps, THOUSANDTHS), F(point_line, width_ns, U64),
};

bool parse_points(const char *text, size_t len, struct point_line **lines, size_t *n,
		  struct parse_fault *fault)
{
	static const struct layout layouts[] = { LAYOUT(point_fields) };
	static const struct table table = {
		"# clock segment tsc phase_ns width_ns",
		layouts, 1, sizeof(**lines)
	};

	return parse_table(&table, text, len, (void **)lines, n, fault);
}

#define TEXT(name)	{ name, LITERAL, 0, 0, NULL }

/* The first line of a histogram; only wakeup has the last two words. */
static const struct field hist_fields[] = {
	TEXT("#"), TEXT("unit"), TEXT("ns"),
	TEXT("count"), F(histogram, count, U64), TEXT("min"), F(histogram, min_ns, S64),
	TEXT("mean"), F(histogram, mean_ns, S64), TEXT("max"), F(histogram, max_ns, S64),
	TEXT("p50"), F(histogram, p50_ns, S64), TEXT("p99"), F(histogram, p99_ns, S64),
	TEXT("p99.9"), F(histogram, p999_ns, S64), TEXT("lost"), F(histogram, lost, COUNT),
};

static const struct field bucket_fields[] = {
	F(hist_bucket, low_ns, U64), F(hist_bucket, high_ns, U64), F(hist_bucket, count, U64),
};

/* A bucket of negative values: from minus the highest size to minus the lowest. */
static const struct field negative_fields[] = {
	F(hist_bucket, high_ns, MINUS_U64), F(hist_bucket, low_ns, MINUS_U64),
	F(hist_bucket, count, U64), F(hist_bucket, negative, KNOWN),
};

bool parse_histogram(const char *text, size_t len, struct histogram *h, struct parse_fault *fault)
{
	static const struct layout head[] = {
		{ hist_fields, ARRAY_SIZE(hist_fields) - 2 }, LAYOUT(hist_fields)
	};
	static const struct layout bucket[] = { LAYOUT(bucket_fields), LAYOUT(negative_fields) };
	struct span rest = { text, text + len }, s;
	size_t i;

	h->buckets = NULL;
	h->n_buckets = 0;
	if (!cut_first_line(&rest, &s, fault))
		return false;
	if (!store_line(s, head, 2, h, fault))
		return false;
	if (!store_lines(rest, bucket, 2, sizeof(*h->buckets), (void **)&h->buckets,
			 &h->n_buckets, fault))
		return false;
	for (i = 0; i < h->n_buckets; i++)
		if (h->buckets[i].low_ns > h->buckets[i].high_ns)
			break;
	if (i == h->n_buckets)
		return true;
	free(h->buckets);
	h->buckets = NULL;
	h->n_buckets = 0;
	fault->line = i + 2;
	return fault_is(fault, "high_ns", "is below low_ns");
}

static const struct layout one_count = LAYOUT(((const struct field[]){
	{ "value", COUNT, 0, 0, NULL } }));

/* A text that is one line. */
static bool one_line(const char *text, size_t len, const struct layout *layout, void *to,
		     struct parse_fault *fault)
{
	struct span rest = { text, text + len }, s;

	return cut_first_line(&rest, &s, fault) && store_line(s, layout, 1, to, fault) &&
	       (rest.at == rest.end || fault_is(fault, NULL, "is not the last"));
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
	if (!cut_first_line(&rest, &s, fault))
		return false;
	if (rest.at != rest.end)
		return fault_is(fault, NULL, "is not the last");
	len = s.end - s.at;
	if (len >= size)
		return fault_is(fault, NULL, "is too long");
	for (i = 0; i < len; i++)
		if (s.at[i] < ' ' || s.at[i] > '~')
			return fault_is(fault, NULL, "is no plain text");
	memcpy(to, s.at, len);
	to[len] = 0;
	return true;
}

static bool cpu_number(const char **at, unsigned int *cpu)
{
	const char *start = *at;

	for (*cpu = 0; **at >= '0' && **at <= '9' && *cpu < MAX_CPUS; ++*at)
		*cpu = *cpu * 10 + (**at - '0');
	return *at > start && *cpu < MAX_CPUS;
}

bool parse_cpu_list(const char *text, bool cpus[MAX_CPUS])
{
	unsigned int first, last;

	memset(cpus, 0, MAX_CPUS * sizeof(*cpus));
	for (;; text++) {
		if (!cpu_number(&text, &first))
			return false;
		last = first;
		if (*text == '-' && (text++, !cpu_number(&text, &last) || last < first))
			return false;
		memset(cpus + first, true, (last - first + 1) * sizeof(*cpus));
		if (*text != ',')
			return !*text;
	}
}

bool parse_clocks(const char *text, size_t len, struct clock_figures **clocks, size_t *n,
		  struct parse_fault *fault)
{
	struct span rest = { text, text + len }, s, name;
	struct clock_figures *to;

	*clocks = NULL;
	*n = 0;
	if (!cut_first_line(&rest, &s, fault))
		return false;
	if (rest.at != rest.end)
		return fault_is(fault, NULL, "is not the last");
	/* a name takes a byte and a blank at least */
	to = calloc((s.end - s.at) / 2 + 1, sizeof(*to));
	if (!to)
		return fault_is(fault, NULL, "does not fit in memory");
	while (s.at && cut_word(&s, &name)) {
		if (!span_word(name, to[*n].name, sizeof(to->name))) {
			free(to);
			*n = 0;
			return fault_is(fault, "name", "is not understood");
		}
		++*n;
	}
	*clocks = to;
	return true;
}

#define ONE(member, kind)	{ #member, LAYOUT(((const struct field[]){ \
					F(clock_figures, member, kind) })), ALL }
#define NAMED_ONE(name, member, kind)	{ name, LAYOUT(((const struct field[]){ \
					NAMED(name, clock_figures, member, kind) })), ALL }
#define FIELDS(name, fields, clocks)	{ name, LAYOUT(fields), clocks }

static const struct field skew_fields[] = {
	NAMED("skew_ppb", clock_figures, skew_ppt, FIGURE_THOUSANDTHS),
	NAMED("error_ppb", clock_figures, skew_error_ppt, FIGURE_THOUSANDTHS),
	F(clock_figures, points, COUNT), F(clock_figures, span_ms, COUNT),
};

static const struct field pair_offset_fields[] = {
	NAMED("offset_ns", clock_figures, offset.offset_ns, S64),
	NAMED("bound_ns", clock_figures, offset.bound_ns, SIZE),
	NAMED("cpu_i", clock_figures, offset.cpu_i, UNSIGNED),
	NAMED("cpu_j", clock_figures, offset.cpu_j, UNSIGNED),
	NAMED("moving", clock_figures, offset.moving, FLAG),
	NAMED("age_ms", clock_figures, offset.age_ms, SIZE),
	NAMED("known", clock_figures, offset.known, KNOWN),
};

static const struct field host_offset_fields[] = {
	NAMED("offset_ns", clock_figures, host_offset_ns, FIGURE),
	NAMED("error_ns", clock_figures, host_offset_error_ns, FIGURE_SIZE),
	NAMED("age_ms", clock_figures, host_offset_age_ms, FIGURE_SIZE),
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
	ONE(steps, COUNT), ONE(step_max_ns, FIGURE), ONE(step_last_ns, FIGURE),
	FIELDS("skew", skew_fields, ALL), ONE(phase_ns, FIGURE), ONE(exact, FIGURE_FLAG),
	ONE(read_min_ns, COUNT), ONE(read_avg_ns, COUNT), ONE(khz, COUNT),
	FIELDS("offset", pair_offset_fields, BUT_PTP), ONE(moving, COUNT), ONE(unmet, COUNT),
	ONE(widest_bound_ns, COUNT), ONE(step_cycles, COUNT),
	ONE(stable, FIGURE_FLAG), ONE(valid, FIGURE_FLAG), ONE(updates, COUNT), ONE(stopped, COUNT),
	ONE(tsc_mode, COUNT), ONE(emulated, FIGURE_FLAG), ONE(incarnation, COUNT),
	ONE(time, FIGURE_FLAG), ONE(status, COUNT), NAMED_ONE("error_ns", stated_error_ns, COUNT),
	ONE(disruptions, COUNT),
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
	if (clock_files[i].layout.fields == pair_offset_fields &&
	    filled.offset.cpu_i >= filled.offset.cpu_j)
		return fault_is(fault, "cpu_j", "is not above cpu_i");
	*clock = filled;
	return true;
}
