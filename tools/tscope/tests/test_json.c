// SPDX-License-Identifier: GPL-2.0
/*
 * The JSON of recorded trees, with events and findings of this file, compared with
 * golden/TREE.json. UPDATE=1 writes these files again: then review the changes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"
#include "files.h"
#include "json.h"
#include "tree.h"

static struct event some_events[] = {
	{ .kind = EVENT_STEP, .clock = "realtime", .cpu = 0, .peer = -1, .size_ns = S64_MIN,
	  .error_ns = { true, S64_MAX }, .count = 1, .boottime_ns = U64_MAX, .tsc = U64_MAX },
	{ .kind = EVENT_WARP, .clock = "tsc", .cpu = 1, .peer = 0, .size_ns = S64_MAX,
	  .count = U64_MAX, .boottime_ns = 5, .tsc = 1 },
	{ .kind = EVENT_BACKWARD, .clock = "hpet", .cpu = 0, .peer = -1, .size_ns = 1, .count = 1,
	  .boottime_ns = 6, .tsc = 2 },
	{ .kind = EVENT_UPDATE, .clock = "kvm-clock", .cpu = -1, .peer = -1, .count = 3 },
	{ .kind = EVENT_STOPPED, .clock = "kvm-clock", .cpu = -1, .peer = -1, .count = 1 },
	{ .kind = EVENT_MOVED, .clock = "tsc", .cpu = 0, .peer = 2, .size_ns = -1,
	  .error_ns = { true, 4 }, .count = 1, .boottime_ns = 7 },
};

static char *lines[] = { "kvm-clock/steps is 1", "a \"quoted\" line, a \\ and a tab\t" };
static unsigned int cpus[] = { 0, U32_MAX };

static struct finding some_findings[] = {
	{ .id = "tsc-offset", .severity = SEVERITY_FAULT, .title = "CPUs' TSCs differ", .cause = "why",
	  .evidence = { lines, 2 }, .advice = { lines, 1 }, .see = "tsc-offset", .unit = "ns",
	  .since_ns = { true, U64_MAX }, .size = { true, S64_MIN },
	  .size_error = { true, U64_MAX - 1 }, .cpus = cpus, .n_cpus = 2 },
	{ .id = "tsc-moving", .severity = SEVERITY_FAULT, .title = "t", .cause = "c", .see = "s",
	  .unit = "ns", .size = { true, U64_MAX }, .size_error = { true, 9007199254740993 } },
	{ .id = "clock-stepped", .severity = SEVERITY_WARNING, .title = "t", .cause = "c", .see = "s",
	  .unit = "ppb", .ended = true, .size = { true, S64_MIN }, .size_error = { true, 1 },
	  .places = 3 },
	{ .id = "cpu-silent", .severity = SEVERITY_FAULT, .title = "t", .cause = "c", .see = "s",
	  .unit = "s", .size = { true, 12345 }, .size_error = { true, 20 }, .places = 3 },
	/* without a size there is no unit */
	{ .id = "time-service", .severity = SEVERITY_INFO, .title = "t", .cause = "c", .see = "s",
	  .unit = "ns" },
};

/* The JSON of a tree; TREE stands for the directory where it was unpacked; for free(). */
static char *json_of(const char *tree)
{
	struct event_list events = { .events = some_events, .n = ARRAY_SIZE(some_events) };
	struct finding_list findings = { some_findings, ARRAY_SIZE(some_findings) };
	char *text = NULL, *at;
	struct snapshot s;
	size_t len, root;
	FILE *to;

	tree_open(tree);
	/* without a module the version is the command's own */
	if (!snapshot_read(&s, SNAPSHOT_ALL))
		snprintf(s.version, sizeof(s.version), "VERSION");
	to = open_memstream(&text, &len);
	json_print(to, &s, &events, &findings, NULL, false);
	fclose(to);
	snapshot_free(&s);
	root = strlen(system_root);
	while ((at = strstr(text, system_root))) {
		memcpy(at, "TREE", 4);
		memmove(at + 4, at + root, strlen(at + root) + 1);
	}
	tree_close();
	return text;
}

static void update(const char *path, const char *text)
{
	FILE *to = fopen(path, "w");

	if (!to || fputs(text, to) < 0 || fclose(to))
		tap_fail(__FILE__, __LINE__, "can't write %s", path);
}

/* Report the first line that differs. */
static void compare(const char *tree, const char *got, const char *want)
{
	size_t line = 1, got_len, want_len;

	while (*got || *want) {
		got_len = strcspn(got, "\n");
		want_len = strcspn(want, "\n");
		if (got_len != want_len || memcmp(got, want, got_len)) {
			tap_fail(__FILE__, __LINE__, "%s.json differs in line %zu", tree, line);
			tap_note("now: %.*s", (int)got_len, got);
			tap_note("was: %.*s", (int)want_len, want);
			return;
		}
		got += got_len + (got[got_len] == '\n');
		want += want_len + (want[want_len] == '\n');
		line++;
	}
}

static void test_tree(const char *tree)
{
	char path[PATH_MAX], *got = json_of(tree);
	struct file_text want;

	snprintf(path, sizeof(path), "%s/golden/%s.json", getenv("TSCOPE_TESTS") ?: "tests", tree);
	if (getenv("UPDATE"))
		update(path, got);
	if (file_read(path, &want)) {
		tap_fail(__FILE__, __LINE__, "no %s", path);
	} else {
		want.at = realloc(want.at, want.len + 1);
		want.at[want.len] = 0;
		compare(tree, got, want.at);
		free(want.at);
	}
	free(got);
}

static void test_guest(void)
{
	test_tree("lab-guest");
}

static void test_ends(void)
{
	test_tree("ends");
}

static void test_broken(void)
{
	test_tree("broken");
}

static void test_absent(void)
{
	test_tree("not-loaded");
	test_tree("no-module");
	test_tree("no-debugfs");
}

/* Keys are in the same order in one line, and there is only one line. */
static void test_one_line(void)
{
	struct event_list events = { .events = some_events, .n = ARRAY_SIZE(some_events) };
	struct snapshot s;
	char *text = NULL;
	size_t len;
	FILE *to;

	tree_open("lab-guest");
	snapshot_read(&s, SNAPSHOT_ALL);
	to = open_memstream(&text, &len);
	json_print(to, &s, &events, NULL, NULL, true);
	fclose(to);
	EXPECT_EQ(strcspn(text, "\n"), len - 1, "the only newline is the last byte");
	EXPECT(strstr(text, "\"findings\": []"), "%s", text);
	free(text);
	snapshot_free(&s);
	tree_close();
}

static const struct tap_test tests[] = {
	{ "a guest of the lab", test_guest },
	{ "both ends of 64 bits", test_ends },
	{ "malformed and truncated files", test_broken },
	{ "no module, no debugfs", test_absent },
	{ "one line", test_one_line },
};

TAP_MAIN(tests)
