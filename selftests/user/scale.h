/* SPDX-License-Identifier: GPL-2.0 */
/* Simulated CPUs whose clocks are known, for tests of scale. */
#ifndef TSCOPE_SCALE_H
#define TSCOPE_SCALE_H

#include <time.h>

#include "exchange.h"
#include "tap.h"

#define SCALE_CPUS_MAX	4096
#define SCALE_KHZ	2096000
#define SCALE_LANE	TSCOPE_LANE_TSC
/* The least distance of any limit of an offset from the truth. */
#define SCALE_TRANSIT_NS	70

/* By CPU: how far its clock is ahead when test_jiffies_ms is 0, and what it gains per second. */
extern s64 scale_ahead_cyc[SCALE_CPUS_MAX];
extern s64 scale_gains_cyc[SCALE_CPUS_MAX];

s64 scale_cyc(double ns);
double scale_ns(s64 cyc);
/* Returns a random transit in cycles: SCALE_TRANSIT_NS, and up to 30 ns more. */
s64 scale_transit(void);
/* Sets clocks of nr_cpu_ids CPUs that rest, each within +-@most_ns. */
void scale_rest(s64 most_ns);
/* Runs @n turns: in each all pairs meet once. */
void scale_turns(u32 n);
/* Whether an interval holds the true offset, with room for a transit at either side. */
bool scale_holds(const struct tscope_offset *o);

/* Sorts the values, and returns them. */
const double *scale_sorted(double *values, u32 n);
double scale_clock_ms(clockid_t id);

/* scale_partners.c */
void scale_test_partners(void);

#endif /* TSCOPE_SCALE_H */
