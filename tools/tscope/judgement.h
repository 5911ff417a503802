/* SPDX-License-Identifier: GPL-2.0 */
/* judgement.h: what rules share while they judge */
#ifndef TSCOPE_JUDGEMENT_H
#define TSCOPE_JUDGEMENT_H

#include <stddef.h>

#include "moment.h"
#include "rules.h"

/* What the clock's backward readings, or its warps, are evidence of. */
struct explanation {
	enum event_kind kind;
	char clock[24];
	size_t draft;
};

/*
 * A finding that may yet become another one's evidence. @clock, @moment: what it is about;
 * @worse: how many of its id and clock are worse; @more: how many beside it are not told.
 */
struct draft {
	struct finding finding;
	const struct rule *rule;
	const char *clock;
	const struct moment *moment;
	size_t worse, more;
};

struct judgement {
	const struct observation *o;
	struct moment_list moments;
	struct draft *drafts;
	size_t n;
	struct explanation *explanations;
	size_t n_explanations;
};

/* All backward readings, or warps, of the clock are evidence of the newest finding. */
void explain(struct judgement *j, enum event_kind kind, const char *clock);

/* The same of the TSC and of the kernel's clocks, which it drives where it is the clocksource. */
void explain_of_tsc(struct judgement *j, enum event_kind kind);

/* The finding that explains them, or NULL. */
struct finding *explained(const struct judgement *j, enum event_kind kind, const char *clock);

/* What the newest finding is about. */
void finding_is_of(struct judgement *j, const char *clock, const struct moment *m);

/* It is over; since when. */
void finding_ended(struct finding *f, struct count boottime_ns);

/* A line for each clock: by how much it stepped at that time, or that it did not. */
void finding_voices(struct finding *f, const struct snapshot *s, const struct moment *m);

/*
 * How much a counter of a clock grew during the observation; all of it where none was, but for
 * warps before --since.
 */
#define grown(j, clock, member) \
	grown_at(j, clock, offsetof(struct clock_figures, member))
uint64_t grown_at(const struct judgement *j, const char *clock, size_t member);

/* The clock's largest warp during the observation; where that is not known, the largest of all. */
uint64_t largest_warp_ns(const struct judgement *j, const struct clock_figures *c);

/* Twice the time in which each pair meets once, by how many CPUs one CPU meets. */
uint64_t two_turns_ms(const struct snapshot *s);

/* The age that a pair that met lately has at most; when sampling has stopped, all get older. */
uint64_t fresh_pair_ms(const struct snapshot *s);

/* How far the hull of a pair extends: unsigned, for it may be as wide as 64 bits. */
static inline uint64_t extent_ns(const struct pair_line *p)
{
	return (uint64_t)p->hull_high_ns - (uint64_t)p->hull_low_ns;
}

/* The kernel's clocksource at the end. */
const char *clocksource(const struct judgement *j);

/* Whether the kernel keeps time by the time page's clock. */
bool page_is_clocksource(const struct judgement *j);

#endif /* TSCOPE_JUDGEMENT_H */
