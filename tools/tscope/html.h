/* SPDX-License-Identifier: GPL-2.0 */
/* html.h: HTML pages without a script or another file */
#ifndef TSCOPE_HTML_H
#define TSCOPE_HTML_H

#include <stdio.h>

#include "plot.h"
#include "text.h"

/* Write the begin of a page, to its <h1>. */
void html_begin(FILE *to, const char *title);

void html_end(FILE *to);

/* Write a text: <, >, & and quotes are escaped, +- becomes a sign, and what is no UTF-8 "?". */
void html_text(FILE *to, const char *text);

/* Write an element: a tag such as "p" or "li", with attributes if any, and a text in it. */
__attribute__((format(printf, 3, 4)))
void html_tagged(FILE *to, const char *tag, const char *format, ...);

/* Write a table, and free it; on a narrow screen each row is shown as a list. */
void html_table(FILE *to, struct text_table *t, const char *caption);

/**
 * html_pictures() - write a section with pictures of a recording, drawn by gnuplot
 * @wanted: which one; PLOT_KINDS: all
 *
 * Without gnuplot the section says how to get them.
 *
 * Return: 0, -ENODATA: there is nothing to draw, or another negative errno of gnuplot's, after a
 * message.
 */
int html_pictures(FILE *to, const struct recording *r, enum plot_kind wanted);

#endif /* TSCOPE_HTML_H */
