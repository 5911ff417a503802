// SPDX-License-Identifier: GPL-2.0
/* replace.c: a file is replaced as a whole; links, devices and fifos stay what they are */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "replace.h"

static char before[512];

/* Each test has a directory of its own. */
static void begin(void)
{
	char dir[] = "/tmp/tscope-replace.XXXXXX";

	EXPECT(getcwd(before, sizeof(before)) && mkdtemp(dir) && !chdir(dir), "a directory");
}

static void end(void)
{
	char dir[64], command[128];

	EXPECT(getcwd(dir, sizeof(dir)) && !chdir(before), "the directory");
	snprintf(command, sizeof(command), "rm -r %s", dir);
	EXPECT(!system(command), "%s", command);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_mode;
}

static void expect_text(const char *path, const char *want)
{
	char got[64] = "";
	FILE *file = fopen(path, "r");

	EXPECT(file, "%s is there", path);
	if (!file)
		return;
	got[fread(got, 1, sizeof(got) - 1, file)] = 0;
	fclose(file);
	EXPECT_TEXT(got, want);
}

static int put(const char *path, const char *text)
{
	return replace_file(path, text, strlen(text), 0640);
}

static void test_file(void)
{
	begin();
	EXPECT_EQ(put("file", "first"), 0, "a file that was not there");
	EXPECT(!link("file", "other"), "a second name");
	EXPECT_EQ(put("file", "second"), 0, "a file that was there");
	expect_text("file", "second");
	expect_text("other", "first");
	EXPECT_EQ(mode_of("file"), S_IFREG | 0640, "its mode");
	EXPECT_EQ(put("none/file", "x"), -ENOENT, "no directory");
	EXPECT_EQ(put("file/below", "x"), -ENOTDIR, "below a file");
	EXPECT_EQ(put(".", "x"), -EISDIR, "a directory");
	end();
}

static void test_link(void)
{
	begin();
	EXPECT_EQ(put("target", "first"), 0, "the target");
	EXPECT(!mkdir("below", 0755) && !symlink("../target", "below/link"), "a link");
	EXPECT_EQ(put("below/link", "second"), 0, "by a link");
	EXPECT_EQ(mode_of("below/link") & S_IFMT, S_IFLNK, "it is a link");
	expect_text("target", "second");
	EXPECT(!unlink("target"), "the target goes");
	EXPECT_EQ(put("below/link", "third"), 0, "a link to nothing");
	EXPECT_EQ(mode_of("below/link") & S_IFMT, S_IFLNK, "it is a link");
	expect_text("target", "third");
	EXPECT(!symlink("/dev/null", "null"), "a link to a device");
	EXPECT_EQ(put("null", "x"), 0, "a link to a device");
	EXPECT_EQ(mode_of("null") & S_IFMT, S_IFLNK, "it is a link");
	EXPECT(!symlink("/dev/full", "full"), "a link to a device that is full");
	EXPECT_EQ(put("full", "x"), -ENOSPC, "a device that is full");
	end();
}

static void test_fifo(void)
{
	char got[16] = "";
	int fd;

	begin();
	EXPECT(!mkfifo("fifo", 0600), "a fifo");
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	EXPECT_EQ(put("fifo", "text"), 0, "a fifo");
	EXPECT_EQ(mode_of("fifo"), S_IFIFO | 0600, "it is a fifo");
	EXPECT_EQ(read(fd, got, sizeof(got) - 1), 4, "what its reader gets");
	EXPECT_TEXT(got, "text");
	close(fd);
	end();
}

/* A device is written in place; only root can create one. */
static void test_device(void)
{
	begin();
	if (!mknod("device", S_IFCHR | 0600, makedev(1, 3))) {
		EXPECT_EQ(replace_file("device", "x", 1, 0), 0, "a device");
		EXPECT_EQ(mode_of("device"), S_IFCHR | 0600, "it is a device");
	}
	end();
}

static void test_check(void)
{
	begin();
	EXPECT_EQ(output_check("file", true), 0, "a file that is not there");
	EXPECT_EQ(mode_of("file"), 0, "it is not made");
	EXPECT_EQ(put("file", "text"), 0, "a file");
	EXPECT_EQ(output_check("file", true), 0, "a file that is there");
	EXPECT_EQ(output_check("file", false), 0, "a file that is there");
	expect_text("file", "text");
	EXPECT_EQ(output_check("none/file", true), -ENOENT, "no directory");
	EXPECT_EQ(output_check("none/file", false), -ENOENT, "no directory");
	EXPECT_EQ(output_check(".", true), -EISDIR, "a directory");
	EXPECT_EQ(output_check(".", false), -EISDIR, "a directory");
	EXPECT_EQ(output_check("/dev/null", true), 0, "a device");
	end();
}

/* Write a file of @len bytes, with a signal after @us us. Return: how the program ended. */
static int replace_with_signal(size_t len, unsigned int us)
{
	const struct itimerval soon = { .it_value.tv_usec = us };
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		char *text = calloc(1, len);

		signal(SIGALRM, SIG_DFL);
		if (!text || setitimer(ITIMER_REAL, &soon, NULL))
			_exit(2);
		replace_file("file", text, len, 0640);
		_exit(0);
	}
	EXPECT_EQ(waitpid(pid, &status, 0), pid, "the program");
	return status;
}

/*
 * A signal that comes while a file of 64 MB is written ends the program when the file is whole. It
 * may come before the program has begun to write, or too late: then another program tries.
 */
static void test_signal(void)
{
	const size_t len = 64 << 20;
	struct stat st = { };
	unsigned int tries = 0;
	int status;

	begin();
	do {
		unlink("file");
		status = replace_with_signal(len, 500 + 500 * (tries % 30));
		EXPECT(system("ls file.* 2>/dev/null"), "no temporary file is left");
	} while ((!WIFSIGNALED(status) || stat("file", &st)) && ++tries < 300);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM, "it ends by the signal");
	EXPECT_EQ(st.st_size, (off_t)len, "bytes of the file");
	end();
}

static const struct tap_test tests[] = {
	{ "replace: a file", test_file },
	{ "replace: links", test_link },
	{ "replace: a fifo", test_fifo },
	{ "replace: a device", test_device },
	{ "replace: a signal", test_signal },
	{ "replace: whether it can be", test_check },
};

TAP_MAIN(tests)
