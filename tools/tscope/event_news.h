/* SPDX-License-Identifier: GPL-2.0 */
/* event_news.h: which events are new since an earlier look */
#ifndef TSCOPE_EVENT_NEWS_H
#define TSCOPE_EVENT_NEWS_H

#include "event.h"

/* Sort a list for event_news(). */
void events_index(struct event_list *list);

/* How often @e happened that the indexed list has not; a counter that was reset begins anew. */
uint64_t event_news(const struct event_list *before, const struct event *e);

/*
 * Whether it is counted and not listed. While violations can be read, it was listed, and has
 * dropped out since.
 */
bool event_is_rest(const struct event *e);

#endif /* TSCOPE_EVENT_NEWS_H */
