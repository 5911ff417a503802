// SPDX-License-Identifier: GPL-2.0
/* finding.c: the list of findings: how they are made, sorted, and explained by each other */
#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "judgement.h"
#include "words.h"

/* At most this many findings of one id and clock are reported; tscope events lists all events. */
#define MOST_OF_A_KIND		5
/* An event may leave the wall clock off by this much more than its own size. */
#define LEFT_BEHIND_NS		100000000
/* A change of the clocksource costs the wall clock no more than this. */
#define CHANGE_NS		1000000

static char *print(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		err(4, "findings");
	return text;
}

static void add_line(struct text_list *list, char *line)
{
	char **lines = reallocarray(list->lines, list->n + 1, sizeof(*lines));

	if (!lines || !line)
		err(4, "findings");
	list->lines = lines;
	lines[list->n++] = line;
}

const struct observation *observed(const struct judgement *j)
{
	return j->o;
}

struct finding *finding_new(struct judgement *j, const struct rule *rule, const char *title, ...)
{
	struct draft *drafts = reallocarray(j->drafts, j->n + 1, sizeof(*drafts)), *d;
	va_list args;
	size_t i;

	if (!drafts)
		err(4, "findings");
	j->drafts = drafts;
	d = &drafts[j->n++];
	*d = (struct draft){ .rule = rule };
	d->finding = (struct finding){ .id = rule->id, .severity = rule->severity,
				       .see = rule->see, .unit = "ns", .ended = rule->event };
	va_start(args, title);
	d->finding.title = print(title, args);
	va_end(args);
	finding_cause(&d->finding, "%s", rule->cause);
	for (i = 0; rule->advice[i]; i++)
		finding_advice(&d->finding, "%s", rule->advice[i]);
	return &d->finding;
}

void finding_evidence(struct finding *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(&f->evidence, print(format, args));
	va_end(args);
}

void finding_advice(struct finding *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(&f->advice, print(format, args));
	va_end(args);
}

void finding_cause(struct finding *f, const char *format, ...)
{
	va_list args;

	free(f->cause);
	va_start(args, format);
	f->cause = print(format, args);
	va_end(args);
}

void finding_size(struct finding *f, __int128_t size, uint64_t error, const char *unit)
{
	f->size.known = true;
	f->size.value = size;
	f->size_error = (struct count){ error != ERROR_UNKNOWN,
					error != ERROR_UNKNOWN ? error : 0 };
	f->unit = unit;
}

void finding_thousandths(struct finding *f, __int128_t size, uint64_t error, const char *unit)
{
	finding_size(f, size, error, unit);
	f->places = 3;
}

void finding_cpu(struct finding *f, unsigned int cpu)
{
	unsigned int *cpus;
	size_t i;

	for (i = 0; i < f->n_cpus; i++)
		if (f->cpus[i] == cpu)
			return;
	cpus = reallocarray(f->cpus, f->n_cpus + 1, sizeof(*cpus));
	if (!cpus)
		err(4, "findings");
	f->cpus = cpus;
	cpus[f->n_cpus++] = cpu;
}

void finding_ended(struct finding *f, struct count boottime_ns)
{
	f->ended = true;
	f->since_ns = boottime_ns;
}

void finding_counted_only(struct finding *f, const struct moment *m)
{
	if (m->boottime_ns.known)
		return;
	if (f->severity == SEVERITY_FAULT)
		f->severity = SEVERITY_WARNING;
	finding_evidence(f, "only a counter shows it: not when it was, nor which clocks stepped with it");
}

void finding_is_of(struct judgement *j, const char *clock, const struct moment *m)
{
	j->drafts[j->n - 1].clock = clock;
	j->drafts[j->n - 1].moment = m;
}

void finding_voices(struct finding *f, const struct snapshot *s, const struct moment *m)
{
	const struct move *x;
	const char *name;
	enum voice v;

	for (v = 0; v < VOICES; v++) {
		name = voice_name(s, v);
		x = &m->move[v];
		if (!name)
			continue;
		if (x->stepped && x->error_unknown)
			finding_evidence(f, "%s stepped by %s", name, step_text(x->ns));
		else if (x->stepped)
			finding_evidence(f, "%s stepped by %s +- %s%s", name, step_text(x->ns),
					 ns_text(x->error_ns),
					 is_page(v) ? "" : " (estimated)");
		else
			finding_evidence(f, x->heard ? "%s did not step" :
					 "%s gave no readings across it", name);
	}
}

/*
 * Whether the newest warp of a clock is older than --since: then that state has passed. Without
 * debugfs no warp's time is known, and all of them count as older.
 */
static bool warps_have_passed(const struct judgement *j, const char *clock)
{
	const struct event_list *list = &j->o->events;
	uint64_t newest_ns = 0;
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct event *e = &list->events[i];

		if (e->kind == EVENT_WARP && !strcmp(e->clock, clock) &&
		    e->boottime_ns > newest_ns)
			newest_ns = e->boottime_ns;
	}
	return (newest_ns || !j->o->after.debug) && newest_ns < j->o->since_ns;
}

uint64_t grown_at(const struct judgement *j, const char *clock, size_t member)
{
	const struct clock_figures *before = j->o->observed_ns ?
					     snapshot_clock(&j->o->before, clock) : NULL;
	const struct clock_figures *after = snapshot_clock(&j->o->after, clock);
	const struct count *was, *is;

	if (!after)
		return 0;
	is = (const void *)((const char *)after + member);
	was = before ? (const void *)((const char *)before + member) : NULL;
	if (!is->known)
		return 0;
	if (!j->o->observed_ns && member == offsetof(struct clock_figures, warps) &&
	    warps_have_passed(j, clock))
		return 0;
	/* after a reset in between the counter began at 0 again */
	return was && was->known && was->value <= is->value ? is->value - was->value : is->value;
}

const char *clocksource(const struct judgement *j)
{
	return j->o->after.clocksource[0] ? j->o->after.clocksource : j->o->system.clocksource;
}

bool is_clocksource(const struct judgement *j, const char *clock)
{
	if (!strcmp(clock, "hyperv"))
		clock = "hyperv_clocksource_tsc_page";
	if (!strcmp(clock, "acpi-pm"))
		clock = "acpi_pm";
	return !strcmp(clocksource(j), clock);
}

bool page_is_clocksource(const struct judgement *j)
{
	const char *page = voice_name(&j->o->after, VOICE_PAGE);

	return page && is_clocksource(j, page);
}

static bool is_id(const struct draft *d, const char *id)
{
	return !strcmp(d->rule->id, id);
}

static __int128_t absolute(__int128_t x)
{
	return x < 0 ? -x : x;
}

/* Whether the times of two findings agree: within the time of four points, and what x took. */
static bool at_one_time(const struct finding *x, const struct finding *y, __int128_t took_ns)
{
	return x->since_ns.known && y->since_ns.known &&
	       apart(x->since_ns.value, y->since_ns.value) <= EVENTS_APART_NS + took_ns;
}

/* Whether times and sizes agree; if the error of x is not known, y may be any larger than x. */
static bool agree(const struct draft *a, const struct draft *b)
{
	const struct finding *x = &a->finding, *y = &b->finding;
	__int128_t larger = absolute(x->size.value) - absolute(y->size.value);
	__int128_t error = y->size_error.value;

	if (strcmp(x->unit, y->unit))
		return false;
	/* without debugfs no event has a time; a clock that was set back reads backward for that */
	if (!x->since_ns.known && !y->since_ns.known && a->clock && b->clock &&
	    !strcmp(a->clock, b->clock))
		return x->size.value < 0 && -larger <= error + x->size_error.value;
	if (!at_one_time(x, y, 0))
		return false;
	if (!x->size_error.known)
		return !y->size_error.known || larger <= error;
	return absolute(larger) <= error + x->size_error.value;
}

/*
 * Whether an event left the guest's wall clock off by what b says. Besides, it may have been off by
 * a little before, and after a restore or a pause by what these took.
 */
static bool left_behind(const struct judgement *j, const struct draft *a, const struct finding *b)
{
	__int128_t size = absolute(a->finding.size.value);
	__int128_t margin = is_id(a, "clock-stepped") ? size / 10 : LEFT_BEHIND_NS;

	/* realtime is computed from the clocksource and moves with it, and with no other clock */
	if (is_id(a, "clock-stepped") && a->clock && voice_of(a->clock) != VOICE_RAW &&
	    !is_clocksource(j, a->clock))
		return false;
	return !strcmp(b->unit, "ns") &&
	       absolute(b->size.value) <= size + margin + b->size_error.value;
}

/* Whether finding a explains b; the rule of a says that it may. */
static bool matches(const struct judgement *j, const struct draft *a, const struct draft *b)
{
	const struct finding *x = &a->finding, *y = &b->finding;
	__int128_t size = absolute(x->size.value), error = y->size_error.value;

	if (is_id(a, "no-master-clock"))
		return is_id(b, "host-refuses-pairing") &&
		       snapshot_clock(&j->o->after, "kvm-clock");
	/* the better clocksource would be the TSC, which can't be trusted */
	if (is_id(b, "clocksource"))
		return b->clock && x->severity != SEVERITY_INFO;
	if (is_id(b, "host-drift") && is_id(a, "tsc-frequency"))
		return !strcmp(y->unit, "ppb") &&
		       absolute(absolute(y->size.value) - size) <= size / 10 + error;
	if (is_id(b, "host-drift"))
		return left_behind(j, a, y);
	if (is_id(b, "tsc-moving"))
		return x->since_ns.known &&
		       j->o->after.boottime_ns <= x->since_ns.value + MOVES_AFTER_JUMP_NS;
	/* the kernel's clocks wait until the clocksource has caught up: against it they step */
	if (is_id(a, "time-stood-still") && b->clock && voice_of(b->clock) == VOICE_RAW)
		return at_one_time(x, y, size);
	/* a change of the clocksource costs the kernel's own clocks some time */
	if (is_id(a, "clocksource"))
		return b->clock && (voice_of(b->clock) == VOICE_RAW ||
				    (voice_of(b->clock) == VOICE_WALL &&
				     absolute(y->size.value) <= CHANGE_NS + error)) &&
		       y->since_ns.known &&
		       y->since_ns.value + EVENTS_APART_NS >= j->o->before.boottime_ns &&
		       strcmp(j->o->before.clocksource, j->o->after.clocksource);
	return agree(a, b);
}

static bool may_explain(const struct draft *a, const struct draft *b)
{
	size_t i;

	for (i = 0; a->rule->explains[i]; i++)
		if (is_id(b, a->rule->explains[i]))
			return true;
	return false;
}

static void free_finding(struct finding *f)
{
	size_t i;

	for (i = 0; i < f->evidence.n; i++)
		free(f->evidence.lines[i]);
	for (i = 0; i < f->advice.n; i++)
		free(f->advice.lines[i]);
	free(f->evidence.lines);
	free(f->advice.lines);
	free(f->title);
	free(f->cause);
	free(f->cpus);
}

/* Turn each explained finding into a line of evidence of the finding that explains it. */
static void absorb(struct judgement *j)
{
	size_t a, b;

	for (b = 0; b < j->n; b++)
		for (a = 0; a < j->n; a++) {
			struct draft *x = &j->drafts[a], *y = &j->drafts[b];

			if (!x->rule || !may_explain(x, y) || !matches(j, x, y))
				continue;
			finding_evidence(&x->finding, "explains %s: %s", y->rule->id,
					 y->finding.title);
			free_finding(&y->finding);
			y->rule = NULL;
			break;
		}
}

static bool same_kind(const struct draft *x, const struct draft *y)
{
	return x->rule && x->rule == y->rule && !x->clock == !y->clock &&
	       (!x->clock || !strcmp(x->clock, y->clock));
}

/* Of two findings of one kind that are equally bad, the earlier one counts as worse. */
static bool is_worse(const struct draft *x, const struct draft *y)
{
	const struct finding *f = &x->finding, *g = &y->finding;

	if (f->severity != g->severity)
		return f->severity > g->severity;
	/* a finding without a size may be of any size */
	if (f->size.known != g->size.known)
		return !f->size.known;
	if (absolute(f->size.value) != absolute(g->size.value))
		return absolute(f->size.value) > absolute(g->size.value);
	return x < y;
}

/* Keep the worst of each kind; the last of these says how many others there are. */
static void keep_worst(struct judgement *j)
{
	struct draft *x, *y, *end = j->drafts + j->n;

	for (x = j->drafts; x < end; x++)
		for (y = j->drafts; y < end; y++)
			x->worse += same_kind(x, y) && is_worse(y, x);
	for (x = j->drafts; x < end; x++) {
		if (!x->rule || x->worse < MOST_OF_A_KIND)
			continue;
		for (y = end - 1; !same_kind(x, y) || y->worse >= MOST_OF_A_KIND; y--)
			;
		y->more++;
	}
	for (x = j->drafts; x < end; x++)
		if (x->rule && x->worse >= MOST_OF_A_KIND) {
			free_finding(&x->finding);
			x->rule = NULL;
		}
}

static int by_severity(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;

	if (x->finding.severity != y->finding.severity)
		return x->finding.severity > y->finding.severity ? -1 : 1;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	if (x->finding.since_ns.value != y->finding.since_ns.value)
		return x->finding.since_ns.value < y->finding.since_ns.value ? -1 : 1;
	return 0;
}

/* What happened while sampling was off is seen when it begins: its time is not known. */
static void note_gap(const struct observation *o, struct finding *f)
{
	if (o->went_on && f->ended && f->since_ns.known &&
	    apart(f->since_ns.value, o->before.boottime_ns) <= EVENTS_APART_NS)
		finding_evidence(f, "sampling began at that time: it may have happened at any time while it was off");
}

void findings_of(const struct observation *o, struct finding_list *list)
{
	struct judgement j = { .o = o };
	const struct rule *rule;
	size_t i, n = 0;

	*list = (struct finding_list){ };
	moments_of(&o->after, o->since_ns, &j.moments);
	for (rule = rules; rule->id; rule++)
		rule->judge(rule, &j);
	absorb(&j);
	keep_worst(&j);
	for (i = 0; i < j.n; i++) {
		if (!j.drafts[i].rule)
			continue;
		if (j.drafts[i].more)
			finding_evidence(&j.drafts[i].finding, "and %zu more: see tscope events",
					 j.drafts[i].more);
		note_gap(o, &j.drafts[i].finding);
		j.drafts[n++] = j.drafts[i];
	}
	if (n) {
		qsort(j.drafts, n, sizeof(*j.drafts), by_severity);
		list->findings = calloc(n, sizeof(*list->findings));
		if (!list->findings)
			err(4, "findings");
	}
	for (i = 0; i < n; i++)
		list->findings[i] = j.drafts[i].finding;
	list->n = n;
	free(j.drafts);
	free(j.explanations);
	moments_free(&j.moments);
}

void findings_free(struct finding_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free_finding(&list->findings[i]);
	free(list->findings);
	*list = (struct finding_list){ };
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {
		[SEVERITY_INFO] = "info", [SEVERITY_WARNING] = "warning",
		[SEVERITY_FAULT] = "fault",
	};

	return names[severity];
}

int findings_status(const struct observation *o, const struct finding_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->findings[i].severity != SEVERITY_INFO)
			return 1;
	return snapshot_sampled(&o->after) ? 0 : 4;
}
