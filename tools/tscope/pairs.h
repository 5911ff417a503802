/* SPDX-License-Identifier: GPL-2.0 */
/* pairs.h: how far the CPUs' clocks are apart, for people */
#ifndef TSCOPE_PAIRS_H
#define TSCOPE_PAIRS_H

#include <stdio.h>

#include "snapshot.h"
#include "text.h"

/* Sort the pairs: those that move, those that are off, those that did not meet, the others. */
void pairs_sort(struct snapshot *s);

/* Fill a table with the first @most pairs; without debugfs, with the worst one of each clock. */
void pairs_table(struct text_table *t, const struct snapshot *s, size_t most);

/**
 * pairs_print() - print pairs in their order in @s, and what is known of all of them
 * @most: how many pairs are shown at most
 */
void pairs_print(FILE *out, const struct snapshot *s, size_t most);

/**
 * pairs_matrix() - print a matrix of offsets for each clock: a row for CPU i, a column for CPU j
 * @s: its pairs are sorted
 * @columns: how long a line may be
 * @all: show all CPUs, in blocks of columns; else, if there are more than 64 CPUs, only those of
 *	the worst pairs
 */
void pairs_matrix(FILE *out, const struct snapshot *s, size_t columns, bool all);

#endif /* TSCOPE_PAIRS_H */
