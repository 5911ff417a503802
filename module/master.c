// SPDX-License-Identifier: GPL-2.0
/*
 * Tells what of a pvti's step no other CPU has told yet.
 *
 * With a master clock all CPUs are given the same references, one after the
 * other, and each CPU sees some of them: one that looks seldom, or was
 * offline, sees several updates as one. So each reference is kept with the sum
 * of the steps up to it. What a CPU sees from a reference to a later one adds
 * to that of the first, and what has not been told is the difference to the
 * newest that was. CPUs need not agree about the TSC: each step is one CPU's,
 * by its own TSC.
 */
#include "master.h"
#include "wide.h"

static const struct tscope_reference *find(const struct tscope_master *m,
					   u64 ns)
{
	u32 i;

	for (i = 0; i < m->count && i < TSCOPE_MASTER_REFERENCES; i++)
		if (m->reference[i].ns == ns)
			return &m->reference[i];
	return NULL;
}

static void add(struct tscope_master *m, const struct tscope_reference *r)
{
	m->reference[m->count++ % TSCOPE_MASTER_REFERENCES] = *r;
}

/*
 * Of a part that another CPU told: each update that is in the sums was rounded off.
 * @sum_ns: all steps, as this CPU adds them up; @error_ns: how far that was off
 * before its own
 */
static bool rest(const struct tscope_master *m, s64 sum_ns, u64 error_ns,
		 struct tscope_step *step)
{
	u64 apart = tscope_abs64(m->newest.error_ns - error_ns);

	step->ns = (u64)sum_ns - m->newest.sum_ns;
	step->error_ns += apart ?: 1;
	return tscope_abs64(step->ns) > step->error_ns;
}

/**
 * tscope_master_step() - what is to be told of a CPU's pvti update
 * @m: what was told, of all CPUs; zeroed at first
 * @old: the CPU's pvti before
 * @new: and after
 * @step: the step between the two, by this CPU's TSC, exact to @step->error_ns.
 *	On success what is to be told of it: less what other CPUs told
 *
 * Every update counts here, also one without a step. Where @new is of no master
 * clock, or the reference is the same and the CPU's TSC was moved, the step is
 * this CPU's alone, and all of it.
 *
 * Context: any; the caller sees to it that only one CPU is here at a time.
 *
 * Return: whether there is a step to be told.
 */
bool tscope_master_step(struct tscope_master *m, const struct tscope_pvti *old,
			const struct tscope_pvti *new, struct tscope_step *step)
{
	bool stepped = tscope_abs64(step->ns) >= TSCOPE_PVTI_STEP_NS;
	bool shared = old->flags & TSCOPE_PVTI_STABLE;
	struct tscope_reference next = { .ns = new->ns, .tsc = new->tsc };
	const struct tscope_reference *from, *to;

	if (!(new->flags & TSCOPE_PVTI_STABLE) || new->ns == old->ns)
		return stepped;
	if (shared && !m->count) {
		m->newest = (struct tscope_reference){
			.ns = old->ns, .tsc = old->tsc,
		};
		add(m, &m->newest);
	}

	to = find(m, new->ns);
	if (to) {
		/* known, but by a TSC that is behind: not told as the newest */
		if (!shared || old->ns != m->newest.ns)
			return false;
		stepped = rest(m, to->sum_ns, to->error_ns, step);
		m->newest = *to;
		return stepped;
	}

	/* one that nobody knows any more is as good as the newest */
	from = shared ? find(m, old->ns) : NULL;
	next.sum_ns = from ? from->sum_ns : m->newest.sum_ns;
	next.error_ns = (from ? from->error_ns : m->newest.error_ns) +
			step->error_ns;
	if (stepped)
		next.sum_ns = (u64)next.sum_ns + step->ns;
	/* by the TSC of those who saw the first; one that was moved tells nothing */
	if (from && (s64)(new->tsc - old->tsc) > 0)
		next.tsc = from->tsc + (new->tsc - old->tsc);
	else if (m->count)
		next.tsc = m->newest.tsc;
	if (from && from->ns != m->newest.ns) {
		/* between two of which another CPU saw the later one first */
		if ((s64)(next.tsc - m->newest.tsc) < 0) {
			next.error_ns = from->error_ns - step->error_ns;
			add(m, &next);
			return false;
		}
		stepped = rest(m, next.sum_ns, from->error_ns, step);
		/* what was told is as far off as all that was told of it */
		next.error_ns = m->newest.error_ns;
		if (stepped)
			next.error_ns += step->error_ns;
		else
			next.sum_ns = m->newest.sum_ns;
	}
	add(m, &next);
	m->newest = next;
	return stepped;
}
