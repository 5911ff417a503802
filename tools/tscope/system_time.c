// SPDX-License-Identifier: GPL-2.0
/* system_time.c: PTP devices, and what disciplines the wall clock */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"
#include "system_parts.h"

#define CHRONYC_TIMEOUT_MS	3000
#define TEXT_LIMIT		1048576

static DIR *open_dir(const char *path)
{
	char full[PATH_MAX];

	path_system(full, path);
	return opendir(full);
}

static void look_at_ptp(struct system_facts *s)
{
	DIR *dir = open_dir("/sys/class/ptp");
	char path[300], name[64];
	struct dirent *entry;

	/* the class is absent if the kernel has no PTP */
	s->ptp_kvm = (struct figure){ true, 0 };
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/class/ptp/%s/clock_name", entry->d_name);
		if (!system_line(path, name, sizeof(name)))
			continue;
		system_add(&s->ptp_devices, &s->n_ptp_devices, "%s: %s", entry->d_name, name);
		if (!strcmp(name, "KVM virtual PTP"))
			s->ptp_kvm.value = 1;
	}
	if (dir)
		closedir(dir);
}

static bool is_there(const char *path)
{
	char full[PATH_MAX];

	path_system(full, path);
	return !access(full, F_OK);
}

/*
 * Names of processes have at most 15 characters. The first of these services that runs is reported.
 * A trace is a path that exists while the service runs, and that any user can see; systemd removes
 * the directories when the service ends.
 */
static const struct {
	const char *comm, *name, *trace;
} services[] = {
	{ "chronyd", "chronyd", "/run/chrony" },
	{ "ntpd", "ntpd", "/run/ntpd.pid" },
	{ "ntp-daemon", "ntpd-rs", NULL },
	{ "systemd-timesyn", "systemd-timesyncd", "/run/systemd/timesync" },
	{ "phc2sys", "phc2sys", NULL },
};

#define N_SERVICES (sizeof(services) / sizeof(*services))

static void look_at_services(struct system_facts *s)
{
	size_t i, best = N_SERVICES;
	DIR *dir = open_dir("/proc");
	char path[300], name[32];
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		system_line(path, name, sizeof(name));
		for (i = 0; i < best; i++) {
			if (!strcmp(name, services[i].comm))
				best = i;
		}
	}
	if (dir)
		closedir(dir);
	/* processes of other users may be hidden (hidepid=): then look for traces */
	if (best == N_SERVICES && !system_line("/proc/1/comm", name, sizeof(name))) {
		for (i = 0; i < N_SERVICES; i++) {
			if (services[i].trace && is_there(services[i].trace))
				break;
		}
		best = i;
		s->services_hidden = best == N_SERVICES;
		if (system_recorded())
			system_note(s, "The tree has no proc/1/comm: what disciplines the wall clock is not known.");
		else
			system_note(s, "Processes of other users are hidden: run tscope as root.");
	}
	if (best < N_SERVICES)
		snprintf(s->time_service, sizeof(s->time_service), "%s", services[best].name);
}

/* Field @n, from 0, of a line of CSV without quotes; empty if there is none. */
static void field(const char *line, int n, char *text, size_t size)
{
	for (; n; n--) {
		line += strcspn(line, ",\n");
		if (*line != ',') {
			*text = 0;
			return;
		}
		line++;
	}
	snprintf(text, size, "%.*s", (int)strcspn(line, ",\n"), line);
	text_clean_array(text, size);
}

/* "-0.000012345" seconds, in ns. */
static struct figure seconds_to_ns(const char *text)
{
	struct figure ns = { 0 };
	char *end;
	double s = strtod(text, &end);

	if (end == text || *end || !(fabs(s) < 9e9))
		return ns;
	ns.known = true;
	ns.value = llround(s * 1e9);
	return ns;
}

/* chronyc's field is how far the system's time is behind: the sign is turned. */
static void parse_tracking(struct system_facts *s, const char *text)
{
	char leap[32], offset[32];

	field(text, 13, leap, sizeof(leap));
	field(text, 4, offset, sizeof(offset));
	if (!*leap || !strcmp(leap, "Not synchronised"))
		return;
	s->chrony_offset_ns = seconds_to_ns(offset);
	s->chrony_offset_ns.value = -s->chrony_offset_ns.value;
}

/* Lines of mode, state, name: "#" is a reference clock, "*" is selected, "+" combined with it. */
static void parse_sources(struct system_facts *s, const char *text)
{
	char mode[2], state[2], name[sizeof(s->chrony_source)];

	s->chrony_refclock = (struct figure){ true, 0 };
	s->chrony_refclocks = (struct count){ true, 0 };
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		field(text, 0, mode, sizeof(mode));
		field(text, 1, state, sizeof(state));
		field(text, 2, name, sizeof(name));
		if (*mode == '#')
			s->chrony_refclocks.value++;
		if (*mode == '#' && (*state == '*' || *state == '+'))
			s->chrony_refclock.value = 1;
		if (*state == '*')
			snprintf(s->chrony_source, sizeof(s->chrony_source), "%s", name);
	}
}

static char *chronyc(const char *command, const char *recorded)
{
	const char *argv[5] = { "chronyc", "-c", "-n", command, NULL };

	if (system_recorded())
		return system_text(recorded, TEXT_LIMIT);
	return program_output(argv, CHRONYC_TIMEOUT_MS);
}

static void note_chronyc(struct system_facts *s)
{
	if (system_recorded())
		system_note(s, "The tree has no recorded/chronyc-sources: what chronyd uses is not known.");
	else if (errno == ENOENT)
		system_note(s, "There is no chronyc (package chrony): what chronyd uses is not known.");
	else if (errno == ETIMEDOUT)
		system_note(s, "chronyc did not answer within %u s: what chronyd uses is not known.",
			    CHRONYC_TIMEOUT_MS / 1000);
	else
		system_note(s, "chronyc can't ask chronyd (%s): run tscope as root.",
			    errno == EIO ? "it failed" : strerror(errno));
}

static void look_at_chrony(struct system_facts *s)
{
	char *text;

	text = chronyc("sources", "/recorded/chronyc-sources");
	if (!text) {
		note_chronyc(s);
		return;
	}
	parse_sources(s, text);
	free(text);
	text = chronyc("tracking", "/recorded/chronyc-tracking");
	if (text)
		parse_tracking(s, text);
	free(text);
}

void system_look_at_time(struct system_facts *s)
{
	look_at_ptp(s);
	look_at_services(s);
	if (!strcmp(s->time_service, "chronyd"))
		look_at_chrony(s);
}
