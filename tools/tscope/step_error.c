// SPDX-License-Identifier: GPL-2.0
/* step_error.c: the points next to a step, and how far the step's size may be off */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "moment.h"
#include "step_error.h"

/* A reading that takes longer than twice the shortest plus this is not used: module/reading.c. */
#define WIDE_EXTRA_NS	500
#define PM_TICK_NS	280
#define ROUNDING_NS	8

static const struct histogram *residuals(const struct snapshot *s, const char *clock)
{
	char name[48];

	snprintf(name, sizeof(name), "%s/residual", clock);
	return snapshot_histogram(s, name);
}

/* The largest distance of a point from its fitted line. */
static uint64_t residual_ns(const struct snapshot *s, const char *clock)
{
	const struct histogram *h = residuals(s, clock);
	uint64_t most = 0;
	size_t i;

	for (i = 0; h && i < h->n_buckets; i++)
		if (h->buckets[i].high_ns > most)
			most = h->buckets[i].high_ns;
	return most;
}

uint64_t clock_step_error_ns(const struct snapshot *s, const char *clock)
{
	const struct clock_figures *c = snapshot_clock(s, clock);
	uint64_t error;

	/* a page's step is exact to one or two ns */
	if (is_page(voice_of(clock)) || !c)
		return 2;
	error = ROUNDING_NS + 4 * residual_ns(s, clock);
	/* two readings on each side decide; each is off by half its width at most */
	if ((!c->exact.known || !c->exact.value) && c->read_min_ns.known)
		error += 2 * (2 * c->read_min_ns.value + WIDE_EXTRA_NS + PM_TICK_NS);
	return error;
}

bool step_error_known(const struct snapshot *s, const char *clock)
{
	return is_page(voice_of(clock)) || residuals(s, clock);
}

void step_points_of(const struct snapshot *s, const struct violation *v, struct step_points *p)
{
	const struct point_line *point;

	*p = (struct step_points){ };
	if (is_page(voice_of(v->clock)))
		return;
	for (point = s->points; point < s->points + s->n_points; point++) {
		if (strcmp(point->clock, v->clock))
			continue;
		if (p->n_after || point->tsc == v->tsc) {
			p->after[p->n_after++] = point;
			if (p->n_after == STEP_POINTS)
				return;
			continue;
		}
		if (p->n_before == STEP_POINTS)
			memmove(p->before, p->before + 1, --p->n_before * sizeof(*p->before));
		p->before[p->n_before++] = point;
	}
}

uint64_t step_gap_ns(const struct step_points *p, const struct violation *v, uint64_t khz)
{
	int64_t ns;

	if (!p->n_before || !p->n_after || !khz)
		return 0;
	ns = (__int128)((int64_t)(v->tsc - p->before[p->n_before - 1]->tsc)) * 1000000 /
	     (int64_t)khz;
	if (__builtin_add_overflow(ns, v->size_ns, &ns) || ns < 0)
		return 0;
	return ns;
}

/* What the clock gained per cycle between points of one segment, ps; NAN: they give no rate. */
static double gain_ps(const struct point_line *const *points, unsigned int n)
{
	const struct point_line *first = points[0], *last = points[n ? n - 1 : 0];

	if (n < 2 || first->segment != last->segment || last->tsc <= first->tsc)
		return NAN;
	return ((double)last->phase_ps - (double)first->phase_ps) /
	       (double)(last->tsc - first->tsc);
}

/*
 * module/step.c reports a size in the middle of what the rates before and after the step give. So a
 * rate that changed once leaves an error of half of this; a rate that goes on changing, of more.
 */
static double turn_error_ns(const struct step_points *p, const struct violation *v, uint64_t khz)
{
	double turn = gain_ps(p->after, p->n_after) - gain_ps(p->before, p->n_before);

	/* ps per cycle times kHz are the rate's change in ns per s */
	return isnan(turn) ? 0 : fabs(turn) * khz * (step_gap_ns(p, v, khz) / 1e9);
}

uint64_t step_error_ns(const struct snapshot *s, const struct violation *v,
		       const struct step_points *p)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	uint64_t error = clock_step_error_ns(s, v->clock);
	double turn;

	if (!tsc || !tsc->khz.known)
		return error;
	turn = turn_error_ns(p, v, tsc->khz.value);
	return error + (turn < 1e18 ? (uint64_t)ceil(turn) : (uint64_t)1e18);
}
