// SPDX-License-Identifier: GPL-2.0
/* rules_moving.c: the offset between the TSCs of two CPUs moves */
#include <string.h>

#include "tsc_pairs.h"
#include "words.h"

/* A hull is 1/32 wider than what was measured: module/interval.c. */
#define HULL_MARGIN_PART	32
#define ROUNDING_NS		1000

static bool has_cpu(const struct finding *f, unsigned int cpu)
{
	size_t i;

	for (i = 0; i < f->n_cpus; i++)
		if (f->cpus[i] == cpu)
			return true;
	return false;
}

/*
 * How far a hull extends because of the widths of bursts alone: as far as the hull of the same CPUs
 * by another clock, which is of the same bursts, or as the widest hull of the TSC's pairs that do
 * not move; the smaller of the two.
 */
static uint64_t spread_ns(const struct snapshot *s, const struct tsc_pairs *all,
			  const struct pair_line *moving, const char *other)
{
	const struct pair_line *same = other ? pair_of(s, other, moving) : NULL, *p;
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

/* The offset moved by at most the width of the hull, and by at least that less bursts' widths. */
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

void motion_evidence(const struct judgement *j, struct finding *f, const struct pair_line *p,
		     const char *other)
{
	struct tsc_pairs all;

	tsc_pairs_of(&j->o->after, &all);
	hull_evidence(f, p);
	motion_size(f, extent_ns(p), spread_ns(&j->o->after, &all, p, other));
}

/* If residuals are as large as the step, they come from the motion too. */
static bool is_noise(const struct move *x)
{
	return ns_magnitude(x->ns) <= x->error_ns;
}

static bool is_kernels(enum voice v)
{
	return v == VOICE_RAW || v == VOICE_WALL;
}

/* Whether a clock stepped as the page of the CPU that reads it; this may step to and fro. */
static bool steps_as_page(const struct moment *m, enum voice v)
{
	const struct move *page = &m->move[VOICE_PAGE], *x = &m->move[v];
	uint64_t size_ns = ns_magnitude(x->ns), page_ns = ns_magnitude(page->largest_ns);
	uint64_t apart_ns = size_ns > page_ns ? size_ns - page_ns : page_ns - size_ns;

	if (page->one_cpu && page->cpu != x->cpu)
		return false;
	return moves_alike(m, VOICE_PAGE, v) ||
	       (page->steps > 1 && apart_ns <= page->error_ns + x->error_ns + ROUNDING_NS);
}

/* Whether two clocks that one CPU reads stepped alike; the kernel's two count as one clock. */
static bool step_together(const struct moment *m, enum voice a, enum voice b)
{
	if (a == b || !m->move[a].stepped || !m->move[b].stepped ||
	    (is_kernels(a) && is_kernels(b)))
		return false;
	if (a == VOICE_PAGE || b == VOICE_PAGE)
		return steps_as_page(m, a == VOICE_PAGE ? b : a);
	return moves_alike(m, a, b);
}

/*
 * Whether a step may be the TSC's: then all clocks that are compared with it step alike, at once. A
 * time page may step alone, to make up for its CPU's TSC. If the kernel's clock follows the page,
 * its CPU is the leader, and the host's clock has to step as well. If it does not, the host has set
 * the page; but it does so only once: several steps of the page may be the TSC's all the same.
 */
static bool steps_with_tsc(const struct moment *m, enum voice v)
{
	const struct move *host = &m->move[VOICE_HOST];
	enum voice other;

	if (v == VOICE_PAGE && (is_noise(&m->move[VOICE_RAW]) || !step_together(m, v, VOICE_RAW)))
		return true;
	if (v != VOICE_HOST && host->heard && !moves_alike(m, v, VOICE_HOST) &&
	    m->move[VOICE_PAGE].steps <= 1)
		return false;
	for (other = 0; other < VOICES; other++)
		if (step_together(m, v, other))
			return true;
	return false;
}

/* Whether a CPU whose TSC moves saw the step, and the step is no larger than the motion twice. */
static bool is_of_motion(const struct finding *f, const struct moment *m, enum voice v,
			 __uint128_t limit_ns)
{
	const struct move *x = &m->move[v];

	if (!x->stepped || ns_magnitude(x->largest_ns) > limit_ns + x->error_ns)
		return false;
	/* of a step that only a counter shows, neither the time nor the CPU is known */
	if (x->cpu == CPU_UNKNOWN || !m->boottime_ns.known)
		return true;
	return has_cpu(f, x->cpu) && (steps_with_tsc(m, v) || is_noise(x));
}

/* Make the steps that come from the motion evidence of the finding. */
static void explain_motion(struct judgement *j, struct finding *f, uint64_t moved_ns)
{
	const __uint128_t limit_ns = (__uint128_t)2 * moved_ns;
	uint64_t largest_ns[VOICES] = { };
	unsigned int steps[VOICES] = { };
	struct moment *m;
	struct move *x;
	enum voice v;
	size_t i;

	for (i = 0; i < j->moments.n; i++) {
		m = &j->moments.moments[i];
		for (v = 0; v < VOICES; v++) {
			x = &m->move[v];
			if (!is_of_motion(f, m, v, limit_ns))
				continue;
			x->explained = true;
			steps[v] += x->steps;
			if (ns_magnitude(x->largest_ns) > largest_ns[v])
				largest_ns[v] = ns_magnitude(x->largest_ns);
		}
		if (m->kind == MOMENT_JUMP && m->move[m->by].explained)
			m->kind = MOMENT_OTHER;
		m->tsc_explained |= m->tsc_backward_cpus && has_cpu(f, m->tsc_cpu) &&
				    m->tsc_backward_ns <= limit_ns;
	}
	for (v = 0; v < VOICES; v++)
		if (steps[v])
			finding_evidence(f, "%s stepped %u times with it, by up to %s",
					 voice_name(&j->o->after, v), steps[v],
					 ns_text(largest_ns[v]));
}

/* How far a pair was apart all the time, at least; 0: at times it may have been in step. */
static uint64_t least_offset_ns(const struct pair_line *p)
{
	if (p->hull_low_ns > 0)
		return p->hull_low_ns;
	return p->hull_high_ns < 0 ? ns_magnitude(p->hull_high_ns) : 0;
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
	/* an offset that is larger than its motion matters more */
	if (least_offset_ns(worst) > most) {
		f = finding_new(j, rule, "The TSC of CPU %u is %s or more %s that of CPU %u, and moves by up to %s",
				worst->cpu_j, ns_text(least_offset_ns(worst)),
				worst->hull_low_ns > 0 ? "ahead of" : "behind", worst->cpu_i,
				ns_text(most));
	} else {
		f = finding_new(j, rule, "The offset between the TSCs of CPUs %u and %u moves, by up to %s",
				worst->cpu_i, worst->cpu_j, ns_text(most));
	}
	motion_evidence(j, f, worst, voice_name(s, VOICE_PAGE));
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
				 ns_text(largest_warp_ns(j, snapshot_clock(s, "tsc"))));
	who_sees(j, f, worst);
	explain_motion(j, f, most);
	explain_pairs(j, &all, true, odd_cpu(&all));
}

/* Whether steps of the page explain the motion: CPUs see an update at different times. */
static bool page_stepped(const struct judgement *j, const struct pair_line *p, uint64_t moved_ns)
{
	uint64_t met_ns = j->o->after.boottime_ns - p->age_ms * 1000000;
	const struct moment *m;
	const struct move *x;

	for (m = j->moments.moments; m < j->moments.moments + j->moments.n; m++) {
		x = &m->move[VOICE_PAGE];
		if (x->stepped && moved_ns / 2 <= ns_magnitude(x->largest_ns) + x->error_ns &&
		    (!m->boottime_ns.known || m->boottime_ns.value + MOVES_AFTER_JUMP_NS >= met_ns))
			return true;
	}
	return false;
}

const struct pair_line *page_motion(const struct judgement *j)
{
	const struct snapshot *s = &j->o->after;
	const char *page = voice_name(s, VOICE_PAGE);
	const struct pair_line *p, *tsc, *worst = NULL;
	struct event e = { .kind = EVENT_WARP };
	uint64_t spread, moved;
	struct tsc_pairs all;

	tsc_pairs_of(s, &all);
	for (p = all.pairs; page && p < all.pairs + all.n; p++) {
		if (strcmp(p->clock, page) || !p->known || !p->moving || p->age_ms > all.limit_ms)
			continue;
		/* if the TSC's pair moves, the page's clock moves with it */
		tsc = pair_of(s, "tsc", p);
		if (!tsc || !tsc->known || tsc->moving)
			continue;
		spread = spread_ns(s, &all, p, "tsc");
		if (spread == ERROR_UNKNOWN)
			spread = 2 * (uint64_t)tsc->bound_ns;
		moved = extent_ns(p) > spread ? extent_ns(p) - spread : 0;
		if (moved <= OFFSET_FAULT_NS || page_stepped(j, p, moved))
			continue;
		e.cpu = p->cpu_i;
		e.peer = p->cpu_j;
		e.size_ns = moved < INT64_MAX ? moved : INT64_MAX;
		snprintf(e.clock, sizeof(e.clock), "%s", page);
		if (!explained(j, &e) && (!worst || extent_ns(p) > extent_ns(worst)))
			worst = p;
	}
	return worst;
}
