// SPDX-License-Identifier: GPL-2.0
/*
 * pingpong: round trips of a cache line between two CPUs.
 *
 * One CPU writes a number and waits until the other has written it back, with
 * nothing else in either loop except the TSC reads around it. No exchange between
 * the two can be much faster than half of the shortest round trip.
 *
 * Results, one line: number of round trips, the shortest, median and mean in ns, and
 * how many got no answer because the other CPU was not in its loop.
 */
#include <linux/irqflags.h>
#include <linux/kstrtox.h>
#include <linux/math64.h>
#include <linux/sched.h>

#include "bench.h"

/* Time with interrupts off. */
#define BURST_NS	100000
/* Polls until the other CPU counts as not in its loop: some 100 us. */
#define LOOKS		20000

static struct {
	u64 number;
} __aligned(128) ball[2];

static struct tscope_hist trip;
static u64 lost, run_ns;
static int first;

static void serve(u64 until)
{
	u64 i = 0, start, tsc;
	int looks;

	do {
		local_irq_disable();
		start = rdtsc_ordered();
		do {
			tsc = rdtsc_ordered();
			WRITE_ONCE(ball[0].number, ++i);
			for (looks = LOOKS; looks; looks--)
				if (READ_ONCE(ball[1].number) == i)
					break;
			if (looks)
				tscope_hist_add(&trip, rdtsc_ordered() - tsc);
			else
				lost++;
		} while (tsc - start < bench_cyc(BURST_NS));
		local_irq_enable();
		cond_resched();
	} while (ktime_get_raw_ns() < until);
	WRITE_ONCE(ball[0].number, U64_MAX);
}

static void reply(void)
{
	u64 last = 0, now = 0;
	int looks;

	do {
		local_irq_disable();
		for (looks = LOOKS; looks; looks--) {
			now = READ_ONCE(ball[0].number);
			if (now == last)
				continue;
			WRITE_ONCE(ball[1].number, now);
			last = now;
		}
		local_irq_enable();
		cond_resched();
	} while (now != U64_MAX);
}

static int work(int cpu)
{
	if (cpu == first)
		serve(ktime_get_raw_ns() + run_ns);
	else
		reply();
	return 0;
}

static int pingpong_run(const char *text)
{
	struct cpumask two = { };
	unsigned int ms;

	if (kstrtouint(text, 0, &ms))
		return -EINVAL;
	if (num_online_cpus() < 2)
		return -ENODEV;
	first = cpumask_first(cpu_online_mask);
	cpumask_set_cpu(first, &two);
	cpumask_set_cpu(cpumask_next(first, cpu_online_mask), &two);
	ball[0].number = 0;
	ball[1].number = 0;
	lost = 0;
	run_ns = ms * 1000000ULL;
	tscope_hist_init(&trip);
	return bench_crew(&two, false, work);
}

static void pingpong_show(struct seq_file *m)
{
	seq_printf(m, "%llu %llu %llu %llu %llu\n", trip.count,
		   bench_cyc_to_ns(trip.min),
		   bench_cyc_to_ns(bench_quantile(&trip, 5000)),
		   bench_cyc_to_ns(div64_u64(trip.sum, trip.count ?: 1)), lost);
}

const struct bench_test bench_pingpong = {
	.name = "pingpong",
	.run = pingpong_run,
	.show = pingpong_show,
};
