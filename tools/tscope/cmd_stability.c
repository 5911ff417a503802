// SPDX-License-Identifier: GPL-2.0
/* cmd_stability.c: tscope stability: Allan deviation, TDEV and MTIE of the clocks' points */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bracket.h"
#include "commands.h"
#include "json.h"
#include "math128.h"
#include "options.h"
#include "recording.h"
#include "stability.h"
#include "text.h"

#define MILLIONTHS	1000000
#define THOUSANDTHS	1000

enum { KEY_FROM = 512 };

static struct {
	const char *clock, *file;
} wish;

struct clock_stability {
	const char *clock;
	struct tscope_stability_figures fig[TSCOPE_STABILITY_OCTAVES];
	u32 n;
};

static void *room_for(size_t n, size_t size)
{
	void *room = calloc(n ?: 1, size);

	if (!room)
		err(STATUS_NO_FIGURE, "no memory for %zu points", n);
	return room;
}

/* Of a phase that is out of range the fit says so. */
static s64 phase_of(const struct point_line *line)
{
	return clamp_t(s128, (s128)line->phase_ps * (1 << TSCOPE_PHASE_SHIFT) / 1000,
		       S64_MIN, S64_MAX);
}

/* The points of a clock's longest segment; a module that is there shows one. */
static size_t longest_segment(const struct recorded_clock *c, size_t *from)
{
	size_t longest = 0, first = 0, i;

	*from = 0;
	for (i = 0; i < c->n_points; i++) {
		if (c->points[i].segment != c->points[first].segment)
			first = i;
		if (i + 1 - first >= longest) {
			longest = i + 1 - first;
			*from = first;
		}
	}
	return longest;
}

/* Those that are fitted: of too many every second, third, ... one. Long tau stay. */
static struct tscope_point *points_of(const struct recorded_clock *c, u32 *n)
{
	size_t from, longest = longest_segment(c, &from), i;
	size_t every = (longest + TSCOPE_FIT_MAX_POINTS - 1) / TSCOPE_FIT_MAX_POINTS;
	struct tscope_point *p = room_for(longest, sizeof(*p));

	*n = 0;
	for (i = 0; i < longest; i += every) {
		const struct point_line *line = &c->points[from + i];

		p[(*n)++] = (struct tscope_point){
			.tsc = line->tsc,
			.phase = phase_of(line),
			.width_ns = min(line->width_ns, (uint64_t)U32_MAX),
		};
	}
	return p;
}

/* Without a figure where the points are too few, or are no points of a clock. */
static void find_figures(const struct recorded_clock *of, u32 khz, struct clock_stability *c)
{
	struct tscope_stability_place *x;
	struct tscope_fit fit;
	struct tscope_point *p;
	u32 n;

	p = points_of(of, &n);
	c->clock = of->name;
	/* of the fit only its slope counts, which no rounding of the clock moves */
	if (!tscope_bracket_fit(p, n, khz, 0, &fit)) {
		x = room_for(fit.points, sizeof(*x));
		c->n = tscope_stability(p, &fit, khz, x, c->fig);
		free(x);
	}
	free(p);
}

struct decimal {
	char s[32];
};

/* A number of so many parts of one, with all its decimal places. */
static struct decimal decimal(u64 x, u64 parts)
{
	struct decimal t;

	snprintf(t.s, sizeof(t.s), "%" PRIu64 ".%0*" PRIu64, x / parts,
		 parts == THOUSANDTHS ? 3 : 6, x % parts);
	return t;
}

static void print_text(const struct clock_stability *c, size_t n)
{
	static const char *const heads[] = {
		"<clock", "tau s", "ADEV ppb", "TDEV ns", "MTIE ns", "differences"
	};
	const struct tscope_stability_figures *f;
	struct text_table table;

	table_begin(&table, heads, ARRAY_SIZE(heads));
	for (; n--; c++)
		for (f = c->fig; f < c->fig + c->n; f++) {
			table_cell(&table, "%s", c->clock);
			table_cell(&table, "%s", decimal(f->tau_us, MILLIONTHS).s);
			table_cell(&table, "%s", decimal(f->adev, MILLIONTHS).s);
			table_cell(&table, "%s", decimal(f->tdev_ps, THOUSANDTHS).s);
			table_cell(&table, "%s", decimal(f->mtie_ps, THOUSANDTHS).s);
			table_cell(&table, "%" PRIu64, f->n);
		}
	table_print(&table, stdout, "");
}

static void add(struct json_object *to, const char *key, u64 x, u64 parts)
{
	json_object_object_add(to, key,
			       json_object_new_double_s((double)x / parts, decimal(x, parts).s));
}

static void print_json(const struct recording *r, const struct clock_stability *c, size_t n,
		       u32 khz)
{
	struct json_object *to = json_object_new_object(), *list = json_object_new_array(), *line;
	const struct tscope_stability_figures *f;
	size_t i;

	json_object_object_add(to, "tscope", json_object_new_string(TSCOPE_VERSION));
	json_object_object_add(to, "tsc_khz", khz ? json_object_new_uint64(khz) : NULL);
	for (; n--; c++)
		for (f = c->fig; f < c->fig + c->n; f++) {
			line = json_object_new_object();
			json_object_object_add(line, "clock", json_object_new_string(c->clock));
			add(line, "tau_s", f->tau_us, MILLIONTHS);
			add(line, "adev_ppb", f->adev, MILLIONTHS);
			add(line, "tdev_ns", f->tdev_ps, THOUSANDTHS);
			add(line, "mtie_ns", f->mtie_ps, THOUSANDTHS);
			json_object_object_add(line, "differences", json_object_new_uint64(f->n));
			json_object_array_add(list, line);
		}
	json_object_object_add(to, "stability", list);
	list = json_object_new_array();
	for (i = 0; i < r->n_errors; i++)
		json_object_array_add(list, json_object_new_string(r->errors[i]));
	json_object_object_add(to, "errors", list);
	json_print_line(stdout, to);
}

static void say_errors(const struct recording *r, bool any)
{
	size_t i;

	for (i = 0; i < r->n_errors; i++)
		warnx("%s", r->errors[i]);
	if (!any && !r->n_errors)
		warnx("there are too few points%s", wish.file ? "" :
		      " yet; \"tscope report -d 60s\" samples more");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key == KEY_FROM)
		wish.file = arg;
	else if (key == ARGP_KEY_ARG && !wish.clock)
		wish.clock = arg;
	else
		return ARGP_ERR_UNKNOWN;
	(void)state;
	return 0;
}

static void read_file(struct recording *r)
{
	FILE *from = strcmp(wish.file, "-") ? fopen(wish.file, "r") : stdin;

	if (!from)
		err(STATUS_USAGE, "%s", wish.file);
	if (!recording_read(r, from))
		errx(STATUS_USAGE, "%s: %s", wish.file, r->errors[0]);
	fclose(from);
}

static void read_module(struct recording *r)
{
	struct snapshot s;

	snapshot_read(&s, SNAPSHOT_POINTS);
	if (wish.clock && s.loaded &&
	    (!snapshot_clock(&s, wish.clock) || !strcmp(wish.clock, "tsc")))
		errx(STATUS_USAGE, "%s is no clock that is held against the TSC here", wish.clock);
	recording_of_snapshot(r, &s);
	snapshot_free(&s);
}

int cmd_stability(int argc, char **argv)
{
	static const struct argp_option own[] = {
		{ "from", KEY_FROM, "FILE", 0, "Of a recording, such as tscope record writes", 1 },
		{ }
	};
	static const struct argp_child children[] = { { &options_common, 0, NULL, 0 }, { } };
	static const struct argp argp = {
		own, parse, "[CLOCK]",
		"Show Allan deviation, time deviation and MTIE of clocks against the TSC.",
		children, NULL, NULL,
	};
	struct clock_stability *found;
	struct recording r;
	bool any = false;
	size_t i, n = 0;
	u32 khz;

	options_parse(&argp, argc, argv, NULL);
	if (wish.file)
		read_file(&r);
	else
		read_module(&r);
	khz = r.tsc_khz <= U32_MAX ? r.tsc_khz : 0;
	found = room_for(r.n_clocks, sizeof(*found));
	for (i = 0; khz && i < r.n_clocks; i++) {
		if (wish.clock && strcmp(wish.clock, r.clocks[i].name))
			continue;
		find_figures(&r.clocks[i], khz, &found[n]);
		any |= found[n++].n;
	}
	if (options.json)
		print_json(&r, found, n, khz);
	else if (any)
		print_text(found, n);
	if (!any || wish.file)
		say_errors(&r, any);
	free(found);
	recording_free(&r);
	return any ? STATUS_GOOD : STATUS_NO_FIGURE;
}
