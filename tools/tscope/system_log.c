// SPDX-License-Identifier: GPL-2.0
/* system_log.c: what the kernel log says of clocksources, of the TSC, and of absent clocks */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "system_parts.h"

/* log_buf_len= may make the log this large */
#define LOG_LIMIT	(64 << 20)
/* at most this many lines are kept, the newest */
#define REASONS		64

static char *klogctl_text(void)
{
	/* SYSLOG_ACTION_SIZE_BUFFER, SYSLOG_ACTION_READ_ALL */
	int size = klogctl(10, NULL, 0), got;
	char *text;

	text = size > 0 ? malloc(size + 1) : NULL;
	if (!text)
		return NULL;
	got = klogctl(3, text, size);
	if (got < 0) {
		free(text);
		return NULL;
	}
	text[got] = 0;
	return text;
}

static char *log_text(void)
{
	char *text = NULL;
	int fd, error;

	if (system_recorded())
		return system_text("/dev/kmsg", LOG_LIMIT);
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		text = system_slurp(fd, LOG_LIMIT);
		error = errno;
		close(fd);
		errno = error;
	}
	return text ? text : klogctl_text();
}

/* A line without its priority and time, as /dev/kmsg or klogctl() print them; NULL: no message. */
static char *message_of(char *line)
{
	int caller = 0;
	char *text;

	if (*line == ' ')
		return NULL;
	if (*line >= '0' && *line <= '9') {
		text = strchr(line, ';');
		return text ? text + 1 : NULL;
	}
	if (*line == '<' && strchr(line, '>'))
		line = strchr(line, '>') + 1;
	if (*line == '[' && strchr(line, ']')) {
		line = strchr(line, ']') + 1;
		/* with CONFIG_PRINTK_CALLER the caller follows */
		if (sscanf(line, "[ %*1[CT]%*u]%n", &caller) == 0)
			line += caller;
		line += *line == ' ';
	}
	return line;
}

static bool begins(const char *message, const char *with)
{
	return !strncmp(message, with, strlen(with));
}

static bool is_reason(const char *message)
{
	if (begins(message, "tscope: ") || begins(message, "TSC deadline timer"))
		return false;
	/* the kernel prints such a line for each clocksource that it registers: no reason */
	if (begins(message, "clocksource: "))
		return !strstr(message, " max_cycles: ");
	return begins(message, "tsc: ") || begins(message, "TSC ") || strstr(message, "TSC warp") ||
	       strstr(message, "TSC ADJUST") ||
	       (strstr(message, "unstable") && strstr(message, "TSC"));
}

/* If a clock was absent at several loads of the module, keep only the newest reason. */
static void note_absent(struct system_facts *s, const char *what)
{
	size_t i, name = strcspn(what, " ") + 1;

	for (i = 0; i < s->n_absent; i++) {
		if (!strncmp(s->absent[i], what, name)) {
			free(s->absent[i]);
			memmove(&s->absent[i], &s->absent[i + 1],
				(--s->n_absent - i) * sizeof(*s->absent));
			break;
		}
	}
	system_add(&s->absent, &s->n_absent, "%s", what);
}

static void note_reason(struct system_facts *s, const char *message)
{
	if (s->n_clocksource_reasons == REASONS) {
		free(s->clocksource_reasons[0]);
		memmove(s->clocksource_reasons, s->clocksource_reasons + 1,
			(REASONS - 1) * sizeof(*s->clocksource_reasons));
		s->n_clocksource_reasons--;
	}
	system_add(&s->clocksource_reasons, &s->n_clocksource_reasons, "%.400s", message);
}

/* For a tree that was recorded without CPUID. */
static void note_hypervisor(struct system_facts *s, const char *message)
{
	static const char detected[] = "Hypervisor detected: ";

	if (!strncmp(message, detected, strlen(detected)))
		text_clean(s->hypervisor, sizeof(s->hypervisor), message + strlen(detected));
}

/* Keep a line's time: "prefix,sequence,us,flags;..." of /dev/kmsg, or "[seconds.us] ...". */
static void note_switch(struct system_facts *s, const char *line)
{
	const size_t most = sizeof(s->switched_ns) / sizeof(*s->switched_ns);
	unsigned long long seconds = 0, us;

	if (sscanf(line, "%*u,%*u,%llu", &us) != 1 &&
	    sscanf(line, "%*[<0-9>][%llu.%llu]", &seconds, &us) != 2 &&
	    sscanf(line, "[%llu.%llu]", &seconds, &us) != 2)
		return;
	if (s->n_switched == most)
		memmove(s->switched_ns, s->switched_ns + 1,
			--s->n_switched * sizeof(*s->switched_ns));
	s->switched_ns[s->n_switched++] = seconds * 1000000000 + us * 1000;
}

static void look_at_line(struct system_facts *s, char *line)
{
	const char *message = message_of(line), *ours;

	if (!message)
		return;
	if (begins(message, "clocksource: Switched to clocksource "))
		note_switch(s, line);
	if (system_recorded() && !s->hypervisor[0])
		note_hypervisor(s, message);
	ours = !strncmp(message, "tscope: ", 8) ? message + 8 : NULL;
	if (ours && strstr(ours, " is absent: "))
		note_absent(s, ours);
	else if (is_reason(message))
		note_reason(s, message);
}

void system_look_at_log(struct system_facts *s)
{
	char *text = log_text(), *line, *rest;

	if (!text) {
		if (system_recorded())
			system_note(s, "The tree has no dev/kmsg: the kernel log is not known.");
		else
			system_note(s, "The kernel log can't be read (%s): run tscope as root.",
				    strerror(errno));
		return;
	}
	for (rest = text; (line = strsep(&rest, "\n"));)
		look_at_line(s, line);
	free(text);
}
