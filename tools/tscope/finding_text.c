// SPDX-License-Identifier: GPL-2.0
/* finding_text.c: findings for people, in lines of at most TEXT_COLUMNS */
#include <stdio.h>
#include <string.h>

#include "finding.h"
#include "text.h"
#include "words.h"

static struct shown figure_text(const struct finding *f, __int128_t value)
{
	struct shown t;

	if (!strcmp(f->unit, "ns"))
		return text_ns(value);
	snprintf(t.s, sizeof(t.s), "%.30s %.16s", text_decimal(value, f->places).s, f->unit);
	return t;
}

bool finding_size_text(const struct finding *f, char *to, size_t size)
{
	if (!f->size.known)
		return false;
	if (f->size_error.known)
		snprintf(to, size, "%s +- %s%s", figure_text(f, f->size.value).s,
			 figure_text(f, f->size_error.value).s,
			 strcmp(f->unit, "ppb") ? "" : " (95 %)");
	else
		snprintf(to, size, "%s; its error is not known", figure_text(f, f->size.value).s);
	return true;
}

bool finding_cpus_text(const struct finding *f, char *to, size_t size)
{
	size_t i, n = 0;

	to[0] = 0;
	/* as many as a line has room for */
	for (i = 0; i < f->n_cpus && n < 48 && n + 40 < size; i++)
		n += snprintf(to + n, size - n, "%s%u", i ? ", " : "", f->cpus[i]);
	if (i < f->n_cpus)
		snprintf(to + n, size - n, " and %zu", f->n_cpus - i);
	return f->n_cpus;
}

static void print_finding(const struct finding *f, uint64_t now_ns, FILE *to)
{
	char head[64], text[200];
	size_t i;

	fprintf(to, "%s: %s\n", f->id, severity_name(f->severity));
	text_wrap(to, "  ", "%s", f->title);
	if (finding_size_text(f, text, sizeof(text)))
		text_wrap(to, "  size      ", "%s", text);
	if (f->since_ns.known && now_ns > f->since_ns.value) {
		snprintf(head, sizeof(head), "%s%s", age_text(now_ns - f->since_ns.value),
			 f->ended ? " ago" : "");
		text_wrap(to, f->ended ? "  when      " : "  for       ", "%s", head);
	}
	if (finding_cpus_text(f, text, sizeof(text)))
		text_wrap(to, "  CPUs      ", "%s", text);
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
