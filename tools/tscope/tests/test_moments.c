// SPDX-License-Identifier: GPL-2.0
/*
 * moment*.c, event.c and the rules on random faults: sizes over many decades, and errors of
 * readings. The machine is constructed; what is found must be what was done.
 */
#include "made.h"

static void test_quiet(void)
{
	quiet();
	judge();
	EXPECT_EQ(found.n, 0, "findings of a machine on which nothing happened");
}

/* All steps that the clocks make if the TSC jumps by @ns; some may be missing. */
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

/* Fill a pair of kvm-clock or of the TSC that met lately. */
static void pair(struct pair_line *p, const char *clock, double offset_ns, double bound_ns)
{
	*p = (struct pair_line){ .known = true, .cpu_j = 1, .offset_ns = llround(offset_ns),
				 .bound_ns = llround(bound_ns), .age_ms = 400 };
	snprintf(p->clock, sizeof(p->clock), "%s", clock);
}

/*
 * Only the TSC of CPU 1 was written, or drifted for a while: the host made up for it in this CPU's
 * page, and nothing else stepped. It was set back by as much, so its offset shows nothing.
 */
static void test_one_jumps(void)
{
	struct point_line raw[2] = { { .clock = "monotonic-raw", .tsc = 20 * KHZ * 1000 },
				     { .clock = "monotonic-raw", .tsc = 50 * KHZ * 1000 } };
	struct pair_line pairs[2];
	unsigned int i, k, steps;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		o.after.pairs = pairs;
		o.after.n_pairs = 2;
		o.after.points = raw;
		o.after.n_points = 2;
		raw[1].segment = 0;
		ns = size(1e4, 1e9);
		steps = rnd_below(2) ? 1 : 5 + rnd_below(20);
		pair(&pairs[0], "tsc", 0, 300);
		pair(&pairs[1], "kvm-clock", rnd_unit() * 200, 300);
		for (k = 0; k < steps; k++)
			add(30 + 0.02 * k, "step", KVM, 1, -ns / steps);
		only("tsc-jumped", ns);
		/* the kernel puts the TSC back soon after */
		add(31.5, "step", KVM, 1, ns);
		only("tsc-jumped", steps > 1 ? -ns : ns);
		o.after.n_violations--;

		/* kvm-clock of CPU 1 is apart by its step: its TSC did not move */
		if (fabs(ns) > 9e7)
			continue;
		pair(&pairs[1], "kvm-clock", -ns, 300);
		judge();
		EXPECT_EQ(count("tsc-jumped", ns), 0, "jumps where kvm-clock is apart by %.0f", ns);
		EXPECT_EQ(count("clock-stepped", -ns), 1, "kvm-clock steps by %.0f", -ns);

		/* the pages of all CPUs stepped, and CPU 1 saw it first */
		pair(&pairs[1], "kvm-clock", 0, 300);
		raw[1].segment = 1;
		judge();
		EXPECT_EQ(count("tsc-jumped", ns), 0, "jumps where all pages stepped by %.0f", -ns);
		EXPECT_EQ(count("clock-stepped", -ns), 1, "kvm-clock steps by %.0f", -ns);
	}
}

/* The TSC is the clocksource: the kernel's time stands still until the TSC has caught up. */
static void test_stands(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "tsc");
		ns = fabs(size(2e7, 3e10));
		add_back(30, ns);
		add(30, "backward", KVM, 1, ns * 0.998);
		add(30.3, "step", PTP, 0, ns + jitter());
		add(30.5, "step", HPET, 0, device(ns, HPET_WRAP_NS));
		only("time-stood-still", ns);
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
		/* the devices missed more, and one had no reading that was good enough for long */
		if (i % 2) {
			add(30.5, "step", PM, 0, device(kvm - 3e7, PM_WRAP_NS));
			add(31 + 28 * rnd_unit(), "step", HPET, 0, device(kvm - 3e7, HPET_WRAP_NS));
		}
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
		error_most_ns = kinds[k].clock < PM ? ERROR_NS : 5 * DEVICE_NS;
		only(kinds[k].id, ns);
	}
	error_most_ns = ERROR_NS;
}

/* A step that is smaller than the error of its readings is no step. */
static void test_noise(void)
{
	unsigned int i;
	int clock;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		add(30, "step", rnd_below(2) ? PM : HPET, 0, size(300, 2 * DEVICE_NS));
		judge();
		EXPECT_EQ(found.n, 0, "findings of noise");
		/* the kernel's clocks, if they are bracketed */
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
				 fabs(size_of(f) - tsc_ns) <= error_of(f);
			hosts += !strcmp(f->id, "host-wall-stepped") &&
				 fabs(size_of(f) - host_ns) <= error_of(f);
		}
		EXPECT(found.n == 2 && jumps == 1 && hosts == 1,
		       "TSC by %.0f and host by %.0f: %zu findings, %u, %u", tsc_ns, host_ns,
		       found.n, jumps, hosts);
	}
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

/* Whether there is a finding of this id about one clock. */
static bool found_of(const char *id, const char *clock)
{
	size_t i;

	for (i = 0; i < found.n; i++)
		if (!strcmp(found.findings[i].id, id) &&
		    strstr(found.findings[i].title, clock) == found.findings[i].title)
			return true;
	return false;
}

/* Only root can read violations: nobody knows whether counted steps were at one time. */
static void test_counters(void)
{
	double ns = fabs(size(1e8, 3e9));
	struct event_list events;
	unsigned int i;

	quiet();
	for (i = KVM; i < CLOCKS; i++) {
		clocks[i].steps = (struct count){ i != PM, 1 };
		clocks[i].step_last_ns = (struct figure){ true, llround(ns) };
		clocks[i].step_max_ns = clocks[i].step_last_ns;
	}
	o.after.debug = false;
	o.after.n_points = 0;
	o.after.n_histograms = 0;
	o.after.n_cpu_lines = 0;
	judge();
	EXPECT_EQ(found.n, 5, "findings of five clocks");
	EXPECT(found_of("clock-stepped", "kvm-clock"), "kvm-clock");
	EXPECT(found_of("clock-stepped", "monotonic-raw"), "monotonic-raw");
	EXPECT(found_of("clock-stepped", "hpet"), "hpet");
	EXPECT(found_of("wall-clock-set", "realtime"), "realtime");
	EXPECT(found_of("host-wall-stepped", "The host's wall clock"), "ptp-kvm");
	/* residuals are not known; only the time page needs none */
	for (i = 0; i < found.n; i++)
		if (!strcmp(found.findings[i].id, "host-wall-stepped"))
			EXPECT(!found.findings[i].size_error.known, "error of %s",
			       found.findings[i].title);
	events_of(&o.after, &events);
	EXPECT_EQ(events.n, 5, "events");
	for (i = 0; i < events.n; i++)
		EXPECT_EQ(events.events[i].error_ns.known,
			  !strcmp(events.events[i].clock, "kvm-clock"), "error of %s",
			  events.events[i].clock);
	events_free(&events);
}

/* Steps that violations dropped are older than those that it has. */
static void test_overrun(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		quiet();
		add(10, "step", KVM, 0, 3e6);
		add(60, "step", HPET, 0, 5e6);
		clocks[KVM].steps.value += 7;
		clocks[KVM].step_max_ns = (struct figure){ true, 4000000 };
		o.since_ns = i ? 50000000000 : 5000000000;
		judge();
		EXPECT(found_of("clock-stepped", "hpet"), "hpet");
		EXPECT_EQ(found.n, i ? 1 : 3, "findings since %u s", i ? 50 : 5);
	}
}

/* Lines of two moments alternate: each moment counts each CPU once. */
static void test_alternating(void)
{
	struct moment_list list;
	unsigned int i;

	quiet();
	add(20, "backward", TSC, 0, 5e6);
	add(26, "backward", TSC, 1, 5e6);
	add(20.1, "backward", TSC, 0, 5e6);
	add(26.1, "backward", TSC, 1, 5e6);
	add(26.2, "backward", TSC, 0, 5e6);
	moments_of(&o.after, 0, &list);
	EXPECT_EQ(list.n, 2, "moments");
	for (i = 0; i < list.n; i++) {
		EXPECT_EQ(list.moments[i].tsc_backward_cpus, i + 1, "CPUs of moment %u", i);
		EXPECT_EQ(list.moments[i].tsc_cpu, i, "the first of moment %u", i);
	}
	moments_free(&list);
}

/* The guest's wall clock is set, and a little later the host's is set back: one finding of each. */
static void test_both_walls(void)
{
	double guest, host, at;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		guest = size(1e7, 1e11);
		host = fabs(size(1e9, 1e12));
		at = 30 + 2.5 * rnd_unit();
		add(30, "step", WALL, 0, guest);
		add(at, "backward", PTP, 0, host * 0.999);
		add(at + 0.1, "step", PTP, 0, -host);
		judge();
		EXPECT_EQ(found.n, 2, "findings");
		EXPECT_EQ(count("wall-clock-set", guest), 1, "the guest's by %.0f", guest);
		EXPECT_EQ(count("host-wall-stepped", -host), 1, "the host's by %.0f", -host);
	}
}

static const struct tap_test tests[] = {
	{ "nothing happened", test_quiet },
	{ "the TSC jumps", test_jumps },
	{ "one TSC jumps, and its time page makes up for it", test_one_jumps },
	{ "the TSC goes back, and is the clocksource", test_stands },
	{ "restores", test_restores },
	{ "one clock steps", test_single },
	{ "noise of devices", test_noise },
	{ "two faults", test_two },
	{ "the wall clock is set beside another fault", test_near },
	{ "both wall clocks are set", test_both_walls },
	{ "steps that only counters know", test_counters },
	{ "steps that violations has no more", test_overrun },
	{ "moments whose lines alternate", test_alternating },
};

TAP_MAIN(tests)
