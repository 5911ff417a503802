/* SPDX-License-Identifier: GPL-2.0 */
/* Per-CPU state of the samplers, and which of the CPUs is the leader. */
#ifndef TSCOPE_CPU_H
#define TSCOPE_CPU_H

#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/smp.h>

#include "clock.h"
#include "mailbox.h"
#include "math128.h"

struct tscope_pair;

/* If at most this many CPUs sample, each of them is a partner of all others. */
#define TSCOPE_ALL_PAIRS_CPUS	64

/* Up to this many updates of a time page are kept apart until the sampler reports them. */
#define TSCOPE_PAGE_EVENTS	4

/* The time base of ages and epochs: jiffies since boot, in ms, never 0. May divide. */
static inline u64 tscope_jiffies_ms(u64 jiffies)
{
	return jiffies64_to_msecs(jiffies) + 1;
}

static inline u64 tscope_now_ms(void)
{
	return tscope_jiffies_ms(get_jiffies_64());
}

/* An update of a CPU's time page. */
struct tscope_page_event {
	struct tscope_timepage old;	/* before */
	struct tscope_timepage new;	/* after */
	u64 held_tsc;			/* TSC at which @old was looked at last */
	u64 tsc;			/* TSC at which the update was seen */
	u32 updates;			/* how many updates this entry stands for */
};

/* Several warps, or several backward readings. */
struct tscope_finding {
	u64 count;			/* how many */
	u64 max;			/* the largest, in the lane's unit */
	u64 tsc;			/* the TSC at the largest */
};

static inline void tscope_finding_merge(struct tscope_finding *to,
					const struct tscope_finding *from)
{
	to->count += from->count;
	if (from->max > to->max) {
		to->max = from->max;
		to->tsc = from->tsc;
	}
}

static inline void tscope_finding_add(struct tscope_finding *f, u64 size, u64 tsc)
{
	tscope_finding_merge(f, &(struct tscope_finding){ .count = 1, .max = size, .tsc = tsc });
}

/* A CPU's figures of one lane. Warps are those of the pairs that the CPU keeps, of either CPU. */
struct tscope_lane_figures {
	u64 readings;			/* taken */
	u64 backward;			/* readings lower than the CPU's own last one */
	u64 backward_max;		/* by how much at most, in the lane's unit */
	u64 warps;			/* readings lower than the other CPU had published */
	u64 warp_max;			/* by how much at most, in the lane's unit */
};

/*
 * A CPU calls at most 64 others: the CPUs 0 to 63, or those whose rank differs by a power of 2. If
 * CPU numbers have no holes, their remainders by this prime are different.
 */
#define TSCOPE_CALLS	67

/* Calls from a CPU to others, and to it. */
struct tscope_call {
	u64 request;			/* number of the call that this CPU waits for; 0: none */
	u64 length_cyc;			/* length of that call's burst */
	/* interrupt the partners: one that takes no interrupts delays no call of others */
	call_single_data_t csd[TSCOPE_CALLS];
	u32 wait_us;			/* how long this CPU waits for an answer to that call */
	u32 first_us;			/* how long it waits for a partner that it never met */
	bool busy;			/* this CPU's session is in use: it answers no call */
	u64 sent;			/* calls sent; written by this CPU's own sampler */
	atomic64_t answered;		/* calls that the partners are done with */
	struct tscope_cpu *caller;	/* CPU whose call waits for this CPU's sampler; or NULL */
};

/*
 * A sampling CPU. The CPU writes this itself: in its sampler, and with interrupts off in its bursts
 * and in the calls that it answers. There are two exceptions. Its partners write @call.caller and
 * @call.answered. Changes, while no window is open, write @chosen, @next_window_ns, the pairs,
 * @rank, and what a reset, a new life or tscope_cpu_quiesce() clears. Any CPU may read it at any
 * time.
 */
struct tscope_cpu {
	struct tscope_mailbox box;	/* what it publishes */
	struct tscope_call call;	/* meetings (meeting.c) */

	int cpu;			/* its number */
	/* number of its online period: a new one begins at offline, at suspend and at resume */
	u16 life;
	u32 session;			/* number of its newest session */
	u64 random;			/* state of its random numbers */
	bool chosen;			/* it is online and is to sample */
	bool ready;			/* its sampler runs; a call is answered only then */

	u64 last[TSCOPE_LANES];		/* its newest reading of each lane; 0: none in this life */
	const u32 *page;		/* its time page's sequence word; NULL: there is none */
	const struct tscope_timepage_ops *page_ops; /* how the page is copied */
	struct tscope_timepage timepage; /* the time page at the newest reading */
	u64 page_tsc;			/* the TSC when the page was looked at last */
	bool current_page;		/* @timepage held at the newest reading */
	struct tscope_page_event event[TSCOPE_PAGE_EVENTS]; /* not reported yet */
	unsigned int events;		/* number of them */
	struct tscope_finding back[TSCOPE_LANES]; /* backward readings, not reported yet */
	u32 gap_mask;			/* most readings between exchanges, 2^n - 1; or 0 */
	bool stuck;			/* the newest burst ended by its count: a still TSC */
	u64 burst_cyc;			/* length of its newest burst, to be noted; 0: none */
	u64 step_cyc;			/* step in which the TSC counts; 0: unknown */
	u64 divisor_cyc;		/* common divisor of TSC differences in this life */
	u32 differences;		/* how many of these, up to STEP_DIFFERENCES */

	u64 seen_ms;			/* tscope_now_ms() when its sampler ran last */
	u64 end_tsc;			/* the TSC at that time */
	u64 next_window_ns;		/* when its next window is due, CLOCK_MONOTONIC; 0: now */
	u64 due_tsc;			/* the TSC when that window is due */
	u64 next_meeting_ns;		/* when its next meeting is due, CLOCK_MONOTONIC */

	struct tscope_pair *pair[TSCOPE_ALL_PAIRS_CPUS]; /* the pairs that it keeps */
	u32 pairs;			/* number of them */
	u32 next_pair;			/* index of the one that meets next */
	u32 rank;			/* its place among the CPUs that sample */

	/* a reset clears all from here to @unmet */
	struct tscope_lane_figures lane[TSCOPE_LANES]; /* figures of each lane */
	u64 updates;			/* time page updates seen */
	u64 stopped;			/* times GUEST_STOPPED was seen set */
	u64 windows;			/* times that its sampler ran */
	u64 lost;			/* windows that it, or the leader before it, missed */
	u64 meetings;			/* meetings that this CPU called for and that took place */
	u64 unmet;			/* meetings that it called for and that failed */

	struct tscope_hist warp_hist[TSCOPE_LANES]; /* sizes of warps, ns */
	struct tscope_hist transit;	/* mailbox transits, ns */
	struct tscope_hist wakeup;	/* lateness of windows, ns */
};

extern struct tscope_cpu **tscope_cpus;

/* A size in ns. One cycle may be less than 1 ns, but 0 would mean none: so it is at least 1. */
static inline u64 tscope_lane_ns(enum tscope_lane lane, u64 size)
{
	if (lane == TSCOPE_LANE_TSC && size)
		return max(tscope_cyc_to_ns(size, READ_ONCE(tscope_tsc_khz)), 1ULL);
	return size;
}

/* A CPU's state; NULL for a CPU that never sampled. */
static inline struct tscope_cpu *tscope_cpu_of(int cpu)
{
	/* pairs with the release in tscope_cpu_get() */
	return smp_load_acquire(&tscope_cpus[cpu]);
}

/* The first CPU from @cpu on that ever sampled; NULL: none. */
static inline struct tscope_cpu *tscope_cpu_from(unsigned int cpu)
{
	for (; cpu < nr_cpu_ids; cpu++)
		if (tscope_cpu_of(cpu))
			return tscope_cpu_of(cpu);
	return NULL;
}

#define for_each_tscope_cpu(c) \
	for ((c) = tscope_cpu_from(0); (c); (c) = tscope_cpu_from((c)->cpu + 1))

/*
 * A random number, not 0, that depends on no clock: xorshift64 (Marsaglia, J. Stat. Soft. 8,
 * 2003). For the CPU's own sampler and bursts.
 */
static __always_inline u64 tscope_cpu_random(struct tscope_cpu *c)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return c->random;
}

/*
 * Begin a new life of a CPU: its TSC may have restarted, so earlier measurements are not valid any
 * more. Context: that CPU's sampler, or process with no window open on that CPU.
 */
static inline void tscope_cpu_new_life(struct tscope_cpu *c)
{
	WRITE_ONCE(c->life, c->life + 1);
	c->timepage.sequence = 0;
	c->differences = 0;
	c->divisor_cyc = 0;
	WRITE_ONCE(c->step_cyc, 0);
}

/* cpus.c */
int tscope_cpus_init(void);
void tscope_cpus_exit(void);
struct tscope_cpu *tscope_cpu_get(int cpu);
void tscope_cpu_reset(struct tscope_cpu *c);
void tscope_cpu_quiesce(struct tscope_cpu *c);
int tscope_leader(void);
bool tscope_leader_replace(int old, int cpu);
bool tscope_leader_hold(int cpu);
void tscope_leader_release(int cpu);

#endif /* TSCOPE_CPU_H */
