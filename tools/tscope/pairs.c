// SPDX-License-Identifier: GPL-2.0
/* pairs.c: how far the CPUs' clocks are apart, for people */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "pairs.h"
#include "text.h"

static const char *const heads[] = {
	"<clock", "CPU i", "CPU j", "offset ns", "+- ns", "age", "meetings", "warps", "<"
};

#define N_HEADS (sizeof(heads) / sizeof(*heads))

/* How far the offset is beyond its bound, ns; below 0: within. */
static __int128_t excess(const struct pair_line *p)
{
	__int128_t offset = p->offset_ns;

	return (offset < 0 ? -offset : offset) - p->bound_ns;
}

static int rank(const struct pair_line *p)
{
	if (!p->known)
		return 2;
	if (p->moving)
		return 0;
	return excess(p) > 0 ? 1 : 3;
}

static int compare(const void *a, const void *b)
{
	const struct pair_line *p = a, *q = b;
	int by_clock = strcmp(q->clock, p->clock);

	if (rank(p) != rank(q))
		return rank(p) - rank(q);
	if (p->known && excess(p) != excess(q))
		return excess(p) < excess(q) ? 1 : -1;
	if (by_clock)
		return by_clock;
	if (p->cpu_i != q->cpu_i)
		return p->cpu_i < q->cpu_i ? -1 : 1;
	return (p->cpu_j > q->cpu_j) - (p->cpu_j < q->cpu_j);
}

void pairs_sort(struct snapshot *s)
{
	if (s->n_pairs)
		qsort(s->pairs, s->n_pairs, sizeof(*s->pairs), compare);
}

static const char *const marks[] = { "moves", "apart", "not met", "" };

static void add_pair(struct text_table *t, const struct pair_line *p)
{
	bool listed = !p->from_sysfs;

	table_cell(t, "%s", p->clock);
	table_cell(t, "%u", p->cpu_i);
	table_cell(t, "%u", p->cpu_j);
	table_cell(t, "%s", text_figure((struct figure){ p->known, p->offset_ns }).s);
	table_cell(t, "%s", text_figure((struct figure){ p->known, p->bound_ns }).s);
	table_cell(t, "%s", p->known ? text_age(p->age_ms).s : "-");
	table_cell(t, "%s", text_count((struct count){ listed, p->meetings }).s);
	table_cell(t, "%s", text_count((struct count){ listed, p->warps }).s);
	table_cell(t, "%s", marks[rank(p)]);
}

/* The widest bound of the pairs that were read: the file in sysfs may be of a later time. */
static struct count widest_bound(const struct snapshot *s, const struct clock_figures *c)
{
	struct count widest = { };

	for (size_t i = 0; i < s->n_pairs; i++) {
		const struct pair_line *p = &s->pairs[i];

		if (!p->known || strcmp(p->clock, c->name))
			continue;
		if (!widest.known || (uint64_t)p->bound_ns > widest.value)
			widest.value = p->bound_ns;
		widest.known = true;
	}
	return s->n_pairs && s->pairs[0].from_sysfs ? c->widest_bound_ns : widest;
}

/* Print what is known of all pairs of a clock. */
static void print_all(FILE *out, const struct snapshot *s, const struct clock_figures *c)
{
	if (!c->moving.known || !c->unmet.known)
		return;
	text_wrap(out, "  ", "%s: pairs that move: %s, that have not met: %s, widest bound: %s ns",
		  c->name, text_count(c->moving).s, text_count(c->unmet).s,
		  text_count(widest_bound(s, c)).s);
}

void pairs_table(struct text_table *t, const struct snapshot *s, size_t most)
{
	table_begin(t, heads, N_HEADS);
	for (size_t i = 0; i < s->n_pairs && i < most; i++)
		add_pair(t, &s->pairs[i]);
}

void pairs_print(FILE *out, const struct snapshot *s, size_t most)
{
	size_t shown = s->n_pairs < most ? s->n_pairs : most;
	struct text_table t;

	pairs_table(&t, s, most);
	if (!t.n_cells) {
		fputs("Offsets between CPUs: none (there is one CPU, or no pair has met)\n", out);
		return;
	}
	fputs("Offsets between CPUs: how far CPU j's clock is ahead of CPU i's; the worst first\n",
	      out);
	table_print(&t, out, "  ");
	if (shown < s->n_pairs)
		fprintf(out, "  and %zu pairs more: tscope pairs\n", s->n_pairs - shown);
	for (size_t i = 0; i < s->n_clocks; i++)
		print_all(out, s, &s->clocks[i]);
	for (size_t i = 0; i < shown; i++) {
		const struct pair_line *p = &s->pairs[i];

		if (p->known && p->moving)
			text_wrap(out, "  ", "%s of CPUs %u and %u was between %" PRId64 " and %"
				  PRId64 " ns", p->clock, p->cpu_i, p->cpu_j, p->hull_low_ns,
				  p->hull_high_ns);
	}
}
