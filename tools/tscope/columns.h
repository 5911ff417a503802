/* SPDX-License-Identifier: GPL-2.0 */
/* columns.h: the columns of watch: a figure of a clock, now and an interval ago */
#ifndef TSCOPE_COLUMNS_H
#define TSCOPE_COLUMNS_H

#include "text.h"

/**
 * struct column
 * @name: in heads and on the command line, where upper and lower case are alike
 * @is_default: whether it is shown unless something else is said
 * @means: for --list
 * @value: of the clock @now; @before is NULL where there was none @elapsed_ns ago
 */
struct column {
	const char *name;
	bool is_default;
	const char *means;
	struct shown (*value)(const struct clock_figures *now, const struct clock_figures *before,
			      uint64_t elapsed_ns);
};

extern const struct column columns[];
extern const size_t n_columns;

/**
 * columns_choose() - choose the columns of a list such as "clock,steps"
 * @chosen: for each column whether it is shown; those of the list become @value
 *
 * Return: NULL, or the name in @list that no column has.
 */
const char *columns_choose(bool *chosen, char *list, bool value);

/* Print all names and what they mean. */
void columns_list(FILE *out);

#endif /* TSCOPE_COLUMNS_H */
