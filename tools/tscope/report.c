// SPDX-License-Identifier: GPL-2.0
/* report.c: an observation as people read it */
#include <inttypes.h>
#include <string.h>

#include "moment.h"
#include "observe.h"
#include "pairs.h"
#include "report_parts.h"
#include "text.h"

#define PAIRS_SHOWN 10
#define CPUS_SHOWN 10

/* Clocks that most guests have. */
const char *const report_clock_names[] = {
	"tsc", "kvm-clock", "ptp-kvm", "monotonic-raw", "realtime", "acpi-pm", "hpet", NULL
};

static const char *severity_word(enum severity severity)
{
	return severity == SEVERITY_FAULT ? "FAULT" : severity_name(severity);
}

void report_verdict(char to[80], const struct snapshot *s, const struct finding_list *findings)
{
	size_t counts[3] = { 0 };

	for (size_t i = 0; i < findings->n; i++)
		counts[findings->findings[i].severity]++;
	if (counts[SEVERITY_FAULT] || counts[SEVERITY_WARNING])
		snprintf(to, 80, "%zu fault%s, %zu warning%s", counts[SEVERITY_FAULT],
			 counts[SEVERITY_FAULT] == 1 ? "" : "s", counts[SEVERITY_WARNING],
			 counts[SEVERITY_WARNING] == 1 ? "" : "s");
	else
		snprintf(to, 80, "%s", snapshot_sampled(s) ? "nothing wrong was found" :
			 "nothing was sampled, so nothing is known of the clocks");
}

static void print_findings(FILE *out, const struct snapshot *s, const struct finding_list *findings)
{
	char verdict[80];

	report_verdict(verdict, s, findings);
	fprintf(out, "%s\n", verdict);
	if (!findings->n)
		return;
	fputc('\n', out);
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->findings[i];
		char first[16];

		snprintf(first, sizeof(first), "  %-8s ", severity_word(f->severity));
		text_wrap(out, first, "%s: %s", f->id, f->title);
	}
	fputs("\n  The evidence, the cause and what to do: tscope doctor\n", out);
}

static void print_head(FILE *out, const struct snapshot *s, const struct sampling_wish *wish)
{
	text_wrap(out, "  kernel       ", "%s", s->kernel);
	text_wrap(out, "  clocksource  ", "%s", s->clocksource);
	text_wrap(out, "  CPUs         ", "%s of %s online", s->cpus, s->online);
	if (!wish->duration_ms) {
		if (s->enabled.value)
			text_wrap(out, "  sampled      ",
				  "nothing by this command: sampling was on, and goes on");
		else if (snapshot_sampled(s))
			text_wrap(out, "  sampled      ",
				  "nothing: these are the figures of earlier sampling%s",
				  text_old(s).s);
		else
			text_wrap(out, "  sampled      ", "nothing yet");
		if (!may_sample())
			text_wrap(out, "               ", "Only root can start sampling (sudo).");
		return;
	}
	fprintf(out, "  sampled      %s, ", text_duration(wish->duration_ms).s);
	if (s->width_us.value == s->period_us.value)
		fputs("all the time\n", out);
	else
		fprintf(out, "%s us of every %s us\n", text_count(s->width_us).s,
			text_count(s->period_us).s);
	fprintf(out, "               interrupts off for %s us at most\n",
		text_count(s->burst_us).s);
}

void report_clocks(struct text_table *t, const struct snapshot *s)
{
	static const char *const heads[] = {
		"<clock", "<read", "readings", "skew ppb", "+- ppb", "over", "phase ns"
	};

	table_begin(t, heads, sizeof(heads) / sizeof(*heads));
	for (size_t i = 0; i < s->n_clocks; i++) {
		const struct clock_figures *c = &s->clocks[i];

		table_cell(t, "%s", c->name);
		table_cell(t, "%s", text_how_read(c).s);
		table_cell(t, "%s", text_count(c->samples).s);
		table_cell(t, "%s", text_thousandths(c->skew_ppt).s);
		table_cell(t, "%s", text_thousandths(c->skew_error_ppt).s);
		table_cell(t, "%s", c->span_ms.known ? text_age(c->span_ms.value).s : "-");
		table_cell(t, "%s", text_figure(c->phase_ns).s);
	}
}

static void print_clocks(FILE *out, const struct snapshot *s)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	struct text_table t;

	report_clocks(&t, s);
	fputc('\n', out);
	text_wrap(out, "", "Clocks against the TSC at its nominal %s kHz; +-: 95 %% interval",
		  tsc ? text_count(tsc->khz).s : "-");
	table_print(&t, out, "  ");
	if (tsc && tsc->step_cycles.known && tsc->step_cycles.value > 1)
		fprintf(out, "  The TSC counts in steps of %s cycles.\n",
			text_count(tsc->step_cycles).s);
}

/* What the kernel log says of an absent clock: "hpet is absent: ACPI names none". */
const char *report_absent_why(const struct system_facts *system, const char *clock)
{
	const char *why = "not known: the kernel log has no line of it, or could not be read";

	for (size_t i = 0; i < system->n_absent; i++) {
		const char *line = strstr(system->absent[i], clock);
		const char *said = line ? strstr(line, " is absent: ") : NULL;

		if (said && said == line + strlen(clock))
			why = said + strlen(" is absent: ");
	}
	return why;
}

/* Guests of Hyper-V do not miss kvm-clock and ptp-kvm: Hyper-V has neither. */
bool report_misses(const struct snapshot *s, const char *clock)
{
	return !snapshot_clock(s, clock) &&
	       !(snapshot_clock(s, "hyperv") && strstr(clock, "kvm"));
}

static void print_absent(FILE *out, const struct snapshot *s, const struct system_facts *system)
{
	bool any = false;

	for (size_t i = 0; report_clock_names[i]; i++) {
		char first[32];

		if (!report_misses(s, report_clock_names[i]))
			continue;
		if (!any)
			fputs("\nClocks that are absent\n", out);
		any = true;
		snprintf(first, sizeof(first), "  %-13s  ", report_clock_names[i]);
		text_wrap(out, first, "%s", report_absent_why(system, report_clock_names[i]));
	}
}

static bool jumped(const struct clock_figures *c)
{
	return c->steps.value || c->backward.value || c->warps.value;
}

void report_jumps(struct text_table *t, const struct snapshot *s)
{
	static const char *const heads[] = {
		"<clock", "steps", "last ns", "largest ns", "backward", "largest ns", "warps",
		"largest ns"
	};

	table_begin(t, heads, sizeof(heads) / sizeof(*heads));
	for (size_t i = 0; i < s->n_clocks; i++) {
		const struct clock_figures *c = &s->clocks[i];

		if (!jumped(c))
			continue;
		table_cell(t, "%s", c->name);
		table_cell(t, "%s", text_count(c->steps).s);
		table_cell(t, "%s", text_figure(c->step_last_ns).s);
		table_cell(t, "%s", text_figure(c->step_max_ns).s);
		table_cell(t, "%s", text_count(c->backward).s);
		table_cell(t, "%s", text_count(c->backward_max_ns).s);
		table_cell(t, "%s", text_count(c->warps).s);
		table_cell(t, "%s", text_count(c->warp_max_ns).s);
	}
}

static void print_jumps(FILE *out, const struct snapshot *s)
{
	struct text_table t;

	report_jumps(&t, s);
	if (t.n_cells) {
		fputs("\nJumps since sampling began or was reset; other clocks had none\n", out);
		table_print(&t, out, "  ");
	} else if (snapshot_sampled(s)) {
		fputs("\nNo clock stepped, went backward, or warped between CPUs.\n", out);
	}
}

void report_page(FILE *out, const struct snapshot *s)
{
	const char *name = voice_name(s, VOICE_PAGE);
	const struct clock_figures *c = name ? snapshot_clock(s, name) : NULL;
	bool hyperv;

	if (!c)
		return;
	hyperv = !strcmp(name, "hyperv");
	fprintf(out, "\n%s's time page\n", name);
	fprintf(out, "  The host assumes a TSC of %s kHz. %s is %s.\n", text_count(c->khz).s,
		hyperv ? "valid" : "TSC_STABLE", text_figure(hyperv ? c->valid : c->stable).s);
	if (s->n_pages)
		text_wrap(out, "  ", "Its multiplier alone makes it run %s ppb off the nominal TSC.",
			  text_thousandths(snapshot_page_rate_ppt(s)).s);
	if (hyperv)
		text_wrap(out, "  ", "Updates seen: %s.", text_count(c->updates).s);
	else if (!strcmp(name, "xen"))
		text_wrap(out, "  ", "Updates seen: %s. Xen's tsc_mode is %s, emulated %s, incarnation %s.",
			  text_count(c->updates).s, text_count(c->tsc_mode).s,
			  text_figure(c->emulated).s, text_count(c->incarnation).s);
	else
		text_wrap(out, "  ", "Updates seen: %s. Stops of the guest seen: %s.",
			  text_count(c->updates).s, text_count(c->stopped).s);
}

void report_vmclock(FILE *out, const struct snapshot *s)
{
	const struct clock_figures *c = snapshot_clock(s, "vmclock");

	if (!c)
		return;
	fprintf(out, "\nvmclock's page\n");
	if (!c->time.known)
		text_wrap(out, "  ", "The host left an update of it unfinished.");
	else if (!c->time.value)
		text_wrap(out, "  ", "The host gives only its marker there, and no time (status %s).",
			  text_count(c->status).s);
	else if (c->stated_error_ns.known)
		text_wrap(out, "  ", "By it, the host's time may be off by %s ns.",
			  text_count(c->stated_error_ns).s);
	else
		text_wrap(out, "  ", "The host gives its time there, and states no error of it.");
	text_wrap(out, "  ", "Updates seen: %s. Times that the TSC may have jumped: %s.",
		  text_count(c->updates).s, text_count(c->disruptions).s);
}

static void print_wall_clock(FILE *out, const struct snapshot *s)
{
	const struct clock_figures *host = snapshot_clock(s, "ptp-kvm");
	int64_t drift, error;

	if (!host)
		return;
	fputs("\nWall clock of the guest minus that of the host\n", out);
	if (host->host_offset_ns.known)
		fprintf(out, "  offset  %s +- %s, %s ago\n", text_ns(host->host_offset_ns.value).s,
			text_ns(host->host_offset_error_ns.value).s,
			text_age(host->host_offset_age_ms.value).s);
	else
		fputs("  offset  not known yet\n", out);
	if (snapshot_drift_ppt(s, &drift, &error))
		fprintf(out, "  drift   %s ppb +- %s ppb (95 %%)\n", text_decimal(drift, 3).s,
			text_decimal(error, 3).s);
	else
		fputs("  drift   not known yet\n", out);
	fprintf(out, "  The host refused %s hypercalls.\n", text_count(host->errors).s);
}

void report_widths(struct text_table *t, const struct snapshot *s)
{
	static const char *const heads[] = {
		"<clock", "rejected", "shortest ns", "mean ns", "50 % ns", "99 % ns", "longest ns"
	};

	table_begin(t, heads, sizeof(heads) / sizeof(*heads));
	for (size_t i = 0; i < s->n_clocks; i++) {
		const struct clock_figures *c = &s->clocks[i];
		const struct histogram *h;
		char name[40];

		if (!c->read_min_ns.known)
			continue;
		snprintf(name, sizeof(name), "%s/width", c->name);
		h = snapshot_histogram(s, name);
		table_cell(t, "%s", c->name);
		table_cell(t, "%s", text_count(c->rejected).s);
		table_cell(t, "%s", text_count(c->read_min_ns).s);
		table_cell(t, "%s", text_count(c->read_avg_ns).s);
		table_cell(t, "%s", text_figure((struct figure){ h, h ? h->p50_ns : 0 }).s);
		table_cell(t, "%s", text_figure((struct figure){ h, h ? h->p99_ns : 0 }).s);
		table_cell(t, "%s", text_figure((struct figure){ h, h ? h->max_ns : 0 }).s);
	}
}

static void print_widths(FILE *out, const struct snapshot *s)
{
	struct text_table t;

	report_widths(&t, s);
	if (!t.n_cells)
		return;
	fputs("\nHow long a reading took, from the TSC read before to the one after\n", out);
	table_print(&t, out, "  ");
}

static void print_histograms(FILE *out, const struct snapshot *s)
{
	static const char *const names[] = { "transit", "ptp-kvm/width" };

	for (size_t i = 0; i < 2; i++) {
		const struct histogram *h = snapshot_histogram(s, names[i]);

		if (!h || !h->count)
			continue;
		fputc('\n', out);
		text_histogram(out, h);
	}
}

/* CPUs whose samplers do not run. */
void report_cpus(FILE *out, const struct snapshot *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_cpu_lines; i++) {
		const struct cpu_line *c = &s->cpu_lines[i];

		if (strcmp(c->state, "late") && strcmp(c->state, "stood-still"))
			continue;
		if (n++ >= CPUS_SHOWN)
			continue;
		if (c->age_ms.known)
			fprintf(out, "  CPU %-8u %s: its sampler last ran %s ago\n", c->cpu,
				c->state, text_age(c->age_ms.value).s);
		else
			fprintf(out, "  CPU %-8u %s: its sampler never ran\n", c->cpu, c->state);
	}
	if (n > CPUS_SHOWN)
		fprintf(out, "               and %zu CPUs more\n", n - CPUS_SHOWN);
}

static void print_not_seen(FILE *out, const struct snapshot *s, const struct system_facts *system)
{
	if (!s->n_errors && !system->n_notes)
		return;
	fputs("\nWhat could not be looked at\n", out);
	for (size_t i = 0; i < s->n_errors; i++)
		text_wrap(out, "  - ", "%s", s->errors[i]);
	for (size_t i = 0; i < system->n_notes; i++)
		text_wrap(out, "  - ", "%s", system->notes[i]);
}

void report_print(FILE *out, const struct observation *o, const struct finding_list *findings,
		  const struct sampling_wish *wish)
{
	const struct snapshot *s = &o->after;

	fprintf(out, "tscope %s: ", s->version[0] ? s->version : TSCOPE_VERSION);
	print_findings(out, s, findings);
	if (!s->loaded)
		return;
	fputc('\n', out);
	print_head(out, s, wish);
	report_cpus(out, s);
	print_clocks(out, s);
	print_absent(out, s, &o->system);
	print_jumps(out, s);
	fputc('\n', out);
	pairs_print(out, s, PAIRS_SHOWN);
	report_page(out, s);
	report_vmclock(out, s);
	print_wall_clock(out, s);
	print_widths(out, s);
	print_histograms(out, s);
	print_not_seen(out, s, &o->system);
}
