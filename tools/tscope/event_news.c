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
}

uint64_t event_news(const struct event_list *before, const struct event *e)
{
	const struct event *old = before->n ? bsearch(e, before->events, before->n, sizeof(*e),
						       by_identity) : NULL;

	if (!old)
		return e->count;
	return e->count >= old->count ? e->count - old->count : e->count;
}

bool event_is_rest(const struct event *e)
{
	return !e->boottime_ns && event_has_size(e->kind);
}
