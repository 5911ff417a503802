// SPDX-License-Identifier: GPL-2.0
/* sampling.c: samples for a while, shows progress, and restores what sampling was */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "progress.h"
#include "sampling.h"

#define MSEC_PER_SEC	1000ull
#define NSEC_PER_MSEC	1000000ull
/* If the module is unloaded, this is noticed within this time. */
#define SLEEP_MS	250ull
/* A tscope that begins or ends sampling holds the lock for less than this. */
#define CHANGE_MS	2000ull
/* What takes longer shows progress. */
#define SILENT_MS	2000ull

static const int signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU, SIGVTALRM,
	SIGPROF, SIGABRT
};

/* Files as they were before they were changed, in the order in which they are restored. */
static struct kept {
	const char *file;
	char path[PATH_MAX];
	char value[4097];
	/* 0: it was not changed */
	volatile sig_atomic_t len;
} kept[] = { { .file = "enabled" }, { .file = "width_us" }, { .file = "cpus" } };

enum { ENABLED, WIDTH, CPUS };

/* The module_loading() that the kept values are of. */
static uint64_t kept_loading;

static int lock = -1;
/* The module_loading() that the lock is of. */
static uint64_t lock_loading;
/* Another tscope holds the lock. */
static bool looks_on;

static int write_file(const char *path, const char *value, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, len) != (ssize_t)len)
		err = -errno;
	close(fd);
	return err;
}

/*
 * Called from signal handlers too. Errors are ignored: the module may be gone. If it was loaded
 * again meanwhile, it has new settings, which stay.
 */
static void restore(void)
{
	bool same = module_loading() == kept_loading;
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		if (kept[i].len && same)
			write_file(kept[i].path, kept[i].value, kept[i].len);
		kept[i].len = 0;
	}
}

static void restore_and_die(int signal)
{
	int was = errno;

	restore();
	/* because of SA_RESETHAND this ends the program when the handler returns */
	raise(signal);
	errno = was;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = restore_and_die, .sa_flags = SA_RESETHAND }, was;
	size_t i;

	sigfillset(&action.sa_mask);
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		/* nohup's SIGHUP stays ignored */
		if (!sigaction(signals[i], NULL, &was) && was.sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL);
}

static int complain(int err, const char *what)
{
	fprintf(stderr, "tscope: %s: %s\n", what, strerror(-err));
	return err;
}

/* Write a file of sysfs, and keep its present value, which is restored later. */
static int change(struct kept *k, const char *value)
{
	struct file_text text;
	int err;

	if (module_loading() != kept_loading)
		/* discards what was kept of another loading, and writes nothing */
		restore();
	kept_loading = module_loading();
	path_sysfs(k->path, k->file);
	err = file_read(k->path, &text);
	if (err)
		return complain(err, k->path);
	/* what is not changed is not restored: somebody else may change it meanwhile */
	if (text.len == strlen(value) && !memcmp(text.at, value, text.len)) {
		free(text.at);
		return 0;
	}
	if (text.len && text.len < sizeof(k->value)) {
		memcpy(k->value, text.at, text.len);
		/* from here on a signal restores the value */
		k->len = text.len;
	}
	free(text.at);
	err = k->len ? write_file(k->path, value, strlen(value)) : -EFBIG;
	/* nothing was changed */
	if (err)
		k->len = 0;
	return err;
}

static bool is_on(void)
{
	char path[PATH_MAX];
	struct file_text text;
	bool on;

	path_sysfs(path, "enabled");
	if (file_read(path, &text))
		return false;
	on = text.len && *text.at == '1';
	free(text.at);
	return on;
}

static void sleep_ms(uint64_t ms)
{
	struct timespec left = { ms / MSEC_PER_SEC, ms % MSEC_PER_SEC * NSEC_PER_MSEC };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

/* Only root can open this file, so that no other user can hold its lock. Nothing is written. */
static int open_lock(char path[PATH_MAX])
{
	path_sysfs(path, "reset");
	lock_loading = module_loading();
	return open(path, O_WRONLY | O_CLOEXEC);
}

static void restore_on_exit(void)
{
	static bool exits;

	if (!exits)
		atexit(sampling_end);
	exits = true;
	catch_signals();
}

/*
 * A tscope that holds the lock while sampling is off begins or ends sampling just now: then the
 * lock will be free, or sampling on.
 */
static bool lock_or_look(void)
{
	uint64_t waited_ms;

	for (waited_ms = 0; flock(lock, LOCK_EX | LOCK_NB); waited_ms += SLEEP_MS) {
		if (is_on() || waited_ms >= CHANGE_MS)
			return false;
		sleep_ms(SLEEP_MS);
	}
	return true;
}

/* Lock the module's settings. @changes: the lock is held, so this process changes and restores. */
static int take_lock(const struct sampling_wish *wish, bool *changes)
{
	const char *or_look = wish->can_look ? ", or with -d 0 to see what is there" : "";
	char path[PATH_MAX];

	lock = open_lock(path);
	if (lock < 0 && (errno == EACCES || errno == EPERM)) {
		fprintf(stderr, "tscope: only root can start sampling: run it as root (sudo)%s\n",
			or_look);
		return -EPERM;
	}
	if (lock < 0)
		return complain(-errno, path);
	*changes = lock_or_look();
	looks_on = !*changes;
	restore_on_exit();
	if (*changes || (is_on() && !wish->flat_out && !wish->cpus && !wish->reset))
		return 0;
	if (is_on())
		fprintf(stderr, "tscope: another tscope is sampling: try again when it has ended%s\n",
			or_look);
	else
		fprintf(stderr, "tscope: another program holds the lock of %s: \"fuser -v %s\" shows which\n",
			path, path);
	return -EBUSY;
}

static int set_cpus(const char *cpus)
{
	char *line;
	int err;

	if (asprintf(&line, "%s\n", cpus) < 0)
		return complain(-ENOMEM, "cpus");
	err = change(&kept[CPUS], line);
	free(line);
	if (err == -EINVAL)
		fprintf(stderr, "tscope: '%s' is no list of CPUs such as 0-3,8\n", cpus);
	else if (err == -ERANGE)
		fprintf(stderr, "tscope: '%s' names a CPU that this machine does not have\n", cpus);
	else if (err)
		complain(err, "cpus can't be changed");
	return err;
}

static int set_flat_out(void)
{
	char path[PATH_MAX], value[32];
	struct file_text text;
	int err;

	path_sysfs(path, "period_us");
	err = file_read(path, &text);
	if (err)
		return complain(err, path);
	snprintf(value, sizeof(value), "%.*s", (int)text.len, text.at ?: "");
	free(text.at);
	err = change(&kept[WIDTH], value);
	return err ? complain(err, "width_us can't be changed") : 0;
}

static int start(const struct sampling_wish *wish)
{
	char path[PATH_MAX];
	int err = 0;

	if (wish->cpus)
		err = set_cpus(wish->cpus);
	if (!err && wish->flat_out)
		err = set_flat_out();
	if (err)
		return err;
	if (wish->duration_ms || wish->warm_up_ms) {
		err = change(&kept[ENABLED], "1\n");
		if (err)
			return complain(err, "sampling does not start (see dmesg)");
		sampling_wait(wish, wish->warm_up_ms, "warming up");
	}
	if (!wish->reset)
		return 0;
	path_sysfs(path, "reset");
	err = write_file(path, "1", 1);
	return err ? complain(err, path) : 0;
}

void sampling_look_on(void)
{
	char path[PATH_MAX];

	lock = open_lock(path);
	looks_on = lock >= 0 && flock(lock, LOCK_EX | LOCK_NB);
	/* no other tscope will switch sampling off: there is nothing to take over */
	if (!looks_on)
		sampling_end();
	else
		restore_on_exit();
}

bool sampling_take_over(void)
{
	int err;

	/* the lock of a module that is gone says nothing of the one that is loaded now */
	if (!looks_on || !module_is_loaded() || module_loading() != lock_loading || is_on() ||
	    flock(lock, LOCK_EX | LOCK_NB))
		return false;
	looks_on = false;
	err = change(&kept[ENABLED], "1\n");
	if (err)
		complain(err, "sampling does not go on (see dmesg)");
	return !err;
}

void sampling_or_look(struct sampling_wish *wish)
{
	if (module_is_recorded())
		*wish = (struct sampling_wish){
			.asked = true, .quiet = wish->quiet, .can_look = wish->can_look,
			.cpus = wish->cpus,
		};
}

int sampling_begin(const struct sampling_wish *wish)
{
	bool changes;
	int err;

	if (!module_is_loaded()) {
		fprintf(stderr, "tscope: %s\n", module_advice());
		return -ENODEV;
	}
	if (!wish->duration_ms && !wish->warm_up_ms && !wish->reset)
		return 0;
	err = take_lock(wish, &changes);
	if (!err && changes)
		err = start(wish);
	else if (!err)
		sampling_wait(wish, wish->warm_up_ms, "warming up");
	if (err)
		sampling_end();
	return err;
}

/*
 * Time is counted by sleeps: if a clock jumps, as clocks may do here, one sleep gets shorter or
 * longer, not the whole wait.
 */
void sampling_wait(const struct sampling_wish *wish, uint64_t ms, const char *what)
{
	bool shows = !wish->quiet && ms > SILENT_MS && takes_escapes(STDERR_FILENO);
	uint64_t slept = 0, part, left_s;

	while (slept < ms && module_is_loaded()) {
		sampling_take_over();
		left_s = (ms - slept + MSEC_PER_SEC - 1) / MSEC_PER_SEC;
		if (shows && slept % MSEC_PER_SEC == 0)
			fprintf(stderr, "\r%s, %" PRIu64 " s left \033[K", what, left_s);
		part = ms - slept < SLEEP_MS ? ms - slept : SLEEP_MS;
		sleep_ms(part);
		slept += part;
	}
	if (shows)
		fprintf(stderr, "\r\033[K");
}

bool sampling_was_off(void)
{
	return kept[ENABLED].len;
}

void sampling_end(void)
{
	restore();
	if (lock >= 0)
		close(lock);
	lock = -1;
	looks_on = false;
}
