// SPDX-License-Identifier: GPL-2.0
/* rules_tsc.c: the TSC jumped, or time stood still because the TSC or kvm-clock went back */
#include <stdlib.h>
#include <string.h>

#include "judgement.h"
#include "parse.h"
#include "words.h"

#define NSEC_PER_MSEC	1000000ll

/* A write to a TSC takes some time, at most this, in which the TSC runs on. */
#define WRITE_NS		NSEC_PER_MSEC
/* A tick of the slowest kernels: if time stands still for less, nobody notices. */
#define STANDS_NS		(10 * NSEC_PER_MSEC)
/* If the kernel's time still stands, the report is at most this old by the kernel's time. */
#define REPORTED_WITHIN_NS	(3000 * NSEC_PER_MSEC)
/* A jump is one step of the CPU's time page; after it the host may update the page again. */
#define JUMP_STEPS		4
/* While all CPUs sample all the time, each one is read at least once a second. */
#define SEEN_WITHIN_NS		(1000 * NSEC_PER_MSEC)

/*
 * Make what a jump of @ns (ns < 0: back) explains evidence: steps of its moment, and warps and
 * backward readings near it. If only the TSC of @cpu jumped (-1: all), it stays apart from others:
 * then later ones are explained too.
 */
static void explain_jump(struct judgement *j, struct moment *m, int64_t ns, uint64_t error_ns,
			 int cpu)
{
	uint64_t at = m->boottime_ns.value;
	struct explanation x = {
		.warps = ALL_CLOCKS, .backward = ALL_CLOCKS, .peer = CPU_UNKNOWN,
		.cpu = cpu < 0 ? CPU_UNKNOWN : (unsigned int)cpu, .to_ns = UINT64_MAX,
	};
	struct move *move;
	enum voice v;

	if (__builtin_add_overflow(ns_magnitude(ns), error_ns, &x.largest_ns))
		x.largest_ns = UINT64_MAX;
	if (at > (uint64_t)EVENTS_APART_NS)
		x.from_ns = at - EVENTS_APART_NS;
	if (cpu < 0 && m->boottime_ns.known)
		x.to_ns = at + EVENTS_APART_NS + (ns < 0 ? ns_magnitude(ns) : 0);
	explain(j, &x);
	m->tsc_explained = true;
	for (v = 0; v < VOICES; v++) {
		move = &m->move[v];
		move->explained |= m->kind != MOMENT_JUMP ||
				   (move->stepped ? moves_alike(m, m->by, v) :
						    move->backward_ns <= x.largest_ns);
	}
}

/* CPUs that sampled, without those that are offline now, or are to sample no more. */
static size_t sampling_cpus(const struct snapshot *s)
{
	static bool chosen[MAX_CPUS], online[MAX_CPUS];
	bool known = parse_cpu_list(s->cpus, chosen) && parse_cpu_list(s->online, online);
	const struct cpu_line *c;
	size_t n = 0;

	for (c = s->cpu_lines; c < s->cpu_lines + s->n_cpu_lines; c++)
		n += c->windows > 0 &&
		     (!known || (c->cpu < MAX_CPUS && chosen[c->cpu] && online[c->cpu]));
	return n;
}

/* Whether each CPU that samples saw the TSC go back. */
static bool all_went_back(const struct judgement *j, const struct moment *m)
{
	return m->tsc_backward_cpus && m->tsc_backward_cpus >= sampling_cpus(&j->o->after);
}

/* By how much kvm-clock went back, beyond the pause that devices show; 0: it did not. */
static int64_t page_back_ns(const struct moment *m)
{
	const struct move *page = &m->move[VOICE_PAGE], *device = &m->move[VOICE_HPET];
	int64_t back;

	if (!device->stepped)
		device = &m->move[VOICE_PM];
	if (!page->stepped || page->explained || page->ns >= 0)
		return 0;
	if (page->backwards)
		return page->backward_ns;
	/* only a counter shows it: it may have been a pause */
	if (!m->boottime_ns.known)
		return 0;
	/* if the host's wall clock shows no restore, and the devices show no pause */
	if (m->kind != MOMENT_OTHER || (!device->stepped && !device->heard))
		return 0;
	back = ns_minus(device->stepped ? device->ns : 0, page->ns);
	return back > STOP_APART_NS ? back : 0;
}

/*
 * How much more than its backward readings show a clock may have gone back: the time until it was
 * read next. This time is not known if the samplers' timers wait for that clock.
 */
static uint64_t unseen_ns(const struct judgement *j)
{
	const struct snapshot *s = &j->o->after;

	if (s->width_us.known && s->period_us.known && s->width_us.value == s->period_us.value)
		return SEEN_WITHIN_NS;
	return ERROR_UNKNOWN;
}

static void stood(struct judgement *j, const struct rule *rule, struct moment *m, int64_t ns,
		  uint64_t error_ns, const char *clock)
{
	struct finding *f = finding_new(j, rule, "Time stood still for %s%s: %s went back by that",
					error_ns == ERROR_UNKNOWN ? "at least " : "", ns_text(ns),
					clock);

	finding_size(f, ns, error_ns, "ns");
	finding_ended(f, m->boottime_ns);
	finding_evidence(f, "the clocksource is %s: the kernel's time does not go back with it, it waits",
			 clocksource(j));
	if (m->tsc_backward_cpus)
		finding_evidence(f, "%u CPUs read their TSC by up to %s lower than before",
				 m->tsc_backward_cpus, ns_text(m->tsc_backward_ns));
	finding_voices(f, &j->o->after, m);
	explain_jump(j, m, ns_minus(0, ns), error_ns, -1);
}

/* Whether a warp of the TSC shows that this CPU's TSC was apart from another by about @ns. */
static bool warped(const struct snapshot *s, unsigned int cpu, uint64_t ns)
{
	const struct violation *v;
	size_t i;

	for (i = 0; i < s->n_violations; i++) {
		v = &s->violations[i];
		if (!strcmp(v->what, "warp") && !strcmp(v->clock, "tsc") &&
		    (v->cpu == cpu || (v->peer.known && v->peer.value == cpu)) &&
		    ns_magnitude(v->size_ns) <= ns + WRITE_NS &&
		    ns_magnitude(v->size_ns) >= ns / 2)
			return true;
	}
	return false;
}

/*
 * Whether the time page's clock of this CPU agrees with those of CPUs that it meets, to less than a
 * step of its page: then the TSC moved, and the page made up for it.
 */
static bool page_in_step(const struct snapshot *s, unsigned int cpu, uint64_t step_ns)
{
	const char *name = voice_name(s, VOICE_PAGE);
	uint64_t limit_ms = fresh_pair_ms(s);
	const struct pair_line *p;
	bool met = false;
	size_t i;

	for (i = 0; i < s->n_pairs; i++) {
		p = &s->pairs[i];
		if (strcmp(p->clock, name) || (p->cpu_i != cpu && p->cpu_j != cpu) ||
		    !p->known || p->age_ms > limit_ms)
			continue;
		met = true;
		if (p->moving || ns_magnitude(p->offset_ns) + (uint64_t)p->bound_ns >= step_ns)
			return false;
	}
	return met;
}

/*
 * Whether the leader's page surely did not step at @tsc: the kernel's clock, which is computed from
 * that page, went on without a step. (If all pages step alike, only the CPU that sees it first
 * reports the step: so a step that another CPU reports may be the leader's too.)
 */
static bool leader_went_on(const struct judgement *j, uint64_t tsc)
{
	const struct snapshot *s = &j->o->after;
	const struct point_line *p, *before = NULL;

	if (!page_is_clocksource(j))
		return false;
	for (p = s->points; p < s->points + s->n_points; p++) {
		if (voice_of(p->clock) != VOICE_RAW)
			continue;
		if (before && before->segment == p->segment && before->tsc <= tsc &&
		    tsc <= p->tsc)
			return true;
		before = p;
	}
	return false;
}

/* Whether steps of a page cancel each other: the TSC jumped, and was put back (by the kernel). */
static bool was_put_back(const struct move *page)
{
	return ns_magnitude(page->ns) < ns_magnitude(page->largest_ns) / 2;
}

static int64_t page_moved_ns(const struct move *page)
{
	return was_put_back(page) ? page->largest_ns : page->ns;
}

/* Whether one CPU's TSC was written, and the host made up for it only in that CPU's time page. */
static bool one_jumped(const struct judgement *j, const struct moment *m)
{
	const struct move *page = &m->move[VOICE_PAGE];
	uint64_t largest_ns = ns_magnitude(page->largest_ns);
	const struct snapshot *s = &j->o->after;
	enum voice v;

	if (!page->stepped || !page->one_cpu || page->explained || m->kind != MOMENT_OTHER)
		return false;
	for (v = 0; v < VOICES; v++)
		if (v != VOICE_PAGE && m->move[v].stepped)
			return false;
	/* other clocks are read against the leader's TSC: had it moved, they would have stepped */
	if (page->cpu != CPU_UNKNOWN && !snapshot_is_leader(s, page->cpu) &&
	    leader_went_on(j, m->tsc) &&
	    page_in_step(s, page->cpu, ns_magnitude(page_moved_ns(page))))
		return true;
	/* a TSC that drifts or alternates has many steps of its page, and each is small */
	if (page->steps > JUMP_STEPS || largest_ns < ns_magnitude(page->ns) / 2)
		return false;
	if (m->tsc_backward_cpus == 1 && m->tsc_cpu == page->cpu && page->ns > 0)
		return m->tsc_backward_ns <= ns_magnitude(page->ns) + WRITE_NS;
	return warped(s, page->cpu, ns_magnitude(page->ns));
}

/* What keeps the kernel's time from going on, for a title. */
static const char *what_stands(const struct judgement *j)
{
	const char *page = voice_name(&j->o->after, VOICE_PAGE);

	if (!strcmp(clocksource(j), "tsc"))
		return "the TSC is behind where it was";
	if (!page_is_clocksource(j))
		return "the clocksource stands still";
	/* the host made up for the TSC in its page, but timers wait for the TSC */
	if (grown(j, "tsc", backward) && !grown(j, page, backward))
		return "the TSC is behind where it was";
	return "the hypervisor's clock is behind where it was";
}

static void stands_now(struct judgement *j, const struct rule *rule)
{
	const struct snapshot *s = &j->o->after;
	const struct cpu_line *c = snapshot_standing_cpu(s);
	struct explanation x = {
		.backward = CLOCKS_OF_TSC | page_clock(j), .cpu = CPU_UNKNOWN, .peer = CPU_UNKNOWN,
		.largest_ns = UINT64_MAX, .to_ns = UINT64_MAX,
	};
	struct finding *f;
	struct count since;

	if (!c)
		return;
	f = finding_new(j, rule, "Time stands still: %s", what_stands(j));
	since = c->age_ms;
	since.known &= since.value < s->boottime_ns / NSEC_PER_MSEC;
	since.value = s->boottime_ns - since.value * NSEC_PER_MSEC;
	finding_ended(f, since);
	finding_evidence(f, "debugfs cpus: CPU %u stood-still, its sampler ran %llu ms ago", c->cpu,
			 (unsigned long long)c->age_ms.value);
	/* a backward reading is counted now, and gets its line when time goes on */
	if (since.known && since.value > (uint64_t)EVENTS_APART_NS)
		x.from_ns = since.value - EVENTS_APART_NS;
	explain(j, &x);
}

void judge_time_stood_still(const struct rule *rule, struct judgement *j)
{
	const struct snapshot *s = &j->o->after;
	bool on_tsc = !strcmp(clocksource(j), "tsc"), is_now = false, follows;
	const char *page = voice_name(s, VOICE_PAGE), *source;
	struct moment *m;
	int64_t back;
	size_t i;

	for (i = 0; i < j->moments.n; i++) {
		m = &j->moments.moments[i];
		back = page_back_ns(m);
		/* the host did not make up in its page for a TSC that went back */
		follows = page_is_clocksource(j) && !m->move[VOICE_PAGE].stepped &&
			  m->move[VOICE_PAGE].backward_ns >= STANDS_NS;
		source = follows ? page : "the TSC";
		if ((on_tsc || follows) && !m->tsc_explained && m->kind == MOMENT_JUMP &&
		    m->ns <= -STANDS_NS) {
			stood(j, rule, m, ns_minus(0, m->ns), m->error_ns, source);
		} else if ((on_tsc || follows) && !m->tsc_explained && all_went_back(j, m) &&
			   m->tsc_backward_ns >= STANDS_NS) {
			stood(j, rule, m, m->tsc_backward_ns, unseen_ns(j), source);
		} else if (page_is_clocksource(j) && back >= STANDS_NS && !one_jumped(j, m)) {
			stood(j, rule, m, back,
			      m->move[VOICE_PAGE].backwards ? unseen_ns(j) :
			      m->move[VOICE_PAGE].error_ns + m->move[VOICE_HPET].error_ns +
			      m->move[VOICE_PM].error_ns + STOP_APART_NS, page);
			m->move[VOICE_PAGE].explained = true;
		} else {
			continue;
		}
		is_now |= m->boottime_ns.known &&
			  apart(s->boottime_ns, m->boottime_ns.value) <= REPORTED_WITHIN_NS;
	}
	if (!is_now)
		stands_now(j, rule);
}

static void jumped(struct judgement *j, const struct rule *rule, struct moment *m, int64_t ns,
		   uint64_t error_ns, int cpu)
{
	struct finding *f;

	if (cpu < 0)
		f = finding_new(j, rule, "The TSC jumped by %s%s on all CPUs",
				step_text(ns), error_ns == ERROR_UNKNOWN ? " or more" : "");
	else
		f = finding_new(j, rule, "The TSC of CPU %d %s by %s%s", cpu,
				m->move[VOICE_PAGE].steps > JUMP_STEPS ? "moved" : "jumped",
				step_text(ns), m->kind == MOMENT_OTHER &&
				was_put_back(&m->move[VOICE_PAGE]) ? ", and back" : "");
	finding_size(f, ns, error_ns, "ns");
	finding_ended(f, m->boottime_ns);
	if (cpu >= 0)
		finding_cpu(f, cpu);
	if (m->tsc_backward_cpus)
		finding_evidence(f, "%u CPUs read their TSC by up to %s lower than before",
				 m->tsc_backward_cpus, ns_text(m->tsc_backward_ns));
	finding_voices(f, &j->o->after, m);
	if (cpu >= 0 && m->kind != MOMENT_JUMP && m->move[VOICE_PAGE].stepped)
		finding_evidence(f, "%s of CPU %d made up for it, in %u steps: it is in step with that of other CPUs",
				 voice_name(&j->o->after, VOICE_PAGE), cpu,
				 m->move[VOICE_PAGE].steps);
	if (m->kind == MOMENT_JUMP)
		finding_evidence(f, "clocks that don't depend on each other moved alike: the TSC stands alone");
	if (m->kind == MOMENT_JUMP && ns > 0)
		may_be_unseen_pause(j, f, m);
	explain_jump(j, m, ns, error_ns, cpu);
}

void judge_tsc_jumped(const struct rule *rule, struct judgement *j)
{
	struct moment *m;
	size_t i;

	for (i = 0; i < j->moments.n; i++) {
		m = &j->moments.moments[i];
		if (m->tsc_explained)
			continue;
		if (m->kind == MOMENT_JUMP)
			jumped(j, rule, m, m->ns, m->error_ns,
			       m->tsc_backward_cpus == 1 && !all_went_back(j, m) ?
			       (int)m->tsc_cpu : -1);
		else if (one_jumped(j, m))
			jumped(j, rule, m, ns_minus(0, page_moved_ns(&m->move[VOICE_PAGE])),
			       m->move[VOICE_PAGE].error_ns, m->move[VOICE_PAGE].cpu);
		else if (all_went_back(j, m))
			jumped(j, rule, m, (int64_t)-m->tsc_backward_ns, unseen_ns(j), -1);
	}
}
