// SPDX-License-Identifier: GPL-2.0
/* plot_stability.c: ADEV, TDEV and MTIE against tau */
#include <err.h>
#include <math.h>
#include <stdlib.h>

#include "commands.h"
#include "plot_parts.h"
#include "points.h"
#include "text.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct clock_figures_of {
	struct tscope_stability_figures fig[TSCOPE_STABILITY_OCTAVES];
	u32 n;
};

/* A kind of noise, and its slope in a plot with logarithmic axes. */
struct guide {
	const char *name;
	double slope;
};

/**
 * struct measure - one of the three figures
 * @column: column of the data, from 1
 * @guide_from: where the guides begin, as a fraction of the panel's height
 * @guides: slopes of kinds of noise, drawn to compare with
 */
struct measure {
	const char *title, *axis;
	int column;
	double guide_from;
	struct guide guides[4];
};

static const struct measure measures[] = {
	{ "Allan deviation (ADEV)", "ADEV, ppb", 2, 1, {
		{ "phase noise", -1 }, { "white frequency noise", -0.5 },
		{ "flicker frequency noise", 0 },
	} },
	{ "Time deviation (TDEV)", "TDEV, ns", 3, 0.4, {
		{ "white phase noise", -0.5 }, { "flicker phase noise", 0 },
		{ "white frequency noise", 0.5 }, { "flicker frequency noise", 1 },
	} },
	{ "Maximum time interval error (MTIE)", "MTIE, ns", 4, 0, {
		{ "constant skew", 1 },
	} },
};

/* The range of an axis, as logarithms to base 10. */
struct range {
	double low, high;
};

static double value(const struct tscope_stability_figures *f, int column)
{
	switch (column) {
	case 2:
		return f->adev / 1e6;
	case 3:
		return f->tdev_ps / 1e3;
	case 4:
		return f->mtie_ps / 1e3;
	}
	return f->tau_us / 1e6;
}

/* Find the whole decades that hold a column's values above 0; false: there are none. */
static bool find_range(const struct clock_figures_of *c, size_t n, int column, struct range *range)
{
	double x;

	*range = (struct range){ INFINITY, -INFINITY };
	for (; n--; c++)
		for (u32 i = 0; i < c->n; i++) {
			x = value(&c->fig[i], column);
			if (x <= 0)
				continue;
			range->low = fmin(range->low, floor(log10(x)));
			range->high = fmax(range->high, ceil(log10(x)));
		}
	if (range->high == range->low)
		range->high++;
	return range->low < range->high;
}

static void write_data(FILE *to, const struct clock_figures_of *c, size_t number)
{
	fprintf(to, "$clock%zu << EOD\n", number);
	for (u32 i = 0; i < c->n; i++) {
		const struct tscope_stability_figures *f = &c->fig[i];

		fprintf(to, "%s %s ", text_decimal(f->tau_us, 6).s, text_decimal(f->adev, 6).s);
		fprintf(to, "%s %s\n", text_decimal(f->tdev_ps, 3).s,
			text_decimal(f->mtie_ps, 3).s);
	}
	fputs("EOD\n", to);
}

/* Draw lines with the slopes of kinds of noise; only the slopes have a meaning. */
static void draw_guides(FILE *to, const struct plot_form *form, const struct measure *m,
			const struct range *x, const struct range *y)
{
	double from = y->low + m->guide_from * (y->high - y->low);
	double room = (y->high - y->low) / 16;

	for (size_t i = 0; i < ARRAY_SIZE(m->guides) && m->guides[i].name; i++) {
		double slope = m->guides[i].slope, end = x->high, at;

		if (slope < 0)
			end = fmin(end, x->low + (y->low + room - from) / slope);
		else if (slope > 0)
			end = fmin(end, x->low + (y->high - room - from) / slope);
		at = from + slope * (end - x->low);
		fprintf(to, "set arrow from %g,%g to %g,%g nohead back dt 3 lc %s\n",
			pow(10, x->low), pow(10, from), pow(10, end), pow(10, at),
			plot_rgb(form, COLOUR_QUIET).s);
		fprintf(to, "set label '%s' at %g,%g right offset -0.5,%s textcolor %s font ',%u'\n",
			m->guides[i].name, pow(10, end), pow(10, at), slope > 0 ? "0.7" : "-0.7",
			plot_rgb(form, COLOUR_QUIET).s, plot_small(form));
	}
}

/* Clocks differ by shapes as well as by colours: a square, a disc, triangles, a diamond. */
static int point_of(size_t i)
{
	static const int points[] = { 5, 7, 9, 11, 13, 4, 6, 8 };

	return points[i % ARRAY_SIZE(points)];
}

static void write_legend(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
			 const struct recording *r, const struct clock_figures_of *c)
{
	unsigned int n = 0;

	for (size_t i = 0; i < r->n_clocks; i++)
		if (c[i].n)
			plot_legend(to, form, grid, n++, point_of(i), plot_clock_colour(i),
				    plot_name(r->clocks[i].name).s);
}

static void write_panel(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
			const struct recording *r, const struct clock_figures_of *c,
			unsigned int panel)
{
	const struct measure *m = &measures[panel];
	struct range x, y;
	bool any = false;

	if (!find_range(c, r->n_clocks, 1, &x) || !find_range(c, r->n_clocks, m->column, &y))
		return;
	plot_panel(to, form, grid, panel, "%s", m->title);
	fprintf(to, "set xrange [%g:%g]\nset yrange [%g:%g]\n", pow(10, x.low), pow(10, x.high),
		pow(10, y.low), pow(10, y.high));
	plot_axes(to, form, grid, panel, "averaging time tau, s", m->axis);
	plot_decades(to, 'x', x.low, x.high, 8);
	plot_decades(to, 'y', y.low, y.high, 8);
	if (form->format != PLOT_TEXT)
		draw_guides(to, form, m, &x, &y);
	if (!panel && form->format != PLOT_TEXT)
		write_legend(to, form, grid, r, c);
	for (size_t i = 0; i < r->n_clocks; i++) {
		if (!c[i].n)
			continue;
		fprintf(to, "%s $clock%zu using 1:%d with linespoints", any ? "," : "plot", i,
			m->column);
		if (form->format != PLOT_TEXT)
			fprintf(to, " pt %d ps 0.8 lw 1.6 lc %s", point_of(i),
				plot_rgb(form, plot_clock_colour(i)).s);
		fprintf(to, " title '%s'", plot_name(r->clocks[i].name).s);
		any = true;
	}
	fputc('\n', to);
}

bool plot_stability(FILE *to, const struct recording *r, const struct plot_form *form)
{
	struct plot_grid grid = {
		.columns = form->width < PLOT_WIDE ? 1 : 2, .panels = ARRAY_SIZE(measures),
		.panel_height = 330, .foot = 10,
	};
	struct clock_figures_of *c = calloc(r->n_clocks + 1, sizeof(*c));
	u32 khz = r->tsc_khz > U32_MAX ? 0 : r->tsc_khz;
	bool any = false;

	if (!c)
		err(STATUS_NO_FIGURE, "no memory");
	for (size_t i = 0; i < r->n_clocks; i++) {
		c[i].n = khz ? clock_stability(&r->clocks[i], khz, c[i].fig) : 0;
		any |= c[i].n;
	}
	if (any) {
		if (grid.columns == 1) {
			grid.legend = form->width < 560 ? 2 : 4;
			grid.foot = 34 + 20 * ((r->n_clocks - 1) / grid.legend);
		}
		plot_begin(to, form, &grid, "How stable each clock is, by averaging time");
		fputs("set logscale xy\n", to);
		if (form->format == PLOT_TEXT)
			fputs("set key below\n", to);
		for (size_t i = 0; i < r->n_clocks; i++)
			if (c[i].n)
				write_data(to, &c[i], i);
		for (unsigned int i = 0; i < grid.panels; i++)
			write_panel(to, form, &grid, r, c, i);
		plot_end(to, form);
	}
	free(c);
	return any;
}
