// SPDX-License-Identifier: GPL-2.0
/* points.c: the stability of recorded points, by the module's own code */
#include <err.h>
#include <stdlib.h>

#include "bracket.h"
#include "commands.h"
#include "math128.h"
#include "points.h"

/* Nine days with a point each 50 ms. */
#define POINTS_MAX	0x1000000

static void *room_for(size_t n, size_t size)
{
	void *room = calloc(n ?: 1, size);

	if (!room)
		err(STATUS_NO_FIGURE, "no memory for %zu points", n);
	return room;
}

/* A phase that is out of range is clamped: the fit then returns an error. */
static s64 phase_of(const struct point_line *line)
{
	return clamp_t(s128, (s128)line->phase_ps * (1 << TSCOPE_PHASE_SHIFT) / 1000,
		       S64_MIN, S64_MAX);
}

/* Find the first point of a clock's longest segment. Return: how many points it has. */
static size_t longest_segment(const struct recorded_clock *c, size_t *from)
{
	size_t longest = 0, first = 0, i;

	*from = 0;
	for (i = 0; i < c->n_points; i++) {
		if (c->points[i].segment != c->points[first].segment)
			first = i;
		if (i + 1 - first >= longest) {
			longest = i + 1 - first;
			*from = first;
		}
	}
	return longest;
}

/* The points of a clock's longest segment; if there are too many, the newest. */
static struct tscope_point *points_of(const struct recorded_clock *c, u32 *n)
{
	size_t from, longest = longest_segment(c, &from), i;
	struct tscope_point *p;

	if (longest > POINTS_MAX) {
		from += longest - POINTS_MAX;
		longest = POINTS_MAX;
	}
	p = room_for(longest, sizeof(*p));
	for (i = 0; i < longest; i++) {
		const struct point_line *line = &c->points[from + i];

		p[i] = (struct tscope_point){
			.tsc = line->tsc,
			.phase = phase_of(line),
			.width_ns = min(line->width_ns, (uint64_t)U32_MAX),
		};
	}
	*n = longest;
	return p;
}

/*
 * Subtract from the points what the widths of readings explain, and fit a line to them. The fit
 * uses at most TSCOPE_FIT_MAX_POINTS of the points, evenly from the first to the last: they are
 * enough for a slope and for the share of the widths.
 */
static int fit_points(struct tscope_point *p, u32 n, u32 khz, struct tscope_fit *fit)
{
	/* only the slope is used, and rounding by the clock does not change it */
	const struct tscope_hidden hidden = { };
	u32 fitted = min_t(u32, n, TSCOPE_FIT_MAX_POINTS), i;
	struct tscope_point *some = room_for(fitted, sizeof(*some));
	struct tscope_bracket b;
	int error;

	for (i = 0; i < fitted; i++)
		some[i] = p[fitted > 1 ? (u64)i * (n - 1) / (fitted - 1) : 0];
	tscope_bracket_correct(some, fitted, &b);
	error = tscope_fit_line(some, fitted, khz, &hidden, fit);
	for (i = 0; i < n && b.share; i++)
		p[i].phase = tscope_ssub64(p[i].phase, (s64)b.share * p[i].width_ns);
	fit->points = n;
	free(some);
	return error;
}

u32 clock_stability(const struct recorded_clock *c, u32 khz, struct tscope_stability_figures *fig)
{
	struct tscope_stability_place *x;
	struct tscope_fit fit;
	struct tscope_point *p;
	u32 n, found = 0;

	p = points_of(c, &n);
	if (!fit_points(p, n, khz, &fit)) {
		x = room_for(n, sizeof(*x));
		found = tscope_stability(p, &fit, khz, x, fig);
		free(x);
	}
	free(p);
	return found;
}
