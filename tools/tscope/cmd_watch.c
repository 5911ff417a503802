// SPDX-License-Identifier: GPL-2.0
/* cmd_watch.c: show figures as they change */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "columns.h"
#include "commands.h"
#include "files.h"
#include "json.h"
#include "observe.h"
#include "options.h"
#include "progress.h"

#define MAX_COLUMNS 32
#define LIST_SHOWN 12
/* If another tscope ends sampling, this one goes on with it within this time. */
#define SLEEP_MS 250ull

enum {
	KEY_SHOW = 512,
	KEY_HIDE,
	KEY_LIST,
	KEY_CSV,
};

static struct {
	bool show[MAX_COLUMNS], chosen, csv;
	uint64_t count;
} watch;

static void choose(struct argp_state *state, char *arg, bool show)
{
	const char *unknown;

	if (show && !watch.chosen)
		memset(watch.show, 0, sizeof(watch.show));
	watch.chosen = true;
	unknown = columns_choose(watch.show, arg, show);
	if (unknown)
		argp_error(state, "no column '%s': see --list", unknown);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	char *end;

	switch (key) {
	case 'n':
		errno = 0;
		watch.count = strtoull(arg, &end, 10);
		if (errno || *end || *arg < '0' || *arg > '9' || !watch.count)
			argp_error(state, "-n takes a number above 0, not '%s'", arg);
		return 0;
	case KEY_SHOW:
	case KEY_HIDE:
		choose(state, arg, key == KEY_SHOW);
		return 0;
	case KEY_LIST:
		columns_list(stdout);
		exit(0);
	case KEY_CSV:
		watch.csv = true;
		return 0;
	case ARGP_KEY_END:
		if (watch.csv && options.json)
			argp_error(state, "--csv and --json exclude each other");
		if (watch.chosen && options.json)
			argp_error(state, "--show and --hide choose columns, which --json does not have");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* Whether the output is refreshed in place. */
static bool draws(void)
{
	return !options.json && !watch.csv && takes_escapes(STDOUT_FILENO);
}

/* Only JSON has all pairs: there are many of them. */
static unsigned int parts(void)
{
	return options.json ? SNAPSHOT_PAIRS | SNAPSHOT_CPUS : SNAPSHOT_CPUS;
}

static const struct clock_figures *clock_before(const struct snapshot *before,
						const struct clock_figures *c)
{
	return before ? snapshot_clock(before, c->name) : NULL;
}

static void print_csv(const struct snapshot *now, const struct snapshot *before)
{
	uint64_t elapsed_ns = before ? now->boottime_ns - before->boottime_ns : 0;

	for (size_t i = 0; i < now->n_clocks; i++) {
		const struct clock_figures *c = &now->clocks[i];

		printf("%" PRIu64 ".%03" PRIu64, now->boottime_ns / 1000000000,
		       now->boottime_ns / 1000000 % 1000);
		for (size_t k = 0; k < n_columns; k++) {
			struct shown value;

			if (!watch.show[k])
				continue;
			value = column_value(&columns[k], c, clock_before(before, c), elapsed_ns);
			printf(",%s", strcmp(value.s, "-") ? value.s : "");
		}
		putchar('\n');
	}
}

static void print_csv_head(void)
{
	fputs("boottime_s", stdout);
	for (size_t k = 0; k < n_columns; k++)
		if (watch.show[k])
			printf(",%s", columns[k].name);
	putchar('\n');
}

/* On a terminal columns that do not fit are left out; elsewhere lines may be of any length. */
static void print_table(struct text_table *t, FILE *out)
{
	if (draws())
		table_print_cut(t, out, text_window().columns);
	else
		table_print_wide(t, out, "", text_window().columns);
}

static void print_clocks(FILE *out, const struct snapshot *now, const struct snapshot *before)
{
	uint64_t elapsed_ns = before ? now->boottime_ns - before->boottime_ns : 0;
	const char *heads[MAX_COLUMNS];
	struct text_table t;
	size_t n = 0;

	for (size_t k = 0; k < n_columns; k++)
		if (watch.show[k])
			heads[n++] = k ? columns[k].name : "<CLOCK";
	if (!n)
		return;
	table_begin(&t, heads, n);
	for (size_t i = 0; i < now->n_clocks; i++) {
		const struct clock_figures *c = &now->clocks[i];

		for (size_t k = 0; k < n_columns; k++)
			if (watch.show[k])
				table_cell(&t, "%s", column_value(&columns[k], c,
								  clock_before(before, c),
								  elapsed_ns).s);
	}
	print_table(&t, out);
}

/* A list of CPUs, cut if it is long. */
static struct shown list_text(const char *list)
{
	struct shown t;

	snprintf(t.s, sizeof(t.s), "%.*s%s", LIST_SHOWN, list,
		 strlen(list) > LIST_SHOWN ? "..." : "");
	return t;
}

static void print_cpus(FILE *out, const struct snapshot *s)
{
	static const char *const states[] = { "sampling", "late", "stood-still", "off" };
	size_t counts[4] = { 0 };

	fputs("CPUs:", out);
	for (size_t i = 0; i < s->n_cpu_lines; i++) {
		for (size_t k = 0; k < 4; k++)
			counts[k] += !strcmp(s->cpu_lines[i].state, states[k]);
		if (s->cpu_lines[i].leader)
			fprintf(out, " %u leads,", s->cpu_lines[i].cpu);
	}
	for (size_t k = 0; k < 4; k++)
		if (counts[k])
			fprintf(out, " %zu %s,", counts[k], states[k]);
	fprintf(out, " %s of %s online\n", list_text(s->cpus).s, list_text(s->online).s);
}

static void print_offsets(FILE *out, const struct snapshot *s)
{
	static const char *const heads[] = {
		"<WORST PAIR", "CPU_I", "CPU_J", "J-I_NS", "+-NS", "AGE", "MOVING", "UNMET"
	};
	const struct clock_figures *host = snapshot_clock(s, "ptp-kvm");
	struct text_table t;

	table_begin(&t, heads, sizeof(heads) / sizeof(*heads));
	for (size_t i = 0; i < s->n_clocks; i++) {
		const struct clock_figures *c = &s->clocks[i];
		const struct pair_offset *o = &c->offset;

		if (!o->known)
			continue;
		table_cell(&t, "%s", c->name);
		table_cell(&t, "%u", o->cpu_i);
		table_cell(&t, "%u", o->cpu_j);
		table_cell(&t, "%" PRId64, o->offset_ns);
		table_cell(&t, "%" PRId64, o->bound_ns);
		table_cell(&t, "%s", text_age(o->age_ms).s);
		table_cell(&t, "%s", text_count(c->moving).s);
		table_cell(&t, "%s", text_count(c->unmet).s);
	}
	if (t.n_cells)
		print_table(&t, out);
	if (host && host->host_offset_ns.known)
		fprintf(out, "\nwall clock: guest - host %s +- %s, %s ago\n",
			text_ns(host->host_offset_ns.value).s,
			text_ns(host->host_offset_error_ns.value).s,
			text_age(host->host_offset_age_ms.value).s);
}

static void print_text(FILE *out, const struct snapshot *now, const struct snapshot *before)
{
	char clock[16];
	time_t t = time(NULL);

	strftime(clock, sizeof(clock), "%T", localtime(&t));
	fprintf(out, "tscope %s  %s  every %s\n",
		now->version[0] ? now->version : TSCOPE_VERSION, clock,
		text_duration(options.interval_ms).s);
	if (!now->loaded) {
		fprintf(out, "The module was unloaded. This goes on when it is loaded again.\n");
		return;
	}
	fprintf(out, "kernel %s, clocksource %s, ", now->kernel, now->clocksource);
	if (now->enabled.value && now->width_us.value == now->period_us.value)
		fputs("sampling all the time\n", out);
	else if (now->enabled.value)
		fprintf(out, "sampling %s of %s us\n", text_count(now->width_us).s,
			text_count(now->period_us).s);
	else
		fprintf(out, "sampling is off%s\n",
			may_sample() ? "" : "; only root can start it (sudo)");
	print_cpus(out, now);
	fputc('\n', out);
	print_clocks(out, now, before);
	fputc('\n', out);
	print_offsets(out, now);
}

/* A line that is wider than the window is cut at a blank, so that no number is cut, and marked. */
static void draw_line(const char *line, size_t size, size_t width)
{
	bool cut = size > width;

	if (cut) {
		size = width > 2 ? width - 1 : 0;
		while (size && line[size - 1] != ' ')
			size--;
	}
	/* erase first: after a line as wide as the window this would erase the last character */
	printf("\033[K%.*s%s\n", (int)size, line, cut ? ">" : "");
}

/* Draw in place, and erase what was there before. */
static void draw(const struct snapshot *now, const struct snapshot *before)
{
	struct text_size window = text_window();
	char *text, *line;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		err(STATUS_NO_FIGURE, "no memory");
	print_text(out, now, before);
	fclose(out);
	fputs("\033[H", stdout);
	line = text;
	/* the last row is left for the cursor, and for the shell's prompt after Ctrl-C */
	for (size_t i = 1; i < window.rows && *line; i++) {
		size_t size = strcspn(line, "\n");

		draw_line(line, size, window.columns);
		line += size + (line[size] == '\n');
	}
	fputs("\033[J", stdout);
	free(text);
}

static void print(const struct snapshot *now, const struct snapshot *before)
{
	if (options.json) {
		json_print(stdout, now, NULL, NULL, NULL, true);
	} else if (watch.csv) {
		print_csv(now, before);
	} else if (draws()) {
		draw(now, before);
	} else {
		print_text(stdout, now, before);
		putchar('\n');
	}
	fflush(stdout);
}

/* Wait for an interval; if the window changes, draw the same figures again at once. */
static void wait_interval(const sigset_t *winch, const struct snapshot *now,
			  const struct snapshot *before)
{
	uint64_t left_ms = options.interval_ms, part_ms;
	struct timespec part;

	while (left_ms) {
		sampling_take_over();
		part_ms = left_ms < SLEEP_MS ? left_ms : SLEEP_MS;
		part = (struct timespec){ 0, part_ms * 1000000 };
		if (sigtimedwait(winch, NULL, &part) == SIGWINCH)
			print(now, before);
		else
			left_ms -= part_ms;
	}
}

/* Start sampling, if it is off and this user may start it. */
static void begin_sampling(struct snapshot *now)
{
	if (!now->enabled.value && (!may_sample() || module_is_recorded()))
		return;
	if (now->enabled.value || sampling_begin(&options.sampling)) {
		sampling_look_on();
		return;
	}
	snapshot_free(now);
	snapshot_read(now, parts());
}

/* Look again; after the module was unloaded, sampling begins anew. */
static void look(struct snapshot *now, struct snapshot *before)
{
	snapshot_free(before);
	*before = *now;
	snapshot_read(now, parts());
	if (!now->loaded)
		sampling_end();
	if (now->loaded && now->loading != before->loading) {
		sampling_end();
		begin_sampling(now);
	}
}

int cmd_watch(int argc, char **argv)
{
	static const struct argp_option own[] = {
		{ "count", 'n', "COUNT", 0, "Stop after COUNT outputs", 2 },
		{ "show", KEY_SHOW, "COLUMNS", 0, "Show these columns only: clock,steps", 2 },
		{ "hide", KEY_HIDE, "COLUMNS", 0, "Show all but these of the usual columns", 2 },
		{ "list", KEY_LIST, NULL, 0, "List the columns", 2 },
		{ "csv", KEY_CSV, NULL, 0, "Print a line for each clock, with commas", 10 },
		{ }
	};
	static const struct argp_child children[] = {
		{ &options_interval, 0, NULL, 0 }, { &options_common, 0, NULL, 0 }, { }
	};
	static const struct argp argp = {
		own, parse, NULL,
		"Show figures as they change: in place on a terminal, else a block for each interval; with --json a line. Samples meanwhile, and restores what sampling was.",
		children, NULL, NULL
	};
	struct snapshot now, before = { };
	sigset_t winch;

	options.sampling.duration_ms = 1;
	options.interval_ms = 1000;
	for (size_t k = 0; k < n_columns; k++)
		watch.show[k] = columns[k].is_default;
	options_parse(&argp, argc, argv, NULL);
	if (!snapshot_read(&now, parts())) {
		if (!options.json)
			errx(STATUS_NO_FIGURE, "%s", module_advice());
		print(&now, NULL);
		snapshot_free(&now);
		return STATUS_NO_FIGURE;
	}
	begin_sampling(&now);
	sigemptyset(&winch);
	sigaddset(&winch, SIGWINCH);
	/* SIGWINCH may come at any time: it is kept until the next wait */
	if (draws())
		sigprocmask(SIG_BLOCK, &winch, NULL);
	if (watch.csv)
		print_csv_head();
	else if (draws())
		fputs("\033[2J", stdout);
	for (uint64_t n = 1; ; n++) {
		const struct snapshot *compared = before.loaded ? &before : NULL;

		print(&now, compared);
		if (n == watch.count || ferror(stdout))
			break;
		wait_interval(&winch, &now, compared);
		look(&now, &before);
	}
	sampling_end();
	snapshot_free(&now);
	snapshot_free(&before);
	return STATUS_GOOD;
}
