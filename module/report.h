/* SPDX-License-Identifier: GPL-2.0 */
/* What bursts find is reported. */
#ifndef TSCOPE_REPORT_H
#define TSCOPE_REPORT_H

#include "exchange.h"

void tscope_warps_gather(struct tscope_pair *p, const struct tscope_burst *b);
void tscope_report_warps(struct tscope_cpu *c);
void tscope_report_found(struct tscope_cpu *c, bool is_leader);

#endif /* TSCOPE_REPORT_H */
