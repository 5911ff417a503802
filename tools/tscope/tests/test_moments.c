// SPDX-License-Identifier: GPL-2.0
/*
 * moment*.c, event.c and the rules on random faults: sizes over many decades, and errors of
 * readings. The machine is made up; what is found must be what was done.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "moment.h"
#include "tap.h"

#define KHZ		2100000ull
#define ROUNDS		400
#define PM_WRAP_NS	4686968875.0
#define HPET_WRAP_NS	42949672960.0
#define READ_MIN_NS	4000
/* A device's reading is off by that much at most: by half its width on either side of a step. */
#define DEVICE_NS	3900

static struct observation o;
static struct finding_list found;
static struct violation lines[64];
static struct clock_figures clocks[7];
static struct point_line points[8];
static struct cpu_line cpus[2];
static const char *const names[] = { "tsc", "kvm-clock", "ptp-kvm", "monotonic-raw", "realtime",
				     "acpi-pm", "hpet" };
enum { TSC, KVM, PTP, RAW, WALL, PM, HPET, CLOCKS };

static void quiet(void)
{
	unsigned int i;

	memset(&o, 0, sizeof(o));
	memset(clocks, 0, sizeof(clocks));
	memset(points, 0, sizeof(points));
	for (i = 0; i < CLOCKS; i++) {
		snprintf(clocks[i].name, sizeof(clocks[i].name), "%s", names[i]);
		clocks[i].samples = (struct count){ true, 1000 };
		clocks[i].read_min_ns = (struct count){ i >= PM, READ_MIN_NS };
		clocks[i].exact = (struct figure){ i >= KVM && i < PM, 1 };
		clocks[i].skew_ppt = (struct figure){ i > TSC, 0 };
		clocks[i].skew_error_ppt = clocks[i].skew_ppt;
		snprintf(points[i].clock, sizeof(points[i].clock), "%s", names[i]);
		points[i].tsc = 100 * KHZ * 1000;
	}
	clocks[TSC].khz = (struct count){ true, KHZ };
	clocks[KVM].stable = (struct figure){ true, 1 };
	cpus[0] = (struct cpu_line){ .cpu = 0, .state = "sampling", .leader = true, .windows = 1 };
	cpus[1] = (struct cpu_line){ .cpu = 1, .state = "sampling", .windows = 1 };
	o.after.loaded = true;
	o.after.debug = true;
	o.after.boottime_ns = 101000000000;
	o.after.monotonic_ns = o.after.boottime_ns;
	snprintf(o.after.clocksource, sizeof(o.after.clocksource), "kvm-clock");
	snprintf(o.system.time_service, sizeof(o.system.time_service), "ntpd");
	o.after.clocks = clocks;
	o.after.n_clocks = CLOCKS;
	o.after.violations = lines;
	o.after.points = points;
	o.after.n_points = CLOCKS;
	o.after.cpu_lines = cpus;
	o.after.n_cpu_lines = 2;
}

static void add(double s, const char *what, int clock, unsigned int cpu, double ns)
{
	struct violation *v = &lines[o.after.n_violations++];

	*v = (struct violation){ .monotonic_ns = s * 1e9, .tsc = s * KHZ * 1e3, .count = 1,
				 .cpu = cpu, .size_ns = llround(ns) };
	snprintf(v->what, sizeof(v->what), "%s", what);
	snprintf(v->clock, sizeof(v->clock), "%s", names[clock]);
	if (!strcmp(what, "step")) {
		clocks[clock].steps = (struct count){ true, clocks[clock].steps.value + 1 };
		clocks[clock].step_last_ns = (struct figure){ true, v->size_ns };
	} else if (!strcmp(what, "backward")) {
		clocks[clock].backward = (struct count){ true, clocks[clock].backward.value + 1 };
	}
}

/* Of a counter that wraps, the nearest of the steps that look alike; off as its readings are. */
static double device(double ns, double wrap_ns)
{
	return remainder(ns, wrap_ns) + (rnd_unit() * 2 - 1) * DEVICE_NS;
}

/* A size of either sign; each factor of two is as likely as any other. */
static double size(double low, double high)
{
	double ns = low * pow(high / low, rnd_unit());

	return rnd_below(2) ? ns : -ns;
}

static double jitter(void)
{
	return (rnd_unit() * 2 - 1) * 7;
}

static void judge(void)
{
	findings_free(&found);
	findings_of(&o, &found);
}

/* This one finding, and no other; its size holds the truth. */
static void only(const char *id, double truth)
{
	const struct finding *f = found.findings;
	size_t i;

	judge();
	f = found.findings;
	EXPECT(found.n == 1 && !strcmp(f->id, id), "%s of %.0f: %zu findings", id, truth, found.n);
	for (i = 0; i < found.n; i++)
		EXPECT(!strcmp(found.findings[i].id, id), "%s of %.0f: %s", id, truth,
		       found.findings[i].title);
	if (found.n == 1)
		EXPECT(f->size.known && (f->size_error.known ?
		       fabs(f->size.value - truth) <= f->size_error.value :
		       fabs(f->size.value) <= fabs(truth)),
		       "%s: truth %.0f, found %.0f +- %.0f", id, truth, f->size.value,
		       f->size_error.value);
}

static void test_quiet(void)
{
	quiet();
	judge();
	EXPECT_EQ(found.n, 0, "findings of a machine on which nothing happened");
}

/* All steps that the clocks take where the TSC jumps by that; some may be missing. */
static void jump(double at, double ns)
{
	unsigned int absent = rnd_below(4);

	if (ns < 0) {
		add(at, "backward", TSC, 0, -ns * 0.99);
		add(at, "backward", TSC, 1, -ns * 0.98);
	}
	if (absent != 1)
		add(at + 0.01, "step", KVM, 0, -ns);
	add(at + 0.2, "step", PTP, 0, -ns + jitter());
	if (absent != 1) {
		add(at + 0.21, "step", RAW, 0, -ns + jitter());
		add(at + 0.22, "step", WALL, 0, -ns + jitter());
	}
	if (absent != 2)
		add(at + 1.1, "step", PM, 0, device(-ns, PM_WRAP_NS));
	if (absent != 3)
		add(at + 1.2, "step", HPET, 0, device(-ns, HPET_WRAP_NS));
}

static void test_jumps(void)
{
	struct event_list events;
	unsigned int i, k;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		ns = size(1e8, 3e10);
		jump(20 + rnd_unit() * 10, ns);
		only("tsc-jumped", ns);
		events_of(&o.after, &events);
		EXPECT_EQ(events.n, 1, "events of a jump by %.0f", ns);
		for (k = 0; k < events.n; k++)
			EXPECT(!strcmp(events.events[k].clock, "tsc") &&
			       fabs(events.events[k].size_ns - ns) <=
			       events.events[k].error_ns.value, "the event is of %s, %lld ns",
			       events.events[k].clock, (long long)events.events[k].size_ns);
		events_free(&events);
	}
}

/* The TSC is the clocksource: the kernel's time stands until it has caught up. */
static void test_stands(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "tsc");
		ns = fabs(size(2e7, 3e10));
		add(30, "backward", TSC, 0, ns * 0.999);
		add(30, "backward", TSC, 1, ns * 0.998);
		add(30, "backward", KVM, 1, ns * 0.998);
		add(30.3, "step", PTP, 0, ns + jitter());
		add(30.5, "step", HPET, 0, device(ns, HPET_WRAP_NS));
		only("time-stood-still", ns);
	}
}

static void test_pauses(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		clocks[KVM].stopped = (struct count){ true, rnd_below(2) };
		ns = fabs(size(1e8, 4e10));
		add(30, "step", KVM, rnd_below(2), -ns);
		add(30.1, "step", RAW, 0, -ns + jitter());
		add(30.2, "step", WALL, 0, -ns + jitter());
		/* a hypervisor stops its devices a little earlier */
		add(30.9, "step", PM, 0, device(-ns - rnd_unit() * 3e7, PM_WRAP_NS));
		add(31, "step", HPET, 0, device(-ns - rnd_unit() * 3e7, HPET_WRAP_NS));
		only("guest-stopped", ns);
	}
}

static void test_restores(void)
{
	double gap, kvm;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		gap = fabs(size(2e7, 1e13));
		kvm = size(1e3, 1e9);
		add(30, "step", KVM, 0, kvm);
		add(30, "step", KVM, 1, 3);
		add(30.1, "step", PTP, 0, gap + kvm + jitter());
		add(30.1, "step", RAW, 0, kvm + jitter());
		add(30.2, "step", WALL, 0, kvm + jitter());
		only("restored", gap);
	}
}

static void test_single(void)
{
	static const struct { int clock; const char *id; int sign; double low, high; } kinds[] = {
		{ PTP, "host-wall-stepped", 0, 1e3, 1e13 },
		{ WALL, "wall-clock-set", 0, 1e3, 1e13 },
		{ HPET, "clock-stopped", -1, 1e5, 2e10 },
		{ HPET, "clock-stepped", 1, 1e5, 2e10 },
		{ PM, "clock-stopped", -1, 1e5, 2e9 },
		{ PM, "clock-stepped", 1, 1e5, 2e9 },
		{ KVM, "clock-stepped", 1, 3, 1e11 },
	};
	unsigned int i, k;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		k = rnd_below(ARRAY_SIZE(kinds));
		quiet();
		ns = size(kinds[k].low, kinds[k].high);
		ns = kinds[k].sign ? kinds[k].sign * fabs(ns) : ns;
		ns = round(ns);
		add(30, "step", kinds[k].clock, 0,
		    ns + (kinds[k].clock >= PM ? (rnd_unit() * 2 - 1) * DEVICE_NS :
			  kinds[k].clock == KVM ? 0 : jitter()));
		if (kinds[k].clock == KVM && fabs(ns) > 1000) {
			add(30.1, "step", RAW, 0, ns + jitter());
			add(30.1, "step", WALL, 0, ns + jitter());
		}
		if (ns < 0 && kinds[k].clock != KVM)
			add(30, "backward", kinds[k].clock, 0, -ns * 0.99);
		only(kinds[k].id, ns);
	}
}

/* What is smaller than its readings can tell is none. */
static void test_noise(void)
{
	unsigned int i;
	int clock;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		add(30, "step", rnd_below(2) ? PM : HPET, 0, size(300, 2 * DEVICE_NS));
		judge();
		EXPECT_EQ(found.n, 0, "findings of noise");
		/* the kernel's clocks, where they can only be read between two readings of the TSC */
		quiet();
		clock = rnd_below(2) ? RAW : WALL;
		clocks[clock].exact.value = 0;
		clocks[clock].read_min_ns.known = true;
		add(30, "step", clock, 0, size(300, 2 * DEVICE_NS));
		judge();
		EXPECT_EQ(found.n, 0, "findings of noise of %s", names[clock]);
	}
}

/* Two faults with some time between them: both are found, in any order. */
static void test_two(void)
{
	double at, tsc_ns, host_ns;
	unsigned int i, k, jumps, hosts;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		tsc_ns = size(1e8, 3e9);
		host_ns = size(1e4, 1e12);
		at = 20 + rnd_unit() * 10;
		if (rnd_below(2)) {
			jump(at, tsc_ns);
			add(at + 8, "step", PTP, 0, host_ns + jitter());
		} else {
			add(at, "step", PTP, 0, host_ns + jitter());
			jump(at + 8, tsc_ns);
		}
		judge();
		for (k = jumps = hosts = 0; k < found.n; k++) {
			const struct finding *f = &found.findings[k];

			jumps += !strcmp(f->id, "tsc-jumped") &&
				 fabs(f->size.value - tsc_ns) <= f->size_error.value;
			hosts += !strcmp(f->id, "host-wall-stepped") &&
				 fabs(f->size.value - host_ns) <= f->size_error.value;
		}
		EXPECT(found.n == 2 && jumps == 1 && hosts == 1,
		       "TSC by %.0f and host by %.0f: %zu findings, %u, %u", tsc_ns, host_ns,
		       found.n, jumps, hosts);
	}
}

/* A finding of this id whose size holds the truth; how many. */
static unsigned int count(const char *id, double truth)
{
	unsigned int i, n = 0;

	for (i = 0; i < found.n; i++)
		n += !strcmp(found.findings[i].id, id) &&
		     fabs(found.findings[i].size.value - truth) <=
		     found.findings[i].size_error.value;
	return n;
}

/* The wall clock is set within two seconds before or after something else, which it also shows. */
static void test_near(void)
{
	double at, ns, set;
	unsigned int i;
	bool first;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		ns = fabs(size(1e8, 3e9));
		set = size(1e4, 1e12);
		at = 20 + rnd_unit() * 10;
		first = rnd_below(2);
		if (first)
			add(at - 2 * rnd_unit() - 0.01, "step", WALL, 0, set + jitter());
		if (i % 2) {
			jump(at, ns);
		} else {
			add(at + 0.01, "step", KVM, 0, -ns);
			add(at + 0.2, "step", RAW, 0, -ns + jitter());
			add(at + 0.22, "step", WALL, 0, -ns + jitter());
			add(at + 1.1, "step", PM, 0, device(-ns - 1e6, PM_WRAP_NS));
			add(at + 1.2, "step", HPET, 0, device(-ns - 1e6, HPET_WRAP_NS));
		}
		if (!first)
			add(at + 0.3 + rnd_unit() * 2, "step", WALL, 0, set + jitter());
		judge();
		EXPECT(found.n == 2 && count("wall-clock-set", set) == 1 &&
		       count(i % 2 ? "tsc-jumped" : "guest-stopped", ns) == 1,
		       "%s of %.0f and the wall clock by %.0f: %zu findings", i % 2 ? "jump" :
		       "pause", ns, set, found.n);
	}
}

/* Only root can read violations: what is counted is one moment. */
static void test_counters(void)
{
	double ns = size(1e8, 3e9);
	unsigned int i;

	quiet();
	for (i = KVM; i < CLOCKS; i++) {
		clocks[i].steps = (struct count){ true, 1 };
		clocks[i].step_last_ns = (struct figure){ true, llround(-ns) };
		clocks[i].step_max_ns = clocks[i].step_last_ns;
	}
	clocks[PM].step_last_ns.value = llround(remainder(-ns, PM_WRAP_NS));
	o.after.debug = false;
	o.after.n_points = 0;
	o.after.n_cpu_lines = 0;
	only("tsc-jumped", ns);
}

/* A step of monotonic-raw is explained by time that stood, or by a new clocksource, of its time. */
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

/* Time that stood for this long or more does not explain a smaller step. */
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

/* Time that stands now is found beside time that stood before, and once while it is the same. */
static void test_stands_now(void)
{
	unsigned int i, k, now;
	double at;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "tsc");
		snprintf(cpus[1].state, sizeof(cpus[1].state), "stood-still");
		at = i % 2 ? 20 + 70 * rnd_unit() : 98.5 + 2 * rnd_unit();
		add(at, "backward", TSC, 0, 2e9);
		add(at, "backward", TSC, 1, 2e9);
		judge();
		for (k = now = 0; k < found.n; k++) {
			EXPECT(!strcmp(found.findings[k].id, "time-stood-still"), "%s",
			       found.findings[k].title);
			now += !found.findings[k].ended;
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
		       (!f->size.known || f->size.value == is),
		       "warp of %.0f ns, and of %.0f ns before: size %.0f", is, was, f->size.value);
		EXPECT(f->n_cpus == i % 2 && (!f->n_cpus || f->cpus[0] == 1), "%zu CPUs",
		       f->n_cpus);
	}
}

/* The kernel's log names a change of the clocksource by a clock that drifts and does not sleep. */
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

static const struct tap_test tests[] = {
	{ "nothing happened", test_quiet },
	{ "the TSC jumps", test_jumps },
	{ "the TSC goes back, and is the clocksource", test_stands },
	{ "pauses", test_pauses },
	{ "restores", test_restores },
	{ "one clock steps", test_single },
	{ "noise of devices", test_noise },
	{ "two faults", test_two },
	{ "the wall clock is set beside another fault", test_near },
	{ "steps that only counters know", test_counters },
	{ "steps of the kernel's clocks at other times", test_explained },
	{ "time that stood for at least so long", test_at_least },
	{ "time that stands now", test_stands_now },
	{ "warps before the observation", test_warps },
	{ "the kernel changes its clocksource", test_switch },
};

TAP_MAIN(tests)
