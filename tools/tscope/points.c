// SPDX-License-Identifier: GPL-2.0
/* points.c: recorded points, as the module fits them */
#include <err.h>
#include <stdlib.h>

#include "bracket.h"
#include "commands.h"
#include "math128.h"
#include "points.h"

static void *room_for(size_t n, size_t size)
{
	void *room = calloc(n ?: 1, size);

	if (!room)
		err(STATUS_NO_FIGURE, "no memory for %zu points", n);
	return room;
}

/* Of a phase that is out of range the fit says so. */
static s64 phase_of(const struct point_line *line)
{
	return clamp_t(s128, (s128)line->phase_ps * (1 << TSCOPE_PHASE_SHIFT) / 1000,
		       S64_MIN, S64_MAX);
}

/* The points of a clock's longest segment; a module that is there shows one. */
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

/* Those that are fitted: of too many every second, third, ... one. Long tau stay. */
static struct tscope_point *points_of(const struct recorded_clock *c, u32 *n)
{
	size_t from, longest = longest_segment(c, &from), i;
	size_t every = (longest + TSCOPE_FIT_MAX_POINTS - 1) / TSCOPE_FIT_MAX_POINTS;
	struct tscope_point *p = room_for(longest, sizeof(*p));

	*n = 0;
	for (i = 0; i < longest; i += every) {
		const struct point_line *line = &c->points[from + i];

		p[(*n)++] = (struct tscope_point){
			.tsc = line->tsc,
			.phase = phase_of(line),
			.width_ns = min(line->width_ns, (uint64_t)U32_MAX),
		};
	}
	return p;
}

u32 clock_stability(const struct recorded_clock *c, u32 khz, struct tscope_stability_figures *fig)
{
	struct tscope_stability_place *x;
	struct tscope_fit fit;
	struct tscope_point *p;
	u32 n, found = 0;

	p = points_of(c, &n);
	/* of the fit only its slope counts, which no rounding of the clock moves */
	if (!tscope_bracket_fit(p, n, khz, 0, &fit)) {
		x = room_for(fit.points, sizeof(*x));
		found = tscope_stability(p, &fit, khz, x, fig);
		free(x);
	}
	free(p);
	return found;
}
