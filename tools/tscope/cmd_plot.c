// SPDX-License-Identifier: GPL-2.0
/* cmd_plot.c: draw what was recorded */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "commands.h"
#include "html.h"
#include "options.h"
#include "plot.h"
#include "progress.h"
#include "replace.h"

enum { KEY_SCRIPT = 512, KEY_DARK };

/* A plot in text has at least this many lines, even if the terminal has fewer. */
#define MIN_LINES	14
#define WIDTH		900

static const char nothing[] = "there is nothing to draw in this recording";

/* The command line. @kind PLOT_KINDS: all pictures; for a .svg or .png the default is the phase. */
struct wanted {
	const char *file;
	enum plot_kind kind;
	bool kind_given, script, page;
	struct plot_form form;
};

static bool ends(const char *path, const char *with)
{
	size_t len = strlen(path), n = strlen(with);

	return len > n && !strcmp(path + len - n, with);
}

static void parse_kind(struct wanted *wanted, const char *arg, struct argp_state *state)
{
	if (wanted->kind_given)
		argp_error(state, "'%s' is too much", arg);
	for (wanted->kind = 0; wanted->kind < PLOT_KINDS; wanted->kind++)
		if (!strcmp(arg, plot_names[wanted->kind]))
			break;
	if (wanted->kind == PLOT_KINDS && strcmp(arg, "all"))
		argp_error(state, "'%s' is no picture: phase, adev, hist, pairs, all", arg);
	wanted->kind_given = true;
}

static void check_output(struct wanted *wanted, struct argp_state *state)
{
	const char *path = options.output;

	if (path && !wanted->kind_given && !ends(path, ".html"))
		wanted->kind = PLOT_PHASE;
	wanted->form.format = !path ? PLOT_TEXT : ends(path, ".png") ? PLOT_PNG : PLOT_SVG;
	wanted->page = path && ends(path, ".html");
	if (options.json)
		argp_error(state, "a picture is no JSON; the recording is");
	if (path && !wanted->page && !ends(path, ".svg") && !ends(path, ".png"))
		argp_error(state, "-o takes a name that ends with .svg, .png or .html, not '%s'",
			   path);
	if (wanted->form.dark && (!path || wanted->page))
		argp_error(state, "--dark is of a file that ends with .svg or .png; a page has both");
	if (wanted->page && wanted->script)
		argp_error(state, "--script is of one picture, not of a page");
	if (path && wanted->script && wanted->kind == PLOT_KINDS)
		argp_error(state, "--script is of one picture: name phase, adev, hist or pairs");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct wanted *wanted = state->input;

	switch (key) {
	case KEY_SCRIPT:
		wanted->script = true;
		return 0;
	case KEY_DARK:
		wanted->form.dark = true;
		return 0;
	case ARGP_KEY_ARG:
		if (wanted->file)
			parse_kind(wanted, arg, state);
		else
			wanted->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!wanted->file)
			argp_error(state, "name a file that tscope record wrote, or - for standard input");
		check_output(wanted, state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void fit_to_terminal(struct plot_form *form)
{
	struct winsize size = { };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	form->width = size.ws_col >= 40 ? size.ws_col : 80;
	form->height = size.ws_row > MIN_LINES ? size.ws_row - 1 : size.ws_row ? MIN_LINES : 23;
}

static void read_recording(const char *file, struct recording *r)
{
	FILE *from = strcmp(file, "-") ? fopen(file, "r") : stdin;
	bool right;

	if (!from)
		err(STATUS_USAGE, "%s", file);
	progress_begin("reading");
	right = recording_read(r, from);
	progress_end();
	if (!right)
		errx(STATUS_USAGE, "%s is no recording: its first line is not what \"tscope record\" writes",
		     from == stdin ? "standard input" : file);
	for (size_t i = 0; i < r->n_errors; i++)
		warnx("%s", r->errors[i]);
	if (from != stdin)
		fclose(from);
}

/* A text that is written to memory. */
struct text {
	char *at;
	size_t len;
	FILE *to;
};

static void text_begin(struct text *t)
{
	t->at = NULL;
	t->to = open_memstream(&t->at, &t->len);
	if (!t->to)
		err(STATUS_NO_FIGURE, "no memory");
}

/* gnuplot begins each plot with a form feed, and fills its lines with blanks. */
static void print_plot(const char *text)
{
	size_t blanks = 0;

	for (; *text; text++) {
		if (*text == ' ') {
			blanks++;
		} else if (*text != '\f') {
			if (*text != '\n')
				printf("%*s", (int)blanks, "");
			blanks = 0;
			putchar(*text);
		}
	}
}

/* "out.svg", or "out-phase.svg" if all pictures are written. The caller frees it. */
static char *output_name(const struct wanted *wanted, enum plot_kind kind)
{
	const char *path = options.output, *dot = strrchr(path, '.');
	char *name;
	int len;

	if (wanted->kind != PLOT_KINDS)
		len = asprintf(&name, "%s", path);
	else
		len = asprintf(&name, "%.*s-%s%s", (int)(dot - path), path, plot_names[kind], dot);
	if (len < 0)
		err(STATUS_NO_FIGURE, "no memory");
	return name;
}

static int write_file(const char *path, const struct text *t)
{
	int error = replace_file(path, t->at, t->len, 0);

	if (!error)
		return STATUS_GOOD;
	warnx("%s: %s", path, strerror(-error));
	return STATUS_USAGE;
}

static int write_picture(const struct wanted *wanted, enum plot_kind kind,
			 const struct text *script)
{
	int status = STATUS_GOOD;
	struct text picture;
	char *name;

	text_begin(&picture);
	if (plot_draw(script->at, picture.to))
		status = STATUS_NO_FIGURE;
	fclose(picture.to);
	progress_end();
	if (!status && options.output) {
		name = output_name(wanted, kind);
		status = write_file(name, &picture);
		free(name);
	} else if (!status) {
		print_plot(picture.at);
	}
	free(picture.at);
	return status;
}

/* Write all wanted pictures, except those for which there is nothing to draw. */
static int write_pictures(const struct wanted *wanted, const struct recording *r)
{
	int status = STATUS_GOOD;
	struct text script;
	bool any = false;

	for (enum plot_kind kind = 0; kind < PLOT_KINDS && !status; kind++) {
		if (wanted->kind != PLOT_KINDS && wanted->kind != kind)
			continue;
		text_begin(&script);
		if (!wanted->script)
			progress_begin("drawing");
		if (plot_script(script.to, kind, r, &wanted->form)) {
			any = true;
			fflush(script.to);
			if (wanted->script)
				fputs(script.at, stdout);
			else
				status = write_picture(wanted, kind, &script);
		}
		fclose(script.to);
		free(script.at);
	}
	progress_end();
	if (!any) {
		warnx("%s", nothing);
		status = STATUS_NO_FIGURE;
	}
	return status;
}

static int write_page(const struct wanted *wanted, const struct recording *r)
{
	struct text page;
	int status, error;

	text_begin(&page);
	html_begin(page.to, "tscope: pictures of a recording");
	html_tagged(page.to, "p", "Kernel %s, clocksource %s, recorded by tscope %s", r->kernel,
		    r->clocksource, r->version);
	progress_begin("drawing");
	error = html_pictures(page.to, r, wanted->kind);
	progress_end();
	html_end(page.to);
	fclose(page.to);
	if (error == -ENODATA)
		warnx("%s", nothing);
	status = error ? STATUS_NO_FIGURE : write_file(options.output, &page);
	free(page.at);
	return status;
}

int cmd_plot(int argc, char **argv)
{
	static const struct argp_option own[] = {
		{ "script", KEY_SCRIPT, NULL, 0, "Print gnuplot's script, and run nothing", 4 },
		{ "dark", KEY_DARK, NULL, 0, "For a dark background (.svg, .png)", 4 },
		{ }
	};
	static const struct argp_child children[] = {
		{ &options_output, 0, NULL, 0 }, { &options_no_json, 0, NULL, 0 }, { }
	};
	static const struct argp argp = {
		own, parse, "FILE|- [phase|adev|hist|pairs|all]",
		"Draw what tscope record wrote, by gnuplot: in text, or to a file whose name ends with .svg, .png or .html.",
		children, NULL, NULL
	};
	struct wanted wanted = { .kind = PLOT_KINDS };
	struct recording r;
	int status;

	options_parse(&argp, argc, argv, &wanted);
	if (wanted.form.format == PLOT_TEXT)
		fit_to_terminal(&wanted.form);
	else
		wanted.form.width = WIDTH;
	read_recording(wanted.file, &r);
	status = wanted.page ? write_page(&wanted, &r) : write_pictures(&wanted, &r);
	recording_free(&r);
	return status;
}
