// SPDX-License-Identifier: GPL-2.0
/* Rules, tested with random faults: which belong to another fault, or to the observation. */
#include "made.h"

/* Time that stood still, or a new clocksource, explains a step of monotonic-raw at that time. */
static void test_explained(void)
{
	unsigned int i;
	double ns, at;
	bool related;

	for (i = 0; i < ROUNDS; i++) {
		related = rnd_below(2);
		quiet();
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "tsc");
		ns = fabs(size(1e9, 1e10));
		at = related ? 30.3 + 2.7 + 0.9 * ns / 1e9 : rnd_below(2) ? 30 - ns / 1e9 - 4 :
			       30.3 + 4 + ns / 1e9;
		if (at < 30)
			add(at, "step", RAW, 0, -5e4);
		add(30, "backward", TSC, 0, ns * 0.999);
		add(30, "backward", TSC, 1, ns * 0.998);
		add(30.3, "step", PTP, 0, ns + jitter());
		add(30.5, "step", HPET, 0, device(ns, HPET_WRAP_NS));
		if (at > 30)
			add(at, "step", RAW, 0, -5e4);
		judge();
		EXPECT(found.n == 2u - related && count("time-stood-still", ns) == 1 &&
		       count("clock-stepped", -5e4) == !related,
		       "%.0f ns stood from 30 s, step at %.3f s: %zu findings", ns, at, found.n);

		quiet();
		snprintf(o.before.clocksource, sizeof(o.before.clocksource), "kvm-clock");
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "acpi_pm");
		snprintf(o.system.clocksource, sizeof(o.system.clocksource), "acpi_pm");
		o.before.boottime_ns = o.after.boottime_ns - 10000000000;
		at = related ? 91 + 9 * rnd_unit() : 87 * rnd_unit();
		add(at, "step", RAW, 0, -5e4);
		judge();
		EXPECT(found.n == 2u - related && count("clock-stepped", -5e4) == !related,
		       "clocksource changed after 91 s, step at %.3f s: %zu findings", at, found.n);
	}
}

/* Time that stood still for at least some time does not explain a smaller step. */
static void test_at_least(void)
{
	unsigned int i;
	double ns, step;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "tsc");
		ns = fabs(size(2e7, 1e9));
		step = ns * (i % 2 ? 0.9 : 1.1);
		add(30, "backward", TSC, 0, ns);
		add(30, "backward", TSC, 1, ns);
		add(30.1, "step", HPET, 0, 1e6);
		add(30.2, "step", PM, 0, step);
		judge();
		EXPECT(found.n == 1 + i % 2 && count("clock-stepped", step) == i % 2,
		       "at least %.0f ns stood, acpi-pm stepped by %.0f: %zu findings", ns, step,
		       found.n);
	}
}

/* Time that stands still now is found besides an earlier standstill, but only once for the same. */
static void test_stands_now(void)
{
	unsigned int i, k, now;
	double at;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "tsc");
		snprintf(cpus[0].state, sizeof(cpus[0].state), "off");
		snprintf(cpus[1].state, sizeof(cpus[1].state), "stood-still");
		cpus[1].age_ms = (struct count){ true, 1 + rnd_below(100000) };
		at = i % 2 ? 20 + 70 * rnd_unit() : 98.5 + 2 * rnd_unit();
		add(at, "backward", TSC, 0, 2e9);
		add(at, "backward", TSC, 1, 2e9);
		judge();
		for (k = now = 0; k < found.n; k++) {
			EXPECT(!strcmp(found.findings[k].id, "time-stood-still"), "%s",
			       found.findings[k].title);
			EXPECT(found.findings[k].ended && found.findings[k].since_ns.known,
			       "no time: %s", found.findings[k].title);
			if (strncmp(found.findings[k].title, "Time stands still", 17))
				continue;
			now++;
			EXPECT_EQ(o.after.boottime_ns - found.findings[k].since_ns.value,
				  cpus[1].age_ms.value * 1000000, "for how long");
		}
		EXPECT(found.n == 1 + i % 2 && now == i % 2,
		       "stood at %.3f s and stands at 101 s: %zu findings, %u of now", at, found.n,
		       now);
	}
}

/* Warps before the observation give neither size nor CPUs. */
static void test_warps(void)
{
	struct clock_figures before[CLOCKS];
	const struct finding *f;
	double was, is;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		was = round(fabs(size(10, 1e9)));
		is = round(fabs(size(10, 1e9)));
		o.observed_ns = 10000000000;
		o.before.boottime_ns = o.after.boottime_ns - o.observed_ns;
		o.after.monotonic_ns -= 60000000000 * rnd_below(2);
		clocks[RAW].warps = (struct count){ true, 3 };
		clocks[RAW].warp_max_ns = (struct count){ true, was };
		memcpy(before, clocks, sizeof(before));
		o.before.clocks = before;
		o.before.n_clocks = CLOCKS;
		clocks[RAW].warps.value++;
		clocks[RAW].warp_max_ns.value = fmax(was, is);
		add(o.after.monotonic_ns / 1e9 - 10.001, "warp", RAW, 2, was);
		/* only root can read violations */
		if (i % 2)
			add(o.after.monotonic_ns / 1e9 - 10 * rnd_unit(), "warp", RAW, 1, is);
		judge();
		f = found.findings;
		EXPECT(found.n == 1 && !strcmp(f->id, "clock-warped"), "%zu findings", found.n);
		if (found.n != 1)
			continue;
		EXPECT(f->size.known == (i % 2 || is > was) &&
		       (!f->size.known || size_of(f) == is),
		       "warp of %.0f ns, and of %.0f ns before: size %.0f", is, was, size_of(f));
		EXPECT(f->n_cpus == i % 2 && (!f->n_cpus || f->cpus[0] == 1), "%zu CPUs",
		       f->n_cpus);
	}
}

/* The clock of the kernel's log drifts, and does not count suspend: the time of a switch fits. */
static void test_switch(void)
{
	double uptime, slept, drift, at;
	unsigned int i, k;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		slept = rnd_below(2) * 1e5 * rnd_unit();
		uptime = 200 + 3e6 * rnd_unit();
		at = uptime - 50;
		drift = (rnd_unit() * 2 - 1) * at / 10000;
		o.after.monotonic_ns = uptime * 1e9;
		o.after.boottime_ns = o.after.monotonic_ns + (uint64_t)(slept * 1e9);
		for (k = 0; k < CLOCKS; k++)
			points[k].tsc = (at + 20) * KHZ * 1e3;
		add(at, "step", RAW, 0, -124041);
		o.system.n_switched = 1;
		o.system.switched_ns[0] = (at + drift) * 1e9;
		only("clock-stepped", -124041);
		EXPECT(found.n == 1 && found.findings[0].severity == SEVERITY_WARNING,
		       "up %.0f s, slept %.0f s, the log is off by %.3f s", uptime, slept, drift);
		o.system.switched_ns[0] = (at - 5 - at / 9000) * 1e9;
		judge();
		EXPECT(found.n == 1 && found.findings[0].severity == SEVERITY_FAULT,
		       "up %.0f s: the clocksource changed before", uptime);
	}
}

/*
 * The host's clock is slewed: ptp-kvm and the devices that the host emulates show this, and the
 * time page, which has the TSC's frequency, does not. If the kernel's frequency is wrong, all do.
 */
static void test_slewed_host(void)
{
	static struct page_line page;
	unsigned int i, wrong, k;
	double ppb, mult;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		ppb = size(1.2e5, 4e5);
		wrong = rnd_below(2);
		mult = 1e6 / KHZ * 4294967296.0 * (wrong ? 1 + ppb / 1e9 : 1);
		page = (struct page_line){ .mul_thousandths = lround(mult * 1e3), .version = 2 };
		o.after.pages = &page;
		o.after.n_pages = 1;
		for (k = PTP; k < CLOCKS; k += k == PTP ? PM - PTP : 1) {
			clocks[k].skew_ppt.value = llround(ppb * 1e3);
			clocks[k].skew_error_ppt.value = k == PTP ? 1000 : 500000;
		}
		clocks[KVM].skew_ppt.value = llround(wrong ? ppb * 1e3 : 0);
		judge();
		EXPECT_EQ(count("tsc-frequency", ppb), wrong, "of %.0f ppb, the page %s", ppb,
			  wrong ? "agrees" : "does not agree");
	}
}

/* Without an observation of its own doctor judges the warps since --since. */
static void test_old_warps(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		quiet();
		add(10, "warp", TSC, 1, -5000);
		clocks[TSC].warps = (struct count){ true, 3 };
		clocks[TSC].warp_max_ns = (struct count){ true, 5000 };
		events_of(&o.after, &o.events);
		o.since_ns = i ? 50000000000 : 5000000000;
		judge();
		EXPECT_EQ(found.n, !i, "findings of a warp at 10 s, since %u s", i ? 50 : 5);
		events_free(&o.events);
	}
}

/* 500 ppm are a fault, less is a warning from 100 ppm on. */
static void test_frequency_limits(void)
{
	static const struct {
		double ppb;
		int severity;
	} limits[] = {
		{ 500000, SEVERITY_FAULT }, { -500000, SEVERITY_FAULT }, { 500002, SEVERITY_FAULT },
		{ 499999.5, SEVERITY_WARNING }, { 499998, SEVERITY_WARNING },
		{ -499998, SEVERITY_WARNING }, { 100002, SEVERITY_WARNING }, { 99998, -1 },
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		quiet();
		for (k = PTP; k < CLOCKS; k += k == PTP ? PM - PTP : 1) {
			clocks[k].skew_ppt.value = llround(limits[i].ppb * 1e3);
			clocks[k].skew_error_ppt.value = k == PTP ? 1000 : 500000;
		}
		judge();
		EXPECT_EQ(count("tsc-frequency", limits[i].ppb), limits[i].severity >= 0, "%.1f ppb",
			  limits[i].ppb);
		for (k = 0; k < found.n; k++)
			EXPECT(strcmp(found.findings[k].id, "tsc-frequency") ||
			       (int)found.findings[k].severity == limits[i].severity,
			       "%.1f ppb is %s", limits[i].ppb,
			       severity_name(found.findings[k].severity));
	}
}

/* If violations can be read, and clocks can't, there are events, but no rule judges them. */
static void test_no_clocks(void)
{
	struct event_list events;
	unsigned int cpu;

	for (cpu = 0; cpu < 2; cpu++) {
		quiet();
		o.after.n_clocks = 0;
		add(30, "step", KVM, cpu, 5e8);
		add(31, "backward", TSC, cpu, 5e8);
		judge();
		EXPECT_EQ(found.n, 0, "findings");
		events_of(&o.after, &events);
		EXPECT_EQ(events.n, 2, "events");
		events_free(&events);
	}
}

/* One clock steps alone: the advice is about this clock, and about KVM only if it is KVM's. */
static void test_who_stepped(void)
{
	static const struct { int clock; double ns; const char *name; bool kvm; } all[] = {
		{ KVM, 5e8, "kvm-clock", true }, { KVM, 5e8, "xen", false },
		{ KVM, -5e8, "hyperv", false }, { HPET, 5e8, "hpet", false },
		{ PM, 5e8, "acpi-pm", false }, { RAW, -5e4, "monotonic-raw", false },
	};
	const struct finding *f;
	char limit[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		quiet();
		add(30, "step", all[i].clock, 0, all[i].ns);
		set_text(lines[0].clock, all[i].name);
		set_text(clocks[all[i].clock].name, all[i].name);
		set_text(points[all[i].clock].clock, all[i].name);
		judge();
		f = the_finding(&found, "clock-stepped");
		EXPECT(f, "%s: nothing is found", all[i].name);
		if (!f)
			continue;
		snprintf(limit, sizeof(limit), "/%s/step_alert_ns", all[i].name);
		EXPECT(speaks_of(f, limit), "%s: no %s", all[i].name, limit);
		EXPECT(speaks_of(f, "kvm") == all[i].kvm, "%s: %s %s", all[i].name, f->cause,
		       f->advice.lines[0]);
	}
}

/* The clock that stands is named, and that it read backward is evidence. */
static void test_what_stands(void)
{
	static const struct { const char *clocksource; int back; const char *title; } all[] = {
		{ "tsc", TSC, "Time stands still: the TSC is behind where it was" },
		{ "kvm-clock", TSC, "Time stands still: the TSC is behind where it was" },
		{ "kvm-clock", KVM,
		  "Time stands still: the hypervisor's clock is behind where it was" },
		{ "hpet", TSC, "Time stands still: the clocksource stands still" },
	};
	const struct finding *f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		quiet();
		set_text(o.after.clocksource, all[i].clocksource);
		set_text(cpus[0].state, "stood-still");
		set_text(cpus[1].state, "stood-still");
		cpus[0].age_ms = (struct count){ true, 5000 };
		cpus[1].age_ms = cpus[0].age_ms;
		/* violations is full, or only root can read it */
		o.after.debug = false;
		clocks[all[i].back].backward = (struct count){ true, 2 };
		clocks[all[i].back].backward_max_ns = (struct count){ true, 20e9 };
		judge();
		f = the_finding(&found, "time-stood-still");
		EXPECT(f && found.n == 1, "%u: %zu findings", i, found.n);
		if (!f)
			continue;
		EXPECT_TEXT(f->title, all[i].title);
		EXPECT(has_evidence(f, "read backward, by up to 20 s"), "evidence %u", i);
	}
	/* the other CPU samples: time does not stand still */
	quiet();
	set_text(cpus[1].state, "stood-still");
	cpus[1].age_ms = (struct count){ true, 9000 };
	judge();
	f = the_finding(&found, "cpu-silent");
	EXPECT(f && found.n == 1, "%zu findings", found.n);
	if (f)
		EXPECT_TEXT(f->title, "CPU 1 has not sampled for 9.000 s");
}

/*
 * A time page lost time, and no device was read that would have lost it in a pause too: it is no
 * fault, even if the hypervisor reports pauses and none was seen, as older kernels clear the flag.
 */
static void test_pause_or_set(void)
{
	static const struct {
		const char *name;
		double ns;
		unsigned int n_clocks;
		bool word, fault;
	} all[] = {
		{ "hyperv", -5e8, PM, false, false }, { "xen", -5e8, PM, false, false },
		{ "hyperv", -5e7, PM, false, true }, { "hyperv", 5e8, PM, false, true },
		{ "hyperv", -5e8, CLOCKS, false, true }, { "kvm-clock", -5e8, PM, true, false },
	};
	const struct finding *f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		quiet();
		o.after.n_clocks = all[i].n_clocks;
		o.after.n_points = all[i].n_clocks;
		clocks[KVM].stopped.known = all[i].word;
		set_text(clocks[KVM].name, all[i].name);
		set_text(points[KVM].clock, all[i].name);
		add(30, "step", KVM, 0, all[i].ns);
		set_text(lines[0].clock, all[i].name);
		judge();
		f = the_finding(&found, "clock-stepped");
		EXPECT(f && found.n == 1, "%zu: %zu findings", i, found.n);
		if (!f)
			continue;
		EXPECT_EQ(f->severity, all[i].fault ? SEVERITY_FAULT : SEVERITY_WARNING, "%zu", i);
		EXPECT(all[i].fault || (speaks_of(f, "stopped the guest") &&
					speaks_of(f, "set this clock")),
		       "%zu: %s", i, f->cause);
	}
}

/* The guest's wall clock is off by 60 ms: only a step of what drives it may be why. */
static void test_what_drives(void)
{
	static const struct { int clock; double ns; const char *source; bool explains; } all[] = {
		{ HPET, 3e6, "kvm-clock", false }, { HPET, 6e7, "kvm-clock", false },
		{ HPET, 6e7, "hpet", true }, { PM, 6e7, "acpi_pm", true },
		{ PM, 6e7, "kvm-clock", false }, { KVM, 40, "kvm-clock", false },
		{ KVM, 5.9e7, "kvm-clock", true }, { KVM, 5.9e7, "tsc", false },
		{ RAW, 6e7, "tsc", true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		quiet();
		set_text(o.after.clocksource, all[i].source);
		add(30, "step", all[i].clock, 0, all[i].ns);
		clocks[PTP].host_offset_ns = (struct figure){ true, -60000000 };
		clocks[PTP].host_offset_error_ns = (struct figure){ true, 10 };
		clocks[PTP].host_offset_age_ms = (struct figure){ true, 40 };
		judge();
		EXPECT(the_finding(&found, "clock-stepped"), "case %u: no step", i);
		EXPECT(!the_finding(&found, "host-drift") == all[i].explains, "case %u: %zu findings",
		       i, found.n);
	}
}

static void test_drift_text(void)
{
	unsigned int i;
	const struct finding *f;

	for (i = 0; i < 2; i++) {
		quiet();
		clocks[WALL].skew_ppt.value = i ? 39870499 : -39870499;
		clocks[WALL].skew_error_ppt.value = 3;
		clocks[PTP].skew_error_ppt.value = 4;
		judge();
		f = the_finding(&found, "host-drift");
		if (!is_finding(f, SEVERITY_WARNING, i ?
				"The guest's wall clock gains 39.870 ppm against the host's" :
				"The guest's wall clock loses 39.870 ppm against the host's"))
			continue;
		EXPECT(f->size.value == clocks[WALL].skew_ppt.value && f->size_error.value == 5 &&
		       f->places == 3 && !strcmp(f->unit, "ppb"), "in thousandths of a ppb");
	}
}

static const struct tap_test tests[] = {
	{ "steps of the kernel's clocks at other times", test_explained },
	{ "time that stood for at least so long", test_at_least },
	{ "time that stands now", test_stands_now },
	{ "warps before the observation", test_warps },
	{ "the kernel changes its clocksource", test_switch },
	{ "a slewed host, and a wrong frequency", test_slewed_host },
	{ "a wrong frequency: limits", test_frequency_limits },
	{ "warps before --since", test_old_warps },
	{ "clocks that can't be read", test_no_clocks },
	{ "whose step it is", test_who_stepped },
	{ "time that stands still: what stands", test_what_stands },
	{ "a pause, or a clock that was set back", test_pause_or_set },
	{ "a step and the wall clock", test_what_drives },
	{ "which way the wall clock drifts", test_drift_text },
};

TAP_MAIN(tests)
