// SPDX-License-Identifier: GPL-2.0
/* skeleton.c: weak forms of what other files define, until they are merged */
#include <string.h>

#include "commands.h"
#include "finding.h"
#include "json.h"
#include "options.h"
#include "rules.h"
#include "sampling.h"

#define WEAK __attribute__((weak))

WEAK const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[] = { "step", "backward", "warp", "update", "stopped",
					     "moved" };

	return names[kind];
}

WEAK void events_of(const struct snapshot *s, struct event_list *list)
{
	(void)s;
	*list = (struct event_list){ };
}

WEAK void events_free(struct event_list *list)
{
	(void)list;
}

WEAK const char *severity_name(enum severity severity)
{
	static const char *const names[] = { "info", "warning", "fault" };

	return names[severity];
}

WEAK void findings_of(const struct observation *o, struct finding_list *list)
{
	(void)o;
	*list = (struct finding_list){ };
}

WEAK void findings_free(struct finding_list *list)
{
	(void)list;
}

WEAK int findings_status(const struct finding_list *list)
{
	(void)list;
	return 0;
}

WEAK void system_begin(struct system_facts *s)
{
	memset(s, 0, sizeof(*s));
}

WEAK void system_end(struct system_facts *s)
{
	(void)s;
}

WEAK void system_free(struct system_facts *s)
{
	(void)s;
}

WEAK const struct observation *observed(const struct judgement *j)
{
	(void)j;
	return NULL;
}

WEAK struct finding *finding_new(struct judgement *j, const struct rule *rule, const char *title,
				 ...)
{
	(void)j;
	(void)rule;
	(void)title;
	return NULL;
}

WEAK void finding_evidence(struct finding *f, const char *format, ...)
{
	(void)f;
	(void)format;
}

WEAK void finding_advice(struct finding *f, const char *format, ...)
{
	(void)f;
	(void)format;
}

WEAK void finding_cause(struct finding *f, const char *format, ...)
{
	(void)f;
	(void)format;
}

WEAK void finding_size(struct finding *f, double size, double error, const char *unit)
{
	(void)f;
	(void)size;
	(void)error;
	(void)unit;
}

WEAK int cmd_report(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &options_sampling, 0, NULL, 0 }, { &options_common, 0, NULL, 0 }, { }
	};
	static const struct argp argp = { NULL, NULL, NULL, "Report.", children, NULL, NULL };
	struct event_list events;
	struct snapshot s;

	options.sampling.duration_ms = 10000;
	options_parse(&argp, argc, argv, NULL);
	if (sampling_begin(&options.sampling))
		return STATUS_NO_FIGURE;
	sampling_wait(&options.sampling, options.sampling.duration_ms, "sampling");
	snapshot_read(&s, SNAPSHOT_ALL);
	events_of(&s, &events);
	json_print(stdout, &s, &events, NULL, false);
	events_free(&events);
	snapshot_free(&s);
	return 0;
}

#define NOT_BUILT(name) \
WEAK int name(int argc, char **argv) \
{ \
	(void)argc; \
	fprintf(stderr, "%s: not built\n", argv[0]); \
	return STATUS_USAGE; \
}

NOT_BUILT(cmd_watch)
NOT_BUILT(cmd_doctor)
NOT_BUILT(cmd_events)
NOT_BUILT(cmd_pairs)
NOT_BUILT(cmd_hist)
NOT_BUILT(cmd_wait)
