/* SPDX-License-Identifier: GPL-2.0 */
/* Simulated bursts between two CPUs whose offset is known at each moment. */
#ifndef TSCOPE_LINK_H
#define TSCOPE_LINK_H

#include "moments.h"
#include "tap.h"

#define LINK_KHZ	2096000
#define LINK_STEP_CYC	21
#define LINK_BURST_NS	10000
/* The least transit of a healthy link. */
#define LINK_FLOOR_NS	75
/* The tracker may ignore a burst that is wider than 4 usual ones of a healthy link. */
#define LINK_WIDEST_CYC	(4 * 2 * LINK_FLOOR_NS * (LINK_KHZ / 1000) / 1000 - 4 * LINK_STEP_CYC)

enum link_motion { LINK_RESTS, LINK_ALTERNATES, LINK_DRIFTS };

/**
 * struct link - two CPUs
 * @motion: how the offset moves
 * @base_cyc: the offset without the motion, in cycles
 * @extent_ns: the offset alternates by +- this
 * @half_ns: time after which an alternating offset changes its sign
 * @rate: the offset drifts by this, in ns per ns
 * @since_ns: time at which the drift begins
 * @forth_ns: least transit in one direction
 * @back_ns: least transit in the other direction
 * @noise_ns: mean time that an exchange adds to a least transit
 * @lopsided: transits are drawn anew, from a log-normal distribution (0.5)
 * @restless: @noise_ns is drawn anew, from 20 ns to 2 us, as on a machine that is busy at times
 * @tilt: one transit is longer and the other one shorter than their mean, by up to this share of
 *	it, which is drawn anew; 0.1 more changes from burst to burst, as between emulated CPUs
 * @tilted: the present share
 * @turn_ns: mean time after which these three are drawn; 0: before each burst
 * @turned_ns: when they are drawn next
 * @equal_in: in one of so many bursts both CPUs read the same count in one direction; 0: in none
 */
struct link {
	enum link_motion motion;
	s64 base_cyc;
	double extent_ns;
	double half_ns;
	double rate;
	double since_ns;
	double forth_ns;
	double back_ns;
	double noise_ns;
	bool lopsided;
	bool restless;
	double tilt;
	double tilted;
	double turn_ns;
	double turned_ns;
	u32 equal_in;
};

struct link link_healthy(void);
s64 link_offset_cyc(const struct link *l, double at_ns);
void link_turn(struct link *l, double at_ns);
void link_burst(const struct link *l, double at_ns, struct moment *m);

#endif /* TSCOPE_LINK_H */
