// SPDX-License-Identifier: GPL-2.0
/* explanation.c: which warps and backward readings a finding accounts for, and which are left */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "judgement.h"

void explain(struct judgement *j, const struct explanation *what)
{
	struct explanation *all = reallocarray(j->explanations, j->n_explanations + 1,
					       sizeof(*all));

	if (!all)
		err(STATUS_NO_FIGURE, "findings");
	j->explanations = all;
	all += j->n_explanations++;
	*all = *what;
	all->draft = j->n - 1;
}

unsigned int page_clock(const struct judgement *j)
{
	return voice_name(&j->o->after, VOICE_PAGE) ? CLOCK(VOICE_PAGE) : 0;
}

static bool is_one_of(const struct explanation *x, int cpu)
{
	return cpu == (int)x->cpu || cpu == (int)x->peer;
}

/* Whether an event may be of the CPUs of an explanation: any if the event's CPU is not known. */
static bool is_of_cpus(const struct explanation *x, const struct event *e)
{
	if (x->cpu == CPU_UNKNOWN || e->cpu < 0)
		return true;
	if (x->peer == CPU_UNKNOWN)
		return is_one_of(x, e->cpu) || (e->peer >= 0 && is_one_of(x, e->peer));
	return is_one_of(x, e->cpu) && (e->peer < 0 || is_one_of(x, e->peer));
}

const struct explanation *explained(const struct judgement *j, const struct event *e)
{
	unsigned int clock = CLOCK(voice_of(e->clock));
	const struct explanation *x;

	for (x = j->explanations; x < j->explanations + j->n_explanations; x++)
		if ((e->kind == EVENT_WARP ? x->warps : x->backward) & clock && is_of_cpus(x, e) &&
		    ns_magnitude(e->size_ns) <= x->largest_ns &&
		    (!e->boottime_ns ||
		     (e->boottime_ns >= x->from_ns && e->boottime_ns <= x->to_ns)))
			return x;
	return NULL;
}

struct tally *tallies_new(const struct judgement *j)
{
	struct tally *all = calloc(j->n + 1, sizeof(*all));

	if (!all)
		err(STATUS_NO_FIGURE, "findings");
	return all;
}

bool tally(const struct judgement *j, struct tally *all, const struct event *e, uint64_t size_ns)
{
	const struct explanation *x = explained(j, e);
	struct tally *t = &all[x ? x->draft + 1 : 0];

	t->n += e->count;
	if (size_ns > t->largest_ns)
		t->largest_ns = size_ns;
	return x;
}

struct event event_of_line(const struct snapshot *s, const struct violation *v,
			   enum event_kind kind)
{
	struct event e = {
		.kind = kind, .cpu = v->cpu, .peer = v->peer.known ? v->peer.value : -1,
		.size_ns = v->size_ns, .count = v->count,
		.boottime_ns = violation_boottime_ns(s, v),
	};

	snprintf(e.clock, sizeof(e.clock), "%s", v->clock);
	return e;
}
