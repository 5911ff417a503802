/* SPDX-License-Identifier: GPL-2.0 */
/* The samplers: a thread on each CPU that samples. */
#ifndef TSCOPE_SAMPLER_H
#define TSCOPE_SAMPLER_H

#include <linux/types.h>

/**
 * struct tscope_plan - what the samplers work by
 * @period_ns: from one window of the leader to the next
 * @width_cyc: length of a window
 * @burst_cyc: length of a burst, and of a meeting
 * @flat_out: all CPUs sample all the time
 */
struct tscope_plan {
	u64 period_ns;
	u64 width_cyc;
	u64 burst_cyc;
	bool flat_out;
};

int tscope_samplers_start(void);
void tscope_samplers_stop(void);
void tscope_samplers_wake(void);
void tscope_sampling_pause(void);
void tscope_sampling_resume(const struct tscope_plan *plan);
void tscope_look_if_behind(void);

#endif /* TSCOPE_SAMPLER_H */
