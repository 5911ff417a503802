// SPDX-License-Identifier: GPL-2.0
/* rules.c: the table of rules; Documentation/doctor.rst says the same in a table for people */
#include "rules.h"

#define EVENT	.event = true, .module = true
#define STATE	.module = true
#define SYSTEM	.module = false

const struct rule rules[] = {
	{
		.id = "tsc-frequency", STATE, .severity = SEVERITY_FAULT,
		.looks_at = "skew of hpet, acpi-pm and ptp-kvm, the time page's multiplier, tsc/khz",
		.limit = "two clocks agree on 500 ppm or more, which NTP can't make up for; from 100 ppm on, which no crystal is off by, a warning",
		.cause = "The kernel has a wrong frequency of the TSC: its calibration was disturbed, or CPUID or the hypervisor names a wrong one.",
		.advice = {
			"dmesg | grep -i tsc shows where the kernel has the frequency from",
		},
		.explains = { "host-drift" },
		.see = "cases.rst, \"The TSC's frequency is wrong\"",
		.judge = judge_tsc_frequency,
	}, {
		.id = "tsc-moving", STATE, .severity = SEVERITY_FAULT,
		.looks_at = "moving and hull in debugfs pairs, tsc/offset",
		.limit = "moving is 1: limits that were measured exclude each other",
		.cause = "The TSC of a CPU runs at another rate, or its offset depends on the physical CPU on which the hypervisor runs the vCPU.",
		.advice = {
			"ask the host's owner whether its TSCs are in step: dmesg | grep -i tsc on the host",
		},
		.explains = { "clock-warped", "clock-backward", "clock-stepped", "clocksource" },
		.see = "cases.rst, \"An offset that moves\"",
		.judge = judge_tsc_moving,
	}, {
		.id = "tsc-offset", STATE, .severity = SEVERITY_FAULT,
		.looks_at = "debugfs pairs, tsc/offset, tsc/warps",
		.limit = "the offset exceeds its bound by more than 1 us, or the TSC warped: programs see time go backward; less is a warning",
		.cause = "The firmware left a CPU's TSC off, or the hypervisor set the TSC of a vCPU at another time than those of the others, as after a restore or when it was plugged.",
		.advice = {
			"on bare metal: update the firmware",
		},
		.explains = { "clock-warped", "clock-backward", "clock-stepped", "clocksource" },
		.see = "cases.rst, \"One CPU's TSC is off\"",
		.judge = judge_tsc_offset,
	}, {
		.id = "time-stood-still", EVENT, .severity = SEVERITY_FAULT,
		.looks_at = "backward readings, steps, debugfs cpus, the clocksource",
		.limit = "10 ms, a tick of the slowest kernels, by which the clocksource went back",
		.cause = "The clock that the kernel keeps time by went back, as after a restore or migration to a host whose clock is behind. The kernel never lets its time go back: it stands until the clock has caught up, and timers with it.",
		.advice = {
			"ask the host's owner what was done at that time: restore, migration, or a write to the TSC",
			"the hypervisor has to restore the TSC (KVM_SET_MSRS) and kvm-clock (KVM_SET_CLOCK) to what they were or later",
		},
		.explains = { "tsc-jumped", "clock-stepped", "clock-backward" },
		.see = "cases.rst, \"Time stands still\"",
		.judge = judge_time_stood_still,
	}, {
		.id = "tsc-jumped", EVENT, .severity = SEVERITY_FAULT,
		.looks_at = "steps of all clocks, the TSC's backward readings",
		.limit = "two clocks that don't depend on each other step alike, and the host's wall clock not otherwise",
		.cause = "The hypervisor, or the firmware when the machine slept, moved the TSC: after a suspend of the host, a migration, or a write to the TSC.",
		.advice = {
			"programs must not measure time by RDTSC here; clock_gettime() is right while the clocksource is not tsc",
			"ask the host's owner what was done at that time",
		},
		.explains = { "clock-stepped", "clock-backward", "clock-warped", "tsc-moving",
			      "restored" },
		.see = "cases.rst, \"The TSC jumps\"",
		.judge = judge_tsc_jumped,
	}, {
		.id = "restored", EVENT, .severity = SEVERITY_WARNING,
		.looks_at = "steps of ptp-kvm and of the time page at one time; marker and generation of vmclock",
		.limit = "both stepped, and not alike; or vmclock's page says so; or, where the host's clock is not read, page and devices are ahead alike",
		.cause = "The guest was saved and restored, or migrated: TSC and kvm-clock went on from saved values.",
		.advice = {
			"set the wall clock: chronyc makestep",
			"let a time service follow /dev/ptp_kvm, which knows the host's time at once",
		},
		.explains = { "clock-stepped", "clock-stopped", "host-drift" },
		.see = "cases.rst, \"A restore or a migration\"",
		.judge = judge_restored,
	}, {
		.id = "guest-stopped", EVENT, .severity = SEVERITY_WARNING,
		.looks_at = "steps of the time page and of devices, kvm-clock/stopped",
		.limit = "kvm-clock and a device lost the same time, or the host said that it stopped the guest",
		.cause = "The hypervisor stopped the guest: a pause, a snapshot or a backup.",
		.advice = {
			"nothing is wrong with the clocks; if the wall clock has to be right: chronyc makestep",
			"ask the host's owner who pauses guests: the host's log has it (libvirt, QEMU's monitor)",
		},
		.explains = { "clock-stepped", "clock-stopped", "host-drift" },
		.see = "cases.rst, \"A pause\"",
		.judge = judge_guest_stopped,
	}, {
		.id = "no-master-clock", STATE, .severity = SEVERITY_WARNING,
		.looks_at = "stable of kvm-clock or xen, hyperv/valid, debugfs timepage",
		.limit = "stable or valid is 0",
		.cause = "The host's clocksource is not its TSC, or the vCPUs' TSCs do not match: KVM then sets each vCPU's kvm-clock from a reading of its own.",
		.explains = { "clock-warped", "clock-stepped", "wall-clock-set",
			      "host-refuses-pairing" },
		.see = "cases.rst, \"Time goes back between vCPUs\"",
		.judge = judge_no_master_clock,
	}, {
		.id = "clocksource", SYSTEM, .severity = SEVERITY_WARNING,
		.looks_at = "current_clocksource, available_clocksource, the kernel log",
		.limit = "it is not the best one that is there, or it changed during the observation",
		.cause = "The kernel, or somebody, chose another clocksource.",
		.explains = { "clock-stepped", "wall-clock-set" },
		.see = "cases.rst, \"The kernel changes its clocksource\"",
		.judge = judge_clocksource,
	}, {
		.id = "wall-clock-set", EVENT, .severity = SEVERITY_WARNING,
		.looks_at = "steps and backward readings of realtime and monotonic-raw",
		.limit = "realtime steps and monotonic-raw does not",
		.cause = "Somebody set the wall clock: date, chronyd, ntpd, or the guest agent of the hypervisor.",
		.advice = {
			"journalctl and chronyc tracking say who; CLOCK_MONOTONIC is not affected",
			"let chronyd slew: remove makestep from chrony.conf, but for the first updates",
		},
		.explains = { "clock-backward", "host-drift" },
		.see = "cases.rst, \"Backward readings\"",
		.judge = judge_wall_clock_set,
	}, {
		.id = "host-wall-stepped", EVENT, .severity = SEVERITY_FAULT,
		.looks_at = "steps and backward readings of ptp-kvm",
		.limit = "ptp-kvm steps alone",
		.cause = "The host's wall clock was set.",
		.advice = {
			"on the host: journalctl and chronyc tracking say who set it",
			"ask the host's owner to slew its clock and not to step it",
		},
		.explains = { "clock-backward", "host-drift" },
		.see = "cases.rst, \"Backward readings\"",
		.judge = judge_host_wall_stepped,
	}, {
		.id = "clock-stopped", EVENT, .severity = SEVERITY_FAULT,
		.looks_at = "steps and points of acpi-pm and hpet",
		.limit = "a device loses time alone, by more than its readings can be off",
		.cause = "The device's counter stopped or lost counts, or what emulates it did.",
		.advice = {
			"do not keep time by it: see /sys/devices/system/clocksource/clocksource0/current_clocksource",
			"in a guest: ask the host's owner for another version of the hypervisor",
		},
		.see = "doctor.rst, \"clock-stopped\"",
		.judge = judge_clock_stopped,
	}, {
		.id = "clock-stepped", EVENT, .severity = SEVERITY_FAULT,
		.looks_at = "steps of each clock",
		.limit = "a clock steps alone, by more than its readings can be off; a time page by 2 ns",
		.cause = "What drives this clock set it to another time.",
		.explains = { "clock-backward", "host-drift" },
		.see = "cases.rst, \"The host updates its master clock\"",
		.judge = judge_clock_stepped,
	}, {
		.id = "clock-off-multiplier", STATE, .debug = true, .severity = SEVERITY_FAULT,
		.looks_at = "skew of kvm-clock or xen, debugfs timepage, tsc/khz",
		.limit = "four half-widths and 0.1 ppb, by which an exact line is never off",
		.cause = "The hypervisor does not keep its clock by the multiplier that it publishes.",
		.advice = {
			"boot with clocksource=tsc if the TSC is right, and in a KVM guest with no-kvmclock",
			"ask the maker of the hypervisor: its clock has to be TSC x multiplier x 2^shift",
		},
		.see = "cases.rst, \"kvm-clock's skew is not 0\"",
		.judge = judge_clock_off_multiplier,
	}, {
		.id = "clock-warped", STATE, .severity = SEVERITY_FAULT,
		.looks_at = "warps of tsc, kvm-clock and monotonic-raw; kvm-clock/offset",
		.limit = "one warp; or kvm-clock differs between CPUs by 1 us more than the bound, or moves by that while the TSC rests",
		.cause = "A CPU's clock is behind that of another CPU.",
		.advice = {
			"tscope pairs shows which CPUs; use another clocksource until it is fixed",
		},
		.see = "cases.rst, \"Time goes back between vCPUs\"",
		.judge = judge_clock_warped,
	}, {
		.id = "clock-backward", EVENT, .severity = SEVERITY_FAULT,
		.looks_at = "backward readings: debugfs violations, and the counters",
		.limit = "one backward reading",
		.cause = "A CPU read a clock lower than before.",
		.advice = {
			"tscope events shows when and on which CPU; use another clocksource until it is fixed",
		},
		.see = "cases.rst, \"Backward readings\"",
		.judge = judge_clock_backward,
	}, {
		.id = "host-drift", STATE, .severity = SEVERITY_WARNING,
		.looks_at = "skew of realtime and ptp-kvm, ptp-kvm/offset",
		.limit = "1 ppm beyond the error, or 10 ms during the whole observation: a disciplined clock is within these",
		.cause = "Nothing disciplines the guest's wall clock by the host's, or the two follow different references.",
		.advice = {
			"modprobe ptp_kvm, put the line \"ptp_kvm\" into /etc/modules-load.d/ptp_kvm.conf, put \"refclock PHC /dev/ptp_kvm poll 3 dpoll -2 offset 0\" into /etc/chrony/conf.d/ptp_kvm.conf, and restart chrony",
			"the alert TscopeHostDrift of tscope.rules.yml reports drift from then on",
		},
		.see = "cases.rst, \"The guest drifts against its host\"",
		.judge = judge_host_drift,
	}, {
		.id = "host-refuses-pairing", STATE, .severity = SEVERITY_INFO,
		.looks_at = "ptp-kvm/errors, the module's log",
		.limit = "one refused hypercall, or a guest without ptp-kvm",
		.cause = "The host has no clock pairing: its kernel is older than 4.11, or it does not run on its TSC.",
		.see = "doctor.rst, \"host-refuses-pairing\"",
		.judge = judge_host_refuses_pairing,
	}, {
		.id = "cpu-silent", STATE, .debug = true, .severity = SEVERITY_FAULT,
		.looks_at = "debugfs cpus and pairs",
		.limit = "a sampler has not run for 3 s, which no busy CPU causes",
		.cause = "The CPU's timers do not expire, the host does not run the vCPU, or a real-time task keeps the CPU for itself.",
		.advice = {
			"ps -eLo psr,rtprio,comm shows real-time tasks; the host's log and steal time (top) show whether the vCPU runs",
			"dmesg says if the CPU is stuck; after a restore: the hypervisor has to restore the TSC before TSC_DEADLINE",
		},
		.see = "doctor.rst, \"cpu-silent\"",
		.judge = judge_cpu_silent,
	}, {
		.id = "tsc-not-constant", SYSTEM, .severity = SEVERITY_WARNING,
		.looks_at = "/proc/cpuinfo, cpuidle, cpufreq, the kernel log",
		.limit = "constant_tsc or nonstop_tsc is missing, and C-states or frequencies that would move the TSC are in use; else info",
		.cause = "The CPU's TSC follows its frequency, or stops in deep C-states.",
		.see = "advice.rst, \"constant_tsc, C-states and cpufreq\"",
		.judge = judge_tsc_not_constant,
	}, {
		.id = "noisy-host", SYSTEM, .severity = SEVERITY_WARNING,
		.looks_at = "/proc/stat, windows lost in debugfs cpus, tsc/widest_bound_ns",
		.limit = "steal time or lost windows of 5 %, or bounds of 10 us, where 1 us is usual",
		.cause = "The host does not let the vCPUs run when they could.",
		.see = "cases.rst, \"Noise: wide readings and late windows\"",
		.judge = judge_noisy_host,
	}, {
		.id = "time-service", SYSTEM, .severity = SEVERITY_INFO,
		.looks_at = "processes, chronyc, /dev/ptp*",
		.limit = "no time service, or one that does not use the host's clock though it is there",
		.cause = "Nothing disciplines the wall clock, or not by the best clock.",
		.see = "advice.rst, \"chrony and /dev/ptp_kvm\"",
		.judge = judge_time_service,
	}, {
		.id = "timer-policy", SYSTEM, .severity = SEVERITY_INFO,
		.looks_at = "the domain's XML, of --domain-xml",
		.limit = "a setting that guests of this kind should not have",
		.cause = "The domain's XML says so, or leaves it to a default.",
		.see = "advice.rst, \"libvirt's clock and timers\"",
		.judge = judge_timer_policy,
	}, { }
};
