// SPDX-License-Identifier: GPL-2.0
/* snapshot.c: all that the module's files say, read once */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "parse.h"

#define NSEC_PER_SEC	1000000000ull
#define NSEC_PER_MSEC	1000000

static void __attribute__((format(printf, 2, 3))) add_error(struct snapshot *s, const char *format,
							    ...)
{
	char **errors = reallocarray(s->errors, s->n_errors + 1, sizeof(*errors)), *line = NULL;
	va_list args;

	if (!errors)
		return;
	s->errors = errors;
	va_start(args, format);
	if (vasprintf(&line, format, args) >= 0)
		line = text_clean_line(line);
	va_end(args);
	if (line)
		errors[s->n_errors++] = line;
}

static void add_fault(struct snapshot *s, const char *path, const struct parse_fault *fault)
{
	if (fault->field)
		add_error(s, "%s: line %zu, field \"%s\" %s: the file is ignored", path,
			  fault->line, fault->field, fault->what);
	else
		add_error(s, "%s: line %zu %s: the file is ignored", path, fault->line,
			  fault->what);
}

/* A file that is absent, or has no figure yet, is no error. */
static bool get(struct snapshot *s, const char *path, struct file_text *text)
{
	int err = file_read(path, text);

	if (!err)
		return true;
	if (err == -EPERM && !geteuid())
		add_error(s, "%s: %s: see /sys/kernel/security/lockdown", path, strerror(-err));
	else if (err == -EACCES || err == -EPERM)
		add_error(s, "%s: %s: run as root (sudo)", path, strerror(-err));
	else if (err != -ENOENT && err != -ENODATA)
		add_error(s, "%s: %s", path, strerror(-err));
	return false;
}

static void read_string(struct snapshot *s, const char *path, char *to, size_t size)
{
	struct parse_fault fault = { };
	struct file_text text;

	*to = 0;
	if (!get(s, path, &text))
		return;
	if (!parse_string(text.at, text.len, to, size, &fault))
		add_fault(s, path, &fault);
	free(text.at);
}

static void read_system_string(struct snapshot *s, const char *file, char *to, size_t size)
{
	char path[PATH_MAX];

	path_system(path, file);
	read_string(s, path, to, size);
}

static void read_control(struct snapshot *s, const char *file, struct count *value)
{
	struct parse_fault fault = { };
	char path[PATH_MAX];
	struct file_text text;

	path_sysfs(path, file);
	if (!get(s, path, &text))
		return;
	if (!parse_count(text.at, text.len, value, &fault))
		add_fault(s, path, &fault);
	free(text.at);
}

static void read_clock(struct snapshot *s, struct clock_figures *clock)
{
	char path[PATH_MAX], file[64];
	struct parse_fault fault;
	struct file_text text;
	size_t i;

	for (i = 0; i < parse_clock_file_count(); i++) {
		const char *name = parse_clock_file_name(i, clock->name);

		if (!name)
			continue;
		snprintf(file, sizeof(file), "%s/%s", clock->name, name);
		path_sysfs(path, file);
		if (!get(s, path, &text))
			continue;
		if (!parse_clock_file(i, text.at, text.len, clock, &fault))
			add_fault(s, path, &fault);
		free(text.at);
	}
}

static void read_clocks(struct snapshot *s)
{
	struct parse_fault fault = { };
	char path[PATH_MAX];
	struct file_text text;
	size_t i;

	path_sysfs(path, "clocks");
	if (!get(s, path, &text))
		return;
	if (!parse_clocks(text.at, text.len, &s->clocks, &s->n_clocks, &fault))
		add_fault(s, path, &fault);
	free(text.at);
	for (i = 0; i < s->n_clocks; i++)
		read_clock(s, &s->clocks[i]);
}

static void read_sysfs(struct snapshot *s)
{
	char path[PATH_MAX];

	path_sysfs(path, "cpus");
	read_string(s, path, s->cpus, sizeof(s->cpus));
	read_control(s, "enabled", &s->enabled);
	read_control(s, "period_us", &s->period_us);
	read_control(s, "width_us", &s->width_us);
	read_control(s, "burst_us", &s->burst_us);
	read_control(s, "fit_window_s", &s->fit_window_s);
	read_control(s, "alerts", &s->alerts);
	read_clocks(s);
}

/* Read a table of debugfs by its parser into its list. */
#define READ_TABLE(s, part, file, parser, list) do { \
	struct parse_fault fault = { }; \
	char path[PATH_MAX]; \
	struct file_text text; \
\
	path_debugfs(path, file); \
	(s)->unread |= part; \
	if (get(s, path, &text)) { \
		if ((parser)(text.at, text.len, &(s)->list, &(s)->n_##list, &fault)) \
			(s)->unread &= ~part; \
		else \
			add_fault(s, path, &fault); \
		free(text.at); \
	} \
} while (0)

static void read_histogram(struct snapshot *s, const char *name)
{
	struct histogram *all, *h;
	struct parse_fault fault = { };
	char path[PATH_MAX], file[64];
	struct file_text text;

	snprintf(file, sizeof(file), "hist/%s", name);
	path_debugfs(path, file);
	if (!get(s, path, &text))
		return;
	all = reallocarray(s->histograms, s->n_histograms + 1, sizeof(*all));
	if (all) {
		s->histograms = all;
		h = &all[s->n_histograms];
		memset(h, 0, sizeof(*h));
		snprintf(h->name, sizeof(h->name), "%s", name);
		if (parse_histogram(text.at, text.len, h, &fault))
			s->n_histograms++;
		else
			add_fault(s, path, &fault);
	}
	free(text.at);
}

static void read_histograms(struct snapshot *s)
{
	static const char *const kinds[] = { "width", "residual", "step", "warp" };
	char name[40];
	size_t i, k;

	read_histogram(s, "transit");
	read_histogram(s, "wakeup");
	for (i = 0; i < s->n_clocks; i++)
		for (k = 0; k < 4; k++) {
			snprintf(name, sizeof(name), "%s/%s", s->clocks[i].name, kinds[k]);
			read_histogram(s, name);
		}
}

static void add_no_debugfs(struct snapshot *s, const char *dir, int err)
{
	const char *named = getenv("TSCOPE_DEBUGFS");
	char path[PATH_MAX];

	/* a kernel that has debugfs creates this directory, for debugfs to be mounted there */
	path_system(path, "/sys/kernel/debug");
	if (named && *named)
		add_error(s, "%s, which TSCOPE_DEBUGFS names: %s", dir, strerror(err));
	else if (access(path, F_OK))
		add_error(s, "%s: this kernel has no debugfs (CONFIG_DEBUG_FS)", dir);
	else
		add_error(s, "%s: %s: run \"mount -t debugfs none /sys/kernel/debug\" as root",
			  dir, strerror(err));
}

static void read_debugfs(struct snapshot *s, unsigned int parts)
{
	char path[PATH_MAX];
	DIR *dir;

	path_debugfs(path, "pairs");
	*strrchr(path, '/') = 0;
	dir = opendir(path);
	s->debug = dir;
	if (!dir) {
		if (errno == EACCES)
			add_error(s, "%s can't be read: run as root (sudo)", path);
		else if (parts)
			add_no_debugfs(s, path, errno);
		return;
	}
	closedir(dir);
	if (parts & SNAPSHOT_PAIRS)
		READ_TABLE(s, SNAPSHOT_PAIRS, "pairs", parse_pairs, pairs);
	if (parts & SNAPSHOT_CPUS)
		READ_TABLE(s, SNAPSHOT_CPUS, "cpus", parse_cpus, cpu_lines);
	if (parts & SNAPSHOT_VIOLATIONS)
		READ_TABLE(s, SNAPSHOT_VIOLATIONS, "violations", parse_violations, violations);
	if (parts & SNAPSHOT_PAGES)
		READ_TABLE(s, SNAPSHOT_PAGES, "timepage", parse_pages, pages);
	if (parts & SNAPSHOT_POINTS)
		READ_TABLE(s, SNAPSHOT_POINTS, "points", parse_points, points);
	if (parts & SNAPSHOT_HISTOGRAMS)
		read_histograms(s);
}

static int64_t clamp64(__int128_t value)
{
	return value < INT64_MIN ? INT64_MIN : value > INT64_MAX ? INT64_MAX : value;
}

/* Without debugfs: the worst pair of each clock. */
static void take_worst_pairs(struct snapshot *s)
{
	size_t i;

	s->pairs = calloc(s->n_clocks + 1, sizeof(*s->pairs));
	for (i = 0; s->pairs && i < s->n_clocks; i++) {
		const struct pair_offset *o = &s->clocks[i].offset;
		struct pair_line *p = &s->pairs[s->n_pairs];

		if (!o->known)
			continue;
		*p = (struct pair_line){
			.cpu_i = o->cpu_i, .cpu_j = o->cpu_j, .known = true, .moving = o->moving,
			.from_sysfs = true, .offset_ns = o->offset_ns, .bound_ns = o->bound_ns,
			.age_ms = o->age_ms,
			.hull_low_ns = clamp64((__int128_t)o->offset_ns - o->bound_ns),
			.hull_high_ns = clamp64((__int128_t)o->offset_ns + o->bound_ns),
		};
		snprintf(p->clock, sizeof(p->clock), "%s", s->clocks[i].name);
		s->n_pairs++;
	}
	if (s->n_pairs)
		add_error(s, "only the worst pair of each clock is known: debugfs has the others");
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

/* The time at which a recorded tree was read: its /proc/uptime, which is CLOCK_BOOTTIME. */
static void read_recorded_time(struct snapshot *s)
{
	char line[64];
	uint64_t ns;
	int64_t ms;

	read_system_string(s, "/proc/uptime", line, sizeof(line));
	if (!parse_thousandths(line, strcspn(line, " "), &ms) || ms < 0 ||
	    __builtin_mul_overflow((uint64_t)ms, NSEC_PER_MSEC, &ns))
		return;
	s->boottime_ns = ns;
	s->monotonic_ns = ns;
}

static void read_all(struct snapshot *s, unsigned int parts)
{
	memset(s, 0, sizeof(*s));
	s->boottime_ns = now_ns(CLOCK_BOOTTIME);
	s->monotonic_ns = now_ns(CLOCK_MONOTONIC);
	if (*system_root)
		read_recorded_time(s);
	read_system_string(s, "/proc/sys/kernel/osrelease", s->kernel, sizeof(s->kernel));
	read_system_string(s, "/sys/devices/system/clocksource/clocksource0/current_clocksource",
			   s->clocksource, sizeof(s->clocksource));
	read_system_string(s, "/sys/devices/system/cpu/online", s->online, sizeof(s->online));
	s->loading = module_loading();
	s->loaded = s->loading;
	if (!s->loaded) {
		add_error(s, "%s", module_advice());
		return;
	}
	read_system_string(s, "/sys/module/tscope/version", s->version, sizeof(s->version));
	read_sysfs(s);
	read_debugfs(s, parts);
	if ((parts & SNAPSHOT_PAIRS) && !s->n_pairs)
		take_worst_pairs(s);
}

bool snapshot_read(struct snapshot *s, unsigned int parts)
{
	read_all(s, parts);
	/* if the module was unloaded or loaded again meanwhile, some of its files were not read */
	while (s->loading != module_loading()) {
		snapshot_free(s);
		read_all(s, parts);
	}
	return s->loaded;
}

void snapshot_free(struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->n_histograms; i++)
		free(s->histograms[i].buckets);
	for (i = 0; i < s->n_errors; i++)
		free(s->errors[i]);
	free(s->clocks);
	free(s->pairs);
	free(s->cpu_lines);
	free(s->violations);
	free(s->pages);
	free(s->points);
	free(s->histograms);
	free(s->errors);
	memset(s, 0, sizeof(*s));
}

const struct clock_figures *snapshot_clock(const struct snapshot *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_clocks; i++)
		if (!strcmp(s->clocks[i].name, name))
			return &s->clocks[i];
	return NULL;
}

static void take_newer(struct count *newest, bool known, uint64_t age_ms)
{
	if (known && (!newest->known || age_ms < newest->value))
		*newest = (struct count){ true, age_ms };
}

struct count snapshot_age_ms(const struct snapshot *s)
{
	struct count newest = { };

	for (size_t i = 0; i < s->n_cpu_lines; i++) {
		const struct cpu_line *c = &s->cpu_lines[i];

		if (!c->age_ms.known)
			continue;
		if (c->leader)
			return c->age_ms;
		take_newer(&newest, true, c->age_ms.value);
	}
	return newest;
}

struct count snapshot_offset_age_ms(const struct snapshot *s)
{
	struct count newest = { };

	for (size_t i = 0; i < s->n_clocks; i++) {
		const struct clock_figures *c = &s->clocks[i];

		take_newer(&newest, c->offset.known, c->offset.age_ms);
		take_newer(&newest, c->host_offset_age_ms.known, c->host_offset_age_ms.value);
	}
	return newest;
}

bool snapshot_is_leader(const struct snapshot *s, unsigned int cpu)
{
	for (size_t i = 0; i < s->n_cpu_lines; i++)
		if (s->cpu_lines[i].cpu == cpu)
			return s->cpu_lines[i].leader;
	return true;
}

const struct cpu_line *snapshot_standing_cpu(const struct snapshot *s)
{
	const struct cpu_line *stands = NULL, *c;

	for (c = s->cpu_lines; c < s->cpu_lines + s->n_cpu_lines; c++) {
		if (!strcmp(c->state, "sampling"))
			return NULL;
		if (!stands && !strcmp(c->state, "stood-still"))
			stands = c;
	}
	return stands;
}

struct figure snapshot_page_rate_ppt(const struct snapshot *s)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	const struct page_line *p = s->pages;
	__uint128_t rate;
	int shift;

	if (!s->n_pages || !p->mul_thousandths || p->shift > 32 || p->shift < -31 || !tsc ||
	    !tsc->khz.value)
		return (struct figure){ };
	/* a cycle is mul * 2^(shift - 32) ns, and nominally 10^6 / khz ns */
	rate = (__uint128_t)p->mul_thousandths * tsc->khz.value * 1000;
	shift = 32 - p->shift;
	rate = (rate + (1ULL << shift) / 2) >> shift;
	if (rate > INT64_MAX)
		return (struct figure){ };
	return (struct figure){ true, (int64_t)rate - 1000000000000 };
}

bool snapshot_drift_ppt(const struct snapshot *s, int64_t *drift, int64_t *error)
{
	long double sum;
	const struct clock_figures *guest = snapshot_clock(s, "realtime");
	const struct clock_figures *host = snapshot_clock(s, "ptp-kvm");

	if (!guest || !host || !guest->skew_ppt.known || !host->skew_ppt.known)
		return false;
	sum = ceill(hypotl(guest->skew_error_ppt.value, host->skew_error_ppt.value));
	if (sum >= INT64_MAX ||
	    __builtin_sub_overflow(guest->skew_ppt.value, host->skew_ppt.value, drift))
		return false;
	*error = sum;
	return true;
}

bool snapshot_sampled(const struct snapshot *s)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");

	return tsc && tsc->samples.value;
}

const struct histogram *snapshot_histogram(const struct snapshot *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_histograms; i++)
		if (!strcmp(s->histograms[i].name, name))
			return &s->histograms[i];
	return NULL;
}
