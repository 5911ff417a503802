// SPDX-License-Identifier: GPL-2.0
/* Rules, tested with random faults: devices that stand still, or have few points. */
#include "made.h"

/* A device that is read and has no point any more: since its last point. */
static void test_device_stands(void)
{
	struct point_line taken[101] = { };
	const struct finding *f;
	unsigned int i, k, off_ms;
	uint64_t ms, newest_ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		ms = 10000 + rnd_below(80000);
		/* sampling may have been off, or the guest paused, just after hpet's last point */
		off_ms = i % 2 * (5000 + rnd_below(5000));
		for (k = 0; k <= 100; k++) {
			set_text(taken[k].clock, k ? "kvm-clock" : "hpet");
			taken[k].tsc = 100 * KHZ * 1000 -
				       (k ? (100 - k) * ms / 100 : ms + off_ms) * KHZ;
		}
		o.after.points = taken;
		o.after.n_points = 101;
		error_most_ns = 4e9 + (ms + off_ms) * 1e6;
		only("clock-stopped", (ms + off_ms * rnd_unit()) * 1e6);
		f = the_finding(&found, "clock-stopped");
		if (!f)
			continue;
		newest_ns = o.after.boottime_ns - (ms + off_ms) * 1000000;
		EXPECT(f->ended && f->since_ns.value == newest_ns, "stopped at %llu",
		       (unsigned long long)f->since_ns.value);
		EXPECT(!strncmp(f->title, "hpet has stood still for at least ", 34) == !!off_ms,
		       "%u ms off: %s", off_ms, f->title);
		EXPECT(error_of(f) <= 4e9 + off_ms * 1e6, "%u ms off: +- %.0f", off_ms,
		       error_of(f));

		/* the module shows points of the window only */
		o.after.fit_window_s = (struct count){ true, 2 };
		for (k = 1; k <= 100; k++)
			taken[k].tsc = 100 * KHZ * 1000 - (100 - k) * 20 * KHZ;
		only("clock-stopped", (ms + off_ms) * 1e6);

		/* points of a few seconds, after a long time in which none was taken */
		o.after.fit_window_s.value = 60;
		for (k = 1; k <= 100; k++)
			taken[k].tsc = 100 * KHZ * 1000 - (100 - k) * 80 * KHZ;
		judge();
		EXPECT_EQ(found.n, 0, "nothing was sampled for %llu ms",
			  (unsigned long long)(ms + off_ms - 8000));
	}
	error_most_ns = ERROR_NS;
}

/* The TSC jumps: add the steps of all clocks except hpet. */
static void jump_but_hpet(double at, double ns)
{
	if (ns < 0) {
		add(at, "backward", TSC, 0, -ns * 0.99);
		add(at, "backward", TSC, 1, -ns * 0.98);
	}
	add(at + 0.01, "step", KVM, 0, -ns);
	add(at + 0.2, "step", PTP, 0, -ns + jitter());
	add(at + 0.21, "step", RAW, 0, -ns + jitter());
	add(at + 0.22, "step", WALL, 0, -ns + jitter());
	add(at + 1.1, "step", PM, 0, device(-ns, PM_WRAP_NS));
}

/* A device whose readings take long has few points: its step is found late. */
static void test_slow_device(void)
{
	static struct point_line many[CLOCKS + 40];
	unsigned int i, k;
	double ns, gap;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		memcpy(many, points, sizeof(points));
		gap = 0.3 + 1.2 * rnd_unit();
		for (k = 0; k < 40; k++)
			many[CLOCKS + k] = (struct point_line){
				.clock = "acpi-pm", .tsc = (100 - k * gap) * KHZ * 1e3,
			};
		o.after.points = many;
		o.after.n_points = CLOCKS + 40;
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "tsc");
		ns = fabs(size(1e10, 3e10));
		add(30, "backward", TSC, 0, ns * 0.999);
		add(30, "backward", TSC, 1, ns * 0.998);
		add(30.3, "step", PTP, 0, ns + jitter());
		add(30 + 4 * gap, "step", PM, 0, device(ns, PM_WRAP_NS));
		/* its reading is from the time when time went on */
		lines[o.after.n_violations - 1].tsc = (30 + ns / 1e9) * KHZ * 1e3;
		only("time-stood-still", ns);

		/* most of its points came early, and the four that count came late */
		gap = 2 + 2 * rnd_unit();
		for (k = 0; k < 40; k++) {
			many[CLOCKS + k].tsc = (20 + k * 0.25) * KHZ * 1e3;
			if (k < 36)
				continue;
			many[CLOCKS + k].segment = 1;
			many[CLOCKS + k].tsc = (30 + ns / 1e9 + (k - 36) * gap) * KHZ * 1e3;
		}
		lines[o.after.n_violations - 1].tsc = many[CLOCKS + 36].tsc;
		lines[o.after.n_violations - 1].monotonic_ns = (30.5 + 3 * gap) * 1e9;
		only("time-stood-still", ns);
	}
	/* for some seconds after the step no reading was good enough */
	for (i = 0; i < ROUNDS; i++) {
		quiet();
		memcpy(many, points, sizeof(points));
		o.after.points = many;
		o.after.n_points = CLOCKS + 40;
		ns = size(1e9, 3e9);
		jump_but_hpet(30, ns);
		gap = 2 + 3 * rnd_unit();
		for (k = 0; k < 40; k++)
			many[CLOCKS + k] = (struct point_line){
				.clock = "hpet", .segment = k >= 36,
				.tsc = k < 36 ? (30 - (36 - k) * 0.25) * KHZ * 1e3 :
				       (30 + ns / 1e9 + gap + (k - 36) * 0.5) * KHZ * 1e3,
			};
		add(30 + gap + 1.5, "step", HPET, 0, device(-ns, HPET_WRAP_NS));
		lines[o.after.n_violations - 1].tsc = many[CLOCKS + 36].tsc;
		only("tsc-jumped", ns);
	}
	/* the same for a restore, and points from before it are no longer shown */
	for (i = 0; i < ROUNDS; i++) {
		quiet();
		ns = size(5e7, 2e8);
		gap = fabs(size(1e9, 2e10));
		add(30, "step", KVM, 0, -fabs(ns));
		add(30.2, "step", PTP, 0, gap - fabs(ns));
		add(30.2, "step", RAW, 0, jitter() - fabs(ns));
		add(30.2, "step", WALL, 0, jitter() - fabs(ns));
		ns = 1.2 * fabs(ns);
		add(31.3, "step", HPET, 0, device(-ns, HPET_WRAP_NS));
		add(31.3 + 5 * rnd_unit(), "step", PM, 0, device(-ns, PM_WRAP_NS));
		only("restored", gap);
	}
}

static const struct tap_test tests[] = {
	{ "a device that stands now", test_device_stands },
	{ "a device whose step is found late", test_slow_device },
};

TAP_MAIN(tests)
