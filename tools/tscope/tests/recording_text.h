/* SPDX-License-Identifier: GPL-2.0 */
/* recording_text.h: a recording as tscope record would write it, and whether two are the same */
#ifndef TSCOPE_RECORDING_TEXT_H
#define TSCOPE_RECORDING_TEXT_H

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "recording.h"
#include "recording_write.h"
#include "tap.h"

/* The lines of a recording; the caller frees them. */
static inline char *recording_text(const struct recording *r, size_t *len)
{
	struct clock_figures tsc = { .name = "tsc", .khz = { true, r->tsc_khz } };
	struct snapshot s = {
		.clocks = &tsc, .n_clocks = 1, .pairs = r->pairs, .n_pairs = r->n_pairs,
		.histograms = r->histograms, .n_histograms = r->n_histograms,
	};
	struct recording_writer w;
	char *text;
	size_t i, k;

	w = (struct recording_writer){ .to = open_memstream(&text, len) };
	memcpy(s.version, r->version, sizeof(s.version));
	memcpy(s.kernel, r->kernel, sizeof(s.kernel));
	memcpy(s.clocksource, r->clocksource, sizeof(s.clocksource));
	recording_put_header(&w, &s, 1000);
	for (i = 0; i < r->n_clocks; i++)
		for (k = 0; k < r->clocks[i].n_points; k++)
			recording_put(&w, "point", json_point(&r->clocks[i].points[k]));
	for (i = 0; i < r->events.n; i++)
		recording_put(&w, "event", json_event(&r->events.events[i]));
	recording_put_state(&w, &s);
	recording_put_end(&w, &(struct recording_end){ .why = "time" });
	fclose(w.to);
	EXPECT_EQ(w.bytes, *len, "bytes");
	return text;
}

/* Read a recording from a text. */
static inline bool recording_of_text(struct recording *r, const char *text, size_t len)
{
	FILE *from = len ? fmemopen((void *)text, len, "r") : fopen("/dev/null", "r");
	bool right = recording_read(r, from);

	fclose(from);
	EXPECT(right || r->n_errors == 1, "%zu errors", r->n_errors);
	return right;
}

static inline void expect_same_points(const struct recording *a, const struct recording *b)
{
	size_t i, k;

	EXPECT_EQ(a->n_clocks, b->n_clocks, "clocks");
	for (i = 0; i < a->n_clocks && i < b->n_clocks; i++) {
		EXPECT(!strcmp(a->clocks[i].name, b->clocks[i].name), "%s", a->clocks[i].name);
		EXPECT_EQ(a->clocks[i].n_points, b->clocks[i].n_points, "%s", a->clocks[i].name);
		for (k = 0; k < a->clocks[i].n_points && k < b->clocks[i].n_points; k++) {
			const struct point_line *p = &a->clocks[i].points[k];
			const struct point_line *q = &b->clocks[i].points[k];

			EXPECT(!strcmp(p->clock, q->clock) && p->segment == q->segment &&
			       p->tsc == q->tsc && p->phase_ps == q->phase_ps &&
			       p->width_ns == q->width_ns, "%s, point %zu", p->clock, k);
		}
	}
}

static inline bool same_figure(struct figure a, struct figure b)
{
	return a.known == b.known && (!a.known || a.value == b.value);
}

static inline void expect_same_events(const struct recording *a, const struct recording *b)
{
	size_t i;

	EXPECT_EQ(a->events.n, b->events.n, "events");
	for (i = 0; i < a->events.n && i < b->events.n; i++) {
		const struct event *e = &a->events.events[i], *f = &b->events.events[i];

		EXPECT(e->kind == f->kind && !strcmp(e->clock, f->clock) && e->cpu == f->cpu &&
		       e->peer == f->peer && e->size_ns == f->size_ns &&
		       same_figure(e->error_ns, f->error_ns) && e->count == f->count &&
		       e->boottime_ns == f->boottime_ns && e->tsc == f->tsc, "event %zu", i);
	}
}

static inline void expect_same_pairs(const struct recording *a, const struct recording *b)
{
	size_t i;

	EXPECT_EQ(a->n_pairs, b->n_pairs, "pairs");
	for (i = 0; i < a->n_pairs && i < b->n_pairs; i++) {
		const struct pair_line *p = &a->pairs[i], *q = &b->pairs[i];

		EXPECT(!strcmp(p->clock, q->clock) && p->cpu_i == q->cpu_i &&
		       p->cpu_j == q->cpu_j && p->known == q->known && p->warps == q->warps,
		       "pair %zu", i);
		EXPECT(!p->known || (p->offset_ns == q->offset_ns && p->bound_ns == q->bound_ns &&
				     p->moving == q->moving && p->hull_low_ns == q->hull_low_ns &&
				     p->hull_high_ns == q->hull_high_ns && p->age_ms == q->age_ms),
		       "pair %zu", i);
	}
}

static inline void expect_same_histograms(const struct recording *a, const struct recording *b)
{
	size_t i, k;

	EXPECT_EQ(a->n_histograms, b->n_histograms, "histograms");
	for (i = 0; i < a->n_histograms && i < b->n_histograms; i++) {
		const struct histogram *h = &a->histograms[i], *g = &b->histograms[i];

		EXPECT(!strcmp(h->name, g->name) && h->count == g->count &&
		       h->min_ns == g->min_ns && h->mean_ns == g->mean_ns &&
		       h->max_ns == g->max_ns && h->p50_ns == g->p50_ns &&
		       h->p99_ns == g->p99_ns && h->p999_ns == g->p999_ns &&
		       h->lost.known == g->lost.known && h->lost.value == g->lost.value,
		       "histogram %s", h->name);
		EXPECT_EQ(h->n_buckets, g->n_buckets, "%s", h->name);
		for (k = 0; k < h->n_buckets && k < g->n_buckets; k++)
			EXPECT(h->buckets[k].negative == g->buckets[k].negative &&
			       h->buckets[k].low_ns == g->buckets[k].low_ns &&
			       h->buckets[k].high_ns == g->buckets[k].high_ns &&
			       h->buckets[k].count == g->buckets[k].count, "%s, bucket %zu",
			       h->name, k);
	}
}

static inline void expect_same(const struct recording *a, const struct recording *b)
{
	EXPECT(!strcmp(a->version, b->version) && !strcmp(a->kernel, b->kernel) &&
	       !strcmp(a->clocksource, b->clocksource), "header");
	EXPECT_EQ(a->tsc_khz, b->tsc_khz, "header");
	expect_same_points(a, b);
	expect_same_events(a, b);
	expect_same_pairs(a, b);
	expect_same_histograms(a, b);
}

/* Expect that @r, written and read again, is the same, and has no errors. */
static inline void expect_survives(struct recording *r)
{
	struct recording again;
	char *text;
	size_t len;

	if (!*r->version)
		snprintf(r->version, sizeof(r->version), "%s", TSCOPE_VERSION);
	text = recording_text(r, &len);
	EXPECT(recording_of_text(&again, text, len), "not read:\n%s", text);
	EXPECT_EQ(again.n_errors, 0, "%s", again.n_errors ? again.errors[0] : "");
	expect_same(r, &again);
	recording_free(&again);
	free(text);
}

#endif /* TSCOPE_RECORDING_TEXT_H */
