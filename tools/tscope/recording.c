// SPDX-License-Identifier: GPL-2.0
/* recording.c: what was measured over some time, built from lines or from one snapshot */
#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "recording_parts.h"

/* The room doubles each time @n is a power of two, so its size need not be stored. */
void *list_room(void *list, size_t n, size_t size)
{
	if (n & (n - 1))
		return list;
	list = reallocarray(list, n ? 2 * n : 1, size);
	if (!list)
		err(4, "%zu entries", n);
	return list;
}

void recording_add_error(struct recording *r, const char *format, ...)
{
	va_list args;

	r->errors = list_room(r->errors, r->n_errors, sizeof(*r->errors));
	va_start(args, format);
	if (vasprintf(&r->errors[r->n_errors], format, args) >= 0)
		r->n_errors++;
	va_end(args);
}

static struct recorded_clock *clock_of(struct recording *r, const char *name)
{
	struct recorded_clock *c;
	size_t i;

	for (i = 0; i < r->n_clocks; i++)
		if (!strcmp(r->clocks[i].name, name))
			return &r->clocks[i];
	r->clocks = list_room(r->clocks, r->n_clocks, sizeof(*r->clocks));
	c = &r->clocks[r->n_clocks++];
	*c = (struct recorded_clock){ };
	snprintf(c->name, sizeof(c->name), "%s", name);
	return c;
}

void recording_add_point(struct recording *r, const struct point_line *point)
{
	struct recorded_clock *c = clock_of(r, point->clock);

	c->points = list_room(c->points, c->n_points, sizeof(*c->points));
	c->points[c->n_points++] = *point;
}

static void *copy(const void *from, size_t n, size_t size)
{
	void *to = calloc(n ?: 1, size);

	if (!to)
		err(4, "%zu entries", n);
	if (n)
		memcpy(to, from, n * size);
	return to;
}

void recording_of_snapshot(struct recording *r, const struct snapshot *s)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	size_t i;

	*r = (struct recording){ .tsc_khz = tsc && tsc->khz.known ? tsc->khz.value : 0 };
	snprintf(r->version, sizeof(r->version), "%s", *s->version ? s->version : TSCOPE_VERSION);
	snprintf(r->kernel, sizeof(r->kernel), "%s", s->kernel);
	snprintf(r->clocksource, sizeof(r->clocksource), "%s", s->clocksource);
	for (i = 0; i < s->n_points; i++)
		recording_add_point(r, &s->points[i]);
	r->n_pairs = snapshot_all_pairs(s);
	r->pairs = copy(s->pairs, r->n_pairs, sizeof(*r->pairs));
	r->histograms = copy(s->histograms, s->n_histograms, sizeof(*r->histograms));
	r->n_histograms = s->n_histograms;
	for (i = 0; i < s->n_histograms; i++) {
		struct histogram *h = &r->histograms[i];

		h->buckets = copy(h->buckets, h->n_buckets, sizeof(*h->buckets));
	}
	for (i = 0; i < s->n_errors; i++)
		recording_add_error(r, "%s", s->errors[i]);
	events_of(s, &r->events);
}

void recording_free(struct recording *r)
{
	size_t i;

	for (i = 0; i < r->n_clocks; i++)
		free(r->clocks[i].points);
	for (i = 0; i < r->n_histograms; i++)
		free(r->histograms[i].buckets);
	for (i = 0; i < r->n_errors; i++)
		free(r->errors[i]);
	free(r->clocks);
	free(r->pairs);
	free(r->histograms);
	free(r->errors);
	events_free(&r->events);
	*r = (struct recording){ };
}
