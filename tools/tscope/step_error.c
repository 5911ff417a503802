// SPDX-License-Identifier: GPL-2.0
/* step_error.c: how far the size of a step may be off */
#include <stdio.h>
#include <string.h>

#include "moment.h"
#include "step_error.h"

/* A reading that takes longer than twice the shortest plus this is not used: module/reading.c. */
#define WIDE_EXTRA_NS	500
#define PM_TICK_NS	280
#define ROUNDING_NS	8
#define PAGE_NS		2
/* The sum of two is within 64 bits, and so is what tolerances add to it. */
#define ERROR_MAX_NS	(UINT64_MAX / 4)

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

	if (is_page(voice_of(clock)) || !c)
		return PAGE_NS;
	error = ROUNDING_NS + 4 * residual_ns(s, clock);
	/* two readings on each side decide; each is off by half its width at most */
	if ((!c->exact.known || !c->exact.value) && c->read_min_ns.known)
		error += 2 * (2 * c->read_min_ns.value + WIDE_EXTRA_NS + PM_TICK_NS);
	return error;
}

bool clock_step_error_known(const struct snapshot *s, const char *clock)
{
	return is_page(voice_of(clock)) || residuals(s, clock);
}

uint64_t step_error_ns(const struct snapshot *s, const struct violation *v)
{
	if (!v->error_ns.known)
		return clock_step_error_ns(s, v->clock);
	/* a page's step and the time before it are rounded */
	if (is_page(voice_of(v->clock)) && v->error_ns.value < PAGE_NS)
		return PAGE_NS;
	return v->error_ns.value < ERROR_MAX_NS ? v->error_ns.value : ERROR_MAX_NS;
}

uint64_t step_errors_ns(uint64_t a, uint64_t b)
{
	return a < ERROR_MAX_NS - b ? a + b : ERROR_MAX_NS;
}

bool step_error_known(const struct snapshot *s, const struct violation *v)
{
	return v->error_ns.known || clock_step_error_known(s, v->clock);
}
