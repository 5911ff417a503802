// SPDX-License-Identifier: GPL-2.0
/* tsc_pairs.c: pairs of CPUs whose TSCs are apart or move: which are current, what they explain */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "tsc_pairs.h"
#include "words.h"

/* A pair meets each second, or less often if a CPU has many pairs: older figures are outdated. */
#define PAIR_AGE_MS		4000
/* A CPU meets eight others in a second (module/pairs.c): two turns take this for each partner. */
#define TWO_TURNS_MS_A_PARTNER	250
/* Clocks whose rates differ by 100 ppm come apart by this part of the time. */
#define RATES_PART		10000

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
		err(STATUS_NO_FIGURE, "pairs");
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

void tsc_pairs_of(const struct snapshot *s, struct tsc_pairs *all)
{
	*all = (struct tsc_pairs){ s->pairs, s->n_pairs, fresh_pair_ms(s) };
}

bool is_fresh(const struct tsc_pairs *all, const struct pair_line *p)
{
	return !strcmp(p->clock, "tsc") && p->known && p->age_ms <= all->limit_ms;
}

const struct pair_line *pair_of(const struct snapshot *s, const char *clock,
				const struct pair_line *like)
{
	/* callers ask for pairs in the list's order: the search goes on where the last one ended */
	static size_t at;
	size_t i;

	for (i = 0; i < s->n_pairs; i++, at++) {
		if (at >= s->n_pairs)
			at = 0;
		if (s->pairs[at].cpu_i == like->cpu_i && s->pairs[at].cpu_j == like->cpu_j &&
		    !strcmp(s->pairs[at].clock, clock))
			return &s->pairs[at];
	}
	return NULL;
}

/* Whether the time page's clock of a pair is apart like the TSC from which it is computed. */
static bool is_apart_alike(const struct pair_line *page, const struct pair_line *tsc)
{
	uint64_t apart_ns = ns_magnitude(ns_minus(page->offset_ns, tsc->offset_ns));
	uint64_t rates_ns = ns_magnitude(tsc->offset_ns) / RATES_PART;

	return excess_ns(page) > 0 &&
	       apart_ns <= (uint64_t)page->bound_ns + (uint64_t)tsc->bound_ns + rates_ns;
}

/*
 * How far the TSCs of a pair have been apart, ns: by the hull or by warps if the pair moves, else
 * by its offset.
 */
static uint64_t farthest_ns(const struct snapshot *s, const struct pair_line *p)
{
	uint64_t low = ns_magnitude(p->hull_low_ns), high = ns_magnitude(p->hull_high_ns);
	uint64_t most = ns_magnitude(p->offset_ns), bound_ns;
	const struct violation *v;

	if (p->moving) {
		most = low > high ? low : high;
		most = extent_ns(p) > most ? extent_ns(p) : most;
		for (v = s->violations; v < s->violations + s->n_violations; v++)
			if (((v->cpu == p->cpu_i && v->peer.value == p->cpu_j) ||
			     (v->cpu == p->cpu_j && v->peer.value == p->cpu_i)) &&
			    !strcmp(v->what, "warp") && !strcmp(v->clock, "tsc") &&
			    ns_magnitude(v->size_ns) > most)
				most = ns_magnitude(v->size_ns);
	}
	bound_ns = p->bound_ns + most / RATES_PART;
	return most > UINT64_MAX - bound_ns ? UINT64_MAX : most + bound_ns;
}

/*
 * Declare what a pair whose TSCs are up to @largest_ns apart explains, between @cpu and @peer. If
 * the time page is not stable, or was left as it is, its clock follows the TSC; else the host makes
 * up for the offset, but may do so late.
 */
static void explain_pair(struct judgement *j, const struct pair_line *p, unsigned int cpu,
			 unsigned int peer, uint64_t largest_ns)
{
	const char *page = voice_name(&j->o->after, VOICE_PAGE);
	const struct pair_line *same = page ? pair_of(&j->o->after, page, p) : NULL;
	const struct clock_figures *c = page ? snapshot_clock(&j->o->after, page) : NULL;
	struct explanation x = {
		.warps = CLOCKS_OF_TSC, .backward = CLOCKS_OF_TSC | page_clock(j), .cpu = cpu,
		.peer = peer, .largest_ns = largest_ns, .to_ns = UINT64_MAX,
	};

	if ((c && (!c->stable.known || !c->stable.value)) ||
	    (same && same->known && is_apart_alike(same, p)))
		x.warps |= page_clock(j);
	explain(j, &x);
}

static bool move_alike(const struct pair_line *page, const struct pair_line *tsc)
{
	return page->moving && extent_ns(page) / 2 <= extent_ns(tsc) &&
	       extent_ns(tsc) / 2 <= extent_ns(page);
}

void who_sees(const struct judgement *j, struct finding *f, const struct pair_line *p)
{
	const char *page = voice_name(&j->o->after, VOICE_PAGE);
	const struct pair_line *same = page ? pair_of(&j->o->after, page, p) : NULL;
	const struct clock_figures *c = page ? snapshot_clock(&j->o->after, page) : NULL;
	bool alike = same && same->known &&
		     (p->moving ? move_alike(same, p) : is_apart_alike(same, p));

	if (!strcmp(clocksource(j), "tsc") || (alike && page_is_clocksource(j)))
		finding_evidence(f, "programs see it: the clocksource is %s, so their time moves by it when they change CPUs",
				 clocksource(j));
	else
		finding_evidence(f, "the clocksource is %s: only programs that execute RDTSC see it",
				 clocksource(j));
	if (same && same->known)
		finding_evidence(f, "%s of these CPUs: %s +- %s: %s", page,
				 step_text(same->offset_ns), ns_text(same->bound_ns),
				 alike ? "the host does not know of it" :
				 excess_ns(same) > 0 ? "the host makes up for the rest" :
				 "the host makes up for it");
	if (f->severity != SEVERITY_FAULT)
		finding_advice(f, "until then nothing has to be changed: a value takes longer to get from one CPU to the other than they are apart");
	else if (alike)
		finding_advice(f, "%s is off as well: until the host is mended, boot with tsc=unstable and clocksource=acpi_pm, or take the CPU offline",
			       page);
	else
		finding_advice(f, ADVICE_TIME_PAGE);
	if (c && c->stable.known && c->stable.value)
		finding_evidence(f, "%s/stable is 1: the host claims that the TSCs are in step",
				 page);
}

int odd_cpu(const struct tsc_pairs *all)
{
	const struct pair_line *p;
	unsigned int cpus = 1, *met;
	int odd = -1, several = 0;
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->pairs[i].cpu_j >= cpus && all->pairs[i].cpu_j < MAX_CPUS)
			cpus = all->pairs[i].cpu_j + 1;
	/* for each CPU: how many of its pairs met lately, and how many of these are apart */
	met = calloc(cpus, 2 * sizeof(*met));
	if (!met)
		return -1;
	for (i = 0; i < all->n; i++) {
		p = &all->pairs[i];
		if (!is_fresh(all, p) || p->cpu_i >= cpus || p->cpu_j >= cpus)
			continue;
		met[2 * p->cpu_i]++;
		met[2 * p->cpu_j]++;
		met[2 * p->cpu_i + 1] += p->moving || excess_ns(p) > 0;
		met[2 * p->cpu_j + 1] += p->moving || excess_ns(p) > 0;
	}
	for (i = 0; i < cpus; i++)
		if (met[2 * i] && met[2 * i] == met[2 * i + 1]) {
			odd = i;
			several++;
		}
	free(met);
	return several == 1 ? odd : -1;
}

void explain_pairs(struct judgement *j, const struct tsc_pairs *all, bool moving, int odd)
{
	const struct pair_line *p, *worst = NULL;
	uint64_t ns, most = 0;

	for (p = all->pairs; p < all->pairs + all->n; p++) {
		if (!is_fresh(all, p) || p->moving != moving || (!moving && excess_ns(p) <= 0))
			continue;
		ns = farthest_ns(&j->o->after, p);
		explain_pair(j, p, p->cpu_i, p->cpu_j, ns);
		if (!worst || ns > most) {
			worst = p;
			most = ns;
		}
	}
	/* also warps between this CPU and CPUs that it did not meet lately */
	if (worst && odd >= 0)
		explain_pair(j, worst, odd, CPU_UNKNOWN, most);
}
