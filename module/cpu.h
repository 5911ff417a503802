/* SPDX-License-Identifier: GPL-2.0 */
/* What a sampling CPU has of its own. */
#ifndef TSCOPE_CPU_H
#define TSCOPE_CPU_H

#include <linux/cpumask.h>
#include <linux/sched.h>

#include "clock.h"
#include "exchange.h"
#include "pvti.h"
#include "wide.h"

/* Updates of a pvti that one burst can tell; it ends when they are full. */
#define TSCOPE_PVTI_EVENTS	4

/**
 * struct tscope_pvti_event - a pvti update that a burst met
 * @old: before
 * @new: after
 * @tsc: TSC at which the burst saw it
 */
struct tscope_pvti_event {
	struct tscope_pvti old;
	struct tscope_pvti new;
	u64 tsc;
};

/**
 * struct tscope_finding - warps or backward readings of one window
 * @count: how many
 * @max: the largest, in the lane's unit
 * @tsc: the TSC at the largest
 * @peer: the CPU that had published the higher value, or -1
 */
struct tscope_finding {
	u64 count;
	u64 max;
	u64 tsc;
	int peer;
};

/**
 * struct tscope_lane_figures - a CPU's figures of one lane
 * @readings: taken
 * @backward: lower than the CPU's own last
 * @backward_max: by how much at most, in the lane's unit
 * @warps: lower than what a peer had published
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
 * struct tscope_cpu - a sampling CPU
 * @cpu: its number
 * @task: its sampler, NULL while there is none; protected by the control lock
 * @peers: how many CPUs it watches
 * @peer: which; written with no sampler at work
 * @fresh: the newest TSC value seen of each
 * @last: its newest reading of each lane
 * @pvti: its pvti at the last reading
 * @current_pvti: that the newest reading is of this pvti, not the one before
 * @event: pvti updates of the present burst
 * @events: how many
 * @warp: warps of the present window
 * @back: backward readings of the present window
 * @lane: figures of each lane
 * @updates: pvti updates seen
 * @stopped: times GUEST_STOPPED was seen set
 * @lost: windows that were due and never begun: the CPU was late by a period
 * @next_peer: where the rotation of peers stands
 * @used_ns: CPU time of its sampler, as of its last window
 * @bursts_cyc: how long that window's bursts took
 * @warp_hist: sizes of warps, ns
 * @transit: mailbox transits, ns
 * @wakeup: lateness of window starts, ns
 * @row: smallest transits from each peer
 *
 * Written by the CPU's own sampler alone, or, while there is none, under the
 * control lock; read at any time.
 */
struct tscope_cpu {
	int cpu;
	struct task_struct *task;
	u32 peers;
	int peer[TSCOPE_PEERS_MAX];
	u64 fresh[TSCOPE_PEERS_MAX];

	u64 last[TSCOPE_LANES];
	struct tscope_pvti pvti;
	bool current_pvti;
	struct tscope_pvti_event event[TSCOPE_PVTI_EVENTS];
	unsigned int events;
	struct tscope_finding warp[TSCOPE_LANES];
	struct tscope_finding back[TSCOPE_LANES];

	struct tscope_lane_figures lane[TSCOPE_LANES];
	u64 updates;
	u64 stopped;
	u64 lost;
	unsigned int next_peer;
	u64 used_ns;
	u64 bursts_cyc;

	struct tscope_hist warp_hist[TSCOPE_LANES];
	struct tscope_hist transit;
	struct tscope_hist wakeup;
	struct tscope_row row;
};

extern struct tscope_cpu **tscope_cpus;

/**
 * tscope_cpu_time_ns() - CPU time that the running thread has taken
 *
 * Up to when it last was put on a CPU, at least. Neither interrupts nor what
 * a hypervisor gave to others is in it, where the kernel knows of them.
 *
 * Context: process.
 *
 * Return: ns.
 */
static inline u64 tscope_cpu_time_ns(void)
{
	/* the tick writes it */
	return READ_ONCE(current->se.sum_exec_runtime);
}

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
 * tscope_cpu_of() - what a CPU has of its own
 * @cpu: CPU
 *
 * Return: it, NULL for a CPU that never sampled.
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

int tscope_cpus_init(void);
void tscope_cpus_exit(void);
struct tscope_cpu *tscope_cpu_get(int cpu);
void tscope_cpu_reset(struct tscope_cpu *c);
void tscope_cpus_choose(const struct cpumask *cpus);

bool tscope_burst(struct tscope_cpu *c, int slot, u64 burst_cyc);
int tscope_sampler_start(struct tscope_cpu *c);
void tscope_sampler_stop(struct tscope_cpu *c);
void tscope_mailbox_clear(int cpu);

/* clock_kvm.c */
struct pvclock_vcpu_time_info *tscope_kvm_page(int cpu);
bool tscope_kvm_copy(const struct pvclock_vcpu_time_info *page,
		     struct tscope_pvti *to);
void tscope_kvm_events(struct tscope_cpu *c, struct tscope_clock *clk,
		       bool leader);

#endif /* TSCOPE_CPU_H */
