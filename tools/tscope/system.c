// SPDX-License-Identifier: GPL-2.0
/* system.c: what /proc and /sys say of the machine, and how its files are read */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system_parts.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/"

bool system_recorded(void)
{
	return *system_root;
}

FILE *system_open(const char *path)
{
	char full[PATH_MAX];

	path_system(full, path);
	return fopen(full, "re");
}

bool system_line(const char *path, char *line, size_t size)
{
	FILE *file = system_open(path);
	bool got = file && fgets(line, size, file);

	if (file)
		fclose(file);
	if (!got)
		*line = 0;
	line[strcspn(line, "\n")] = 0;
	text_clean_array(line, size);
	return got;
}

struct count system_count(const char *path)
{
	struct count count = { 0 };
	char line[32], *end;

	if (!system_line(path, line, sizeof(line)))
		return count;
	errno = 0;
	count.value = strtoull(line, &end, 10);
	count.known = *line >= '0' && *line <= '9' && !*end && !errno;
	return count;
}

char *system_slurp(int fd, size_t limit)
{
	/* /dev/kmsg gives a record as a whole or not at all; a record has less than 8 KiB */
	size_t used = 0, size = 65536;
	char *text = malloc(size + 1), *more;
	ssize_t got;

	while (text) {
		if (size - used < 8192) {
			size *= 2;
			more = realloc(text, size + 1);
			if (!more)
				break;
			text = more;
		}
		got = read(fd, text + used, size - used);
		if (got < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (got < 0 && errno != EAGAIN)
			break;
		if (got <= 0) {
			text[used] = 0;
			return text;
		}
		used += got;
		if (used > limit) {
			errno = EFBIG;
			break;
		}
	}
	free(text);
	return NULL;
}

char *system_text(const char *path, size_t limit)
{
	FILE *file = system_open(path);
	char *text;
	int error;

	if (!file)
		return NULL;
	text = system_slurp(fileno(file), limit);
	error = errno;
	fclose(file);
	errno = error;
	return text;
}

void system_add(char ***lines, size_t *n, const char *format, ...)
{
	char **more = realloc(*lines, (*n + 1) * sizeof(**lines)), *line = NULL;
	va_list args;

	if (!more)
		return;
	*lines = more;
	va_start(args, format);
	if (vasprintf(&line, format, args) >= 0)
		line = text_clean_line(line);
	va_end(args);
	if (line)
		more[(*n)++] = line;
}

bool system_has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	while (*list) {
		list += strspn(list, " \t\n");
		if (!strncmp(list, word, length) && strcspn(list, " \t\n") == length)
			return length;
		list += strcspn(list, " \t\n");
	}
	return false;
}

/* Ticks from the line "cpu" of /proc/stat; its guest times are included in user and nice. */
static bool cpu_times(const char *path, uint64_t *steal, uint64_t *idle, uint64_t *all)
{
	unsigned long long t[8] = { 0 };
	char line[512];
	int i, n;

	if (!system_line(path, line, sizeof(line)))
		return false;
	n = sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu",
		   &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
	if (n != 8)
		return false;
	*steal = t[7];
	*idle = t[3] + t[4];
	for (*all = 0, i = 0; i < 8; i++)
		*all += t[i];
	return true;
}

static void look_at_steal(struct system_facts *s)
{
	uint64_t steal, idle, all, tick_ms = 1000 / sysconf(_SC_CLK_TCK);

	if (!s->cpu_ms.known || !cpu_times("/proc/stat", &steal, &idle, &all)) {
		system_note(s, system_recorded() ?
			    "The tree has no recorded/proc-stat-begin: steal time is not known." :
			    "/proc/stat can't be read, so steal time is not known: is /proc mounted?");
		s->steal_ms.known = false;
		s->idle_ms.known = false;
		s->cpu_ms.known = false;
		return;
	}
	/* idle time and time of offline CPUs may go back a little */
	s->steal_ms.value = steal > s->steal_ms.value ? (steal - s->steal_ms.value) * tick_ms : 0;
	s->idle_ms.value = idle > s->idle_ms.value ? (idle - s->idle_ms.value) * tick_ms : 0;
	s->cpu_ms.value = all > s->cpu_ms.value ? (all - s->cpu_ms.value) * tick_ms : 0;
}

static void look_at_clocksource(struct system_facts *s)
{
	if (!system_line(CLOCKSOURCE "current_clocksource", s->clocksource, sizeof(s->clocksource)))
		system_note(s, CLOCKSOURCE "current_clocksource can't be read: is /sys mounted?");
	system_line(CLOCKSOURCE "available_clocksource", s->clocksources, sizeof(s->clocksources));
}

void system_begin(struct system_facts *s)
{
	const char *path = system_recorded() ? "/recorded/proc-stat-begin" : "/proc/stat";

	memset(s, 0, sizeof(*s));
	s->cpu_ms.known = cpu_times(path, &s->steal_ms.value, &s->idle_ms.value, &s->cpu_ms.value);
	s->steal_ms.known = s->cpu_ms.known;
	s->idle_ms.known = s->cpu_ms.known;
}

void system_end(struct system_facts *s)
{
	look_at_steal(s);
	look_at_clocksource(s);
	if (!system_line("/proc/cmdline", s->cmdline, sizeof(s->cmdline)))
		system_note(s, "/proc/cmdline can't be read: is /proc mounted?");
	system_look_at_cpu(s);
	system_look_at_log(s);
	system_look_at_time(s);
}

static void free_lines(char **lines, size_t n)
{
	while (n)
		free(lines[--n]);
	free(lines);
}

void system_free(struct system_facts *s)
{
	free_lines(s->clocksource_reasons, s->n_clocksource_reasons);
	free_lines(s->absent, s->n_absent);
	free_lines(s->ptp_devices, s->n_ptp_devices);
	free_lines(s->notes, s->n_notes);
	memset(s, 0, sizeof(*s));
}
