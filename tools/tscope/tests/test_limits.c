// SPDX-License-Identifier: GPL-2.0
/* Rules at their limits: the largest numbers, many events of a kind, and two faults at a time. */
#include "made_pairs.h"

/* The lowest number of 64 bits is a valid offset: its magnitude needs an unsigned number. */
static void test_lowest_offset(void)
{
	const struct finding *f;

	quiet();
	pair(TSC, 0, 1, INT64_MIN, 95);
	only("tsc-offset", (double)INT64_MIN);
	quiet();
	pair(KVM, 0, 1, INT64_MIN, 95);
	judge();
	f = finding_of("clock-warped", "kvm-clock of CPU 1 is");
	EXPECT(f, "kvm-clock by -2^63 ns");
	EXPECT(f && f->n_cpus == 2 && f->cpus[0] == 0 && f->cpus[1] == 1, "CPUs of the pair");
}

/* Two devices that run at this rate against the TSC. */
static void rate(int64_t ppt)
{
	clocks[PM].skew_ppt.value = ppt;
	clocks[PM].skew_error_ppt.value = 500000;
	clocks[HPET].skew_ppt.value = ppt;
	clocks[HPET].skew_error_ppt.value = 500000;
	clocks[PTP].skew_ppt.known = false;
}

/* Clocks that almost stand still show no frequency: it would not fit 64 bits. */
static void test_slowest_rate(void)
{
	const struct finding *f;

	quiet();
	clocks[TSC].khz.value = 3000000;
	rate(-999999999999);
	judge();
	f = finding_of("tsc-frequency", "");
	EXPECT(!f, "%s", f->title);
	rate(-500000000000);
	judge();
	EXPECT(finding_of("tsc-frequency", "The TSC runs at 6000000.0 kHz"), "twice as fast");
	clocks[TSC].khz.value = UINT64_MAX;
	judge();
	f = finding_of("tsc-frequency", "");
	EXPECT(!f, "%s", f->title);
}

/* A pair that moves hides a wrong frequency only if the leader's TSC may drift as fast. */
static void test_moving_frequency(void)
{
	static const struct {
		unsigned int cpu_i;
		int64_t hull_ns;
		bool found;
	} all[] = {
		{ 0, 1400, true }, { 0, 30000000, false }, { 1, 30000000, true },
		{ 0, 5000000, true },
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		for (k = 0; k < 2; k++) {
			quiet_four();
			rate(k ? 30000000000 : -30000000000);
			moving_pair(TSC, all[i].cpu_i, 2, -all[i].hull_ns / 2, all[i].hull_ns / 2);
			judge();
			EXPECT(!!finding_of("tsc-frequency", "") == all[i].found,
			       "30000 ppm, CPUs %u and 2 move by %lld ns", all[i].cpu_i,
			       (long long)all[i].hull_ns);
			EXPECT(finding_of("tsc-moving", ""), "tsc-moving");
		}
	}
	/* which pair moves is not known */
	quiet();
	rate(30000000000);
	clocks[TSC].moving = (struct count){ true, 1 };
	judge();
	EXPECT(!finding_of("tsc-frequency", ""), "a pair that is not known");
}

/* The host's report that the guest was stopped is a finding besides unrelated steps. */
static void test_word(void)
{
	static const int others[] = { PTP, WALL, HPET, PM };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		quiet();
		clocks[KVM].stopped = (struct count){ true, 1 };
		add(30, "step", others[i], 0, size(1e7, 1e9));
		judge();
		EXPECT(found.n == 2 && finding_of("guest-stopped", "The host reported stops"),
		       "stopped, and %s stepped: %zu findings", names[others[i]], found.n);
	}
	for (i = 0; i < 3; i++) {
		quiet();
		clocks[KVM].stopped = (struct count){ true, 2 };
		if (i == 0) {
			jump(30, 3e9);
		} else if (i == 1) {
			add(30, "backward", TSC, 0, 3e9);
			add(30, "backward", TSC, 1, 3e9);
		} else {
			add(30, "step", KVM, 0, -3e9);
			add(31, "step", HPET, 0, -3e9);
		}
		judge();
		EXPECT_EQ(found.n, 1, "findings of what the guest was stopped for");
	}
}

/* What happened while sampling was off is seen when it begins. */
static void test_gap(void)
{
	static const char text[] = "it may have happened at any time while it was off";
	const struct finding *f;
	unsigned int k;

	for (k = 0; k < 3; k++) {
		quiet();
		add(30, "step", WALL, 0, -3600e9);
		o.went_on = k;
		o.before.boottime_ns = k == 1 ? 29e9 : 90e9;
		judge();
		f = finding_of("wall-clock-set", "");
		EXPECT(f, "wall-clock-set");
		EXPECT(!!strstr(f->evidence.lines[f->evidence.n - 1], text) == (k == 1),
		       "case %u: %s", k, f->evidence.lines[f->evidence.n - 1]);
	}
}

/* Without debugfs a setting of the wall clock, and the backward reading of it, are one finding. */
static void test_counters_alone(void)
{
	static const struct { int clock; const char *id; } all[] = {
		{ WALL, "wall-clock-set" }, { PTP, "host-wall-stepped" },
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		for (k = 0; k < 2; k++) {
			quiet();
			add(30, "step", all[i].clock, 0, -3600e9);
			add(30, "backward", all[i].clock, 0, k ? 7200e9 : 3599.95e9);
			clocks[all[i].clock].backward_max_ns =
				(struct count){ true, k ? 7200e9 : 3599.95e9 };
			o.after.debug = false;
			o.after.n_violations = 0;
			judge();
			EXPECT(found.n == 1 + k && finding_of(all[i].id, ""), "%s: %zu findings",
			       all[i].id, found.n);
		}
	/* a step ahead is not why a clock read backward */
	quiet();
	add(30, "step", WALL, 0, 3600e9);
	add(60, "backward", WALL, 0, 10e9);
	clocks[WALL].backward_max_ns = (struct count){ true, 10e9 };
	o.after.debug = false;
	o.after.n_violations = 0;
	judge();
	EXPECT_EQ(found.n, 2, "findings");
}

/* A backward reading whose line violations dropped, if it may be of the time since --since. */
static void test_dropped_lines(void)
{
	static const struct {
		int clock;
		bool older, listed, room, steps, found;
	} all[] = {
		{ RAW, .found = true }, { RAW, .older = true },
		{ RAW, .listed = true, .found = true },
		{ RAW, .room = true }, { RAW, .steps = true }, { PM, .found = true },
	};
	static struct violation full[1024];
	const struct finding *f;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		quiet();
		o.since_ns = 50e9;
		clocks[all[i].clock].steps = (struct count){ true, all[i].steps };
		clocks[all[i].clock].backward = (struct count){ true, 2 };
		clocks[all[i].clock].backward_max_ns = (struct count){ true, 1197000 };
		add(all[i].older ? 40 : 60, "warp", KVM, 0, 10);
		if (all[i].listed)
			add(60, "backward", all[i].clock, 0, 1197000);
		if (!all[i].room) {
			for (k = 0; k < ARRAY_SIZE(full); k++)
				full[k] = lines[k % o.after.n_violations];
			o.after.violations = full;
			o.after.n_violations = ARRAY_SIZE(full);
		}
		judge();
		f = finding_of("clock-backward", all[i].clock == RAW ?
			       "monotonic-raw went backward by 1197 us" :
			       "acpi-pm went backward by 1197 us");
		EXPECT(!!f == all[i].found, "case %u", i);
		EXPECT(!f || f->since_ns.known == all[i].listed, "case %u: its time", i);
	}
}

/* If a clock has many events, the largest are reported, however many another clock has. */
static void test_many(void)
{
	const struct finding *f;
	unsigned int i, k, more;

	for (k = 0; k < 2; k++) {
		quiet();
		for (i = 0; i < 7; i++)
			add(20 + 4 * i, "step", HPET, 0, 300000 + i);
		add(60, "step", k ? HPET : KVM, 0, 60000000000);
		judge();
		EXPECT_EQ(found.n, k ? 5 : 6, "findings");
		EXPECT_EQ(count("clock-stepped", 60e9), 1, "the step by 60 s of %s",
			  names[k ? HPET : KVM]);
		for (i = more = 0; i < found.n; i++) {
			f = &found.findings[i];
			EXPECT(f->size.value != 300000, "the smallest");
			more += !strcmp(f->evidence.lines[f->evidence.n - 1], k ?
					"and 3 more: see tscope events" :
					"and 2 more: see tscope events");
		}
		EXPECT_EQ(more, 1, "findings that count others");
	}
	/* severity counts before size: a leap second is an info */
	quiet();
	for (i = 0; i < 6; i++)
		add(20 + 4 * i, "step", WALL, 0, -1000000000);
	add(50, "step", WALL, 0, 5000000);
	judge();
	EXPECT(found.n == 5 && found.findings[0].severity == SEVERITY_WARNING &&
	       count("wall-clock-set", 5e6) == 1, "six leap seconds and a step");
}

static const struct tap_test tests[] = {
	{ "the lowest offset of 64 bits", test_lowest_offset },
	{ "the slowest rate", test_slowest_rate },
	{ "a frequency beside a pair that moves", test_moving_frequency },
	{ "the host's word that the guest was stopped", test_word },
	{ "sampling was off", test_gap },
	{ "counters alone", test_counters_alone },
	{ "lines that were dropped", test_dropped_lines },
	{ "many events of a kind", test_many },
};

TAP_MAIN(tests)
