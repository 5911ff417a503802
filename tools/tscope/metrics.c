// SPDX-License-Identifier: GPL-2.0
/*
 * metrics.c: a snapshot as Prometheus' text format
 *
 * The names are a contract: alert rules, dashboards and the documentation use them.
 */
#include <string.h>

#include "metrics.h"
#include "moment.h"
#include "step_error.h"

/* Decimal places of a second, or of a ratio. */
enum places {
	WHOLE = 0,
	MS = 3,
	NS = 9,
	PPT = 12,	/* 0.001 ppb */
};

/* A value that is known has its size and its sign. */
struct value {
	bool known, negative;
	__uint128_t size;
	enum places places;
};

static struct value unsigned_value(bool known, __uint128_t size, enum places places)
{
	return (struct value){ known, false, size, places };
}

static struct value signed_value(bool known, int64_t value, enum places places)
{
	return (struct value){ known, value < 0, ns_magnitude(value), places };
}

/* Print a value with all of its decimal places: 5 ns are 0.000000005. */
static void print_value(FILE *out, struct value v)
{
	char digits[48], *at = digits + sizeof(digits);

	*--at = 0;
	for (unsigned int n = 0; v.size || n <= v.places; n++) {
		if (n && n == v.places)
			*--at = '.';
		*--at = '0' + (int)(v.size % 10);
		v.size /= 10;
	}
	fprintf(out, "%s%s", v.negative ? "-" : "", at);
}

/* All texts are printable ASCII: parse.c accepts no others. */
static void print_label(FILE *out, const char *name, const char *text)
{
	fprintf(out, "%s=\"", name);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* What kind of member of struct clock_figures a metric is computed from. */
enum source {
	FIGURE,
	COUNT,
	OFFSET,		/* a part of struct pair_offset */
	MOVING,
	STEP_ERROR,	/* by the clock's noise */
	STEP_AGE,	/* of its newest line of violations */
};

/**
 * struct metric - a metric of clocks
 * @clock: the only clock that has it, which is then no label; NULL: all clocks
 * @source: what kind of member it is computed from
 * @at: offset of this member in struct clock_figures
 * @places: decimal places of the member's integer in the metric's unit
 */
struct metric {
	const char *name, *type, *help, *clock;
	enum source source;
	size_t at;
	enum places places;
};

#define AT(member) offsetof(struct clock_figures, member)

static const struct metric metrics[] = {
	{ "tscope_clock_readings_total", "counter",
	  "Readings taken, rejected and failed ones included.",
	  NULL, COUNT, AT(samples), WHOLE },
	{ "tscope_clock_readings_rejected_total", "counter", "Readings taken and not used.",
	  NULL, COUNT, AT(rejected), WHOLE },
	{ "tscope_clock_exact", "gauge",
	  "1: the newest reading was taken at a TSC value; 0: between two TSC reads.",
	  NULL, FIGURE, AT(exact), WHOLE },
	{ "tscope_clock_skew_ratio", "gauge",
	  "How much faster the clock runs than the TSC at its nominal frequency; 1e-9 is 1 ppb.",
	  NULL, FIGURE, AT(skew_ppt), PPT },
	{ "tscope_clock_skew_error_ratio", "gauge",
	  "95 % half-width of tscope_clock_skew_ratio.",
	  NULL, FIGURE, AT(skew_error_ppt), PPT },
	{ "tscope_clock_skew_span_seconds", "gauge",
	  "From the first to the last point that tscope_clock_skew_ratio was fitted to.",
	  NULL, COUNT, AT(span_ms), MS },
	{ "tscope_clock_phase_seconds", "gauge",
	  "How far the clock has advanced against the TSC since the first point of its segment.",
	  NULL, FIGURE, AT(phase_ns), NS },
	{ "tscope_clock_steps_total", "counter", "Jumps of the clock against the TSC.",
	  NULL, COUNT, AT(steps), WHOLE },
	{ "tscope_clock_last_step_seconds", "gauge", "Newest step; 0 if there was none.",
	  NULL, FIGURE, AT(step_last_ns), NS },
	{ "tscope_clock_last_step_age_seconds", "gauge",
	  "How long ago that step was, time in suspend not counted.",
	  NULL, STEP_AGE, 0, NS },
	{ "tscope_clock_max_step_seconds", "gauge",
	  "Largest step by magnitude; 0 if there was none.",
	  NULL, FIGURE, AT(step_max_ns), NS },
	{ "tscope_clock_step_error_seconds", "gauge",
	  "How far the sizes of this clock's steps may be off, estimated from its noise.",
	  NULL, STEP_ERROR, 0, NS },
	{ "tscope_clock_backward_total", "counter",
	  "Readings lower than the same CPU had read before.",
	  NULL, COUNT, AT(backward), WHOLE },
	{ "tscope_clock_max_backward_seconds", "gauge", "Largest difference of these.",
	  NULL, COUNT, AT(backward_max_ns), NS },
	{ "tscope_clock_warps_total", "counter", "Readings lower than another CPU had published before.",
	  NULL, COUNT, AT(warps), WHOLE },
	{ "tscope_clock_max_warp_seconds", "gauge", "Largest difference of these.",
	  NULL, COUNT, AT(warp_max_ns), NS },
	{ "tscope_clock_pair_offset_seconds", "gauge",
	  "How far one CPU's clock is ahead of another's, of the worst pair of CPUs.",
	  NULL, OFFSET, AT(offset.offset_ns), NS },
	{ "tscope_clock_pair_offset_error_seconds", "gauge",
	  "Bound of tscope_clock_pair_offset_seconds: the truth lies within.",
	  NULL, OFFSET, AT(offset.bound_ns), NS },
	{ "tscope_clock_pair_offset_age_seconds", "gauge",
	  "How old tscope_clock_pair_offset_seconds was when this was written.",
	  NULL, OFFSET, AT(offset.age_ms), MS },
	{ "tscope_clock_pair_offset_moving", "gauge",
	  "1: the offset of that pair moves, and its bound holds the last two epochs only.",
	  NULL, MOVING, 0, WHOLE },
	{ "tscope_clock_pairs_moving", "gauge", "Pairs of CPUs whose offset moves.",
	  NULL, COUNT, AT(moving), WHOLE },
	{ "tscope_clock_pairs_unmet", "gauge",
	  "Pairs of sampling CPUs that have not met for too long: nothing is known of their offset.",
	  NULL, COUNT, AT(unmet), WHOLE },
	{ "tscope_host_offset_seconds", "gauge", "The guest's wall clock minus the host's.",
	  "ptp-kvm", FIGURE, AT(host_offset_ns), NS },
	{ "tscope_host_offset_error_seconds", "gauge",
	  "How far the truth may be from tscope_host_offset_seconds.",
	  "ptp-kvm", FIGURE, AT(host_offset_error_ns), NS },
	{ "tscope_host_offset_age_seconds", "gauge",
	  "How old tscope_host_offset_seconds was when this was written.",
	  "ptp-kvm", FIGURE, AT(host_offset_age_ms), MS },
	{ "tscope_hypercall_errors_total", "counter",
	  "Hypercalls for the host's wall clock that failed.",
	  "ptp-kvm", COUNT, AT(errors), WHOLE },
	{ "tscope_kvm_clock_stable", "gauge",
	  "1: the host has a master clock, and all CPUs' kvm-clocks are one.",
	  "kvm-clock", FIGURE, AT(stable), WHOLE },
	{ "tscope_kvm_clock_updates_total", "counter",
	  "Changes of kvm-clock's pages that the samplers saw, of all CPUs together.",
	  "kvm-clock", COUNT, AT(updates), WHOLE },
	{ "tscope_hyperv_valid", "gauge", "1: the reference TSC page is valid.",
	  "hyperv", FIGURE, AT(valid), WHOLE },
	{ "tscope_hyperv_updates_total", "counter",
	  "Changes of the reference TSC page that the samplers saw.",
	  "hyperv", COUNT, AT(updates), WHOLE },
	{ "tscope_xen_stable", "gauge",
	  "1: Xen counts time by the TSC, and all CPUs' xen clocks are one.",
	  "xen", FIGURE, AT(stable), WHOLE },
	{ "tscope_xen_updates_total", "counter",
	  "Changes of Xen's time pages that the samplers saw, of all CPUs together.",
	  "xen", COUNT, AT(updates), WHOLE },
	{ "tscope_xen_tsc_emulated", "gauge",
	  "1: reads of the TSC trap, and Xen computes what they return.",
	  "xen", FIGURE, AT(emulated), WHOLE },
	{ "tscope_xen_restores_total", "counter",
	  "Restores and migrations of this guest that Xen has counted.",
	  "xen", COUNT, AT(incarnation), WHOLE },
	{ "tscope_vmclock_valid", "gauge", "1: the page gives time.",
	  "vmclock", FIGURE, AT(time), WHOLE },
	{ "tscope_vmclock_status", "gauge",
	  "0: unknown, 1: initializing, 2: synchronized, 3: free running, 4: unreliable.",
	  "vmclock", COUNT, AT(status), WHOLE },
	{ "tscope_vmclock_stated_error_seconds", "gauge",
	  "How far off the host says that the page's time may be; tscope does not check it.",
	  "vmclock", COUNT, AT(stated_error_ns), NS },
	{ "tscope_vmclock_updates_total", "counter", "Changes of the page that the leader saw.",
	  "vmclock", COUNT, AT(updates), WHOLE },
	{ "tscope_vmclock_disruptions_total", "counter",
	  "Changes of the page's marker: the TSC may have jumped, or may run at another rate.",
	  "vmclock", COUNT, AT(disruptions), WHOLE },
	{ "tscope_guest_stops_total", "counter", "Pauses that the host has flagged.",
	  "kvm-clock", COUNT, AT(stopped), WHOLE },
};

static void print_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A metric that has one series, without labels. */
static void print_single(FILE *out, const char *name, const char *type, const char *help,
			 struct value v)
{
	if (!v.known)
		return;
	print_head(out, name, type, help);
	fprintf(out, "%s ", name);
	print_value(out, v);
	fputc('\n', out);
}

/* The age of the newest step; 0 if it came while the files were read. */
static struct value step_age(const struct snapshot *s, const char *clock)
{
	uint64_t newest_ns = 0, now_ns = s->monotonic_ns;
	bool any = false;

	for (size_t i = 0; i < s->n_violations; i++) {
		const struct violation *v = &s->violations[i];

		if (strcmp(v->what, "step") || strcmp(v->clock, clock))
			continue;
		any = true;
		if (v->monotonic_ns > newest_ns)
			newest_ns = v->monotonic_ns;
	}
	return unsigned_value(any, newest_ns < now_ns ? now_ns - newest_ns : 0, NS);
}

static struct value value_of(const struct metric *m, const struct snapshot *s,
			     const struct clock_figures *c)
{
	const void *at = (const char *)c + m->at;
	const struct figure *figure = at;
	const struct count *count = at;

	switch (m->source) {
	case FIGURE:
		return signed_value(figure->known, figure->value, m->places);
	case COUNT:
		return unsigned_value(count->known, count->value, m->places);
	case OFFSET:
		return signed_value(c->offset.known, *(const int64_t *)at, m->places);
	case MOVING:
		return unsigned_value(c->offset.known, c->offset.moving, m->places);
	case STEP_ERROR:
		return unsigned_value(c->steps.known && clock_step_error_known(s, c->name),
				      clock_step_error_ns(s, c->name), m->places);
	case STEP_AGE:
		return step_age(s, c->name);
	}
	return (struct value){ };
}

static void print_metric(FILE *out, const struct snapshot *s, const struct metric *m)
{
	bool begun = false;

	for (size_t i = 0; i < s->n_clocks; i++) {
		const struct clock_figures *c = &s->clocks[i];
		struct value v = value_of(m, s, c);

		if (!v.known || (m->clock && strcmp(m->clock, c->name)))
			continue;
		if (!begun)
			print_head(out, m->name, m->type, m->help);
		begun = true;
		fputs(m->name, out);
		if (!m->clock) {
			print_label(out, "{clock", c->name);
			fputc('}', out);
		}
		fputc(' ', out);
		print_value(out, v);
		fputc('\n', out);
	}
}

/*
 * Limits of buckets are 2^N - 1 ns, always the same, whatever was measured. Each limit lies between
 * two of the module's buckets, of which there are eight in an octave.
 */
enum { FIRST_OCTAVE = 5, LAST_OCTAVE = 30 };	/* 31 ns, 1.07 s */

static __uint128_t count_below(const struct histogram *h, __uint128_t limit_ns)
{
	__uint128_t n = 0;

	for (size_t i = 0; i < h->n_buckets; i++)
		if (h->buckets[i].negative || h->buckets[i].high_ns < limit_ns)
			n += h->buckets[i].count;
	return n;
}

/*
 * The sum is computed from the middles of the buckets, because it must never decrease: the count
 * times the mean might, as the mean is rounded.
 */
static __uint128_t sum_ns(const struct histogram *h)
{
	__uint128_t sum = 0;

	for (size_t i = 0; i < h->n_buckets; i++) {
		const struct hist_bucket *b = &h->buckets[i];

		if (!b->negative)
			sum += (__uint128_t)(b->low_ns + (b->high_ns - b->low_ns) / 2) * b->count;
	}
	return sum;
}

static void print_bucket(FILE *out, const char *name, const char *clock, const char *limit,
			 __uint128_t limit_ns, __uint128_t n)
{
	fprintf(out, "%s_bucket{", name);
	if (clock) {
		print_label(out, "clock", clock);
		fputc(',', out);
	}
	fputs("le=\"", out);
	if (limit)
		fputs(limit, out);
	else
		print_value(out, unsigned_value(true, limit_ns, NS));
	fputs("\"} ", out);
	print_value(out, unsigned_value(true, n, WHOLE));
	fputc('\n', out);
}

static void print_total(FILE *out, const char *name, const char *which, const char *clock,
			struct value v)
{
	fprintf(out, "%s_%s", name, which);
	if (clock) {
		print_label(out, "{clock", clock);
		fputc('}', out);
	}
	fputc(' ', out);
	print_value(out, v);
	fputc('\n', out);
}

/* @clock: its label, or NULL */
static void print_histogram(FILE *out, const char *name, const char *clock,
			    const struct histogram *h)
{
	__uint128_t all = count_below(h, (__uint128_t)1 << 64);

	for (int octave = FIRST_OCTAVE; octave <= LAST_OCTAVE; octave++) {
		__uint128_t limit_ns = (__uint128_t)1 << octave;

		print_bucket(out, name, clock, NULL, limit_ns - 1, count_below(h, limit_ns));
	}
	print_bucket(out, name, clock, "+Inf", 0, all);
	print_total(out, name, "sum", clock, unsigned_value(true, sum_ns(h), NS));
	print_total(out, name, "count", clock, unsigned_value(true, all, WHOLE));
}

static void print_histograms(FILE *out, const struct snapshot *s)
{
	static const char read[] = "tscope_clock_read_duration_seconds";
	static const char late[] = "tscope_window_lateness_seconds";
	const struct histogram *h;
	bool begun = false;

	for (size_t i = 0; i < s->n_clocks; i++) {
		char name[40];

		snprintf(name, sizeof(name), "%s/width", s->clocks[i].name);
		h = snapshot_histogram(s, name);
		if (!h)
			continue;
		if (!begun)
			print_head(out, read, "histogram",
				   "From the TSC read before a reading to the one after it; _sum is within 1/16.");
		begun = true;
		print_histogram(out, read, s->clocks[i].name, h);
	}
	h = snapshot_histogram(s, "wakeup");
	if (!h)
		return;
	print_head(out, late, "histogram", "How late windows began; _sum is within 1/16.");
	print_histogram(out, late, NULL, h);
	print_single(out, "tscope_windows_lost_total", "counter",
		     "Windows that did not happen because the CPU was late by a period or more.",
		     unsigned_value(h->lost.known, h->lost.value, WHOLE));
}

static void print_info(FILE *out, const struct snapshot *s)
{
	print_head(out, "tscope_info", "gauge", "1; what its labels say.");
	print_label(out, "tscope_info{version", s->version);
	print_label(out, ",kernel", s->kernel);
	print_label(out, ",clocksource", s->clocksource);
	fputs("} 1\n", out);
}

void metrics_print(FILE *out, const struct snapshot *s)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	struct count age_ms = snapshot_age_ms(s);

	print_single(out, "tscope_sampling", "gauge", "1: the CPUs sample; 0: they do not.",
		     unsigned_value(s->enabled.known || !s->loaded, s->enabled.value, WHOLE));
	print_single(out, "tscope_unread_files", "gauge",
		     "Files of the module that could not be read; tscope metrics names them.",
		     unsigned_value(true, s->loaded ? s->n_errors : 0, WHOLE));
	if (!s->loaded)
		return;
	print_info(out, s);
	print_single(out, "tscope_window_age_seconds", "gauge",
		     "How long ago clocks were sampled last; figures without an age of their own are no newer.",
		     unsigned_value(age_ms.known, age_ms.value, MS));
	if (tsc)
		print_single(out, "tscope_tsc_frequency_hertz", "gauge",
			     "The TSC's nominal frequency: what skews are relative to.",
			     unsigned_value(tsc->khz.known, (__uint128_t)tsc->khz.value * 1000,
					    WHOLE));
	print_single(out, "tscope_alerts_total", "counter", "Alerts that the module has raised.",
		     unsigned_value(s->alerts.known, s->alerts.value, WHOLE));
	for (size_t i = 0; i < sizeof(metrics) / sizeof(*metrics); i++)
		print_metric(out, s, &metrics[i]);
	print_histograms(out, s);
}
