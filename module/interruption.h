/* SPDX-License-Identifier: GPL-2.0 */
/* What one pause, restore or migration does to several clocks, told as one. */
#ifndef TSCOPE_INTERRUPTION_H
#define TSCOPE_INTERRUPTION_H

#include "clock.h"

void tscope_step_tell(struct tscope_clock *clk, int cpu,
		      const struct tscope_step *step);
void tscope_interruption_begin(int cpu, u64 tsc, bool stopped);
void tscope_interruption_look(void);
void tscope_interruption_end(void);
void tscope_interruption_reset(void);

#endif /* TSCOPE_INTERRUPTION_H */
