/* SPDX-License-Identifier: GPL-2.0 */
/* system.h: what the rest of the machine says: /proc, /sys, the kernel log, chronyc */
#ifndef TSCOPE_SYSTEM_H
#define TSCOPE_SYSTEM_H

#include "files.h"
#include "snapshot.h"

/**
 * struct system_facts - what is known of the machine besides the module's files
 * @hypervisor: by CPUID's leaf 0x40000000, its name ("KVM", "Xen", ...); empty: none is seen
 * @clocksources: available_clocksource
 * @clocksource_reasons: lines of the kernel log about clocksources, the TSC and its calibration
 * @switched_ns: when the kernel changed its clocksource, by the clock of its log, which goes on
 *	from boot as CLOCK_MONOTONIC does; the newest times
 * @absent: why the module says that a clock is absent, a line for each: "hpet is absent: ..."
 * @constant_tsc, @nonstop_tsc, @tsc_reliable: flags of /proc/cpuinfo, 1: on all CPUs
 * @steal_ms, @cpu_ms: of /proc/stat, during the observation, of all CPUs together: the time that
 *	the hypervisor did not let them run, and all time that was counted
 * @idle_ms: part of @cpu_ms in which the CPUs were idle
 * @steal_reported: whether KVM reports steal time to this guest
 * @idle_driver, @idle_states: of cpuidle, names of the first CPU's enabled states
 * @deep_idle: 1: one of these states is deeper than C1
 * @freq_driver, @freq_governor, @freq_min_khz, @freq_max_khz: of the first cpufreq policy
 * @ptp_devices: "ptp0: KVM virtual PTP", a line for each device
 * @time_service: what disciplines the wall clock: "chronyd", "ntpd", "systemd-timesyncd", ""
 * @services_hidden: processes are hidden from this user, and nothing else shows a time service
 * @chrony_refclock: 1: chronyc says that a reference clock is selected; not known: no chronyc
 * @chrony_refclocks: how many reference clocks chronyd has
 * @chrony_source: the source that is selected; empty: none is
 * @chrony_offset_ns: the wall clock minus the time that chronyd considers right
 * @notes: a line for each thing that could not be looked at, and what it needs
 */
struct system_facts {
	char hypervisor[16], clocksource[32], time_service[32];
	char clocksources[160], cmdline[2048];
	char idle_driver[32], idle_states[160], freq_driver[32], freq_governor[32];
	char chrony_source[64];
	bool services_hidden;
	struct figure constant_tsc, nonstop_tsc, tsc_reliable, deep_idle, steal_reported;
	struct figure chrony_refclock, chrony_offset_ns;
	struct count steal_ms, cpu_ms, idle_ms, freq_min_khz, freq_max_khz, chrony_refclocks;
	struct figure ptp_kvm;		/* 1: there is a KVM virtual PTP clock */
	uint64_t switched_ns[8];
	unsigned int n_switched;
	char **clocksource_reasons, **absent, **ptp_devices, **notes;
	size_t n_clocksource_reasons, n_absent, n_ptp_devices, n_notes;
};

/* Begin to look: note the counters whose growth during the observation is judged. */
void system_begin(struct system_facts *s);

/*
 * Look at the rest; call it after system_begin() and the observation. In a tree that --root names,
 * recorded/cpuid, recorded/proc-stat-begin, recorded/chronyc-tracking and recorded/chronyc-sources
 * hold what a machine has in no file.
 */
void system_end(struct system_facts *s);

void system_free(struct system_facts *s);

/* Whether @word is in @list, whose words are separated by blanks. */
bool system_has_word(const char *list, const char *word);

#endif /* TSCOPE_SYSTEM_H */
