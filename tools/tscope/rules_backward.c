// SPDX-License-Identifier: GPL-2.0
/* rules_backward.c: clocks that went backward on a CPU, or from one CPU to another */
#include <stdlib.h>
#include <string.h>

#include "tsc_pairs.h"
#include "words.h"

/* violations keeps 1024 lines; some may be dropped while it is read. */
#define VIOLATIONS_FULL 1000

static const char *who_notices(const struct judgement *j, const char *clock)
{
	if (is_clocksource(j, clock))
		return "it is the clocksource: CLOCK_MONOTONIC of programs goes backward with it";
	if (!strcmp(clock, "monotonic-raw"))
		return "programs that read CLOCK_MONOTONIC_RAW see it";
	if (!strcmp(clock, "realtime"))
		return "programs that read CLOCK_REALTIME see it";
	if (!strcmp(clock, "tsc"))
		return "programs that execute RDTSC see it; the clocksource is another one";
	return "no program sees it: the clocksource is another one";
}

/* Whether a backward reading belongs to a step that a finding names, or is before --since. */
static bool is_of_step(const struct judgement *j, size_t line, enum voice v)
{
	const struct moment *m;

	if (j->moments.of[line] < 0)
		return true;
	m = &j->moments.moments[j->moments.of[line]];
	return v == VOICES ? m->tsc_explained : m->move[v].explained;
}

/* Whether violations dropped steps of the clock, or of the time page, which shows jumps of TSCs. */
static bool dropped_steps(const struct snapshot *s, const struct clock_figures *c)
{
	const char *page = voice_name(s, VOICE_PAGE);
	uint64_t listed = 0;
	size_t i;

	if (!strcmp(c->name, "tsc") && page)
		c = snapshot_clock(s, page);
	for (i = 0; c && i < s->n_violations; i++)
		listed += !strcmp(s->violations[i].what, "step") &&
			  !strcmp(s->violations[i].clock, c->name);
	return c && c->steps.known && c->steps.value > listed;
}

/*
 * Backward readings that violations does not list: it can't be read, or is full and has dropped
 * them. If it has a line from before --since, these are older. If it has the largest one, or
 * dropped steps, which may be why, nothing is known of them.
 */
static uint64_t unlisted_backward(const struct judgement *j, const struct clock_figures *c)
{
	const struct snapshot *s = &j->o->after;
	const struct violation *v;
	uint64_t listed = 0;

	if (s->debug && (s->n_violations < VIOLATIONS_FULL || dropped_steps(s, c)))
		return 0;
	for (v = s->violations; v < s->violations + s->n_violations; v++) {
		if (violation_boottime_ns(s, v) < j->o->since_ns)
			return 0;
		if (strcmp(v->what, "backward") || strcmp(v->clock, c->name))
			continue;
		listed += v->count;
		if (ns_magnitude(v->size_ns) == c->backward_max_ns.value)
			return 0;
	}
	return c->backward.known && c->backward.value > listed ? c->backward.value - listed : 0;
}

/* Tally a clock's backward readings; @since: the time of the first that no finding explains. */
static void tally_backward(const struct judgement *j, const struct clock_figures *c,
			   struct tally *all, struct count *since)
{
	const struct snapshot *s = &j->o->after;
	struct event e = { .kind = EVENT_BACKWARD, .cpu = -1, .peer = -1,
			   .count = unlisted_backward(j, c) };
	size_t i;

	*since = (struct count){ };
	if (e.count) {
		snprintf(e.clock, sizeof(e.clock), "%s", c->name);
		tally(j, all, &e, c->backward_max_ns.value);
	}
	for (i = 0; i < s->n_violations; i++) {
		if (strcmp(s->violations[i].what, "backward") ||
		    strcmp(s->violations[i].clock, c->name) || is_of_step(j, i, voice_of(c->name)))
			continue;
		e = event_of_line(s, &s->violations[i], EVENT_BACKWARD);
		if (!tally(j, all, &e, ns_magnitude(e.size_ns)) && !since->known)
			*since = j->moments.moments[j->moments.of[i]].boottime_ns;
	}
}

/* Add a line of evidence to each finding that explains something. */
static void note_explained(struct judgement *j, const struct clock_figures *c,
			   const struct tally *all, enum event_kind kind)
{
	struct finding *f;
	size_t i;

	for (i = 0; i < j->n; i++, all++) {
		f = &j->drafts[i].finding;
		if (!all[1].n)
			continue;
		if (kind == EVENT_BACKWARD)
			finding_evidence(f, "%s read backward, by up to %s", c->name,
					 ns_text(all[1].largest_ns));
		else
			finding_evidence(f, "%s warped %llu times, by up to %s", c->name,
					 (unsigned long long)all[1].n,
					 ns_text(all[1].largest_ns ?: c->warp_max_ns.value));
	}
}

void judge_clock_backward(const struct rule *rule, struct judgement *j)
{
	const struct clock_figures *c;
	struct tally *all, left;
	struct count since;
	struct finding *f;
	size_t k;

	for (k = 0; k < j->o->after.n_clocks; k++) {
		c = &j->o->after.clocks[k];
		all = tallies_new(j);
		tally_backward(j, c, all, &since);
		note_explained(j, c, all, EVENT_BACKWARD);
		left = *all;
		free(all);
		if (!left.n)
			continue;
		f = finding_new(j, rule, "%s went backward by %s", c->name,
				ns_text(left.largest_ns));
		finding_is_of(j, c->name, NULL);
		finding_size(f, left.largest_ns, 1, "ns");
		finding_ended(f, since);
		finding_evidence(f, "%s/backward: %llu, the largest %s", c->name,
				 (unsigned long long)c->backward.value,
				 ns_text(c->backward_max_ns.value));
		finding_evidence(f, "%s", who_notices(j, c->name));
	}
}

/* Whether a line is a warp of this clock during the observation; at any time if none was. */
static bool is_warp(const struct judgement *j, const struct violation *v, const char *clock)
{
	return !strcmp(v->what, "warp") && !strcmp(v->clock, clock) &&
	       (!j->o->observed_ns ||
		violation_boottime_ns(&j->o->after, v) >= j->o->before.boottime_ns);
}

static uint64_t known_warp_ns(const struct judgement *j, const struct clock_figures *c)
{
	const struct snapshot *s = &j->o->after;
	uint64_t largest = 0;
	size_t i;

	for (i = 0; i < s->n_violations; i++)
		if (is_warp(j, &s->violations[i], c->name) &&
		    ns_magnitude(s->violations[i].size_ns) > largest)
			largest = ns_magnitude(s->violations[i].size_ns);
	/* violations may have dropped the largest: if the maximum rose, it is new */
	return grown(j, c->name, warp_max_ns) ? c->warp_max_ns.value : largest;
}

uint64_t largest_warp_ns(const struct judgement *j, const struct clock_figures *c)
{
	return known_warp_ns(j, c) ?: c->warp_max_ns.value;
}

/* Tally the warps of a clock during the observation: those that have a line, and the others. */
static void tally_warps(const struct judgement *j, const struct clock_figures *c,
			struct tally *all, uint64_t warps)
{
	const struct snapshot *s = &j->o->after;
	struct event e, rest = { .kind = EVENT_WARP, .cpu = -1, .peer = -1 };
	uint64_t listed = 0, largest = 0;
	size_t i;

	for (i = 0; i < s->n_violations && warps; i++) {
		if (!is_warp(j, &s->violations[i], c->name))
			continue;
		e = event_of_line(s, &s->violations[i], EVENT_WARP);
		tally(j, all, &e, ns_magnitude(e.size_ns));
		listed += e.count;
		if (ns_magnitude(e.size_ns) > largest)
			largest = ns_magnitude(e.size_ns);
	}
	if (listed >= warps)
		return;
	rest.count = warps - listed;
	snprintf(rest.clock, sizeof(rest.clock), "%s", c->name);
	/* if the maximum rose, it is one of these; without violations any finding may explain it */
	largest = grown(j, c->name, warp_max_ns) && c->warp_max_ns.value > largest ?
		  c->warp_max_ns.value : 0;
	if (s->debug)
		rest.size_ns = largest < INT64_MAX ? (int64_t)largest : INT64_MAX;
	tally(j, all, &rest, largest);
}

static void warped_cpus(const struct judgement *j, struct finding *f, const char *clock)
{
	const struct snapshot *s = &j->o->after;
	struct event e;
	size_t i;

	for (i = 0; i < s->n_violations; i++) {
		if (!is_warp(j, &s->violations[i], clock))
			continue;
		e = event_of_line(s, &s->violations[i], EVENT_WARP);
		if (explained(j, &e))
			continue;
		finding_cpu(f, e.cpu);
		if (e.peer >= 0)
			finding_cpu(f, e.peer);
	}
}

/* Whether the worst pair of the time page's clock differs so much that programs notice it. */
static bool page_is_apart(const struct judgement *j, const struct clock_figures *c)
{
	struct event e = { .kind = EVENT_WARP, .cpu = c->offset.cpu_i, .peer = c->offset.cpu_j };
	__int128_t excess = beyond_ns(c->offset.offset_ns, c->offset.bound_ns);

	if (voice_of(c->name) != VOICE_PAGE || !c->offset.known || c->offset.moving ||
	    excess <= OFFSET_FAULT_NS)
		return false;
	snprintf(e.clock, sizeof(e.clock), "%s", c->name);
	e.size_ns = excess < INT64_MAX ? excess : INT64_MAX;
	return !explained(j, &e);
}

void judge_clock_warped(const struct rule *rule, struct judgement *j)
{
	const struct clock_figures *c;
	struct tally *all, left;
	const struct pair_line *moves;
	struct finding *f;
	bool apart;
	size_t k;

	for (k = 0; k < j->o->after.n_clocks; k++) {
		c = &j->o->after.clocks[k];
		all = tallies_new(j);
		tally_warps(j, c, all, grown(j, c->name, warps));
		/* findings on the TSC report its warps */
		if (strcmp(c->name, "tsc"))
			note_explained(j, c, all, EVENT_WARP);
		left = *all;
		free(all);
		apart = page_is_apart(j, c);
		moves = voice_of(c->name) == VOICE_PAGE ? page_motion(j) : NULL;
		if (!left.n && !apart && !moves)
			continue;
		if (left.n)
			f = finding_new(j, rule, "%s warped between CPUs, by up to %s", c->name,
					ns_text(left.largest_ns ?: c->warp_max_ns.value));
		else if (moves)
			f = finding_new(j, rule, "%s of CPUs %u and %u moves, by up to %s", c->name,
					moves->cpu_i, moves->cpu_j, ns_text(extent_ns(moves)));
		else
			f = finding_new(j, rule, "%s of CPU %u is %s off that of CPU %u", c->name,
					c->offset.cpu_j, step_text(c->offset.offset_ns),
					c->offset.cpu_i);
		finding_is_of(j, c->name, NULL);
		if (moves) {
			motion_evidence(j, f, moves, "tsc");
			finding_cpu(f, moves->cpu_i);
			finding_cpu(f, moves->cpu_j);
		}
		if (!left.n && !moves) {
			finding_size(f, c->offset.offset_ns, c->offset.bound_ns, "ns");
			finding_cpu(f, c->offset.cpu_i);
			finding_cpu(f, c->offset.cpu_j);
		} else if (left.largest_ns) {
			finding_size(f, left.largest_ns, 1, "ns");
		}
		if (left.n) {
			finding_evidence(f, "%s/warps rose by %llu: a CPU read less than another one had published",
					 c->name, (unsigned long long)left.n);
			warped_cpus(j, f, c->name);
		}
		if (apart)
			finding_evidence(f, "offset of CPUs %u and %u: %s +- %s (worst case)",
					 c->offset.cpu_i, c->offset.cpu_j,
					 step_text(c->offset.offset_ns),
					 ns_text(c->offset.bound_ns));
		finding_evidence(f, "%s", who_notices(j, c->name));
	}
}
