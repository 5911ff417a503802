/* SPDX-License-Identifier: GPL-2.0 */
/* report.h: an observation as people read it: what was found, then the figures */
#ifndef TSCOPE_REPORT_H
#define TSCOPE_REPORT_H

#include <stdio.h>

#include "finding.h"
#include "sampling.h"

/**
 * report_print() - print a report in lines of at most TEXT_COLUMNS
 * @o: its pairs are sorted: see pairs_sort()
 * @wish: what was sampled; duration 0: nothing was
 */
void report_print(FILE *out, const struct observation *o, const struct finding_list *findings,
		  const struct sampling_wish *wish);

/**
 * report_html() - write a report as one page, with its pictures
 * @path: the file, which is replaced as a whole
 *
 * Return: 0, or a negative errno.
 */
int report_html(const char *path, const struct observation *o, const struct finding_list *findings,
		const struct sampling_wish *wish);

#endif /* TSCOPE_REPORT_H */
