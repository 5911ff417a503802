/* SPDX-License-Identifier: GPL-2.0 */
/* snapshot.h: all that the module's files say, read once */
#ifndef TSCOPE_SNAPSHOT_H
#define TSCOPE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest number of CPUs that a kernel of x86 supports. */
#define MAX_CPUS	8192

/* A number in a file; not known: the file is absent, unreadable, or has no figure yet (ENODATA). */
struct figure {
	bool known;
	int64_t value;
};

/* The same for a counter, which uses all 64 bits. */
struct count {
	bool known;
	uint64_t value;
};

/* <clock>/offset: cpu_j's clock minus cpu_i's */
struct pair_offset {
	bool known;
	int64_t offset_ns, bound_ns, age_ms;
	unsigned int cpu_i, cpu_j;
	bool moving;
};

/**
 * struct clock_figures - the files of one clock's directory
 *
 * The unit of members that end in _ppt is 0.001 ppb, the last decimal place that the module prints.
 */
struct clock_figures {
	char name[24];
	struct count samples, rejected, errors;
	struct count backward, backward_max_ns, warps, warp_max_ns, steps;
	struct figure step_last_ns, step_max_ns;
	/* the file skew; all are of one fit */
	struct figure skew_ppt, skew_error_ppt;
	struct count points, span_ms;
	struct figure phase_ns;
	struct figure exact;		/* 0 or 1 */
	struct count read_min_ns, read_avg_ns;
	struct count khz;		/* tsc, kvm-clock, hyperv, xen */
	/* clocks that pairs of CPUs compare: tsc, time pages */
	struct pair_offset offset;
	struct count moving, unmet, widest_bound_ns;
	struct count step_cycles;	/* tsc */
	struct figure stable;		/* kvm-clock, xen: 0 or 1 */
	struct figure valid;		/* hyperv: 0 or 1 */
	struct count updates;		/* kvm-clock, hyperv, xen, vmclock */
	struct count stopped;		/* kvm-clock */
	struct count tsc_mode, incarnation;	/* xen */
	struct figure emulated;		/* xen: 0 or 1 */
	/* vmclock: whether its page gives time, its state, the error that the host states */
	struct figure time;
	struct count status, stated_error_ns, disruptions;
	/* ptp-kvm: the guest's wall clock minus the host's */
	struct figure host_offset_ns, host_offset_error_ns, host_offset_age_ms;
};

/**
 * struct pair_line - a line of debugfs pairs, or the worst pair that sysfs names
 * @known: whether the pair has met
 * @from_sysfs: meetings and warps are not known, and the hull is known only if the pair moves
 */
struct pair_line {
	char clock[24];
	unsigned int cpu_i, cpu_j;
	bool known, moving, from_sysfs;
	int64_t offset_ns, bound_ns, hull_low_ns, hull_high_ns;
	uint64_t age_ms, meetings, warps;
};

/* A line of debugfs cpus. */
struct cpu_line {
	unsigned int cpu;
	char state[16];			/* off, sampling, late, stood-still */
	bool leader;
	uint64_t windows, lost, meetings, unmet, readings;
	struct count age_ms;
};

/* A line of debugfs violations. */
struct violation {
	uint64_t monotonic_ns, tsc, count;
	char what[12];			/* warp, backward, step, marker, snapshot */
	char clock[24];
	unsigned int cpu;
	struct figure peer;
	int64_t size_ns;
	struct count error_ns;		/* of a step's size */
};

/* A line of debugfs timepage. */
struct page_line {
	unsigned int cpu;
	uint32_t version, mul;
	int64_t mul_thousandths;	/* 1000 mul, with its decimal places */
	uint64_t tsc_timestamp, system_time_ns;
	int shift;
	unsigned int flags;
	int64_t minus_first_ns;
};

/* A line of debugfs points. The unit of phase_ps is 0.001 ns, the last place that is printed. */
struct point_line {
	char clock[24];
	uint64_t segment, tsc, width_ns;
	int64_t phase_ps;
};

/* Values from low_ns to high_ns; negative: from -high_ns to -low_ns. */
struct hist_bucket {
	bool negative;
	uint64_t low_ns, high_ns, count;
};

/* A file below debugfs hist: "transit", "wakeup" or "<clock>/<name>". */
struct histogram {
	char name[40];
	uint64_t count;
	int64_t min_ns, mean_ns, max_ns, p50_ns, p99_ns, p999_ns;
	struct count lost;		/* wakeup */
	struct hist_bucket *buckets;
	size_t n_buckets;
};

/**
 * struct snapshot - one reading of all files
 * @loaded: whether the module's sysfs directory is there
 * @loading: identifies the loading of the module that was read: see module_loading()
 * @debug: whether the debugfs directory could be read; if not, @cpu_lines to @histograms are empty
 * @unread: the tables that the caller wanted and that could not be read although @debug is true
 * @pairs: if debugfs gave none, the worst pair of each clock, from sysfs
 * @boottime_ns: CLOCK_BOOTTIME when the reading began
 * @monotonic_ns: CLOCK_MONOTONIC at that time; the times of violations are by this clock. With
 *	--root both are from the file proc/uptime there.
 * @errors: a line for each file that could not be read or understood, and what to do about it
 */
struct snapshot {
	bool loaded, debug;
	unsigned int unread;
	uint64_t loading, boottime_ns, monotonic_ns;
	char version[32], kernel[96], clocksource[32];
	char cpus[4096], online[4096];
	struct count enabled, period_us, width_us, burst_us, fit_window_s, alerts;
	struct clock_figures *clocks;
	struct pair_line *pairs;
	struct cpu_line *cpu_lines;
	struct violation *violations;
	struct page_line *pages;
	struct point_line *points;
	struct histogram *histograms;
	char **errors;
	size_t n_clocks, n_pairs, n_cpu_lines, n_violations, n_pages, n_points, n_histograms,
	       n_errors;
};

/* Which of the large files a caller wants; sysfs is always read. */
enum snapshot_parts {
	SNAPSHOT_PAIRS = 1,
	SNAPSHOT_CPUS = 2,
	SNAPSHOT_VIOLATIONS = 4,
	SNAPSHOT_PAGES = 8,
	SNAPSHOT_POINTS = 16,
	SNAPSHOT_HISTOGRAMS = 32,
	SNAPSHOT_ALL = 63,
};

/**
 * snapshot_read() - read the module's files
 * @s: filled; snapshot_free() frees what it refers to
 * @parts: of enum snapshot_parts
 *
 * The trees are $TSCOPE_SYSFS, $TSCOPE_DEBUGFS, or /sys/kernel/tscope and
 * /sys/kernel/debug/tscope below the root that --root names. What can't be read is in
 * @s->errors, and is not known.
 *
 * Return: whether the module is loaded.
 */
bool snapshot_read(struct snapshot *s, unsigned int parts);

void snapshot_free(struct snapshot *s);

/* Whether anything was sampled since the module was loaded, or reset. */
bool snapshot_sampled(const struct snapshot *s);

/* How long ago the leader sampled; if no CPU leads, the last CPU. Only root can read this. */
struct count snapshot_age_ms(const struct snapshot *s);

/* The age of the newest offset, which anybody can read. */
struct count snapshot_offset_age_ms(const struct snapshot *s);

/*
 * The number of pairs if all are known, else 0: sysfs has only the worst pair of each clock, which
 * does not show what the others are like.
 */
static inline size_t snapshot_all_pairs(const struct snapshot *s)
{
	return s->n_pairs && s->pairs[0].from_sysfs ? 0 : s->n_pairs;
}

/* Whether a CPU takes the points, which are compared with its TSC; true if that is not known. */
bool snapshot_is_leader(const struct snapshot *s, unsigned int cpu);

/* A CPU whose time stands still; NULL if another CPU samples, as then only one TSC went back. */
const struct cpu_line *snapshot_standing_cpu(const struct snapshot *s);

/* How fast the clock of the first time page runs against the nominal TSC, in 0.001 ppb. */
struct figure snapshot_page_rate_ppt(const struct snapshot *s);

/*
 * How fast the guest's wall clock runs against the host's, and the 95 % half-width of this rate,
 * by the rule for independent errors; both in 0.001 ppb. Return: false if not known.
 */
bool snapshot_drift_ppt(const struct snapshot *s, int64_t *drift, int64_t *error);

/* The clock's figures, or NULL if it is absent. */
const struct clock_figures *snapshot_clock(const struct snapshot *s, const char *name);

/* The histogram of this name, or NULL. */
const struct histogram *snapshot_histogram(const struct snapshot *s, const char *name);

#endif /* TSCOPE_SNAPSHOT_H */
