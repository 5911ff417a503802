/* SPDX-License-Identifier: GPL-2.0 */
/* Readings of the kernel's own clocks, and of the host's wall clock between two of them. */
#ifndef TSCOPE_MOMENT_H
#define TSCOPE_MOMENT_H

#include "clock.h"

struct kvm_clock_pairing;

/*
 * A line by which the kernel computes one of its clocks from what the clocksource counts: at
 * @cycles the clock is @ns + @shifted_ns * 2^-@shift ns.
 */
struct tscope_kernel_line {
	u64 ns;
	u64 shifted_ns;
	u64 cycles;		/* the clocksource's count */
	u32 mult;		/* 2^-shift ns a count; 0: the line is not known */
	u32 shift;
};

struct tscope_kernel_lines {
	struct tscope_kernel_line raw;		/* CLOCK_MONOTONIC_RAW */
	struct tscope_kernel_line real;		/* CLOCK_REALTIME */
};

/* A snapshot of the kernel's clocks, and what it may have come from. */
struct tscope_take {
	u64 before;			/* TSC before the snapshot */
	u64 after;			/* TSC after it */
	u64 ticks;			/* jiffies before it, 64 bits */
	struct tscope_snapshot snap;
	struct tscope_kernel_lines lines;	/* by which the snapshot was computed, if known */
	struct tscope_timepage page;	/* this CPU's; no flags if it changed meanwhile */
	u32 unit_ns;			/* unit in which a clocksource counts the page's time */
};

/* What the kernel's clocksource counts. */
enum tscope_counts {
	TSCOPE_COUNTS_UNKNOWN,
	TSCOPE_COUNTS_TSC,
	TSCOPE_COUNTS_PAGE,		/* the time page's units */
	TSCOPE_COUNTS_JIFFIES,
	TSCOPE_COUNTS_DEVICE,
};

/* The kernel's clocksource, as its snapshots show it. */
struct tscope_source {
	bool (*take)(struct tscope_take *t);	/* returns false if there is no snapshot */
	enum tscope_counts counts;
	u8 changed;	/* the kernel's count of clocksource changes when @counts was found */
};

/* The guest's wall clock minus the host's. */
struct tscope_wall_offset {
	s64 ns;
	u64 error_ns;
	u64 tsc;			/* the TSC value at which it held */
	u64 taken_ms;			/* tscope_now_ms() then; 0: there is no offset */
	bool exact;			/* by exact readings */
};

/* clock_kernel.c */
int tscope_source_read(struct tscope_source *s, struct tscope_raw *raw);
int tscope_moment_read(struct tscope_raw *raw);
void tscope_kernel_lines_watch(bool on);

/* clock_ptp.c */
long tscope_pairing_call(phys_addr_t gpa);
const char *tscope_pairing_fault(long err);
int tscope_pairing_take(const struct kvm_clock_pairing *p, long err, struct tscope_raw *raw);
bool tscope_wall_offset_find(const struct tscope_raw *a, const struct tscope_raw *b,
			     const struct tscope_raw *host, const struct tscope_series *raw,
			     const struct tscope_raw *before, struct tscope_wall_offset *o);

#endif /* TSCOPE_MOMENT_H */
