// SPDX-License-Identifier: GPL-2.0
/*
 * A TSC that is behind where it was: if the kernel keeps time by it, all timers stop, and no window
 * opens. Readers of files notice that, and ask the CPUs.
 */
#include <linux/sched.h>
#include <linux/smp.h>

#include "params.h"
#include "sampler.h"

/* If the TSC advances by this more than jiffies do, time stands still; ms. */
#define STOOD_MS	2000

/* Take one reading. It counts as backward if this CPU's clock is behind its last reading. */
static void read_once(void *unused)
{
	struct tscope_cpu *c = tscope_cpu_of(smp_processor_id());
	struct tscope_burst_plan p = { };
	struct tscope_burst b = { };

	if (c && READ_ONCE(c->ready))
		tscope_burst(c, &p, &b);
}

/* Whether this CPU samples, and its TSC is behind the last one that it read. */
static void look_here(void *behind)
{
	const struct tscope_cpu *c = tscope_cpu_of(smp_processor_id());
	/* read before the TSC: a call that this CPU answers may set it meanwhile */
	u64 last = c && READ_ONCE(c->ready) ? READ_ONCE(c->last[TSCOPE_LANE_TSC]) : 0;

	*(bool *)behind = rdtsc_ordered() < last;
}

/**
 * tscope_look_if_behind() - let all CPUs read their clocks if time stands still
 *
 * A process that reads a file runs on a CPU whose TSC is behind that CPU's last reading. If this
 * CPU does not sample, the leader is asked instead. Context: process, interrupts on.
 */
void tscope_look_if_behind(void)
{
	const struct tscope_cpu *c;
	int cpu = get_cpu(), leader = tscope_leader();
	bool behind = false;

	c = tscope_cpu_of(cpu);
	if ((c && READ_ONCE(c->ready)) || leader < 0)
		look_here(&behind);
	else
		smp_call_function_single(leader, look_here, &behind, true);
	put_cpu();
	/* keep out a reset, which does not wait for readers of files */
	if (!behind || !tscope_windows_hold())
		return;
	on_each_cpu(read_once, NULL, true);
	tscope_windows_release();
}

/**
 * tscope_cpu_stands() - whether a CPU's TSC and jiffies disagree on how long ago it sampled
 * @end_tsc: its TSC at the end of its last window; 0: not known
 * @seen_ms: the time by jiffies then, or somewhat before
 * @tsc: its TSC now
 * @now_ms: the time by jiffies now, or somewhat later
 * @khz: the TSC's frequency
 * Context: any; divides.
 * Return: whether the TSC is behind, or has advanced by STOOD_MS more than jiffies have.
 */
bool tscope_cpu_stands(u64 end_tsc, u64 seen_ms, u64 tsc, u64 now_ms, u32 khz)
{
	s64 age_cyc = tsc - end_tsc, tsc_ms;

	if (!end_tsc)
		return false;
	tsc_ms = tscope_scyc_to_ns(age_cyc, khz) / NSEC_PER_MSEC;
	return age_cyc < 0 || tsc_ms - (s64)(now_ms - seen_ms) > STOOD_MS;
}

static void stands_here(void *stands)
{
	const struct tscope_cpu *c = tscope_cpu_of(smp_processor_id());
	u64 seen_ms = READ_ONCE(c->seen_ms), end_tsc = READ_ONCE(c->end_tsc);
	u64 tsc = rdtsc_ordered();

	*(bool *)stands = tscope_cpu_stands(end_tsc, seen_ms, tsc, tscope_now_ms(),
					    READ_ONCE(tscope_tsc_khz));
}

/**
 * tscope_time_stands() - whether time stands still on a CPU
 * @c: the CPU
 * @late: its sampler is late, so its TSC alone may have gone back
 *
 * If it seems so by the TSC of this CPU, or @c is late, @c is asked: all four figures are taken
 * there at once, so a vCPU that did not run for a while is no reason. Context: process, may sleep.
 * Return: see tscope_cpu_stands(); false if the CPU did not sample since a change.
 */
bool tscope_time_stands(const struct tscope_cpu *c, bool late)
{
	bool stands = false;
	u64 end_tsc = READ_ONCE(c->end_tsc);

	if (!late && !tscope_cpu_stands(end_tsc, READ_ONCE(c->seen_ms), rdtsc_ordered(),
					tscope_now_ms(), READ_ONCE(tscope_tsc_khz)))
		return false;
	if (!end_tsc)
		return false;
	/* an emulated machine of many CPUs may take seconds to ask all */
	cond_resched();
	smp_call_function_single(c->cpu, stands_here, &stands, true);
	return stands;
}
