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

/* How far the offset is beyond its bound. */
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

/* @meetings: whether they, and warps, are known. */
static void add_pair(struct text_table *t, const struct pair_line *p, bool meetings)
{
	table_cell(t, "%s", p->clock);
	table_cell(t, "%u", p->cpu_i);
	table_cell(t, "%u", p->cpu_j);
	table_cell(t, "%s", text_figure((struct figure){ p->known, p->offset_ns }).s);
	table_cell(t, "%s", text_figure((struct figure){ p->known, p->bound_ns }).s);
	table_cell(t, "%s", p->known ? text_age(p->age_ms).s : "-");
	table_cell(t, "%s", text_count((struct count){ meetings, p->meetings }).s);
	table_cell(t, "%s", text_count((struct count){ meetings, p->warps }).s);
	table_cell(t, "%s", marks[rank(p)]);
}

/* The worst pair of a clock, which sysfs names. */
static void add_worst(struct text_table *t, const struct clock_figures *c)
{
	const struct pair_offset *o = &c->offset;
	struct pair_line p = {
		.cpu_i = o->cpu_i, .cpu_j = o->cpu_j, .known = true, .moving = o->moving,
		.offset_ns = o->offset_ns, .bound_ns = o->bound_ns, .age_ms = o->age_ms,
	};

	snprintf(p.clock, sizeof(p.clock), "%s", c->name);
	add_pair(t, &p, false);
}

/* Of the pairs that are shown, which sysfs may have later ones of. */
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
	return s->n_pairs ? widest : c->widest_bound_ns;
}

/* Of all pairs of a clock. */
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
		add_pair(t, &s->pairs[i], true);
	for (size_t i = 0; !s->n_pairs && i < s->n_clocks; i++)
		if (s->clocks[i].offset.known)
			add_worst(t, &s->clocks[i]);
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

static int by_cpus(const void *a, const void *b)
{
	const struct pair_line *const *p = a, *const *q = b;

	if ((*p)->cpu_i != (*q)->cpu_i)
		return (*p)->cpu_i < (*q)->cpu_i ? -1 : 1;
	return ((*p)->cpu_j > (*q)->cpu_j) - ((*p)->cpu_j < (*q)->cpu_j);
}

static int by_number(const void *a, const void *b)
{
	const unsigned int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The pairs of one clock, by CPUs, and the CPUs that are in them. */
struct matrix {
	const char *clock;
	const struct pair_line **pairs;
	unsigned int *cpus;
	size_t n_pairs, n_cpus;
};

static void matrix_begin(struct matrix *m, const struct snapshot *s, const char *clock)
{
	size_t n = 0;

	*m = (struct matrix){ .clock = clock };
	m->pairs = calloc(s->n_pairs, sizeof(*m->pairs));
	m->cpus = calloc(2 * s->n_pairs, sizeof(*m->cpus));
	if (!m->pairs || !m->cpus)
		err(STATUS_NO_FIGURE, "no memory");
	for (size_t i = 0; i < s->n_pairs; i++) {
		const struct pair_line *p = &s->pairs[i];

		if (strcmp(p->clock, clock))
			continue;
		m->pairs[m->n_pairs++] = p;
		m->cpus[n++] = p->cpu_i;
		m->cpus[n++] = p->cpu_j;
	}
	qsort(m->pairs, m->n_pairs, sizeof(*m->pairs), by_cpus);
	qsort(m->cpus, n, sizeof(*m->cpus), by_number);
	for (size_t i = 0; i < n; i++)
		if (!m->n_cpus || m->cpus[m->n_cpus - 1] != m->cpus[i])
			m->cpus[m->n_cpus++] = m->cpus[i];
}

/* "139", "*139" where it moves, "?" where the two have not met, "" where they are not to meet. */
static struct shown matrix_cell(const struct matrix *m, unsigned int i, unsigned int j)
{
	const struct pair_line key = { .cpu_i = i < j ? i : j, .cpu_j = i < j ? j : i };
	const struct pair_line *wanted = &key, **found;
	struct shown t = { "" };
	bool negative;
	uint64_t size;

	if (i == j)
		return (struct shown){ "." };
	found = bsearch(&wanted, m->pairs, m->n_pairs, sizeof(*m->pairs), by_cpus);
	if (!found)
		return t;
	if (!(*found)->known)
		return (struct shown){ "?" };
	negative = (*found)->offset_ns < 0;
	size = negative ? -(uint64_t)(*found)->offset_ns : (uint64_t)(*found)->offset_ns;
	snprintf(t.s, sizeof(t.s), "%s%s%" PRIu64, (*found)->moving ? "*" : "",
		 size && negative == (i < j) ? "-" : "", size);
	return t;
}

/* Columns from first on, as many as the line takes; returns the next column. */
static size_t matrix_block(FILE *out, const struct matrix *m, size_t first)
{
	char head[16];
	size_t columns, last;
	int width = 5;

	for (size_t i = 0; i < m->n_cpus; i++) {
		int size = snprintf(head, sizeof(head), "CPU %u", m->cpus[i]);

		width = size > width ? size : width;
		for (size_t j = first; j < m->n_cpus && j < first + TEXT_COLUMNS / 6; j++) {
			int len = strlen(matrix_cell(m, m->cpus[i], m->cpus[j]).s);

			width = len > width ? len : width;
		}
	}
	columns = (TEXT_COLUMNS - 2) / (width + 1) - 1;
	last = first + columns < m->n_cpus ? first + columns : m->n_cpus;
	fprintf(out, "  %-*s", width, "");
	for (size_t j = first; j < last; j++) {
		snprintf(head, sizeof(head), "CPU %u", m->cpus[j]);
		fprintf(out, " %*s", width, head);
	}
	fputc('\n', out);
	for (size_t i = 0; i < m->n_cpus; i++) {
		int blanks = 0;

		fprintf(out, "  CPU %-*u", width - 4, m->cpus[i]);
		for (size_t j = first; j < last; j++) {
			struct shown cell = matrix_cell(m, m->cpus[i], m->cpus[j]);

			blanks += width + 1 - strlen(cell.s);
			if (cell.s[0]) {
				fprintf(out, "%*s%s", blanks, "", cell.s);
				blanks = 0;
			}
		}
		fputc('\n', out);
	}
	return last;
}

void pairs_matrix(FILE *out, const struct snapshot *s)
{
	for (size_t c = 0; s->n_pairs && c < s->n_clocks; c++) {
		struct matrix m;
		size_t next = 0;

		matrix_begin(&m, s, s->clocks[c].name);
		if (m.n_pairs)
			fprintf(out, "%s: how far the column's CPU is ahead of the row's, ns\n",
				m.clock);
		while (next < m.n_cpus) {
			next = matrix_block(out, &m, next);
			fputc('\n', out);
		}
		free(m.pairs);
		free(m.cpus);
	}
	fputs("* it moves   ? the two have not met   (blank) the two are not to meet\n", out);
}
