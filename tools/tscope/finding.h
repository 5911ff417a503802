/* SPDX-License-Identifier: GPL-2.0 */
/* finding.h: what doctor finds; the fields are those of findings[] in JSON */
#ifndef TSCOPE_FINDING_H
#define TSCOPE_FINDING_H

#include <stdio.h>

#include "event.h"
#include "snapshot.h"
#include "system.h"

struct domain;

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_FAULT };

struct text_list {
	char **lines;
	size_t n;
};

/**
 * struct finding - one thing that is wrong, or worth to know
 * @id: one of the table in Documentation/doctor.rst
 * @size: what was measured, in 10^-@places of @unit; not known: the finding has no size. The value
 *	is from -2^63 to 2^64 - 1, so that JSON can hold it
 * @size_error: half-width of the interval that holds the truth; may be not known, and is then 0
 * @places: decimal places of both: 0, or 3
 * @see: section of the documentation
 * @since_ns: CLOCK_BOOTTIME; not known: null in JSON
 * @ended: an event, which is over
 * @cpus: CPUs that it is about; empty: all
 */
struct finding {
	const char *id;
	enum severity severity;
	char *title, *cause;
	struct text_list evidence, advice;
	const char *see, *unit;
	struct count since_ns;
	bool ended;
	struct { bool known; __int128_t value; } size;
	struct count size_error;
	unsigned int places;
	unsigned int *cpus;
	size_t n_cpus;
};

/* Advice to replace the TSC by the time page; --write makes a file of it. */
#define ADVICE_TIME_PAGE \
	"boot with tsc=unstable, and in a KVM guest clocksource=kvm-clock, until it is fixed"

struct finding_list {
	struct finding *findings;
	size_t n;
};

/**
 * struct observation - what rules look at
 * @before: the snapshot when the observation began; of debugfs it has the file cpus only
 * @after: the snapshot when it ended, with all parts
 * @events: all events of @after; rules judge those since @since_ns
 * @system: what the rest of the machine says
 * @domain: of --domain-xml, or NULL
 * @went_on: sampling was off, after it had been on, and what it had gathered was not reset
 * @observed_ns: how long sampling was observed; 0: nothing was sampled
 * @since_ns: CLOCK_BOOTTIME from which on events are judged
 */
struct observation {
	struct snapshot before, after;
	struct event_list events;
	struct system_facts system;
	const struct domain *domain;
	bool went_on;
	uint64_t observed_ns, since_ns;
};

/**
 * findings_of() - judge an observation by all rules
 *
 * The list is sorted: faults first, then warnings, then info. A finding that another one explains
 * is a line of the other's evidence, and not in the list.
 */
void findings_of(const struct observation *o, struct finding_list *list);

void findings_free(struct finding_list *list);

/* Print them for people, in lines of at most 80 columns; @now_ns: CLOCK_BOOTTIME. */
void findings_print(const struct finding_list *list, uint64_t now_ns, FILE *to);

/* A finding's size with its error, or the CPUs that it is about, as a text; false: it has none. */
bool finding_size_text(const struct finding *f, char *to, size_t size);
bool finding_cpus_text(const struct finding *f, char *to, size_t size);

/* fault, warning, info */
const char *severity_name(enum severity severity);

/* The exit status: 1 with a fault or a warning; else 4 if nothing was sampled, or 0. */
int findings_status(const struct observation *o, const struct finding_list *list);

#endif /* TSCOPE_FINDING_H */
