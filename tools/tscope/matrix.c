// SPDX-License-Identifier: GPL-2.0
/* matrix.c: offsets of pairs as a matrix, for people */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "pairs.h"
#include "text.h"

/* Up to this many CPUs each meets all others, and all are shown. */
#define ALL_SHOWN	64
#define INDENT		2
#define COLUMN_LEAST	3

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

/* The pairs of one clock, at first in the snapshot's order, later by CPUs; the CPUs shown. */
struct matrix {
	const struct pair_line **pairs;
	unsigned int *cpus;
	size_t n_pairs, n_cpus;
};

static void matrix_begin(struct matrix *m, const struct snapshot *s, const char *clock)
{
	size_t n = 0;

	*m = (struct matrix){ };
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
	qsort(m->cpus, n, sizeof(*m->cpus), by_number);
	for (size_t i = 0; i < n; i++)
		if (!m->n_cpus || m->cpus[m->n_cpus - 1] != m->cpus[i])
			m->cpus[m->n_cpus++] = m->cpus[i];
}

static bool has_cpu(const struct matrix *m, unsigned int cpu)
{
	for (size_t i = 0; i < m->n_cpus; i++)
		if (m->cpus[i] == cpu)
			return true;
	return false;
}

/* Show the CPUs of the worst pairs only. */
static void keep_worst(struct matrix *m, size_t most)
{
	m->n_cpus = 0;
	for (size_t i = 0; i < m->n_pairs && m->n_cpus < most; i++) {
		if (!has_cpu(m, m->pairs[i]->cpu_i))
			m->cpus[m->n_cpus++] = m->pairs[i]->cpu_i;
		if (m->n_cpus < most && !has_cpu(m, m->pairs[i]->cpu_j))
			m->cpus[m->n_cpus++] = m->pairs[i]->cpu_j;
	}
}

/* "139"; "*139": the pair moves; "?": the two CPUs have not met; "": they are not to meet. */
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

static size_t digits(unsigned int cpu)
{
	return snprintf(NULL, 0, "%u", cpu);
}

/* How wide the heads of the rows are. */
static size_t head_width(const struct matrix *m)
{
	size_t width = strlen("CPU"), len;

	for (size_t i = 0; i < m->n_cpus; i++) {
		len = digits(m->cpus[i]);
		width = len > width ? len : width;
	}
	return width;
}

/* How wide column @j is. */
static size_t column_width(const struct matrix *m, size_t j)
{
	size_t width = digits(m->cpus[j]), len;

	for (size_t i = 0; i < m->n_cpus; i++) {
		len = strlen(matrix_cell(m, m->cpus[i], m->cpus[j]).s);
		width = len > width ? len : width;
	}
	return width;
}

/* How many columns of equal @width, from @first on, fit @columns of the terminal; at least one. */
static size_t fitting(const struct matrix *m, size_t first, size_t columns, size_t *width)
{
	size_t used = INDENT + head_width(m), n, wider;

	*width = COLUMN_LEAST;
	for (n = 0; first + n < m->n_cpus; n++) {
		wider = column_width(m, first + n);
		wider = wider > *width ? wider : *width;
		if (n && used + (n + 1) * (wider + 1) > columns)
			break;
		*width = wider;
	}
	return n;
}

/* Print columns from @first on, as many as fit into a line. Return: the next column. */
static size_t print_block(FILE *out, const struct matrix *m, size_t first, size_t columns)
{
	size_t wide, end = first + fitting(m, first, columns, &wide);
	int head = head_width(m), width = wide;

	fprintf(out, "%*s%*s", INDENT, "", head, "CPU");
	for (size_t j = first; j < end; j++)
		fprintf(out, " %*u", width, m->cpus[j]);
	fputc('\n', out);
	for (size_t i = 0; i < m->n_cpus; i++) {
		int blanks = 0;

		fprintf(out, "%*s%*u", INDENT, "", head, m->cpus[i]);
		for (size_t j = first; j < end; j++) {
			struct shown cell = matrix_cell(m, m->cpus[i], m->cpus[j]);

			blanks += 1 + width - strlen(cell.s);
			if (cell.s[0]) {
				fprintf(out, "%*s%s", blanks, "", cell.s);
				blanks = 0;
			}
		}
		fputc('\n', out);
	}
	fputc('\n', out);
	return end;
}

static void print_clock(FILE *out, const struct snapshot *s, const char *clock, size_t columns,
			bool all)
{
	size_t n_cpus, width, next = 0;
	struct matrix m;

	matrix_begin(&m, s, clock);
	n_cpus = m.n_cpus;
	all |= n_cpus <= ALL_SHOWN;
	if (!all)
		keep_worst(&m, columns / (COLUMN_LEAST + 1));
	qsort(m.pairs, m.n_pairs, sizeof(*m.pairs), by_cpus);
	/* if CPUs are left out, columns do not become wider */
	if (!all)
		m.n_cpus = fitting(&m, 0, columns, &width);
	qsort(m.cpus, m.n_cpus, sizeof(*m.cpus), by_number);
	if (n_cpus)
		fprintf(out, "%s: how far the column's CPU is ahead of the row's, ns\n", clock);
	if (!all)
		fprintf(out, "  %zu of %zu CPUs, those of the worst pairs; -c LIST shows others\n",
			m.n_cpus, n_cpus);
	while (next < m.n_cpus)
		next = print_block(out, &m, next, columns);
	free(m.pairs);
	free(m.cpus);
}

void pairs_matrix(FILE *out, const struct snapshot *s, size_t columns, bool all)
{
	for (size_t i = 0; s->n_pairs && i < s->n_clocks; i++)
		print_clock(out, s, s->clocks[i].name, columns, all);
	fputs("* it moves   ? the two have not met   (blank) the two are not to meet\n", out);
}
