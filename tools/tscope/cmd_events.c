// SPDX-License-Identifier: GPL-2.0
/* cmd_events.c: list what happened, and what happens */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "event_news.h"
#include "files.h"
#include "json.h"
#include "options.h"
#include "text.h"

#define FOLLOW_MS 1000
/* If many pairs move, this many are listed. */
#define MOVED_SHOWN 10
/* Points show which clocks were read after a step. */
#define PARTS (SNAPSHOT_PAIRS | SNAPSHOT_VIOLATIONS | SNAPSHOT_HISTOGRAMS | SNAPSHOT_POINTS)

enum { KEY_FOLLOW = 512 };

static bool follow;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	(void)state;
	if (key != KEY_FOLLOW)
		return ARGP_ERR_UNKNOWN;
	follow = true;
	return 0;
}

static void print_event(const struct event *e)
{
	/* rounded, because the time is a sum of readings of two clocks */
	uint64_t us = e->boottime_ns / 1000 + (e->boottime_ns % 1000 >= 500);
	char cpus[40] = "", text[256], *end = text, when[40];

	if (options.json) {
		json_print_line(stdout, json_event(e));
		return;
	}
	if (e->cpu >= 0 && e->peer >= 0)
		snprintf(cpus, sizeof(cpus), "%d, %d", e->cpu, e->peer);
	else if (e->cpu >= 0)
		snprintf(cpus, sizeof(cpus), "%d", e->cpu);
	end += sprintf(end, "%-8s  %-13s  %-6s", event_kind_name(e->kind), e->clock, cpus);
	if (event_has_size(e->kind))
		end += sprintf(end, "  %s", text_ns(e->size_ns).s);
	if (e->error_ns.known)
		end += sprintf(end, " +- %s", text_ns(e->error_ns.value).s);
	if (e->count > 1)
		end += sprintf(end, "  %" PRIu64 " times", e->count);
	while (end > text && end[-1] == ' ')
		*--end = '\0';
	if (e->boottime_ns)
		snprintf(when, sizeof(when), "%9" PRIu64 ".%06" PRIu64 "  ", us / 1000000,
			 us % 1000000);
	else
		snprintf(when, sizeof(when), "%16s  ", "-");
	text_wrap(stdout, when, "%s", text);
}

/* Text shows only the newest of the pairs that move: there may be 100,000. */
static void print_events(const struct event *events, size_t n)
{
	size_t i, moved = 0, hidden;

	for (i = 0; i < n; i++)
		moved += !options.json && events[i].kind == EVENT_MOVED;
	hidden = moved > MOVED_SHOWN ? moved - MOVED_SHOWN : 0;
	for (i = moved = 0; i < n; i++)
		if (events[i].kind != EVENT_MOVED || moved++ >= hidden)
			print_event(&events[i]);
	if (hidden)
		printf("# and %zu pairs more that move: tscope pairs shows them\n", hidden);
	fflush(stdout);
}

/* Print events that are not in @before. @listed: violations can be read. */
static void print_news(struct event_list *before, const struct event_list *now, bool listed)
{
	struct event *fresh = calloc(now->n + 1, sizeof(*fresh));
	size_t n = 0;

	if (!fresh)
		err(STATUS_NO_FIGURE, "no memory");
	events_index(before);
	for (size_t i = 0; i < now->n; i++) {
		fresh[n] = now->events[i];
		fresh[n].count = event_news(before, now, &fresh[n]);
		n += fresh[n].count && !(listed && event_is_rest(&fresh[n]));
	}
	print_events(fresh, n);
	free(fresh);
}

/* Open a file on which poll() reports alerts from now on. Return: its fd, or -1. */
static int open_alerts(void)
{
	char path[PATH_MAX], value[32];
	int fd;

	path_sysfs(path, "alerts");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, value, sizeof(value)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/*
 * Sleep until an alert is raised, at most a second: not each event is an alert. Return: whether
 * there is still a reader of the output.
 */
static bool wait_alert(int fd)
{
	struct pollfd polled[] = {
		{ .fd = fd, .events = POLLPRI }, { .fd = STDOUT_FILENO },
	};

	poll(polled, 2, FOLLOW_MS);
	if (fd >= 0)
		close(fd);
	return !(polled[1].revents & (POLLERR | POLLHUP | POLLNVAL));
}

static void follow_events(struct event_list *before)
{
	bool gone = false, has_reader = true;

	while (has_reader && !ferror(stdout)) {
		int alerts = open_alerts();
		struct event_list now;
		struct snapshot s;

		if (!snapshot_read(&s, PARTS)) {
			if (!gone)
				warnx("the module was unloaded: waiting until it is loaded again");
			gone = true;
			events_free(before);
			*before = (struct event_list){ };
		} else if (!(s.unread & (SNAPSHOT_VIOLATIONS | SNAPSHOT_PAIRS))) {
			events_of(&s, &now);
			if (gone)
				warnx("the module is loaded again");
			gone = false;
			print_news(before, &now, s.debug);
			events_free(before);
			*before = now;
		}
		snapshot_free(&s);
		has_reader = wait_alert(alerts);
	}
}

static int list_events(const struct snapshot *s, const struct event_list *events)
{
	if (options.json && !follow) {
		json_print(stdout, s, events, NULL, NULL, false);
		return s->loaded ? STATUS_GOOD : STATUS_NO_FIGURE;
	}
	if (!options.json)
		printf("# now: %" PRIu64 ".%06" PRIu64 " s since boot\n# %14s  %-8s  %-13s  %-6s  size\n",
		       s->boottime_ns / 1000000000, s->boottime_ns / 1000 % 1000000, "s since boot",
		       "event", "clock", "CPUs");
	print_events(events->events, events->n);
	if (!options.json && !events->n)
		puts("# no events since sampling began or was reset");
	fflush(stdout);
	return STATUS_GOOD;
}

int cmd_events(int argc, char **argv)
{
	static const struct argp_option own[] = {
		{ "follow", KEY_FOLLOW, NULL, 0, "Go on, and print events as they come", 1 },
		{ }
	};
	static const struct argp_child children[] = {
		{ &options_output, 0, NULL, 0 }, { &options_common, 0, NULL, 0 }, { }
	};
	static const struct argp argp = {
		own, parse, NULL,
		"List steps, backward readings, warps, updates of time pages, offsets that move, pauses, and what a vmclock reports. With --follow --json, a line is an event.",
		children, NULL, NULL
	};
	struct event_list events;
	struct snapshot s;
	int status;

	options_parse(&argp, argc, argv, NULL);
	options_check_output();
	if (!snapshot_read(&s, options.json ? PARTS | SNAPSHOT_CPUS : PARTS) &&
	    (follow || !options.json))
		errx(STATUS_NO_FIGURE, "%s", module_advice());
	options_open_output();
	events_of(&s, &events);
	status = list_events(&s, &events);
	/* with --json the errors are in the object */
	for (size_t i = 0; (follow || !options.json) && i < s.n_errors; i++)
		warnx("%s", s.errors[i]);
	if (follow && !s.enabled.value)
		warnx("sampling is off: nothing will be seen until it is on");
	snapshot_free(&s);
	if (follow)
		follow_events(&events);
	events_free(&events);
	return status;
}
