// SPDX-License-Identifier: GPL-2.0
/* domain_xml.c: reads the parts of a libvirt domain's XML that concern clocks, by expat */
#include <errno.h>
#include <expat.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain_xml.h"

#define SIZE_LIMIT	1048576
#define DEPTH_LIMIT	32
#define PATH_SIZE	256
#define SEPARATOR	'|'
#define OSINFO_OS	"http://libosinfo.org/xmlns/libvirt/domain/1.0|os"

/**
 * struct reader - the state of the parser
 * @path: names of the elements that are open: "/domain/clock"
 * @lengths: the length of @path before each of these elements
 * @text: where an element's text goes, or NULL
 * @wrong: why reading was stopped, or NULL
 */
struct reader {
	XML_Parser parser;
	struct domain *domain;
	char path[PATH_SIZE];
	size_t lengths[DEPTH_LIMIT], depth;
	char *text;
	size_t text_size;
	const char *wrong;
};

static const char * const timer_names[TIMER_COUNT] = {
	[TIMER_RTC] = "rtc",
	[TIMER_PIT] = "pit",
	[TIMER_HPET] = "hpet",
	[TIMER_TSC] = "tsc",
	[TIMER_KVMCLOCK] = "kvmclock",
	[TIMER_HYPERVCLOCK] = "hypervclock",
};

const char *domain_timer_name(enum domain_timer_name timer)
{
	return timer_names[timer];
}

static void stop(struct reader *r, const char *why)
{
	if (!r->wrong)
		r->wrong = why;
	XML_StopParser(r->parser, XML_FALSE);
}

/* Append @n bytes; all that is no printable ASCII, such as terminals' controls, becomes "?". */
static void append(char *to, size_t size, const char *from, size_t n)
{
	size_t used = strlen(to);

	for (; n && used + 1 < size; n--, from++)
		to[used++] = *from >= ' ' && *from <= '~' ? *from : '?';
	to[used] = 0;
}

static void copy(char *to, size_t size, const char *from)
{
	*to = 0;
	append(to, size, from, strlen(from));
}

/* An attribute's value, or "". */
static const char *attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2) {
		if (!strcmp(attributes[0], name))
			return attributes[1];
	}
	return "";
}

static void on_timer(struct domain *domain, const char **attributes)
{
	const char *name = attribute(attributes, "name");
	const char *frequency = attribute(attributes, "frequency");
	struct domain_timer *timer;
	char *end;
	int i;

	for (i = 0; i < TIMER_COUNT && strcmp(name, timer_names[i]); i++)
		;
	if (i == TIMER_COUNT)
		return;
	timer = &domain->timers[i];
	timer->there = true;
	copy(timer->present, sizeof(timer->present), attribute(attributes, "present"));
	copy(timer->tickpolicy, sizeof(timer->tickpolicy), attribute(attributes, "tickpolicy"));
	copy(timer->mode, sizeof(timer->mode), attribute(attributes, "mode"));
	errno = 0;
	timer->frequency_hz.value = strtoull(frequency, &end, 10);
	timer->frequency_hz.known = *frequency >= '0' && *frequency <= '9' && !*end && !errno;
}

static void on_cpu_feature(struct domain *domain, const char **attributes)
{
	const char *policy = attribute(attributes, "policy");

	if (strcmp(attribute(attributes, "name"), "invtsc"))
		return;
	domain->invtsc.known = true;
	/* without a policy libvirt assumes "require" */
	domain->invtsc.value = !*policy || !strcmp(policy, "require") || !strcmp(policy, "force");
}

static void on_hyperv(struct domain *domain, const char *feature, const char **attributes)
{
	bool on = !strcmp(attribute(attributes, "state"), "on");

	if (!strcmp(feature, "vpindex"))
		domain->vpindex = on;
	else if (!strcmp(feature, "synic"))
		domain->synic = on;
	else if (!strcmp(feature, "stimer"))
		domain->stimer = on;
}

static void on_all_hyperv(struct domain *domain)
{
	domain->vpindex = true;
	domain->synic = true;
	domain->stimer = true;
}

static void gather_text(struct reader *r, char *to, size_t size)
{
	*to = 0;
	r->text = to;
	r->text_size = size;
}

static void on_element(struct reader *r, const char *name, const char **attributes)
{
	static const char hyperv[] = "/domain/features/hyperv/";
	struct domain *domain = r->domain;

	if (!strcmp(r->path, "/domain")) {
		copy(domain->type, sizeof(domain->type), attribute(attributes, "type"));
	} else if (!strcmp(r->path, "/domain/name")) {
		gather_text(r, domain->name, sizeof(domain->name));
	} else if (!strcmp(r->path, "/domain/os/type")) {
		gather_text(r, domain->os_type, sizeof(domain->os_type));
	} else if (!strncmp(r->path, "/domain/metadata/", 17) && !strcmp(name, OSINFO_OS)) {
		copy(domain->os_id, sizeof(domain->os_id), attribute(attributes, "id"));
	} else if (!strcmp(r->path, "/domain/clock")) {
		copy(domain->clock_offset, sizeof(domain->clock_offset),
		     attribute(attributes, "offset"));
	} else if (!strcmp(r->path, "/domain/clock/timer")) {
		on_timer(domain, attributes);
	} else if (!strcmp(r->path, "/domain/cpu/feature")) {
		on_cpu_feature(domain, attributes);
	} else if (!strcmp(r->path, "/domain/features/hyperv")) {
		domain->hyperv = true;
		if (!strcmp(attribute(attributes, "mode"), "passthrough"))
			on_all_hyperv(domain);
	} else if (!strncmp(r->path, hyperv, sizeof(hyperv) - 1)) {
		on_hyperv(domain, r->path + sizeof(hyperv) - 1, attributes);
	}
}

static void on_start(void *data, const char *name, const char **attributes)
{
	struct reader *r = data;
	size_t length = strlen(r->path);

	/* expat may still call after a stop */
	if (r->wrong)
		return;
	if (!r->depth && strcmp(name, "domain")) {
		stop(r, "it is no libvirt domain, whose XML begins with <domain>");
		return;
	}
	if (r->depth == DEPTH_LIMIT) {
		stop(r, "its elements are nested too deep");
		return;
	}
	r->lengths[r->depth++] = length;
	r->text = NULL;
	/* a path that is too long is cut: neither it nor any path below it is looked for */
	snprintf(r->path + length, PATH_SIZE - length, "/%s", name);
	on_element(r, name, attributes);
}

static void on_end(void *data, const char *name)
{
	struct reader *r = data;

	(void)name;
	r->text = NULL;
	if (r->depth)
		r->path[r->lengths[--r->depth]] = 0;
}

static void on_text(void *data, const char *text, int length)
{
	struct reader *r = data;

	if (r->text && !r->wrong)
		append(r->text, r->text_size, text, length);
}

static void on_doctype(void *data, const char *name, const char *system, const char *public,
		       int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(data, "it has a DOCTYPE, and libvirt writes none");
}

bool domain_parse(const char *xml, size_t size, struct domain *domain, char error[128])
{
	struct reader r = { .domain = domain };
	bool good;

	memset(domain, 0, sizeof(*domain));
	if (size > SIZE_LIMIT) {
		snprintf(error, 128, "it has over %d bytes", SIZE_LIMIT);
		return false;
	}
	r.parser = XML_ParserCreateNS(NULL, SEPARATOR);
	if (!r.parser) {
		snprintf(error, 128, "no memory");
		return false;
	}
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	good = XML_Parse(r.parser, xml, size, 1) == XML_STATUS_OK;
	if (!good)
		snprintf(error, 128, "line %lu: %s",
			 (unsigned long)XML_GetCurrentLineNumber(r.parser),
			 r.wrong ? r.wrong : XML_ErrorString(XML_GetErrorCode(r.parser)));
	XML_ParserFree(r.parser);
	return good;
}

bool domain_read(const char *path, struct domain *domain, char error[128])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *xml = malloc(SIZE_LIMIT + 1);
	size_t used = 0;
	ssize_t got = -1;
	bool good = false;

	while (fd >= 0 && xml) {
		got = read(fd, xml + used, SIZE_LIMIT + 1 - used);
		if (got <= 0)
			break;
		used += got;
	}
	if (got < 0)
		snprintf(error, 128, "%s", strerror(errno));
	else
		good = domain_parse(xml, used, domain, error);
	if (fd >= 0)
		close(fd);
	free(xml);
	return good;
}
