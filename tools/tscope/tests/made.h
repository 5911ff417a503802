/* SPDX-License-Identifier: GPL-2.0 */
/* made.h: a machine that tests construct, what happens to its clocks, and what must be found */
#ifndef TSCOPE_MADE_H
#define TSCOPE_MADE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "finding.h"
#include "moment.h"
#include "tap.h"

#define KHZ		2100000ull
#define ROUNDS		400
#define PM_WRAP_NS	4686968875.0
#define HPET_WRAP_NS	42949672960.0
#define READ_MIN_NS	4000
/* The largest error of a device's step: half a reading's width on either side of the step. */
#define DEVICE_NS	3900

static struct observation o;
static struct finding_list found;
static struct violation lines[64];
static struct clock_figures clocks[7];
static struct point_line points[8];
static struct cpu_line cpus[2];
static struct histogram residuals[7];
static const char *const names[] = { "tsc", "kvm-clock", "ptp-kvm", "monotonic-raw", "realtime",
				     "acpi-pm", "hpet" };
enum { TSC, KVM, PTP, RAW, WALL, PM, HPET, CLOCKS };

static inline void quiet(void)
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
		/* residuals have no buckets: all points lie on their line */
		snprintf(residuals[i].name, sizeof(residuals[i].name), "%s/residual", names[i]);
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
	o.after.histograms = residuals;
	o.after.n_histograms = CLOCKS;
	o.after.cpu_lines = cpus;
	o.after.n_cpu_lines = 2;
}

static inline void add(double s, const char *what, int clock, unsigned int cpu, double ns)
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

/* The TSC of both CPUs goes back by @ns; each reads it somewhat later. */
static inline void add_back(double s, double ns)
{
	add(s, "backward", TSC, 0, ns * 0.999);
	add(s, "backward", TSC, 1, ns * 0.998);
}

/* A device's step as it is measured: of a counter that wraps, the smallest; with a random error. */
static inline double device(double ns, double wrap_ns)
{
	return remainder(ns, wrap_ns) + (rnd_unit() * 2 - 1) * DEVICE_NS;
}

/* A size of either sign; each factor of two is as likely as any other. */
static inline double size(double low, double high)
{
	double ns = low * pow(high / low, rnd_unit());

	return rnd_below(2) ? ns : -ns;
}

static inline double jitter(void)
{
	return (rnd_unit() * 2 - 1) * 7;
}

static inline void judge(void)
{
	findings_free(&found);
	findings_of(&o, &found);
}

#define ERROR_NS 2000
/* An error that is too large would hold any size; a test of what is known less well sets this. */
static double error_most_ns = ERROR_NS;

static inline bool is_narrow(const struct finding *f, double truth)
{
	return error_of(f) <= fabs(truth) * 0.01 + error_most_ns;
}

/* Expect this finding and no other, and that its size is the truth within its error. */
static inline void only(const char *id, double truth)
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
		       fabs(size_of(f) - truth) <= error_of(f) :
		       fabs(size_of(f)) <= fabs(truth)) && is_narrow(f, truth),
		       "%s: truth %.0f, found %.0f +- %.0f", id, truth, size_of(f),
		       error_of(f));
}

/* Whether a finding's cause or advice, or its evidence, has a word. */
static inline bool speaks_of(const struct finding *f, const char *word)
{
	bool does = strcasestr(f->cause, word);
	size_t i;

	for (i = 0; i < f->advice.n; i++)
		does |= !!strcasestr(f->advice.lines[i], word);
	return does;
}

static inline bool has_evidence(const struct finding *f, const char *word)
{
	for (size_t i = 0; i < f->evidence.n; i++)
		if (strstr(f->evidence.lines[i], word))
			return true;
	return false;
}

/* How many findings of this id have a size that is the truth within its error. */
static inline unsigned int count(const char *id, double truth)
{
	unsigned int i, n = 0;

	for (i = 0; i < found.n; i++)
		n += !strcmp(found.findings[i].id, id) &&
		     fabs(size_of(&found.findings[i]) - truth) <=
		     error_of(&found.findings[i]) && is_narrow(&found.findings[i], truth);
	return n;
}

#endif /* TSCOPE_MADE_H */
