/* SPDX-License-Identifier: GPL-2.0 */
/* Per-CPU state of the samplers. */
#ifndef TSCOPE_CPU_H
#define TSCOPE_CPU_H

#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/smp.h>

#include "clock.h"
#include "mailbox.h"
#include "math128.h"

struct task_struct;
struct tscope_pair;

/* Where at most this many CPUs sample, each is a partner of all others. */
#define TSCOPE_ALL_PAIRS_CPUS	64

/* Updates of a time page that are kept apart until the sampler reports them. */
#define TSCOPE_PAGE_EVENTS	4

/**
 * tscope_now_ms() - the time that ages and epochs are counted by
 *
 * Return: jiffies since boot in ms, never 0.
 */
static inline u64 tscope_now_ms(void)
{
	return jiffies64_to_msecs(get_jiffies_64()) + 1;
}

/**
 * struct tscope_page_event - an update of a CPU's time page
 * @old: before
 * @new: after
 * @tsc: TSC at which the update was seen
 * @updates: how many updates it stands for
 */
struct tscope_page_event {
	struct tscope_timepage old;
	struct tscope_timepage new;
	u64 tsc;
	u32 updates;
};

/**
 * struct tscope_finding - warps or backward readings
 * @count: how many
 * @max: the largest, in the lane's unit
 * @tsc: the TSC at the largest
 */
struct tscope_finding {
	u64 count;
	u64 max;
	u64 tsc;
};

/**
 * tscope_finding_add() - count a warp or a backward reading
 * @f: of the same kind
 * @size: its size, in the lane's unit
 * @tsc: the TSC when it was seen
 *
 * Context: any, interrupts off in a burst.
 */
static inline void tscope_finding_add(struct tscope_finding *f, u64 size,
				      u64 tsc)
{
	f->count++;
	if (size > f->max) {
		f->max = size;
		f->tsc = tsc;
	}
}

/**
 * tscope_finding_merge() - add findings to others of the same kind
 * @to: sum
 * @from: what is added
 *
 * Context: any.
 */
static inline void tscope_finding_merge(struct tscope_finding *to,
					const struct tscope_finding *from)
{
	to->count += from->count;
	if (from->max > to->max) {
		to->max = from->max;
		to->tsc = from->tsc;
	}
}

/**
 * struct tscope_lane_figures - a CPU's figures of one lane
 * @readings: taken
 * @backward: lower than the CPU's own last
 * @backward_max: by how much at most, in the lane's unit
 * @warps: lower than what another CPU had published, seen by this CPU
 * @warp_max: by how much at most, in the lane's unit
 */
struct tscope_lane_figures {
	u64 readings;
	u64 backward;
	u64 backward_max;
	u64 warps;
	u64 warp_max;
};

/**
 * struct tscope_call - a CPU as a caller of others, and as one that is called
 * @request: partner + 1, and number of the call that this CPU waits to be
 *	answered; 0: none
 * @length_cyc: length of that call's burst, cycles
 * @csd: interrupts the partner
 * @wait_us: how long this CPU waits for an answer
 * @sent: calls sent; written by this CPU's own sampler
 * @answered: calls that the partners are done with
 * @busy: this CPU's session is in use: it answers no call
 * @caller: the CPU whose call waits for this CPU's sampler; NULL: none
 */
struct tscope_call {
	u64 request;
	u64 length_cyc;
	call_single_data_t csd;
	u32 wait_us;
	bool busy;
	u64 sent;
	atomic64_t answered;
	struct tscope_cpu *caller;
};

/**
 * struct tscope_cpu - a sampling CPU
 * @box: what it publishes
 * @call: meetings (meeting.c)
 * @cpu: its number
 * @life: number of its life; a new one begins when it goes offline, when it comes
 *	online, and at resume
 * @session: number of its newest session
 * @random: state of its random numbers
 * @chosen: it is online and is to sample; written while no window is open
 * @ready: its sampler runs; a call is answered only then
 * @task: its sampler; NULL: none
 * @last: its newest reading of each lane; 0: none in this life
 * @page: the sequence word of its time page, which the host writes; NULL: there is none
 * @page_ops: how the page is copied
 * @timepage: the time page at the newest reading
 * @current_page: the newest reading is by @timepage, not by the page before
 * @event: updates of the time page that are not reported yet
 * @events: number of them
 * @back: backward readings that are not reported yet
 * @gap_mask: 2^n - 1: readings from one exchange to the next, at most; 0: not
 *	known yet
 * @stuck: a burst ended by its count because the TSC stood still
 * @burst_cyc: length of its newest burst; 0: its TSC went back in it
 * @step_cyc: greatest common divisor of TSC differences; 0: none seen
 * @seen_ms: tscope_now_ms() when its sampler ran last
 * @next_window_ns: when its next window is due, CLOCK_MONOTONIC; 0: now
 * @next_meeting_ns: when its next meeting is due, CLOCK_MONOTONIC
 * @due_tsc: the TSC when its next window is due
 * @end_tsc: the TSC at @seen_ms
 * @pair: the pairs that it keeps
 * @pairs: number of them
 * @next_pair: index of the one that meets next
 * @rank: its place among the CPUs that sample
 * @lane: figures of each lane
 * @updates: time page updates seen
 * @stopped: times GUEST_STOPPED was seen set
 * @windows: times that its sampler ran
 * @lost: windows that never began, because the CPU was late by a period or more
 * @meetings: meetings that this CPU called for and that took place
 * @unmet: meetings that it called for in vain
 * @warp_hist: sizes of warps, ns
 * @transit: mailbox transits, ns
 * @wakeup: lateness of windows, ns
 *
 * Written by the CPU itself: by its sampler, and with interrupts off by bursts
 * and answered calls; @pair, @pairs and @rank only while no window is open.
 * Read at any time.
 */
struct tscope_cpu {
	struct tscope_mailbox box;
	struct tscope_call call;

	int cpu;
	u16 life;
	u32 session;
	u64 random;
	bool chosen;
	bool ready;
	struct task_struct *task;

	u64 last[TSCOPE_LANES];
	const u32 *page;
	const struct tscope_timepage_ops *page_ops;
	struct tscope_timepage timepage;
	bool current_page;
	struct tscope_page_event event[TSCOPE_PAGE_EVENTS];
	unsigned int events;
	struct tscope_finding back[TSCOPE_LANES];
	u32 gap_mask;
	bool stuck;
	u64 burst_cyc;
	u64 step_cyc;

	u64 seen_ms;
	u64 next_window_ns;
	u64 next_meeting_ns;
	u64 due_tsc;
	u64 end_tsc;

	struct tscope_pair *pair[TSCOPE_ALL_PAIRS_CPUS];
	u32 pairs;
	u32 next_pair;
	u32 rank;

	/* a reset clears all from here to @unmet */
	struct tscope_lane_figures lane[TSCOPE_LANES];
	u64 updates;
	u64 stopped;
	u64 windows;
	u64 lost;
	u64 meetings;
	u64 unmet;

	struct tscope_hist warp_hist[TSCOPE_LANES];
	struct tscope_hist transit;
	struct tscope_hist wakeup;
};

extern struct tscope_cpu **tscope_cpus;

/**
 * tscope_lane_ns() - the size of a warp or backward reading
 * @lane: of which clock
 * @value: size in that clock's units: cycles of the TSC, else ns
 *
 * Context: any.
 *
 * Return: ns; of a TSC at least 1 where there was any: a cycle is less, and 0
 * would say that there was none.
 */
static inline u64 tscope_lane_ns(enum tscope_lane lane, u64 value)
{
	if (lane == TSCOPE_LANE_TSC && value)
		return max(tscope_cyc_to_ns(value, tscope_tsc_khz), 1ULL);
	return value;
}

/**
 * tscope_cpu_of() - look up a CPU's sampler state
 * @cpu: CPU
 *
 * Return: the state, NULL for a CPU that never sampled.
 */
static inline struct tscope_cpu *tscope_cpu_of(int cpu)
{
	/* pairs with the release in tscope_cpu_get() */
	return smp_load_acquire(&tscope_cpus[cpu]);
}

/**
 * tscope_cpu_from() - the next CPU that ever sampled
 * @cpu: where to begin
 *
 * Return: the first one from @cpu on, NULL where there is none.
 */
static inline struct tscope_cpu *tscope_cpu_from(unsigned int cpu)
{
	for (; cpu < nr_cpu_ids; cpu++)
		if (tscope_cpu_of(cpu))
			return tscope_cpu_of(cpu);
	return NULL;
}

#define for_each_tscope_cpu(c) \
	for ((c) = tscope_cpu_from(0); (c); (c) = tscope_cpu_from((c)->cpu + 1))

/**
 * tscope_cpu_random() - a random number that does not depend on any clock
 * @c: the caller's CPU
 *
 * xorshift64 (Marsaglia, J. Stat. Soft. 8, 2003). Context: as a burst, or the
 * CPU's sampler.
 *
 * Return: the number, not 0.
 */
static __always_inline u64 tscope_cpu_random(struct tscope_cpu *c)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return c->random;
}

/* cpus.c */
int tscope_cpus_init(void);
void tscope_cpus_exit(void);
struct tscope_cpu *tscope_cpu_get(int cpu);
void tscope_cpu_reset(struct tscope_cpu *c);
void tscope_cpu_new_life(struct tscope_cpu *c);
void tscope_cpu_start(struct tscope_cpu *c);
void tscope_cpu_stop(struct tscope_cpu *c);
int tscope_cpus_parse(const char *list, struct cpumask *cpus);
int tscope_cpus_default(struct cpumask *cpus);
int tscope_leader(void);
void tscope_leader_replace(int old, int cpu);

#endif /* TSCOPE_CPU_H */
