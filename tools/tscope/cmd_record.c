// SPDX-License-Identifier: GPL-2.0
/* cmd_record.c: tscope record: write what is measured to a file, for hours */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "files.h"
#include "observe.h"
#include "options.h"
#include "progress.h"
#include "record.h"
#include "replace.h"

#define MSEC_PER_SEC	1000ull
#define HOUR_MS		(3600 * MSEC_PER_SEC)
/* A signal, or the module's unloading, is noticed within this time. */
#define SLEEP_MS	200ull

enum { INTERRUPT, TERMINATE, HANG_UP, N_SIGNALS };

static const int signals[N_SIGNALS] = { SIGINT, SIGTERM, SIGHUP };
static struct sigaction before[N_SIGNALS];
static volatile sig_atomic_t caught;

/*
 * The next SIGINT or SIGTERM ends the program, because the reader of a pipe may hang. SIGHUP does
 * not: two of them come when a terminal closes, the kernel's and the shell's.
 */
static void catch(int signal)
{
	caught = signal;
	sigaction(SIGINT, &before[INTERRUPT], NULL);
	sigaction(SIGTERM, &before[TERMINATE], NULL);
}

/* From here on the first signal ends the recording. A write to a pipe is not interrupted. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = catch, .sa_flags = SA_RESTART };
	size_t i;

	for (i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], NULL, &before[i]);
	for (i = 0; i < N_SIGNALS; i++)
		if (before[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

/**
 * struct output - the file that is written
 * @name: for messages
 * @good: where its last whole interval ends; below 0: not known
 */
struct output {
	FILE *to;
	const char *name;
	long good;
};

static struct output open_output(const char *name)
{
	struct output o = { stdout, "standard output", -1 };

	if (!strcmp(name, "-"))
		return o;
	o = (struct output){ fopen(name, "w"), name, 0 };
	if (!o.to)
		err(STATUS_USAGE, "%s", name);
	return o;
}

/* Write what is buffered. The file ends with a whole line even if the disk is full. */
static bool flush(struct output *o)
{
	errno = 0;
	if (!fflush(o->to) && !ferror(o->to)) {
		o->good = ftell(o->to);
		return true;
	}
	/* an earlier write failed, and this one did not */
	if (!errno)
		errno = EIO;
	warn("%s: the recording ends here", o->name);
	/* discard the buffer: nothing may be written after the end */
	__fpurge(o->to);
	clearerr(o->to);
	/* EINVAL: it is no regular file */
	if (o->good >= 0 && ftruncate(fileno(o->to), o->good) && errno != EINVAL)
		warn("%s: its last line may be incomplete", o->name);
	return false;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * MSEC_PER_SEC + t.tv_nsec / 1000000;
}

/* The limit is for clocks that jump, as they may here: a jump affects one interval only. */
static uint64_t passed_ms(uint64_t since_ms, uint64_t most_ms)
{
	uint64_t passed = now_ms() - since_ms;

	return passed < most_ms ? passed : most_ms;
}

static bool is_shown(void)
{
	return !options.sampling.quiet && takes_escapes(STDERR_FILENO);
}

static void show(const struct record *r, uint64_t left_ms)
{
	static uint64_t shown_s;
	uint64_t left_s = (left_ms + MSEC_PER_SEC - 1) / MSEC_PER_SEC;

	if (!is_shown() || left_s == shown_s)
		return;
	shown_s = left_s;
	fprintf(stderr, "\rrecording, %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left, ",
		left_s / 3600, left_s / 60 % 60, left_s % 60);
	fprintf(stderr, "%" PRIu64 " points, %" PRIu64 " events \033[K", r->points.points,
		r->events);
}

/* Sleep for an interval, or until a signal. */
static void sleep_interval(const struct record *r, uint64_t ms, uint64_t left_ms)
{
	const struct sampling_wish quiet = { .quiet = true };
	uint64_t from = now_ms(), slept = 0;

	while (!caught && slept < ms) {
		show(r, left_ms - slept);
		sampling_wait(&quiet, ms - slept < SLEEP_MS ? ms - slept : SLEEP_MS, "");
		/* without a module sampling_wait() does not sleep */
		if (!module_is_loaded())
			usleep(SLEEP_MS * 1000);
		slept = passed_ms(from, ms);
	}
}

/* Points that are older than fit_window_s can't be read: look at least twice in that time. */
static uint64_t interval_ms(const struct record *r)
{
	uint64_t most_ms = r->before.fit_window_s.value * MSEC_PER_SEC / 2;

	return r->before.fit_window_s.known && most_ms < options.interval_ms ? most_ms :
									      options.interval_ms;
}

/* Start sampling again if the module was loaded again: it does not do so by itself. */
static void go_on_sampling(const struct record *r)
{
	struct sampling_wish again = options.sampling;

	if (!r->before.loaded || r->loaded_again)
		sampling_end();
	again.warm_up_ms = 0;
	again.reset = false;
	/* another tscope may have been faster: then this one goes on when that one ends */
	if (r->loaded_again && sampling_begin(&again))
		sampling_look_on();
}

static bool record(struct record *r, struct output *o)
{
	uint64_t left_ms = options.sampling.duration_ms, step_ms, from = now_ms(), passed;
	bool right = flush(o);

	while (right && left_ms && !caught) {
		step_ms = interval_ms(r);
		if (step_ms > left_ms)
			step_ms = left_ms;
		sleep_interval(r, step_ms, left_ms);
		/* this includes the time that the last look took */
		passed = passed_ms(from, 2 * step_ms + MSEC_PER_SEC);
		from = now_ms();
		left_ms -= passed < left_ms ? passed : left_ms;
		record_look(r, passed);
		go_on_sampling(r);
		right = flush(o);
	}
	if (right) {
		record_end(r, caught ? "signal" : "time");
		right = flush(o);
	}
	return right;
}

static void say_end(const struct record *r, const struct output *o)
{
	if (!is_shown())
		return;
	fprintf(stderr, "\r%s: %" PRIu64 " points, %" PRIu64 " events, %" PRIu64 " bytes", o->name,
		r->points.points, r->events, r->out.bytes);
	if (r->points.lost)
		fprintf(stderr, "; about %" PRIu64 " points were lost", r->points.lost);
	fprintf(stderr, " \033[K\n");
}

static int run(struct record *r)
{
	struct output o = open_output(options.output);
	bool right;

	record_begin(r, o.to, interval_ms(r), !options.sampling.duration_ms);
	right = record(r, &o);
	sampling_end();
	if (o.to != stdout && fclose(o.to) && right) {
		warn("%s", o.name);
		right = false;
	}
	say_end(r, &o);
	if (!right)
		return STATUS_USAGE;
	return r->points.points ? STATUS_GOOD : STATUS_NO_FIGURE;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_END)
		return ARGP_ERR_UNKNOWN;
	if (options.json)
		argp_error(state, "--json has no effect: each line of a recording is JSON");
	return 0;
}

int cmd_record(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &options_sampling, 0, NULL, 0 }, { &options_interval, 0, NULL, 0 },
		{ &options_output, 0, NULL, 0 }, { &options_no_json, 0, NULL, 0 }, { }
	};
	static const struct argp argp = {
		NULL, parse, NULL,
		"Write each point, event, pair and histogram to FILE, or to standard output if it is -, for an hour unless -d says otherwise. A line is a JSON object; tscope-record(1) describes them. Ctrl-C ends it well.",
		children, NULL, NULL
	};
	struct record r;
	int status;
	size_t i;

	options.sampling.duration_ms = HOUR_MS;
	options.interval_ms = MSEC_PER_SEC;
	options_parse(&argp, argc, argv, NULL);
	if (!options.output)
		errx(STATUS_USAGE, "-o FILE is missing: where to write");
	sampling_or_look(&options.sampling);
	status = strcmp(options.output, "-") ? output_check(options.output, false) : 0;
	if (status)
		errx(STATUS_USAGE, "%s: %s", options.output, strerror(-status));
	status = sampling_begin(&options.sampling);
	if (status)
		return status == -EINVAL || status == -ERANGE ? STATUS_USAGE : STATUS_NO_FIGURE;
	catch_signals();
	if (record_open(&r)) {
		status = run(&r);
	} else {
		for (i = 0; i < r.before.n_errors; i++)
			warnx("%s", r.before.errors[i]);
		status = STATUS_NO_FIGURE;
	}
	record_free(&r);
	return status;
}
