// SPDX-License-Identifier: GPL-2.0
/* progress.c: shows on a terminal what takes longer than two seconds */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "options.h"
#include "progress.h"

#define SILENT_S	2
#define DIGITS		10

static const char *what;
static time_t first_s;
static volatile sig_atomic_t shown;

static time_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void put(const char *text, size_t len)
{
	/* an error is ignored: nothing depends on the progress line */
	if (write(STDERR_FILENO, text, len) < 0)
		return;
}

/* A signal handler, so stdio may not be used. */
static void show(int signal)
{
	time_t left = now_s() - first_s;
	char text[DIGITS];
	int was = errno, at = DIGITS;

	(void)signal;
	do
		text[--at] = '0' + left % 10;
	while ((left /= 10) && at);
	put("\r", 1);
	put(what, strlen(what));
	put(", ", 2);
	put(text + at, DIGITS - at);
	put(" s \033[K", strlen(" s \033[K"));
	shown = true;
	errno = was;
}

bool takes_escapes(int fd)
{
	const char *term = getenv("TERM");

	return term && *term && strcmp(term, "dumb") && isatty(fd);
}

void progress_begin(const char *of)
{
	const struct sigaction action = { .sa_handler = show, .sa_flags = SA_RESTART };
	struct itimerval each = { .it_interval = { .tv_sec = 1 } };
	time_t passed;

	if (options.sampling.quiet || !takes_escapes(STDERR_FILENO))
		return;
	if (!first_s)
		first_s = now_s();
	what = of;
	passed = now_s() - first_s;
	each.it_value.tv_sec = passed < SILENT_S ? SILENT_S - passed : 0;
	each.it_value.tv_usec = 1;
	if (!sigaction(SIGALRM, &action, NULL))
		setitimer(ITIMER_REAL, &each, NULL);
}

void progress_end(void)
{
	const struct itimerval none = { };

	if (!what)
		return;
	setitimer(ITIMER_REAL, &none, NULL);
	if (shown)
		put("\r\033[K", strlen("\r\033[K"));
	shown = false;
}
