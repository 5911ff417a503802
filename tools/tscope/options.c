// SPDX-License-Identifier: GPL-2.0
/* options.c: options that mean the same in all subcommands */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "files.h"
#include "options.h"
#include "parse.h"
#include "replace.h"

enum {
	KEY_WARM_UP = 256,
	KEY_FLAT_OUT,
	KEY_RESET,
	KEY_ROOT,
};

const char *options_stdout = "standard output";

struct options options = { .sampling.duration_ms = DURATION_DEFAULT };

uint64_t options_duration_ms(const struct argp_state *state, const char *option, const char *text)
{
	static const struct { char unit; unsigned int seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
	};
	size_t len = strlen(text), i;
	unsigned int seconds = 1;
	int64_t ms;

	for (i = 0; len && i < 4; i++)
		if (text[len - 1] == units[i].unit) {
			seconds = units[i].seconds;
			len--;
			break;
		}
	if (!parse_thousandths(text, len, &ms) || ms < 0 ||
	    __builtin_mul_overflow(ms, seconds, &ms))
		argp_error(state, "%s takes a time such as 10, 0.5, 90s, 5m, 1h or 1d, not '%s'",
			   option, text);
	return ms;
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case 'j':
		options.json = true;
		return 0;
	case 'q':
		options.sampling.quiet = true;
		return 0;
	case KEY_ROOT:
		system_root = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_sampling(int key, char *arg, struct argp_state *state)
{
	struct sampling_wish *wish = &options.sampling;

	switch (key) {
	case 'c':
		wish->cpus = arg;
		return 0;
	case 'd':
		wish->duration_ms = options_duration_ms(state, "--duration", arg);
		return 0;
	case KEY_WARM_UP:
		wish->warm_up_ms = options_duration_ms(state, "--warm-up", arg);
		return 0;
	case KEY_FLAT_OUT:
		wish->flat_out = true;
		return 0;
	case KEY_RESET:
		wish->reset = true;
		return 0;
	case ARGP_KEY_END:
		if (wish->duration_ms)
			return 0;
		if (wish->flat_out || wish->warm_up_ms || (wish->cpus && !options.cpus_choose))
			argp_error(state, "with -d 0 nothing is sampled: --cpus, --flat-out and --warm-up have no effect");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_interval(int key, char *arg, struct argp_state *state)
{
	if (key != 'i')
		return ARGP_ERR_UNKNOWN;
	options.interval_ms = options_duration_ms(state, "--interval", arg);
	if (!options.interval_ms)
		argp_error(state, "--interval takes a time above 0");
	return 0;
}

static error_t parse_output(int key, char *arg, struct argp_state *state)
{
	(void)state;
	if (key != 'o')
		return ARGP_ERR_UNKNOWN;
	options.output = arg;
	return 0;
}

#define COMMON(json_flags) { \
	{ NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0 }, \
	{ "json", 'j', NULL, json_flags, "Print JSON (tscope.schema.json describes it)", 10 }, \
	{ "quiet", 'q', NULL, 0, "No progress", 10 }, \
	{ "root", KEY_ROOT, "DIR", 0, "Look for all files below DIR", 10 }, \
	{ } \
}

static const struct argp_option common[] = COMMON(0), no_json[] = COMMON(OPTION_HIDDEN);

static const struct argp_option sampling[] = {
	{ "cpus", 'c', "LIST", 0, "Sample these CPUs only, such as 0-3,8", 1 },
	{ "duration", 'd', "N[s|m|h|d]", 0, "Sample for this time; 0: show what is there", 1 },
	{ "warm-up", KEY_WARM_UP, "N[s|m|h|d]", 0, "Sample for this time before that", 1 },
	{ "flat-out", KEY_FLAT_OUT, NULL, 0, "Sample all the time, not a small part of it", 1 },
	{ "reset", KEY_RESET, NULL, 0, "Discard what was gathered before", 1 },
	{ }
};

static const struct argp_option interval[] = {
	{ "interval", 'i', "N[s|m|h|d]", 0, "From one output to the next", 2 },
	{ }
};

static const struct argp_option output[] = {
	{ "output", 'o', "FILE", 0, "Write to FILE", 3 },
	{ }
};

const struct argp options_common = { common, parse_common, NULL, NULL, NULL, NULL, NULL };
const struct argp options_no_json = { no_json, parse_common, NULL, NULL, NULL, NULL, NULL };
const struct argp options_sampling = { sampling, parse_sampling, NULL, NULL, NULL, NULL, NULL };
const struct argp options_interval = { interval, parse_interval, NULL, NULL, NULL, NULL, NULL };
const struct argp options_output = { output, parse_output, NULL, NULL, NULL, NULL, NULL };

void options_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	argp_err_exit_status = 2;
	if (argp_parse(argp, argc, argv, 0, NULL, input))
		exit(2);
}

void options_check_output(void)
{
	int error;

	/* standard output */
	if (options.output && !strcmp(options.output, "-"))
		options.output = NULL;
	error = options.output ? output_check(options.output, false) : 0;
	if (error)
		errx(STATUS_USAGE, "%s: %s", options.output, strerror(-error));
}

void options_open_output(void)
{
	if (!options.output)
		return;
	if (!freopen(options.output, "w", stdout))
		err(STATUS_USAGE, "%s", options.output);
	options_stdout = options.output;
}
