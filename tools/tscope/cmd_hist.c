// SPDX-License-Identifier: GPL-2.0
/* cmd_hist.c: show histograms */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "json.h"
#include "observe.h"
#include "options.h"
#include "text.h"

static const char *const kinds[] = { "width", "residual", "step", "warp", "transit", "wakeup" };

/* The arguments; each is NULL if it is not given. */
struct wanted {
	const char *clock, *kind;
};

static bool is_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i], name))
			return true;
	return false;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct wanted *wanted = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (is_kind(arg) && !wanted->kind)
		wanted->kind = arg;
	else if (is_kind(arg))
		argp_error(state, "'%s' and '%s': name one histogram, or none", wanted->kind, arg);
	else if (!wanted->clock && !wanted->kind)
		wanted->clock = arg;
	else
		argp_error(state, "'%s' is no histogram: width, residual, step, warp, transit, wakeup",
			   arg);
	return 0;
}

/* Names are "transit", "wakeup" and "<clock>/<kind>". */
static bool is_wanted(const struct wanted *wanted, const char *name)
{
	const char *slash = strchr(name, '/'), *kind = slash ? slash + 1 : name;
	size_t len = slash ? slash - name : 0;

	if (wanted->kind && strcmp(wanted->kind, kind))
		return false;
	return !wanted->clock ||
	       (strlen(wanted->clock) == len && !memcmp(wanted->clock, name, len));
}

static void print_totals(const struct snapshot *s)
{
	static const char *const heads[] = {
		"<histogram", "count", "min ns", "mean ns", "50 % ns", "99 % ns", "99.9 % ns", "max ns"
	};
	struct text_table t;

	table_begin(&t, heads, sizeof(heads) / sizeof(*heads));
	for (size_t i = 0; i < s->n_histograms; i++) {
		const struct histogram *h = &s->histograms[i];
		const int64_t figures[] = { h->min_ns, h->mean_ns, h->p50_ns, h->p99_ns, h->p999_ns,
					    h->max_ns };

		table_cell(&t, "%s", h->name);
		table_cell(&t, "%" PRIu64, h->count);
		for (size_t f = 0; f < sizeof(figures) / sizeof(*figures); f++)
			table_cell(&t, "%s",
				   text_figure((struct figure){ h->count, figures[f] }).s);
	}
	table_print(&t, stdout, "");
}

static size_t print_wanted(const struct snapshot *s, const struct wanted *wanted)
{
	struct json_object *list = json_object_new_array();
	size_t n = 0;

	for (size_t i = 0; i < s->n_histograms; i++) {
		const struct histogram *h = &s->histograms[i];

		if (!is_wanted(wanted, h->name))
			continue;
		n++;
		if (options.json) {
			json_object_array_add(list, json_histogram(h));
		} else if (wanted->clock || wanted->kind) {
			fputs(n > 1 ? "\n" : "", stdout);
			text_histogram(stdout, h);
		}
	}
	if (options.json) {
		struct json_object *all = json_object_new_object();

		json_object_object_add(all, "histograms", list);
		list = json_object_new_array();
		for (size_t i = 0; i < s->n_errors; i++)
			json_object_array_add(list, json_object_new_string(s->errors[i]));
		json_object_object_add(all, "errors", list);
		json_print_line(stdout, all);
	} else {
		json_object_put(list);
		if (n && !wanted->clock && !wanted->kind)
			print_totals(s);
	}
	return n;
}

int cmd_hist(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &options_sampling, 0, NULL, 0 }, { &options_common, 0, NULL, 0 }, { }
	};
	static const struct argp argp = {
		NULL, parse, "[CLOCK] [width|residual|step|warp|transit|wakeup]",
		"Show histograms, with a bar for each octave; without an argument the totals of all.\vSamples for 10 s if nothing was sampled yet, or if an option of sampling is given.",
		children, NULL, NULL
	};
	struct wanted wanted = { };
	struct snapshot s;
	size_t n;
	int status;

	options_parse(&argp, argc, argv, &wanted);
	choose_duration(&options.sampling, SAMPLE_IF_ASKED);
	status = sample(&options.sampling);
	if (status)
		return status;
	snapshot_read(&s, SNAPSHOT_HISTOGRAMS);
	sampling_end();
	n = print_wanted(&s, &wanted);
	for (size_t i = 0; !options.json && i < s.n_errors; i++)
		warnx("%s", s.errors[i]);
	if (!n && s.debug)
		warnx("there is no histogram%s%s%s%s", wanted.clock || wanted.kind ? " " : "",
		      wanted.clock ?: "", wanted.clock && wanted.kind ? "/" : "",
		      wanted.kind ?: "");
	snapshot_free(&s);
	return n ? STATUS_GOOD : STATUS_NO_FIGURE;
}
