/* SPDX-License-Identifier: GPL-2.0 */
/* The samplers, the meetings that they call for, and what they report. */
#ifndef TSCOPE_SAMPLER_H
#define TSCOPE_SAMPLER_H

#include "exchange.h"

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

/* meeting.c */
int tscope_meet(struct tscope_cpu *c, int partner, u64 length_cyc,
		struct tscope_burst *b);
void tscope_meeting_answer(struct tscope_cpu *c);
void tscope_meeting_refuse(struct tscope_cpu *c);
bool tscope_meetings_settle(unsigned int limit_ms);
void tscope_meetings_finish(void);

/* report.c */
void tscope_report_motion(struct tscope_pair *p);
void tscope_report_warps(struct tscope_cpu *c);
void tscope_report_found(struct tscope_cpu *c, bool is_leader);

/* sampler.c */
int tscope_samplers_start(void);
void tscope_samplers_stop(void);
void tscope_samplers_wake(void);
void tscope_sampling_pause(void);
void tscope_sampling_resume(const struct tscope_plan *plan);
void tscope_look_if_behind(void);

#endif /* TSCOPE_SAMPLER_H */
