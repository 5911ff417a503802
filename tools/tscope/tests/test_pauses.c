// SPDX-License-Identifier: GPL-2.0
/* Rules, tested with random pauses: the guest's clocks and devices lose time, others do not. */
#include "made.h"

static void absent(int clock)
{
	clocks[clock].name[0] = 0;
}

/* Add the steps of a pause; a hypervisor stops its devices @early ns before kvm-clock. */
static void pause_at(double at, double ns, double early)
{
	add(at, "step", KVM, rnd_below(2), -ns);
	add(at + 0.1, "step", RAW, 0, -ns + jitter());
	add(at + 0.2, "step", WALL, 0, -ns + jitter());
	if (clocks[PM].name[0])
		add(at + 0.9, "step", PM, 0, device(-ns - early, PM_WRAP_NS));
	if (clocks[HPET].name[0])
		add(at + 1, "step", HPET, 0, device(-ns - early, HPET_WRAP_NS));
}

static void test_pauses(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		clocks[KVM].stopped = (struct count){ true, rnd_below(2) };
		ns = fabs(size(1e8, 4e10));
		pause_at(30, ns, rnd_unit() * 3e7);
		only("guest-stopped", ns);
	}
}

/* A pause that is shorter than STOP_APART_NS; below 10 ms only if devices agree with it exactly. */
static void test_short_pauses(void)
{
	unsigned int i;
	double ns, early;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		ns = fabs(size(1e5, 9e7));
		early = ns > 1.1e7 ? rnd_unit() * 3e7 : 0;
		pause_at(30, ns, early);
		only("guest-stopped", ns);
	}
}

/* kvm-clock went back, and the devices did not, or not alike: that is no pause. */
static void test_no_pauses(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		clocks[KVM].stopped = (struct count){ true, 1 };
		ns = round(fabs(i % 2 ? size(3, 9e7) : size(1.2e8, 3e9)));
		add(30, "step", KVM, 0, -ns);
		if (ns > 1000) {
			add(30.1, "step", RAW, 0, -ns + jitter());
			add(30.1, "step", WALL, 0, -ns + jitter());
		}
		/* the kernel waits for its clocksource */
		error_most_ns = i % 2 ? ERROR_NS : 1.1e8;
		only(i % 2 ? "clock-stepped" : "time-stood-still", i % 2 ? -ns : ns);
	}
	error_most_ns = ERROR_NS;
	quiet();
	clocks[KVM].stopped = (struct count){ true, 1 };
	add(30, "step", KVM, 0, -5);
	add(31, "step", PM, 0, -6e7);
	only("clock-stepped", -5);
}

/* The host reported a stop: a step before --since shows that the stop is older, too. */
static void test_old_pause(void)
{
	quiet();
	clocks[KVM].stopped = (struct count){ true, 1 };
	add(10, "step", KVM, 0, -3e9);
	clocks[KVM].steps = (struct count){ };
	o.since_ns = 50000000000;
	judge();
	EXPECT_EQ(found.n, 0, "findings of a pause before --since");
	clocks[KVM].stopped.value = 2;
	judge();
	EXPECT(found.n == 1 && !strcmp(found.findings[0].id, "guest-stopped"),
	       "stopped twice, one step: %zu findings", found.n);
}

/* A pause of several wraps of acpi-pm, which is the only device. */
static void test_wraps(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		absent(HPET);
		ns = fabs(size(5e9, 4e10));
		pause_at(30, ns, rnd_unit() * 9e7);
		only("guest-stopped", ns);
	}
}

/* Two pauses within the time in which the steps of one pause are found. */
static void test_two_pauses(void)
{
	double first, second;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		first = fabs(size(1.1e8, 2e9));
		second = fabs(size(1.1e8, 2e9));
		pause_at(30, first, rnd_unit() * 3e7);
		pause_at(31.1 + 1.7 * rnd_unit(), second, rnd_unit() * 3e7);
		judge();
		EXPECT(found.n == 2 && count("guest-stopped", first) == 1 &&
		       count("guest-stopped", second) == 1, "%.0f and %.0f: %zu findings, %s",
		       first, second, found.n, found.n ? found.findings[0].title : "");
	}
}

/* Without debugfs only counters show steps: all may be those of a pause, so none is a fault. */
static void test_counted(void)
{
	unsigned int i, alone;
	size_t k;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		alone = i % 4 == 1;
		if (i % 4 == 2)
			absent(PTP);
		if (alone)
			add(30, "step", KVM, 0, size(1.1e8, 2e9));
		else
			pause_at(30, fabs(size(1.1e8, 2e9)), 1e7);
		o.after.n_violations = 0;
		o.after.debug = false;
		judge();
		EXPECT_EQ(found.n, alone ? 1 : 5, "findings");
		for (k = 0; k < found.n; k++)
			EXPECT(found.findings[k].severity == SEVERITY_WARNING &&
			       has_evidence(&found.findings[k], "only a counter shows it") &&
			       !has_evidence(&found.findings[k], "stands alone") &&
			       !has_evidence(&found.findings[k], "no device was read"), "%s",
			       found.findings[k].title);
	}
}

/* A guest that sees neither kvm-clock nor the host's clock: its devices lose time in a pause. */
static void test_unseen(void)
{
	const struct finding *f;
	unsigned int i, guest, one, denied;
	const char *id;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		set_text(o.after.clocksource, "tsc");
		absent(KVM);
		absent(PTP);
		guest = i % 2;
		one = rnd_below(2);
		/* a device that was read and did not stop: there was no pause */
		denied = one && rnd_below(2);
		if (one && !denied)
			absent(HPET);
		set_text(o.system.hypervisor, guest ? "KVM" : "");
		ns = fabs(size(1.1e8, 2e9));
		add(30, "step", PM, 0, device(-ns, PM_WRAP_NS));
		if (!one)
			add(30, "step", HPET, 0, device(-ns, HPET_WRAP_NS));
		id = one ? "clock-stopped" : "tsc-jumped";
		error_most_ns = 5 * DEVICE_NS;
		judge();
		/* in a guest there also is host-refuses-pairing */
		f = the_finding(&found, id);
		EXPECT(f && found.n == 1 + guest && count(id, one ? -ns : ns) == 1,
		       "%s of %.0f: %zu findings", id, ns, found.n);
		if (!f)
			continue;
		EXPECT_EQ(f->severity, guest && !denied ? SEVERITY_WARNING : SEVERITY_FAULT,
			  "%s in a guest %u, denied %u", id, guest, denied);
		EXPECT_EQ(speaks_of(f, "stopped the guest"), guest && !denied, "the cause");
	}
	error_most_ns = ERROR_NS;
}

/* A migration to a host that does not pair its clocks: page and devices are ahead together. */
static void test_unpaired_migration(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		absent(PTP);
		ns = fabs(size(1.1e8, 2e9));
		pause_at(30, -ns, 1e7 + rnd_unit() * 2e7);
		judge();
		EXPECT(found.n == 1 && !strcmp(found.findings[0].id, "restored") &&
		       found.findings[0].severity == SEVERITY_WARNING &&
		       !speaks_of(&found.findings[0], "vmclock"), "%.0f: %zu findings, %s", ns,
		       found.n, found.n ? found.findings[0].title : "");
	}
}

/* kvm-clock is set ahead by a wrap of acpi-pm, which hpet denies: no migration. */
static void test_set_by_wraps(void)
{
	unsigned int i;
	double ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		absent(PTP);
		if (i % 2)
			absent(HPET);
		ns = round(PM_WRAP_NS * (1 + rnd_below(3)) + size(1e3, 5e7));
		add(30, "step", KVM, 0, ns);
		add(30.1, "step", RAW, 0, ns + jitter());
		add(30.2, "step", WALL, 0, ns + jitter());
		only("clock-stepped", ns);
		EXPECT(found.n != 1 || found.findings[0].severity == SEVERITY_FAULT, "a warning");
	}
}

static const struct tap_test tests[] = {
	{ "pauses", test_pauses },
	{ "short pauses", test_short_pauses },
	{ "kvm-clock goes back alone", test_no_pauses },
	{ "a pause before --since", test_old_pause },
	{ "a pause of several wraps", test_wraps },
	{ "two pauses", test_two_pauses },
	{ "pauses that only counters show", test_counted },
	{ "pauses of which only devices know", test_unseen },
	{ "a migration to a host without pairing", test_unpaired_migration },
	{ "kvm-clock set by whole wraps", test_set_by_wraps },
};

TAP_MAIN(tests)
