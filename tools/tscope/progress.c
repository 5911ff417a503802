// SPDX-License-Identifier: GPL-2.0
/* progress.c: shows on a terminal what takes longer than two seconds */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "options.h"
#include "progress.h"

#define SILENT_S	2
#define DIGITS		10

static const char *what;
static time_t first_s;
static volatile sig_atomic_t shown;
static struct sigaction before;	/* what SIGALRM did before the progress line */
static timer_t timer;
static bool running;

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
static void show(int signal, siginfo_t *info, void *context)
{
	time_t left = now_s() - first_s;
	char text[DIGITS];
	int was = errno, at = DIGITS;

	(void)context;
	/* somebody else sent it, to end the program: it is delivered again when this returns */
	if (info->si_code != SI_TIMER) {
		sigaction(SIGALRM, &before, NULL);
		raise(signal);
		errno = was;
		return;
	}
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
	const struct sigaction action = {
		.sa_sigaction = show, .sa_flags = SA_RESTART | SA_SIGINFO
	};
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct itimerspec each = { .it_interval = { .tv_sec = 1 } };
	time_t passed;

	if (options.sampling.quiet || !takes_escapes(STDERR_FILENO))
		return;
	if (!first_s)
		first_s = now_s();
	what = of;
	passed = now_s() - first_s;
	each.it_value.tv_sec = passed < SILENT_S ? SILENT_S - passed : 0;
	each.it_value.tv_nsec = 1;
	/* if the line runs already, only its text changes */
	if (!running) {
		if (timer_create(CLOCK_MONOTONIC, &event, &timer))
			return;
		sigaction(SIGALRM, &action, &before);
		running = true;
	}
	timer_settime(timer, 0, &each, NULL);
}

void progress_end(void)
{
	if (!running)
		return;
	timer_delete(timer);
	sigaction(SIGALRM, &before, NULL);
	running = false;
	if (shown)
		put("\r\033[K", strlen("\r\033[K"));
	shown = false;
}
