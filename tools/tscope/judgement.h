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
/* The TSC, and the kernel's clocks, which it drives if it is the clocksource. */
#define CLOCKS_OF_TSC	(CLOCK_TSC | CLOCK(VOICE_RAW) | CLOCK(VOICE_WALL))
#define ALL_CLOCKS	(~0u)

/* If the TSCs of a pair were moved one after the other, the pair is "moving" for two epochs. */
#define MOVES_AFTER_JUMP_NS	5000000000ull
/* How far the times of events of one cause may be apart: as long as four points take. */
#define EVENTS_APART_NS		3000000000ll

/**
 * struct explanation - warps and backward readings that a finding accounts for
 * @warps, @backward: of which clocks
 * @cpu, @peer: only those between the two CPUs, or of either; if @peer is CPU_UNKNOWN, those of
 *	@cpu and any other; if both are, those of all CPUs
 * @largest_ns: only those up to this size
 * @from_ns, @to_ns: only those in this time, CLOCK_BOOTTIME
 * @draft: index of the finding; explain() sets it
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
 * A finding that may yet become another one's evidence. @clock, @moment: what it is about, or NULL;
 * @worse: how many of its id and clock are worse; @more: how many of these are not reported.
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

/* Make warps and backward readings evidence of the newest finding. */
void explain(struct judgement *j, const struct explanation *what);

/* The time page's clock as a set, which is empty if there is none. */
unsigned int page_clock(const struct judgement *j);

/*
 * What explains a warp or a backward reading, or NULL. If the CPU, the size or the time of @e is
 * not known, this does not exclude any explanation.
 */
const struct explanation *explained(const struct judgement *j, const struct event *e);

/* A tally of what no finding explains, and then one for each finding of what it explains. */
struct tally *tallies_new(const struct judgement *j);

/* Count @e in its tally, with @size_ns as the size that people see. Return: whether explained. */
bool tally(const struct judgement *j, struct tally *all, const struct event *e, uint64_t size_ns);

/* A line of violations as an event. */
struct event event_of_line(const struct snapshot *s, const struct violation *v,
			   enum event_kind kind);

/* Set what the newest finding is about; each may be NULL. */
void finding_is_of(struct judgement *j, const char *clock, const struct moment *m);

/* Say that what was found is over, and when it was. */
void finding_ended(struct finding *f, struct count boottime_ns);

/*
 * In a guest in which neither kvm-clock nor the host's clock was read across @m, the time that
 * devices lost may be that of a pause: then the finding is a warning.
 */
void may_be_unseen_pause(const struct judgement *j, struct finding *f, const struct moment *m);

/*
 * If only a counter shows the step of @m, it is a warning at most: it may be that of a pause or a
 * restore, in which all clocks step.
 */
void finding_counted_only(struct finding *f, const struct moment *m);

/* Add a line of evidence for each clock: by how much it stepped in @m, or that it did not. */
void finding_voices(struct finding *f, const struct snapshot *s, const struct moment *m);

/*
 * How much a counter of a clock grew during the observation. If there was none: all that was
 * counted, but no warps if the newest is older than --since.
 */
#define grown(j, clock, member) \
	grown_at(j, clock, offsetof(struct clock_figures, member))
uint64_t grown_at(const struct judgement *j, const char *clock, size_t member);

/* The clock's largest warp during the observation; if that is not known, the largest of all. */
uint64_t largest_warp_ns(const struct judgement *j, const struct clock_figures *c);

/* Twice the time in which each pair meets once, from the most CPUs that one CPU meets. */
uint64_t two_turns_ms(const struct snapshot *s);

/* The largest age of a pair that met lately: relative to the youngest, as sampling may be off. */
uint64_t fresh_pair_ms(const struct snapshot *s);

/* How far the hull of a pair extends: unsigned, because it may be as wide as 64 bits. */
static inline uint64_t extent_ns(const struct pair_line *p)
{
	return (uint64_t)p->hull_high_ns - (uint64_t)p->hull_low_ns;
}

/* If a step of a wall clock is that of a leap second, say so. */
void note_leap_second(struct finding *f, int64_t step_ns);

/* The kernel's clocksource at the end of the observation. */
const char *clocksource(const struct judgement *j);

/* Whether the kernel keeps time by this clock, for which it may have another name. */
bool is_clocksource(const struct judgement *j, const char *clock);

/* Whether the kernel keeps time by the time page's clock. */
bool page_is_clocksource(const struct judgement *j);

#endif /* TSCOPE_JUDGEMENT_H */
