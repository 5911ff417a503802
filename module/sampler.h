/* SPDX-License-Identifier: GPL-2.0 */
/* The samplers, the meetings that they call for, and what they report. */
#ifndef TSCOPE_SAMPLER_H
#define TSCOPE_SAMPLER_H

#include <linux/percpu.h>

#include "exchange.h"

/* meeting.c */
DECLARE_PER_CPU(struct task_struct *, tscope_thread);	/* the sampler, which a call wakes up */
int tscope_meet(struct tscope_cpu *c, struct tscope_pair *pair, u64 length_cyc,
		struct tscope_burst *b);
void tscope_meeting_answer(struct tscope_cpu *c);
void tscope_meeting_refuse(struct tscope_cpu *c);
bool tscope_meetings_settle(unsigned int limit_ms);
void tscope_meetings_finish(void);

/* report.c */
void tscope_report_motion(struct tscope_pair *p);
void tscope_report_warps(struct tscope_cpu *c);
void tscope_report_found(struct tscope_cpu *c);

/* sampler.c */
int tscope_windows_init(void);
void tscope_windows_exit(void);
bool tscope_windows_hold(void);
void tscope_windows_release(void);
int tscope_samplers_start(void);
void tscope_samplers_stop(void);
void tscope_sampling_pause(void);
void tscope_sampling_resume(bool on);
u64 tscope_sampling_ms(void);
u64 tscope_sampler_due_ns(struct tscope_cpu *c, u64 now_ns);

/* behind.c */
void tscope_look_if_behind(void);
bool tscope_cpu_stands(u64 end_tsc, u64 seen_ms, u64 tsc, u64 now_ms, u32 khz);
bool tscope_time_stands(const struct tscope_cpu *c, bool late);

#endif /* TSCOPE_SAMPLER_H */
