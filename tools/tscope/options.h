/* SPDX-License-Identifier: GPL-2.0 */
/* options.h: options that mean the same in all subcommands */
#ifndef TSCOPE_OPTIONS_H
#define TSCOPE_OPTIONS_H

#include <argp.h>

#include "sampling.h"

/**
 * struct options - what was given on the command line
 * @sampling: its duration is DURATION_DEFAULT if -d was not given
 * @interval_ms: of -i; a subcommand sets its default before options_parse()
 * @output: of -o, or NULL
 * @json: whether -j was given
 * @cpus_choose: a subcommand sets it if -c also chooses what is shown
 */
struct options {
	struct sampling_wish sampling;
	uint64_t interval_ms;
	const char *output;
	bool json, cpus_choose;
};

extern struct options options;

/* Children for a subcommand's argp; they fill options. */
extern const struct argp options_common;	/* -j, -q, --root */
extern const struct argp options_no_json;	/* the same, but --help does not show -j */
extern const struct argp options_sampling;	/* -c, -d, --warm-up, --flat-out, --reset */
extern const struct argp options_interval;	/* -i */
extern const struct argp options_output;	/* -o */

/**
 * options_parse() - parse a subcommand's command line
 * @argp: the subcommand's, with children of the above
 * @input: for its own parser
 *
 * Wrong use ends the program with 2.
 */
void options_parse(const struct argp *argp, int argc, char **argv, void *input);

/*
 * For -o: the first checks whether the file can be written, before time is spent on its content;
 * the second makes it standard output. Both end the program with 2 if it can't be written.
 */
void options_check_output(void);
void options_open_output(void);

/* The name of standard output in messages: the file of -o, if any. */
extern const char *options_stdout;

/* Parse N[s|m|h|d], with up to three decimal places. Wrong use ends the program with 2. */
uint64_t options_duration_ms(const struct argp_state *state, const char *option, const char *text);

#endif /* TSCOPE_OPTIONS_H */
