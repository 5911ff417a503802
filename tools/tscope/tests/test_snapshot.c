// SPDX-License-Identifier: GPL-2.0
/* Snapshots of recorded trees, and of files that change */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "event.h"
#include "files.h"
#include "snapshot.h"
#include "tree.h"

static struct snapshot s;

static void begin(const char *tree)
{
	tree_open(tree);
	snapshot_read(&s, SNAPSHOT_ALL);
}

static void end(void)
{
	snapshot_free(&s);
	tree_close();
}

static bool has_error(const char *text)
{
	size_t i;

	for (i = 0; i < s.n_errors; i++)
		if (strstr(s.errors[i], text))
			return true;
	return false;
}

static void test_all(void)
{
	const struct clock_figures *c;
	const struct histogram *h;

	begin("ends");
	EXPECT(s.loaded && s.debug && !s.n_errors, "%s", s.n_errors ? s.errors[0] : "no error");
	EXPECT(!strcmp(s.version, "0.1.0") && !strcmp(s.kernel, "6.1.0-ends") &&
	       !strcmp(s.clocksource, "kvm-clock") && !strcmp(s.cpus, "0-2") &&
	       !strcmp(s.online, "0-2"), "strings");
	EXPECT_EQ(s.boottime_ns, 18446744073700000000ULL, "of /proc/uptime");
	EXPECT_EQ(s.monotonic_ns, 18446744073700000000ULL, "of /proc/uptime");
	EXPECT_EQ(s.alerts.value, U64_MAX, "alerts");
	EXPECT(s.enabled.known && s.enabled.value == 1 && s.period_us.value == 10000000 &&
	       s.width_us.value == 10000000 && s.burst_us.value == 100 &&
	       s.fit_window_s.value == 3600, "controls");
	EXPECT(s.n_clocks == 4 && s.n_pairs == 4 && s.n_cpu_lines == 4 && s.n_pages == 2 &&
	       s.n_violations == 3 && s.n_points == 2 && s.n_histograms == 3, "lists");
	c = snapshot_clock(&s, "ptp-kvm");
	EXPECT(c && c->host_offset_ns.known && !c->offset.known && !c->skew_ppt.known, "ptp-kvm");
	c = snapshot_clock(&s, "tsc");
	EXPECT(c && c->khz.value == U32_MAX && c->offset.moving && c->unmet.value == U64_MAX &&
	       c->step_cycles.value == U64_MAX && !c->stable.known, "tsc");
	EXPECT(!snapshot_clock(&s, "hpet"), "a clock that is absent");
	h = snapshot_histogram(&s, "realtime/residual");
	EXPECT(h && h->n_buckets == 2 && h->buckets[0].negative, "a histogram of a clock");
	EXPECT(snapshot_histogram(&s, "wakeup") && !snapshot_histogram(&s, "kvm-clock/step"),
	       "others");
	end();
}

/* Nothing is known from a file with a fault, and other files are read. */
static void test_broken(void)
{
	const struct clock_figures *c;

	begin("broken");
	EXPECT(s.loaded && s.debug, "loaded");
	EXPECT(!s.enabled.known && s.period_us.known && !s.width_us.known && !s.burst_us.known,
	       "controls");
	EXPECT(!*s.online && !strcmp(s.cpus, "0-3"), "lists of CPUs");
	EXPECT_EQ(s.n_clocks, 4, "clocks");
	c = &s.clocks[0];
	EXPECT(c->khz.known && !c->samples.known && !c->warps.known && !c->warp_max_ns.known &&
	       !c->backward.known && !c->offset.known && !c->rejected.known, "tsc");
	c = &s.clocks[1];
	EXPECT(c->samples.known && !c->exact.known && !c->skew_ppt.known &&
	       !c->skew_error_ppt.known &&
	       !c->points.known && !c->phase_ns.known, "kvm-clock");
	c = &s.clocks[2];
	EXPECT(!c->samples.known && !c->host_offset_ns.known && !c->host_offset_error_ns.known,
	       "ptp-kvm");
	c = &s.clocks[3];
	EXPECT(!c->skew_ppt.known && c->steps.known && c->steps.value == 7, "realtime");
	EXPECT(!s.n_pairs && !s.n_cpu_lines && !s.n_pages && !s.n_violations && !s.n_points &&
	       !s.n_histograms, "lists");
	EXPECT_EQ(s.n_errors, 22, "a line for each file");
	EXPECT(has_error("/tscope/pairs: line 3, field \"hull_high_ns\" is missing"), "pairs");
	end();
}

static void test_parts(void)
{
	tree_open("lab-guest");
	snapshot_read(&s, 0);
	EXPECT(s.loaded && s.debug && s.n_clocks == 7, "sysfs is always read");
	EXPECT(!s.n_pairs && !s.n_cpu_lines && !s.n_pages && !s.n_violations && !s.n_points &&
	       !s.n_histograms, "nothing else is");
	snapshot_free(&s);
	snapshot_read(&s, SNAPSHOT_CPUS);
	EXPECT(s.n_cpu_lines == 2 && !s.n_pairs, "only cpus");
	end();
}

static void test_absent(void)
{
	char dir[PATH_MAX];

	begin("not-loaded");
	EXPECT(!s.loaded && !s.debug && s.n_errors == 1 &&
	       has_error("run \"modprobe tscope\" as root"),
	       "not loaded");
	EXPECT(!strcmp(s.clocksource, "kvm-clock"), "what needs no module");
	end();
	begin("no-module");
	EXPECT(!s.loaded && s.n_errors == 1 && has_error("linux-headers-6.12.117+deb12-amd64"),
	       "no module");
	end();
	begin("no-debugfs");
	EXPECT(s.loaded && !s.debug && s.n_clocks == 7 && s.n_errors == 2 &&
	       has_error("mount -t debugfs") && has_error("only the worst pair of each clock"),
	       "no debugfs");
	snapshot_free(&s);
	snprintf(dir, sizeof(dir), "%s/sys/kernel/debug", system_root);
	EXPECT(!rmdir(dir), "%s", dir);
	snapshot_read(&s, SNAPSHOT_PAIRS);
	EXPECT(has_error("debug/tscope: this kernel has no debugfs (CONFIG_DEBUG_FS)"),
	       "a kernel without it");
	snapshot_free(&s);
	setenv("TSCOPE_DEBUGFS", "/nowhere", 1);
	snapshot_read(&s, SNAPSHOT_PAIRS);
	EXPECT(has_error("/nowhere, which TSCOPE_DEBUGFS names: No such file"), "a wrong name");
	unsetenv("TSCOPE_DEBUGFS");
	end();
}

/* Without debugfs the pairs are those that sysfs names, with what is known of them. */
static void test_worst_pairs(void)
{
	static const char moving[] = "9223372036854775807 9223372036854775807 3 4 1 7\n";
	const struct pair_line *p;

	tree_open("no-debugfs");
	tree_write("sys/kernel/tscope/kvm-clock/offset", moving, sizeof(moving) - 1);
	snapshot_read(&s, SNAPSHOT_CPUS);
	EXPECT(!s.n_pairs && !has_error("worst pair"), "they were not wanted");
	snapshot_free(&s);
	snapshot_read(&s, SNAPSHOT_PAIRS);
	EXPECT_EQ(s.n_pairs, 2, "one of each clock that has an offset");
	p = &s.pairs[0];
	EXPECT(!strcmp(p->clock, "tsc") && p->cpu_i == 0 && p->cpu_j == 1 && p->known &&
	       p->from_sysfs && !p->moving && p->offset_ns == 379 && p->bound_ns == 1059 &&
	       p->age_ms == 320, "tsc");
	p = &s.pairs[1];
	EXPECT(!strcmp(p->clock, "kvm-clock") && p->cpu_i == 3 && p->cpu_j == 4 && p->moving &&
	       p->hull_low_ns == 0 && p->hull_high_ns == S64_MAX, "the hull is offset +- bound");
	end();
}

/* TSCOPE_SYSFS and TSCOPE_DEBUGFS are used instead of the root. */
static void test_variables(void)
{
	char sysfs[256], debugfs[256];

	tree_open("lab-guest");
	snprintf(sysfs, sizeof(sysfs), "%s/sys/kernel/tscope", system_root);
	snprintf(debugfs, sizeof(debugfs), "%s/sys/kernel/debug/tscope", system_root);
	setenv("TSCOPE_SYSFS", sysfs, 1);
	setenv("TSCOPE_DEBUGFS", debugfs, 1);
	system_root = "/nowhere";
	snapshot_read(&s, SNAPSHOT_PAIRS);
	EXPECT(s.loaded && s.debug && s.n_clocks == 7 && s.n_pairs == 2 && !*s.kernel, "variables");
	unsetenv("TSCOPE_SYSFS");
	unsetenv("TSCOPE_DEBUGFS");
	end();
}

/* A vmclock's own files; its reports are events of their own kinds, which have no size. */
static void test_vmclock(void)
{
	const struct clock_figures *c;
	struct event_list list;
	unsigned int words = 0, steps = 0;
	size_t i;

	tree_open("vmclock-migrated");
	snapshot_read(&s, SNAPSHOT_ALL);
	c = snapshot_clock(&s, "vmclock");
	EXPECT(c && c->time.known && c->time.value == 1 && c->status.value == 2 &&
	       c->stated_error_ns.known && c->stated_error_ns.value == 20000 &&
	       c->disruptions.value == 1 && c->updates.value == 400 && !c->offset.known,
	       "files of vmclock");
	EXPECT(!s.n_errors, "errors");
	events_of(&s, &list);
	for (i = 0; i < list.n; i++) {
		if (strcmp(list.events[i].clock, "vmclock"))
			continue;
		words += list.events[i].kind == EVENT_MARKER && !list.events[i].error_ns.known;
		steps += list.events[i].kind == EVENT_STEP &&
			 list.events[i].size_ns == 18607118251 &&
			 list.events[i].error_ns.value == 2;
	}
	EXPECT_EQ(words, 1u, "changes of the marker");
	EXPECT_EQ(steps, 1u, "steps of vmclock");
	EXPECT(!event_has_size(EVENT_MARKER) && !event_has_size(EVENT_SNAPSHOT) &&
	       event_has_size(EVENT_STEP), "which events have a size");
	events_free(&list);
	end();
}

/* A file of random bytes, or with one byte changed, gives an error, or is a valid text. */
static void test_garbage(void)
{
	static const char *const files[] = {
		"debug/tscope/pairs", "debug/tscope/cpus", "debug/tscope/violations",
		"debug/tscope/points", "debug/tscope/timepage", "debug/tscope/hist/transit",
		"tscope/clocks", "tscope/tsc/offset", "tscope/enabled",
	};
	char path[64], text[300];
	size_t i, k, len;

	tree_open("lab-guest");
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "sys/kernel/%s", files[i]);
		len = rnd_below(sizeof(text));
		for (k = 0; k < len; k++)
			text[k] = rnd64();
		tree_write(path, text, len);
	}
	snapshot_read(&s, SNAPSHOT_ALL);
	/* without clocks their files are not read, so the file offset gives no error */
	EXPECT_EQ(s.n_errors, ARRAY_SIZE(files) - 1, "errors");
	EXPECT(!s.n_clocks && !s.n_pairs && !s.n_cpu_lines && !s.n_violations && !s.n_points &&
	       !s.n_pages && !s.enabled.known, "figures");
	EXPECT(!snapshot_histogram(&s, "transit") && snapshot_histogram(&s, "wakeup"),
	       "histograms");
	end();
}

/* The module is unloaded after its control files were read, and before its clocks are read. */
static void unload(const char *alerts, const char *dir)
{
	char away[PATH_MAX + 8];
	int fd = open(alerts, O_WRONLY);

	snprintf(away, sizeof(away), "%s-gone", dir);
	_exit(fd < 0 || rename(dir, away) || write(fd, "0\n", 2) != 2);
}

static void test_unloaded(void)
{
	char alerts[PATH_MAX], dir[PATH_MAX];
	int status = -1;
	pid_t child;

	tree_open("lab-guest");
	path_sysfs(alerts, "alerts");
	path_sysfs(dir, "");
	*strrchr(dir, '/') = 0;
	/* the reader waits for the writer */
	EXPECT(!unlink(alerts) && !mkfifo(alerts, 0600), "a FIFO");
	child = fork();
	if (!child)
		unload(alerts, dir);
	EXPECT(!snapshot_read(&s, SNAPSHOT_ALL), "it is gone");
	EXPECT(waitpid(child, &status, 0) == child && !status, "status %d", status);
	EXPECT(!s.loaded && !s.enabled.known && !*s.cpus && !s.n_clocks && !s.n_cpu_lines,
	       "a part of it is left");
	EXPECT(s.n_errors == 1 && has_error(module_advice()), "%s", s.errors[0]);
	end();
}

static const struct tap_test tests[] = {
	{ "all files, at both ends of 64 bits", test_all },
	{ "malformed and truncated files", test_broken },
	{ "parts", test_parts },
	{ "no module, no debugfs", test_absent },
	{ "the worst pairs, without debugfs", test_worst_pairs },
	{ "other directories", test_variables },
	{ "the module goes meanwhile", test_unloaded },
	{ "vmclock", test_vmclock },
	{ "random bytes", test_garbage },
};

TAP_MAIN(tests)
