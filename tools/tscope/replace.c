// SPDX-License-Identifier: GPL-2.0
/* replace.c: replaces a file as a whole */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replace.h"

/* Return: 0, or a negative errno. */
static int write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= n;
		}
	}
	return 0;
}

static int write_in_place(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), error;

	if (fd < 0)
		return -errno;
	error = write_all(fd, text, len);
	if (close(fd) && !error)
		error = -errno;
	return error;
}

/* @temporary: ends with XXXXXX */
static int replace_by(char *temporary, const char *path, const char *text, size_t len, mode_t mode)
{
	int fd = mkstemp(temporary), error;

	if (fd < 0)
		return -errno;
	error = write_all(fd, text, len);
	/* mkstemp() lets only the owner read it */
	if (!error && fchmod(fd, mode))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	if (!error && rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	return error;
}

static int replace(const char *path, const char *text, size_t len, mode_t mode)
{
	mode_t mask = umask(0);
	sigset_t all, before;
	char *temporary;
	int error;

	umask(mask);
	if (!mode)
		mode = 0666 & ~mask;
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	/* a signal that ends the program would leave the temporary file */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	error = replace_by(temporary, path, text, len, mode);
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(temporary);
	return error;
}

int output_check(const char *path, bool replaces)
{
	char target[PATH_MAX], *slash;
	struct stat st;
	bool there = !stat(path, &st);

	if (there && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (there && (!replaces || !S_ISREG(st.st_mode)))
		return access(path, W_OK) ? -errno : 0;
	if (!realpath(path, target))
		snprintf(target, sizeof(target), "%s", path);
	slash = strrchr(target, '/');
	snprintf(slash ? slash + 1 : target, 2, "%s", ".");
	return access(target, W_OK | X_OK) ? -errno : 0;
}

int replace_file(const char *path, const char *text, size_t len, mode_t mode)
{
	char target[PATH_MAX];
	struct stat st;

	/* a device or a fifo: its reader reads it there */
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return write_in_place(path, text, len);
	if (realpath(path, target))
		return replace(target, text, len, mode);
	/* a link to a file that does not exist yet */
	if (!lstat(path, &st))
		return write_in_place(path, text, len);
	return replace(path, text, len, mode);
}
