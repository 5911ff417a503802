/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trials of interval.c, each with one simulated pair of CPUs. INTERVAL_LONG=1: more and longer
 * ones. INTERVAL_TRIAL=n: only the nth trial of a test, with the SEED and the INTERVAL_LONG of the
 * run in which it failed.
 */
#ifndef TSCOPE_TRIAL_H
#define TSCOPE_TRIAL_H

#include "interval.h"
#include "link.h"

/* bound of a usual burst of a healthy link */
#define BOUND_NS	80

/* Meetings per second: flat out, often, as at the defaults, and seldom. */
static const double trial_rates[] = { 10000, 1000, 25, 6, 1 };

/**
 * struct trial - results of a trial with one pair
 * @looks: how often the tracker was asked
 * @moving: how often the offset was reported to move
 * @false_rests: intervals that held no offset of their moment
 * @false_hulls: hulls that held no offset of some burst
 * @cut: intervals or hulls that held only one offset of a burst in which the offset changed
 * @false_narrowest: seconds whose narrowest burst did not hold the offset
 * @bound_ns: sum of bounds of looks without motion
 * @widest_ns: largest bound of a hull of looks with motion
 * @first_s: time of the first report of motion, s
 */
struct trial {
	u32 looks;
	u32 moving;
	u32 false_rests;
	u32 false_hulls;
	u32 cut;
	u32 false_narrowest;
	double bound_ns;
	double widest_ns;
	double first_s;
};

/* The number of the trial that runs. */
extern u32 trial_number;

/* Each trial has its own random numbers, so that it can be run alone. Return: is it to be run? */
bool trial_begins(void);
/* Sums over trials are only checked if all trials run. */
bool all_trials_run(void);
bool trials_are_long(void);
/* How long a trial is to take, s, if its pair meets @rate times a second. */
double trial_s(double rate);

/**
 * run_trial() - let a pair meet for some time
 * @l: the pair
 * @rate: meetings per second
 * @seconds: duration
 * @place_s: mean time after which transits change to 30 ns and back, s; 0: never
 * @trial: results
 */
void run_trial(struct link *l, double rate, double seconds, double place_s,
	       struct trial *trial);

#endif /* TSCOPE_TRIAL_H */
