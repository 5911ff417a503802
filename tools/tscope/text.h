/* SPDX-License-Identifier: GPL-2.0 */
/* text.h: figures as people read them: with their units, in columns, in 80 columns at most */
#ifndef TSCOPE_TEXT_H
#define TSCOPE_TEXT_H

#include <stdio.h>

#include "snapshot.h"

/* The largest width of a line of text, without the newline. */
#define TEXT_COLUMNS 80

/* The size of the terminal; 24 rows and TEXT_COLUMNS if stdout is no terminal. */
struct text_size {
	unsigned int rows, columns;
};

struct text_size text_window(void);

/* A short text that is returned by value: printf("%s", text_ns(5).s) */
struct shown {
	char s[48];
};

/* Numbers without their unit; "-" if they are not known. */
struct shown text_count(struct count value);
struct shown text_figure(struct figure value);

/* @value times 10^-@places, with all places; within +-2^64: -59602 with 3 places is "-59.602". */
struct shown text_decimal(__int128_t value, unsigned int places);

/* The same with three places. */
struct shown text_thousandths(struct figure value);

/*
 * A time or a difference of times, exact, in the unit that suits its size: "-947.907436 ms". @ns is
 * within +-2^64.
 */
struct shown text_ns(__int128_t ns);

/* How old a figure is, rounded down to two digits or more: "380 ms", "12 min". */
struct shown text_age(uint64_t ms);

/* How old the figures of a snapshot are: ", 12 min old", or "" if this is not known. */
struct shown text_old(const struct snapshot *s);

/* How long something lasts, exact: "10 s", "1500 ms". */
struct shown text_duration(uint64_t ms);

/* "exact" or "bracketed"; "-" for the TSC, and before the first reading. */
struct shown text_how_read(const struct clock_figures *clock);

/**
 * text_wrap() - print a text in lines of at most TEXT_COLUMNS
 * @first: what the first line begins with; other lines begin with as many blanks
 * @format: words that are separated by blanks; a word that is longer than a line is broken
 */
__attribute__((format(printf, 3, 4)))
void text_wrap(FILE *out, const char *first, const char *format, ...);

/**
 * struct text_table - cells that are printed in columns
 * @heads: of the columns; a column whose head begins with < is aligned left, others right
 * @cells: row by row
 */
struct text_table {
	const char *const *heads;
	size_t n_heads, n_cells, room;
	char **cells;
};

void table_begin(struct text_table *t, const char *const *heads, size_t n_heads);

/* Add a cell: the next one of the row, or the first one of the next row. */
__attribute__((format(printf, 2, 3)))
void table_cell(struct text_table *t, const char *format, ...);

/* A column's head without the mark, and whether it is aligned left. */
const char *table_head(const struct text_table *t, size_t column);
bool table_left(const struct text_table *t, size_t column);

void table_free(struct text_table *t);

/**
 * table_print() - print a table with its heads, and free it
 * @indent: what each line begins with
 *
 * A row is not wider than TEXT_COLUMNS: if the columns do not fit, each row is printed as
 * "head cell, head cell, ..." in several lines.
 */
void table_print(struct text_table *t, FILE *out, const char *indent);

/* The same in lines of any length; if they are longer than @columns, with narrow gaps. */
void table_print_wide(struct text_table *t, FILE *out, const char *indent, size_t columns);

/* The same in lines of at most @columns: for columns that do not fit there is a mark, >. */
void table_print_cut(struct text_table *t, FILE *out, size_t columns);

/* Print a histogram: its totals, and a bar for each octave. */
void text_histogram(FILE *out, const struct histogram *h);

#endif /* TSCOPE_TEXT_H */
