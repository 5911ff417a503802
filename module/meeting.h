/* SPDX-License-Identifier: GPL-2.0 */
/* Meetings: two CPUs exchange because one of them calls the other. */
#ifndef TSCOPE_MEETING_H
#define TSCOPE_MEETING_H

#include "burst.h"

int tscope_meet(struct tscope_cpu *c, int partner, u64 length_cyc,
		struct tscope_burst *b);
void tscope_meeting_answer(struct tscope_cpu *c);
void tscope_meeting_refuse(struct tscope_cpu *c);
bool tscope_meetings_settle(unsigned int limit_ms);
void tscope_meetings_finish(void);

#endif /* TSCOPE_MEETING_H */
