/* SPDX-License-Identifier: GPL-2.0 */
/* Moments: readings of the kernel's own clocks together, and what lies between two of them. */
#ifndef TSCOPE_MOMENT_H
#define TSCOPE_MOMENT_H

#include "clock.h"

/**
 * struct tscope_moment - monotonic-raw and realtime of one read of the clocksource
 * @raw: the reading of monotonic-raw
 * @real_ns: CLOCK_REALTIME at the same time
 * @was_set: changes when realtime is set
 */
struct tscope_moment {
	struct tscope_raw raw;
	u64 real_ns;
	unsigned int was_set;
};

/**
 * struct tscope_take - a snapshot of the kernel's clocks, and what it may have come from
 * @before: TSC before the snapshot
 * @after: TSC after it
 * @jiffies_before: jiffies, 64 bits
 * @jiffies_after: the same after it
 * @snap: the snapshot
 * @page: this CPU's time page
 * @whole: @page held all the time
 */
struct tscope_take {
	u64 before;
	u64 after;
	u64 jiffies_before;
	u64 jiffies_after;
	struct tscope_snapshot snap;
	struct tscope_timepage page;
	bool whole;
};

/* What the kernel's clocksource counts. */
enum tscope_counts {
	TSCOPE_COUNTS_UNKNOWN,
	TSCOPE_COUNTS_TSC,
	TSCOPE_COUNTS_PAGE,	/* the time page's nanoseconds */
	TSCOPE_COUNTS_JIFFIES,
	TSCOPE_COUNTS_DEVICE,
};

/**
 * struct tscope_source - the kernel's clocksource, as its snapshots show it
 * @take: takes a snapshot; returns false where none can be had
 * @counts: what it counts
 * @stable: whether the page was stable when that was found out
 * @changed: the kernel's count of changes at that time
 * @number: grows with each change
 * @misfits: snapshots in a row that did not fit @counts
 */
struct tscope_source {
	bool (*take)(struct tscope_take *t);
	enum tscope_counts counts;
	bool stable;
	u8 changed;
	u32 number;
	u32 misfits;
};

/**
 * struct tscope_wall_offset - the guest's wall clock less the host's
 * @ns: the offset
 * @error_ns: how far it may be off
 * @tsc: the TSC value at which it held
 * @exact: it comes from exact moments
 */
struct tscope_wall_offset {
	s64 ns;
	u64 error_ns;
	u64 tsc;
	bool exact;
};

/* clock_kernel.c */
int tscope_source_read(struct tscope_source *s, struct tscope_moment *m);
int tscope_moment_read(struct tscope_moment *m);

/* clock_ptp.c */
bool tscope_wall_offset_find(const struct tscope_moment *a, const struct tscope_moment *b,
			     const struct tscope_raw *host, const struct tscope_series *raw,
			     const struct tscope_moment *before,
			     struct tscope_wall_offset *o);

#endif /* TSCOPE_MOMENT_H */
