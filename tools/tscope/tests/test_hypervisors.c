// SPDX-License-Identifier: GPL-2.0
/* Findings in guests whose hypervisor is not KVM, or gives them other clocks than KVM does. */
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "finding.h"
#include "rules.h"
#include "tree.h"

static struct observation o;
static struct finding_list found;

static void look(void)
{
	memset(&o, 0, sizeof(o));
	system_begin(&o.system);
	snapshot_read(&o.after, SNAPSHOT_ALL);
	system_end(&o.system);
	findings_of(&o, &found);
}

static void forget(void)
{
	findings_free(&found);
	snapshot_free(&o.after);
	system_free(&o.system);
}

static void write_text(const char *file, const char *text)
{
	tree_write(file, text, strlen(text));
}

/* Without ptp-kvm a vmclock shows the host's wall clock, if its page gives time. */
static void test_vmclock_without_ptp(void)
{
	const struct finding *f;

	tree_open("vmclock-restored");
	write_text("sys/kernel/tscope/clocks",
		   "tsc kvm-clock monotonic-raw realtime acpi-pm hpet vmclock\n");
	look();
	f = the_finding(&found, "host-refuses-pairing");
	is_finding(f, SEVERITY_INFO,
		   "ptp-kvm is absent: there is no wall clock of the host to compare with");
	forget();
	write_text("sys/kernel/tscope/vmclock/time", "1\n");
	look();
	f = the_finding(&found, "host-refuses-pairing");
	EXPECT(!f, "vmclock gives time: %s", f->title);
	forget();
	tree_close();
}

/* Xen's pages are as old as the last run of their vCPUs: only the pair shows how they differ. */
static void test_xen_pages(void)
{
	const struct finding *f;

	tree_open("healthy-xen");
	look();
	f = the_finding(&found, "no-master-clock");
	EXPECT(f && f->size.value == 7828 && f->size_error.value == 15624, "%.0f +- %.0f",
	       f ? size_of(f) : 0, f ? error_of(f) : 0);
	EXPECT_TEXT(f && f->evidence.n > 1 ? f->evidence.lines[0] : "",
		    "by their pages the CPUs' clocks differ by 6099 ns; the page of an idle CPU is old");
	EXPECT_TEXT(f && f->evidence.n > 1 ? f->evidence.lines[1] : "",
		    "xen of CPU 1 against CPU 0: -7828 ns +- 15.624 us (worst case)");
	forget();
	tree_write("sys/kernel/tscope/xen/offset", NULL, 0);
	look();
	f = the_finding(&found, "no-master-clock");
	EXPECT(f && f->size.value == 6099 && !f->size_error.known, "no pair: %.0f +- %.0f",
	       f ? size_of(f) : 0, f ? error_of(f) : 0);
	forget();
	tree_close();
}

/* Xen changes the multiplier of a page about once a second: the skew may be of the one before. */
static void test_xen_multiplier(void)
{
	static const char page[] =
		"# cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_first_ns\n"
		"0 14 1 1 4090498130 -1 0 0\n";
	const struct finding *f;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		tree_open("healthy-xen");
		write_text("sys/kernel/debug/tscope/timepage", page);
		write_text("sys/kernel/tscope/xen/stable", i ? "1\n" : "0\n");
		look();
		f = the_finding(&found, "clock-off-multiplier");
		EXPECT(!f == !i, "stable %u: %s", i, f ? f->title : "no finding");
		forget();
		tree_close();
	}
}

/* doctor says nothing of a clock that has no reading: Hyper-V shows no wall clock of the host. */
static void test_no_host_clock(void)
{
	const struct finding *f;
	size_t i;

	tree_open("hyperv-stopped");
	look();
	f = the_finding(&found, "guest-stopped");
	EXPECT(f, "no finding");
	for (i = 0; f && i < f->evidence.n; i++)
		EXPECT(!strstr(f->evidence.lines[i], "wall clock"), "%s", f->evidence.lines[i]);
	forget();
	tree_close();
}

static const struct tap_test tests[] = {
	{ "vmclock in place of ptp-kvm", test_vmclock_without_ptp },
	{ "pages of idle CPUs in a Xen guest", test_xen_pages },
	{ "the multiplier of a Xen guest with one CPU", test_xen_multiplier },
	{ "a pause where the host shows no clock", test_no_host_clock },
};

TAP_MAIN(tests)
