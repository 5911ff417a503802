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
	PLOT_KINDS,
};

enum plot_format {
	PLOT_SVG,
	PLOT_PNG,
	PLOT_TEXT,		/* for a terminal */
};

/**
 * struct plot_form - how a picture looks
 * @width: in pixels, or in columns of a terminal
 * @height: in pixels, or in lines of each plot; 0: as high as the picture needs
 * @dark: for a dark background
 */
struct plot_form {
	enum plot_format format;
	unsigned int width, height;
	bool dark;
};

/* phase, adev, hist, pairs: as on the command line */
extern const char *const plot_names[PLOT_KINDS];

/* Colours of pictures; each has a value on a light and one on a dark background. */
enum plot_colour {
	COLOUR_PAPER,
	COLOUR_INK,
	COLOUR_FAINT,		/* grids, guides */
	COLOUR_QUIET,		/* text of guides */
	COLOUR_MARK,		/* steps */
	COLOUR_CLOCK,		/* the first of CLOCK_COLOURS */
	COLOUR_HEAT = COLOUR_CLOCK + 8,	/* the first of HEAT_COLOURS, from behind to ahead */
	COLOURS = COLOUR_HEAT + 9,
};

#define CLOCK_COLOURS	8
#define HEAT_COLOURS	9

/* As 0xrrggbb. */
unsigned int plot_colour(enum plot_colour colour, bool dark);

/* Write one picture's gnuplot script, with its data; false: there is nothing to draw. */
bool plot_script(FILE *to, enum plot_kind kind, const struct recording *r,
		 const struct plot_form *form);

/**
 * plot_draw() - run gnuplot on a script
 * @script: as plot_script() wrote it
 * @to: the picture is written to it
 *
 * Return: 0, or a negative errno after a message that says what to do (-ENOENT: no gnuplot).
 */
int plot_draw(const char *script, FILE *to);

#endif /* TSCOPE_PLOT_H */
