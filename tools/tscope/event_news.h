/* SPDX-License-Identifier: GPL-2.0 */
/* event_news.h: which events are new since an earlier look */
#ifndef TSCOPE_EVENT_NEWS_H
#define TSCOPE_EVENT_NEWS_H

#include "event.h"

/* Sort a list for event_news(). */
void events_index(struct event_list *list);

/**
 * event_news() - how much of an event is new
 * @before: what is known, indexed
 * @now: the list that @e is of
 *
 * A jump of the TSC is known by the lines of violations that it stands for: its time and its CPU
 * change when violations drops one of them, or when one more comes.
 *
 * Return: how often @e happened since @before; after a reset of its counter: in all; of a jump: how
 * many of its lines are new; if it was not known as a jump: all of them.
 */
uint64_t event_news(const struct event_list *before, const struct event_list *now,
		    const struct event *e);

/*
 * Whether the event is only counted, not listed. If violations can be read, the event was listed
 * there earlier, and has been dropped since.
 */
bool event_is_rest(const struct event *e);

/* Whether a line of violations was part of a jump in the indexed list @before. */
bool event_part_is_known(const struct event_list *before, const struct event *part);

#endif /* TSCOPE_EVENT_NEWS_H */
