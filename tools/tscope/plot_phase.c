// SPDX-License-Identifier: GPL-2.0
/* plot_phase.c: each clock's phase over time, with its steps marked */
#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "moment.h"
#include "plot_parts.h"
#include "text.h"
#include "words.h"

/* Two labels of steps are at least this fraction (1/8) of the time axis apart. */
#define LABEL_ROOM	8
/* At most this many steps, the largest ones, are marked. */
#define MAX_MARKS	100
/* Up to this many points are drawn as points too: a single one makes no line. */
#define FEW_POINTS	60

/* The axis of time: TSC values become times since @first_tsc. */
struct time_axis {
	uint64_t tsc_khz, first_tsc;
	int64_t low_ns, high_ns;
};

/* A TSC that was set back gives a negative time. */
static int64_t time_ns(const struct time_axis *axis, uint64_t tsc)
{
	__int128_t ns = (__int128_t)(int64_t)(tsc - axis->first_tsc) * 1000000 / axis->tsc_khz;

	return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

static struct shown seconds(int64_t ns)
{
	return text_decimal(ns, 9);
}

/* Find the axis that all points fit on; false: there are no points. */
static bool find_axis(const struct recording *r, struct time_axis *axis)
{
	bool any = false;
	int64_t ns;

	*axis = (struct time_axis){ .tsc_khz = r->tsc_khz };
	for (size_t i = 0; axis->tsc_khz && i < r->n_clocks; i++) {
		const struct recorded_clock *c = &r->clocks[i];

		if (!c->n_points)
			continue;
		if (!any || (int64_t)(c->points[0].tsc - axis->first_tsc) < 0)
			axis->first_tsc = c->points[0].tsc;
		any = true;
	}
	for (size_t i = 0; any && i < r->n_clocks; i++)
		for (size_t p = 0; p < r->clocks[i].n_points; p++) {
			ns = time_ns(axis, r->clocks[i].points[p].tsc);
			axis->low_ns = ns < axis->low_ns ? ns : axis->low_ns;
			axis->high_ns = ns > axis->high_ns ? ns : axis->high_ns;
		}
	return any;
}

static void write_point(FILE *to, const struct time_axis *axis, const struct point_line *p)
{
	fprintf(to, "%s %s\n", seconds(time_ns(axis, p->tsc)).s,
		text_decimal(p->phase_ps, 3).s);
}

/*
 * Write the points as recorded; but if there are several for a column, only the column's lowest and
 * highest. An empty line ends a segment.
 */
static void write_points(FILE *to, const struct time_axis *axis, const struct recorded_clock *c,
			 size_t columns)
{
	size_t share = c->n_points / columns + 1, n, low, high;

	for (size_t i = 0; i < c->n_points; i += n) {
		const struct point_line *p = &c->points[i];

		if (i && p->segment != p[-1].segment)
			fputc('\n', to);
		low = 0;
		high = 0;
		for (n = 1; n < share && i + n < c->n_points && p[n].segment == p->segment; n++) {
			low = p[n].phase_ps < p[low].phase_ps ? n : low;
			high = p[n].phase_ps > p[high].phase_ps ? n : high;
		}
		write_point(to, axis, &p[low < high ? low : high]);
		if (low != high)
			write_point(to, axis, &p[low < high ? high : low]);
	}
}

static int by_size(const void *a, const void *b)
{
	const struct event *const *e = a, *const *f = b;
	uint64_t x = ns_magnitude((*e)->size_ns), y = ns_magnitude((*f)->size_ns);

	return (x < y) - (x > y);
}

static bool shown(const struct time_axis *axis, const struct event *e)
{
	int64_t ns = time_ns(axis, e->tsc);

	return e->tsc && ns >= axis->low_ns && ns <= axis->high_ns;
}

/*
 * Find the steps of the clock and jumps of the TSC that are in the time that is drawn, the largest
 * first. @others: how many are at other times.
 */
static size_t find_steps(const struct recording *r, const struct time_axis *axis,
			 const char *clock, const struct event **steps, size_t *others)
{
	size_t n = 0;

	*others = 0;

	for (size_t i = 0; i < r->events.n; i++) {
		const struct event *e = &r->events.events[i];

		if (e->kind != EVENT_STEP || (strcmp(e->clock, clock) && strcmp(e->clock, "tsc")))
			continue;
		if (shown(axis, e))
			steps[n++] = e;
		else
			++*others;
	}
	if (n)
		qsort(steps, n, sizeof(*steps), by_size);
	return n;
}

/* Mark the steps; a step that is near a larger one gets no label. */
static void mark_steps(FILE *to, const struct plot_form *form, const struct time_axis *axis,
		       const struct event **steps, size_t n, bool rises)
{
	double room = ((double)axis->high_ns - (double)axis->low_ns) / LABEL_ROOM, apart;
	struct plot_rgb mark = plot_rgb(form, COLOUR_MARK);
	size_t i, j;
	int64_t at;
	bool left;

	for (i = 0; i < n; i++) {
		const struct event *e = steps[i];

		at = time_ns(axis, e->tsc);
		fprintf(to, "set arrow from %s, graph 0 to %s, graph 1 nohead", seconds(at).s,
			seconds(at).s);
		fprintf(to, form->format == PLOT_TEXT ? "\n" : " dt 2 lw 1.2 lc %s\n", mark.s);
		for (j = 0; j < i; j++) {
			apart = (double)at - (double)time_ns(axis, steps[j]->tsc);
			if (fabs(apart) < room)
				break;
		}
		if (j < i)
			continue;
		/* a segment begins at 0: if the phase rises, there is room above its begin */
		left = (double)at - (double)axis->low_ns > (LABEL_ROOM - 1) * room;
		fprintf(to, "set label '%s%s' at %s, graph %s %s front",
			strcmp(e->clock, "tsc") ? "" : "TSC ", step_text(e->size_ns), seconds(at).s,
			left == rises ? "0.12" : "0.9",
			left ? "right offset -0.5,0" : "left offset 0.5,0");
		if (form->format != PLOT_TEXT)
			fprintf(to, " textcolor %s", mark.s);
		fputc('\n', to);
	}
}

/* The unit of a phase axis. */
struct unit {
	const char *name;
	double ns;
};

static struct unit unit_of(uint64_t ps)
{
	static const struct unit units[] = {
		{ "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
	};
	unsigned int u = 0;

	while (u < 3 && ps >= 20000 * 1000 * units[u].ns)
		u++;
	return units[u];
}

/* The distance of tics, 1, 2 or 5 times a power of ten, that gives about four tics. */
static double step_of(const struct recorded_clock *c, const struct unit *unit)
{
	int64_t low = c->points[0].phase_ps, high = low;
	double range, power;

	for (size_t i = 0; i < c->n_points; i++) {
		low = c->points[i].phase_ps < low ? c->points[i].phase_ps : low;
		high = c->points[i].phase_ps > high ? c->points[i].phase_ps : high;
	}
	range = ((double)high - (double)low) / 1000 / unit->ns / 4;
	if (range <= 0)
		return 1;
	power = pow(10, floor(log10(range)));
	return range / power > 5 ? 10 * power : range / power > 2 ? 5 * power :
	       range / power > 1 ? 2 * power : power;
}

static uint64_t largest_phase_ps(const struct recorded_clock *c)
{
	uint64_t most = 0;

	for (size_t i = 0; i < c->n_points; i++) {
		uint64_t size = ns_magnitude(c->points[i].phase_ps);

		most = size > most ? size : most;
	}
	return most;
}

static const struct event **room_for_events(const struct recording *r)
{
	const struct event **room = calloc(r->events.n + 1, sizeof(*room));

	if (!room)
		err(STATUS_NO_FIGURE, "no memory");
	return room;
}

static void write_panel(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
			const struct time_axis *axis, const struct recording *r, size_t number,
			unsigned int panel)
{
	const struct recorded_clock *c = &r->clocks[number];
	const struct point_line *newest = &c->points[c->n_points - 1];
	const struct event **steps = room_for_events(r);
	struct unit unit = unit_of(largest_phase_ps(c));
	size_t others, n = find_steps(r, axis, c->name, steps, &others);
	char title[80], more[60] = "";

	snprintf(title, sizeof(title), "%s: %zu step%s", plot_name(c->name).s, n, n == 1 ? "" : "s");
	if (others)
		snprintf(more, sizeof(more), ", and %zu at other times", others);
	plot_panel(to, form, grid, panel, "%s%s", title, more);
	mark_steps(to, form, axis, steps, n < MAX_MARKS ? n : MAX_MARKS, newest->phase_ps >= 0);
	fprintf(to, "$points%u << EOD\n", panel);
	write_points(to, axis, c, form->width);
	fputs("EOD\n", to);
	snprintf(title, sizeof(title), "phase, %s", unit.name);
	plot_axes(to, form, grid, panel, "time by the TSC, s", title);
	fprintf(to, "set ytics %g\n", step_of(c, &unit));
	fprintf(to, "plot $points%u using 1:($2/%g) with %s", panel, unit.ns,
		c->n_points > FEW_POINTS || form->format == PLOT_TEXT ? "lines" :
		"linespoints pt 7 ps 0.4");
	if (form->format != PLOT_TEXT)
		fprintf(to, " lw 1.6 lc %s", plot_rgb(form, plot_clock_colour(number)).s);
	fputc('\n', to);
	free(steps);
}

bool plot_phase(FILE *to, const struct recording *r, const struct plot_form *form)
{
	struct plot_grid grid = { .columns = 1, .panel_height = 176, .foot = 12 };
	struct time_axis axis;
	unsigned int panel = 0;

	if (!find_axis(r, &axis))
		return false;
	for (size_t i = 0; i < r->n_clocks; i++)
		grid.panels += r->clocks[i].n_points != 0;
	plot_begin(to, form, &grid, "How far each clock advanced against the TSC");
	if (axis.low_ns < axis.high_ns)
		fprintf(to, "set xrange [%s:%s]\n", seconds(axis.low_ns).s,
			seconds(axis.high_ns).s);
	for (size_t i = 0; i < r->n_clocks; i++)
		if (r->clocks[i].n_points)
			write_panel(to, form, &grid, &axis, r, i, panel++);
	plot_end(to, form);
	return true;
}
