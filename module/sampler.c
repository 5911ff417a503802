// SPDX-License-Identifier: GPL-2.0
/*
 * The samplers: a thread on each CPU that samples.
 *
 * Unless all CPUs sample all the time ("flat out"), only the leader has periodic windows: one burst
 * or more, and the points of all clocks. Each CPU that keeps pairs also calls its partners in turn
 * (meeting.c). All others wake up twice a second, which shows that their timers work. Flat out, two
 * CPUs exchange because all change partners by one shared round number, which no clock decides.
 *
 * These are smpboot threads, which exist while sampling is enabled. A window holds window_sem for
 * reading. Changes of data that windows use hold it for writing, so no window sees half a change.
 */
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/percpu-rwsem.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smpboot.h>

#include "params.h"
#include "sampler.h"
#include "trace.h"

#define MEETING_MAX_NS		(NSEC_PER_SEC / 4ULL)	/* from one call of a partner to the next */
#define MEETING_LATE_NS		(NSEC_PER_SEC / 20ULL)	/* how late a leader's meeting may be */
#define HEARTBEAT_NS		(NSEC_PER_SEC / 2)	/* a CPU without work wakes up after this */
#define LEADER_STARVED_MS	1000	/* a leader that did not run for longer is replaced */
#define SETTLE_MS		100	/* a change waits up to this for calls that are answered */

/* Protects what windows, its readers, use: plan, parameters, pairs, ranks. */
static struct percpu_rw_semaphore window_sem;
static atomic_t pausing = ATOMIC_INIT(0);	/* changes that wait: windows end early */
static bool running;	/* the samplers may run */

/* The parameters in force, in the units that windows use. */
static struct {
	u64 period_ns;
	u64 width_cyc;
	u64 burst_cyc;
	bool flat_out;
} plan;

static u64 leader_since_ms;	/* when sampling went on, the leader changed or a CPU had stopped */
/* The CPU whose TSC the points are compared with, and its life; written with the lead held. */
static int points_cpu = -1;
static u16 points_life;

/* Flat out: all CPUs exchange with the partner of this round. */
static u64 tscope_round ____cacheline_aligned_in_smp;

/*
 * Note the time by jiffies and by this CPU's TSC: if they disagree later, one stood still. Jiffies
 * are read first and stored last, so that no older TSC value is beside newer jiffies.
 */
static void note_alive(struct tscope_cpu *c)
{
	u64 now_ms = tscope_now_ms();

	/* if this CPU did not run for long, the whole guest may have stopped with its leader */
	if (unlikely(now_ms - c->seen_ms > LEADER_STARVED_MS))
		WRITE_ONCE(leader_since_ms, now_ms);
	WRITE_ONCE(c->end_tsc, rdtsc_ordered());
	WRITE_ONCE(c->seen_ms, now_ms);
}

/* The points of a window, if this CPU is still the leader. */
static void take_points(struct tscope_cpu *c, u64 readings)
{
	if (!tscope_leader_hold(c->cpu))
		return;
	/* points of another CPU's TSC are another segment, and so are those of a later life */
	if (points_cpu >= 0 && (points_cpu != c->cpu || points_life != READ_ONCE(c->life)))
		tscope_points_break();
	points_cpu = c->cpu;
	points_life = READ_ONCE(c->life);
	tscope_points_take(c, readings > 0);
	/* this CPU may have got no time meanwhile, and runs again */
	note_alive(c);
	tscope_leader_release(c->cpu);
}

static void add_lost(struct tscope_cpu *c, u64 time_ns)
{
	WRITE_ONCE(c->lost, c->lost + div64_u64(time_ns, plan.period_ns));
}

/* The first CPU that notices takes the place of a leader that gets no CPU time. */
static void replace_starved_leader(struct tscope_cpu *c)
{
	int leader = tscope_leader();
	u64 seen_ms;

	if (leader == c->cpu || leader < 0)
		return;
	note_alive(c);
	seen_ms = max(READ_ONCE(tscope_cpu_of(leader)->seen_ms), READ_ONCE(leader_since_ms));
	if (c->seen_ms <= seen_ms + LEADER_STARVED_MS || !tscope_leader_replace(leader, c->cpu))
		return;
	WRITE_ONCE(leader_since_ms, c->seen_ms);
	if (!plan.flat_out)
		add_lost(c, (c->seen_ms - seen_ms) * NSEC_PER_MSEC);
}

/* Add a burst to a pair that this CPU keeps, if the partner exchanged. */
static void note_burst(struct tscope_cpu *c, struct tscope_pair *pair, const struct tscope_burst *b)
{
	if (!b->partner_id)
		return;
	tscope_pair_add(c, pair, b);
	tscope_report_motion(pair);
}

/* Flat out, CPUs exchange by rounds unless they are too many; else they exchange by calls. */
static bool exchange_by_rounds(void)
{
	return plan.flat_out && tscope_pairs_cpus() <= TSCOPE_ALL_PAIRS_CPUS;
}

/* One burst: flat out with the partner of the round, else with none. */
static u32 take_burst(struct tscope_cpu *c, u64 length_cyc)
{
	struct tscope_burst_plan p = { .length_cyc = length_cyc };
	u64 round = READ_ONCE(tscope_round);
	struct tscope_pair *pair = NULL;
	struct tscope_burst b = { };
	unsigned long flags;
	int partner = -1;

	if (exchange_by_rounds())
		partner = tscope_pairs_partner(c->rank, round);
	if (partner >= 0) {
		pair = tscope_pair_find(c, partner);
		p.peer = &tscope_cpu_of(partner)->box;
		p.until = &tscope_round;
		p.value = round;
		p.keep = pair;
	}

	local_irq_save(flags);
	if (partner >= 0)
		tscope_session_begin(c);
	tscope_burst(c, &p, &b);
	local_irq_restore(flags);

	if (pair)
		note_burst(c, pair, &b);
	if (partner >= 0)
		cmpxchg(&tscope_round, round, round + 1);
	return b.readings;
}

static void meet(struct tscope_cpu *c, struct tscope_pair *p)
{
	struct tscope_burst b = { };

	if (tscope_meet(c, p, plan.burst_cyc, &b))
		WRITE_ONCE(c->unmet, c->unmet + 1);
	else
		WRITE_ONCE(c->meetings, c->meetings + 1);
	tscope_pairs_note_step(c);
	note_burst(c, p, &b);
}

/* Call the partners of the CPU's pairs in turn. */
static void meet_next_partner(struct tscope_cpu *c)
{
	u64 turn_ns = tscope_pairs_turn_ms() * (u64)NSEC_PER_MSEC;
	u64 interval_ns, random_ns, now = ktime_get_ns();
	struct tscope_pair *p;

	if (!c->pairs ||
	    (now < c->next_meeting_ns && c->next_meeting_ns - now < MEETING_MAX_NS * 2))
		return;

	/* an eighth of the turn is left for meetings that fail */
	interval_ns = min(div_u64(turn_ns * 7 / 8, c->pairs), MEETING_MAX_NS);
	random_ns = (interval_ns * (u8)tscope_cpu_random(c)) >> 8;
	/* CPUs begin at the same time, but should not call at the same time */
	if (!c->next_meeting_ns) {
		c->next_meeting_ns = now + random_ns / 8 +
				     div_u64(interval_ns * c->rank, tscope_pairs_cpus());
		return;
	}
	c->next_meeting_ns = now + interval_ns - random_ns / 8;

	c->next_pair = c->next_pair + 1 < c->pairs ? c->next_pair + 1 : 0;
	p = c->pair[c->next_pair];
	meet(c, p);
	/* one meeting alone gives no figure */
	if (p->tracker[TSCOPE_LANE_TSC].meetings == 1)
		meet(c, p);
}

/* Bursts until the window is over. Returns how many. */
static u32 take_bursts(struct tscope_cpu *c, u64 *readings)
{
	/* jiffies end the window if the TSC stands still */
	unsigned long tick = jiffies, end = tick + usecs_to_jiffies(tscope_params.width_us) + 1;
	unsigned long report = tick + HZ / 4;
	u64 start = rdtsc_ordered(), spent = 0;
	u32 bursts = 0;

	do {
		*readings += take_burst(c, min(plan.burst_cyc, plan.width_cyc - spent));
		/* flat out a window may last for seconds */
		note_alive(c);
		if (unlikely(c->events))
			tscope_report_found(c);
		if (time_after(jiffies, report)) {
			report = jiffies + HZ / 4;
			tscope_report_warps(c);
		}
		bursts++;
		/*
		 * Once a tick, since a window may last longer than pairs may go without a meeting.
		 * Not after each burst: this reads the kernel's time, which clears GUEST_STOPPED if
		 * that is kvm-clock, and a division takes as long as several readings.
		 */
		if (time_after(jiffies, tick)) {
			tick = jiffies;
			tscope_pairs_note_step(c);
			if (!exchange_by_rounds()) {
				tscope_meeting_answer(c);
				meet_next_partner(c);
			}
		}
		/* flat out this thread never sleeps: RCU-tasks needs a report */
		cond_resched_tasks_rcu_qs();
		spent = rdtsc_ordered() - start;
	} while (spent < plan.width_cyc && !time_after(jiffies, end) && !c->stuck &&
		 !atomic_read(&pausing));
	return bursts;
}

/* Count how late a window is. Both clocks must show it, because either may have jumped. */
static u64 note_lateness(struct tscope_cpu *c, u64 now_ns)
{
	s64 late_cyc = rdtsc_ordered() - c->due_tsc;
	u64 late = 0;

	/* no window was due: this CPU is a new leader, or a change came before */
	if (!c->next_window_ns)
		return 0;
	if (late_cyc > 0)
		late = min(now_ns - c->next_window_ns, tscope_cyc_to_ns(late_cyc, tscope_tsc_khz));
	tscope_hist_add(&c->wakeup, late);
	add_lost(c, late);
	return late;
}

/* @now_ns and @now_tsc: when the present window began. */
static void schedule_next_window(struct tscope_cpu *c, u64 now_ns, u64 now_tsc)
{
	u64 due_ns = (div64_u64(now_ns, plan.period_ns) + 1) * plan.period_ns;

	WRITE_ONCE(c->next_window_ns, due_ns);
	c->due_tsc = now_tsc + tscope_ns_to_cyc(due_ns - now_ns, tscope_tsc_khz);
}

static void run_window(struct tscope_cpu *c)
{
	u64 now_ns = ktime_get_ns(), now_tsc = rdtsc_ordered(), readings = 0, late = 0;
	bool is_leader;
	u32 bursts = 0;

	tscope_meeting_answer(c);
	replace_starved_leader(c);
	is_leader = tscope_leader() == c->cpu;
	if (!is_leader)
		c->next_window_ns = 0;
	if (plan.flat_out) {
		bursts = take_bursts(c, &readings);
	} else if (is_leader && now_ns >= c->next_window_ns) {
		late = note_lateness(c, now_ns);
		bursts = take_bursts(c, &readings);
	}
	if (!exchange_by_rounds())
		meet_next_partner(c);

	tscope_report_warps(c);
	tscope_report_found(c);
	tscope_pairs_note_step(c);
	if (is_leader && bursts) {
		take_points(c, readings);
		schedule_next_window(c, now_ns, now_tsc);
	}
	WRITE_ONCE(c->windows, c->windows + 1);
	note_alive(c);
	if (bursts)
		trace_tscope_window(c->cpu, now_ns, late, readings, bursts);
}

/**
 * tscope_sampler_due_ns() - when a CPU has something to do
 * @c: the CPU
 * @now_ns: the present time, CLOCK_MONOTONIC
 * Context: the CPU's sampler.
 * Return: a time of CLOCK_MONOTONIC; a change or a call may give the CPU work before that.
 */
u64 tscope_sampler_due_ns(struct tscope_cpu *c, u64 now_ns)
{
	u64 due = now_ns + HEARTBEAT_NS;

	if (!READ_ONCE(c->ready) || READ_ONCE(plan.flat_out))
		return now_ns;
	if (tscope_leader() == c->cpu) {
		/* windows are close enough together that a meeting can wait for the next one */
		if (READ_ONCE(plan.period_ns) <= MEETING_LATE_NS)
			return READ_ONCE(c->next_window_ns);
		due = min(due, READ_ONCE(c->next_window_ns));
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

/* Sleep until the CPU has something to do. */
static void sleep_until_due(struct tscope_cpu *c)
{
	u64 now_ns, due_ns;
	ktime_t expires;

	/* before what a change or a call writes is read: its wake-up ends this state */
	set_current_state(TASK_INTERRUPTIBLE);
	now_ns = ktime_get_ns();
	due_ns = tscope_sampler_due_ns(c, now_ns);
	expires = ns_to_ktime(due_ns);
	if (due_ns > now_ns && sampler_should_run(c->cpu) && !READ_ONCE(c->call.caller) &&
	    !kthread_should_park())
		schedule_hrtimeout_range(&expires, 0, HRTIMER_MODE_ABS);
	__set_current_state(TASK_RUNNING);
}

/* One window, and the sleep before it. */
static void sampler_run(unsigned int cpu)
{
	struct tscope_cpu *c = tscope_cpu_of(cpu);

	sleep_until_due(c);
	/* a change waits for open windows: one that began now would be cut short */
	if (atomic_read(&pausing)) {
		schedule_timeout_uninterruptible(1);
		return;
	}
	percpu_down_read(&window_sem);
	if (sampler_should_run(cpu)) {
		if (unlikely(!c->ready)) {
			c->page_ops = tscope_clock_page_ops();
			c->page = c->page_ops ? c->page_ops->sequence(c->cpu) : NULL;
			/* from here on calls are answered: they find the page */
			smp_store_release(&c->ready, true);
		}
		run_window(c);
	}
	percpu_up_read(&window_sem);
}

/* Sampling ends. Pairs keep their figures: this is no new life. */
static void sampler_cleanup(unsigned int cpu, bool online)
{
	struct tscope_cpu *c = tscope_cpu_of(cpu);

	if (!c)
		return;
	tscope_cpu_quiesce(c);
	tscope_meeting_refuse(c);
}

/* The CPU goes offline. */
static void sampler_park(unsigned int cpu)
{
	sampler_cleanup(cpu, false);
	if (tscope_cpu_of(cpu))
		tscope_cpu_new_life(tscope_cpu_of(cpu));
}

static struct smp_hotplug_thread sampler_threads = {
	.store			= &tscope_thread,
	.thread_should_run	= sampler_should_run,
	.thread_fn		= sampler_run,
	.thread_comm		= "tscope/%u",
	.cleanup		= sampler_cleanup,
	.park			= sampler_park,
};

/**
 * tscope_windows_init() - prepare what windows and changes exclude each other by
 * Context: process, at load.
 * Return: 0, or -ENOMEM.
 */
int tscope_windows_init(void)
{
	return percpu_init_rwsem(&window_sem);
}

/**
 * tscope_windows_hold() - keep changes out, as a window does
 * Context: any but hard interrupts.
 * Return: false if a change is at work; else tscope_windows_release() must follow.
 */
bool tscope_windows_hold(void)
{
	return percpu_down_read_trylock(&window_sem);
}

/* Allow changes again. Context: the task that called tscope_windows_hold(). */
void tscope_windows_release(void)
{
	percpu_up_read(&window_sem);
}

/**
 * tscope_windows_exit() - wait for what the last change left for RCU to do, which is in window_sem
 * Context: process, may sleep; no sampler, and no change to come.
 */
void tscope_windows_exit(void)
{
	percpu_free_rwsem(&window_sem);
}

/**
 * tscope_samplers_start() - create the threads
 * Context: process, may sleep; takes cpus_read_lock().
 * Return: 0, or an errno with no thread left.
 */
int tscope_samplers_start(void)
{
	return smpboot_register_percpu_thread(&sampler_threads);
}

/**
 * tscope_samplers_stop() - end the threads and wait for them and their calls
 * Context: process, may sleep, sampling is off; takes cpus_read_lock().
 */
void tscope_samplers_stop(void)
{
	smpboot_unregister_percpu_thread(&sampler_threads);
	tscope_meetings_finish();
}

/**
 * tscope_sampling_pause() - wait until no window is open, and open none
 * Context: process, may sleep; tscope_sampling_resume() must follow.
 */
void tscope_sampling_pause(void)
{
	atomic_inc(&pausing);
	percpu_down_write(&window_sem);
	WRITE_ONCE(leader_since_ms, tscope_now_ms());
	atomic_dec(&pausing);
	tscope_meetings_settle(SETTLE_MS);
}

/**
 * tscope_sampling_resume() - let windows open again, by the parameters in force
 * @on: whether sampling is on; if not, no window opens
 * Context: process, after tscope_sampling_pause(), with cpus_read_lock() held.
 */
void tscope_sampling_resume(bool on)
{
	const struct tscope_params *p = &tscope_params;
	struct task_struct *thread;
	struct tscope_cpu *c;
	int cpu;

	WRITE_ONCE(plan.period_ns, p->period_us * (u64)NSEC_PER_USEC);
	WRITE_ONCE(plan.flat_out, p->width_us == p->period_us);
	plan.width_cyc = tscope_ns_to_cyc(p->width_us * 1000ULL, tscope_tsc_khz);
	plan.burst_cyc = min(tscope_ns_to_cyc(p->burst_us * 1000ULL, tscope_tsc_khz),
			     plan.width_cyc);
	for_each_tscope_cpu(c)
		WRITE_ONCE(c->next_window_ns, 0);
	WRITE_ONCE(leader_since_ms, tscope_now_ms());
	tscope_pairs_stopped(!on);
	WRITE_ONCE(running, on);
	percpu_up_write(&window_sem);

	for_each_online_cpu(cpu) {
		thread = per_cpu(tscope_thread, cpu);
		if (on && thread)
			wake_up_process(thread);
	}
}

/* For how many ms windows have been allowed, and no CPU has stopped. Context: any. */
u64 tscope_sampling_ms(void)
{
	u64 since_ms = READ_ONCE(leader_since_ms);

	return tscope_now_ms() - since_ms;
}
