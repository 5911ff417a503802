// SPDX-License-Identifier: GPL-2.0
/* cmd_metrics.c: print metrics for Prometheus, once or again and again */
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "files.h"
#include "metrics.h"
#include "options.h"
#include "replace.h"

enum { KEY_TEXTFILE = 512 };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **textfile = state->input;

	switch (key) {
	case KEY_TEXTFILE:
		*textfile = arg;
		return 0;
	case ARGP_KEY_END:
		if (options.json)
			argp_error(state, "metrics prints only the format of Prometheus; \"tscope report -d 0 --json\" prints JSON");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

/* Replace the file as a whole; anybody may read it, because node_exporter is another user. */
static void write_textfile(const char *path, const struct snapshot *s)
{
	size_t len;
	char *text;
	FILE *to = open_memstream(&text, &len);
	int error;

	if (!to)
		err(STATUS_USAGE, "metrics");
	metrics_print(to, s);
	if (fclose(to))
		err(STATUS_USAGE, "metrics");
	error = replace_file(path, text, len, 0644);
	free(text);
	if (error)
		errx(STATUS_USAGE, "%s: %s", path, strerror(-error));
}

/* The reader of a pipe may hang: signals reach the program while it writes. */
static void print(const struct snapshot *s, const sigset_t *ends)
{
	sigprocmask(SIG_UNBLOCK, ends, NULL);
	metrics_print(stdout, s);
	fflush(stdout);
	sigprocmask(SIG_BLOCK, ends, NULL);
}

/*
 * Return: whether the module is loaded. With a text file, errors are not printed (the file has
 * their number): a timer would fill the journal with the same lines.
 */
static bool write_metrics(const char *textfile, const sigset_t *ends)
{
	struct snapshot s;
	bool loaded = snapshot_read(&s, METRICS_PARTS);

	for (size_t i = 0; i < s.n_errors && (!textfile || !loaded); i++)
		warnx("%s", s.errors[i]);
	if (textfile)
		write_textfile(textfile, &s);
	else
		print(&s, ends);
	snapshot_free(&s);
	return loaded;
}

int cmd_metrics(int argc, char **argv)
{
	static const struct argp_option own[] = {
		{ "textfile", KEY_TEXTFILE, "FILE", 0,
		  "Write to FILE, which is replaced as a whole, for node_exporter", 1 },
		{ }
	};
	static const struct argp_child children[] = {
		{ &options_interval, 0, NULL, 0 }, { &options_no_json, 0, NULL, 0 }, { }
	};
	static const struct argp argp = {
		own, parse, NULL,
		"Print what is sampled as metrics for Prometheus; with -i again and again. Starts and stops no sampling.",
		children, NULL, NULL
	};
	const char *textfile = NULL;
	/* a second signal ends the program at once */
	const struct sigaction action = {
		.sa_handler = end, .sa_flags = SA_RESTART | SA_RESETHAND,
	};
	struct timespec interval;
	sigset_t ends, before;
	bool loaded;

	options_parse(&argp, argc, argv, &textfile);
	interval.tv_sec = options.interval_ms / 1000;
	interval.tv_nsec = options.interval_ms % 1000 * 1000000;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	/* the first signal ends the program only while it waits: so the text is always whole */
	sigprocmask(SIG_BLOCK, &ends, &before);
	sigdelset(&before, SIGINT);
	sigdelset(&before, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	do {
		loaded = write_metrics(textfile, &ends);
	} while (options.interval_ms && !ferror(stdout) && !ended &&
		 !ppoll(NULL, 0, &interval, &before));
	return loaded ? STATUS_GOOD : STATUS_NO_FIGURE;
}
