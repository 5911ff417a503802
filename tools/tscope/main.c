// SPDX-License-Identifier: GPL-2.0
/* main.c: tscope SUBCOMMAND [OPTION...] */
#include <argp.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "options.h"

const char *argp_program_version = "tscope " TSCOPE_VERSION;

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *does;
} commands[] = {
	{ "report", cmd_report, "sample for a while and say what was found" },
	{ "watch", cmd_watch, "show figures as they change" },
	{ "top", cmd_watch, "another name of watch" },
	{ "doctor", cmd_doctor, "say what is wrong with this machine's time, and what to do" },
	{ "events", cmd_events, "list what happened" },
	{ "pairs", cmd_pairs, "show how far the CPUs' clocks are apart" },
	{ "hist", cmd_hist, "show histograms" },
	{ "stability", cmd_stability, "show how stable the clocks are, by octaves of tau" },
	{ "wait", cmd_wait, "wait until a clock is known well enough" },
	{ "record", cmd_record, "write what is measured to a file, for hours" },
	{ "metrics", cmd_metrics, "print metrics for Prometheus" },
	{ "plot", cmd_plot, "draw what was recorded" },
};

static const struct command *command_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

struct chosen {
	const struct command *command;
	int argc;
	char **argv;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct chosen *chosen = state->input;

	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		chosen->command = command_of(arg);
		if (!chosen->command)
			argp_error(state, "no subcommand '%s'", arg);
		chosen->argc = state->argc - state->next + 1;
		chosen->argv = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
	}
	return ARGP_ERR_UNKNOWN;
}

/* Append the list of subcommands to the text of --help. */
static char *help(int key, const char *text, void *input)
{
	size_t i, size = 0;
	char *list = NULL;
	FILE *to;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	to = open_memstream(&list, &size);
	if (!to)
		return NULL;
	fprintf(to, "Subcommands (tscope SUBCOMMAND --help says more):\n");
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].does);
	fclose(to);
	return list;
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0 },
		{ }
	};
	static const struct argp argp = {
		options, parse, "SUBCOMMAND [OPTION...]",
		"Show what the module tscope measures of the TSC and of clocks.\v", NULL, help,
		NULL,
	};
	struct chosen chosen = { };
	char name[64];
	int status;

	argp_err_exit_status = STATUS_USAGE;
	/* a write beyond a limit of file sizes fails like one to a full disk */
	signal(SIGXFSZ, SIG_IGN);
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &chosen))
		return STATUS_USAGE;
	snprintf(name, sizeof(name), "tscope %s", chosen.command->name);
	chosen.argv[0] = name;
	status = chosen.command->run(chosen.argc, chosen.argv);
	if (fflush(stdout) || ferror(stdout)) {
		warn("%s", options_stdout);
		/* a finding matters more than a failed write */
		if (status != STATUS_FOUND)
			status = STATUS_USAGE;
	}
	return status;
}
