// SPDX-License-Identifier: GPL-2.0
/* tree.c: recorded trees as the root below which all files are looked for */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "files.h"
#include "tree.h"

/* Where the open tree is unpacked; trees are read from $TSCOPE_TESTS or ./tests. */
static char root[] = "/tmp/tscope-tree.XXXXXX";

static void run(const char *format, const char *a, const char *b, const char *c)
{
	char command[3 * PATH_MAX];

	snprintf(command, sizeof(command), format, a, b, c);
	if (system(command)) {
		printf("Bail out! failed: %s\n", command);
		exit(1);
	}
}

void tree_open(const char *name)
{
	const char *tests = getenv("TSCOPE_TESTS") ?: "tests";

	snprintf(root, sizeof(root), "/tmp/tscope-tree.XXXXXX");
	if (!mkdtemp(root)) {
		perror("Bail out! mkdtemp");
		exit(1);
	}
	unsetenv("TSCOPE_SYSFS");
	unsetenv("TSCOPE_DEBUGFS");
	system_root = root;
	run("%s/unpack.sh %s %s", tests, name, root);
}

void tree_write(const char *file, const char *text, size_t len)
{
	char path[PATH_MAX];
	FILE *to;

	snprintf(path, sizeof(path), "%s/%s", root, file);
	if (!text) {
		unlink(path);
		return;
	}
	to = fopen(path, "w");
	if (!to || fwrite(text, 1, len, to) != len || fclose(to)) {
		printf("Bail out! can't write %s\n", path);
		exit(1);
	}
}

void tree_close(void)
{
	run("rm -r %s%s%s", root, "", "");
	system_root = "";
}
