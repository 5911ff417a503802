// SPDX-License-Identifier: GPL-2.0
/* event.c: what happened, from violations, counters and pairs */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "moment.h"
#include "step_error.h"

const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[] = {
		[EVENT_STEP] = "step", [EVENT_BACKWARD] = "backward", [EVENT_WARP] = "warp",
		[EVENT_UPDATE] = "update", [EVENT_STOPPED] = "stopped", [EVENT_MOVED] = "moved",
		[EVENT_MARKER] = "marker", [EVENT_SNAPSHOT] = "snapshot",
	};

	return names[kind];
}

static struct event *append(struct event **events, size_t *n, enum event_kind kind,
			    const char *clock)
{
	struct event *larger = reallocarray(*events, *n + 1, sizeof(*larger)), *e;

	if (!larger)
		err(4, "events");
	*events = larger;
	e = &larger[(*n)++];
	*e = (struct event){ .kind = kind, .cpu = -1, .peer = -1, .count = 1 };
	snprintf(e->clock, sizeof(e->clock), "%s", clock);
	return e;
}

static struct event *add(struct event_list *list, enum event_kind kind, const char *clock)
{
	return append(&list->events, &list->n, kind, clock);
}

static void set_error(struct event *e, uint64_t error_ns)
{
	if (error_ns == ERROR_UNKNOWN)
		return;
	e->error_ns = (struct figure){ true, error_ns > INT64_MAX ? INT64_MAX : error_ns };
}

/* Whether a violation is part of a jump of the TSC. */
static bool is_of_jump(const struct moment *m, const struct violation *v)
{
	enum voice voice = voice_of(v->clock);

	if (m->kind != MOMENT_JUMP)
		return false;
	return voice == VOICES ? m->ns < 0 : m->move[voice].stepped && moves_alike(m, m->by, voice);
}

static enum event_kind kind_of(const struct violation *v)
{
	enum event_kind kind = EVENT_STEP;

	while (kind < EVENT_SNAPSHOT && strcmp(v->what, event_kind_name(kind)))
		kind++;
	return kind;
}

static void set_violation(struct event *e, const struct snapshot *s, const struct violation *v)
{
	e->cpu = v->cpu;
	e->peer = v->peer.known ? v->peer.value : -1;
	e->size_ns = v->size_ns;
	e->count = v->count;
	e->tsc = v->tsc;
	e->boottime_ns = violation_boottime_ns(s, v);
	if (e->kind == EVENT_STEP && step_error_known(s, v))
		set_error(e, step_error_ns(s, v));
}

/* Add the jump of the TSC, in place of the steps that it caused. */
static void add_jump(struct event_list *list, const struct moment *m, uint64_t count)
{
	struct event *e = add(list, EVENT_STEP, "tsc");

	e->size_ns = m->ns;
	set_error(e, m->error_ns);
	e->count = count;
	e->tsc = m->tsc;
	e->boottime_ns = m->boottime_ns.value;
	if (m->tsc_backward_cpus == 1)
		e->cpu = m->tsc_cpu;
}

/* How many events were counted, but are no longer in violations, or can't be read there. */
static uint64_t unlisted(const struct snapshot *s, enum event_kind kind, const char *clock,
			 const struct count *number)
{
	uint64_t listed = 0;
	size_t i;

	for (i = 0; i < s->n_violations; i++)
		if (kind_of(&s->violations[i]) == kind && !strcmp(s->violations[i].clock, clock))
			listed += s->violations[i].count;
	return number->known && number->value > listed ? number->value - listed : 0;
}

static uint64_t unlisted_steps(const struct snapshot *s, enum voice voice)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < s->n_clocks; i++)
		if (voice_of(s->clocks[i].name) == voice)
			count += unlisted(s, EVENT_STEP, s->clocks[i].name, &s->clocks[i].steps);
	return count;
}

static void add_moments(struct event_list *list, const struct snapshot *s)
{
	struct moment_list moments;
	const struct moment *m;
	struct event *e;
	uint64_t *merged;
	enum voice v;
	size_t i;

	moments_of(s, 0, &moments);
	merged = calloc(moments.n + 1, sizeof(*merged));
	if (!merged)
		err(4, "events");
	for (i = 0; i < s->n_violations; i++) {
		m = moments.of[i] < 0 ? NULL : &moments.moments[moments.of[i]];
		if (m && is_of_jump(m, &s->violations[i])) {
			merged[moments.of[i]]++;
			e = append(&list->parts, &list->n_parts, kind_of(&s->violations[i]),
				   s->violations[i].clock);
			e->jump_tsc = m->tsc;
		} else {
			e = add(list, kind_of(&s->violations[i]), s->violations[i].clock);
		}
		set_violation(e, s, &s->violations[i]);
	}
	for (i = 0; i < moments.n; i++) {
		m = &moments.moments[i];
		for (v = 0; !m->boottime_ns.known && v < VOICES; v++) {
			if (!m->move[v].stepped)
				continue;
			e = add(list, EVENT_STEP, voice_name(s, v));
			e->count = unlisted_steps(s, v);
			e->size_ns = m->move[v].ns;
			set_error(e, move_error_ns(&m->move[v]));
		}
		if (m->kind == MOMENT_JUMP)
			add_jump(list, m, merged[i]);
	}
	free(merged);
	moments_free(&moments);
}

static void add_rest(struct event_list *list, const struct snapshot *s, enum event_kind kind,
		     const char *clock, const struct count *number, const struct count *max_ns)
{
	uint64_t count = unlisted(s, kind, clock, number);
	struct event *e;

	if (!count)
		return;
	e = add(list, kind, clock);
	e->count = count;
	if (max_ns->known)
		e->size_ns = max_ns->value < INT64_MAX ? (int64_t)max_ns->value : INT64_MAX;
}

static void add_counters(struct event_list *list, const struct snapshot *s)
{
	const struct clock_figures *c;
	size_t i;

	for (i = 0; i < s->n_clocks; i++) {
		c = &s->clocks[i];
		add_rest(list, s, EVENT_BACKWARD, c->name, &c->backward, &c->backward_max_ns);
		add_rest(list, s, EVENT_WARP, c->name, &c->warps, &c->warp_max_ns);
		if (c->updates.known && c->updates.value)
			add(list, EVENT_UPDATE, c->name)->count = c->updates.value;
		if (c->stopped.known && c->stopped.value)
			add(list, EVENT_STOPPED, c->name)->count = c->stopped.value;
	}
}

static void add_pairs(struct event_list *list, const struct snapshot *s)
{
	const struct pair_line *p;
	struct event *e;
	size_t i;

	for (i = 0; i < s->n_pairs; i++) {
		p = &s->pairs[i];
		if (!p->known || !p->moving)
			continue;
		e = add(list, EVENT_MOVED, p->clock);
		e->cpu = p->cpu_i;
		e->peer = p->cpu_j;
		e->size_ns = p->offset_ns;
		set_error(e, p->bound_ns);
		if (p->age_ms < s->boottime_ns / 1000000)
			e->boottime_ns = s->boottime_ns - p->age_ms * 1000000;
	}
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->boottime_ns < y->boottime_ns ? -1 : x->boottime_ns > y->boottime_ns;
}

void events_of(const struct snapshot *s, struct event_list *list)
{
	*list = (struct event_list){ };
	add_counters(list, s);
	add_moments(list, s);
	add_pairs(list, s);
	if (list->n)
		qsort(list->events, list->n, sizeof(*list->events), by_time);
}

void events_free(struct event_list *list)
{
	free(list->events);
	free(list->parts);
	*list = (struct event_list){ };
}
