// SPDX-License-Identifier: GPL-2.0
/*
 * Rules, tested with unrelated faults: what one finding explains, by CPU, size and time, and what
 * gets a finding of its own.
 */
#include "made_pairs.h"

/* Expect besides the finding @id only one of id @other; NULL: none. */
static void beside(const char *id, const char *other, const char *what)
{
	judge();
	EXPECT(the_finding(&found, id), "%s: no %s", what, id);
	EXPECT_EQ(found.n, other ? 2 : 1, "findings: %s", what);
	EXPECT(!other || finding_of(other, ""), "%s: no %s", what, other);
}

/* Four CPUs, of which one pair is apart or moves. */
static void two_of_four(bool moves, int64_t ns)
{
	quiet_four();
	if (moves)
		moving_pair(TSC, 0, 1, -ns, ns);
	else
		pair(TSC, 0, 1, ns, 95);
	pair(TSC, 0, 2, 2, 95);
	pair(TSC, 1, 2, ns, 95);
	pairs[2].age_ms = 60000;
	pair(TSC, 2, 3, 2, 95);
}

/* A TSC that is apart or moves explains what its CPUs see, up to the size that it was apart. */
static void test_apart(void)
{
	static const int clock[] = { RAW, WALL, KVM };
	const char *id;
	unsigned int i, k;

	for (k = 0; k < 2; k++) {
		id = k ? "tsc-moving" : "tsc-offset";
		for (i = 0; i < ARRAY_SIZE(clock); i++) {
			if (clock[i] != KVM) {
				two_of_four(k, 5000);
				warp(30, clock[i], 1, 0, 4900);
				beside(id, NULL, "a warp of that size between its CPUs");
				two_of_four(k, 5000);
				warp(30, clock[i], 0, 1, 1000000);
				beside(id, "clock-warped", "a larger one");
				EXPECT_EQ(count("clock-warped", 1e6), 1, "its size");
				two_of_four(k, 5000);
				warp(30, clock[i], 3, 2, 4900);
				beside(id, "clock-warped", "a warp between others");
			}
			two_of_four(k, 5000);
			add(30, "backward", clock[i], 1, 4900);
			beside(id, NULL, "a backward reading of that size");
			two_of_four(k, 5000);
			add(30, "backward", clock[i], 1, 50000000);
			beside(id, "clock-backward", "a larger one");
			two_of_four(k, 5000);
			add(30, "backward", clock[i], 3, 4900);
			beside(id, "clock-backward", "a backward reading of another CPU");
		}
		/* the finding on what is not explained has its size and its CPUs only */
		two_of_four(k, 5000);
		warp(30, RAW, 1, 0, 4900);
		warp(31, RAW, 3, 2, 3000);
		beside(id, "clock-warped", "two warps");
		EXPECT_EQ(count("clock-warped", 3000), 1, "the size of what is left");
		EXPECT(finding_of("clock-warped", "")->n_cpus == 2, "its CPUs");
		/* violations has few lines: on which CPUs the other warps were is not known */
		two_of_four(k, 5000);
		warp(30, RAW, 1, 0, 4900);
		clocks[RAW].warps.value += 1000;
		beside(id, NULL, "warps that violations has no more");
		clocks[RAW].warp_max_ns.value = 1000000;
		beside(id, "clock-warped", "of which one was larger");
		/* only root can read violations */
		o.after.debug = false;
		o.after.n_violations = 0;
		beside(id, NULL, "nothing but counters");
	}
	/* the host makes up for an offset by a step of the same size only */
	for (i = 0; i < 2; i++) {
		two_of_four(false, 5000);
		add(30, "step", KVM, 1, i ? -5003 : 800000);
		beside("tsc-offset", i ? NULL : "clock-stepped", "a step of kvm-clock");
		two_of_four(false, 5000);
		add(30, "backward", TSC, 1, 4900);
		add(30, "step", KVM, 1, i ? 4998 : 3e6);
		beside("tsc-offset", i ? NULL : "clock-stepped", "and a TSC that went back");
	}
	/* the warps show if a TSC moved farther before */
	two_of_four(true, 500);
	warp(30, TSC, 1, 0, 4900);
	warp(30, RAW, 0, 1, 4000);
	beside("tsc-moving", NULL, "warps of the TSC");
}

/* A CPU that is apart from all it met lately is apart from the other CPUs too. */
static void test_odd(void)
{
	quiet_four();
	pair(TSC, 0, 1, 2, 95);
	pair(TSC, 0, 3, 5000, 95);
	pair(TSC, 2, 3, 5000, 95);
	pair(TSC, 0, 2, 2, 95);
	warp(30, RAW, 3, 1, 4900);
	beside("tsc-offset", NULL, "a warp of CPU 3");
	warp(30, RAW, 2, 1, 4900);
	beside("tsc-offset", "clock-warped", "a warp of others");
}

/* Devices that lose the same 11 s apart have a fault each, unless a page stepped with the first. */
static void test_late_device(void)
{
	quiet();
	add(20, "step", PM, 0, -5e8);
	add(31, "step", HPET, 0, -5e8);
	judge();
	EXPECT_EQ(found.n, 2, "findings of devices alone");
	quiet();
	add(20, "step", KVM, 0, -4e8);
	add(20, "step", PTP, 0, 5e9);
	add(20, "step", PM, 0, -5e8);
	add(31, "step", HPET, 0, -5e8);
	beside("restored", NULL, "a device that is late");
}

/* A jump explains what was near it in time, and not larger. */
static void test_jump(void)
{
	static const struct {
		double at, ns;
		int clock;
		bool explained;
	} all[] = {
		{ 31, 1e6, RAW, true }, { 95, 1e6, RAW, false }, { 20, 1e6, TSC, false },
		{ 31, 1e6, KVM, true }, { 31, 4e9, RAW, false }, { 29, 3e9, TSC, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		quiet();
		pair(TSC, 0, 1, 2, 95);
		jump(30, 3.3e9);
		warp(all[i].at, all[i].clock, 1, 0, all[i].ns);
		beside("tsc-jumped", all[i].explained ? NULL : "clock-warped",
		       names[all[i].clock]);
	}
	quiet();
	add(30, "backward", RAW, 1, 3.2e9);
	jump(30, -3.3e9);
	beside("tsc-jumped", NULL, "a backward reading of that size");
	quiet();
	jump(30, 3.3e9);
	add(60, "backward", RAW, 1, 1e9);
	beside("tsc-jumped", "clock-backward", "a backward reading at another time");
}

/* Without a master clock the page warps between any CPUs, and by any size; others do not. */
static void test_no_master(void)
{
	quiet_four();
	clocks[KVM].stable.value = 0;
	warp(30, KVM, 3, 1, 4e9);
	add(30, "backward", KVM, 2, 4e9);
	beside("no-master-clock", NULL, "kvm-clock");
	warp(30, RAW, 3, 1, 4e6);
	beside("no-master-clock", "clock-warped", "monotonic-raw");
}

/* Whether a line of the finding's evidence begins with @line. */
static bool says(const struct finding *f, const char *line)
{
	size_t i;

	for (i = 0; f && i < f->evidence.n; i++)
		if (!strncmp(f->evidence.lines[i], line, strlen(line)))
			return true;
	return false;
}

/* A pair of CPUs whose offset moves by 10 ms to either side. */
static void two_move(unsigned int cpu_i)
{
	quiet_four();
	moving_pair(TSC, cpu_i, 3, -10000000, 10000000);
	pair(KVM, cpu_i, 3, 10, 95);
}

/* If the TSC moves, all clocks that are compared with it step alike and at once; others don't. */
static void test_moving_steps(void)
{
	static struct hist_bucket wide = { .high_ns = 10000000 };
	const struct finding *f;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		two_move(0);
		add(30, "step", PTP, 0, -5000000);
		add(i ? 30.1 : 60, "step", WALL, 0, -8000000);
		judge();
		EXPECT_EQ(found.n, 3, "findings");
		EXPECT(finding_of("tsc-moving", "") && count("host-wall-stepped", -5e6) == 1 &&
		       count("wall-clock-set", -8e6) == 1, "both walls");
	}
	for (i = PTP; i < CLOCKS; i++) {
		if (i == RAW)
			continue;
		two_move(0);
		add(30, "step", i, 0, 5000000);
		beside("tsc-moving", i == PTP ? "host-wall-stepped" : i == WALL ? "wall-clock-set" :
		       "clock-stepped", names[i]);
	}
	two_move(0);
	add(30, "step", RAW, 0, -5000000);
	add(30, "step", WALL, 0, -5000000);
	beside("tsc-moving", "clock-stepped", "the kernel's clocks, which are one voice");
	/* the host set kvm-clock, and did not make up for anything: ptp-kvm went on */
	two_move(0);
	for (i = KVM; i <= WALL; i++)
		if (i != PTP)
			add(30, "step", i, 0, -5000000);
	beside("tsc-moving", "clock-stepped", "kvm-clock and the kernel's clocks");
	/* the leader's TSC moves */
	two_move(0);
	for (i = PTP; i <= WALL; i++)
		add(30 + 0.1 * i, "step", i, 0, -5000000 + jitter());
	beside("tsc-moving", NULL, "all that the leader reads");
	f = finding_of("tsc-moving", "");
	EXPECT(says(f, "ptp-kvm stepped 1 times with it, by up to "), "no word of ptp-kvm");
	add(50, "step", PTP, 0, 5000000);
	beside("tsc-moving", "host-wall-stepped", "and later the host's wall clock alone");
	two_move(0);
	jump(30, 5e6);
	beside("tsc-moving", NULL, "all clocks");
	/* if the residuals are as large as the motion, the leader's kernel clock steps as well */
	two_move(0);
	residuals[RAW].buckets = &wide;
	residuals[RAW].n_buckets = 1;
	add(30, "step", KVM, 0, 5000000);
	add(31, "step", RAW, 0, 5000000);
	beside("tsc-moving", NULL, "kvm-clock and noise");
	residuals[RAW].n_buckets = 0;
	/* the TSC alternates: its page shows all steps, other clocks have too few points */
	two_move(0);
	for (i = 0; i < 6; i++)
		add(30 + 0.4 * i, "step", KVM, 0, i % 2 ? 5000000 : -5000000);
	add(30.2, "step", RAW, 0, -5000000);
	beside("tsc-moving", NULL, "kvm-clock again and again");
	add(30.2, "step", PTP, 0, 3000000);
	beside("tsc-moving", "host-wall-stepped", "and the host's wall clock by another size");
	two_move(0);
	for (i = 0; i < 6; i++)
		add(30 + 0.4 * i, "step", KVM, 3, i % 2 ? 5000000 : -5000000);
	add(30.2, "step", PTP, 0, -5000000);
	beside("tsc-moving", "host-wall-stepped", "kvm-clock of another CPU");
	two_move(2);
	jump(30, 5e6);
	beside("tsc-moving", "tsc-jumped", "all clocks, by another CPU");
	two_move(2);
	add(30, "step", KVM, 3, 5000000);
	add(40, "step", KVM, 3, -5000000);
	beside("tsc-moving", NULL, "kvm-clock of a CPU that moves");
	add(60, "step", KVM, 1, 5000000);
	beside("tsc-moving", "clock-stepped", "and of one that rests");
}

/* The TSCs of two CPUs do not move, and their kvm-clock moves by @ns. */
static void page_moves(int64_t ns)
{
	quiet_four();
	pair(TSC, 0, 1, 2, 95);
	moving_pair(KVM, 0, 1, -ns, ns);
}

/* A time page that moves while the TSC does not is a fault itself, unless a step explains it. */
static void test_page_moves(void)
{
	const struct finding *f;
	unsigned int i;

	page_moves(1000000);
	judge();
	f = the_finding(&found, "clock-warped");
	EXPECT_EQ(found.n, 1, "findings");
	if (is_finding(f, SEVERITY_FAULT, "kvm-clock of CPUs 0 and 1 moves, by up to 2000 us")) {
		EXPECT(f->size.value == 2000000 && f->n_cpus == 2, "its size, and CPUs");
		EXPECT(says(f, "CPU 1 against CPU 0 moves: from -1000 us to +1000 us"), "the hull");
	}
	page_moves(500);
	judge();
	EXPECT_EQ(found.n, 0, "findings of less than 1 us beyond the widths");
	page_moves(1000000);
	pairs[0] = pairs[1];
	snprintf(pairs[0].clock, sizeof(pairs[0].clock), "tsc");
	beside("tsc-moving", NULL, "the TSC moves as well");
	page_moves(1000000);
	clocks[KVM].stable.value = 0;
	beside("no-master-clock", NULL, "no master clock");
	/* the page moves for two epochs after a step that the CPUs saw at different times */
	for (i = 0; i < 3; i++) {
		page_moves(1000000);
		add(i == 1 ? 60 : 99, "step", KVM, 0, i == 2 ? 4414 : 2000000);
		beside("clock-stepped", i ? "clock-warped" : NULL, "a step");
	}
	/* sysfs has only the worst pair of each clock */
	page_moves(1000000);
	pairs[0].from_sysfs = true;
	pairs[1].from_sysfs = true;
	o.after.debug = false;
	judge();
	EXPECT(finding_of("clock-warped", "kvm-clock of CPUs 0 and 1 moves"), "without debugfs");
}

static const struct tap_test tests[] = {
	{ "a TSC that is apart, or moves", test_apart },
	{ "one CPU that is apart", test_odd },
	{ "a device that is late", test_late_device },
	{ "a jump of the TSC", test_jump },
	{ "no master clock", test_no_master },
	{ "steps beside a TSC that moves", test_moving_steps },
	{ "a time page that moves", test_page_moves },
};

TAP_MAIN(tests)
