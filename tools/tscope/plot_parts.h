/* SPDX-License-Identifier: GPL-2.0 */
/* plot_parts.h: what the scripts of all pictures have in common */
#ifndef TSCOPE_PLOT_PARTS_H
#define TSCOPE_PLOT_PARTS_H

#include "plot.h"

/* In place of a number of columns: the legend is in the panel after the last. */
#define LEGEND_PANEL	0

/**
 * struct plot_grid - panels of a picture, row by row; of a text terminal one below the other
 * @panel_height: in pixels, with its title and its axis
 * @foot: pixels below all panels
 * @legend: columns of the legend in the foot, or LEGEND_PANEL
 */
struct plot_grid {
	unsigned int columns, panels, panel_height, foot, legend;
};

/* From this width on, in pixels, two panels are side by side. */
#define PLOT_WIDE	700

/* The terminal, colours, and the heading. */
void plot_begin(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
		const char *heading);

/* Where panel number @i is, and its title. */
__attribute__((format(printf, 5, 6)))
void plot_panel(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
		unsigned int i, const char *title, ...);

/* What the axes are of. After a plot_panel(). */
void plot_axes(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
	       unsigned int i, const char *x, const char *y);

/* Entry number @i of the legend: a point of gnuplot's type @point. After a plot_panel(). */
void plot_legend(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
		 unsigned int i, int point, enum plot_colour colour, const char *text);

/* Tics of an axis at powers of ten, not many more than @most. */
void plot_decades(FILE *to, char axis, int first, int last, int most);

void plot_end(FILE *to, const struct plot_form *form);

/* "rgb '#rrggbb'" */
struct plot_rgb {
	char s[16];
};

struct plot_rgb plot_rgb(const struct plot_form *form, enum plot_colour colour);

/* The size of a font for what is beside the matter: pixels of SVG, points of PNG. */
unsigned int plot_small(const struct plot_form *form);

/* The colour of clock number @i; points of a shape go with it, for who can't tell colours. */
enum plot_colour plot_clock_colour(size_t i);

/* A name as a string in quotes may have it: anything but names of clocks becomes '?'. */
struct plot_name {
	char s[40];
};

struct plot_name plot_name(const char *name);

/* A time of three digits, for labels: the data have it exactly. */
struct plot_name plot_short(int64_t ns);

bool plot_phase(FILE *to, const struct recording *r, const struct plot_form *form);
bool plot_stability(FILE *to, const struct recording *r, const struct plot_form *form);
bool plot_histograms(FILE *to, const struct recording *r, const struct plot_form *form);
bool plot_pairs(FILE *to, const struct recording *r, const struct plot_form *form);

#endif /* TSCOPE_PLOT_PARTS_H */
