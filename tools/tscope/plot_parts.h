/* SPDX-License-Identifier: GPL-2.0 */
/* plot_parts.h: what the scripts of all pictures have in common */
#ifndef TSCOPE_PLOT_PARTS_H
#define TSCOPE_PLOT_PARTS_H

#include "plot.h"

/* In place of the legend's columns: the legend is where the panel after the last would be. */
#define LEGEND_PANEL	0

/**
 * struct plot_grid - panels of a picture, row by row; on a terminal one below the other
 * @panel_height: in pixels, with its title and its axis
 * @foot: pixels below all panels
 * @legend: columns of the legend in the foot, or LEGEND_PANEL
 */
struct plot_grid {
	unsigned int columns, panels, panel_height, foot, legend;
};

/* From this width on, in pixels, two panels are side by side. */
#define PLOT_WIDE	700

/* Write the begin of a script: the terminal, colours, and the heading. */
void plot_begin(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
		const char *heading);

/* Begin panel number @i (from 0): its place and its title. */
__attribute__((format(printf, 5, 6)))
void plot_panel(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
		unsigned int i, const char *title, ...);

/* Write the labels of the axes of panel @i; call it after plot_panel(). */
void plot_axes(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
	       unsigned int i, const char *x, const char *y);

/* Write entry @i of the legend, with gnuplot's point type @point; call it after plot_panel(). */
void plot_legend(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
		 unsigned int i, int point, enum plot_colour colour, const char *text);

/* Set tics of an axis at powers of ten, about @most of them. */
void plot_decades(FILE *to, char axis, int first, int last, int most);

void plot_end(FILE *to, const struct plot_form *form);

/* "rgb '#rrggbb'" */
struct plot_rgb {
	char s[16];
};

struct plot_rgb plot_rgb(const struct plot_form *form, enum plot_colour colour);

/* The size of a small font, for notes: in pixels of SVG, in points of PNG. */
unsigned int plot_small(const struct plot_form *form);

/* The colour of clock number @i. */
enum plot_colour plot_clock_colour(size_t i);

/* A name that is safe in quotes: characters that names of clocks do not have become '?'. */
struct plot_name {
	char s[40];
};

struct plot_name plot_name(const char *name);

/* A time with about three digits, for labels: the data have all digits. */
struct plot_name plot_short(int64_t ns);

bool plot_phase(FILE *to, const struct recording *r, const struct plot_form *form);
bool plot_stability(FILE *to, const struct recording *r, const struct plot_form *form);
bool plot_histograms(FILE *to, const struct recording *r, const struct plot_form *form);
bool plot_pairs(FILE *to, const struct recording *r, const struct plot_form *form);

#endif /* TSCOPE_PLOT_PARTS_H */
