/* SPDX-License-Identifier: GPL-2.0 */
/* options.h: options that mean the same in all subcommands */
#ifndef TSCOPE_OPTIONS_H
#define TSCOPE_OPTIONS_H

#include <argp.h>

#include "sampling.h"

/**
 * struct options - what was given on the command line
 * @sampling: a subcommand sets its defaults before options_parse()
 * @interval_ms: of -i; likewise
 * @output: of -o, or NULL
 */
struct options {
	struct sampling_wish sampling;
	uint64_t interval_ms;
	const char *output;
	bool json;
};

extern struct options options;

/* Children for a subcommand's argp; they fill options. */
extern const struct argp options_common;	/* -j, -q, --root */
extern const struct argp options_sampling;	/* -c, -d, --warm-up, --flat-out, --reset */
extern const struct argp options_interval;	/* -i */
extern const struct argp options_output;	/* -o */

/**
 * options_parse() - parse a subcommand's command line
 * @argp: the subcommand's, with children of the above
 * @input: for its own parser
 *
 * Ends the program with 2 after wrong use.
 */
void options_parse(const struct argp *argp, int argc, char **argv, void *input);

/* N[s|m|h|d], with up to three decimal places, in ms; wrong use ends the program with 2. */
uint64_t options_duration_ms(const struct argp_state *state, const char *option, const char *text);

#endif /* TSCOPE_OPTIONS_H */
