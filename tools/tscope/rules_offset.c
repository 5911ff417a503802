// SPDX-License-Identifier: GPL-2.0
/* rules_offset.c: the TSCs of CPUs are apart, or their offset moves */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "judgement.h"
#include "words.h"

#define NSEC_PER_MSEC	1000000ll

/* Programs tell offsets of this size by times that go backward; smaller ones a cache line hides. */
#define OFFSET_FAULT_NS		1000
/* A pair meets each second, or less often where a CPU has many: older ones are of another state. */
#define PAIR_AGE_MS		4000
/* A CPU meets eight others in a second: module/pairs.c. */
#define TWO_TURNS_MS_A_PARTNER	250
/* A write to a TSC takes some time, in which the TSC goes on. */
#define WRITE_NS		NSEC_PER_MSEC
/* How far clocks part that tick at 100 ppm of each other. */
#define RATES_PART		10000
#define PAIRS_SHOWN		4
/* By that part of itself a hull is wider than what was measured: module/interval.c. */
#define HULL_MARGIN_PART	32

static uint64_t youngest_ms(const struct snapshot *s)
{
	uint64_t age = UINT64_MAX;
	size_t i;

	for (i = 0; i < s->n_pairs; i++)
		if (s->pairs[i].known && s->pairs[i].age_ms < age)
			age = s->pairs[i].age_ms;
	return age;
}

uint64_t two_turns_ms(const struct snapshot *s)
{
	unsigned int *partners = calloc(MAX_CPUS, sizeof(*partners)), most = 0, k;
	const struct pair_line *p;
	size_t i;

	if (!partners)
		err(4, "pairs");
	for (i = 0; i < s->n_pairs; i++) {
		p = &s->pairs[i];
		/* each clock has the same pairs */
		if (strcmp(p->clock, s->pairs[0].clock))
			continue;
		for (k = 0; k < 2; k++) {
			unsigned int cpu = k ? p->cpu_j : p->cpu_i;

			if (cpu < MAX_CPUS && ++partners[cpu] > most)
				most = partners[cpu];
		}
	}
	free(partners);
	return (uint64_t)most * TWO_TURNS_MS_A_PARTNER;
}

uint64_t fresh_pair_ms(const struct snapshot *s)
{
	uint64_t limit_ms;

	return __builtin_add_overflow(youngest_ms(s), PAIR_AGE_MS + two_turns_ms(s), &limit_ms) ?
	       UINT64_MAX : limit_ms;
}

static __int128_t excess_ns(const struct pair_line *p)
{
	return beyond_ns(p->offset_ns, p->bound_ns);
}

/* Pairs, and the age up to which they count as now. */
struct tsc_pairs {
	const struct pair_line *pairs;
	size_t n;
	uint64_t limit_ms;
};

static void tsc_pairs_of(const struct snapshot *s, struct tsc_pairs *all)
{
	*all = (struct tsc_pairs){ s->pairs, s->n_pairs, fresh_pair_ms(s) };
}

/* Whether it is a pair of the TSC that met within the time that counts as now. */
static bool is_fresh(const struct tsc_pairs *all, const struct pair_line *p)
{
	return !strcmp(p->clock, "tsc") && p->known && p->age_ms <= all->limit_ms;
}

static const struct pair_line *pair_of(const struct snapshot *s, const char *clock,
				       const struct pair_line *like)
{
	size_t i;

	for (i = 0; i < s->n_pairs; i++)
		if (!strcmp(s->pairs[i].clock, clock) && s->pairs[i].cpu_i == like->cpu_i &&
		    s->pairs[i].cpu_j == like->cpu_j)
			return &s->pairs[i];
	return NULL;
}

/* Whether a time page's clock is apart as the TSC is from which it is computed. */
static bool is_apart_alike(const struct pair_line *page, const struct pair_line *tsc)
{
	uint64_t apart_ns = ns_magnitude(ns_minus(page->offset_ns, tsc->offset_ns));
	uint64_t rates_ns = ns_magnitude(tsc->offset_ns) / RATES_PART;

	return excess_ns(page) > 0 && !page->moving &&
	       apart_ns <= (uint64_t)page->bound_ns + (uint64_t)tsc->bound_ns + rates_ns;
}

static void who_sees(struct judgement *j, struct finding *f, const struct pair_line *p)
{
	const char *page = voice_name(&j->o->after, VOICE_PAGE);
	const struct pair_line *same = page ? pair_of(&j->o->after, page, p) : NULL;
	const struct clock_figures *c = page ? snapshot_clock(&j->o->after, page) : NULL;

	if (!strcmp(clocksource(j), "tsc"))
		finding_evidence(f, "programs see it: the clocksource is tsc, so their time moves by it when they change CPUs");
	else
		finding_evidence(f, "the clocksource is %s: only programs that execute RDTSC see it",
				 clocksource(j));
	if (same && same->known)
		finding_evidence(f, "%s of these CPUs: %s +- %s: %s", page,
				 step_text(same->offset_ns), ns_text(same->bound_ns),
				 excess_ns(same) > 0 ? "the host does not know of it" :
				 "the host makes up for it");
	if (same && same->known && is_apart_alike(same, p)) {
		explain(j, EVENT_WARP, page);
		explain(j, EVENT_BACKWARD, page);
	}
	if (c && c->stable.known && c->stable.value)
		finding_evidence(f, "%s/stable is 1: the host claims that the TSCs are in step",
				 page);
}

/* The CPU that is apart from all others that it meets, where there is just one; else -1. */
static int odd_cpu(const struct tsc_pairs *all)
{
	const struct pair_line *p;
	unsigned int cpus = 1, *met;
	int odd = -1, several = 0;
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->pairs[i].cpu_j >= cpus && all->pairs[i].cpu_j < MAX_CPUS)
			cpus = all->pairs[i].cpu_j + 1;
	/* of each CPU the pairs that met, and those that are apart */
	met = calloc(cpus, 2 * sizeof(*met));
	if (!met)
		return -1;
	for (i = 0; i < all->n; i++) {
		p = &all->pairs[i];
		if (!is_fresh(all, p) || p->cpu_i >= cpus || p->cpu_j >= cpus)
			continue;
		met[2 * p->cpu_i]++;
		met[2 * p->cpu_j]++;
		met[2 * p->cpu_i + 1] += excess_ns(p) > 0;
		met[2 * p->cpu_j + 1] += excess_ns(p) > 0;
	}
	for (i = 0; i < cpus; i++)
		if (met[2 * i] && met[2 * i] == met[2 * i + 1]) {
			odd = i;
			several++;
		}
	free(met);
	return several == 1 ? odd : -1;
}

/* How a CPU's TSC came to be apart: what fits this offset is its evidence, and not a finding. */
static void explain_moments(struct judgement *j, struct finding *f, const struct pair_line *p,
			    int *odd)
{
	uint64_t size = ns_magnitude(p->offset_ns);
	uint64_t near_ns = p->bound_ns + size / 1000 + WRITE_NS;
	struct move *page;
	struct moment *m;
	bool fits;
	enum voice v;
	size_t i;

	for (i = 0; i < j->moments.n; i++) {
		m = &j->moments.moments[i];
		page = &m->move[VOICE_PAGE];
		fits = m->kind == MOMENT_JUMP &&
		       apart(ns_magnitude(m->ns), size) <= near_ns;
		fits |= m->kind == MOMENT_OTHER && page->stepped && page->one_cpu &&
			!m->move[VOICE_HOST].stepped &&
			(page->cpu == p->cpu_i || page->cpu == p->cpu_j) &&
			apart(ns_magnitude(page->ns), size) <= near_ns;
		fits |= m->tsc_backward_cpus == 1 && m->kind != MOMENT_RESTORE &&
			(m->tsc_cpu == p->cpu_i || m->tsc_cpu == p->cpu_j) &&
			m->tsc_backward_ns <= size + near_ns;
		if (!fits)
			continue;
		if (m->tsc_backward_cpus == 1) {
			*odd = m->tsc_cpu;
			finding_evidence(f, "CPU %u read its TSC by %s lower than before",
					 m->tsc_cpu, ns_text(m->tsc_backward_ns));
		}
		if (page->stepped && page->one_cpu) {
			*odd = m->kind == MOMENT_JUMP ? *odd : (int)page->cpu;
			finding_evidence(f, "%s of CPU %u stepped by %s to make up for it",
					 voice_name(&j->o->after, VOICE_PAGE), page->cpu,
					 step_text(page->ns));
		}
		m->tsc_explained = true;
		for (v = 0; v < VOICES; v++)
			m->move[v].explained |= v == VOICE_PAGE ||
						(m->kind == MOMENT_JUMP && m->move[v].stepped &&
						 moves_alike(m, m->by, v));
		if (!f->since_ns.known || m->boottime_ns.value < f->since_ns.value)
			f->since_ns = m->boottime_ns;
	}
}

/* A time page that was left as it is goes where the TSC goes, whatever its flag claims. */
static void explain_page(struct judgement *j, const struct pair_line *p)
{
	const char *page = voice_name(&j->o->after, VOICE_PAGE);
	const struct pair_line *same = page ? pair_of(&j->o->after, page, p) : NULL;

	if (same && same->known && excess_ns(same) > 0 &&
	    apart(same->offset_ns, p->offset_ns) <=
	    (uint64_t)same->bound_ns + (uint64_t)p->bound_ns)
		explain(j, EVENT_WARP, page);
}

/* Where no pair has a figure, the largest warp is the least that the TSCs are apart. */
static void judge_warps(const struct rule *rule, struct judgement *j, const struct tsc_pairs *all)
{
	const struct snapshot *s = &j->o->after;
	const struct histogram *transit = snapshot_histogram(s, "transit");
	const struct violation *v, *most = NULL;
	struct finding *f;
	int64_t ns;
	size_t i;

	for (i = 0; i < all->n; i++)
		if (!strcmp(all->pairs[i].clock, "tsc") && all->pairs[i].known)
			return;
	for (i = 0; i < s->n_violations; i++) {
		v = &s->violations[i];
		if (!strcmp(v->what, "warp") && !strcmp(v->clock, "tsc") && v->peer.known &&
		    (!most || v->size_ns > most->size_ns))
			most = v;
	}
	if (!most || !grown(j, "tsc", warps))
		return;
	f = finding_new(j, rule, "The TSC of CPU %u is behind that of CPU %u, by %s or more",
			most->cpu, (unsigned int)most->peer.value, ns_text(most->size_ns));
	ns = most->cpu > most->peer.value ? ns_minus(0, most->size_ns) : most->size_ns;
	finding_size(f, ns, transit && transit->max_ns > 0 ? transit->max_ns : WRITE_NS, "ns");
	finding_cpu(f, most->cpu);
	finding_cpu(f, most->peer.value);
	finding_evidence(f, "tsc/warps: %llu; no pair of CPUs has an offset",
			 (unsigned long long)grown(j, "tsc", warps));
	explain_of_tsc(j, EVENT_WARP);
	explain_of_tsc(j, EVENT_BACKWARD);
}

void judge_tsc_offset(const struct rule *rule, struct judgement *j)
{
	const struct snapshot *s = &j->o->after;
	uint64_t warps = grown(j, "tsc", warps);
	const struct pair_line *worst = NULL, *p;
	struct tsc_pairs all;
	struct finding *f;
	size_t i, shown = 0, off = 0;
	int odd;

	tsc_pairs_of(s, &all);
	for (i = 0; i < all.n; i++) {
		p = &all.pairs[i];
		if (p->moving || !is_fresh(&all, p) || excess_ns(p) <= 0)
			continue;
		off++;
		if (!worst || excess_ns(p) > excess_ns(worst))
			worst = p;
	}
	if (!worst) {
		judge_warps(rule, j, &all);
		return;
	}
	odd = odd_cpu(&all);
	f = finding_new(j, rule, "The TSC of CPU %u is %s %s that of CPU %u", worst->cpu_j,
			ns_text(ns_magnitude(worst->offset_ns)),
			worst->offset_ns < 0 ? "behind" : "ahead of", worst->cpu_i);
	finding_size(f, worst->offset_ns, worst->bound_ns, "ns");
	if (excess_ns(worst) <= OFFSET_FAULT_NS && !warps)
		f->severity = SEVERITY_WARNING;
	for (i = 0; i < all.n && shown < PAIRS_SHOWN; i++) {
		p = &all.pairs[i];
		if (p->moving || !is_fresh(&all, p) || excess_ns(p) <= 0)
			continue;
		finding_evidence(f, "CPU %u against CPU %u: %s +- %s (worst case)", p->cpu_j,
				 p->cpu_i, step_text(p->offset_ns), ns_text(p->bound_ns));
		shown++;
	}
	if (off > shown)
		finding_evidence(f, "and %zu pairs more: see tscope pairs", off - shown);
	if (warps)
		finding_evidence(f, "tsc/warps: %llu, the largest %s", (unsigned long long)warps,
				 ns_text(snapshot_clock(s, "tsc")->warp_max_ns.value));
	who_sees(j, f, worst);
	explain_moments(j, f, worst, &odd);
	if (odd >= 0) {
		finding_evidence(f, "CPU %d is the one that is apart", odd);
		finding_cpu(f, odd);
	} else {
		finding_cpu(f, worst->cpu_i);
		finding_cpu(f, worst->cpu_j);
	}
	explain_of_tsc(j, EVENT_WARP);
	explain_of_tsc(j, EVENT_BACKWARD);
	explain_page(j, worst);
}

static bool has_cpu(const struct finding *f, unsigned int cpu)
{
	size_t i;

	for (i = 0; i < f->n_cpus; i++)
		if (f->cpus[i] == cpu)
			return true;
	return false;
}

/*
 * How far a hull extends by the widths of bursts alone: that of the time page's pair of the same
 * CPUs, which is of the same bursts, or the widest one of pairs that rest; the lesser of both.
 */
static uint64_t spread_ns(const struct snapshot *s, const struct tsc_pairs *all,
			  const struct pair_line *moving)
{
	const char *page = voice_name(s, VOICE_PAGE);
	const struct pair_line *same = page ? pair_of(s, page, moving) : NULL, *p;
	uint64_t rest = 0, spread = ERROR_UNKNOWN;
	size_t i;

	for (i = 0; i < all->n; i++) {
		p = &all->pairs[i];
		if (!p->moving && !p->from_sysfs && is_fresh(all, p) && extent_ns(p) > rest)
			rest = extent_ns(p);
	}
	if (rest)
		spread = rest;
	if (same && same->known && !same->from_sysfs && extent_ns(same) < spread)
		spread = extent_ns(same);
	return spread;
}

static void hull_evidence(struct finding *f, const struct pair_line *p)
{
	finding_evidence(f, "CPU %u against CPU %u moves: from %s to %s in two epochs", p->cpu_j,
			 p->cpu_i, step_text(p->hull_low_ns), step_text(p->hull_high_ns));
}

/* The hull is at least as wide as the offset moved, and wider by widths of bursts at most. */
static void motion_size(struct finding *f, uint64_t extent, uint64_t spread)
{
	uint64_t error = spread;

	if (spread == ERROR_UNKNOWN) {
		finding_evidence(f, "how much of that is the width of bursts is not known: debugfs shows no pair that rests");
	} else {
		if (__builtin_add_overflow(extent / HULL_MARGIN_PART, spread, &error) ||
		    error > extent)
			error = extent;
		finding_evidence(f, "up to %s of that may be the width of bursts: the offset moved by %s to %s",
				 ns_text(error), ns_text(extent - error), ns_text(extent));
	}
	finding_size(f, extent, error, "ns");
}

/* Steps that CPUs saw whose TSC moves are no larger than the motion, there and back. */
static void explain_motion(struct judgement *j, const struct finding *f, uint64_t moved_ns)
{
	const __uint128_t limit_ns = (__uint128_t)2 * moved_ns;
	struct moment *m;
	struct move *x;
	enum voice v;
	size_t i;

	for (i = 0; i < j->moments.n; i++) {
		m = &j->moments.moments[i];
		for (v = 0; v < VOICES; v++) {
			x = &m->move[v];
			if ((x->stepped || x->backwards) &&
			    (x->cpu == CPU_UNKNOWN || has_cpu(f, x->cpu)) &&
			    ns_magnitude(x->largest_ns) <= limit_ns + x->error_ns)
				x->explained = true;
		}
		if (m->kind == MOMENT_JUMP &&
		    ns_magnitude(m->ns) <= limit_ns + m->move[m->by].error_ns)
			m->kind = MOMENT_OTHER;
		m->tsc_explained |= m->tsc_backward_cpus && has_cpu(f, m->tsc_cpu) &&
				    m->tsc_backward_ns <= limit_ns;
	}
}

void judge_tsc_moving(const struct rule *rule, struct judgement *j)
{
	const struct snapshot *s = &j->o->after;
	uint64_t warps = grown(j, "tsc", warps), extent, most = 0;
	const struct pair_line *p, *worst = NULL;
	struct tsc_pairs all;
	struct finding *f;
	size_t i, moving = 0, shown = 0;

	tsc_pairs_of(s, &all);
	for (i = 0; i < all.n; i++) {
		p = &all.pairs[i];
		if (!p->moving || !is_fresh(&all, p))
			continue;
		moving++;
		extent = extent_ns(p);
		if (!worst || extent > most) {
			worst = p;
			most = extent;
		}
	}
	if (!worst)
		return;
	f = finding_new(j, rule, "The offset between the TSCs of CPUs %u and %u moves, by up to %s",
			worst->cpu_i, worst->cpu_j, ns_text(most));
	hull_evidence(f, worst);
	motion_size(f, most, spread_ns(s, &all, worst));
	for (i = 0; i < all.n; i++) {
		p = &all.pairs[i];
		if (!p->moving || !is_fresh(&all, p))
			continue;
		finding_cpu(f, p->cpu_i);
		finding_cpu(f, p->cpu_j);
		if (p != worst && shown++ < PAIRS_SHOWN - 1)
			hull_evidence(f, p);
	}
	if (moving > PAIRS_SHOWN)
		finding_evidence(f, "and %zu pairs more: see tscope pairs", moving - PAIRS_SHOWN);
	if (warps)
		finding_evidence(f, "tsc/warps: %llu, the largest %s", (unsigned long long)warps,
				 ns_text(snapshot_clock(s, "tsc")->warp_max_ns.value));
	who_sees(j, f, worst);
	explain_motion(j, f, most);
	explain_of_tsc(j, EVENT_WARP);
	explain_of_tsc(j, EVENT_BACKWARD);
}
