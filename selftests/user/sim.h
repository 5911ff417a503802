/* SPDX-License-Identifier: GPL-2.0 */
/* A simulated clock whose rate, phase and noise are known. */
#ifndef TSCOPE_SIM_H
#define TSCOPE_SIM_H

#include <math.h>

#include "tap.h"
#include "step.h"

#define SIM_KHZ		2893437
#define SIM_PERIOD_NS	10000000

/**
 * struct sim - a clock under simulation
 * @tsc0: TSC at the beginning
 * @cyc: cycles since the beginning
 * @ns0: the clock at the beginning
 * @phase: true phase, ns
 * @rate: slope of phase
 */
struct sim {
	u64 tsc0;
	u64 cyc;
	u64 ns0;
	long double phase;
	double rate;
};

static inline void sim_init(struct sim *s, u64 tsc0)
{
	*s = (struct sim){ .tsc0 = tsc0, .ns0 = 1700000000000000000ULL };
}

/* Advances by span_ns: for the share @part at the old rate, then at @rate. */
static inline void sim_turn(struct sim *s, long double span_ns, double part,
			    double rate)
{
	u64 cyc = (u64)(span_ns * SIM_KHZ / 1e6L);

	s->cyc += cyc;
	s->phase += cyc * 1e6L / SIM_KHZ *
		    (part * s->rate + (1 - part) * rate);
	s->rate = rate;
}

static inline void sim_pass(struct sim *s, long double span_ns)
{
	sim_turn(s, span_ns, 1, s->rate);
}

/* Reads the clock with an error of noise_ns; error_ns is the limit that the reader knows of. */
static inline struct tscope_reading sim_read(const struct sim *s,
					     double noise_ns, u32 error_ns)
{
	long double ns = s->cyc * 1e6L / SIM_KHZ + s->phase + noise_ns;

	return (struct tscope_reading){
		.tsc = s->tsc0 + s->cyc,
		.ns = s->ns0 + (s64)floorl(ns),
		.width_ns = 2 * error_ns,
		.error_ns = error_ns,
	};
}

#endif /* TSCOPE_SIM_H */
