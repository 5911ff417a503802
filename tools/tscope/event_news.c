// SPDX-License-Identifier: GPL-2.0
/* event_news.c: which events are new since an earlier look */
#include <stdlib.h>
#include <string.h>

#include "event_news.h"

#define ORDER(x, y) (((x) > (y)) - ((x) < (y)))

/* Compare for qsort(); 0: it is the same event, whose count may differ. */
static int by_identity(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return ORDER(x->tsc, y->tsc) ?: ORDER(x->kind, y->kind) ?: ORDER(x->cpu, y->cpu) ?:
	       ORDER(x->peer, y->peer) ?: strcmp(x->clock, y->clock);
}

void events_index(struct event_list *list)
{
	if (list->n)
		qsort(list->events, list->n, sizeof(*list->events), by_identity);
	if (list->n_parts)
		qsort(list->parts, list->n_parts, sizeof(*list->parts), by_identity);
}

static const struct event *find(const struct event *events, size_t n, const struct event *e)
{
	return n ? bsearch(e, events, n, sizeof(*e), by_identity) : NULL;
}

bool event_part_is_known(const struct event_list *before, const struct event *part)
{
	return find(before->parts, before->n_parts, part);
}

static uint64_t new_parts(const struct event_list *before, const struct event_list *now,
			  const struct event *jump)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i < now->n_parts; i++)
		count += now->parts[i].jump_tsc == jump->tsc &&
			 !event_part_is_known(before, &now->parts[i]);
	return count;
}

uint64_t event_news(const struct event_list *before, const struct event_list *now,
		    const struct event *e)
{
	const struct event *old = find(before->events, before->n, e) ?:
				  find(before->parts, before->n_parts, e);

	if (event_is_jump(e))
		return new_parts(before, now, e);
	if (!old)
		return e->count;
	return e->count >= old->count ? e->count - old->count : e->count;
}

bool event_is_rest(const struct event *e)
{
	return !e->boottime_ns && event_has_size(e->kind);
}
