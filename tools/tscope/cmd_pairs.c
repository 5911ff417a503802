// SPDX-License-Identifier: GPL-2.0
/* cmd_pairs.c: show how far the CPUs' clocks are apart */
#include <err.h>
#include <stdio.h>

#include "commands.h"
#include "json.h"
#include "observe.h"
#include "options.h"
#include "pairs.h"

enum { KEY_MATRIX = 512 };

static bool matrix;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	(void)state;
	if (key != KEY_MATRIX)
		return ARGP_ERR_UNKNOWN;
	matrix = true;
	return 0;
}

static bool any_offset(const struct snapshot *s)
{
	for (size_t i = 0; i < s->n_clocks; i++)
		if (s->clocks[i].offset.known)
			return true;
	return s->n_pairs;
}

static void print(struct snapshot *s)
{
	pairs_sort(s);
	if (options.json)
		json_print(stdout, s, NULL, NULL, false);
	else if (matrix && s->n_pairs)
		pairs_matrix(stdout, s);
	else
		pairs_print(stdout, s, SIZE_MAX);
	for (size_t i = 0; !options.json && i < s->n_errors; i++)
		warnx("%s", s->errors[i]);
}

int cmd_pairs(int argc, char **argv)
{
	static const struct argp_option own[] = {
		{ "matrix", KEY_MATRIX, NULL, 0, "Print a row and a column for each CPU", 4 },
		{ }
	};
	static const struct argp_child children[] = {
		{ &options_sampling, 0, NULL, 0 }, { &options_common, 0, NULL, 0 }, { }
	};
	static const struct argp argp = {
		own, parse, NULL,
		"Show how far each CPU's clock is ahead of each other CPU's. Shows what was gathered before, unless -d says for how long to sample; each pair of up to 24 CPUs meets within 3 s.",
		children, NULL, NULL
	};
	struct snapshot s;
	int status;

	options_parse(&argp, argc, argv, NULL);
	status = sample(&options.sampling);
	if (status)
		return status;
	snapshot_read(&s, SNAPSHOT_PAIRS);
	sampling_end();
	print(&s);
	status = any_offset(&s) ? STATUS_GOOD : STATUS_NO_FIGURE;
	snapshot_free(&s);
	return status;
}
