/* SPDX-License-Identifier: GPL-2.0 */
/* Differences between kernels: Kbuild looks into their headers, and defines TSCOPE_HAS_*. */
#ifndef TSCOPE_COMPAT_H
#define TSCOPE_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "tscope needs Linux 6.1 or newer"
#endif

#ifndef CONFIG_X86_64
#error "tscope needs x86-64"
#endif

/* 6.16 moved rdtsc_ordered() from asm/msr.h to asm/tsc.h. */
#include <asm/msr.h>
#include <asm/tsc.h>

#include <linux/ktime.h>
#include <linux/sched/isolation.h>
#include <linux/workqueue.h>

/* Linux has these from 6.5 on. */
#ifndef TSCOPE_HAS_U128
#define u128 unsigned __int128
#define s128 __int128
#endif

/* 6.16 renamed it. */
#ifndef TSCOPE_HAS_CPUID_BASE_HYPERVISOR
#define cpuid_base_hypervisor	hypervisor_cpuid_base
#endif

static inline bool tscope_cpu_is_isolated(int cpu)
{
	/* Linux has it from 6.4 on. */
#ifdef TSCOPE_HAS_CPU_IS_ISOLATED
	if (cpu_is_isolated(cpu))
		return true;
#else
	if (!housekeeping_cpu(cpu, HK_TYPE_DOMAIN))
		return true;
#endif
	return !housekeeping_cpu(cpu, HK_TYPE_TICK);
}

/* The kernel's clocks, all computed from one read of the clocksource. */
struct tscope_snapshot {
	u64 cycles;		/* what the clocksource counted */
	u64 tsc;		/* the TSC value behind @cycles, if the kernel gives it; else 0 */
	u64 raw_ns;		/* CLOCK_MONOTONIC_RAW */
	u64 real_ns;		/* CLOCK_REALTIME */
	unsigned int was_set;	/* changes when CLOCK_REALTIME is set */
	u8 changed;		/* changes with the clocksource */
};

/*
 * From 7.2 on a snapshot may fail. It has the hardware's count too if the clocksource is derived
 * from that count. Returns whether there is a snapshot.
 */
static inline bool tscope_snapshot(struct tscope_snapshot *to)
{
	struct system_time_snapshot snap;

#ifndef TSCOPE_HAS_SNAPSHOT_ID
	ktime_get_snapshot(&snap);
	to->tsc = 0;
	to->raw_ns = ktime_to_ns(snap.raw);
	to->real_ns = ktime_to_ns(snap.real);
#else
	ktime_get_snapshot_id(CLOCK_REALTIME, &snap);
	if (!snap.valid)
		return false;
	to->tsc = snap.hw_csid == CSID_X86_TSC ? snap.hw_cycles : 0;
	to->raw_ns = ktime_to_ns(snap.monoraw);
	to->real_ns = ktime_to_ns(snap.systime);
#endif
	to->cycles = snap.cycles;
	to->was_set = snap.clock_was_set_seq;
	to->changed = snap.cs_was_changed_seq;
	return true;
}

/* 6.17 has both names; from 6.18 on kernels warn about the old one. */
#ifdef TSCOPE_HAS_SYSTEM_DFL_WQ
#define tscope_unbound_wq	system_dfl_wq
#else
#define tscope_unbound_wq	system_unbound_wq
#endif

#endif /* TSCOPE_COMPAT_H */
