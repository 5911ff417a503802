// SPDX-License-Identifier: GPL-2.0
/* rules_backward.c: clocks that went backward on a CPU, or from one CPU to another */
#include <string.h>

#include "judgement.h"
#include "words.h"

/* An offset of kvm-clock between CPUs that programs notice, as of the TSC. */
#define OFFSET_FAULT_NS		1000

static const char *who_notices(const struct judgement *j, const char *clock)
{
	const char *source = clocksource(j);

	if (!strcmp(clock, source) || (voice_of(clock) == VOICE_PAGE && page_is_clocksource(j)))
		return "it is the clocksource: CLOCK_MONOTONIC of programs goes backward with it";
	if (!strcmp(clock, "monotonic-raw"))
		return "programs that read CLOCK_MONOTONIC_RAW see it";
	if (!strcmp(clock, "realtime"))
		return "programs that read CLOCK_REALTIME see it";
	if (!strcmp(clock, "tsc"))
		return "programs that execute RDTSC see it; the clocksource is another one";
	return "no program sees it: the clocksource is another one";
}

void judge_clock_backward(const struct rule *rule, struct judgement *j)
{
	const struct clock_figures *c;
	uint64_t left, largest;
	struct finding *f;
	struct moment *m;
	struct count since;
	enum voice v;
	size_t i, k;

	for (k = 0; k < j->o->after.n_clocks; k++) {
		c = &j->o->after.clocks[k];
		v = voice_of(c->name);
		left = c->backward.known ? c->backward.value : 0;
		largest = 0;
		since = (struct count){ };
		for (i = 0; i < j->moments.n; i++) {
			m = &j->moments.moments[i];
			if (v == VOICES && (!m->tsc_backward_cpus || m->tsc_explained))
				continue;
			/* a step that is found is what made it go back */
			if (v != VOICES && (!m->move[v].backwards || m->move[v].explained))
				continue;
			if (v == VOICES && m->tsc_backward_ns > largest)
				largest = m->tsc_backward_ns;
			if (v != VOICES && m->move[v].backward_ns > largest)
				largest = m->move[v].backward_ns;
			if (!since.known)
				since = m->boottime_ns;
		}
		/* without violations the counter is all there is */
		if (!j->o->after.debug && left)
			largest = c->backward_max_ns.value;
		if (!largest)
			continue;
		f = explained(j, EVENT_BACKWARD, c->name);
		if (f) {
			finding_evidence(f, "%s read backward, by up to %s", c->name,
					 ns_text(largest));
			continue;
		}
		f = finding_new(j, rule, "%s went backward by %s", c->name, ns_text(largest));
		finding_is_of(j, c->name, NULL);
		finding_size(f, largest, 1, "ns");
		finding_ended(f, since);
		finding_evidence(f, "%s/backward: %llu, the largest %s", c->name,
				 (unsigned long long)left, ns_text(c->backward_max_ns.value));
		finding_evidence(f, "%s", who_notices(j, c->name));
	}
}

/* The worst pair of kvm-clock, where pairs can't be read. */
static __int128_t page_excess_ns(const struct judgement *j, const char *name, int64_t *offset_ns,
				 int64_t *bound_ns)
{
	const struct clock_figures *c = snapshot_clock(&j->o->after, name);

	*offset_ns = c->offset.offset_ns;
	*bound_ns = c->offset.bound_ns;
	if (!c->offset.known || c->offset.moving)
		return 0;
	return beyond_ns(*offset_ns, *bound_ns);
}

/* Whether it is a warp of this clock during the observation, or at any time where none was. */
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
	/* violations may have lost it: a maximum that rose is new */
	return grown(j, c->name, warp_max_ns) ? c->warp_max_ns.value : largest;
}

uint64_t largest_warp_ns(const struct judgement *j, const struct clock_figures *c)
{
	return known_warp_ns(j, c) ?: c->warp_max_ns.value;
}

void judge_clock_warped(const struct rule *rule, struct judgement *j)
{
	const struct clock_figures *c;
	int64_t offset_ns = 0, bound_ns = 0;
	const struct violation *v;
	uint64_t warps;
	struct finding *f;
	size_t k, i;
	bool apart;

	for (k = 0; k < j->o->after.n_clocks; k++) {
		c = &j->o->after.clocks[k];
		warps = grown(j, c->name, warps);
		apart = voice_of(c->name) == VOICE_PAGE &&
			page_excess_ns(j, c->name, &offset_ns, &bound_ns) > OFFSET_FAULT_NS;
		if (!warps && !apart)
			continue;
		f = explained(j, EVENT_WARP, c->name);
		if (f) {
			if (warps && strcmp(c->name, "tsc"))
				finding_evidence(f, "%s warped %llu times, by up to %s", c->name,
						 (unsigned long long)warps,
						 ns_text(largest_warp_ns(j, c)));
			continue;
		}
		if (warps)
			f = finding_new(j, rule, "%s warped between CPUs, by up to %s", c->name,
					ns_text(largest_warp_ns(j, c)));
		else
			f = finding_new(j, rule, "%s of CPU %u is %s off that of CPU %u", c->name,
					c->offset.cpu_j, step_text(offset_ns), c->offset.cpu_i);
		finding_is_of(j, c->name, NULL);
		if (!warps)
			finding_size(f, offset_ns, bound_ns, "ns");
		else if (known_warp_ns(j, c))
			finding_size(f, known_warp_ns(j, c), 1, "ns");
		if (warps)
			finding_evidence(f, "%s/warps rose by %llu: a CPU read less than another one had published",
					 c->name, (unsigned long long)warps);
		for (i = 0; i < j->o->after.n_violations; i++) {
			v = &j->o->after.violations[i];
			if (!is_warp(j, v, c->name))
				continue;
			finding_cpu(f, v->cpu);
			if (v->peer.known)
				finding_cpu(f, v->peer.value);
		}
		if (apart)
			finding_evidence(f, "offset of CPUs %u and %u: %s +- %s (worst case)",
					 c->offset.cpu_i, c->offset.cpu_j, step_text(offset_ns),
					 ns_text(bound_ns));
		finding_evidence(f, "%s", who_notices(j, c->name));
	}
}
