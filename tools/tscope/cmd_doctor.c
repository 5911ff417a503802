// SPDX-License-Identifier: GPL-2.0
/* cmd_doctor.c: say what is wrong with this machine's time, and what to do */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "domain_xml.h"
#include "files.h"
#include "json.h"
#include "observe.h"
#include "options.h"
#include "pairs.h"
#include "rules.h"
#include "system_parts.h"
#include "text.h"
#include "write.h"

enum { KEY_SINCE = 512, KEY_KTAP, KEY_DOMAIN, KEY_WRITE };

static struct {
	uint64_t since_ms;
	const char *domain, *write;
	bool ktap;
} wishes = { .since_ms = SINCE_DEFAULT_MS };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_SINCE:
		wishes.since_ms = options_duration_ms(state, "--since", arg);
		return 0;
	case KEY_KTAP:
		wishes.ktap = true;
		return 0;
	case KEY_DOMAIN:
		wishes.domain = arg;
		return 0;
	case KEY_WRITE:
		wishes.write = arg;
		return 0;
	case ARGP_KEY_END:
		if (wishes.ktap && options.json)
			argp_error(state, "--ktap and --json exclude each other");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static bool has_flags(const struct observation *o)
{
	return o->system.constant_tsc.known && o->system.nonstop_tsc.known;
}

static bool has_steal(const struct observation *o)
{
	return o->system.steal_ms.known;
}

static bool has_clocksource(const struct observation *o)
{
	return o->system.clocksource[0];
}

static bool has_services(const struct observation *o)
{
	return !o->system.services_hidden;
}

static bool has_domain(const struct observation *o)
{
	return o->domain;
}

static bool has_host(const struct observation *o)
{
	const struct clock_figures *c = snapshot_clock(&o->after, "ptp-kvm");

	return c && (c->skew_ppt.known || c->host_offset_ns.known);
}

static bool has_device(const struct observation *o)
{
	return voice_name(&o->after, VOICE_PM) || voice_name(&o->after, VOICE_HPET);
}

static bool has_page(const struct observation *o)
{
	return voice_name(&o->after, VOICE_PAGE);
}

static bool has_multiplier(const struct observation *o)
{
	return has_page(o) && snapshot_page_rate_ppt(&o->after).known &&
	       snapshot_clock(&o->after, voice_name(&o->after, VOICE_PAGE))->skew_ppt.known;
}

static bool has_rates(const struct observation *o)
{
	return frequency_is_known(&o->after);
}

/* What single rules need, besides what all rules of their kind need. */
static const struct {
	const char *id;
	bool (*is_there)(const struct observation *o);
	const char *why;
} inputs[] = {
	{ "tsc-not-constant", has_flags, "/proc/cpuinfo has no flags" },
	{ "noisy-host", has_steal, "/proc/stat could not be read" },
	{ "clocksource", has_clocksource, "the clocksource could not be read" },
	{ "time-service", has_services, "processes of other users are hidden" },
	{ "timer-policy", has_domain, "no --domain-xml was given" },
	{ "tsc-frequency", has_rates,
	  "fewer than two of hpet, acpi-pm, ptp-kvm and a time page have a rate" },
	{ "host-drift", has_host, "ptp-kvm has no figures" },
	{ "clock-stopped", has_device, "there is no acpi-pm and no hpet" },
	{ "no-master-clock", has_page, "no clock has a time page" },
	{ "clock-off-multiplier", has_multiplier, "a time page or its clock's skew is not known" },
};

/* Why a rule had nothing to look at; NULL: it looked. */
static const char *not_looked_at(const struct observation *o, const struct rule *rule)
{
	char old[160];
	size_t i;

	if (rule->module && !o->after.loaded)
		return "the module is not loaded";
	if (rule->module && !snapshot_sampled(&o->after))
		return "nothing was sampled";
	/* a state is judged during an observation, unless the user gave -d 0 */
	if (rule->module && !rule->event && !options.sampling.asked && not_observed(o, old))
		return "nothing was sampled: only root can (sudo)";
	/* in debugfs cpus, each CPU that samples has a line */
	if (rule->debug && !o->after.n_cpu_lines)
		return "debugfs could not be read";
	if (rule->event && o->after.unread & SNAPSHOT_VIOLATIONS)
		return "debugfs violations could not be read";
	for (i = 0; i < sizeof(inputs) / sizeof(*inputs); i++)
		if (!strcmp(rule->id, inputs[i].id) && !inputs[i].is_there(o))
			return inputs[i].why;
	return NULL;
}

static bool found(const struct finding_list *list, const char *id)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (!strcmp(list->findings[i].id, id))
			return true;
	return false;
}

/* A test for each id; a finding of severity info passes. */
static void print_ktap(const struct observation *o, const struct finding_list *list)
{
	const struct finding *f;
	const struct rule *rule;
	size_t i, n = 0;
	const char *why;
	char old[160];
	bool good;

	puts("KTAP version 1");
	if (not_observed(o, old))
		printf("# %s\n", old);
	for (i = 0; i < o->after.n_errors; i++)
		printf("# %s\n", o->after.errors[i]);
	for (i = 0; i < o->system.n_notes; i++)
		printf("# %s\n", o->system.notes[i]);
	for (rule = rules; rule->id; rule++)
		n++;
	printf("1..%zu\n", n);
	for (rule = rules, n = 1; rule->id; rule++, n++) {
		good = true;
		for (i = 0; i < list->n; i++) {
			f = &list->findings[i];
			if (strcmp(f->id, rule->id))
				continue;
			printf("# %s: %s\n", severity_name(f->severity), f->title);
			good &= f->severity == SEVERITY_INFO;
		}
		why = not_looked_at(o, rule);
		printf("%s %zu %s", good ? "ok" : "not ok", n, rule->id);
		printf(why && !found(list, rule->id) ? " # SKIP %s\n" : "\n", why);
	}
}

static void print_notes(const struct observation *o)
{
	size_t i;

	if (!o->after.n_errors && !o->system.n_notes)
		return;
	puts("\nnot looked at:");
	for (i = 0; i < o->after.n_errors; i++)
		text_wrap(stdout, "  ", "%s", o->after.errors[i]);
	for (i = 0; i < o->system.n_notes; i++)
		text_wrap(stdout, "  ", "%s", o->system.notes[i]);
}

static void print_text(const struct observation *o, const struct finding_list *list)
{
	size_t n[3] = { }, i;
	char old[160];

	for (i = 0; i < list->n; i++)
		n[list->findings[i].severity]++;
	findings_print(list, o->after.boottime_ns, stdout);
	if (list->n)
		putchar('\n');
	if (!o->after.loaded)
		puts("Clocks were not measured: only what needs no module was looked at.");
	else if (!snapshot_sampled(&o->after))
		puts("Clocks were not measured: nothing was sampled.");
	else if (not_observed(o, old))
		text_wrap(stdout, "", "%s", old);
	if (list->n)
		printf("faults %zu, warnings %zu, info %zu\n", n[SEVERITY_FAULT],
		       n[SEVERITY_WARNING], n[SEVERITY_INFO]);
	else if (snapshot_sampled(&o->after))
		puts("Nothing wrong was found.");
	else
		puts("Nothing wrong was found in what was looked at.");
	print_notes(o);
}

int cmd_doctor(int argc, char **argv)
{
	static const struct argp_option own[] = {
		{ "since", KEY_SINCE, "N[s|m|h|d]", 0, "Also judge events this old (1h)", 4 },
		{ "ktap", KEY_KTAP, NULL, 0, "Print a test for each kind of finding", 4 },
		{ "domain-xml", KEY_DOMAIN, "FILE", 0,
		  "Judge a guest's timers too: what virsh dumpxml prints", 4 },
		{ "write", KEY_WRITE, "DIR", 0, "Write the files there that findings call for", 4 },
		{ }
	};
	static const struct argp_child children[] = {
		{ &options_sampling, 0, NULL, 0 }, { &options_output, 0, NULL, 0 },
		{ &options_common, 0, NULL, 0 }, { }
	};
	static const struct argp argp = {
		own, parse, NULL,
		"Say what is wrong with this machine's time, and what to do.\vSamples for 10 s unless -d says otherwise; with -d 0 what was gathered before is judged.",
		children, NULL, NULL
	};
	struct finding_list list;
	struct domain domain;
	struct observation o;
	char error[160];
	int status;

	options_parse(&argp, argc, argv, NULL);
	if (wishes.domain && !domain_read(wishes.domain, &domain, error))
		errx(STATUS_USAGE, "%s: %s", wishes.domain, error);
	options_check_output();
	if (wishes.write && write_check(wishes.write))
		return STATUS_USAGE;
	options.sampling.can_look = true;
	choose_duration(&options.sampling, SAMPLE_ALWAYS);
	status = observe(&o, &options.sampling);
	if (status)
		return status;
	observation_since(&o, wishes.since_ms);
	o.domain = wishes.domain ? &domain : NULL;
	options_open_output();
	pairs_sort(&o.after);
	findings_of(&o, &list);
	status = findings_status(&o, &list);
	if (options.json && !options.sampling.asked && not_observed(&o, error))
		system_note(&o.system, "%s", error);
	if (options.json)
		json_print(stdout, &o.after, &o.events, &list, &o.system, false);
	else if (wishes.ktap)
		print_ktap(&o, &list);
	else
		print_text(&o, &list);
	/* a finding matters more than a failed write */
	if (wishes.write && write_proposals(wishes.write, &o, &list, stderr) < 0 &&
	    status != STATUS_FOUND)
		status = STATUS_USAGE;
	findings_free(&list);
	observation_free(&o);
	return status;
}
