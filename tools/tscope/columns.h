/* SPDX-License-Identifier: GPL-2.0 */
/* columns.h: the columns of watch */
#ifndef TSCOPE_COLUMNS_H
#define TSCOPE_COLUMNS_H

#include "text.h"

enum column_kind {
	COLUMN_COUNT,
	COLUMN_FIGURE,
	COLUMN_PPT,
	COLUMN_NAME,
	COLUMN_READ,		/* exact or bracketed */
	COLUMN_SPAN,		/* in s */
	COLUMN_RATE,		/* of a count */
};

/**
 * struct column - a column of watch
 * @name: in heads and on the command line, where upper and lower case are alike
 * @is_default: whether it is shown without --show and --hide
 * @kind: how it is printed
 * @field: offset of its figure in struct clock_figures
 * @means: for --list
 */
struct column {
	const char *name;
	bool is_default;
	enum column_kind kind;
	size_t field;
	const char *means;
};

extern const struct column columns[];
extern const size_t n_columns;

/* The column's value of a clock; @before is NULL if the clock was absent @elapsed_ns ago. */
struct shown column_value(const struct column *column, const struct clock_figures *now,
			  const struct clock_figures *before, uint64_t elapsed_ns);

/**
 * columns_choose() - choose the columns of a list such as "clock,steps"
 * @chosen: for each column whether it is shown; the columns of @list are set to @value
 * @list: names with commas between; it is modified
 * @value: true: show, false: hide
 *
 * Return: NULL, or the name in @list that no column has.
 */
const char *columns_choose(bool *chosen, char *list, bool value);

/* Print all names and what they mean. */
void columns_list(FILE *out);

#endif /* TSCOPE_COLUMNS_H */
