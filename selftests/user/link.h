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
/* A burst of it that is wider than 4 usual ones is of little use. */
#define LINK_WIDEST_CYC	(4 * 2 * LINK_FLOOR_NS * (LINK_KHZ / 1000) / 1000 - 4 * LINK_STEP_CYC)

enum link_motion { LINK_RESTS, LINK_ALTERNATES, LINK_DRIFTS };

/**
 * struct link - two CPUs
 * @motion: what the offset does
 * @base_cyc: the offset around which it does it
 * @extent_ns: it alternates by +- this
 * @half_ns: the time after which it changes its sign
 * @rate: it drifts by this, ns a ns
 * @since_ns: it drifts from then on
 * @forth_ns: least transit in one direction
 * @back_ns: in the other one
 * @noise_ns: mean of what one exchange adds to that
 * @lopsided: transits are drawn anew, from a log-normal distribution (0.5)
 * @restless: @noise_ns is drawn anew, from 20 ns to 2 us, as on a machine that is busy at times
 * @turn_ns: mean time after which they are; 0: before each burst
 * @turned_ns: when they are next
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
	double turn_ns;
	double turned_ns;
};

struct link link_healthy(void);
s64 link_offset_cyc(const struct link *l, double at_ns);
void link_turn(struct link *l, double at_ns);
void link_burst(const struct link *l, double at_ns, struct moment *m);

#endif /* TSCOPE_LINK_H */
