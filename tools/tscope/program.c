// SPDX-License-Identifier: GPL-2.0
/* program.c: runs another program for its output, for a limited time */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

#define OUTPUT_LIMIT	1048576

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* A file in memory holds any input; a pipe would block. Return: its fd, or -1 with errno. */
static int file_of(const char *input)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	ssize_t written;

	while (fd >= 0 && *input) {
		written = write(fd, input, strlen(input));
		if (written < 0) {
			close(fd);
			return -1;
		}
		input += written;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* @in: the program's stdin; -1: /dev/null. Return: 0, or a negative errno. */
static int start(const char * const *argv, int in, int out, pid_t *pid)
{
	const char *path = getenv("PATH");
	char *environment[3] = { "LC_ALL=C", NULL, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	if (asprintf(&environment[1], "PATH=%s", path ? path : "/usr/bin:/bin:/usr/sbin") < 0)
		return -ENOMEM;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	if (in < 0)
		posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&files, in, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	error = posix_spawnp(pid, argv[0], &files, &attributes, (char * const *)argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	free(environment[1]);
	return -error;
}

/* Read until the end, or until @end_ms. Return: 0, or a negative errno. */
static int gather(int fd, char *text, size_t limit, size_t *used, long long end_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	long long left;
	ssize_t got;

	for (;;) {
		left = end_ms - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&ready, 1, left) <= 0)
			continue;
		got = read(fd, text + *used, limit - *used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return 0;
		*used += got;
		if (*used == limit)
			return -EFBIG;
	}
}

/* A program may close its output and run on. Return: its wait status; -1: it had to be killed. */
static int end_of(pid_t pid, long long end_ms)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	bool killed = false;
	int status = 0;
	pid_t ended;

	while ((ended = waitpid(pid, &status, killed ? 0 : WNOHANG)) != pid) {
		if (ended < 0 && errno != EINTR)
			return -1;
		if (!killed && now_ms() >= end_ms) {
			kill(pid, SIGKILL);
			killed = true;
		}
		if (!killed)
			nanosleep(&pause, NULL);
	}
	return killed ? -1 : status;
}

char *program_filter(const char * const *argv, const char *input, size_t limit,
		     unsigned int timeout_ms, size_t *len)
{
	long long end_ms = now_ms() + timeout_ms;
	int out[2], in = -1, error = 0, status;
	char *text = malloc(limit + 1);
	pid_t pid;

	*len = 0;
	if (!text)
		return NULL;
	if (pipe2(out, O_CLOEXEC)) {
		free(text);
		return NULL;
	}
	if (input) {
		in = file_of(input);
		error = in < 0 ? -errno : 0;
	}
	if (!error)
		error = start(argv, in, out[1], &pid);
	close(out[1]);
	if (in >= 0)
		close(in);
	if (!error) {
		error = gather(out[0], text, limit, len, end_ms);
		status = end_of(pid, error ? 0 : end_ms);
		if (!error && status == -1)
			error = -ETIMEDOUT;
		else if (!error && status)
			error = -EIO;
	}
	close(out[0]);
	text[*len] = 0;
	if (!error)
		return text;
	free(text);
	errno = -error;
	return NULL;
}

char *program_output(const char * const *argv, unsigned int timeout_ms)
{
	size_t len;

	return program_filter(argv, NULL, OUTPUT_LIMIT, timeout_ms, &len);
}
