// SPDX-License-Identifier: GPL-2.0
/* plot.c: what the gnuplot scripts of all pictures have in common */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "moment.h"
#include "plot_parts.h"

/* Pixels for the picture's heading, and beside, above and below each panel. */
#define HEADING	34
#define TITLE_LEFT	24
#define LEFT	74
#define RIGHT	18
#define ABOVE	30
#define BELOW	50

const char *const plot_names[PLOT_KINDS] = { "phase", "adev", "hist", "pairs" };

/*
 * Clocks: from Okabe and Ito's palette, which colour-blind people can distinguish; made darker on
 * paper and lighter on black until each has a contrast of 4.5. Heat: from orange (behind) to blue
 * (ahead).
 */
static const unsigned int colours[][COLOURS] = {
	{
		[COLOUR_PAPER] = 0xffffff, [COLOUR_INK] = 0x1f2328, [COLOUR_FAINT] = 0xc9ced4,
		[COLOUR_QUIET] = 0x5c646d, [COLOUR_MARK] = 0xb3261e,
		[COLOUR_CLOCK] = 0x0067a6, 0xb84a00, 0x007a57, 0x9c3d82, 0x7d6200, 0x30363d,
		0x4b57c4, 0x1c7c8c,
		[COLOUR_HEAT] = 0x7a3200, 0xb4560f, 0xf0a561, 0xfbd9b8, 0xe9ecef, 0xc3dcf2,
		0x7fb2e0, 0x246fae, 0x0a3f70,
	}, {
		[COLOUR_PAPER] = 0x15181c, [COLOUR_INK] = 0xe6e8eb, [COLOUR_FAINT] = 0x444b54,
		[COLOUR_QUIET] = 0xa4adb7, [COLOUR_MARK] = 0xff8a80,
		[COLOUR_CLOCK] = 0x5cb8f2, 0xff9a57, 0x2ed1a0, 0xe79bd0, 0xe2c044, 0xd5d9de,
		0xa0a9ff, 0x57cbdc,
		[COLOUR_HEAT] = 0xffc48f, 0xe88a3c, 0x9c5215, 0x5e3a1c, 0x2b3138, 0x1e3d5c,
		0x2a6aa3, 0x53a0de, 0xb5dcff,
	},
};

unsigned int plot_colour(enum plot_colour colour, bool dark)
{
	return colours[dark][colour];
}

struct plot_rgb plot_rgb(const struct plot_form *form, enum plot_colour colour)
{
	struct plot_rgb t;

	snprintf(t.s, sizeof(t.s), "rgb '#%06x'", plot_colour(colour, form->dark));
	return t;
}

unsigned int plot_small(const struct plot_form *form)
{
	return form->format == PLOT_PNG ? 8 : 11;
}

enum plot_colour plot_clock_colour(size_t i)
{
	return COLOUR_CLOCK + i % CLOCK_COLOURS;
}

struct plot_name plot_name(const char *name)
{
	struct plot_name t = { };
	size_t i;

	for (i = 0; name[i] && i < sizeof(t.s) - 1; i++)
		t.s[i] = isalnum((unsigned char)name[i]) || name[i] == '-' || name[i] == '/' ?
			 name[i] : '?';
	return t;
}

struct plot_name plot_short(int64_t ns)
{
	uint64_t size = ns_magnitude(ns);
	struct plot_name t;

	if (size < 1000)
		snprintf(t.s, sizeof(t.s), "%" PRId64 " ns", ns);
	else if (size < 999500)
		snprintf(t.s, sizeof(t.s), "%.3g us", (double)ns / 1e3);
	else if (size < 999500000)
		snprintf(t.s, sizeof(t.s), "%.3g ms", (double)ns / 1e6);
	else
		snprintf(t.s, sizeof(t.s), "%.6g s", (double)ns / 1e9);
	return t;
}

void plot_decades(FILE *to, char axis, int first, int last, int most)
{
	static const char *const raised[] = {
		"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"
	};
	int each = (last - first) / most + 1;

	fprintf(to, "set %ctics (", axis);
	for (int k = first; k <= last; k += each) {
		fprintf(to, "%s'", k > first ? ", " : "");
		if (k >= -3 && k <= 4)
			fprintf(to, "%g", pow(10, k));
		else
			fprintf(to, "10%s%s%s", k < 0 ? "⁻" : "", abs(k) >= 10 ?
				raised[abs(k) / 10 % 10] : "", raised[abs(k) % 10]);
		fprintf(to, "' 1e%d", k);
	}
	fputs(")\n", to);
}

static unsigned int rows(const struct plot_grid *grid)
{
	return (grid->panels + grid->columns - 1) / grid->columns;
}

static unsigned int height(const struct plot_form *form, const struct plot_grid *grid)
{
	return form->height ?: HEADING + rows(grid) * grid->panel_height + grid->foot;
}

static void set_terminal(FILE *to, const struct plot_form *form, unsigned int lines)
{
	static const char *const terminals[] = {
		[PLOT_SVG] = "svg dynamic fixed font 'sans-serif,13'",
		[PLOT_PNG] = "pngcairo font 'sans,10'",
		[PLOT_TEXT] = "dumb mono",
	};

	fprintf(to, "set terminal %s size %u,%u noenhanced", terminals[form->format], form->width,
		lines);
	if (form->format != PLOT_TEXT)
		fprintf(to, " background %s", plot_rgb(form, COLOUR_PAPER).s);
	fputs("\nset encoding utf8\n", to);
}

void plot_begin(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
		const char *heading)
{
	const struct plot_rgb ink = plot_rgb(form, COLOUR_INK);

	set_terminal(to, form, height(form, grid));
	fputs("unset key\n", to);
	if (form->format == PLOT_TEXT)
		return;
	fprintf(to, "set border 3 lc %s\nset tics nomirror out scale 0.5 textcolor %s\n",
		plot_rgb(form, COLOUR_QUIET).s, ink.s);
	fprintf(to, "set grid back lc %s lw 0.6 dt 1\n", plot_rgb(form, COLOUR_FAINT).s);
	fputs("set multiplot\n", to);
	fprintf(to, "set label 1 \"%s\" at screen %.4f, screen %.4f left textcolor %s font ',%u'\n",
		heading, (double)TITLE_LEFT / 2 / form->width, 1 - 18.0 / height(form, grid), ink.s,
		form->format == PLOT_PNG ? 12 : 15);
}

void plot_panel(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
		unsigned int i, const char *title, ...)
{
	double width = (double)form->width / grid->columns, all = height(form, grid);
	double high = (all - HEADING - grid->foot) / rows(grid);
	unsigned int row = i / grid->columns, column = i % grid->columns;
	char text[120];
	va_list args;

	va_start(args, title);
	vsnprintf(text, sizeof(text), title, args);
	va_end(args);
	if (i)
		fputs("unset label\nunset arrow\n", to);
	if (form->format == PLOT_TEXT) {
		fprintf(to, "set title '%s'\n", text);
		return;
	}
	fprintf(to, "set lmargin at screen %.5f\nset rmargin at screen %.5f\n",
		(column * width + LEFT) / form->width,
		((column + 1) * width - RIGHT) / form->width);
	fprintf(to, "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
		1 - (HEADING + row * high + ABOVE) / all,
		1 - (HEADING + (row + 1) * high - BELOW) / all);
	fprintf(to, "set label 2 '%s' at screen %.5f, graph 1 left offset 0,0.8 textcolor %s\n",
		text, (column * width + TITLE_LEFT) / form->width, plot_rgb(form, COLOUR_INK).s);
}

void plot_axes(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
	       unsigned int i, const char *x, const char *y)
{
	double width = (double)form->width / grid->columns, all = height(form, grid);
	double high = (all - HEADING - grid->foot) / rows(grid);
	struct plot_rgb ink = plot_rgb(form, COLOUR_INK);

	if (form->format == PLOT_TEXT) {
		/* a text has no room at the side */
		fprintf(to, "set xlabel '%s%supward: %s'\n", x, *x ? "; " : "", y);
		return;
	}
	/* gnuplot puts its own labels beyond the edge if numbers are wider than it assumes */
	fprintf(to, "set label 103 '%s' at screen %.5f, graph 0.5 center rotate by 90", y,
		(i % grid->columns * width + 11) / form->width);
	fprintf(to, " textcolor %s\n", ink.s);
	fprintf(to, "set label 104 '%s' at graph 0.5, screen %.5f center textcolor %s\n", x,
		1 - (HEADING + (i / grid->columns + 1) * high - 5) / all, ink.s);
}

void plot_legend(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
		 unsigned int i, int point, enum plot_colour colour, const char *text)
{
	double all = height(form, grid), x = TITLE_LEFT, y;
	unsigned int lines;

	if (grid->legend == LEGEND_PANEL) {
		x += (double)form->width / grid->columns;
		y = all - grid->foot - grid->panel_height + ABOVE + 20 * i;
	} else {
		lines = (grid->foot - 14) / 20;
		x += i / lines * ((form->width - TITLE_LEFT) / grid->legend);
		y = all - grid->foot + 14 + 20 * (i % lines);
	}
	fprintf(to, "set label '%s' at screen %.5f, screen %.5f left textcolor %s point pt %d ps 1.1 lc %s offset 1.2,-0.25\n",
		text, x / form->width, 1 - y / all, plot_rgb(form, COLOUR_INK).s, point,
		plot_rgb(form, colour).s);
}

void plot_end(FILE *to, const struct plot_form *form)
{
	fputs(form->format == PLOT_TEXT ? "" : "unset multiplot\n", to);
	/* the next script in the same file begins with gnuplot's defaults */
	fputs("reset session\n", to);
}

bool plot_script(FILE *to, enum plot_kind kind, const struct recording *r,
		 const struct plot_form *form)
{
	static bool (*const scripts[PLOT_KINDS])(FILE *to, const struct recording *r,
						 const struct plot_form *form) = {
		plot_phase, plot_stability, plot_histograms, plot_pairs,
	};

	return scripts[kind](to, r, form);
}
