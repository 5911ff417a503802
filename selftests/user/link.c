// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated bursts. A transit is a floor plus an exponential part, which is
 * larger in some bursts, so that widths spread as on real CPUs: their 10th, 50th,
 * 90th and 99th percentiles are near 1, 1.15, 1.5 and 2.5 floors. Clocks count
 * in steps.
 */
#include <math.h>

#include "link.h"

#define EXCHANGES	14
#define CYC_PER_NS	(LINK_KHZ / 1e6)

/* A link whose offset rests. */
struct link link_healthy(void)
{
	return (struct link) {
		.base_cyc = (s64)rnd_bits(62) * (rnd64() & 1 ? 1 : -1),
		.forth_ns = LINK_FLOOR_NS,
		.back_ns = LINK_FLOOR_NS,
		.noise_ns = 20 + rnd_below(60),
	};
}

s64 link_offset_cyc(const struct link *l, double at_ns)
{
	double ns = 0;

	if (l->motion == LINK_ALTERNATES)
		ns = (u64)(at_ns / l->half_ns) & 1 ? l->extent_ns :
						     -l->extent_ns;
	if (l->motion == LINK_DRIFTS && at_ns > l->since_ns)
		ns = (at_ns - l->since_ns) * l->rate;
	return l->base_cyc + llrint(ns * CYC_PER_NS);
}

/* The least of many draws of a transit, in cycles, as clocks that count in steps show it. */
static s64 transit_cyc(double floor_ns, double noise_ns, u32 draws)
{
	double steps;

	floor_ns += -log(rnd_unit()) * noise_ns / draws;
	steps = floor_ns * CYC_PER_NS / LINK_STEP_CYC + rnd_unit();
	return (s64)steps * LINK_STEP_CYC;
}

/* Several exchanges at about the same time, which have the same offset. */
static void exchange(const struct link *l, double at_ns, double noise_ns,
		     u32 draws, struct moment *b)
{
	s64 offset = link_offset_cyc(l, at_ns);
	s64 low = offset - transit_cyc(l->forth_ns, noise_ns, draws);
	s64 high = offset + transit_cyc(l->back_ns, noise_ns, draws);

	b->low = max(b->low, low);
	b->high = min(b->high, high);
	b->least = min(b->least, offset);
	b->most = max(b->most, offset);
}

/* Before a burst: transits of a lopsided or tilted link, or the noise of a restless one, change. */
void link_turn(struct link *l, double at_ns)
{
	double share;

	if (l->tilt != 0) {
		share = fmax(-0.9, fmin(l->tilted + 0.1 * rnd_gauss(), 0.9));
		l->forth_ns = LINK_FLOOR_NS * (1 + share);
		l->back_ns = LINK_FLOOR_NS * (1 - share);
	}
	if ((!l->lopsided && !l->restless && l->tilt == 0) || at_ns < l->turned_ns)
		return;
	l->turned_ns = at_ns + 2 * l->turn_ns * rnd_unit();
	if (l->restless)
		l->noise_ns = 20 * exp(log(100) * rnd_unit());
	l->tilted = l->tilt * (2 * rnd_unit() - 1);
	if (!l->lopsided)
		return;
	l->forth_ns = LINK_FLOOR_NS * exp(0.5 * rnd_gauss());
	l->back_ns = LINK_FLOOR_NS * exp(0.5 * rnd_gauss());
}

/* Emulated CPUs get the same count at times, as the emulator never lets its clock go back. */
static void read_equal_counts(const struct link *l, struct moment *b)
{
	if (!l->equal_in || rnd_below(l->equal_in))
		return;
	if (rnd64() & 1)
		b->low = b->most;
	else
		b->high = b->least;
}

void link_burst(const struct link *l, double at_ns, struct moment *b)
{
	double noise = l->noise_ns, split;
	u64 kind = rnd_below(100);
	u32 i, first;

	if (kind < 20)
		noise *= 4;
	if (kind < 3)
		noise *= 5;
	*b = (struct moment) {
		.low = S64_MIN, .high = S64_MAX, .least = S64_MAX, .most = S64_MIN,
		.jumps = l->motion == LINK_ALTERNATES,
	};
	if (l->motion == LINK_DRIFTS) {
		for (i = 0; i < EXCHANGES; i++)
			exchange(l, at_ns + (i + 0.5) * LINK_BURST_NS / EXCHANGES,
				 noise, 1, b);
		return;
	}
	first = EXCHANGES;
	if (l->motion == LINK_ALTERNATES) {
		split = l->half_ns - fmod(at_ns, l->half_ns);
		if (split < LINK_BURST_NS)
			first = split / LINK_BURST_NS * EXCHANGES;
	}
	if (first)
		exchange(l, at_ns, noise, first, b);
	if (first < EXCHANGES)
		exchange(l, at_ns + LINK_BURST_NS, noise, EXCHANGES - first, b);
	read_equal_counts(l, b);
}
