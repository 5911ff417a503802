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
#include "stability.h"
#include "text.h"

#define MILLIONTHS	1000000
#define THOUSANDTHS	1000

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

/* The clock's points of its newest segment; @p has room for all points of @s. */
static u32 points_of(const struct snapshot *s, const char *clock, struct tscope_point *p)
{
	const struct point_line *line, *last = NULL;
	u32 n = 0;

	for (line = s->points; line < s->points + s->n_points; line++) {
		if (strcmp(line->clock, clock))
			continue;
		if (n == TSCOPE_FIT_MAX_POINTS || (last && line->segment != last->segment))
			n = 0;
		p[n++] = (struct tscope_point){
			.tsc = line->tsc,
			.phase = phase_of(line),
			.width_ns = min(line->width_ns, (uint64_t)U32_MAX),
		};
		last = line;
	}
	return n;
}

/* Without a figure where the points are too few, or are no points of a clock. */
static void find_figures(const struct snapshot *s, u32 khz, struct clock_stability *c)
{
	struct tscope_point *p = room_for(s->n_points, sizeof(*p));
	struct tscope_stability_place *x;
	struct tscope_fit fit;

	/* of the fit only its slope counts, which no rounding of the clock moves */
	if (!tscope_bracket_fit(p, points_of(s, c->clock, p), khz, 0, &fit)) {
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

static void print_json(const struct snapshot *s, const struct clock_stability *c, size_t n, u32 khz)
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
	for (i = 0; i < s->n_errors; i++)
		json_object_array_add(list, json_object_new_string(s->errors[i]));
	json_object_object_add(to, "errors", list);
	json_print_line(stdout, to);
}

static void why_none(const struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->n_errors; i++)
		warnx("%s", s->errors[i]);
	if (!s->n_errors)
		warnx("there are too few points yet; \"tscope report -d 60s\" samples more");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **clock = state->input;

	if (key != ARGP_KEY_ARG || *clock)
		return ARGP_ERR_UNKNOWN;
	*clock = arg;
	return 0;
}

int cmd_stability(int argc, char **argv)
{
	static const struct argp_child children[] = { { &options_common, 0, NULL, 0 }, { } };
	static const struct argp argp = {
		NULL, parse, "[CLOCK]",
		"Show Allan deviation, time deviation and MTIE of clocks against the TSC.",
		children, NULL, NULL,
	};
	const struct clock_figures *tsc;
	struct clock_stability *found;
	const char *clock = NULL;
	struct snapshot s;
	size_t i, n = 0;
	bool any = false;
	u32 khz = 0;

	options_parse(&argp, argc, argv, &clock);
	snapshot_read(&s, SNAPSHOT_POINTS);
	tsc = snapshot_clock(&s, "tsc");
	if (clock && s.loaded && (!snapshot_clock(&s, clock) || !strcmp(clock, "tsc")))
		errx(STATUS_USAGE, "%s is no clock that is held against the TSC here", clock);
	if (tsc && tsc->khz.known && tsc->khz.value <= U32_MAX)
		khz = tsc->khz.value;
	found = room_for(s.n_clocks, sizeof(*found));
	for (i = 0; khz && i < s.n_clocks; i++) {
		if (clock && strcmp(clock, s.clocks[i].name))
			continue;
		found[n].clock = s.clocks[i].name;
		find_figures(&s, khz, &found[n]);
		any |= found[n++].n;
	}
	if (options.json)
		print_json(&s, found, n, khz);
	else if (any)
		print_text(found, n);
	if (!any)
		why_none(&s);
	free(found);
	snapshot_free(&s);
	return any ? STATUS_GOOD : STATUS_NO_FIGURE;
}
