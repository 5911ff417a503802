// SPDX-License-Identifier: GPL-2.0
/*
 * The last warps, backward readings and steps.
 *
 * A ring without a lock: a writer takes a number, and the number, written
 * last, tells readers that the entry is whole.
 */
#include <linux/atomic.h>
#include <linux/ktime.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "trace.h"
#include "violations.h"

static struct tscope_violation ring[TSCOPE_VIOLATIONS];
static atomic64_t head = ATOMIC64_INIT(0);

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
	u64 number = atomic64_inc_return(&head) - 1;
	struct tscope_violation *v = &ring[number % TSCOPE_VIOLATIONS];

	WRITE_ONCE(v->seq, 0);
	/* pairs with the second barrier in tscope_violation_get() */
	smp_wmb();
	WRITE_ONCE(v->time_ns, ktime_get_ns());
	WRITE_ONCE(v->tsc, tsc);
	WRITE_ONCE(v->size_ns, size_ns);
	WRITE_ONCE(v->count, count);
	WRITE_ONCE(v->clock, clock);
	WRITE_ONCE(v->what, what);
	WRITE_ONCE(v->cpu, cpu);
	WRITE_ONCE(v->peer, peer);
	/* pairs with the acquire in tscope_violation_get() */
	smp_store_release(&v->seq, number + 1);
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
 * tscope_violations_head() - how many were ever kept
 *
 * Return: number of the next one.
 */
u64 tscope_violations_head(void)
{
	return atomic64_read(&head);
}

/**
 * tscope_violation_get() - copy a violation
 * @number: its number
 * @v: the copy
 *
 * Context: any; never waits for a writer.
 *
 * Return: false where it is not there, or no longer.
 */
bool tscope_violation_get(u64 number, struct tscope_violation *v)
{
	const struct tscope_violation *from = &ring[number % TSCOPE_VIOLATIONS];

	/* pairs with the release in tscope_violation() */
	if (smp_load_acquire(&from->seq) != number + 1)
		return false;
	v->time_ns = READ_ONCE(from->time_ns);
	v->tsc = READ_ONCE(from->tsc);
	v->size_ns = READ_ONCE(from->size_ns);
	v->count = READ_ONCE(from->count);
	v->clock = READ_ONCE(from->clock);
	v->what = READ_ONCE(from->what);
	v->cpu = READ_ONCE(from->cpu);
	v->peer = READ_ONCE(from->peer);
	/* pairs with the barrier in tscope_violation() */
	smp_rmb();
	return READ_ONCE(from->seq) == number + 1;
}

/**
 * tscope_violations_reset() - forget all
 *
 * Context: process; no writer may be at work, readers may.
 */
void tscope_violations_reset(void)
{
	int i;

	for (i = 0; i < TSCOPE_VIOLATIONS; i++)
		WRITE_ONCE(ring[i].seq, 0);
}
