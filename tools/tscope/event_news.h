/* SPDX-License-Identifier: GPL-2.0 */
/* event_news.h: which events are new since an earlier look */
#ifndef TSCOPE_EVENT_NEWS_H
#define TSCOPE_EVENT_NEWS_H

#include "event.h"

/* Sort a list for event_news(). */
void events_index(struct event_list *list);

/* How often @e happened since the indexed list @before; after a reset of its counter: in all. */
uint64_t event_news(const struct event_list *before, const struct event *e);

/*
 * Whether the event is only counted, not listed. If violations can be read, the event was listed
 * there earlier, and has been dropped since.
 */
bool event_is_rest(const struct event *e);

#endif /* TSCOPE_EVENT_NEWS_H */
