// SPDX-License-Identifier: GPL-2.0
/* The TSC goes back, or devices wrap: what is found where clocks are absent, or look alike. */
#include "made.h"
#include "words.h"

/* Leave only the TSC of CPU 0, the time page, the host's clock and the kernel's clocks. */
static void without_devices(void)
{
	o.after.n_clocks = PM;
	o.after.n_points = PM;
	o.after.n_histograms = PM;
}

/* kvm-clock is the clocksource, and the host does not make up for the TSC in its pages. */
static void test_page_goes_back(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		ns = fabs(size(2e7, 3e10));
		add_back(30, ns);
		add(30, "backward", KVM, 0, ns * 0.999);
		add(30, "backward", KVM, 1, ns * 0.998);
		add(30.3, "step", PTP, 0, ns + jitter());
		add(30.5, "step", HPET, 0, device(ns, HPET_WRAP_NS));
		only("time-stood-still", ns);
	}
}

/* CPU 1 sampled once, and is offline now: it can't have seen that the TSC went back. */
static void test_absent_cpu(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		without_devices();
		snprintf(o.after.cpus, sizeof(o.after.cpus), "0");
		snprintf(o.after.online, sizeof(o.after.online), "0");
		snprintf(cpus[1].state, sizeof(cpus[1].state), "off");
		/* a file may be broken: there is no such CPU */
		cpus[1].cpu = rnd_below(2) ? 1 : UINT_MAX;
		ns = fabs(size(1e8, 3e10));
		add(30, "backward", TSC, 0, ns * 0.999);
		add(30.2, "step", PTP, 0, ns + jitter());
		only("tsc-jumped", -ns);
	}
}

/* Points from before a jump back have higher TSC values, and were not taken after it. */
static void test_old_points(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		ns = fabs(size(3e9, 3e10));
		/* the newest points of the devices are of 99.3 s, by the TSC before the jump */
		points[PM].tsc = (uint64_t)(99.3 * KHZ) * 1000;
		points[HPET].tsc = points[PM].tsc;
		add_back(99.5, ns);
		add(99.6, "step", KVM, 0, ns);
		add(99.8, "step", PTP, 0, ns + jitter());
		for (size_t k = 0; k < o.after.n_violations; k++)
			lines[k].tsc -= ns * KHZ / 1e6;
		judge();
		EXPECT(found.n == 1 && !strcmp(found.findings->id, "tsc-jumped") &&
		       found.findings->size_error.known && count("tsc-jumped", -ns) == 1,
		       "jump of %.0f: %zu findings, %s", -ns, found.n,
		       found.n ? found.findings->id : "none");
	}
}

/* A counter that wrapped many times agrees with anything. */
static void test_long_restore(void)
{
	double gap, kvm;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		gap = fabs(size(1e12, 1e14));
		kvm = size(1e8, 1e9);
		add(30, "step", KVM, 0, kvm);
		add(30.1, "step", PTP, 0, gap + kvm + jitter());
		add(30.1, "step", RAW, 0, kvm + jitter());
		add(30.2, "step", WALL, 0, kvm + jitter());
		add(31, "step", PM, 0, device(kvm - 2e7 * rnd_unit(), PM_WRAP_NS));
		add(31, "step", HPET, 0, device(kvm - 2e7 * rnd_unit(), HPET_WRAP_NS));
		judge();
		EXPECT(count("restored", gap) == 1 && !count("tsc-jumped", -gap - kvm),
		       "restored after %.0f: %zu findings, %s", gap, found.n,
		       found.n ? found.findings->id : "none");
	}
}

/* ... and does not deny that the TSC jumped. */
static void test_long_jump(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		ns = size(1e12, 1e14);
		if (ns < 0)
			add_back(30, -ns);
		add(30, "step", KVM, 0, -ns);
		add(30.2, "step", PTP, 0, -ns + jitter());
		add(30.2, "step", RAW, 0, -ns + jitter());
		add(30.2, "step", WALL, 0, -ns + jitter());
		add(31, "step", PM, 0, device(-ns, PM_WRAP_NS));
		add(31, "step", HPET, 0, device(-ns, HPET_WRAP_NS));
		judge();
		EXPECT_EQ(count("tsc-jumped", ns), 1, "jumps by %.0f", ns);
	}
}

/* The kernel does not use kvm-clock: its step is no part of the wall clock's. */
static void test_wall_on_tsc(void)
{
	double ns, kvm;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "tsc");
		kvm = size(1e6, 1e9);
		ns = i % 4 ? size(1e9, 1e13) : kvm;
		add(30, "step", KVM, 0, kvm);
		add(31, "step", WALL, 0, ns);
		judge();
		EXPECT_EQ(count("wall-clock-set", ns), 1, "settings by %.0f, kvm-clock %.0f", ns,
			  kvm);
	}
}

/* A guest that migrates to a host whose wall clock is behind is ahead of it then. */
static void test_host_behind(void)
{
	char title[128];
	unsigned int i;
	double gap;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		gap = -1000 * round(fabs(size(1e6, 9.9e8)) / 1000);
		add(30, "step", KVM, 0, -5e6);
		add(30.1, "step", PTP, 0, gap - 5e6);
		add(30.1, "step", RAW, 0, -5e6);
		add(30.2, "step", WALL, 0, -5e6);
		only("restored", gap);
		snprintf(title, sizeof(title),
			 "The guest was migrated: its wall clock is %s ahead of the new host's",
			 ns_text(-gap));
		if (found.n)
			EXPECT_TEXT(found.findings->title, title);
	}
}

/* acpi-pm is the clocksource that the kernel names acpi_pm. */
static void test_who_sees_it(void)
{
	const struct finding *f;
	unsigned int i;
	size_t k;
	bool is;

	for (i = 0; i < 2; i++) {
		quiet();
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), i ? "acpi_pm" : "tsc");
		add(30, "backward", PM, 0, 2000);
		judge();
		f = the_finding(&found, "clock-backward");
		EXPECT(f, "no finding");
		for (k = 0, is = false; f && k < f->evidence.n; k++)
			is |= !strncmp(f->evidence.lines[k], "it is the clocksource:", 22);
		EXPECT_EQ(is, i, "acpi-pm is the clocksource");
	}
}

static const struct tap_test tests[] = {
	{ "kvm-clock goes back with the TSC", test_page_goes_back },
	{ "a CPU that is offline", test_absent_cpu },
	{ "points from before a jump back", test_old_points },
	{ "a restore after hours", test_long_restore },
	{ "a jump by hours", test_long_jump },
	{ "a host that is behind", test_host_behind },
	{ "who sees that acpi-pm goes back", test_who_sees_it },
	{ "the wall clock is set, and kvm-clock is not the clocksource", test_wall_on_tsc },
};

TAP_MAIN(tests)
