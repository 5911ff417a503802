// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated CPUs whose clocks are known. Each limit of a burst is one transit from the truth.
 */
#include <math.h>
#include <stdlib.h>

#include "scale.h"

u64 test_jiffies_ms;
u32 nr_cpu_ids;
u32 tscope_tsc_khz = SCALE_KHZ;
u64 tscope_ns_mult;

s64 scale_ahead_cyc[SCALE_CPUS_MAX];
s64 scale_gains_cyc[SCALE_CPUS_MAX];

s64 scale_cyc(double ns)
{
	return ns * SCALE_KHZ / 1e6;
}

double scale_ns(s64 cyc)
{
	return cyc * 1e6 / SCALE_KHZ;
}

/* How far a clock is ahead. */
static s64 ahead_at(u32 cpu, u64 at_ms)
{
	return scale_ahead_cyc[cpu] + scale_gains_cyc[cpu] * (s64)at_ms / 1000;
}

s64 scale_transit(void)
{
	return scale_cyc(SCALE_TRANSIT_NS) + rnd_below(scale_cyc(30) + 1);
}

/* A burst of a pair. */
static void meet_once(struct tscope_pair *p, u64 at_ms)
{
	s64 truth = ahead_at(p->peer, at_ms) - ahead_at(p->cpu, at_ms);
	struct tscope_burst b = {
		/* a jiffy is a ms here, and ages begin with 1 */
		.jiffies = at_ms - 1,
		.partner_id = tscope_nonce(p->peer, 0, 1),
		.whole = true,
		.echoes = 2,
	};

	b.low[SCALE_LANE] = truth - scale_transit();
	b.high[SCALE_LANE] = truth + scale_transit();
	tscope_pair_add(tscope_cpu_of(p->cpu), p, &b);
}

/* A figure needs two meetings, so the first meeting is followed by a second one at once. */
static void meet(struct tscope_pair *p, u64 at_ms)
{
	bool first = !p->tracker[SCALE_LANE].meetings;

	meet_once(p, at_ms);
	if (first)
		meet_once(p, at_ms);
}

/* Each pair meets once. */
static void turn(void)
{
	u32 turn_ms = tscope_pairs_turn_ms(), i;
	struct tscope_cpu *c;

	for_each_tscope_cpu(c)
		for (i = 0; i < c->pairs; i++)
			meet(c->pair[i], test_jiffies_ms + 1 +
			     (i * turn_ms + rnd_below(turn_ms)) / c->pairs);
	test_jiffies_ms += turn_ms;
}

void scale_turns(u32 n)
{
	while (n--)
		turn();
}

void scale_rest(s64 most_ns)
{
	u32 i;

	memset(scale_gains_cyc, 0, sizeof(scale_gains_cyc));
	for (i = 0; i < nr_cpu_ids; i++)
		scale_ahead_cyc[i] = scale_cyc(rnd_range(-most_ns, most_ns));
}

bool scale_holds(const struct tscope_offset *o)
{
	double truth = scale_ns(ahead_at(o->cpu_j, o->at_ms) - ahead_at(o->cpu_i, o->at_ms));

	/* a transit in cycles and the middle are rounded, by less than a nanosecond together */
	return fabs(o->offset_ns - truth) <= o->bound_ns - SCALE_TRANSIT_NS + 1.0;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

const double *scale_sorted(double *values, u32 n)
{
	qsort(values, n, sizeof(*values), by_size);
	return values;
}

double scale_clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}
