// SPDX-License-Identifier: GPL-2.0
/* plot_pairs.c: the matrix of CPUs as a heat map */
#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "moment.h"
#include "plot_parts.h"

/* With more CPUs, a cell stands for several. */
#define MAX_CELLS	64
/* The width in pixels of a cell with figures. */
#define FIGURES_WIDTH	56
#define HALF		(HEAT_COLOURS / 2)

enum mark { MARK_NONE, MARK_MOVES, MARK_UNMET };

static const int mark_points[] = { [MARK_MOVES] = 2, [MARK_UNMET] = 1 };
static const enum plot_colour mark_colours[] = {
	[MARK_MOVES] = COLOUR_MARK, [MARK_UNMET] = COLOUR_QUIET,
};

/**
 * struct matrix - the pairs of one clock
 * @cpus: sorted, each once
 * @share: how many CPUs a cell has in each direction
 * @side: how many cells the matrix has in each direction
 * @worst: the worst pair of each cell, or NULL; index: row * @side + column, row <= column
 */
struct matrix {
	const char *clock;
	unsigned int *cpus;
	size_t n_cpus, share, side;
	const struct pair_line **worst;
};

static int by_number(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

static size_t index_of(const struct matrix *m, unsigned int cpu)
{
	const unsigned int *at = bsearch(&cpu, m->cpus, m->n_cpus, sizeof(cpu), by_number);

	return at - m->cpus;
}

static bool is_apart(const struct pair_line *p)
{
	return p->known && ns_magnitude(p->offset_ns) > ns_magnitude(p->bound_ns);
}

static enum mark mark_of(const struct pair_line *p)
{
	return !p->known ? MARK_UNMET : p->moving ? MARK_MOVES : MARK_NONE;
}

static int badness(const struct pair_line *p)
{
	return !p->known ? 1 : p->moving ? 3 : is_apart(p) ? 2 : 0;
}

static bool is_worse(const struct pair_line *p, const struct pair_line *than)
{
	if (!than || badness(p) != badness(than))
		return !than || badness(p) > badness(than);
	return ns_magnitude(p->offset_ns) > ns_magnitude(than->offset_ns);
}

/* The heat of an offset: HALF: it is within its bound; larger: ahead; smaller: behind. */
static int heat_of(const struct pair_line *p, bool turned)
{
	static const uint64_t limits_ns[] = { 100, 10000, 1000000 };
	uint64_t size = ns_magnitude(p->offset_ns);
	int heat = 1;

	if (!is_apart(p))
		return HALF;
	while (heat <= 3 && size >= limits_ns[heat - 1])
		heat++;
	return (p->offset_ns < 0) != turned ? HALF - heat : HALF + heat;
}

static void *room_for(size_t n, size_t size)
{
	void *room = calloc(n ?: 1, size);

	if (!room)
		err(STATUS_NO_FIGURE, "no memory");
	return room;
}

static void matrix_begin(struct matrix *m, const struct recording *r, const char *clock,
			 size_t cells)
{
	size_t n = 0;

	*m = (struct matrix){ .clock = clock, .cpus = room_for(2 * r->n_pairs, sizeof(*m->cpus)) };
	for (size_t i = 0; i < r->n_pairs; i++) {
		if (strcmp(r->pairs[i].clock, clock))
			continue;
		m->cpus[n++] = r->pairs[i].cpu_i;
		m->cpus[n++] = r->pairs[i].cpu_j;
	}
	qsort(m->cpus, n, sizeof(*m->cpus), by_number);
	for (size_t i = 0; i < n; i++)
		if (!m->n_cpus || m->cpus[m->n_cpus - 1] != m->cpus[i])
			m->cpus[m->n_cpus++] = m->cpus[i];
	m->share = (m->n_cpus + cells - 1) / cells;
	m->side = (m->n_cpus + m->share - 1) / m->share;
	m->worst = room_for(m->side * m->side, sizeof(*m->worst));
	for (size_t i = 0; i < r->n_pairs; i++) {
		const struct pair_line *p = &r->pairs[i], **worst;

		if (strcmp(p->clock, clock) || p->cpu_i >= p->cpu_j)
			continue;
		worst = &m->worst[index_of(m, p->cpu_i) / m->share * m->side +
				  index_of(m, p->cpu_j) / m->share];
		if (is_worse(p, *worst))
			*worst = p;
	}
}

static void matrix_end(struct matrix *m)
{
	free(m->cpus);
	free(m->worst);
}

/* The worst pair of a cell; @turned: its offset is the row's CPU minus the column's. */
static const struct pair_line *cell(const struct matrix *m, size_t row, size_t column, bool *turned)
{
	*turned = row > column;
	return *turned ? m->worst[column * m->side + row] : m->worst[row * m->side + column];
}

/* Write the figures of a cell, or one character. */
static void write_what(FILE *to, const struct plot_form *form, const struct pair_line *p,
		       bool turned, bool figures)
{
	int64_t offset_ns = turned ? -(uint64_t)p->offset_ns : (uint64_t)p->offset_ns;
	int heat = heat_of(p, turned);

	if (!figures) {
		fputs(mark_of(p) == MARK_UNMET ? "?" : mark_of(p) == MARK_MOVES ? "*" :
		      heat == HALF ? "." : heat > HALF ? "+" : "-", to);
		return;
	}
	if (!p->known) {
		fputs("not met", to);
		return;
	}
	fprintf(to, "%s%s± %s", plot_short(offset_ns).s, form->format == PLOT_TEXT ? " " : "\\n",
		plot_short(p->bound_ns).s);
	if (p->moving)
		fputs(form->format == PLOT_TEXT ? " *" : "\\nmoves", to);
}

/* Write the cells: column, row, heat, mark, offset and bound of the worst pair in ns. */
static void write_cells(FILE *to, const struct matrix *m, unsigned int panel)
{
	const struct pair_line *p;
	bool turned;

	fprintf(to, "$cells%u << EOD\n", panel);
	for (size_t row = 0; row < m->side; row++)
		for (size_t column = 0; column < m->side; column++) {
			p = cell(m, row, column, &turned);
			if (!p)
				continue;
			fprintf(to, "%zu %zu %d %d %s%" PRIu64 " %" PRId64 "\n", column, row,
				heat_of(p, turned), mark_of(p),
				p->offset_ns && (p->offset_ns < 0) != turned ? "-" : "",
				ns_magnitude(p->offset_ns), p->bound_ns);
		}
	fputs("EOD\n", to);
}

static void write_label(FILE *to, const struct plot_form *form, const struct matrix *m, size_t row,
			size_t column, bool figures)
{
	bool turned;
	const struct pair_line *p = cell(m, row, column, &turned);
	enum plot_colour colour;

	if (!p)
		return;
	fputs("set label \"", to);
	write_what(to, form, p, turned, figures);
	fprintf(to, "\" at %zu,%zu center front", column, row);
	if (form->format != PLOT_TEXT) {
		colour = abs(heat_of(p, turned) - HALF) > 2 ? COLOUR_PAPER : COLOUR_INK;
		/* move two or three lines up, so that their middle is where one line would be */
		fprintf(to, " offset 0,%s font ',%u' textcolor %s",
			p->known ? p->moving ? "0.8" : "0.4" : "0", plot_small(form),
			plot_rgb(form, colour).s);
	}
	fputc('\n', to);
}

static void set_axes(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
		     const struct matrix *m, unsigned int panel)
{
	size_t each = (m->side + 15) / 16;

	for (unsigned int axis = 0; axis < 2; axis++) {
		fprintf(to, "set %ctics scale 0 (", "xy"[axis]);
		for (size_t i = 0; i < m->side; i += each)
			fprintf(to, "%s'%u' %zu", i ? ", " : "", m->cpus[i * m->share], i);
		fputs(")\n", to);
	}
	fprintf(to, "set xrange [-0.5:%zu.5]\nset yrange [%zu.5:-0.5]\n", m->side - 1, m->side - 1);
	if (form->format == PLOT_TEXT)
		return;
	plot_axes(to, form, grid, panel, m->share > 1 ? "column: first CPU of each cell" :
		  "column: CPU", m->share > 1 ? "row: first CPU of each cell" : "row: CPU");
	fputs("unset grid\nset border 0\n", to);
}

static void draw_text(FILE *to, unsigned int panel)
{
	fprintf(to, "plot $cells%u using 1:2 with dots\n", panel);
}

static void draw_cells(FILE *to, const struct plot_form *form, const struct matrix *m,
		       unsigned int panel, bool figures)
{
	double half = m->side > 32 ? 0.5 : 0.47;

	for (int heat = 0; heat < HEAT_COLOURS; heat++)
		fprintf(to, "%s $cells%u using ($3==%d && $4!=%d ? $1 : NaN):2:($1-%g):($1+%g):($2-%g):($2+%g) with boxxyerror fs solid noborder lc %s",
			heat ? "," : "plot", panel, heat, MARK_UNMET, half, half, half, half,
			plot_rgb(form, COLOUR_HEAT + heat).s);
	for (int mark = MARK_MOVES; !figures && mark <= MARK_UNMET; mark++)
		fprintf(to, ", $cells%u using ($4==%d ? $1 : NaN):2 with points pt %d ps 0.9 lc %s",
			panel, mark, mark_points[mark], plot_rgb(form, mark_colours[mark]).s);
	fputc('\n', to);
}

static void write_legend(FILE *to, const struct plot_form *form, const struct plot_grid *grid)
{
	static const char *const heats[HEAT_COLOURS] = {
		"behind by 1 ms or more", "behind by 10 us to 1 ms", "behind by 100 ns to 10 us",
		"behind by less than 100 ns", "not beyond its bound", "ahead by less than 100 ns",
		"ahead by 100 ns to 10 us", "ahead by 10 us to 1 ms", "ahead by 1 ms or more",
	};
	unsigned int i = 0;

	for (int heat = HEAT_COLOURS - 1; heat >= 0; heat--)
		plot_legend(to, form, grid, i++, 5, COLOUR_HEAT + heat, heats[heat]);
	plot_legend(to, form, grid, i++, mark_points[MARK_MOVES], mark_colours[MARK_MOVES],
		    "moves");
	plot_legend(to, form, grid, i++, mark_points[MARK_UNMET], mark_colours[MARK_UNMET],
		    "has not met");
}

static void write_panel(FILE *to, const struct plot_form *form, const struct plot_grid *grid,
			const struct matrix *m, unsigned int panel)
{
	unsigned int room = form->width / grid->columns;
	char worst[80] = "";
	bool figures;

	if (form->format == PLOT_TEXT)
		figures = m->side * 20 <= form->width;
	else
		figures = m->side * FIGURES_WIDTH <= room - 90;
	figures &= m->share == 1;
	if (m->share > 1)
		snprintf(worst, sizeof(worst), ", the worst of %zu x %zu CPUs", m->share, m->share);
	plot_panel(to, form, grid, panel, "%s%s%s", plot_name(m->clock).s, worst,
		   form->format != PLOT_TEXT ? "" : figures ? ", column minus row" :
		   ": . within its bound, + ahead, - behind, * moves");
	if (!panel && form->format != PLOT_TEXT)
		write_legend(to, form, grid);
	set_axes(to, form, grid, m, panel);
	write_cells(to, m, panel);
	for (size_t i = 0; (figures || form->format == PLOT_TEXT) && i < m->side * m->side; i++)
		write_label(to, form, m, i / m->side, i % m->side, figures);
	if (form->format == PLOT_TEXT)
		draw_text(to, panel);
	else
		draw_cells(to, form, m, panel, figures);
}

/* Names of the clocks that have pairs. Return: how many. */
static unsigned int find_clocks(const struct recording *r, const char **clocks, unsigned int most)
{
	unsigned int n = 0, k;

	for (size_t i = 0; i < r->n_pairs; i++) {
		for (k = 0; k < n && strcmp(clocks[k], r->pairs[i].clock); k++)
			;
		if (k == n && n < most)
			clocks[n++] = r->pairs[i].clock;
	}
	return n;
}

bool plot_pairs(FILE *to, const struct recording *r, const struct plot_form *form)
{
	const char *clocks[8];
	struct plot_grid grid = { .panels = find_clocks(r, clocks, 8) };
	size_t cells = MAX_CELLS;
	struct matrix m;

	if (!grid.panels)
		return false;
	grid.columns = form->width < PLOT_WIDE || grid.panels == 1 ? 1 : 2;
	grid.panel_height = (form->width < 560 ? form->width : grid.columns == 1 ? 620 :
			     form->width / 2) - 20;
	grid.legend = form->width < 560 ? 1 : 3;
	grid.foot = form->width < 560 ? 236 : 96;
	if (form->format == PLOT_TEXT && form->height > 12)
		cells = form->height - 8 < MAX_CELLS ? form->height - 8 : MAX_CELLS;
	plot_begin(to, form, &grid, "Offsets between CPUs: column minus row");
	for (unsigned int i = 0; i < grid.panels; i++) {
		matrix_begin(&m, r, clocks[i], cells);
		write_panel(to, form, &grid, &m, i);
		matrix_end(&m);
	}
	plot_end(to, form);
	return true;
}
