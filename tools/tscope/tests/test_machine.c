// SPDX-License-Identifier: GPL-2.0
/* rules_system.c, rules_time.c: findings about machines, their limits, and their exact texts */
#include <stdio.h>

#include "expect.h"

#define NO_FLAGS \
	"The hypervisor does not promise a constant TSC: no constant_tsc and nonstop_tsc"
#define WATCHDOG \
	"clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable because the skew is too large:"

static struct clock_figures clocks[3];
static struct cpu_line first[2], last[2];
static struct finding_list list;
static char *lines[8];

/* A guest of KVM in which all is well. */
static struct observation healthy(void)
{
	struct observation o = {
		.system = {
			.hypervisor = "KVM", .clocksource = "kvm-clock",
			.clocksources = "kvm-clock tsc hpet acpi_pm ",
			.cmdline = "root=/dev/vda1 ro", .time_service = "chronyd",
			.chrony_source = "PHC0",
			.chrony_refclock = { true, 1 }, .chrony_refclocks = { true, 1 },
			.ptp_kvm = { true, 1 },
			.constant_tsc = { true, 1 }, .nonstop_tsc = { true, 1 },
			.steal_ms = { true, 0 }, .cpu_ms = { true, 20000 },
			.idle_ms = { true, 19000 },
			.steal_reported = { true, 1 },
		},
		.observed_ns = 10000000000,
	};

	memset(clocks, 0, sizeof(clocks));
	set_text(clocks[0].name, "tsc");
	clocks[0].widest_bound_ns = (struct count){ true, 125 };
	set_text(clocks[1].name, "realtime");
	clocks[1].read_avg_ns = (struct count){ true, 54 };
	set_text(clocks[2].name, "ptp-kvm");
	clocks[2].host_offset_ns = (struct figure){ true, 5 };
	first[0] = (struct cpu_line){ .cpu = 0, .windows = 1000, .lost = 50 };
	first[1] = (struct cpu_line){ .cpu = 1 };
	last[0] = (struct cpu_line){ .cpu = 0, .windows = 1200, .lost = 50 };
	last[1] = (struct cpu_line){ .cpu = 1 };
	o.before.cpu_lines = first;
	o.before.n_cpu_lines = 2;
	o.after.cpu_lines = last;
	o.after.n_cpu_lines = 2;
	o.after.clocks = clocks;
	o.after.n_clocks = 3;
	o.after.loaded = true;
	set_text(o.before.clocksource, "kvm-clock");
	set_text(o.after.clocksource, "kvm-clock");
	return o;
}

static const struct finding *judge(const struct observation *o, const char *id)
{
	findings_free(&list);
	findings_of(o, &list);
	return the_finding(&list, id);
}

#define EXPECT_EVIDENCE(f, ...) EXPECT_LINES((f)->evidence.lines, (f)->evidence.n, __VA_ARGS__)
#define EXPECT_ADVICE(f, ...) EXPECT_LINES((f)->advice.lines, (f)->advice.n, __VA_ARGS__)

static void set_log(struct observation *o, size_t n)
{
	o->system.clocksource_reasons = lines;
	o->system.n_clocksource_reasons = n;
}

static void test_healthy(void)
{
	static const char *const ids[] = {
		"tsc-not-constant", "noisy-host", "clocksource", "time-service", "timer-policy"
	};
	struct observation o = healthy();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ids); i++)
		EXPECT(!judge(&o, ids[i]), "%s in a healthy guest", ids[i]);
	/* nothing is known */
	memset(&o, 0, sizeof(o));
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		EXPECT(!judge(&o, ids[i]) || i == 3, "%s of nothing", ids[i]);
}

static void test_flags_of_guests(void)
{
	struct observation o = healthy();
	const struct finding *f;

	o.system.constant_tsc.value = 0;
	o.system.nonstop_tsc.value = 0;
	f = judge(&o, "tsc-not-constant");
	if (!is_finding(f, SEVERITY_INFO, NO_FLAGS))
		return;
	EXPECT_EVIDENCE(f, "/proc/cpuinfo: constant_tsc is missing, nonstop_tsc is missing");
	EXPECT_ADVICE(f, "leave the clocksource to the kernel, which prefers kvm-clock",
		      "to get a constant TSC, ask the host's owner for the CPU feature invtsc; in libvirt: <feature policy='require' name='invtsc'/> in <cpu>");
	o.system.constant_tsc.value = 1;
	lines[0] = "tsc: Marking TSC unstable due to TSC halts in idle";
	set_log(&o, 1);
	f = judge(&o, "tsc-not-constant");
	if (!is_finding(f, SEVERITY_WARNING,
			"The hypervisor does not promise a constant TSC: no nonstop_tsc"))
		return;
	EXPECT_EVIDENCE(f, "/proc/cpuinfo: constant_tsc is on all CPUs, nonstop_tsc is missing",
			"kernel log: tsc: Marking TSC unstable due to TSC halts in idle");
	o.system.nonstop_tsc.known = false;
	EXPECT(!judge(&o, "tsc-not-constant"), "a flag is not known");
}

static void test_flags_of_hosts(void)
{
	struct observation o = healthy();
	const struct finding *f;

	o.system.hypervisor[0] = 0;
	set_text(o.system.idle_driver, "acpi_idle");
	set_text(o.system.idle_states, "POLL, C1, C2");
	o.system.deep_idle = (struct figure){ true, 1 };
	o.system.nonstop_tsc.value = 0;
	f = judge(&o, "tsc-not-constant");
	if (!is_finding(f, SEVERITY_WARNING, "The TSC is not constant: the CPU has no nonstop_tsc"))
		return;
	EXPECT_EVIDENCE(f, "/proc/cpuinfo: constant_tsc is on all CPUs, nonstop_tsc is missing",
			"cpuidle: driver acpi_idle, enabled states POLL, C1, C2");
	EXPECT_ADVICE(f, "keep the CPUs out of deep C-states by the kernel parameter processor.max_cstate=1, or use another clocksource than tsc");
	/* no C-state stops it */
	o.system.deep_idle.value = 0;
	f = judge(&o, "tsc-not-constant");
	if (!is_finding(f, SEVERITY_INFO, "The TSC is not constant: the CPU has no nonstop_tsc"))
		return;

	o.system.constant_tsc.value = 0;
	o.system.nonstop_tsc.value = 1;
	set_text(o.system.freq_driver, "acpi-cpufreq");
	set_text(o.system.freq_governor, "schedutil");
	o.system.freq_min_khz = (struct count){ true, 1500000 };
	o.system.freq_max_khz = (struct count){ true, 3400000 };
	f = judge(&o, "tsc-not-constant");
	if (!is_finding(f, SEVERITY_WARNING,
			"The TSC is not constant: the CPU has no constant_tsc"))
		return;
	EXPECT_EVIDENCE(f, "/proc/cpuinfo: constant_tsc is missing, nonstop_tsc is on all CPUs",
			"cpuidle: driver acpi_idle, enabled states POLL, C1, C2",
			"cpufreq: driver acpi-cpufreq, governor schedutil, 1500000 to 3400000 kHz");
	EXPECT_TEXT(f->cause, "The TSC follows the frequency of the CPU's cores.");
	o.system.freq_min_khz.value = 3400000;
	f = judge(&o, "tsc-not-constant");
	if (!is_finding(f, SEVERITY_INFO, "The TSC is not constant: the CPU has no constant_tsc"))
		return;
}

static void test_steal(void)
{
	struct observation o = healthy();
	const struct finding *f;

	/* the limit is 5 % */
	o.system.steal_ms.value = 999;
	EXPECT(!judge(&o, "noisy-host"), "below the limit");
	o.system.steal_ms.value = 1000;
	f = judge(&o, "noisy-host");
	if (!is_finding(f, SEVERITY_WARNING, "The host disturbs this guest"))
		return;
	EXPECT(f->size.known && size_of(f) == 5.0, "size");
	EXPECT_TEXT(f->unit, "%");
	EXPECT_EVIDENCE(f, "steal time: the CPUs waited for the host 5.0 % of the time (1000 of 20000 ms, all CPUs together)");
	EXPECT_ADVICE(f, "ask the host's owner for CPUs that nobody else uses: in libvirt <vcpupin> in <cputune>, and no <quota>",
		      "figures stay right meanwhile: they have wider bounds, and fewer readings");
	/* doctor -d 0 sees only some ticks */
	o.system.steal_ms.value = 200;
	o.system.cpu_ms.value = 990;
	EXPECT(!judge(&o, "noisy-host"), "below a second of CPU time");
	/* the limit holds for very large numbers too */
	o.system.steal_ms.value = U64_MAX;
	o.system.cpu_ms.value = U64_MAX;
	f = judge(&o, "noisy-host");
	if (!is_finding(f, SEVERITY_WARNING, "The host disturbs this guest"))
		return;
	EXPECT(size_of(f) == 100.0, "all of it");
	o.system.steal_ms.known = false;
	EXPECT(!judge(&o, "noisy-host"), "not known");
}

static void test_windows(void)
{
	struct observation o = healthy();
	const struct finding *f;

	/* 200 windows and 10 that were lost: less than 5 %; 11 are more */
	last[0].lost = 60;
	EXPECT(!judge(&o, "noisy-host"), "below the limit");
	last[0].lost = 61;
	f = judge(&o, "noisy-host");
	if (!is_finding(f, SEVERITY_WARNING, "The host disturbs this guest"))
		return;
	EXPECT_EVIDENCE(f, "sampling: 11 of 211 windows did not happen because the CPU was late; the CPUs were idle 95 % of the time");
	EXPECT(!f->size.known, "no size");
	o.system.steal_reported.value = 0;
	f = judge(&o, "noisy-host");
	if (!is_finding(f, SEVERITY_WARNING, "The host disturbs this guest"))
		return;
	EXPECT_EVIDENCE(f, "sampling: 11 of 211 windows did not happen because the CPU was late; the CPUs were idle 95 % of the time",
			"steal time: this host does not report it");
	/* if the machine is busy, its own load may be the reason */
	o.system.idle_ms.value = 9999;
	EXPECT(!judge(&o, "noisy-host"), "busy");
	/* after a reset all windows belong to the observation */
	o.system.idle_ms.value = 19000;
	first[0].windows = 5000;
	first[0].lost = 5000;
	last[0].windows = 100;
	last[0].lost = 3;
	EXPECT(!judge(&o, "noisy-host"), "after a reset");
	last[0].lost = 6;
	EXPECT(judge(&o, "noisy-host"), "after a reset");
	/* without a first look nothing is known of them */
	o.before.n_cpu_lines = 0;
	EXPECT(!judge(&o, "noisy-host"), "no first look");
}

static void test_bounds(void)
{
	struct observation o = healthy();
	const struct finding *f;

	clocks[0].widest_bound_ns.value = 9999;
	EXPECT(!judge(&o, "noisy-host"), "below the limit");
	clocks[0].widest_bound_ns.value = 10000;
	f = judge(&o, "noisy-host");
	if (!is_finding(f, SEVERITY_WARNING, "The host disturbs this guest"))
		return;
	EXPECT_EVIDENCE(f, "offsets between CPUs: the widest bound is 10000 ns, where CPUs that run at the same time get less than 1000 ns");
	o.system.hypervisor[0] = 0;
	f = judge(&o, "noisy-host");
	if (!is_finding(f, SEVERITY_WARNING, "This machine's CPUs are disturbed"))
		return;
	EXPECT_ADVICE(f, "look for the reason with the tracer hwlat: trace-cmd start -p hwlat");
	o.observed_ns = 0;
	EXPECT(!judge(&o, "noisy-host"), "nothing was sampled");
}

static void use(struct observation *o, const char *clocksource, const char *available)
{
	set_text(o->system.clocksource, clocksource);
	set_text(o->before.clocksource, clocksource);
	set_text(o->after.clocksource, clocksource);
	set_text(o->system.clocksources, available);
}

static void test_good_clocksources(void)
{
	static const struct {
		const char *hypervisor, *now, *available;
		bool constant, good;
	} machines[] = {
		{ "KVM", "kvm-clock", "kvm-clock tsc hpet", false, true },
		{ "KVM", "tsc", "tsc kvm-clock hpet", true, true },
		{ "KVM", "tsc", "tsc kvm-clock hpet", false, false },
		{ "KVM", "hpet", "kvm-clock hpet acpi_pm", false, false },
		{ "Hyper-V", "hyperv_clocksource_tsc_page", "hyperv_clocksource_tsc_page acpi_pm",
		  false, true },
		{ "Xen", "xen", "xen tsc hpet", false, true },
		{ "Xen", "tsc", "xen tsc hpet", false, false },
		{ "QEMU TCG", "tsc", "tsc hpet acpi_pm", false, true },
		{ "QEMU TCG", "hpet", "hpet acpi_pm", false, false },
		{ "", "tsc", "tsc hpet acpi_pm", true, true },
		{ "", "tsc-early", "tsc-early hpet acpi_pm", true, true },
		{ "", "tsc", "tsc hpet acpi_pm", false, true },
		{ "", "hpet", "hpet acpi_pm", true, false },
		{ "", "jiffies", "jiffies", false, false },
	};
	struct observation o;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(machines); i++) {
		o = healthy();
		set_text(o.system.hypervisor, machines[i].hypervisor);
		use(&o, machines[i].now, machines[i].available);
		o.system.constant_tsc.value = machines[i].constant;
		o.system.nonstop_tsc.value = machines[i].constant;
		EXPECT_EQ(!judge(&o, "clocksource"), machines[i].good, "%zu: %s of %s", i,
			  machines[i].now, machines[i].available);
	}
}

static void test_clocksource_by_parameter(void)
{
	struct observation o = healthy();
	const struct finding *f;

	use(&o, "acpi_pm", "kvm-clock tsc hpet acpi_pm ");
	set_text(o.system.cmdline, "ro clocksource=acpi_pm tsc=nowatchdog quiet");
	o.system.constant_tsc.value = 0;
	clocks[1].read_avg_ns.value = 31000;
	f = judge(&o, "clocksource");
	if (!is_finding(f, SEVERITY_WARNING,
			"The clocksource is acpi_pm, though kvm-clock is there"))
		return;
	EXPECT_EVIDENCE(f, "current clocksource: acpi_pm; available: kvm-clock tsc hpet acpi_pm ",
			"a reading of the wall clock takes 31000 ns",
			"kernel parameter: clocksource=acpi_pm",
			"kernel parameter: tsc=nowatchdog");
	EXPECT_TEXT(f->cause, "A parameter of the kernel says so.");
	EXPECT_ADVICE(f, "remove clocksource=acpi_pm from /etc/default/grub or /etc/default/grub.d/, run update-grub, and reboot",
		      "until the next boot: echo kvm-clock >/sys/devices/system/clocksource/clocksource0/current_clocksource");
	/* a parameter that does not choose a clocksource */
	set_text(o.system.cmdline, "tsc=nowatchdog");
	f = judge(&o, "clocksource");
	if (!is_finding(f, SEVERITY_WARNING,
			"The clocksource is acpi_pm, though kvm-clock is there"))
		return;
	EXPECT_TEXT(f->cause, "Somebody wrote it to current_clocksource.");
}

static void test_clocksource_by_log(void)
{
	struct observation o = healthy();
	const struct finding *f;

	o.system.hypervisor[0] = 0;
	use(&o, "hpet", "hpet acpi_pm ");
	lines[0] = "tsc: Detected 2400.204 MHz processor";
	lines[1] = WATCHDOG;
	lines[2] = "tsc: Marking TSC unstable due to clocksource watchdog";
	set_log(&o, 3);
	f = judge(&o, "clocksource");
	if (!is_finding(f, SEVERITY_WARNING, "The clocksource is hpet, not the TSC"))
		return;
	EXPECT_EVIDENCE(f, "current clocksource: hpet; available: hpet acpi_pm ",
			"a reading of the wall clock takes 54 ns",
			"kernel log: " WATCHDOG,
			"kernel log: tsc: Marking TSC unstable due to clocksource watchdog");
	EXPECT_TEXT(f->cause, "The kernel does not trust the TSC, for the reason in its log.");
	EXPECT_ADVICE(f, "let tscope measure whether the TSC is at fault: tscope report -d 60s; tsc/offset, tsc/warps and the skews of acpi-pm and hpet say so");
	set_text(o.system.hypervisor, "KVM");
	set_log(&o, 1);
	f = judge(&o, "clocksource");
	if (!is_finding(f, SEVERITY_WARNING, "The clocksource is hpet, not the TSC"))
		return;
	EXPECT_TEXT(f->cause, "The kernel found nothing better.");
	EXPECT_ADVICE(f, "ask the host's owner for kvm-clock; in libvirt: <timer name='kvmclock' present='yes'/> in <clock>");
}

static void test_clocksource_changed(void)
{
	struct observation o = healthy();
	const struct finding *f;

	set_text(o.before.clocksource, "tsc");
	f = judge(&o, "clocksource");
	if (!is_finding(f, SEVERITY_WARNING, "The clocksource changed from tsc to kvm-clock"))
		return;
	EXPECT_EVIDENCE(f, "current clocksource: kvm-clock; available: kvm-clock tsc hpet acpi_pm ",
			"a reading of the wall clock takes 54 ns");
	EXPECT_EQ(f->advice.n, 0, "kvm-clock is the best");
}

static void test_no_service(void)
{
	struct observation o = healthy();
	const struct finding *f;

	o.system.time_service[0] = 0;
	o.system.ptp_kvm.value = 0;
	o.system.chrony_refclock.known = false;
	o.system.chrony_source[0] = 0;
	f = judge(&o, "time-service");
	if (!is_finding(f, SEVERITY_INFO, "Nothing disciplines the wall clock"))
		return;
	EXPECT_EVIDENCE(f, "no chronyd, ntpd, ntpd-rs, systemd-timesyncd or phc2sys runs",
			"there is no /dev/ptp*");
	EXPECT_ADVICE(f, "install chrony: apt install chrony, or dnf install chrony",
		      "load the host's clock now: modprobe ptp_kvm (if it fails: advice.rst, \"chrony and /dev/ptp_kvm\")",
		      "load it at each boot: put the line \"ptp_kvm\" into /etc/modules-load.d/ptp_kvm.conf",
		      "have chronyd read it: put \"refclock PHC /dev/ptp_kvm poll 3 dpoll -2 offset 0\" into /etc/chrony/conf.d/ptp_kvm.conf (or chrony.conf), and restart chrony",
		      "keep the NTP servers: the guest can't see how wrong the host is");
	/* the host answers nothing */
	clocks[2].host_offset_ns.known = false;
	clocks[2].errors = (struct count){ true, 7 };
	f = judge(&o, "time-service");
	if (!is_finding(f, SEVERITY_INFO, "Nothing disciplines the wall clock"))
		return;
	EXPECT_ADVICE(f, "install chrony: apt install chrony, or dnf install chrony");
	/* the clock is absent, and the log no longer says why */
	o.after.n_clocks = 2;
	f = judge(&o, "time-service");
	if (!is_finding(f, SEVERITY_INFO, "Nothing disciplines the wall clock"))
		return;
	EXPECT_EQ(f->advice.n, 1, "advice");
	/* the module is not loaded, so that nobody has asked the host */
	o.after.loaded = false;
	o.after.n_clocks = 0;
	f = judge(&o, "time-service");
	if (!is_finding(f, SEVERITY_INFO, "Nothing disciplines the wall clock"))
		return;
	EXPECT_EQ(f->advice.n, 5, "advice");
	lines[0] = "ptp-kvm is absent: the host has no clock pairing (-95)";
	o.system.absent = lines;
	o.system.n_absent = 1;
	f = judge(&o, "time-service");
	if (!is_finding(f, SEVERITY_INFO, "Nothing disciplines the wall clock"))
		return;
	EXPECT_EQ(f->advice.n, 1, "advice");
}

static void test_other_services(void)
{
	struct observation o = healthy();
	const struct finding *f;

	set_text(o.system.time_service, "systemd-timesyncd");
	o.system.chrony_refclock.known = false;
	o.system.chrony_source[0] = 0;
	lines[0] = "ptp0: KVM virtual PTP";
	o.system.ptp_devices = lines;
	o.system.n_ptp_devices = 1;
	f = judge(&o, "time-service");
	if (!is_finding(f, SEVERITY_INFO, "systemd-timesyncd does not use the host's clock"))
		return;
	EXPECT_EVIDENCE(f, "systemd-timesyncd runs", "/dev/ptp0: KVM virtual PTP");
	EXPECT_ADVICE(f, "install chrony: apt install chrony, or dnf install chrony",
		      "load it at each boot: put the line \"ptp_kvm\" into /etc/modules-load.d/ptp_kvm.conf",
		      "have chronyd read it: put \"refclock PHC /dev/ptp_kvm poll 3 dpoll -2 offset 0\" into /etc/chrony/conf.d/ptp_kvm.conf (or chrony.conf), and restart chrony",
		      "keep the NTP servers: the guest can't see how wrong the host is");
	set_text(o.system.time_service, "phc2sys");
	EXPECT(!judge(&o, "time-service"), "phc2sys reads a PHC");
	/* not a guest of KVM: there is no such clock */
	set_text(o.system.time_service, "ntpd");
	o.system.hypervisor[0] = 0;
	o.system.ptp_kvm.value = 0;
	EXPECT(!judge(&o, "time-service"), "ntpd on a host");
}

static void test_chronyd(void)
{
	struct observation o = healthy();
	const struct finding *f;

	/* the host's clock is there, and chronyd does not know it */
	o.system.chrony_refclock.value = 0;
	o.system.chrony_refclocks.value = 0;
	set_text(o.system.chrony_source, "192.0.2.7");
	o.system.chrony_offset_ns = (struct figure){ true, -1234 };
	f = judge(&o, "time-service");
	if (!is_finding(f, SEVERITY_INFO, "chronyd does not use the host's clock /dev/ptp_kvm"))
		return;
	EXPECT_EVIDENCE(f, "chronyd runs", "chronyc: the selected source is 192.0.2.7",
			"chronyc: the wall clock is -1234 ns off", "there is no /dev/ptp*");
	EXPECT_EQ(f->advice.n, 3, "advice");
	/* the host's clock is configured, and not selected */
	o.system.chrony_refclocks.value = 1;
	f = judge(&o, "time-service");
	if (!is_finding(f, SEVERITY_INFO, "chronyd has a reference clock, and does not use it"))
		return;
	/* the driver is not loaded */
	o.system.ptp_kvm.value = 0;
	o.system.chrony_refclocks.value = 0;
	f = judge(&o, "time-service");
	if (!is_finding(f, SEVERITY_INFO, "ptp_kvm, the driver of the host's clock, is not loaded"))
		return;
	EXPECT_EQ(f->advice.n, 4, "advice");
	/* a machine without the host's clock: there is only NTP */
	o.system.hypervisor[0] = 0;
	EXPECT(!judge(&o, "time-service"), "NTP");
	o.system.chrony_source[0] = 0;
	f = judge(&o, "time-service");
	if (!is_finding(f, SEVERITY_INFO, "chronyd has no source that it trusts"))
		return;
	/* nobody could ask chronyd */
	o.system.chrony_refclock.known = false;
	EXPECT(!judge(&o, "time-service"), "no chronyc");
}

static const struct tap_test tests[] = {
	{ "machine: nothing to say", test_healthy },
	{ "tsc-not-constant: guests", test_flags_of_guests },
	{ "tsc-not-constant: hosts", test_flags_of_hosts },
	{ "noisy-host: steal time", test_steal },
	{ "noisy-host: windows", test_windows },
	{ "noisy-host: bounds", test_bounds },
	{ "clocksource: good ones", test_good_clocksources },
	{ "clocksource: by a parameter", test_clocksource_by_parameter },
	{ "clocksource: by the kernel's log", test_clocksource_by_log },
	{ "clocksource: changed", test_clocksource_changed },
	{ "time-service: none", test_no_service },
	{ "time-service: other than chronyd", test_other_services },
	{ "time-service: chronyd", test_chronyd },
};

TAP_MAIN(tests)
