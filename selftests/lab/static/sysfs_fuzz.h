/* SPDX-License-Identifier: GPL-2.0 */
/* For sysfs_fuzz: the files, and an independent model of the controls. */
#ifndef SYSFS_FUZZ_H
#define SYSFS_FUZZ_H

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SYSFS		"/sys/kernel/tscope"
#define DEBUGFS		"/sys/kernel/debug/tscope"
#define FILES_MAX	256
#define TEXT_MAX	(2 << 20)
#define CPUS_MAX	1024

struct file {
	char path[128];
	int control;		/* its number in control[], or -1 */
	bool write_only;
};

/* A number that may be written: its range, and its current value. */
struct control {
	char path[128];
	uint64_t low, high, value;
	int bits;		/* of the kernel's parser */
	int fd;
};

enum { ENABLED, PERIOD, WIDTH, BURST, FIT_WINDOW, INTERVAL, FIXED };

static struct control control[64] = {
	[ENABLED] = { SYSFS "/enabled", 0, 1, 0, 8, -1 },
	[PERIOD] = { SYSFS "/period_us", 1000, 10000000, 0, 32, -1 },
	[WIDTH] = { SYSFS "/width_us", 10, 10000000, 0, 32, -1 },
	[BURST] = { SYSFS "/burst_us", 1, 100, 0, 32, -1 },
	[FIT_WINDOW] = { SYSFS "/fit_window_s", 1, 3600, 0, 32, -1 },
	[INTERVAL] = { SYSFS "/alert_interval_s", 1, 604800, 0, 32, -1 },
};

static int controls = FIXED;
static struct file file[FILES_MAX];
static int files;
static bool cpus[CPUS_MAX], possible[CPUS_MAX];
static bool others_change;	/* what controls have is not known */
static int cpus_fd;

static uint64_t random_state, operation;
static unsigned int *failures;	/* of all processes together */
static char text[TEXT_MAX + 1];

static void __attribute__((format(printf, 1, 2))) bad(const char *fmt, ...)
{
	va_list args;

	if (__atomic_fetch_add(failures, 1, __ATOMIC_RELAXED) >= 10)
		return;
	printf("# operation %llu: ", (unsigned long long)operation);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

static void __attribute__((noreturn)) die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* splitmix64 */
static uint64_t rnd64(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static unsigned int rnd(unsigned int below)
{
	return rnd64() % below;
}

/*
 * Finding the files and the controls
 */

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path,
		      ((const struct file *)b)->path);
}

static void find(const char *dir)
{
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(dir);
	char path[128];

	if (!d)
		return;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >=
		    (int)sizeof(path) || lstat(path, &st))
			die(path);
		if (S_ISDIR(st.st_mode)) {
			find(path);
		} else if (files < FILES_MAX) {
			strcpy(file[files].path, path);
			file[files++].write_only = !(st.st_mode & 0444);
		}
	}
	closedir(d);
}

static ssize_t read_all(int fd, off_t from)
{
	ssize_t n, all = 0;

	while (all < TEXT_MAX &&
	       (n = pread(fd, text + all, TEXT_MAX - all, from + all)) > 0)
		all += n;
	text[all] = 0;
	return n < 0 ? -errno : all;
}

static uint64_t control_now(const struct control *c)
{
	char *end;
	uint64_t value;

	if (read_all(c->fd, 0) <= 0)
		die(c->path);
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || strcmp(end, "\n") || !isdigit(text[0]))
		bad("%s is '%s'", c->path, text);
	return value;
}

/* A CPU list as the kernel prints it. */
static bool parse_list(const char *s, bool *set)
{
	unsigned long a, b;
	char *end;

	memset(set, 0, CPUS_MAX * sizeof(*set));
	for (;;) {
		if (!isdigit(*s))
			return false;
		a = strtoul(s, &end, 10);
		b = a;
		if (*end == '-') {
			s = end + 1;
			if (!isdigit(*s))
				return false;
			b = strtoul(s, &end, 10);
		}
		if (b >= CPUS_MAX || a > b)
			return false;
		while (a <= b)
			set[a++] = true;
		if (*end != ',')
			return !strcmp(end, "\n") || !*end;
		s = end + 1;
	}
}

static void cpus_now(bool *set)
{
	if (read_all(cpus_fd, 0) <= 0 || !parse_list(text, set))
		bad("cpus is '%s'", text);
	/* its line, for messages */
	text[strcspn(text, "\n")] = 0;
}

static void add_limits(void)
{
	struct control *c;
	const char *name;
	int i, k;

	for (i = 0; i < files; i++) {
		file[i].control = -1;
		name = strrchr(file[i].path, '/') + 1;
		if (strstr(name, "_alert_") && controls < 64) {
			c = &control[controls++];
			*c = (struct control){ .high = INT64_MAX, .bits = 64 };
			strcpy(c->path, file[i].path);
			if (!strcmp(name, "skew_alert_ppb"))
				c->high = 1000000000;
		}
		for (k = 0; k < controls; k++)
			if (!strcmp(control[k].path, file[i].path))
				file[i].control = k;
	}
	for (k = 0; k < controls; k++) {
		control[k].fd = open(control[k].path, O_RDONLY);
		if (control[k].fd < 0)
			die(control[k].path);
		control[k].value = control_now(&control[k]);
	}
	cpus_fd = open(SYSFS "/cpus", O_RDONLY);
	if (cpus_fd < 0)
		die("cpus");
	cpus_now(cpus);
	k = open("/sys/devices/system/cpu/possible", O_RDONLY);
	if (read_all(k, 0) <= 0 || !parse_list(text, possible))
		die("possible");
	close(k);
}

/* Compares the model with the files. */
static void check_state(const char *after, bool all)
{
	bool now[CPUS_MAX];
	uint64_t value;
	int i;

	if (others_change)
		return;
	for (i = 0; i < (all ? controls : FIXED); i++) {
		value = control_now(&control[i]);
		if (value == control[i].value)
			continue;
		bad("%s is %llu, not %llu, after %s", control[i].path,
		    (unsigned long long)value,
		    (unsigned long long)control[i].value, after);
		control[i].value = value;
	}
	cpus_now(now);
	if (memcmp(now, cpus, sizeof(now))) {
		bad("cpus is '%s' after %s", text, after);
		memcpy(cpus, now, sizeof(now));
	}
}

/* Parses as the kernel's kstrtoul() family does. Returns 0 or an errno. */
static int parse_number(const char *s, int bits, uint64_t *value)
{
	unsigned __int128 x = 0;
	bool over = false;

	if (*s == '+')
		s++;
	if (!isdigit(*s))
		return EINVAL;
	for (; isdigit(*s); s++) {
		x = over ? 0 : x * 10 + (*s - '0');
		over |= x >> 64 != 0;
	}
	if (over)
		return ERANGE;
	if (*s == '\n')
		s++;
	if (*s)
		return EINVAL;
	*value = (uint64_t)x;
	return x >> bits ? ERANGE : 0;
}

/* The result that writing a text to a control must have: 0 or an errno. */
static int expected(int i, const char *s, uint64_t *value)
{
	int err = parse_number(s, control[i].bits, value);

	if (err)
		return err;
	if (*value < control[i].low || *value > control[i].high)
		return ERANGE;
	if (i == WIDTH && *value > control[PERIOD].value)
		return ERANGE;
	if (i == PERIOD && *value < control[WIDTH].value)
		return ERANGE;
	return 0;
}

/* A random text of at most @most bytes. */
static size_t random_text(char *to, size_t most)
{
	static const char *const odd[] = {
		"", "\n", "0", "1", "-1", "+1", "+", "0x10", "010", "1e3", "1.5",
		" 1", "1 ", "1\n\n", "1\r\n", "y", "on", "true", "\xff\xfe",
		"4294967295", "4294967296", "4294967297", "18446744073709551615",
		"18446744073709551616", "99999999999999999999999999", "%s%n%p",
		"9223372036854775807", "9223372036854775808", "../../etc/passwd",
		"0-", "-0", "1-0", "0,", ",", "0-0:", "0-0:1/2", "0:0/0", "all",
		"none", "N", "0-N", "0,0,0", "0-99999", "00000000000000000001",
		"0-0:4294967296/1", "0-0:1/4294967296", "0-0:2/1", "N-N", "0\n0",
	};
	size_t n, i;

	switch (rnd(6)) {
	case 0:
	case 1:
		strcpy(to, odd[rnd(sizeof(odd) / sizeof(*odd))]);
		n = strlen(to);
		break;
	case 2:	/* bytes */
		n = rnd(24);
		for (i = 0; i < n; i++)
			to[i] = rnd(256);
		break;
	case 3:	/* what numbers and lists are made of */
		n = rnd(24);
		for (i = 0; i < n; i++)
			to[i] = "0123456789-+,:/ \nN"[rnd(18)];
		break;
	case 4:	/* long */
		n = 1 + rnd(rnd(8) ? 300 : most - 1);
		memset(to, "09x,-\n"[rnd(6)], n);
		break;
	default:
		n = sprintf(to, "%s%llu%s", rnd(8) ? "" : "-",
			    (unsigned long long)(rnd64() >> rnd(64)),
			    rnd(4) ? "\n" : "");
	}
	return n;
}

/* A text for a message. */
static void shown(char *to, size_t most, const char *s, size_t n)
{
	size_t i, at = 0;

	for (i = 0; i < n && at + 8 < most; i++)
		at += isprint((unsigned char)s[i]) ? sprintf(to + at, "%c", s[i]) :
		      sprintf(to + at, "\\%03o", (unsigned char)s[i]);
	to[at] = 0;
	if (i < n)
		strcpy(to + at, "...");
}

static uint64_t bytes_read;

/* Text of this many bytes: printable, and without an address of the kernel. */
static void check_text(const char *path, const char *s, ssize_t n)
{
	int digits = 0, f = 0;
	ssize_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = s[i];

		if (c != '\n' && c != '\t' && (c < ' ' || c > '~')) {
			bad("%s has a byte %#x", path, c);
			return;
		}
		if (isxdigit(c)) {
			f += digits == f && (c == 'f' || c == 'F');
			digits++;
		} else {
			digits = 0;
			f = 0;
		}
		if (digits == 16 && f >= 4)
			bad("%s shows %.16s", path, s + i - 15);
	}
	bytes_read += n;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

#endif /* SYSFS_FUZZ_H */
