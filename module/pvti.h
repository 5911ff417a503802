/* SPDX-License-Identifier: GPL-2.0 */
/* kvm-clock's arithmetic: one CPU's pvti, evaluated at a TSC value. */
#ifndef TSCOPE_PVTI_H
#define TSCOPE_PVTI_H

#include "pure.h"

#define TSCOPE_PVTI_STABLE	0x01	/* PVCLOCK_TSC_STABLE_BIT */
#define TSCOPE_PVTI_STOPPED	0x02	/* PVCLOCK_GUEST_STOPPED */

/**
 * struct tscope_pvti - a consistent copy of a CPU's pvclock_vcpu_time_info
 * @tsc: TSC value at which @ns held
 * @ns: system time, nanoseconds
 * @mul: 2^-32 ns a shifted cycle
 * @version: the host's version, even; 0 where nothing was copied yet
 * @shift: power of two that cycles are scaled by first, -32..31 in practice
 * @flags: TSCOPE_PVTI_*
 */
struct tscope_pvti {
	u64 tsc;
	u64 ns;
	u32 mul;
	u32 version;
	s8 shift;
	u8 flags;
};

u32 tscope_pvti_khz(u32 mul, s8 shift);
u64 tscope_pvti_eval_frac(const struct tscope_pvti *p, u64 tsc, u16 *frac);
bool tscope_pvti_inverse(const struct tscope_pvti *p, u64 ns, u64 *tsc);
s64 tscope_pvti_step(const struct tscope_pvti *old,
		     const struct tscope_pvti *new, u64 tsc);

/* What pvclock does: shift, multiply, take the upper part, modulo 2^64. */
static __always_inline u64 tscope_pvti_scale(u64 cyc, u32 mul, s8 shift)
{
	if (shift < 0)
		cyc = shift > -64 ? cyc >> -shift : 0;
	else
		cyc = shift < 64 ? cyc << shift : 0;
	return (u64)(((tscope_u128)cyc * mul) >> 32);
}

/**
 * tscope_pvti_eval() - kvm-clock at a TSC value
 * @p: the CPU's pvti
 * @tsc: a TSC reading of the same CPU
 *
 * As the KVM ABI defines it (Documentation/virt/kvm/x86/msr.rst,
 * MSR_KVM_SYSTEM_TIME_NEW), but signed: a TSC that stands before the host's
 * own reading yields a time before it, not one 2^64 cycles later.
 * Context: any, interrupts off in a burst.
 *
 * Return: nanoseconds.
 */
static __always_inline u64 tscope_pvti_eval(const struct tscope_pvti *p,
					    u64 tsc)
{
	u64 cyc = tsc - p->tsc;

	if (unlikely((s64)cyc < 0))
		return p->ns - tscope_pvti_scale(0 - cyc, p->mul, p->shift);
	return p->ns + tscope_pvti_scale(cyc, p->mul, p->shift);
}

#endif /* TSCOPE_PVTI_H */
