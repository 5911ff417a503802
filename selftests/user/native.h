/* SPDX-License-Identifier: GPL-2.0 */
/* The module's burst on the real TSC, in two threads. */
#ifndef TSCOPE_NATIVE_H
#define TSCOPE_NATIVE_H

#include "burst.h"
#include "interval.h"
#include "moments.h"
#include "motion.h"

/* Looks that a run for them must have had, and points of a time page that it keeps. */
#define NATIVE_LOOKS	4
#define NATIVE_POINTS	4096

/**
 * struct run - two threads that exchange for some time, and what was seen
 * @motion: what the second thread adds to its TSC; @motion.from is set
 * @seldom: some meetings a second, in place of all the time
 * @readings_wanted: the run lasts until there are as many readings
 * @looks_wanted: and as many looks, but at most 20 times its duration
 * @tracker: of the TSC
 * @page_tracker: of the time page
 * @start: TSC
 * @end: TSC
 * @latest: when it ends at the latest, TSC
 * @look: when the tracker is looked at next, TSC
 * @bursts: bursts of the first thread
 * @broken: bursts that are not one moment
 * @echoes: upper limits of the others
 * @readings: readings of both threads
 * @warps: readings below what the other thread had published
 * @page_warps: the same of the time page
 * @backward: readings below the one before
 * @looks: how often the tracker was looked at
 * @moving: how often the offset was reported to move
 * @false_rests: the offset was not in the interval
 * @false_hulls: an offset was not in the hull
 * @bound_cyc: sum of bounds where it was not reported to move
 * @hull_cyc: largest bound where it was
 * @first_s: when it was reported to move first
 * @epoch_ms: the tracker's epoch
 * @epochs: epochs that have finished
 * @ratio_min: lowest ratio of limits to widths of an epoch
 * @ratio_max: highest one
 * @width_count: widths of bursts that are kept
 * @points: NULL, or points of the time page, 0 to 10 ms apart
 * @next_point: when the next one is due, TSC
 * @point_count: how many
 * @first_ns: what the time page showed at the first one
 */
struct run {
	struct motion motion;
	bool seldom;
	u64 readings_wanted;
	u32 looks_wanted;
	struct tscope_tracker tracker;
	struct tscope_tracker page_tracker;
	u64 start;
	u64 end;
	u64 latest;
	u64 look;
	u64 bursts;
	u64 broken;
	u64 echoes;
	u64 readings;
	u64 warps;
	u64 page_warps;
	u64 backward;
	u32 looks;
	u32 moving;
	u32 false_rests;
	u32 false_hulls;
	double bound_cyc;
	s64 hull_cyc;
	double first_s;
	u64 epoch_ms;
	u32 epochs;
	double ratio_min;
	double ratio_max;
	u32 width_count;
	struct tscope_point *points;
	u64 next_point;
	u32 point_count;
	u64 first_ns;
};

/* native_machine.c */
extern double native_hz;
extern u32 native_step_cyc;
extern u64 native_burst_cyc;
extern const struct pvclock_vcpu_time_info *native_page;
extern const struct tscope_timepage_ops native_page_ops;
void native_machine(void);
const struct pvclock_vcpu_time_info *native_real_page(void);

/* native.c */
void native_pin(int which);
bool native_init(void);
void native_run(struct run *run, double seconds);
double native_width_ns(const struct run *run, double percent);

/* native_bare.c */
double native_ping_pong_ns(void);
double native_bare_rate(double seconds);

#endif /* TSCOPE_NATIVE_H */
