/* SPDX-License-Identifier: GPL-2.0 */
/* The real TSC; a thread may add what its simulated offset is at that moment. */
#ifndef TSCOPE_ASM_TSC_H
#define TSCOPE_ASM_TSC_H

#include "../../motion.h"

static __always_inline u64 rdtsc_ordered(void)
{
	u64 tsc = native_tsc();

	return native_motion ? tsc + motion_offset(native_motion, tsc) : tsc;
}

#endif /* TSCOPE_ASM_TSC_H */
