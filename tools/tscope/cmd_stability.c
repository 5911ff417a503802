// SPDX-License-Identifier: GPL-2.0
/* cmd_stability.c: tscope stability: Allan deviation, TDEV and MTIE of the clocks' points */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "json.h"
#include "options.h"
#include "points.h"
#include "progress.h"
#include "system.h"
#include "text.h"

/* Decimal places of figures. */
#define MILLIONTHS	6
#define THOUSANDTHS	3

enum { KEY_FROM = 512 };

static struct {
	const char *clock, *file;
} wish;

struct clock_stability {
	const char *clock;
	struct tscope_stability_figures fig[TSCOPE_STABILITY_OCTAVES];
	u32 n;
};

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
			table_cell(&table, "%s", text_decimal(f->tau_us, MILLIONTHS).s);
			table_cell(&table, "%s", text_decimal(f->adev, MILLIONTHS).s);
			table_cell(&table, "%s", text_decimal(f->tdev_ps, THOUSANDTHS).s);
			table_cell(&table, "%s", text_decimal(f->mtie_ps, THOUSANDTHS).s);
			table_cell(&table, "%" PRIu64, f->n);
		}
	table_print(&table, stdout, "");
}

static void add(struct json_object *to, const char *key, u64 x, unsigned int places)
{
	/* json-c prints the text as it is */
	json_object_object_add(to, key, json_object_new_double_s(x, text_decimal(x, places).s));
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
	if (!any && (wish.file || !r->n_errors))
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
	bool right;

	if (!from)
		err(STATUS_USAGE, "%s", wish.file);
	progress_begin("reading");
	right = recording_read(r, from);
	progress_end();
	if (!right)
		errx(STATUS_USAGE, "%s: %s", wish.file, r->errors[0]);
	fclose(from);
	if (wish.clock && (!strcmp(wish.clock, "tsc") ||
			   (*r->clock_names && !system_has_word(r->clock_names, wish.clock))))
		errx(STATUS_USAGE, "%s is no clock that is compared with the TSC in %s", wish.clock,
		     wish.file);
}

static void read_module(struct recording *r)
{
	struct snapshot s;

	snapshot_read(&s, SNAPSHOT_POINTS);
	if (wish.clock && s.loaded &&
	    (!snapshot_clock(&s, wish.clock) || !strcmp(wish.clock, "tsc")))
		errx(STATUS_USAGE, "%s is no clock that is compared with the TSC here", wish.clock);
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
	found = calloc(r.n_clocks + 1, sizeof(*found));
	if (!found)
		err(STATUS_NO_FIGURE, "no memory");
	progress_begin("computing");
	for (i = 0; khz && i < r.n_clocks; i++) {
		if (wish.clock && strcmp(wish.clock, r.clocks[i].name))
			continue;
		found[n].clock = r.clocks[i].name;
		found[n].n = clock_stability(&r.clocks[i], khz, found[n].fig);
		any |= found[n++].n;
	}
	progress_end();
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
