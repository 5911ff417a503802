/* SPDX-License-Identifier: GPL-2.0 */
/* The one place where kernel versions are told apart. */
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

/* 6.5 has these. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define u128 unsigned __int128
#define s128 __int128
#endif

/* cpu_is_isolated() came with 6.4, and in the middle of 6.1.y. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
static inline bool tscope_cpu_is_isolated(int cpu)
{
	return !housekeeping_cpu(cpu, HK_TYPE_DOMAIN) ||
	       !housekeeping_cpu(cpu, HK_TYPE_TICK);
}
#else
static inline bool tscope_cpu_is_isolated(int cpu)
{
	return cpu_is_isolated(cpu) || !housekeeping_cpu(cpu, HK_TYPE_TICK);
}
#endif

/**
 * struct tscope_snapshot - the kernel's clocks, all of one read of the clocksource
 * @cycles: what the clocksource counted
 * @tsc: the TSC value that @cycles was computed from, where the kernel says so; else 0
 * @raw_ns: CLOCK_MONOTONIC_RAW
 * @real_ns: CLOCK_REALTIME
 * @was_set: changes when CLOCK_REALTIME is set
 * @changed: changes with the clocksource
 */
struct tscope_snapshot {
	u64 cycles;
	u64 tsc;
	u64 raw_ns;
	u64 real_ns;
	unsigned int was_set;
	u8 changed;
};

/*
 * 7.2 has a snapshot of any clock with CLOCK_MONOTONIC_RAW, which may fail, and no
 * other; and it has the hardware's count where the clocksource is derived.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 2, 0)
static inline bool tscope_snapshot(struct tscope_snapshot *to)
{
	struct system_time_snapshot snap;

	ktime_get_snapshot(&snap);
	*to = (struct tscope_snapshot){
		.cycles = snap.cycles,
		.raw_ns = ktime_to_ns(snap.raw),
		.real_ns = ktime_to_ns(snap.real),
		.was_set = snap.clock_was_set_seq,
		.changed = snap.cs_was_changed_seq,
	};
	return true;
}
#else
static inline bool tscope_snapshot(struct tscope_snapshot *to)
{
	struct system_time_snapshot snap;

	ktime_get_snapshot_id(CLOCK_REALTIME, &snap);
	if (!snap.valid)
		return false;
	*to = (struct tscope_snapshot){
		.cycles = snap.cycles,
		.tsc = snap.hw_csid == CSID_X86_TSC ? snap.hw_cycles : 0,
		.raw_ns = ktime_to_ns(snap.monoraw),
		.real_ns = ktime_to_ns(snap.systime),
		.was_set = snap.clock_was_set_seq,
		.changed = snap.cs_was_changed_seq,
	};
	return true;
}
#endif

/* 6.17 has the new name as well, and later ones warn of the old one. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define tscope_unbound_wq	system_unbound_wq
#else
#define tscope_unbound_wq	system_dfl_wq
#endif

#endif /* TSCOPE_COMPAT_H */
