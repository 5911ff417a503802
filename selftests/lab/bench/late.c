// SPDX-License-Identifier: GPL-2.0
/*
 * late: how late timer interrupts and a high-priority task are, on each CPU.
 *
 * A pinned timer expires in hard interrupt context each millisecond, and a
 * SCHED_FIFO task wakes up half-way between. The timer is late by the time for
 * which interrupts are off, and by the machine's own latency; the task is late
 * by the wakeup as well.
 *
 * Results, two lines per CPU: "CPU timer|task N MEDIAN P99 MAX", in ns.
 */
#include <linux/hrtimer.h>
#include <linux/kstrtox.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "compat.h"

#define PERIOD_NS	1000000

struct lateness {
	struct hrtimer timer;
	struct tscope_hist by_timer;
	struct tscope_hist by_task;
};

static struct lateness *lateness;	/* of each CPU */
static u64 run_ns;

static void late_by(struct tscope_hist *h, ktime_t due)
{
	s64 ns = ktime_to_ns(ktime_sub(ktime_get(), due));

	tscope_hist_add(h, ns < 0 ? 0 : ns);
}

static enum hrtimer_restart expired(struct hrtimer *timer)
{
	struct lateness *l = container_of(timer, struct lateness, timer);

	late_by(&l->by_timer, hrtimer_get_expires(timer));
	/* missed expiries are skipped: they would be late again */
	hrtimer_forward_now(timer, PERIOD_NS);
	return HRTIMER_RESTART;
}

static int work(int cpu)
{
	struct lateness *l = &lateness[cpu];
	ktime_t due = ktime_get(), end = ktime_add_ns(due, run_ns), now;

	hrtimer_setup(&l->timer, expired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_PINNED_HARD);
	hrtimer_start(&l->timer, ktime_add_ns(due, PERIOD_NS),
		      HRTIMER_MODE_ABS_PINNED_HARD);
	due = ktime_add_ns(due, PERIOD_NS / 2);
	do {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_hrtimeout(&due, HRTIMER_MODE_ABS);
		late_by(&l->by_task, due);
		now = ktime_get();
		do {
			due = ktime_add_ns(due, PERIOD_NS);
		} while (ktime_before(due, now));
	} while (ktime_before(now, end));
	hrtimer_cancel(&l->timer);
	return 0;
}

static int late_run(const char *text)
{
	unsigned int ms;
	int cpu;

	if (kstrtouint(text, 0, &ms))
		return -EINVAL;
	if (!lateness)
		lateness = vcalloc(nr_cpu_ids, sizeof(*lateness));
	if (!lateness)
		return -ENOMEM;
	run_ns = ms * 1000000ULL;
	for_each_possible_cpu(cpu) {
		tscope_hist_init(&lateness[cpu].by_timer);
		tscope_hist_init(&lateness[cpu].by_task);
	}
	return bench_crew(cpu_online_mask, true, work);
}

static void show(struct seq_file *m, int cpu, const char *who,
		 const struct tscope_hist *h)
{
	seq_printf(m, "%d %s %llu %llu %llu %llu\n", cpu, who, h->count,
		   bench_quantile(h, 5000), bench_quantile(h, 9900), h->max);
}

static void late_show(struct seq_file *m)
{
	int cpu;

	for_each_online_cpu(cpu) {
		show(m, cpu, "timer", &lateness[cpu].by_timer);
		show(m, cpu, "task", &lateness[cpu].by_task);
	}
}

static void late_exit(void)
{
	vfree(lateness);
}

const struct bench_test bench_late = {
	.name = "late",
	.run = late_run,
	.show = late_show,
	.exit = late_exit,
};
