/* SPDX-License-Identifier: GPL-2.0 */
/* html.h: pages that need nothing beside themselves: no script, and no other file */
#ifndef TSCOPE_HTML_H
#define TSCOPE_HTML_H

#include <stdio.h>

#include "plot.h"
#include "text.h"

/* The page's head, and its <h1>. */
void html_begin(FILE *to, const char *title);

void html_end(FILE *to);

/* Any text, as it is to be read: <, > and & and quotes are escaped, what is no UTF-8 becomes ?. */
void html_text(FILE *to, const char *text);

/* A tag, such as "p" or "li", with a text in it. */
__attribute__((format(printf, 3, 4)))
void html_tagged(FILE *to, const char *tag, const char *format, ...);

/* A table, which is freed; on a narrow screen each row is a list. */
void html_table(FILE *to, struct text_table *t, const char *caption);

/**
 * html_pictures() - write a section with pictures of a recording, drawn by gnuplot
 * @wanted: which one; PLOT_KINDS: all
 *
 * Without gnuplot the section says how to get them.
 *
 * Return: 0, or a negative errno: of gnuplot after a message, -ENODATA: there is nothing to draw.
 */
int html_pictures(FILE *to, const struct recording *r, enum plot_kind wanted);

#endif /* TSCOPE_HTML_H */
