// SPDX-License-Identifier: GPL-2.0
/* plot_hist.c: histograms as densities: buckets are of different widths */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "plot_parts.h"

/* Where a bucket begins and ends: integers from -5 to -4 are the values from -5.5 to -3.5. */
static double begin_ns(const struct hist_bucket *b)
{
	return b->negative ? -(double)b->high_ns - 0.5 : (double)b->low_ns - 0.5;
}

static double end_ns(const struct hist_bucket *b)
{
	return b->negative ? -(double)b->low_ns + 0.5 : (double)b->high_ns + 0.5;
}

/* The percentage of all values that are at one nanosecond of a bucket. */
static double density(const struct histogram *h, const struct hist_bucket *b)
{
	return 100.0 * b->count / h->count / (end_ns(b) - begin_ns(b));
}

static bool has_values(const struct histogram *h)
{
	if (!h->count)
		return false;
	for (size_t i = 0; i < h->n_buckets; i++)
		if (h->buckets[i].count)
			return true;
	return false;
}

static void write_data(FILE *to, const struct histogram *h, unsigned int panel)
{
	fprintf(to, "# ns from, to, values in it, percent of all at each ns\n$buckets%u << EOD\n",
		panel);
	for (size_t i = 0; i < h->n_buckets; i++) {
		const struct hist_bucket *b = &h->buckets[i];

		if (b->count)
			fprintf(to, "%.1f %.1f %" PRIu64 " %.9g\n", begin_ns(b), end_ns(b),
				b->count, density(h, b));
	}
	fputs("EOD\n", to);
}

/* The value of tic @k: 0: 0 ns; 1: 1 ns; 2: 10 ns, -2: -10 ns; ... */
static double decade_ns(int k)
{
	return k ? copysign(pow(10, abs(k) - 1), k) : 0;
}

/* Write tics at decades from 0 on, up or down (@step 1 or -1), none nearer to another than @gap. */
static void write_tics(FILE *to, double from_ns, double to_ns, double gap, int step)
{
	double last = -INFINITY;

	for (int k = 0; abs(k) < 20; k += step) {
		double ns = decade_ns(k);

		if (ns < from_ns || ns > to_ns || fabs(asinh(ns) - last) < gap)
			continue;
		fprintf(to, "'%s' %.6f, ", plot_short(ns).s, asinh(ns));
		last = asinh(ns);
	}
}

/* Set tics of the x axis, at most about @most. */
static void set_tics(FILE *to, double from_ns, double to_ns, int most)
{
	double gap = (asinh(to_ns) - asinh(from_ns) + 0.4) / most;

	fputs("set xtics (", to);
	write_tics(to, from_ns, to_ns, gap, 1);
	write_tics(to, from_ns, fmin(to_ns, -sinh(gap)), gap, -1);
	/* a last tic, beyond the axis: the others end with a comma */
	fputs("'' 1e9)\n", to);
}

static void write_panel(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
			const struct histogram *h, unsigned int panel)
{
	double from_ns = INFINITY, to_ns = -INFINITY, low = INFINITY, high = 0;
	int room = form->width / grid->columns;
	char p99[60];

	for (size_t i = 0; i < h->n_buckets; i++) {
		const struct hist_bucket *b = &h->buckets[i];

		if (!b->count)
			continue;
		from_ns = fmin(from_ns, begin_ns(b));
		to_ns = fmax(to_ns, end_ns(b));
		low = fmin(low, density(h, b));
		high = fmax(high, density(h, b));
	}
	snprintf(p99, sizeof(p99), ", 99 %% up to %s", plot_short(h->p99_ns).s);
	plot_panel(to, form, grid, panel, "%s: %" PRIu64 " values%s", plot_name(h->name).s,
		   h->count, form->format != PLOT_TEXT && room < 420 ? "" : p99);
	plot_axes(to, form, grid, panel, "", "% of values per ns");
	write_data(to, h, panel);
	set_tics(to, from_ns, to_ns, form->format == PLOT_TEXT ? room / 12 : (room - 90) / 58);
	high = ceil(log10(high));
	low = fmin(floor(log10(low) - 0.1), high - 2);
	plot_decades(to, 'y', low, high, form->format == PLOT_TEXT ? 4 : 6);
	low = pow(10, low);
	fprintf(to, "set xrange [%.6f:%.6f]\nset yrange [%g:%g]\n",
		asinh(from_ns) - 0.2, asinh(to_ns) + 0.2, low, pow(10, high));
	if (form->format == PLOT_TEXT)
		fprintf(to, "plot $buckets%u using (asinh(($1+$2)/2)):4 with impulses\n", panel);
	else
		fprintf(to, "plot $buckets%u using (asinh($1)):(%g):(asinh($1)):(asinh($2)):(%g):4 with boxxyerror fs solid noborder lc %s\n",
			panel, low, low, plot_rgb(form, COLOUR_CLOCK).s);
}

bool plot_histograms(FILE *to, const struct recording *r, const struct plot_form *form)
{
	struct plot_grid grid = { .columns = form->width < PLOT_WIDE ? 1 : 2, .panel_height = 210 };
	unsigned int panel = 0;

	for (size_t i = 0; i < r->n_histograms; i++)
		grid.panels += has_values(&r->histograms[i]);
	if (!grid.panels)
		return false;
	plot_begin(to, form, &grid, "How values are distributed");
	fputs("set logscale y\n", to);
	for (size_t i = 0; i < r->n_histograms; i++)
		if (has_values(&r->histograms[i]))
			write_panel(to, form, &grid, &r->histograms[i], panel++);
	plot_end(to, form);
	return true;
}
