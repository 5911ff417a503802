// SPDX-License-Identifier: GPL-2.0
/* cmd_wait.c: wait until a clock's skew is known well enough */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "files.h"
#include "json.h"
#include "options.h"
#include "parse.h"
#include "progress.h"
#include "text.h"

#define LOOK_MS 250
/* Points are held back until there are eight readings; a device has one in 240 ms. */
#define READINGS 8
#define READING_MS 250

enum {
	KEY_CLOCK = 512,
	KEY_ERROR,
	KEY_TIMEOUT,
};

struct goal {
	const char *clock;
	int64_t error_ppt;
	uint64_t timeout_ms;
};

static bool is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len && !name[len] && len < sizeof(((struct clock_figures *)0)->name) &&
	       *name >= 'a';
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct goal *goal = state->input;

	switch (key) {
	case KEY_CLOCK:
		if (!strcmp(arg, "tsc"))
			argp_error(state, "the skew of other clocks is against the TSC: it has none itself");
		if (!is_name(arg))
			argp_error(state, "'%s' is no clock", arg);
		goal->clock = arg;
		return 0;
	case KEY_ERROR:
		if (!parse_thousandths(arg, strlen(arg), &goal->error_ppt) || goal->error_ppt <= 0)
			argp_error(state, "--error-ppb takes a number above 0, such as 1 or 0.05, not '%s'",
				   arg);
		return 0;
	case KEY_TIMEOUT:
		goal->timeout_ms = options_duration_ms(state, "--timeout", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* Say why the figure is old, or not known well enough. */
static void complain(const struct goal *goal, const struct snapshot *s, bool fresh, bool reached)
{
	if (!s->enabled.value && (!fresh || !goal->timeout_ms))
		warnx("sampling is off: the skew of %s is of earlier sampling", goal->clock);
	else if (!fresh)
		warnx("%s has no new skew after %s", goal->clock,
		      text_duration(goal->timeout_ms).s);
	else if (!reached)
		warnx("%s is not known to %s ppb after %s", goal->clock,
		      text_thousandths((struct figure){ true, goal->error_ppt }).s,
		      text_duration(goal->timeout_ms).s);
}

static void print(const struct clock_figures *c, bool reached)
{
	struct json_object *to;

	if (!options.json) {
		printf("%s: %s ppb +- %s ppb, over %s\n", c->name, text_thousandths(c->skew_ppt).s,
		       text_thousandths(c->skew_error_ppt).s, text_age(c->span_ms.value).s);
		return;
	}
	to = json_clock(c);
	json_object_object_add(to, "reached", json_object_new_boolean(reached));
	json_print_line(stdout, to);
}

static void show_progress(const struct goal *goal, const struct clock_figures *c, uint64_t left_ms)
{
	if (options.sampling.quiet || !takes_escapes(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%s: +- %s ppb, %s left \033[K", goal->clock,
		c ? text_thousandths(c->skew_error_ppt).s : "-", text_age(left_ms).s);
}

/* How long it takes until a figure is no longer of earlier sampling. */
static uint64_t stale_ms(const struct snapshot *s)
{
	uint64_t period_ms = s->period_us.value / 1000;

	return READINGS * (period_ms > READING_MS ? period_ms : READING_MS);
}

/*
 * Look until the goal is reached or time is over; the last snapshot is left in @s. The first figure
 * may be old: a figure counts when new readings are in it. @begun: this program began sampling. If
 * the timeout is 0, the figure that is there counts.
 */
static bool look(const struct goal *goal, struct snapshot *s, bool begun, bool *fresh)
{
	const struct sampling_wish quiet = { .quiet = true };
	uint64_t waited = 0, until = 0, first = 0;

	*fresh = !goal->timeout_ms;
	while (snapshot_read(s, 0)) {
		const struct clock_figures *c = snapshot_clock(s, goal->clock);

		if (c && !waited) {
			first = c->samples.value;
			until = begun && c->skew_error_ppt.known ? stale_ms(s) : 0;
		}
		/* after a reset the readings are counted from 0 again */
		if (c && c->samples.value < first)
			first = 0;
		*fresh |= c && waited >= until &&
			  c->samples.value - first >= (begun ? READINGS : 1);
		if (c && *fresh && c->skew_error_ppt.known &&
		    c->skew_error_ppt.value <= goal->error_ppt)
			return true;
		if (!c || waited >= goal->timeout_ms)
			return false;
		show_progress(goal, c, goal->timeout_ms - waited);
		sampling_wait(&quiet, LOOK_MS, "");
		waited += LOOK_MS;
		snapshot_free(s);
	}
	return false;
}

static bool is_sampling(void)
{
	struct snapshot s;
	bool on;

	snapshot_read(&s, 0);
	on = s.enabled.value;
	snapshot_free(&s);
	return on;
}

int cmd_wait(int argc, char **argv)
{
	static const struct argp_option own[] = {
		{ "clock", KEY_CLOCK, "CLOCK", 0, "Wait for this clock (ptp-kvm)", 1 },
		{ "error-ppb", KEY_ERROR, "PPB", 0,
		  "Until the 95 % interval of its skew is no wider than +- PPB (1)", 1 },
		{ "timeout", KEY_TIMEOUT, "N[s|m|h|d]", 0, "Give up after this time (60)", 1 },
		{ }
	};
	static const struct argp_child children[] = { { &options_common, 0, NULL, 0 }, { } };
	static const struct argp argp = {
		own, parse, NULL,
		"Wait until a clock's skew is known well enough. Exit status: 0 it is, 1 it was not in time, 4 there was no figure. Samples meanwhile, and restores what sampling was.",
		children, NULL, NULL
	};
	struct goal goal = { "ptp-kvm", 1000, 60000 };
	struct clock_figures none = { };
	const struct clock_figures *c;
	struct snapshot s;
	int status;
	bool reached, begun, fresh;

	options_parse(&argp, argc, argv, &goal);
	/* a recorded tree gets no new readings */
	if (module_is_recorded())
		goal.timeout_ms = 0;
	begun = goal.timeout_ms && module_is_loaded() && !is_sampling();
	if (begun) {
		options.sampling.duration_ms = goal.timeout_ms;
		status = sampling_begin(&options.sampling);
		if (status)
			return STATUS_NO_FIGURE;
	} else {
		sampling_look_on();
	}
	reached = look(&goal, &s, begun, &fresh);
	sampling_end();
	if (!options.sampling.quiet && takes_escapes(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	c = snapshot_clock(&s, goal.clock);
	status = reached ? STATUS_GOOD : STATUS_FOUND;
	if (c && c->skew_ppt.known) {
		print(c, reached);
		complain(&goal, &s, fresh, reached);
	} else {
		if (s.loaded)
			warnx("%s %s", goal.clock, c ? "has no skew yet" : "is absent");
		else
			warnx("%s", module_advice());
		snprintf(none.name, sizeof(none.name), "%s", goal.clock);
		if (options.json)
			print(c ? c : &none, false);
		status = STATUS_NO_FIGURE;
	}
	snapshot_free(&s);
	return status;
}
