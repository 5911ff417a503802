/* SPDX-License-Identifier: GPL-2.0 */
/* Reports of what bursts and meetings found. */
#ifndef TSCOPE_REPORT_H
#define TSCOPE_REPORT_H

#include "exchange.h"

void tscope_report_motion(struct tscope_pair *p);
void tscope_report_warps(struct tscope_cpu *c);
void tscope_report_found(struct tscope_cpu *c, bool is_leader);

#endif /* TSCOPE_REPORT_H */
