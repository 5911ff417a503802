// SPDX-License-Identifier: GPL-2.0
/* rules_offset.c: the TSCs of CPUs are apart */
#include <string.h>

#include "tsc_pairs.h"
#include "words.h"

#define NSEC_PER_MSEC	1000000ll

/* A write to a TSC takes some time, at most this, in which the TSC runs on. */
#define WRITE_NS		NSEC_PER_MSEC

/* Make moments in which a CPU's TSC may have got its offset evidence of the finding. */
static void explain_moments(struct judgement *j, struct finding *f, const struct pair_line *p,
			    int *odd)
{
	uint64_t size = ns_magnitude(p->offset_ns);
	uint64_t near_ns = p->bound_ns + size / 1000 + (size < WRITE_NS ? size : WRITE_NS);
	struct move *page;
	struct moment *m;
	bool fits, made_up;
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
		made_up = page->stepped && ns_magnitude(page->ns) <= size + near_ns;
		if (made_up && page->one_cpu) {
			*odd = m->kind == MOMENT_JUMP ? *odd : (int)page->cpu;
			finding_evidence(f, "%s of CPU %u stepped by %s to make up for it",
					 voice_name(&j->o->after, VOICE_PAGE), page->cpu,
					 step_text(page->ns));
		}
		m->tsc_explained = true;
		for (v = 0; v < VOICES; v++)
			m->move[v].explained |= (v == VOICE_PAGE && (made_up || !page->stepped)) ||
						(m->kind == MOMENT_JUMP && m->move[v].stepped &&
						 moves_alike(m, m->by, v));
		if (!f->since_ns.known || m->boottime_ns.value < f->since_ns.value)
			f->since_ns = m->boottime_ns;
	}
}

/* If no pair has a figure, the TSCs are apart by at least the largest warp. */
static void judge_warps(const struct rule *rule, struct judgement *j, const struct tsc_pairs *all)
{
	const struct snapshot *s = &j->o->after;
	const struct histogram *transit = snapshot_histogram(s, "transit");
	const struct violation *v, *most = NULL;
	struct explanation x = {
		.warps = CLOCKS_OF_TSC, .backward = CLOCKS_OF_TSC | page_clock(j),
		.to_ns = UINT64_MAX,
	};
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
	finding_advice(f, ADVICE_TIME_PAGE);
	finding_cpu(f, most->cpu);
	finding_cpu(f, most->peer.value);
	finding_evidence(f, "tsc/warps: %llu; no pair of CPUs has an offset",
			 (unsigned long long)grown(j, "tsc", warps));
	x.largest_ns = ns_magnitude(ns) + f->size_error.value;
	for (v = s->violations; v < s->violations + s->n_violations; v++) {
		if (strcmp(v->what, "warp") || strcmp(v->clock, "tsc") || !v->peer.known)
			continue;
		x.cpu = v->cpu;
		x.peer = v->peer.value;
		explain(j, &x);
	}
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
				 ns_text(largest_warp_ns(j, snapshot_clock(s, "tsc"))));
	who_sees(j, f, worst);
	explain_moments(j, f, worst, &odd);
	if (odd >= 0) {
		finding_evidence(f, "CPU %d is the one that is apart", odd);
		finding_cpu(f, odd);
	} else {
		finding_cpu(f, worst->cpu_i);
		finding_cpu(f, worst->cpu_j);
	}
	explain_pairs(j, &all, false, odd);
}
