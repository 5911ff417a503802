// SPDX-License-Identifier: GPL-2.0
/* html_pictures.c: gnuplot's pictures within a page */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "html.h"
#include "moment.h"
#include "plot.h"
#include "words.h"

#define WIDE	900
#define NARROW	368
/* At most this many steps are in a picture's description. */
#define MOST_STEPS	10

static const struct {
	const char *title, *how_to_read;
} kinds[PLOT_KINDS] = {
	[PLOT_PHASE] = {
		"Phase",
		"The phase is how far a clock has advanced against the TSC. A level line is a clock that runs as fast as the TSC; the slope is its skew. A step ends a segment: after it the phase begins at 0 again, and the dashed line says how large the step was. Each clock has a scale of its own.",
	},
	[PLOT_STABILITY] = {
		"Stability",
		"How much a clock's rate (ADEV) and its phase (TDEV) vary over an averaging time tau, and how far the phase moves within tau at most (MTIE). Lower is better. A dotted line has the slope of the noise that stands beside it; only slopes count, not where the lines are. A constant skew shows in MTIE only.",
	},
	[PLOT_HISTOGRAMS] = {
		"Histograms",
		"How the measured times are distributed: width is how long a reading took, residual how far a point lies off its line, transit the time until another CPU saw a value, wakeup how late windows began. Both axes are logarithmic; heights are densities, for buckets are of different widths.",
	},
	[PLOT_PAIRS] = {
		"Offsets between CPUs",
		"How far the clock of the column's CPU is ahead of that of the row's CPU. An offset within its bound may be none.",
	},
};

/* Write what a picture shows, for people who can't see it. */
static void describe(FILE *to, enum plot_kind kind, const struct recording *r)
{
	const struct pair_line *worst = NULL;
	const char *gap = ": ";
	size_t steps = 0;

	fputs(kinds[kind].title, to);
	for (size_t i = 0; kind < PLOT_HISTOGRAMS && i < r->n_clocks; i++) {
		fprintf(to, "%s%s", gap, r->clocks[i].name);
		gap = ", ";
	}
	for (size_t i = 0; kind == PLOT_PHASE && i < r->events.n; i++) {
		const struct event *e = &r->events.events[i];

		if (e->kind == EVENT_STEP && steps++ < MOST_STEPS)
			fprintf(to, "; %s stepped by %s", e->clock, step_text(e->size_ns));
	}
	if (steps > MOST_STEPS)
		fprintf(to, "; and %zu more", steps - MOST_STEPS);
	for (size_t i = 0; kind == PLOT_HISTOGRAMS && i < r->n_histograms; i++) {
		const struct histogram *h = &r->histograms[i];

		if (!h->count)
			continue;
		fprintf(to, "%s%s up to %s", gap, h->name, ns_text(h->max_ns));
		gap = ", ";
	}
	if (kind != PLOT_PAIRS)
		return;
	for (size_t i = 0; i < r->n_pairs; i++) {
		const struct pair_line *p = &r->pairs[i];

		if (p->known &&
		    (!worst || ns_magnitude(p->offset_ns) > ns_magnitude(worst->offset_ns)))
			worst = p;
	}
	fprintf(to, ": %zu pairs", r->n_pairs);
	if (worst)
		fprintf(to, "; the largest offset is that of %s of CPUs %u and %u, %s +- %s",
			worst->clock, worst->cpu_i, worst->cpu_j, ns_text(worst->offset_ns),
			ns_text(worst->bound_ns));
}

/* Find the variable of a colour "rgb( 31, 35, 40)", and the colour's end; false: it has none. */
static bool find_colour(const char *at, int *variable, const char **end)
{
	unsigned int red, green, blue;
	int len = 0;

	if (sscanf(at, "rgb(%u,%u,%u)%n", &red, &green, &blue, &len) != 3 || !len)
		return false;
	*end = at + len;
	for (*variable = 0; *variable < COLOURS; ++*variable)
		if (plot_colour(*variable, false) == (red << 16 | green << 8 | blue))
			return true;
	return false;
}

static bool begins(const char *at, const char *with)
{
	return !strncmp(at, with, strlen(with));
}

/*
 * Adapt gnuplot's SVG to a page: colours become variables, for light and dark; ids begin with the
 * picture's name, to be unique in the page; titles of parts, which would pop up, are left out. What
 * does not look as expected stays as it is: then the picture has a white background.
 */
static void write_adapted(FILE *to, const char *svg, const char *name)
{
	static const char *const names[] = {
		"id='", "id=\"", "href='#", "href=\"#", "url(#", "url('#"
	};
	const char *at = svg, *end;
	int variable;

	while (*at) {
		size_t n = 1;

		if (begins(at, "<title>") || begins(at, "<desc>")) {
			end = strstr(at, at[1] == 't' ? "</title>" : "</desc>");
			at = end ? strchr(end, '>') + 1 : at + 1;
			continue;
		}
		if (begins(at, "rgb(") && find_colour(at, &variable, &end)) {
			fprintf(to, "var(--c%d)", variable);
			at = end;
			continue;
		}
		if (begins(at, "\"#ffffff\"") || begins(at, "\"black\"")) {
			fprintf(to, "\"var(--c%d)\"", at[1] == '#' ? COLOUR_PAPER : COLOUR_INK);
			at = strchr(at + 1, '"') + 1;
			continue;
		}
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (begins(at, names[i]))
				n = strlen(names[i]);
		fwrite(at, 1, n, to);
		if (n > 1)
			fprintf(to, "%s-", name);
		at += n;
	}
}

/* Return: 0, or a negative errno after a message; -ENODATA: there is nothing to draw. */
static int draw(FILE *to, enum plot_kind kind, const struct recording *r, unsigned int width,
		const char *label)
{
	const struct plot_form form = { .format = PLOT_SVG, .width = width };
	const char *class = width == WIDE ? "wide" : "narrow", *start;
	char *script = NULL, *svg = NULL, name[32];
	size_t len;
	FILE *memory = open_memstream(&script, &len);
	int error = -ENODATA;
	bool any;

	if (!memory)
		err(STATUS_NO_FIGURE, "no memory");
	any = plot_script(memory, kind, r, &form);
	fclose(memory);
	if (any) {
		memory = open_memstream(&svg, &len);
		if (!memory)
			err(STATUS_NO_FIGURE, "no memory");
		error = plot_draw(script, memory);
		fclose(memory);
	}
	start = error ? NULL : strstr(svg, "<svg");
	if (start) {
		snprintf(name, sizeof(name), "%s-%s", plot_names[kind], class);
		fprintf(to, "<svg class=\"%s\" role=\"img\" aria-label=\"", class);
		html_text(to, label);
		fputs("\"", to);
		write_adapted(to, start + strlen("<svg"), name);
	} else if (!error) {
		error = -EIO;
	}
	free(script);
	free(svg);
	return error;
}

static int picture(FILE *to, enum plot_kind kind, const struct recording *r)
{
	char *label = NULL, *figure = NULL;
	size_t len;
	FILE *memory = open_memstream(&label, &len);
	int error;

	if (!memory)
		err(STATUS_NO_FIGURE, "no memory");
	describe(memory, kind, r);
	fclose(memory);
	memory = open_memstream(&figure, &len);
	if (!memory)
		err(STATUS_NO_FIGURE, "no memory");
	error = draw(memory, kind, r, WIDE, label);
	if (!error)
		error = draw(memory, kind, r, NARROW, label);
	fclose(memory);
	if (!error) {
		html_tagged(to, "h3", "%s", kinds[kind].title);
		html_tagged(to, "p class=\"note\"", "%s", kinds[kind].how_to_read);
		fprintf(to, "<figure id=\"%s\">\n%s</figure>\n", plot_names[kind], figure);
	}
	free(label);
	free(figure);
	return error;
}

int html_pictures(FILE *to, const struct recording *r, enum plot_kind wanted)
{
	static const char no_gnuplot[] =
		"There is no gnuplot, which draws the pictures: apt install gnuplot-nox (Debian).";
	unsigned int drawn = 0;
	int error = -ENODATA;

	fputs("<section>\n", to);
	html_tagged(to, "h2", "Pictures");
	for (enum plot_kind kind = 0; kind < PLOT_KINDS; kind++) {
		if (wanted != PLOT_KINDS && wanted != kind)
			continue;
		error = picture(to, kind, r);
		if (error && error != -ENODATA) {
			html_tagged(to, "p", "%s", error == -ENOENT ? no_gnuplot :
				    "gnuplot did not draw all pictures. Messages of the command say more.");
			break;
		}
		drawn += !error;
	}
	if (!drawn && error == -ENODATA)
		html_tagged(to, "p", "There is nothing to draw: no points, histograms or pairs were read. Only root may read them.");
	fputs("</section>\n", to);
	return drawn && error == -ENODATA ? 0 : error;
}
