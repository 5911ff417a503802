// SPDX-License-Identifier: GPL-2.0
/* Pairs of CPUs that have not met lately: silent CPUs, and pairs that are too old to be judged. */
#include <stdio.h>
#include <string.h>

#include "finding.h"
#include "tap.h"

static struct observation o;
static struct finding_list found;
static struct clock_figures tsc = { .name = "tsc", .samples = { true, 1000 } };

static void quiet(void)
{
	memset(&o, 0, sizeof(o));
	o.after.loaded = true;
	o.after.debug = true;
	o.after.enabled = (struct count){ true, 1 };
	o.after.clocks = &tsc;
	o.after.n_clocks = 1;
	snprintf(o.after.clocksource, sizeof(o.after.clocksource), "kvm-clock");
	snprintf(o.system.time_service, sizeof(o.system.time_service), "ntpd");
}

static void judge(void)
{
	findings_free(&found);
	findings_of(&o, &found);
}

/* Three CPUs; the last one has met no other yet, and may just have come online. */
static void test_lonely(void)
{
	static struct pair_line pairs[] = {
		{ .clock = "tsc", .cpu_i = 0, .cpu_j = 1, .known = true, .bound_ns = 90 },
		{ .clock = "tsc", .cpu_i = 0, .cpu_j = 2 },
		{ .clock = "tsc", .cpu_i = 1, .cpu_j = 2 },
	};
	struct cpu_line now[3], first[3];
	unsigned int i, k;

	for (i = 0; i < 4; i++) {
		quiet();
		for (k = 0; k < 3; k++)
			now[k] = (struct cpu_line){ .cpu = k, .state = "sampling", .windows = 1 };
		memcpy(first, now, sizeof(first));
		if (i == 1)
			snprintf(first[2].state, sizeof(first[2].state), "off");
		o.before.cpu_lines = first;
		o.before.n_cpu_lines = i == 2 ? 2 : 3;
		o.after.cpu_lines = now;
		o.after.n_cpu_lines = 3;
		o.after.pairs = pairs;
		o.after.n_pairs = 3;
		o.observed_ns = i == 3 ? 3000000000 : 10000000000;
		judge();
		if (i)
			EXPECT_EQ(found.n, 0, "findings of a CPU that is new, %u", i);
		else
			EXPECT(found.n == 1 && !strcmp(found.findings[0].id, "cpu-silent") &&
			       found.findings[0].n_cpus == 1 && found.findings[0].cpus[0] == 2,
			       "CPU 2 is silent: %zu findings", found.n);
	}
}

/* Of 128 CPUs only those meet whose numbers differ by a power of two: a CPU meets 14 at most. */
static void test_neighbours(void)
{
	static struct cpu_line many[128];
	static struct pair_line pairs[128 * 7];
	unsigned int i, k, n = 0;

	quiet();
	for (i = 0; i < 128; i++) {
		many[i] = (struct cpu_line){ .cpu = i, .state = "sampling", .windows = 1 };
		for (k = 1; i + k < 128; k *= 2)
			pairs[n++] = (struct pair_line){
				.clock = "tsc", .cpu_i = i, .cpu_j = i + k, .known = true,
				.bound_ns = 90, .meetings = 1,
			};
	}
	/* CPU 5 met no other for longer than two turns; then its TSC was off */
	for (i = 0; i < n; i++)
		if (pairs[i].cpu_i == 5 || pairs[i].cpu_j == 5) {
			pairs[i].age_ms = 9000;
			pairs[i].offset_ns = pairs[i].cpu_i == 5 ? -5000 : 5000;
		}
	o.before.cpu_lines = many;
	o.before.n_cpu_lines = 128;
	o.after.cpu_lines = many;
	o.after.n_cpu_lines = 128;
	o.after.pairs = pairs;
	o.after.n_pairs = n;
	o.observed_ns = 10000000000;
	judge();
	EXPECT(found.n == 1 && !strcmp(found.findings[0].id, "cpu-silent") &&
	       found.findings[0].n_cpus == 1 && found.findings[0].cpus[0] == 5,
	       "CPU 5 is silent: %zu findings, %s", found.n, found.n ? found.findings[0].id : "");
	for (i = 0; i < n; i++)
		pairs[i].age_ms = pairs[i].age_ms ? 6000 : 0;
	judge();
	EXPECT(found.n == 1 && !strcmp(found.findings[0].id, "tsc-offset"),
	       "CPU 5 is off: %zu findings, %s", found.n, found.n ? found.findings[0].id : "");
}

static const struct tap_test tests[] = {
	{ "a CPU that met no other", test_lonely },
	{ "many CPUs meet their neighbours", test_neighbours },
};

TAP_MAIN(tests)
