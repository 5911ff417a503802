/* SPDX-License-Identifier: GPL-2.0 */
/* judgement.h: what rules share while they judge */
#ifndef TSCOPE_JUDGEMENT_H
#define TSCOPE_JUDGEMENT_H

#include <stddef.h>

#include "moment.h"
#include "rules.h"

/* A set of clocks, by what drives them. */
#define CLOCK(voice)	(1u << (voice))
#define CLOCK_TSC	CLOCK(VOICES)
/* The TSC, and the kernel's clocks, which it drives where it is the clocksource. */
#define CLOCKS_OF_TSC	(CLOCK_TSC | CLOCK(VOICE_RAW) | CLOCK(VOICE_WALL))
#define ALL_CLOCKS	(~0u)

/* A pair whose TSCs were moved one after the other moves for two epochs. */
#define MOVES_AFTER_JUMP_NS	5000000000ull
/* How far the times of one cause are apart: those of four points. */
#define EVENTS_APART_NS		3000000000ll

/**
 * struct explanation - warps and backward readings that a finding accounts for
 * @warps, @backward: of which clocks
 * @cpu, @peer: those between the two CPUs, or of either; @peer CPU_UNKNOWN: those of @cpu and any
 *	other; both: of all
 * @largest_ns: up to that size
 * @from_ns, @to_ns: in that time, CLOCK_BOOTTIME
 */
struct explanation {
	unsigned int warps, backward, cpu, peer;
	uint64_t largest_ns, from_ns, to_ns;
	size_t draft;
};

/* Of some warps or backward readings: how many, and the largest. */
struct tally {
	uint64_t n, largest_ns;
};

/*
 * A finding that may yet become another one's evidence. @clock, @moment: what it is about;
 * @worse: how many of its id and clock are worse; @more: how many beside it are not reported.
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

/* Warps and backward readings that are evidence of the newest finding. */
void explain(struct judgement *j, const struct explanation *what);

/* The time page's clock as a set; none where there is none. */
unsigned int page_clock(const struct judgement *j);

/*
 * What explains a warp or a backward reading, or NULL. If its CPU, its size or its time is not
 * known, any of an explanation fits.
 */
const struct explanation *explained(const struct judgement *j, const struct event *e);

/* A tally of what is left, and then one for each finding, of what it explains. */
struct tally *tallies_new(const struct judgement *j);

/* Count it where it belongs, by that size for people; whether it is explained. */
bool tally(const struct judgement *j, struct tally *all, const struct event *e, uint64_t size_ns);

/* A line of violations as an event. */
struct event event_of_line(const struct snapshot *s, const struct violation *v,
			   enum event_kind kind);

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
