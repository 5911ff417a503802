// SPDX-License-Identifier: GPL-2.0
/*
 * The samplers: a thread on each CPU that samples.
 *
 * Below flat out only the leader has periodic windows: one burst or more, and
 * the points of all clocks. Each CPU that keeps pairs also calls the partners
 * of these in turn (meeting.c). All others wake up twice a second, which shows
 * that their timers work. Flat out, each CPU samples all the time, and two CPUs
 * exchange because all change partners by one shared round number, which no
 * clock decides.
 *
 * The threads are smpboot threads: they exist while sampling is enabled, stay
 * on their CPU, and are parked while it is offline. A window is a reader of
 * window_sem; a change of anything that windows use is its writer, so that no
 * change touches a thread, and no window sees half a change.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gcd.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/percpu-rwsem.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smpboot.h>

#include "exchange.h"
#include "meeting.h"
#include "report.h"
#include "sampler.h"
#include "trace.h"

/* A CPU that keeps pairs calls one of their partners so often at least. */
#define MEETING_MAX_NS	(NSEC_PER_SEC / 4)
/* A CPU without other work wakes up so often. */
#define HEARTBEAT_NS	(NSEC_PER_SEC / 2)
/* A leader that has not had a window for so long is replaced. */
#define LEADER_STARVED_MS	1000
/* A change of parameters waits so long for a CPU that still answers a call. */
#define SETTLE_MS	100

static DEFINE_PER_CPU(struct task_struct *, tscope_thread);

/* Windows are its readers; it protects what they use: plan, pairs, ranks. */
DEFINE_STATIC_PERCPU_RWSEM(window_sem);
static struct tscope_plan plan;
/* Changes that wait for the windows, which end early then. */
static atomic_t pausing = ATOMIC_INIT(0);
/* The samplers may run. */
static bool running;

/* The CPU whose TSC the points are held against. */
static int points_cpu = -1;
/* One CPU at a time takes points; a starved leader may hold it. */
static DEFINE_MUTEX(points_lock);

/* Flat out: all CPUs exchange with the partner of this round. */
static u64 tscope_round ____cacheline_aligned_in_smp;

/* A burst without a partner ends by its length only. */
static const u64 never;

/* Points of another CPU's TSC are another segment. */
static void points_begin(int cpu)
{
	unsigned int i;

	if (points_cpu == cpu)
		return;
	if (points_cpu >= 0)
		for (i = 0; i < tscope_clock_count(); i++)
			tscope_clock_break(tscope_clock_get(i));
	points_cpu = cpu;
}

/* The next CPU that notices takes the place of a leader that gets no CPU time. */
static void leader_check(struct tscope_cpu *c)
{
	int cpu = tscope_leader();
	u64 now_ms = tscope_now_ms(), windows;

	if (cpu == c->cpu || cpu < 0)
		return;
	windows = READ_ONCE(tscope_cpu_of(cpu)->windows);
	if (windows != c->leader_windows || !c->leader_ms) {
		c->leader_windows = windows;
		c->leader_ms = now_ms;
	} else if (now_ms - c->leader_ms > LEADER_STARVED_MS) {
		c->leader_ms = 0;
		tscope_leader_replace(cpu, c->cpu);
	}
}

/* The steps in which the TSC counts: the divisor of all differences. */
static void learn_step(struct tscope_cpu *c, u64 before)
{
	u64 now = c->last[TSCOPE_LANE_TSC];

	if (before && now > before)
		WRITE_ONCE(c->step_cyc, gcd(now - before, c->step_cyc));
}

/* A burst with a partner that samples all the time, or with none. */
static u32 burst(struct tscope_cpu *c, int partner, u64 round, u64 length_cyc)
{
	struct tscope_burst_plan p = {
		.length_cyc = length_cyc,
		.until = &never,
	};
	struct tscope_pair *pair = NULL;
	struct tscope_burst b;
	unsigned long flags;
	u32 i;

	if (partner >= 0) {
		p.peer = &tscope_cpu_of(partner)->box;
		p.until = &tscope_round;
		p.value = round;
		for (i = 0; i < c->pairs && !pair; i++)
			if (c->pair[i]->peer == partner)
				pair = c->pair[i];
		p.keep = pair;
	}

	local_irq_save(flags);
	p.nonce = tscope_nonce(c->cpu, c->life, ++c->session);
	if (partner >= 0)
		tscope_mailbox_begin(&c->box, p.nonce);
	tscope_burst(c, &p, &b);
	local_irq_restore(flags);

	if (pair) {
		tscope_warps_gather(pair, &b);
		tscope_pair_add(c, pair, &b);
	}
	if (partner >= 0)
		cmpxchg(&tscope_round, round, round + 1);
	return b.readings;
}

/* Call the partners of the CPU's pairs in turn. */
static void meet(struct tscope_cpu *c)
{
	u32 turn_ms = tscope_pairs_turn_ms();
	struct tscope_burst b = { };
	struct tscope_pair *p;
	u64 interval_ns, now;

	if (!c->pairs)
		return;
	now = ktime_get_ns();
	if (now < c->next_meeting_ns &&
	    c->next_meeting_ns - now < MEETING_MAX_NS * 2)
		return;

	/* an eighth of the turn is left for meetings that fail */
	interval_ns = min(div_u64(turn_ms * (u64)NSEC_PER_MSEC * 7 / 8,
				  c->pairs), MEETING_MAX_NS);
	/* by chance, or CPUs that begin together would stay together */
	c->next_meeting_ns = now + interval_ns -
			     ((interval_ns * (u8)tscope_cpu_random(c)) >> 11);

	c->next_pair = c->next_pair + 1 < c->pairs ? c->next_pair + 1 : 0;
	p = c->pair[c->next_pair];
	if (tscope_meet(c, p->peer, plan.burst_cyc, &b)) {
		WRITE_ONCE(c->unmet, c->unmet + 1);
		if (!b.partner_id)
			return;
	} else {
		WRITE_ONCE(c->meetings, c->meetings + 1);
	}
	tscope_warps_gather(p, &b);
	tscope_pair_add(c, p, &b);
}

/* What a CPU that samples all the time reads outside of its bursts. */
static void flat_out(struct tscope_cpu *c, u64 *readings, u64 *bursts)
{
	bool all_pairs = tscope_pairs_cpus() <= TSCOPE_ALL_PAIRS_CPUS;
	u64 start = rdtsc_ordered(), round;
	int partner = -1;

	do {
		round = READ_ONCE(tscope_round);
		if (all_pairs)
			partner = tscope_pairs_partner(c->rank, round);
		*readings += burst(c, partner, round, plan.burst_cyc);
		(*bursts)++;
		if (unlikely(c->events))
			tscope_report_found(c, tscope_leader() == c->cpu);
		/* it never sleeps: RCU-tasks must be told */
		cond_resched_tasks_rcu_qs();
	} while (rdtsc_ordered() - start < plan.width_cyc &&
		 !atomic_read(&pausing) && *bursts < 1000000);
	if (!all_pairs)
		meet(c);
}

static void leader_window(struct tscope_cpu *c, u64 *readings, u64 *bursts)
{
	u64 start = rdtsc_ordered(), spent = 0;

	do {
		*readings += burst(c, -1, 0,
				   min(plan.burst_cyc, plan.width_cyc - spent));
		(*bursts)++;
		cond_resched();
		spent = rdtsc_ordered() - start;
	} while (spent < plan.width_cyc && !atomic_read(&pausing) &&
		 *bursts < 1000000);
}

/* How late this window is; both clocks must say so, for either may have jumped. */
static u64 late_ns(const struct tscope_cpu *c, u64 now_ns)
{
	u64 passed_cyc = rdtsc_ordered() - c->end_tsc;

	if (now_ns <= c->next_window_ns || passed_cyc <= c->wait_cyc)
		return 0;
	return min(now_ns - c->next_window_ns,
		   tscope_cyc_to_ns(passed_cyc - c->wait_cyc, tscope_tsc_khz));
}

/* The window before may have been another one's: this CPU is a new leader. */
static void next_window(struct tscope_cpu *c, u64 now_ns)
{
	u64 due_ns = (div64_u64(now_ns, plan.period_ns) + 1) * plan.period_ns;

	WRITE_ONCE(c->next_window_ns, due_ns);
	now_ns = ktime_get_ns();
	c->wait_cyc = due_ns > now_ns ?
		      tscope_ns_to_cyc(due_ns - now_ns, tscope_tsc_khz) : 0;
}

static void window(struct tscope_cpu *c)
{
	u64 before = c->last[TSCOPE_LANE_TSC], now_ns = ktime_get_ns();
	u64 readings = 0, bursts = 0, late = 0;
	bool is_leader;

	tscope_meeting_answer(c);
	leader_check(c);
	is_leader = tscope_leader() == c->cpu;
	if (plan.flat_out) {
		flat_out(c, &readings, &bursts);
	} else if (!is_leader) {
		c->next_window_ns = 0;
	} else if (now_ns >= c->next_window_ns) {
		if (c->next_window_ns) {
			late = late_ns(c, now_ns);
			tscope_hist_add(&c->wakeup, late);
			WRITE_ONCE(c->lost, c->lost +
				   div64_u64(late, plan.period_ns));
		}
		leader_window(c, &readings, &bursts);
	}
	if (!plan.flat_out)
		meet(c);

	tscope_report_warps(c);
	tscope_report_found(c, is_leader);
	if (is_leader && bursts && mutex_trylock(&points_lock)) {
		points_begin(c->cpu);
		tscope_points_take(c, readings);
		mutex_unlock(&points_lock);
	}
	learn_step(c, before);
	if (is_leader && bursts)
		next_window(c, now_ns);
	c->end_tsc = rdtsc_ordered();
	WRITE_ONCE(c->windows, c->windows + 1);
	WRITE_ONCE(c->seen_ms, tscope_now_ms());
	if (bursts)
		trace_tscope_window(c->cpu, now_ns, late, readings, bursts);
}

/* When this CPU has something to do, CLOCK_MONOTONIC. */
static u64 due_ns(struct tscope_cpu *c, u64 now_ns)
{
	u64 due = now_ns + HEARTBEAT_NS;

	if (READ_ONCE(plan.flat_out))
		return now_ns;
	if (tscope_leader() == c->cpu) {
		due = READ_ONCE(c->next_window_ns);
		/* what falls between two windows waits for the second one */
		if (READ_ONCE(plan.period_ns) <= MEETING_MAX_NS)
			return due;
	}
	if (c->pairs)
		due = min(due, c->next_meeting_ns);
	return due;
}

static int sampler_should_run(unsigned int cpu)
{
	const struct tscope_cpu *c = tscope_cpu_of(cpu);

	return READ_ONCE(running) && c && READ_ONCE(c->chosen);
}

/* One window, and the sleep before it. */
static void sampler_run(unsigned int cpu)
{
	struct tscope_cpu *c = tscope_cpu_of(cpu);
	u64 now_ns = ktime_get_ns(), due = due_ns(c, now_ns);
	ktime_t expires = ns_to_ktime(due);

	if (unlikely(c->task != current))
		WRITE_ONCE(c->task, current);
	if (due > now_ns) {
		set_current_state(TASK_INTERRUPTIBLE);
		/* park, stop, a change and a call wake the thread up as well */
		if (!kthread_should_park() && !kthread_should_stop() &&
		    sampler_should_run(cpu) && !READ_ONCE(c->invited_by))
			schedule_hrtimeout_range(&expires, 0, HRTIMER_MODE_ABS);
		__set_current_state(TASK_RUNNING);
		if (kthread_should_park() || kthread_should_stop())
			return;
	}
	/* a change waits for open windows: one that began now would be cut short */
	if (atomic_read(&pausing)) {
		schedule_timeout_uninterruptible(1);
		return;
	}
	percpu_down_read(&window_sem);
	if (sampler_should_run(cpu)) {
		/* its state was made after the thread was */
		if (unlikely(!c->ready))
			tscope_cpu_begin_life(c, true);
		window(c);
	}
	percpu_up_read(&window_sem);
}

static void sampler_setup(unsigned int cpu)
{
	if (tscope_cpu_of(cpu))
		tscope_cpu_begin_life(tscope_cpu_of(cpu), false);
}

static void sampler_unpark(unsigned int cpu)
{
	if (tscope_cpu_of(cpu))
		tscope_cpu_begin_life(tscope_cpu_of(cpu), true);
}

static void sampler_park(unsigned int cpu)
{
	if (tscope_cpu_of(cpu))
		tscope_cpu_end_life(tscope_cpu_of(cpu));
}

static void sampler_cleanup(unsigned int cpu, bool online)
{
	struct tscope_cpu *c = tscope_cpu_of(cpu);

	if (!c)
		return;
	tscope_cpu_end_life(c);
	/* calls find no thread to wake up any more */
	WRITE_ONCE(c->task, NULL);
}

static struct smp_hotplug_thread sampler_threads = {
	.store			= &tscope_thread,
	.thread_should_run	= sampler_should_run,
	.thread_fn		= sampler_run,
	.thread_comm		= "tscope/%u",
	.setup			= sampler_setup,
	.cleanup		= sampler_cleanup,
	.park			= sampler_park,
	.unpark			= sampler_unpark,
};

/**
 * tscope_samplers_start() - create the threads
 *
 * Context: process, may sleep; takes cpus_read_lock().
 *
 * Return: 0, or an errno with no thread left.
 */
int tscope_samplers_start(void)
{
	return smpboot_register_percpu_thread(&sampler_threads);
}

/**
 * tscope_samplers_stop() - end the threads and wait for them and their calls
 *
 * Context: process, may sleep; takes cpus_read_lock().
 */
void tscope_samplers_stop(void)
{
	WRITE_ONCE(running, false);
	atomic_inc(&pausing);
	smpboot_unregister_percpu_thread(&sampler_threads);
	atomic_dec(&pausing);
	tscope_meetings_finish();
}

/**
 * tscope_samplers_wake() - let all threads look at what changed
 *
 * Context: process, cpus_read_lock() held, the threads exist.
 */
void tscope_samplers_wake(void)
{
	struct task_struct *task;
	int cpu;

	for_each_online_cpu(cpu) {
		task = per_cpu(tscope_thread, cpu);
		if (task)
			wake_up_process(task);
	}
}

/**
 * tscope_sampling_pause() - wait until no window is open, and open none
 *
 * A window that is open ends within a burst or a reading. Context: process,
 * may sleep; tscope_sampling_resume() must follow.
 */
void tscope_sampling_pause(void)
{
	atomic_inc(&pausing);
	percpu_down_write(&window_sem);
	atomic_dec(&pausing);
	tscope_meetings_settle(SETTLE_MS);
}

/**
 * tscope_sampling_resume() - let windows open again
 * @p: what they are to work by; NULL: they are not to run
 *
 * Context: process, after tscope_sampling_pause().
 */
void tscope_sampling_resume(const struct tscope_plan *p)
{
	struct tscope_cpu *c;

	if (p) {
		plan = *p;
		for_each_tscope_cpu(c) {
			WRITE_ONCE(c->next_window_ns, 0);
			c->leader_ms = 0;
		}
	}
	WRITE_ONCE(running, p);
	percpu_up_write(&window_sem);
}

/* One reading: is this CPU's clock behind what it read before? */
static void look(void *unused)
{
	struct tscope_cpu *c = tscope_cpu_of(smp_processor_id());
	struct tscope_burst_plan p = { .until = &never };
	struct tscope_burst b;

	if (c && READ_ONCE(c->ready))
		tscope_burst(c, &p, &b);
}

/**
 * tscope_look_if_behind() - let all CPUs read their clocks if time stands still
 *
 * A TSC that was set back stops all timers of a kernel that keeps time by it, so
 * no window opens. Whoever reads a file then runs on a CPU whose TSC is behind
 * the last one that it read. Context: process.
 */
void tscope_look_if_behind(void)
{
	const struct tscope_cpu *c;
	bool behind;

	preempt_disable();
	c = tscope_cpu_of(smp_processor_id());
	behind = c && READ_ONCE(c->ready) &&
		 rdtsc_ordered() < READ_ONCE(c->last[TSCOPE_LANE_TSC]);
	preempt_enable();
	if (behind)
		on_each_cpu(look, NULL, true);
}
