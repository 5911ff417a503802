// SPDX-License-Identifier: GPL-2.0
/*
 * The last warps, backward readings and steps: a ring.
 *
 * A spinlock is enough: a CPU has a few entries a window at most, and a reader holds it for
 * one entry.
 */
#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

#include "trace.h"
#include "violations.h"

static DEFINE_SPINLOCK(ring_lock);	/* protects ring, oldest and head */
static struct tscope_violation ring[TSCOPE_VIOLATIONS];
static u64 oldest, head;	/* numbers of the first that is kept and of the next one */

static const char * const what_names[] = {
	[TSCOPE_WARP] = "warp",
	[TSCOPE_BACKWARD] = "backward",
	[TSCOPE_STEP] = "step",
};

/**
 * tscope_what_name() - a kind's name
 * @what: kind
 *
 * Return: the name.
 */
const char *tscope_what_name(enum tscope_what what)
{
	return what_names[what];
}

/**
 * tscope_violation() - keep a violation
 * @what: what it is
 * @clock: name of the clock; must stay while the module is loaded
 * @cpu: the CPU that saw it
 * @peer: the CPU whose value was higher, or -1
 * @size_ns: size
 * @count: how many there were
 * @tsc: the TSC when it was seen
 *
 * Context: process, any CPU, concurrently with itself.
 */
void tscope_violation(enum tscope_what what, const char *clock, int cpu,
		      int peer, s64 size_ns, u64 count, u64 tsc)
{
	struct tscope_violation v = {
		.time_ns = ktime_get_ns(),
		.tsc = tsc,
		.size_ns = size_ns,
		.count = count,
		.clock = clock,
		.what = what,
		.cpu = cpu,
		.peer = peer,
	};

	spin_lock(&ring_lock);
	ring[head++ % TSCOPE_VIOLATIONS] = v;
	if (head - oldest > TSCOPE_VIOLATIONS)
		oldest = head - TSCOPE_VIOLATIONS;
	spin_unlock(&ring_lock);
}

/**
 * tscope_step_record() - trace a step that was counted, and keep it
 * @clock: name of the clock; must stay while the module is loaded
 * @cpu: the CPU that saw it
 * @step: the step
 *
 * Context: process, any CPU, concurrently with itself.
 */
void tscope_step_record(const char *clock, int cpu,
			const struct tscope_step *step)
{
	trace_tscope_step(clock, cpu, step->ns, step->error_ns, step->tsc);
	tscope_violation(TSCOPE_STEP, clock, cpu, -1, step->ns, 1, step->tsc);
}

/**
 * tscope_violations_range() - which violations are kept now
 * @first: number of the oldest
 * @end: number of the next one that will be kept
 *
 * Numbers ascend by one and never begin anew while the module is loaded. Context: process.
 */
void tscope_violations_range(u64 *first, u64 *end)
{
	spin_lock(&ring_lock);
	*first = oldest;
	*end = head;
	spin_unlock(&ring_lock);
}

/**
 * tscope_violation_get() - copy a violation
 * @number: its number
 * @v: the copy
 *
 * Context: process.
 *
 * Return: false where it is not there, or no longer.
 */
bool tscope_violation_get(u64 number, struct tscope_violation *v)
{
	bool kept;

	spin_lock(&ring_lock);
	kept = number >= oldest && number < head;
	if (kept)
		*v = ring[number % TSCOPE_VIOLATIONS];
	spin_unlock(&ring_lock);
	return kept;
}

/**
 * tscope_violations_reset() - forget all
 *
 * Context: process, concurrently with writers and readers.
 */
void tscope_violations_reset(void)
{
	spin_lock(&ring_lock);
	oldest = head;
	spin_unlock(&ring_lock);
}
