// SPDX-License-Identifier: GPL-2.0
/* finding_text.c: findings for people, in lines of at most TEXT_COLUMNS */
#include <stdio.h>
#include <string.h>

#include "finding.h"
#include "text.h"
#include "words.h"

static void print_size(const struct finding *f, FILE *to)
{
	char line[160];

	if (!f->size.known)
		return;
	if (!f->size_error.known)
		snprintf(line, sizeof(line), "%s; its error is not known",
			 ns_text((__int128_t)f->size.value));
	else if (!strcmp(f->unit, "ns"))
		snprintf(line, sizeof(line), "%s +- %s", ns_text((__int128_t)f->size.value),
			 ns_text((__int128_t)f->size_error.value));
	else if (!strcmp(f->unit, "ppb"))
		snprintf(line, sizeof(line), "%.3f ppb +- %.3f ppb (95 %%)", f->size.value,
			 f->size_error.value);
	else
		snprintf(line, sizeof(line), "%.10g %s +- %.10g %s", f->size.value, f->unit,
			 f->size_error.value, f->unit);
	text_wrap(to, "  size      ", "%s", line);
}

static void print_cpus(const struct finding *f, FILE *to)
{
	char line[64];
	size_t i, n = 0;

	if (!f->n_cpus)
		return;
	for (i = 0; i < f->n_cpus && n < sizeof(line) - 16; i++)
		n += snprintf(line + n, sizeof(line) - n, "%s%u", i ? ", " : "", f->cpus[i]);
	if (i < f->n_cpus)
		snprintf(line + n, sizeof(line) - n, " and %zu", f->n_cpus - i);
	text_wrap(to, "  CPUs      ", "%s", line);
}

static void print_finding(const struct finding *f, uint64_t now_ns, FILE *to)
{
	char head[64];
	size_t i;

	fprintf(to, "%s: %s\n", f->id, severity_name(f->severity));
	text_wrap(to, "  ", "%s", f->title);
	print_size(f, to);
	if (f->since_ns.known && now_ns > f->since_ns.value) {
		snprintf(head, sizeof(head), "%s%s", age_text(now_ns - f->since_ns.value),
			 f->ended ? " ago" : "");
		text_wrap(to, f->ended ? "  when      " : "  for       ", "%s", head);
	}
	print_cpus(f, to);
	for (i = 0; i < f->evidence.n; i++)
		text_wrap(to, i ? "            - " : "  evidence  - ", "%s",
			  f->evidence.lines[i]);
	text_wrap(to, "  cause     ", "%s", f->cause);
	for (i = 0; i < f->advice.n; i++)
		text_wrap(to, i ? "            - " : "  advice    - ", "%s", f->advice.lines[i]);
	text_wrap(to, "  see       ", "%s", f->see);
}

void findings_print(const struct finding_list *list, uint64_t now_ns, FILE *to)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (i)
			fputc('\n', to);
		print_finding(&list->findings[i], now_ns, to);
	}
}
