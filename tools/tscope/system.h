/* SPDX-License-Identifier: GPL-2.0 */
/* system.h: what the rest of the machine says: /proc, /sys, the kernel log, chronyc */
#ifndef TSCOPE_SYSTEM_H
#define TSCOPE_SYSTEM_H

#include "files.h"
#include "snapshot.h"

/**
 * struct system_facts
 * @hypervisor: of the CPU's leaf 0x40000000, by name ("KVM", "Xen", ...); empty: none is seen
 * @clocksources: available_clocksource
 * @clocksource_reasons: lines of the kernel log about clocksources, the TSC and its calibration
 * @absent: lines of the kernel log in which the module says why a clock is absent
 * @constant_tsc, @nonstop_tsc, @tsc_reliable: flags of /proc/cpuinfo, 1: on all CPUs
 * @steal_ms: of /proc/stat, during the observation, of all CPUs together
 * @ptp_devices: clock_name of each /dev/ptp*, a line each
 * @time_service: what disciplines the wall clock: "chronyd", "ntpd", "systemd-timesyncd", ""
 * @chrony_refclock: whether chronyc says that a PHC is selected; not known: no chronyc
 * @notes: a line for each thing that could not be looked at, and what it needs
 */
struct system_facts {
	char hypervisor[16], clocksource[32], time_service[32];
	char clocksources[160], cmdline[2048];
	struct figure constant_tsc, nonstop_tsc, tsc_reliable;
	struct figure chrony_refclock, chrony_offset_ns;
	struct count steal_ms, observed_ms;
	struct figure ptp_kvm;		/* 1: there is a KVM virtual PTP clock */
	unsigned int n_cpus;
	char **clocksource_reasons, **absent, **ptp_devices, **notes;
	size_t n_clocksource_reasons, n_absent, n_ptp_devices, n_notes;
};

/* Begin to look: what counts during an observation is noted. */
void system_begin(struct system_facts *s);

/* Look at the rest; after system_begin() and the observation. */
void system_end(struct system_facts *s);

void system_free(struct system_facts *s);

#endif /* TSCOPE_SYSTEM_H */
