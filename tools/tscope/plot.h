/* SPDX-License-Identifier: GPL-2.0 */
/* plot.h: pictures of a recording, drawn by gnuplot, which is run as a program */
#ifndef TSCOPE_PLOT_H
#define TSCOPE_PLOT_H

#include <stdio.h>

#include "recording.h"

enum plot_kind {
	PLOT_PHASE,		/* each clock's phase, with its steps marked */
	PLOT_STABILITY,		/* ADEV, TDEV, MTIE against tau, both logarithmic */
	PLOT_HISTOGRAMS,
	PLOT_PAIRS,		/* the matrix of CPUs as a heat map */
};

enum plot_format {
	PLOT_SVG,
	PLOT_PNG,
	PLOT_TEXT,		/* for a terminal of so many columns and lines */
};

/**
 * struct plot_form - how a picture looks
 * @width: pixels, or columns
 * @height: pixels, or lines
 * @dark: for a dark background
 */
struct plot_form {
	enum plot_format format;
	unsigned int width, height;
	bool dark;
};

/* Write the gnuplot script of one picture, its data within; whether there is anything to draw. */
bool plot_script(FILE *to, enum plot_kind kind, const struct recording *r,
		 const struct plot_form *form);

/**
 * plot_draw() - run gnuplot on a script
 * @script: as plot_script() wrote it
 * @to: gets the picture
 *
 * Return: 0, or a negative errno after a message that says what to do (-ENOENT: no gnuplot).
 */
int plot_draw(const char *script, FILE *to);

#endif /* TSCOPE_PLOT_H */
