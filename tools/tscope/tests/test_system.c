// SPDX-License-Identifier: GPL-2.0
/* system*.c: what is read from a machine's files, and reported if they are absent or broken */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"
#include "files.h"
#include "program.h"
#include "system.h"
#include "tree.h"

#define CLOCKSOURCE "sys/devices/system/clocksource/clocksource0/"
#define IDLE "sys/devices/system/cpu/cpu0/cpuidle/"

#define write_text(file, text)	tree_write(file, text, strlen(text))

static struct system_facts s;

static void look(void)
{
	system_free(&s);
	system_begin(&s);
	system_end(&s);
}

static void test_good(void)
{
	tree_open("system-kvm");
	look();
	EXPECT_TEXT(s.hypervisor, "KVM");
	EXPECT(s.steal_reported.known && s.steal_reported.value == 1, "steal is reported");
	EXPECT_TEXT(s.clocksource, "tsc");
	EXPECT_TEXT(s.clocksources, "tsc kvm-clock hpet acpi_pm ");
	EXPECT_TEXT(s.cmdline, "BOOT_IMAGE=/vmlinuz-6.12.117 root=/dev/vda1 ro quiet");
	EXPECT(s.constant_tsc.known && s.constant_tsc.value == 1, "constant_tsc");
	EXPECT(s.nonstop_tsc.known && s.nonstop_tsc.value == 1, "nonstop_tsc");
	EXPECT(s.tsc_reliable.known && !s.tsc_reliable.value, "tsc_reliable of one CPU");
	EXPECT_TEXT(s.idle_driver, "intel_idle");
	EXPECT_TEXT(s.idle_states, "POLL, C1E");
	EXPECT(s.deep_idle.known && !s.deep_idle.value, "the deep state is disabled");
	EXPECT_TEXT(s.freq_driver, "acpi-cpufreq");
	EXPECT_TEXT(s.freq_governor, "schedutil");
	EXPECT(s.freq_min_khz.known && s.freq_min_khz.value == 1500000, "min");
	EXPECT(s.freq_max_khz.known && s.freq_max_khz.value == 3400000, "max");
	/* 5, 1800 and 2005 ticks of 10 ms */
	EXPECT(s.steal_ms.known && s.idle_ms.known && s.cpu_ms.known, "times");
	EXPECT_EQ(s.steal_ms.value, 50, "steal");
	EXPECT_EQ(s.idle_ms.value, 18000, "idle");
	EXPECT_EQ(s.cpu_ms.value, 20050, "all");
	EXPECT(s.ptp_kvm.known && s.ptp_kvm.value == 1, "ptp_kvm");
	EXPECT_LINES(s.ptp_devices, s.n_ptp_devices, "ptp0: KVM virtual PTP");
	EXPECT_TEXT(s.time_service, "chronyd");
	EXPECT(s.chrony_refclock.known && s.chrony_refclock.value == 1, "refclock");
	EXPECT_EQ(s.chrony_refclocks.value, 1, "refclocks");
	EXPECT_TEXT(s.chrony_source, "192.0.2.7");
	EXPECT(s.chrony_offset_ns.known, "offset");
	EXPECT_EQ(s.chrony_offset_ns.value, 1234, "offset");
	EXPECT_LINES(s.clocksource_reasons, s.n_clocksource_reasons,
		     "tsc: Detected 2893.437 MHz processor",
		     "clocksource: Switched to clocksource tsc");
	EXPECT_LINES(s.absent, s.n_absent,
		     "kvm-clock is absent: the kernel is built without KVM_GUEST",
		     "hpet is absent: it stands still");
	EXPECT_EQ(s.n_notes, 0, "notes: %s", s.n_notes ? s.notes[0] : "");
	tree_close();
}

/* An empty machine: each part says what it lacks. */
static void test_empty(void)
{
	char root[] = "/tmp/tscope-empty.XXXXXX";

	EXPECT(mkdtemp(root), "mkdtemp");
	system_root = root;
	look();
	EXPECT_TEXT(s.hypervisor, "");
	EXPECT(!s.constant_tsc.known && !s.nonstop_tsc.known && !s.deep_idle.known, "flags");
	EXPECT(!s.steal_ms.known && !s.cpu_ms.known && !s.idle_ms.known, "times");
	EXPECT(!s.steal_reported.known && !s.chrony_refclock.known, "not known");
	EXPECT(s.ptp_kvm.known && !s.ptp_kvm.value && !s.n_ptp_devices, "no PTP");
	EXPECT_TEXT(s.time_service, "");
	EXPECT_LINES(s.notes, s.n_notes,
		     "The tree has no recorded/proc-stat-begin: steal time is not known.",
		     "/" CLOCKSOURCE "current_clocksource can't be read: is /sys mounted?",
		     "/proc/cmdline can't be read: is /proc mounted?",
		     "/proc/cpuinfo has no flags: whether the TSC is constant is not known.",
		     "The tree has no dev/kmsg: the kernel log is not known.",
		     "The tree has no proc/1/comm: what disciplines the wall clock is not known.");
	rmdir(root);
	system_root = "";
}

static void test_hypervisors(void)
{
	static const struct {
		const char *cpuid, *name;
		int steal;
	} machines[] = {
		/* no bit 31 in ecx of leaf 1: the leaves are the CPU's own garbage */
		{ "1 0 0 7ffa3203 0\n40000000 0 4b4d564b 564b4d56 4d\n", "", -1 },
		{ "1 0 0 80000000 0\n40000000 40000001 4b4d564b 564b4d56 4d\n40000001 1000000 0 0 0\n",
		  "KVM", 0 },
		/* KVM behind Hyper-V's leaves */
		{ "1 0 0 80000000 0\n40000000 4000000b 7263694d 666f736f 76482074\n"
		  "40000100 40000101 4b4d564b 564b4d56 4d\n40000101 20 0 0 0\n", "KVM", 1 },
		{ "1 0 0 80000000 0\n40000000 0 7263694d 666f736f 76482074\n", "Hyper-V", -1 },
		{ "1 0 0 80000000 0\n40000000 40000004 566e6558 65584d4d 4d4d566e\n", "Xen", -1 },
		{ "1 0 0 80000000 0\n40000000 0 61774d56 4d566572 65726177\n", "VMware", -1 },
		{ "1 0 0 80000000 0\n40000000 0 54474354 43544743 47435447\n", "QEMU TCG", -1 },
		{ "1 0 0 80000000 0\n40000000 0 ffffffff 1 2\n", "unknown", -1 },
		{ "nonsense\n1 0\n", "", -1 },
	};
	size_t i;

	tree_open("system-kvm");
	for (i = 0; i < ARRAY_SIZE(machines); i++) {
		write_text("recorded/cpuid", machines[i].cpuid);
		look();
		EXPECT(!strcmp(s.hypervisor, machines[i].name), "%zu: '%s'", i, s.hypervisor);
		EXPECT_EQ(s.steal_reported.known ? s.steal_reported.value : -1, machines[i].steal,
			  "%zu: steal", i);
	}
	/* in a tree without CPUID the log names the hypervisor */
	tree_write("recorded/cpuid", NULL, 0);
	write_text("dev/kmsg", "[    0.000000] Hypervisor detected: KVM\n");
	look();
	EXPECT_TEXT(s.hypervisor, "KVM");
	tree_close();
}

static void test_log(void)
{
	static const char all[] =
		"<6>[    0.100000] tsc: Marking TSC unstable due to TSCs unsynchronized\n"
		"[    1.000000] TSC synchronization [CPU#0 -> CPU#1]:\n"
		"[    1.000001] Measured 220 cycles TSC warp between CPUs, turning off TSC clock.\n"
		"4,7,9,-;clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable because the skew is too large:\n"
		"5,8,9,-;usb 1-1: unstable connection\n"
		"5,9,9,-;rtsc: a driver\n"
		"bare line about the TSC, unstable\n"
		"[    2.000000][    T1] tsc: a line with the task\n"
		"[    2.000000][   C12] tsc: a line with the CPU\n"
		"[    2.000000] [Firmware Bug]: TSC ADJUST: CPU0: -12 force to 0\n"
		"6,11,9,-;tscope: the TSC, which all figures are relative to, may not be steady: no constant_tsc\n"
		"tscope: acpi-pm is absent: it stands still";
	char many[100 * 40], line[64];
	int i;

	tree_open("system-kvm");
	write_text("dev/kmsg", all);
	look();
	EXPECT_LINES(s.clocksource_reasons, s.n_clocksource_reasons,
		     "tsc: Marking TSC unstable due to TSCs unsynchronized",
		     "TSC synchronization [CPU#0 -> CPU#1]:",
		     "Measured 220 cycles TSC warp between CPUs, turning off TSC clock.",
		     "clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable because the skew is too large:",
		     "bare line about the TSC, unstable",
		     "tsc: a line with the task", "tsc: a line with the CPU",
		     "[Firmware Bug]: TSC ADJUST: CPU0: -12 force to 0");
	EXPECT_LINES(s.absent, s.n_absent, "acpi-pm is absent: it stands still");

	/* times of switches, in the three forms that a line may have */
	write_text("dev/kmsg", "6,1,1500000,-;clocksource: Switched to clocksource tsc-early\n"
		   "[    2.000001] clocksource: Switched to clocksource tsc\n"
		   "<6>[   99.500000] clocksource: Switched to clocksource hpet\n");
	look();
	EXPECT_EQ(s.n_switched, 3, "switches");
	EXPECT_EQ(s.switched_ns[0], 1500000000, "/dev/kmsg");
	EXPECT_EQ(s.switched_ns[1], 2000001000, "dmesg");
	EXPECT_EQ(s.switched_ns[2], 99500000000, "klogctl()");

	/* the newest 64 are kept */
	many[0] = 0;
	for (i = 0; i < 100; i++) {
		sprintf(line, "6,%d,%d,-;tsc: line %d\n", i, i, i);
		strcat(many, line);
	}
	write_text("dev/kmsg", many);
	look();
	EXPECT_EQ(s.n_clocksource_reasons, 64, "lines");
	EXPECT_TEXT(s.clocksource_reasons[0], "tsc: line 36");
	EXPECT_TEXT(s.clocksource_reasons[63], "tsc: line 99");
	EXPECT_EQ(s.n_absent, 0, "absent");
	tree_close();
}

static void test_idle_and_flags(void)
{
	tree_open("system-kvm");
	write_text(IDLE "state2/disable", "0\n");
	write_text("proc/cpuinfo", "processor\t: 0\nflags\t\t: tsc xconstant_tsc nonstop_tsc\n"
		   "processor\t: 1\nflags\t\t: tsc constant_tsc nonstop_tsc\n");
	look();
	EXPECT_TEXT(s.idle_states, "POLL, C1E, C6");
	EXPECT_EQ(s.deep_idle.value, 1, "C6 is deep");
	EXPECT(s.constant_tsc.known && !s.constant_tsc.value, "one CPU lacks constant_tsc");
	EXPECT(s.nonstop_tsc.known && s.nonstop_tsc.value, "nonstop_tsc");
	write_text("sys/devices/system/cpu/cpuidle/current_driver", "none\n");
	tree_write(IDLE "state0/name", NULL, 0);
	look();
	EXPECT_TEXT(s.idle_driver, "");
	EXPECT_TEXT(s.idle_states, "");
	EXPECT(!s.deep_idle.known, "no states");
	tree_close();
}

static void test_times(void)
{
	tree_open("system-kvm");
	/* idle time may go back by a tick; ends of 64 bits */
	write_text("recorded/proc-stat-begin", "cpu  0 0 0 100 0 0 0 0 0 0\n");
	write_text("proc/stat", "cpu  200 0 0 99 0 0 0 1 0 0\n");
	look();
	EXPECT(s.cpu_ms.known, "known");
	EXPECT_EQ(s.idle_ms.value, 0, "idle went back");
	EXPECT_EQ(s.steal_ms.value, 10, "steal");
	EXPECT_EQ(s.cpu_ms.value, 2000, "all");
	write_text("proc/stat", "cpu  1 2 3\n");
	look();
	EXPECT(!s.cpu_ms.known && !s.steal_ms.known && !s.idle_ms.known, "truncated");
	write_text("proc/stat", "");
	look();
	EXPECT(!s.cpu_ms.known && !s.steal_ms.known, "empty");
	tree_close();
}

/* How many findings there are of the time service. */
static size_t findings_of_service(void)
{
	struct observation o = { .system = s };
	struct finding_list list;
	size_t i, n = 0;

	findings_of(&o, &list);
	for (i = 0; i < list.n; i++)
		n += !strcmp(list.findings[i].id, "time-service");
	findings_free(&list);
	return n;
}

static void tree_mkdir(const char *dir)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "mkdir -p %s/%s", system_root, dir);
	EXPECT(!system(command), "%s", command);
}

static void test_services(void)
{
	static const char *const services[][2] = {
		{ "chronyd", "chronyd" }, { "ntpd", "ntpd" }, { "ntp-daemon", "ntpd-rs" },
		{ "systemd-timesyn", "systemd-timesyncd" }, { "phc2sys", "phc2sys" },
		{ "chronydx", "" },
	};
	/* the later one is preferred */
	static const char *const traces[][2] = {
		{ "run/systemd/timesync", "systemd-timesyncd" }, { "run/chrony", "chronyd" },
	};
	size_t i;

	tree_open("system-kvm");
	for (i = 0; i < ARRAY_SIZE(services); i++) {
		write_text("proc/412/comm", services[i][0]);
		look();
		EXPECT_TEXT(s.time_service, services[i][1]);
		EXPECT_EQ(s.chrony_refclock.known, !i, "chronyc is asked of chronyd only");
	}
	/* processes are hidden */
	tree_write("proc/1/comm", NULL, 0);
	tree_write("proc/412/comm", NULL, 0);
	look();
	EXPECT_TEXT(s.time_service, "");
	EXPECT_LINES(s.notes, s.n_notes, "The tree has no proc/1/comm: what disciplines the wall clock is not known.");
	EXPECT(s.services_hidden, "nobody knows");
	EXPECT(!findings_of_service(), "what is not known is no finding");
	/* traces that can be seen then */
	for (i = 0; i < ARRAY_SIZE(traces); i++) {
		tree_mkdir(traces[i][0]);
		look();
		EXPECT_TEXT(s.time_service, traces[i][1]);
		EXPECT(!s.services_hidden, "%s", traces[i][1]);
	}
	tree_close();
}

static void test_chrony(void)
{
	tree_open("system-kvm");
	write_text("recorded/chronyc-sources", "#,x,KVM,0,3,377,4,0.0,0.0,0.0\n^,-,a,1,2,3,4,5,6,7");
	write_text("recorded/chronyc-tracking",
		   "7F7F0101,,0,0.0,0.000000000,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n");
	look();
	EXPECT(s.chrony_refclock.known && !s.chrony_refclock.value, "a falseticker is not selected");
	EXPECT_EQ(s.chrony_refclocks.value, 1, "refclocks");
	EXPECT_TEXT(s.chrony_source, "");
	EXPECT(!s.chrony_offset_ns.known, "not synchronised");

	write_text("recorded/chronyc-sources", "");
	write_text("recorded/chronyc-tracking", "1,,1,0.0,junk,0,0,0,0,0,1,1,0,Normal\n");
	look();
	EXPECT(s.chrony_refclock.known && !s.chrony_refclock.value, "no sources");
	EXPECT(s.chrony_refclocks.known && !s.chrony_refclocks.value, "no sources");
	EXPECT(!s.chrony_offset_ns.known, "no number");
	write_text("recorded/chronyc-tracking", "1,,1,0.0,1e30,0,0,0,0,0,1,1,0,Normal\n");
	look();
	EXPECT(!s.chrony_offset_ns.known, "past 64 bits");
	write_text("recorded/chronyc-tracking", "506 Cannot talk to daemon\n");
	look();
	EXPECT(!s.chrony_offset_ns.known, "no daemon");

	tree_write("recorded/chronyc-sources", NULL, 0);
	look();
	EXPECT(!s.chrony_refclock.known, "no chronyc");
	EXPECT_LINES(s.notes, s.n_notes,
		     "The tree has no recorded/chronyc-sources: what chronyd uses is not known.");
	tree_close();
}

static void test_words(void)
{
	EXPECT(system_has_word("tsc kvm-clock hpet ", "kvm-clock"), "middle");
	EXPECT(system_has_word("tsc", "tsc"), "whole");
	EXPECT(system_has_word(" a\ttsc\n", "tsc"), "tab");
	EXPECT(!system_has_word("tsc-early xtsc", "tsc"), "part");
	EXPECT(!system_has_word("", "tsc") && !system_has_word("a", ""), "empty");
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void expect_output(const char *script, int error, const char *want)
{
	const char *argv[5] = { "sh", "-c", script, NULL };
	long long start_ms = now_ms();
	char *text = program_output(argv, 2000);

	if (want)
		EXPECT(text && !strcmp(text, want), "%s: '%s', %s", script, text ?: "",
		       strerror(errno));
	else
		EXPECT(!text && errno == error, "%s: '%s', %s", script, text ?: "",
		       strerror(errno));
	if (error == ETIMEDOUT)
		EXPECT(now_ms() - start_ms >= 2000, "too early");
	/* a program that ends does so long before the limit, on any machine that runs tests */
	EXPECT(now_ms() - start_ms < 20000, "%s: took too long", script);
	free(text);
}

static void test_program(void)
{
	const char *argv[2] = { "tscope-no-such-program", NULL };

	expect_output("printf 'a,b\\n'; echo warning >&2", 0, "a,b\n");
	expect_output("cat; echo $LC_ALL", 0, "C\n");
	expect_output("exit 1", EIO, NULL);
	expect_output("echo half; kill -9 $$", EIO, NULL);
	expect_output("sleep 60", ETIMEDOUT, NULL);
	expect_output("exec >&-; exec sleep 60", ETIMEDOUT, NULL);
	expect_output("yes", EFBIG, NULL);
	EXPECT(!program_output(argv, 2000) && errno == ENOENT, "%s", strerror(errno));
}

/* The machine that the test runs on: facts that every machine has. */
static void test_live(void)
{
	system_root = "";
	look();
	EXPECT(s.constant_tsc.known, "/proc/cpuinfo");
	EXPECT(s.clocksource[0] && system_has_word(s.clocksources, s.clocksource), "clocksource");
	EXPECT(s.cpu_ms.known && s.steal_ms.value <= s.cpu_ms.value, "/proc/stat");
	EXPECT(s.cmdline[0], "cmdline");
	system_free(&s);
}

static const struct tap_test tests[] = {
	{ "system: all parts", test_good },
	{ "system: an empty machine", test_empty },
	{ "system: hypervisors", test_hypervisors },
	{ "system: kernel log", test_log },
	{ "system: idle states and flags", test_idle_and_flags },
	{ "system: CPU times", test_times },
	{ "system: time services", test_services },
	{ "system: chronyc", test_chrony },
	{ "system: words", test_words },
	{ "program: output, status and time limit", test_program },
	{ "system: this machine", test_live },
};

TAP_MAIN(tests)
