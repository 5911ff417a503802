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
 * struct run - two threads that exchange for some time, and the results
 * @motion: what the second thread adds to its TSC; @motion.from is set
 * @seldom: the threads meet some times a second, not all the time
 * @readings_wanted: the run lasts until there are so many readings
 * @looks_wanted: and so many looks, but at most 20 times its duration
 * @tracker: of the TSC
 * @page_tracker: of the time page
 * @start: begin of the run, TSC
 * @end: planned end of the run, TSC
 * @latest: latest end of the run, TSC
 * @look: when the tracker is looked at next, TSC
 * @bursts: bursts of the first thread
 * @broken: bursts that are not whole, or took too long to have one true offset
 * @echoes: upper limits in the other bursts
 * @readings: readings of both threads
 * @warps: readings below a value that the other thread had published
 * @page_warps: the same of the time page
 * @backward: readings below the thread's previous one
 * @looks: how often the tracker was looked at
 * @moving: how often the offset was reported to move
 * @false_rests: the offset was not in the interval
 * @false_hulls: an offset was not in the hull
 * @bound_cyc: sum of bounds of looks without motion
 * @hull_cyc: largest bound of looks with motion
 * @first_s: time of the first report of motion, s
 * @epoch_ms: the tracker's epoch
 * @epochs: epochs that have finished
 * @ratio_min: lowest ratio of limits to widths of an epoch
 * @ratio_max: highest of these ratios
 * @width_count: number of bursts whose width is kept
 * @points: NULL, or points of the time page, 0 to 10 ms apart
 * @next_point: when the next point is due, TSC
 * @point_count: number of points
 * @first_ns: the time page's clock at the first point
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
