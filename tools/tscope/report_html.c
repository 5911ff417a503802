// SPDX-License-Identifier: GPL-2.0
/* report_html.c: an observation as one page: what was found, the figures, the pictures */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "files.h"
#include "html.h"
#include "pairs.h"
#include "replace.h"
#include "report_parts.h"
#include "words.h"

#define PAIRS_SHOWN 40

static void write_list(FILE *to, const char *term, char *const *lines, size_t n)
{
	if (!n)
		return;
	html_tagged(to, "dt", "%s", term);
	fputs("<dd><ul>\n", to);
	for (size_t i = 0; i < n; i++)
		html_tagged(to, "li", "%s", lines[i]);
	fputs("</ul></dd>\n", to);
}

static void write_entry(FILE *to, const char *term, const char *text)
{
	html_tagged(to, "dt", "%s", term);
	html_tagged(to, "dd", "%s", text);
}

static void write_finding(FILE *to, const struct finding *f, uint64_t now_ns)
{
	char text[200];

	fprintf(to, "<article class=\"finding %s\">\n<h3><span class=\"severity\">%s</span> ",
		severity_name(f->severity), severity_name(f->severity));
	fprintf(to, "<code>%s</code>: ", f->id);
	html_text(to, f->title);
	fputs("</h3>\n<dl>\n", to);
	if (finding_size_text(f, text, sizeof(text)))
		write_entry(to, "Size", text);
	if (f->since_ns.known && now_ns > f->since_ns.value) {
		snprintf(text, sizeof(text), "%s%s", age_text(now_ns - f->since_ns.value),
			 f->ended ? " ago" : "");
		write_entry(to, f->ended ? "When" : "For", text);
	}
	if (finding_cpus_text(f, text, sizeof(text)))
		write_entry(to, "CPUs", text);
	write_list(to, "Evidence", f->evidence.lines, f->evidence.n);
	write_entry(to, "Cause", f->cause);
	write_list(to, "Advice", f->advice.lines, f->advice.n);
	write_entry(to, "See", f->see);
	fputs("</dl>\n</article>\n", to);
}

static void write_findings(FILE *to, const struct snapshot *s, const struct finding_list *findings)
{
	char verdict[80];

	report_verdict(verdict, s, findings);
	fputs("<section>\n", to);
	html_tagged(to, "h2", "Findings");
	html_tagged(to, "p class=\"verdict\"", "%s", verdict);
	if (!s->loaded)
		html_tagged(to, "p", "%s", module_advice());
	for (size_t i = 0; i < findings->n; i++)
		write_finding(to, &findings->findings[i], s->boottime_ns);
	fputs("</section>\n", to);
}

/* Write a part of the text report as headings and paragraphs; @by_line: one for each line. */
static void write_part(FILE *to, const struct snapshot *s, bool by_line,
		       void (*print)(FILE *out, const struct snapshot *s))
{
	char *text, *rest, *line;
	bool open = false;
	size_t len;
	FILE *memory = open_memstream(&text, &len);

	if (!memory)
		err(STATUS_NO_FIGURE, "no memory");
	print(memory, s);
	fclose(memory);
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		if (open && (by_line || *line != ' '))
			fputs("</p>\n", to);
		if (*line != ' ')
			html_tagged(to, "h3", "%s", line);
		if (!open || by_line || *line != ' ')
			fputs("<p>", to);
		open = true;
		if (*line == ' ')
			html_text(to, line);
	}
	if (open)
		fputs("</p>\n", to);
	free(text);
}

static void write_machine(FILE *to, const struct snapshot *s, const struct sampling_wish *wish)
{
	char text[8300];
	time_t now = time(NULL);

	fputs("<section>\n", to);
	html_tagged(to, "h2", "Machine");
	fputs("<dl>\n", to);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", localtime(&now));
	write_entry(to, "Time", text);
	write_entry(to, "tscope", s->version[0] ? s->version : TSCOPE_VERSION);
	write_entry(to, "Kernel", s->kernel);
	write_entry(to, "Clocksource", s->clocksource);
	snprintf(text, sizeof(text), "%s of %s online", s->cpus, s->online);
	write_entry(to, "CPUs", text);
	if (!wish->duration_ms)
		snprintf(text, sizeof(text), "nothing by this command: the figures were there%s",
			 text_old(s).s);
	else if (s->width_us.value == s->period_us.value)
		snprintf(text, sizeof(text), "%s, all the time",
			 text_duration(wish->duration_ms).s);
	else
		snprintf(text, sizeof(text), "%s, %s us of every %s us",
			 text_duration(wish->duration_ms).s, text_count(s->width_us).s,
			 text_count(s->period_us).s);
	write_entry(to, "Sampled", text);
	fputs("</dl>\n", to);
	write_part(to, s, true, report_cpus);
	fputs("</section>\n", to);
}

static void write_table(FILE *to, struct text_table *t, const char *caption)
{
	if (t->n_cells)
		html_table(to, t, caption);
	else
		table_free(t);
}

/* Write the offset of ptp-kvm with its error and its age, and its drift. */
static void write_wall_clock(FILE *to, const struct snapshot *s)
{
	static const char *const heads[] = { "<guest minus host", "value", "+-", "age" };
	const struct clock_figures *host = snapshot_clock(s, "ptp-kvm");
	int64_t drift, error;
	struct text_table t;

	table_begin(&t, heads, 4);
	if (host && host->host_offset_ns.known) {
		table_cell(&t, "offset");
		table_cell(&t, "%s", text_ns(host->host_offset_ns.value).s);
		table_cell(&t, "%s", text_ns(host->host_offset_error_ns.value).s);
		table_cell(&t, "%s", text_age(host->host_offset_age_ms.value).s);
	}
	if (snapshot_drift_ppt(s, &drift, &error)) {
		table_cell(&t, "drift");
		table_cell(&t, "%s ppb", text_decimal(drift, 3).s);
		table_cell(&t, "%s ppb", text_decimal(error, 3).s);
		table_cell(&t, "of the fits");
	}
	write_table(to, &t, "Wall clock of the guest minus that of the host; +-: the offset's bound, the drift's 95 % interval");
	if (host)
		html_tagged(to, "p", "The host refused %s hypercalls.", text_count(host->errors).s);
}

static void write_figures(FILE *to, const struct snapshot *s)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	struct text_table t;
	char caption[200];

	fputs("<section>\n", to);
	html_tagged(to, "h2", "Figures");
	report_clocks(&t, s);
	snprintf(caption, sizeof(caption),
		 "Clocks against the TSC at its nominal %s kHz; +-: 95 %% interval",
		 tsc ? text_count(tsc->khz).s : "-");
	write_table(to, &t, caption);
	report_jumps(&t, s);
	if (!t.n_cells && snapshot_sampled(s))
		html_tagged(to, "p", "No clock stepped, went backward, or warped between CPUs.");
	write_table(to, &t, "Jumps since sampling began or was reset; other clocks had none");
	pairs_table(&t, s, PAIRS_SHOWN);
	snprintf(caption, sizeof(caption),
		 "Offsets between CPUs: how far CPU j's clock is ahead of CPU i's; the worst first%s",
		 s->n_pairs > PAIRS_SHOWN ? ", the others are in the pictures" : "");
	write_table(to, &t, caption);
	write_part(to, s, false, report_page);
	write_part(to, s, false, report_vmclock);
	write_wall_clock(to, s);
	report_widths(&t, s);
	write_table(to, &t, "How long a reading took, from the TSC read before to the one after");
	fputs("</section>\n", to);
}

/* Write which clocks are absent, and what could not be read. */
static void write_not_seen(FILE *to, const struct snapshot *s, const struct system_facts *system)
{
	bool any = s->n_errors || system->n_notes;

	for (size_t i = 0; report_clock_names[i]; i++)
		any |= report_misses(s, report_clock_names[i]);
	if (!any)
		return;
	fputs("<section>\n", to);
	html_tagged(to, "h2", "What is not here");
	fputs("<ul>\n", to);
	for (size_t i = 0; report_clock_names[i]; i++)
		if (report_misses(s, report_clock_names[i]))
			html_tagged(to, "li", "%s: %s", report_clock_names[i],
				    report_absent_why(system, report_clock_names[i]));
	for (size_t i = 0; i < s->n_errors; i++)
		html_tagged(to, "li", "%s", s->errors[i]);
	for (size_t i = 0; i < system->n_notes; i++)
		html_tagged(to, "li", "%s", system->notes[i]);
	fputs("</ul>\n</section>\n", to);
}

int report_html(const char *path, const struct observation *o, const struct finding_list *findings,
		const struct sampling_wish *wish)
{
	const struct snapshot *s = &o->after;
	struct recording r;
	char *page;
	size_t len;
	FILE *to = open_memstream(&page, &len);
	int error;

	if (!to)
		err(STATUS_NO_FIGURE, "no memory");
	html_begin(to, "tscope: a report of this machine's clocks");
	write_findings(to, s, findings);
	write_machine(to, s, wish);
	write_figures(to, s);
	recording_of_snapshot(&r, s);
	html_pictures(to, &r, PLOT_KINDS);
	recording_free(&r);
	write_not_seen(to, s, &o->system);
	html_end(to);
	fclose(to);
	error = replace_file(path, page, len, 0);
	free(page);
	return error;
}
