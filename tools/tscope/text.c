// SPDX-License-Identifier: GPL-2.0
/* text.c: figures as people read them */
#include <err.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "commands.h"
#include "text.h"

#define GAP 2			/* blanks between two columns */
#define OCTAVES 64		/* of each sign */
#define CUT_MARK " >"		/* columns are left out */

/* What is done with a table that is too wide. */
enum wide { WIDE_RECORDS, WIDE_AS_IT_IS, WIDE_CUT };

struct text_size text_window(void)
{
	struct winsize size = { };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return (struct text_size){ size.ws_row ?: 24, size.ws_col ?: TEXT_COLUMNS };
}

static const struct shown not_known = { "-" };

struct shown text_count(struct count value)
{
	struct shown t;

	if (!value.known)
		return not_known;
	snprintf(t.s, sizeof(t.s), "%" PRIu64, value.value);
	return t;
}

struct shown text_figure(struct figure value)
{
	struct shown t;

	if (!value.known)
		return not_known;
	snprintf(t.s, sizeof(t.s), "%" PRId64, value.value);
	return t;
}

struct shown text_decimal(__int128_t value, unsigned int places)
{
	uint64_t size = value < 0 ? -value : value, one = 1;
	const char *sign = value < 0 ? "-" : "";
	struct shown t;

	for (unsigned int i = 0; i < places; i++)
		one *= 10;
	if (places)
		snprintf(t.s, sizeof(t.s), "%s%" PRIu64 ".%0*" PRIu64, sign, size / one,
			 (int)places, size % one);
	else
		snprintf(t.s, sizeof(t.s), "%s%" PRIu64, sign, size);
	return t;
}

struct shown text_thousandths(struct figure value)
{
	return value.known ? text_decimal(value.value, 3) : not_known;
}

struct shown text_ns(__int128_t ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
		int places;
	} units[] = {
		{ "ns", 1, 0 }, { "us", 1000, 3 }, { "ms", 1000000, 6 }, { "s", 1000000000, 9 },
	};
	uint64_t size = ns < 0 ? -ns : ns;
	unsigned int u = 0;
	char places[12];
	struct shown t;

	while (u < 3 && size >= 10000 * units[u].ns)
		u++;
	snprintf(places, sizeof(places), ".%0*" PRIu64, units[u].places, size % units[u].ns);
	for (char *end = places + strlen(places) - 1; *end == '0' || *end == '.'; end--) {
		bool point = *end == '.';

		*end = '\0';
		if (point)
			break;
	}
	snprintf(t.s, sizeof(t.s), "%s%" PRIu64 "%s %s", ns < 0 ? "-" : "", size / units[u].ns,
		 places, units[u].unit);
	return t;
}

struct shown text_age(uint64_t ms)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 },
		      { "d", 86400000 } };
	unsigned int u = 0;
	struct shown t;

	while (u < 4 && ms >= 10 * units[u + 1].ms)
		u++;
	snprintf(t.s, sizeof(t.s), "%" PRIu64 " %s", ms / units[u].ms, units[u].unit);
	return t;
}

struct shown text_old(const struct snapshot *s)
{
	struct count age_ms = snapshot_age_ms(s);
	struct shown t = { "" };

	if (!age_ms.known)
		age_ms = snapshot_offset_age_ms(s);
	if (age_ms.known)
		snprintf(t.s, sizeof(t.s), ", %.30s old", text_age(age_ms.value).s);
	return t;
}

struct shown text_duration(uint64_t ms)
{
	struct shown t;

	snprintf(t.s, sizeof(t.s), "%" PRIu64 " %s", ms % 1000 ? ms : ms / 1000,
		 ms % 1000 ? "ms" : "s");
	return t;
}

struct shown text_how_read(const struct clock_figures *clock)
{
	static const struct shown exact = { "exact" }, bracketed = { "bracketed" };

	if (clock->exact.known)
		return clock->exact.value ? exact : bracketed;
	/* of the clocks without a file exact, devices have a time of reading, and tsc has none */
	return clock->read_min_ns.known ? bracketed : not_known;
}

/* Where to break a line of at most @room: at a blank, else after a comma, else anywhere. */
static size_t line_end(const char *text, size_t room)
{
	size_t n = room;

	while (n && text[n] != ' ')
		n--;
	if (n)
		return n;
	for (n = room; n && text[n - 1] != ','; n--)
		;
	return n ?: room;
}

void text_wrap(FILE *out, const char *first, const char *format, ...)
{
	size_t indent = strlen(first), room = TEXT_COLUMNS - indent, n, len;
	char *all, *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&all, format, args) < 0)
		err(STATUS_NO_FIGURE, "no memory");
	va_end(args);
	fputs(first, out);
	for (text = all; strlen(text) > room; text += n) {
		n = line_end(text, room);
		len = n;
		while (len && text[len - 1] == ' ')
			len--;
		fprintf(out, "%.*s\n%*s", (int)len, text, (int)indent, "");
		n += strspn(text + n, " ");
	}
	fprintf(out, "%s\n", text);
	free(all);
}

void table_begin(struct text_table *t, const char *const *heads, size_t n_heads)
{
	*t = (struct text_table){ .heads = heads, .n_heads = n_heads };
}

void table_cell(struct text_table *t, const char *format, ...)
{
	va_list args;

	if (t->n_cells == t->room) {
		t->room = 2 * t->room + 64;
		t->cells = reallocarray(t->cells, t->room, sizeof(*t->cells));
		if (!t->cells)
			err(STATUS_NO_FIGURE, "no memory");
	}
	va_start(args, format);
	if (vasprintf(&t->cells[t->n_cells++], format, args) < 0)
		err(STATUS_NO_FIGURE, "no memory");
	va_end(args);
}

bool table_left(const struct text_table *t, size_t column)
{
	return t->heads[column][0] == '<';
}

const char *table_head(const struct text_table *t, size_t column)
{
	return t->heads[column] + table_left(t, column);
}

void table_free(struct text_table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
}

/* Print a row of the first @shown columns; @cells NULL: the heads. */
static void print_row(const struct text_table *t, FILE *out, const char *indent, size_t gap,
		      char *const *cells, const size_t *widths, size_t shown)
{
	/* Blanks are printed before the next text, so that no line ends with them. */
	size_t blanks = 0;

	fputs(indent, out);
	for (size_t c = 0; c < shown; c++) {
		const char *cell = cells ? cells[c] : table_head(t, c);
		size_t fill = widths[c] - strlen(cell);

		if (!table_left(t, c))
			blanks += fill;
		if (*cell) {
			fprintf(out, "%*s%s", (int)blanks, "", cell);
			blanks = 0;
		}
		blanks += gap + (table_left(t, c) ? fill : 0);
	}
	if (shown < t->n_heads)
		fprintf(out, "%*s", (int)(blanks - gap + strlen(CUT_MARK)), CUT_MARK);
	fputc('\n', out);
}

/* Print a row as text, for a table that is too wide. */
static void print_record(const struct text_table *t, FILE *out, const char *indent,
			 char *const *cells)
{
	char *text;
	size_t len;
	FILE *line = open_memstream(&text, &len);

	if (!line)
		err(STATUS_NO_FIGURE, "no memory");
	for (size_t c = 0; c < t->n_heads; c++)
		if (*cells[c])
			fprintf(line, "%s%s%s%s", c ? ", " : "", table_head(t, c),
				*table_head(t, c) ? " " : "", cells[c]);
	fclose(line);
	text_wrap(out, indent, "%s", text);
	free(text);
}

/* How many columns fit beside the mark, at least one; @all: width of all columns and gaps. */
static size_t fitting(const struct text_table *t, const size_t *widths, size_t gap, size_t all,
		      size_t columns)
{
	size_t n = t->n_heads;

	if (all <= columns)
		return n;
	while (n > 1 && all + strlen(CUT_MARK) > columns)
		all -= widths[--n] + gap;
	return n;
}

static void print_table(struct text_table *t, FILE *out, const char *indent, size_t columns,
			enum wide wide)
{
	size_t widths[t->n_heads], gap = GAP, all = strlen(indent), shown = t->n_heads;

	for (size_t c = 0; c < t->n_heads; c++) {
		widths[c] = strlen(table_head(t, c));
		for (size_t i = c; i < t->n_cells; i += t->n_heads)
			if (strlen(t->cells[i]) > widths[c])
				widths[c] = strlen(t->cells[i]);
		all += widths[c];
	}
	if (all + gap * (t->n_heads - 1) > columns)
		gap = 1;
	all += gap * (t->n_heads - 1);
	if (wide == WIDE_CUT)
		shown = fitting(t, widths, gap, all, columns);
	if (wide != WIDE_RECORDS || all <= columns) {
		print_row(t, out, indent, gap, NULL, widths, shown);
		for (size_t i = 0; i < t->n_cells; i += t->n_heads)
			print_row(t, out, indent, gap, t->cells + i, widths, shown);
	} else {
		for (size_t i = 0; i < t->n_cells; i += t->n_heads)
			print_record(t, out, indent, t->cells + i);
	}
	table_free(t);
}

void table_print(struct text_table *t, FILE *out, const char *indent)
{
	print_table(t, out, indent, TEXT_COLUMNS, WIDE_RECORDS);
}

void table_print_wide(struct text_table *t, FILE *out, const char *indent, size_t columns)
{
	print_table(t, out, indent, columns, WIDE_AS_IT_IS);
}

void table_print_cut(struct text_table *t, FILE *out, size_t columns)
{
	print_table(t, out, "", columns, WIDE_CUT);
}

/* The octave of a bucket: 0: 0; 1: 1; 2: 2 and 3; 3: 4 to 7; ...; below 0: negative values. */
static int octave(const struct hist_bucket *b)
{
	int k = b->low_ns ? 64 - __builtin_clzll(b->low_ns) : 0;

	return b->negative ? -k : k;
}

static void octave_cells(struct text_table *t, int k, uint64_t count, int bar)
{
	uint64_t low = k ? 1ULL << ((k < 0 ? -k : k) - 1) : 0, high = k ? 2 * low - 1 : 0;

	table_cell(t, "%s%" PRIu64, k < 0 ? "-" : "", k < 0 ? high : low);
	table_cell(t, "%s%" PRIu64, k < 0 ? "-" : "", k < 0 ? low : high);
	table_cell(t, "%" PRIu64, count);
	table_cell(t, "%.*s", bar, "########################################");
}

static const char *histogram_means(const char *name)
{
	static const char *const means[][2] = {
		{ "width", "how long readings took" },
		{ "residual", "how far points lie off their fit" },
		{ "step", "sizes of steps" },
		{ "warp", "sizes of warps" },
		{ "transit", "time until another CPU saw a CPU's reading, by the other's TSC" },
		{ "wakeup", "how late windows began" },
	};
	const char *slash = strchr(name, '/'), *kind = slash ? slash + 1 : name;

	for (size_t i = 0; i < sizeof(means) / sizeof(*means); i++)
		if (!strcmp(means[i][0], kind))
			return means[i][1];
	return "";
}

void text_histogram(FILE *out, const struct histogram *h)
{
	static const char *const heads[] = { "from ns", "to ns", "count", "<" };
	uint64_t counts[2 * OCTAVES + 1] = { 0 }, most = 0;
	int first = OCTAVES, last = -OCTAVES, room;
	struct text_table t;

	fprintf(out, "%s: %s\n", h->name, histogram_means(h->name));
	fprintf(out, "  %" PRIu64 " values", h->count);
	if (h->lost.known)
		fprintf(out, ", %" PRIu64 " windows lost", h->lost.value);
	fputc('\n', out);
	if (!h->n_buckets)
		return;
	text_wrap(out, "  ", "min %s, mean %s, max %s", text_ns(h->min_ns).s, text_ns(h->mean_ns).s,
		  text_ns(h->max_ns).s);
	text_wrap(out, "  ", "50 %% are at most %s, 99 %% %s, 99.9 %% %s", text_ns(h->p50_ns).s,
		  text_ns(h->p99_ns).s, text_ns(h->p999_ns).s);
	for (size_t i = 0; i < h->n_buckets; i++) {
		int k = octave(&h->buckets[i]);
		uint64_t *count = &counts[k + OCTAVES];

		if (__builtin_add_overflow(*count, h->buckets[i].count, count))
			*count = UINT64_MAX;
		most = *count > most ? *count : most;
		first = k < first ? k : first;
		last = k > last ? k : last;
	}
	if (!most)
		return;
	/* 2^40 and 10^12 have 13 digits: beyond them, 20 in three columns leave 10 for the bar */
	room = first < -40 || last > 40 || most >= 1000000000000 ? 10 : 36;
	table_begin(&t, heads, 4);
	for (int k = first; k <= last; k++) {
		uint64_t n = counts[k + OCTAVES];
		int next = k;

		while (next < last && !counts[next + OCTAVES])
			next++;
		if (next - k > 4) {
			for (size_t c = 0; c < 4; c++)
				table_cell(&t, "%s", c < 3 ? "..." : "");
			k = next - 1;
			continue;
		}
		octave_cells(&t, k, n, (int)(((__uint128_t)n * room + most - 1) / most));
	}
	table_print(&t, out, "  ");
}
