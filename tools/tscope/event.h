/* SPDX-License-Identifier: GPL-2.0 */
/* event.h: what happened, from violations and counters; a jump of the TSC is one event */
#ifndef TSCOPE_EVENT_H
#define TSCOPE_EVENT_H

#include <string.h>

#include "snapshot.h"

enum event_kind {
	EVENT_STEP,		/* a clock stepped against the TSC */
	EVENT_BACKWARD,
	EVENT_WARP,
	EVENT_UPDATE,		/* a time page was written */
	EVENT_STOPPED,		/* the hypervisor said that the guest was stopped */
	EVENT_MOVED,		/* an offset between two CPUs moves */
	EVENT_MARKER,	/* the hypervisor said that the TSC may have jumped */
	EVENT_SNAPSHOT,	/* the hypervisor said that it loaded the guest from a snapshot */
};

/**
 * struct event - one entry of events[] in JSON
 * @cpu: -1: none in particular
 * @peer: the other CPU, or -1
 * @count: how many events the entry stands for
 * @boottime_ns: CLOCK_BOOTTIME; 0: not known (only counted, since sampling began)
 * @jump_tsc: of a part: the @tsc of its jump
 */
struct event {
	enum event_kind kind;
	char clock[24];
	int cpu, peer;
	int64_t size_ns;
	struct figure error_ns;
	uint64_t count, boottime_ns, tsc, jump_tsc;
};

/**
 * struct event_list - the events of a snapshot
 * @parts: the lines of violations that a jump of the TSC stands for, as events
 */
struct event_list {
	struct event *events, *parts;
	size_t n, n_parts;
};

/* The events of @s, oldest first; needs SNAPSHOT_VIOLATIONS, and SNAPSHOT_PAIRS for EVENT_MOVED. */
void events_of(const struct snapshot *s, struct event_list *list);

void events_free(struct event_list *list);

/* A kind's name in JSON and in violations: step, backward, warp, update, stopped, moved, ... */
const char *event_kind_name(enum event_kind kind);

/* Whether events of this kind have a size; the others are updates and the hypervisor's reports. */
static inline bool event_has_size(enum event_kind kind)
{
	return kind == EVENT_STEP || kind == EVENT_BACKWARD || kind == EVENT_WARP ||
	       kind == EVENT_MOVED;
}

/* Whether the event stands for the steps that a jump of the TSC caused. */
static inline bool event_is_jump(const struct event *e)
{
	return e->kind == EVENT_STEP && !strcmp(e->clock, "tsc");
}

#endif /* TSCOPE_EVENT_H */
