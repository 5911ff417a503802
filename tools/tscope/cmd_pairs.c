// SPDX-License-Identifier: GPL-2.0
/* cmd_pairs.c: show how far the CPUs' clocks are apart */
#include <err.h>
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "json.h"
#include "observe.h"
#include "options.h"
#include "pairs.h"
#include "parse.h"
#include "progress.h"
#include "text.h"

enum { KEY_MATRIX = 512 };

static bool matrix;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	switch (key) {
	case KEY_MATRIX:
		matrix = true;
		return 0;
	case ARGP_KEY_END:
		if (matrix && options.json)
			argp_error(state, "--matrix and --json exclude each other");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* Keep the pairs of these CPUs only. */
static void keep(struct snapshot *s, const bool cpus[MAX_CPUS])
{
	size_t i, n = 0;

	for (i = 0; i < s->n_pairs; i++) {
		const struct pair_line *p = &s->pairs[i];

		if (p->cpu_j < MAX_CPUS && cpus[p->cpu_i] && cpus[p->cpu_j])
			s->pairs[n++] = *p;
	}
	s->n_pairs = n;
}

static bool any_offset(const struct snapshot *s)
{
	for (size_t i = 0; i < s->n_pairs; i++)
		if (s->pairs[i].known)
			return true;
	return false;
}

/* A matrix of 4096 CPUs takes a minute. On a terminal its lines show the progress. */
static void print_matrix(const struct snapshot *s)
{
	if (!isatty(STDOUT_FILENO))
		progress_begin("printing");
	pairs_matrix(stdout, s, text_window().columns, options.sampling.cpus);
	progress_end();
}

static void print(struct snapshot *s)
{
	pairs_sort(s);
	if (options.json)
		json_print(stdout, s, NULL, NULL, NULL, false);
	else if (matrix && s->n_pairs)
		print_matrix(s);
	else if (!s->n_pairs && options.sampling.cpus)
		printf("Offsets between CPUs: none of CPUs %s (they did not sample, or have not met)\n",
		       options.sampling.cpus);
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
		{ &options_sampling, 0, NULL, 0 }, { &options_output, 0, NULL, 0 },
		{ &options_common, 0, NULL, 0 }, { }
	};
	static const struct argp argp = {
		own, parse, NULL,
		"Show how far each CPU's clock is ahead of each other CPU's, of the CPUs that -c names or of all.\vSamples for 10 s if nothing was sampled yet, or if an option of sampling is given.",
		children, NULL, NULL
	};
	static bool cpus[MAX_CPUS];
	struct snapshot s;
	int status;

	options.cpus_choose = true;
	options_parse(&argp, argc, argv, NULL);
	if (options.sampling.cpus && !parse_cpu_list(options.sampling.cpus, cpus))
		errx(STATUS_USAGE, "'%s' is no list of CPUs below %u such as 0-3,8",
		     options.sampling.cpus, MAX_CPUS);
	options_check_output();
	options.sampling.can_look = true;
	choose_duration(&options.sampling, SAMPLE_IF_ASKED);
	status = sample(&options.sampling);
	if (status)
		return status;
	snapshot_read(&s, SNAPSHOT_PAIRS | (options.json ? SNAPSHOT_CPUS : 0));
	sampling_end();
	if (options.sampling.cpus)
		keep(&s, cpus);
	options_open_output();
	print(&s);
	status = any_offset(&s) ? STATUS_GOOD : STATUS_NO_FIGURE;
	snapshot_free(&s);
	return status;
}
