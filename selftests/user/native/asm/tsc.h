/* SPDX-License-Identifier: GPL-2.0 */
/* The real TSC plus the thread's current offset, or a simulated TSC. */
#ifndef TSCOPE_ASM_TSC_H
#define TSCOPE_ASM_TSC_H

#include "../../motion.h"

static __always_inline u64 rdtsc_ordered(void)
{
	const struct motion *m = native_motion;
	u64 tsc;

	if (m && m->simulated)
		return *m->simulated += m->reading_cyc;
	tsc = native_tsc();
	return m ? tsc + motion_offset(m, tsc) : tsc;
}

#endif /* TSCOPE_ASM_TSC_H */
