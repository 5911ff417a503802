// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic of time pages: the line, its inverse, its rate, and the step at an update.
 *
 * A stable clock gives all CPUs the same updates. A CPU that looks seldom, or was offline, sees
 * several as one. So each update is kept with the sum of the steps up to it. When a CPU sees an
 * update, that sum minus what was reported before is reported as a step. The TSCs of CPUs may
 * differ: each CPU evaluates a step by its own TSC.
 */
#include <linux/math64.h>

#include "timepage.h"
#include "math128.h"

/* Binary places of a product of cycles and multiplier, and of those that are kept. */
#define MULT_BITS	64
#define FRAC_BITS	TSCOPE_PHASE_SHIFT

/* CPUs look at their pages more often than this, so within it all see a move of all TSCs. */
#define MOVED_ALIKE_MS	2000

/**
 * tscope_timepage_line() - the clock at a TSC value, with its fraction
 * @p: the CPU's page
 * @tsc: a TSC reading of the same CPU
 * @frac: result: what is above the whole nanosecond, 2^-16 ns
 *
 * Unlike this line, tscope_timepage_ns() is rounded: it is nearer to @p->ns by at most 1 ns and
 * 2^-@p->shift cycles.
 * Return: nanoseconds.
 */
u64 tscope_timepage_line(const struct tscope_timepage *p, u64 tsc, u16 *frac)
{
	int right = MULT_BITS - FRAC_BITS - p->shift;
	u64 cyc = tsc - p->tsc;
	bool before = (s64)cyc < 0;
	u128 line = (u128)(before ? 0 - cyc : cyc) * p->mult;

	if (right > 0)
		line >>= min(right, 127);
	else
		line <<= -right;
	if (before)
		line = 0 - line;
	*frac = (u16)line;
	return p->ns + (u64)(line >> FRAC_BITS);
}

/* The first cycle at which @ns have passed. */
static u128 first_cycle(const struct tscope_timepage *p, u64 ns)
{
	u128 scaled = tscope_div128(((u128)ns << MULT_BITS) + p->mult - 1, p->mult);

	/* no TSC is so large; a larger number might overflow when it is shifted */
	if (scaled >> 95)
		return (u128)1 << 95;
	return p->shift < 0 ? scaled << -p->shift :
			      (scaled + (1ULL << p->shift) - 1) >> p->shift;
}

/**
 * tscope_timepage_inverse() - the TSC value at which the clock shows a time
 * @p: the CPU's page
 * @ns: what the clock showed, by tscope_timepage_ns()
 * @span_ns: 1; or more, if it may have shown @ns to @ns + @span_ns - 1
 * @tsc: result: the middle of the values at which the clock shows that
 * Context: process; divides.
 * Return: false if there is no such value, or none after @p->tsc.
 */
bool tscope_timepage_inverse(const struct tscope_timepage *p, u64 ns, u32 span_ns, u64 *tsc)
{
	u64 since = ns - p->ns;
	u128 low, high;

	if (!p->mult || since > (u64)S64_MAX - span_ns || p->shift > 31 || p->shift < -32)
		return false;
	low = first_cycle(p, since);
	high = first_cycle(p, since + span_ns);
	if (low >= high || high >> 63)
		return false;
	*tsc = p->tsc + (u64)(low + (high - 1 - low) / 2);
	return tscope_timepage_ns(p, *tsc) - ns < span_ns;
}

/**
 * tscope_timepage_khz() - the TSC frequency that a page assumes
 * @p: page
 *
 * A cycle lasts mult * 2^(shift - 64) ns, hence khz = 10^6 * 2^(64 - shift) / mult.
 * Context: process; divides.
 * Return: kHz, rounded to the nearest; 0 if this is not in 1..U32_MAX.
 */
u32 tscope_timepage_khz(const struct tscope_timepage *p)
{
	/* one bit more than needed, for rounding */
	u128 num = (u128)2000000 << MULT_BITS, khz;

	if (!p->mult || p->shift > 63 || p->shift < -42)
		return 0;
	num = p->shift < 0 ? num << -p->shift : num >> p->shift;
	khz = (tscope_div128(num, p->mult) + 1) >> 1;
	return khz > U32_MAX ? 0 : (u32)khz;
}

/**
 * tscope_timepage_step() - how far one page is ahead of another
 * @old: page
 * @new: page
 * @tsc: the TSC value at which both are evaluated
 *
 * Return: new - old, 2^-16 ns, exact to 2^-15 ns.
 */
s128 tscope_timepage_step(const struct tscope_timepage *old, const struct tscope_timepage *new,
			  u64 tsc)
{
	u16 old_frac, new_frac;
	u64 old_ns = tscope_timepage_line(old, tsc, &old_frac);
	u64 new_ns = tscope_timepage_line(new, tsc, &new_frac);

	/* modulo 2^64 ns: one of the two may be before the clock's zero */
	return (s128)(s64)(new_ns - old_ns) * (1 << FRAC_BITS) + new_frac - old_frac;
}

/**
 * tscope_timepage_step_ns() - a step in nanoseconds
 * @step: the step, 2^-16 ns
 * Context: any.
 * Return: ns, rounded to the nearest and saturated.
 */
s64 tscope_timepage_step_ns(s128 step)
{
	return tscope_clamp64((step + (1 << (FRAC_BITS - 1))) >> FRAC_BITS);
}

static bool is_step(s128 step)
{
	return tscope_abs64(tscope_timepage_step_ns(step)) >= TSCOPE_PAGE_STEP_NS;
}

/**
 * tscope_timepage_update() - the step of the clock at an update
 * @old: page before the update
 * @new: page after the update
 * @held_tsc: TSC value at which @old held
 * @seen_tsc: later TSC value, at which @new was seen
 * @dated_cyc: if more cycles lie in between, there may have been further updates
 * @error_ns: result: how far off the step may be, ns
 *
 * If both pages have one rate, the step is the same at any time. Else it is the difference when
 * @new began to hold. If the page does not say when, the TSC was set back, or there was time for
 * further updates, this was at some time between @held_tsc and @seen_tsc. The step then lies
 * between the differences at these two, and is 0 if it may be 0.
 * Return: the step, 2^-16 ns.
 */
s128 tscope_timepage_update(const struct tscope_timepage *old, const struct tscope_timepage *new,
			    u64 held_tsc, u64 seen_tsc, u64 dated_cyc, u64 *error_ns)
{
	bool dated = new->tsc && new->tsc >= old->tsc;
	s128 last = tscope_timepage_step(old, new, dated ? new->tsc : seen_tsc), first;

	*error_ns = 1;
	if ((old->mult == new->mult && old->shift == new->shift) ||
	    (dated && seen_tsc - held_tsc <= dated_cyc))
		return last;
	first = tscope_timepage_step(old, new, held_tsc);
	*error_ns += tscope_abs64(tscope_timepage_step_ns(last - first));
	return is_step(first) && is_step(last) && (first < 0) == (last < 0) ? last : 0;
}

static bool is_of(const struct tscope_page_update *update, const struct tscope_timepage *p)
{
	return update->ns == p->ns && update->mult == p->mult;
}

static const struct tscope_page_update *find(const struct tscope_page_updates *u,
					     const struct tscope_timepage *p)
{
	u32 i;

	for (i = 0; i < u->count && i < TSCOPE_PAGE_UPDATES; i++)
		if (is_of(&u->known[i], p))
			return &u->known[i];
	return NULL;
}

/* Set @step to what the steps up to @update add to those reported. Returns whether it is one. */
static bool report_up_to(struct tscope_page_updates *u, const struct tscope_page_update *update,
			 s128 *step)
{
	*step = update->sum - u->newest.sum;
	u->newest = *update;
	return is_step(*step);
}

/**
 * tscope_page_updated() - the step that is to be reported when a CPU sees an update
 * @u: the updates that all CPUs saw; zeroed at first
 * @old: the CPU's page before the update
 * @new: the CPU's page after it
 * @step: the step between the two, 2^-16 ns. On success the part of it that is to be reported:
 *	without what was reported for other CPUs
 *
 * Call this for every update of every CPU, also for one without a step. If @new is not of a stable
 * clock, or names the same update because this CPU's TSC was moved, the step is this CPU's
 * alone, and all of it is reported. Context: any; one CPU at a time.
 * Return: whether there is a step to be reported.
 */
bool tscope_page_updated(struct tscope_page_updates *u, const struct tscope_timepage *old,
			 const struct tscope_timepage *new, s128 *step)
{
	struct tscope_page_update next = { .ns = new->ns, .mult = new->mult };
	bool shared = old->flags & TSCOPE_PAGE_STABLE;
	const struct tscope_page_update *from, *to;
	s64 later;

	if (!(new->flags & TSCOPE_PAGE_STABLE) ||
	    (new->ns == old->ns && new->mult == old->mult))
		return is_step(*step);
	if (!u->count && shared) {
		u->newest = (struct tscope_page_update){ .ns = old->ns, .mult = old->mult };
		u->known[u->count++] = u->newest;
	}

	to = find(u, new);
	if (to) {
		/* not reported yet if it seemed older by the TSC of the CPU that saw it first */
		return shared && is_of(&u->newest, old) && report_up_to(u, to, step);
	}
	from = shared ? find(u, old) : NULL;
	/* pages that do not say since when they hold are ordered by their sequence */
	later = old->tsc || new->tsc ? (s64)(new->tsc - old->tsc) :
				       (s32)(new->sequence - old->sequence);
	/* a TSC that was moved does not show which of two updates is the later one */
	next.tsc = u->newest.tsc;
	if (from && later > 0)
		next.tsc = from->tsc + later;
	/* if the update before this one is forgotten, it is taken to be the newest */
	next.sum = (from ? from->sum : u->newest.sum) + *step;
	u->known[u->count++ % TSCOPE_PAGE_UPDATES] = next;
	/* unless another CPU has already seen a later update */
	return (s64)(next.tsc - u->newest.tsc) >= 0 && report_up_to(u, &next, step);
}

/**
 * tscope_page_moved_alike() - did another CPU report the same move of its TSC?
 * @u: the updates that all CPUs saw; zeroed at first
 * @cpu: the CPU that sees a step
 * @now_ms: present time; its clock may move with the TSCs
 * @old: its page before the step
 * @new: its page after it
 *
 * If a host moves the TSCs of all CPUs by the same amount, this is one step of the clock, though
 * each CPU's page shows it. A CPU that sees such a move twice saw two moves. Context: any; one CPU
 * at a time.
 * Return: whether the step was reported already.
 */
bool tscope_page_moved_alike(struct tscope_page_updates *u, int cpu, u64 now_ms,
			     const struct tscope_timepage *old, const struct tscope_timepage *new)
{
	u64 cyc = new->tsc - old->tsc, moved_ns;

	if (new->ns != old->ns || new->mult != old->mult)
		return false;
	moved_ns = tscope_timepage_scale(tscope_abs64(cyc), new->mult, new->shift);
	if (is_of(&u->moved, new) && u->moved.tsc == cyc && u->moved_cpu != cpu &&
	    now_ms - u->moved_ms <= MOVED_ALIKE_MS + div_u64(moved_ns, 1000000))
		return true;
	u->moved = (struct tscope_page_update){ .ns = new->ns, .mult = new->mult, .tsc = cyc };
	u->moved_cpu = cpu;
	u->moved_ms = now_ms;
	return false;
}
