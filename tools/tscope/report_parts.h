/* SPDX-License-Identifier: GPL-2.0 */
/* report_parts.h: what a report for a terminal and a report as a page have in common */
#ifndef TSCOPE_REPORT_PARTS_H
#define TSCOPE_REPORT_PARTS_H

#include "report.h"
#include "text.h"

/* Clocks that most guests have, ended by NULL: a report says which of them are absent, and why. */
extern const char *const report_clock_names[];

/* Whether a clock is absent that a guest of this hypervisor could have. */
bool report_misses(const struct snapshot *s, const char *clock);

/* "1 fault, 2 warnings" */
void report_verdict(char to[80], const struct snapshot *s, const struct finding_list *findings);

/* What the kernel log says of an absent clock: "ACPI names none". */
const char *report_absent_why(const struct system_facts *system, const char *clock);

/*
 * Print parts as lines of text, if there is anything to say: the time page of kvm-clock, hyperv or
 * xen; vmclock's page; a line for each CPU whose sampler does not run. A line that does not begin
 * with a blank is a heading.
 */
void report_page(FILE *out, const struct snapshot *s);
void report_vmclock(FILE *out, const struct snapshot *s);
void report_cpus(FILE *out, const struct snapshot *s);

/* Tables: of all clocks, of those that jumped, and of those whose readings take time. */
void report_clocks(struct text_table *t, const struct snapshot *s);
void report_jumps(struct text_table *t, const struct snapshot *s);
void report_widths(struct text_table *t, const struct snapshot *s);

#endif /* TSCOPE_REPORT_PARTS_H */
