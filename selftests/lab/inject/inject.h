/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access to the MSRs that move a TSC. A CPU without the MSR is an error, not an oops.
 */
#ifndef TSC_INJECT_H
#define TSC_INJECT_H

#include <linux/types.h>

#include <asm/msr.h>
#include <asm/tsc.h>

static inline int read_adjust(u64 *val)
{
	u32 low, high;
	int err = rdmsr_safe(MSR_IA32_TSC_ADJUST, &low, &high);

	*val = (u64)high << 32 | low;
	return err;
}

static inline int write_msr(u32 msr, u64 val)
{
	return wrmsr_safe(msr, (u32)val, (u32)(val >> 32));
}

#endif
