// SPDX-License-Identifier: GPL-2.0
/* files.c: where the module's files are, and their text */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

const char *system_root = "";

int file_read(const char *path, struct file_text *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	size_t room = 0;
	ssize_t n = 1;
	char *at;

	*text = (struct file_text){ };
	if (fd < 0)
		return -errno;
	while (n && !err) {
		if (text->len == room) {
			room = room ? 2 * room : 8192;
			at = realloc(text->at, room);
			if (!at) {
				err = -ENOMEM;
				break;
			}
			text->at = at;
		}
		n = read(fd, text->at + text->len, room - text->len);
		if (n > 0)
			text->len += n;
		else if (n < 0 && errno != EINTR)
			err = -errno;
	}
	close(fd);
	if (err) {
		free(text->at);
		*text = (struct file_text){ };
	}
	return err;
}

static bool is_within(char at, unsigned char low, unsigned char high)
{
	return (unsigned char)at >= low && (unsigned char)at <= high;
}

/* by RFC 3629, section 4 */
size_t text_character(const char *at)
{
	size_t n = is_within(*at, 0, 0x7f) ? 1 : is_within(*at, 0xc2, 0xdf) ? 2 :
		   is_within(*at, 0xe0, 0xef) ? 3 : is_within(*at, 0xf0, 0xf4) ? 4 : 0, i;

	for (i = 1; i < n; i++)
		if (!is_within(at[i], 0x80, 0xbf))
			return 0;
	/* not the shortest form, or a surrogate, or beyond U+10FFFF */
	if ((is_within(*at, 0xe0, 0xe0) && at[1] < (char)0xa0) ||
	    (is_within(*at, 0xed, 0xed) && at[1] > (char)0x9f) ||
	    (is_within(*at, 0xf0, 0xf0) && at[1] < (char)0x90) ||
	    (is_within(*at, 0xf4, 0xf4) && at[1] > (char)0x8f))
		return 0;
	return n;
}

/* C0, DEL, and C1, which begins with 0xc2. */
static bool is_control(const char *at, size_t len)
{
	return len == 1 ? is_within(*at, 0, 0x1f) || *at == 0x7f :
	       len == 2 && is_within(*at, 0xc2, 0xc2) && is_within(at[1], 0x80, 0x9f);
}

void text_clean(char *to, size_t size, const char *from)
{
	size_t used = 0, len, n;

	for (; *from; from += len ?: 1, used += n) {
		const char *as = from;

		len = text_character(from);
		n = len;
		if (!len || is_control(from, len)) {
			as = len ? "?" : "\xef\xbf\xbd";
			n = strlen(as);
		}
		if (used + n >= size)
			break;
		memcpy(to + used, as, n);
	}
	to[used] = 0;
}

void text_clean_array(char *text, size_t size)
{
	char *raw = strdup(text);

	text_clean(text, size, raw ?: "");
	free(raw);
}

char *text_clean_line(char *text)
{
	/* a byte becomes three at most */
	size_t size = 3 * strlen(text) + 1;
	char *clean = malloc(size);

	if (clean)
		text_clean(clean, size, text);
	free(text);
	return clean;
}

/* The path of a file in the directory that @variable names, or else in @dir below the root. */
static void path_of(char path[PATH_MAX], const char *variable, const char *dir, const char *file)
{
	const char *named = getenv(variable);

	if (named && *named)
		snprintf(path, PATH_MAX, "%s/%s", named, file);
	else
		snprintf(path, PATH_MAX, "%s%s/%s", system_root, dir, file);
}

void path_system(char path[PATH_MAX], const char *file)
{
	/* a path that was cut would name another file */
	if (snprintf(path, PATH_MAX, "%s%s", system_root, file) >= PATH_MAX)
		*path = 0;
}

void path_sysfs(char path[PATH_MAX], const char *file)
{
	path_of(path, "TSCOPE_SYSFS", "/sys/kernel/tscope", file);
}

void path_debugfs(char path[PATH_MAX], const char *file)
{
	path_of(path, "TSCOPE_DEBUGFS", "/sys/kernel/debug/tscope", file);
}

uint64_t module_loading(void)
{
	char path[PATH_MAX];
	struct stat dir;

	path_sysfs(path, "");
	return stat(path, &dir) ? 0 : dir.st_ino;
}

bool module_is_loaded(void)
{
	return module_loading();
}

bool module_is_recorded(void)
{
	const char *named = getenv("TSCOPE_SYSFS");
	char path[PATH_MAX];

	if (!module_is_loaded() || (!*system_root && !(named && *named)))
		return false;
	/* reset can't be read, so no copy of the tree has it */
	path_sysfs(path, "reset");
	if (access(path, F_OK))
		return true;
	path_sysfs(path, "enabled");
	return access(path, W_OK) && errno != EACCES;
}

static bool is_built_for(const char *kernel)
{
	char path[PATH_MAX], file[512];
	struct file_text list;
	bool is;

	snprintf(file, sizeof(file), "/lib/modules/%s/modules.dep", kernel);
	path_system(path, file);
	if (file_read(path, &list))
		return false;
	is = memmem(list.at, list.len, "/tscope.ko", 10);
	free(list.at);
	return is;
}

const char *module_advice(void)
{
	static char advice[512];
	char path[PATH_MAX], kernel[128];
	struct file_text text;
	char *end;

	path_system(path, "/proc/sys/kernel/osrelease");
	if (file_read(path, &text))
		return "the module is not loaded: run \"modprobe tscope\" as root";
	end = memchr(text.at, '\n', text.len);
	snprintf(kernel, sizeof(kernel), "%.*s", (int)(end ? end - text.at : 0), text.at);
	text_clean_array(kernel, sizeof(kernel));
	free(text.at);
	if (is_built_for(kernel))
		return "the module is not loaded: run \"modprobe tscope\" as root";
	snprintf(advice, sizeof(advice),
		 "there is no module for the running kernel %s: install the packages tscope-dkms and linux-headers-%s, or run \"make load\" in its sources, as root",
		 kernel, kernel);
	return advice;
}
