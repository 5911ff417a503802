// SPDX-License-Identifier: GPL-2.0
/*
 * lab_fail: repeats one operation, and lets a different one of its allocations fail in
 * each turn (by the kernel's fault injection, /proc/PID/fail-nth).
 *
 *   lab_fail [-s SEED] [-t PID] [-m MAX] [-u FILE=VALUE]... load MODULE [PARAMETERS]
 *   lab_fail ...                                  write FILE VALUE
 *   lab_fail ...                                  read FILE
 *
 *   -s SEED        seed of the random numbers (default: the time)
 *   -t PID         the allocations of that task fail, not those of lab_fail
 *   -m MAX         at most MAX allocations fail, spread evenly from a random one
 *   -u FILE=VALUE  VALUE is written to FILE after each turn, without a fault, and must succeed
 *
 * A module whose load succeeded in spite of the fault is unloaded. Every REPORT_S seconds a
 * line on stderr says how far it is. One line reports how often each result occurred; the
 * status is 0 if the operation succeeded or failed with ENOMEM in every turn.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NEVER	1000000000L
#define UNDO_MAX 8
#define TRIES	200
#define REPORT_S 20

static const char *undo[UNDO_MAX];
static int undos, fail_fd;
static char buf[65536];

static void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "# lab_fail: ");
	vfprintf(stderr, format, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

/* Lets the n-th allocation from now on fail; 0: none. */
static void arm(long n)
{
	int len = snprintf(buf, sizeof(buf), "%ld", n);

	if (pwrite(fail_fd, buf, len, 0) != len)
		die("fail-nth: %s", strerror(errno));
}

/* Disarms; returns how many allocations were still to come, 0 if one failed. */
static long disarm(void)
{
	char left[32] = "";

	if (pread(fail_fd, left, sizeof(left) - 1, 0) < 0)
		die("fail-nth: %s", strerror(errno));
	arm(0);
	return atol(left);
}

static int write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY), err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		err = errno;
	close(fd);
	return err;
}

static int read_file(const char *path)
{
	int fd = open(path, O_RDONLY), err = 0;
	ssize_t n;

	if (fd < 0)
		return errno;
	do {
		n = read(fd, buf, sizeof(buf));
	} while (n > 0);
	if (n < 0)
		err = errno;
	close(fd);
	return err;
}

static int load(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno;
	if (syscall(SYS_finit_module, fd, params, 0))
		err = errno;
	close(fd);
	return err;
}

/* Tries for a while, because a reader may still hold the module. */
static void unload(const char *path)
{
	const char *name = strrchr(path, '/');
	char module[64];
	int tries = TRIES;

	name = name ? name + 1 : path;
	snprintf(module, sizeof(module), "%.*s", (int)strcspn(name, "."), name);
	while (syscall(SYS_delete_module, module, O_NONBLOCK)) {
		if ((errno != EAGAIN && errno != EBUSY) || !tries--)
			die("%s does not go: %s", module, strerror(errno));
		usleep(10000);
	}
}

static void undo_all(void)
{
	int i, err;

	for (i = 0; i < undos; i++) {
		char path[256];
		int len = strcspn(undo[i], "=");

		snprintf(path, sizeof(path), "%.*s", len, undo[i]);
		err = write_file(path, undo[i] + len + (undo[i][len] == '='));
		if (err)
			die("%s: %s", undo[i], strerror(err));
	}
}

/* Runs the operation once with its n-th allocation failing; *left is disarm()'s result. */
static int once(char **what, long n, long *left)
{
	int err;

	arm(n);
	if (!strcmp(what[0], "load"))
		err = load(what[1], what[2] ? what[2] : "");
	else if (!strcmp(what[0], "write"))
		err = write_file(what[1], what[2]);
	else
		err = read_file(what[1]);
	*left = disarm();
	if (!strcmp(what[0], "load") && !err)
		unload(what[1]);
	undo_all();
	return err;
}

int main(int argc, char **argv)
{
	long max = NEVER, all, n, left, step, done = 0, failed = 0, other = 0;
	time_t reported = time(NULL);
	unsigned int seed = reported;
	const char *task = "thread-self";
	char path[64], **what;
	bool of_other = false;
	int opt, err, odd = 0;

	while ((opt = getopt(argc, argv, "+s:t:m:u:")) != -1) {
		if (opt == 's') {
			seed = atol(optarg);
		} else if (opt == 't') {
			task = optarg;
			of_other = true;
		} else if (opt == 'm' && atol(optarg) > 0) {
			max = atol(optarg);
		} else if (opt == 'u' && undos < UNDO_MAX) {
			undo[undos++] = optarg;
		} else {
			return 2;
		}
	}
	what = argv + optind;
	if (argc - optind < 2 ||
	    (strcmp(what[0], "load") && strcmp(what[0], "read") &&
	     (strcmp(what[0], "write") || argc - optind != 3))) {
		fprintf(stderr, "usage: lab_fail [-s SEED] [-t PID] [-m MAX]\n"
			"                [-u FILE=VALUE]... WHAT\n"
			"WHAT: load MODULE [PARAMETERS], write FILE VALUE, read FILE\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/proc/%s/fail-nth", task);
	fail_fd = open(path, O_RDWR | O_CLOEXEC);
	if (fail_fd < 0)
		die("%s: %s", path, strerror(errno));
	/* so that this program needs no page during the operation */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		die("mlockall: %s", strerror(errno));

	err = once(what, NEVER, &left);
	if (err)
		die("%s %s fails without a fault: %s", what[0], what[1],
		    strerror(err));
	all = NEVER - left;
	step = all > max ? all / max : 1;
	srand(seed);
	for (n = 1 + rand() % step; n <= all; n += step) {
		err = once(what, n, &left);
		done++;
		if (time(NULL) - reported >= REPORT_S) {
			reported = time(NULL);
			fprintf(stderr, "# %s %s: allocation %ld of %ld\n", what[0], what[1], n,
				all);
		}
		if (left)
			other++;
		else if (err)
			failed++;
		/* fork() reports some of them as EAGAIN */
		if (err && (left || (err != ENOMEM &&
				     (err != EAGAIN || !of_other)))) {
			printf("# allocation %ld of %ld: %s\n", n, all,
			       strerror(err));
			odd++;
		}
	}
	printf("# %s %s: %ld allocations, ", what[0], what[1], all);
	printf("%ld tried: %ld errors, %ld no error, %ld not reached (seed %u)\n",
	       done, failed, done - failed - other, other, seed);
	return odd != 0;
}
