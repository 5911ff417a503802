/* SPDX-License-Identifier: GPL-2.0 */
/* moment.h: what all clocks did at one time, and which event caused it */
#ifndef TSCOPE_MOMENT_H
#define TSCOPE_MOMENT_H

#include <limits.h>
#include <sys/types.h>

#include "snapshot.h"

/*
 * Clocks by what drives them. The kernel's clocks (VOICE_RAW, VOICE_WALL) may be computed from the
 * time page or from the TSC: they never count as independent evidence.
 */
enum voice {
	VOICE_PAGE,		/* kvm-clock, xen, hyperv */
	VOICE_RAW,		/* monotonic-raw */
	VOICE_WALL,		/* realtime */
	VOICE_HOST,		/* ptp-kvm */
	VOICE_PM,		/* acpi-pm */
	VOICE_HPET,
	VOICE_VMCLOCK,		/* the host's wall clock, by a page that gives it at a TSC value */
	VOICES,
};

/* A hypervisor stops its devices and kvm-clock one after the other, within this time. */
#define STOP_APART_NS	100000000ll

#define CPU_UNKNOWN	UINT_MAX

/**
 * struct move - what one clock did against the TSC
 * @heard: the clock was read after the moment too, so it would have shown a step
 * @stepped: it made a step
 * @ns: the step; of a page the sum of its steps
 * @error_ns: see step_error.h
 * @error_unknown: residuals are not known: @error_ns is what the widths alone give
 * @largest_ns: of a time page the largest of its steps
 * @cpu: the CPU that saw the step; CPU_UNKNOWN: only a counter shows the step
 * @one_cpu: no other CPU saw it
 * @backward_ns, @backwards: the clock's backward readings: the largest, and their number
 * @explained: a finding names the step
 */
struct move {
	bool heard, stepped, one_cpu, explained, error_unknown;
	unsigned int cpu, steps;
	int64_t ns, largest_ns;
	uint64_t error_ns, backward_ns, backwards;
};

/* Whether the clock made a step that no finding names. */
static inline bool move_is_open(const struct move *x)
{
	return x->stepped && !x->explained;
}

enum moment_kind {
	MOMENT_OTHER,		/* each clock for itself */
	MOMENT_JUMP,		/* the TSC jumped by @ns: the others moved alike against it */
	MOMENT_PAUSE,		/* the guest did not run for @ns */
	MOMENT_RESTORE,		/* @ns passed on the host while the guest was away; 0: not known */
};

/**
 * struct moment - what the clocks did at one time
 * @by: the voice that @ns and @error_ns are from; @error_ns may be ERROR_UNKNOWN
 * @boottime_ns: CLOCK_BOOTTIME of the first report; not known: only a counter shows the step
 * @tsc_backward_ns, @tsc_backward_cpus: the TSC's backward readings, and on how many CPUs
 * @tsc_cpu: the first of these CPUs
 * @marked: the hypervisor reported that the TSC may have jumped
 * @loaded: the hypervisor reported that it loaded a snapshot of the guest
 */
struct moment {
	enum moment_kind kind;
	enum voice by;
	int64_t ns;
	uint64_t error_ns, tsc;
	struct count boottime_ns;
	uint64_t tsc_backward_ns;
	unsigned int tsc_backward_cpus, tsc_cpu;
	bool tsc_explained, marked, loaded;
	struct move move[VOICES];
};

/**
 * struct moment_list - the moments of a snapshot
 * @of: for each violation the index of its moment, or -1
 */
struct moment_list {
	struct moment *moments;
	size_t n;
	ssize_t *of;
};

/**
 * moments_of() - group the steps and backward readings of a snapshot by time
 * @s: has SNAPSHOT_VIOLATIONS; SNAPSHOT_POINTS improve times, SNAPSHOT_HISTOGRAMS the steps' errors
 * @since_ns: CLOCK_BOOTTIME; older violations are left out
 * @list: filled, oldest first
 *
 * A clock whose counted steps are not all in violations gets one more moment, before all others;
 * but not if violations has lines that are older than @since_ns.
 */
void moments_of(const struct snapshot *s, uint64_t since_ns, struct moment_list *list);

void moments_free(struct moment_list *list);

static inline uint64_t ns_magnitude(int64_t ns)
{
	return ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
}

/* a - b, saturated */
static inline int64_t ns_minus(int64_t a, int64_t b)
{
	int64_t difference;

	if (__builtin_sub_overflow(a, b, &difference))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return difference;
}

/* By how much an offset differs from 0 at least; negative: it may be 0. */
static inline __int128_t beyond_ns(int64_t offset_ns, int64_t bound_ns)
{
	return (__int128_t)ns_magnitude(offset_ns) - bound_ns;
}

/* CLOCK_BOOTTIME of a violation, if the machine has not been suspended since. */
static inline uint64_t violation_boottime_ns(const struct snapshot *s, const struct violation *v)
{
	return v->monotonic_ns + s->boottime_ns - s->monotonic_ns;
}

/* How far two times, or two rates, are apart. */
static inline uint64_t apart(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

/* The voice of a clock; VOICES: the clock is tsc, or not listed. */
enum voice voice_of(const char *clock);

/* Of a page steps are exact and reported at once, and one cause may give several. */
static inline bool is_page(enum voice voice)
{
	return voice == VOICE_PAGE || voice == VOICE_VMCLOCK;
}

/* The name of the clock of this voice in @s, or NULL if it has none. */
const char *voice_name(const struct snapshot *s, enum voice voice);

/* Whether two steps agree within their errors; steps of a counter may differ by whole wraps. */
bool moves_alike(const struct moment *m, enum voice a, enum voice b);

/*
 * After a finding named the step of @by: mark the kernel clocks' steps that follow from it.
 * @drives: the kernel computes its clocks from that one.
 */
void moment_follow(struct moment *m, enum voice by, bool drives);

/* The value of an error that is not known. */
#define ERROR_UNKNOWN	UINT64_MAX

/* The error of a clock's step, or ERROR_UNKNOWN. */
static inline uint64_t move_error_ns(const struct move *x)
{
	return x->error_unknown ? ERROR_UNKNOWN : x->error_ns;
}

/* Decide which kind a moment is; for moments_of(). */
void moment_judge(struct moment *m, const struct snapshot *s);

#endif /* TSCOPE_MOMENT_H */
