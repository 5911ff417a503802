// SPDX-License-Identifier: GPL-2.0
/*
 * Meetings: two CPUs exchange because one of them calls the other.
 *
 * A CPU begins a session, calls its partner by an interrupt that it does not wait for, and waits
 * with its own interrupts on until its nonce is in the partner's mailbox. The partner answers in
 * hard interrupt context, by one burst in a session of its own.
 *
 * If it takes long to send an interrupt, the answer is over before the caller has returned from
 * sending the call. The next time that a caller calls a partner that did not answer, it waits
 * longer. If this is more than WAIT_FAST_US, it asks the partner's sampler instead of the interrupt
 * handler: both take bursts, with interrupts on in between, until one of the caller's is whole. A
 * CPU that waits for an answer does not answer others.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>

#include "sampler.h"

/*
 * How long the caller waits. An interrupt reaches another vCPU in 13 to 50 us natively, and takes
 * a millisecond in software emulation.
 */
#define WAIT_MIN_US	200U
#define WAIT_MAX_US	3200U
/* A caller that waits for longer than this asks the partner's sampler. */
#define WAIT_FAST_US	800
/* A TSC that returns the same value this many times in a wait stands still. */
#define STILL_TURNS	20000

DEFINE_PER_CPU(struct task_struct *, tscope_thread);

/* Module unload waits this long for a call before it says so in the log. */
#define FINISH_MESSAGE_MS	10000

/* A wait for another CPU by this CPU's TSC. */
struct wait {
	u64 start;
	u64 last;
	u64 limit_cyc;
	u32 still;
};

static struct wait wait_begin(const struct tscope_cpu *caller)
{
	u64 now = rdtsc_ordered(), wait_us = READ_ONCE(caller->call.wait_us);

	return (struct wait){
		.start = now,
		.last = now,
		.limit_cyc = tscope_ns_to_cyc(wait_us * NSEC_PER_USEC, tscope_tsc_khz),
	};
}

static bool wait_goes_on(struct wait *w)
{
	u64 now = rdtsc_ordered();

	cpu_relax();
	w->still = now == w->last ? w->still + 1 : 0;
	w->last = now;
	return now - w->start <= w->limit_cyc && w->still < STILL_TURNS;
}

/* Wait until a word has a value; interrupts are on. */
static bool wait_for(const struct tscope_cpu *c, const u64 *word, u64 value)
{
	struct wait w = wait_begin(c);

	do {
		/* pairs with the releases of raw_id and of */
		if (smp_load_acquire(word) == value)
			return true;
	} while (wait_goes_on(&w));
	return false;
}

/*
 * A call's number: who calls whom, in which session. No two callers use the same number, so an
 * answer to one caller is never mistaken for an answer to another.
 */
static u64 call_number(const struct tscope_cpu *caller, int partner)
{
	return (u64)(caller->cpu + 1) << 48 | (u64)(partner + 1) << 32 | caller->session;
}

static int partner_of_call(u64 request)
{
	return (int)(u16)(request >> 32) - 1;
}

/* Whether a call is for the partner's sampler: earlier calls of that partner failed. */
static bool calls_sampler(const struct tscope_cpu *caller)
{
	return READ_ONCE(caller->call.wait_us) > WAIT_FAST_US;
}

/* Does the caller still wait, and may this CPU answer it? */
static bool call_holds(const struct tscope_cpu *c, const struct tscope_cpu *caller, u64 request)
{
	/* pairs with the release in tscope_meet() */
	return smp_load_acquire(&caller->call.request) == request &&
	       partner_of_call(request) == c->cpu && READ_ONCE(c->ready);
}

/* Take one burst with the caller's present session. Context: interrupts off. */
static void answer_burst(struct tscope_cpu *c, struct tscope_cpu *caller)
{
	struct tscope_burst_plan plan = {
		.peer = &caller->box,
		.length_cyc = READ_ONCE(caller->call.length_cyc),
		.until = &caller->box.id,
		.value = READ_ONCE(caller->box.id),
	};
	struct tscope_burst b = { };

	tscope_session_begin(c);
	tscope_burst(c, &plan, &b);
}

/* End an answer. Only the kernel can read CLOCK_MONOTONIC_RAW, so it is read after the burst. */
static void answer_end(struct tscope_cpu *c, u64 request)
{
	/* interrupts may be off: ktime_get_raw_ns() may wait for a CPU that does not run */
	WRITE_ONCE(c->box.raw_ns, ktime_get_raw_fast_ns());
	/* pairs with the acquire in wait_for() */
	smp_store_release(&c->box.raw_id, request);
	tscope_mailbox_begin(&c->box, 0);
}

/* The call arrives: hard interrupt context. */
static void meeting_called(void *info)
{
	struct tscope_cpu *caller = info, *c = tscope_cpu_of(smp_processor_id());
	u64 request = READ_ONCE(caller->call.request);

	if (c && !READ_ONCE(c->call.busy) && call_holds(c, caller, request)) {
		if (!calls_sampler(caller)) {
			answer_burst(c, caller);
			answer_end(c, request);
		} else if (!cmpxchg(&c->call.caller, NULL, caller)) {
			/* tscope_meeting_answer() continues */
			wake_up_process(this_cpu_read(tscope_thread));
			return;
		}
	}
	atomic64_inc(&caller->call.answered);
}

/**
 * tscope_meeting_refuse() - refuse the call that waits for a CPU's sampler, if there is one
 * @c: the CPU
 * Context: its sampler, or while that is parked.
 */
void tscope_meeting_refuse(struct tscope_cpu *c)
{
	struct tscope_cpu *caller = xchg(&c->call.caller, NULL);

	if (caller)
		atomic64_inc(&caller->call.answered);
}

/**
 * tscope_meeting_answer() - answer the call that waits for this CPU's sampler, if there is one
 * @c: this CPU
 * Context: its sampler, in a window, interrupts on.
 */
void tscope_meeting_answer(struct tscope_cpu *c)
{
	struct tscope_cpu *caller = xchg(&c->call.caller, NULL);
	struct wait w;
	u64 request;

	if (!caller)
		return;
	request = READ_ONCE(caller->call.request);
	WRITE_ONCE(c->call.busy, true);
	w = wait_begin(caller);
	w.limit_cyc *= 2;
	while (call_holds(c, caller, request) && wait_goes_on(&w)) {
		local_irq_disable();
		answer_burst(c, caller);
		local_irq_enable();
		if (READ_ONCE(c->stuck))
			break;
		cond_resched();
	}
	answer_end(c, request);
	WRITE_ONCE(c->call.busy, false);
	atomic64_inc(&caller->call.answered);
}

static void raw_warped(struct tscope_cpu *c, struct tscope_finding *f, u64 size_ns)
{
	tscope_finding_add(f, size_ns, c->last[TSCOPE_LANE_TSC]);
	tscope_hist_add(&c->warp_hist[TSCOPE_LANE_RAW], size_ns);
}

/*
 * CLOCK_MONOTONIC_RAW was read here before the call, then by the partner, and is now read here
 * again: each value must be at least as high as the one before.
 */
static void check_raw(struct tscope_cpu *c, const struct tscope_mailbox *peer, u64 request,
		      u64 before_ns, struct tscope_burst *b)
{
	struct tscope_lane_figures *lane = &c->lane[TSCOPE_LANE_RAW];
	u64 peer_ns, after_ns;

	if (!wait_for(c, &peer->raw_id, request))
		return;
	peer_ns = READ_ONCE(peer->raw_ns);
	after_ns = ktime_get_raw_ns();
	WRITE_ONCE(lane->readings, lane->readings + 1);
	if (peer_ns < before_ns)
		raw_warped(c, &b->peer_warp[TSCOPE_LANE_RAW], before_ns - peer_ns);
	if (after_ns < peer_ns)
		raw_warped(c, &b->warp[TSCOPE_LANE_RAW], peer_ns - after_ns);
}

/* The partner's interrupt handler answers at once: take one burst as soon as it does. */
static int meet_handler(struct tscope_cpu *c, struct tscope_burst_plan *plan,
			struct tscope_burst *b)
{
	if (!wait_for(c, &plan->peer->of, c->box.id))
		return -ETIMEDOUT;
	plan->until = &plan->peer->id;
	local_irq_disable();
	plan->value = READ_ONCE(*plan->until);
	tscope_burst(c, plan, b);
	local_irq_enable();
	return b->whole ? 0 : -ETIMEDOUT;
}

/* The partner's sampler answers at an unknown time: take bursts until one is whole. */
static int meet_sampler(struct tscope_cpu *c, const struct tscope_burst_plan *plan,
			struct tscope_burst *b)
{
	struct wait w = wait_begin(c);

	do {
		cond_resched();
		local_irq_disable();
		tscope_session_begin(c);
		tscope_burst(c, plan, b);
		local_irq_enable();
	} while (!b->whole && !READ_ONCE(c->stuck) && wait_goes_on(&w));
	return b->whole ? 0 : -ETIMEDOUT;
}

static int call_send(struct tscope_cpu *c, int partner)
{
	call_single_data_t *csd = &c->call.csd[partner % TSCOPE_CALLS];
	int err = -ENXIO;

	if (!csd->func)
		INIT_CSD(csd, meeting_called, c);
	/* with preemption off the partner can't finish going offline */
	preempt_disable();
	if (cpu_online(partner))
		err = smp_call_function_single_async(partner, csd);
	if (!err)
		WRITE_ONCE(c->call.sent, c->call.sent + 1);
	preempt_enable();
	return err;
}

/**
 * tscope_meet() - call a CPU and exchange with it
 * @c: the CPU that runs this
 * @pair: a pair that it keeps, with the CPU to call
 * @length_cyc: length of the burst, cycles
 * @b: what was measured; zeroed by the caller
 * Context: the CPU's sampler, bound to its CPU, in a window; interrupts on. They are off for one
 * tscope_burst() at a time on both CPUs.
 * Return: 0 with @b whole; -ENXIO if the partner is offline, -EBUSY while an earlier call has not
 * reached it, -ETIMEDOUT if the partner did not answer in time or no burst was whole.
 */
int tscope_meet(struct tscope_cpu *c, struct tscope_pair *pair, u64 length_cyc,
		struct tscope_burst *b)
{
	const struct tscope_cpu *p = tscope_cpu_of(pair->peer);
	struct tscope_burst_plan plan = { .length_cyc = length_cyc, .keep = true };
	u32 wait_us = clamp(pair->wait_us ?: c->call.first_us, WAIT_MIN_US, WAIT_MAX_US);
	u64 request, before_ns;
	int err;

	if (!p)
		return -ENXIO;
	WRITE_ONCE(c->call.wait_us, wait_us);
	plan.peer = &p->box;
	before_ns = ktime_get_raw_ns();

	local_irq_disable();
	WRITE_ONCE(c->call.busy, true);
	tscope_session_begin(c);
	local_irq_enable();
	WRITE_ONCE(c->call.length_cyc, length_cyc);
	/* each call has another session: a late call finds its request withdrawn or changed */
	request = call_number(c, pair->peer);
	/* pairs with the acquire in call_holds() */
	smp_store_release(&c->call.request, request);

	err = call_send(c, pair->peer);
	if (!err)
		err = calls_sampler(c) ? meet_sampler(c, &plan, b) : meet_handler(c, &plan, b);

	tscope_mailbox_begin(&c->box, 0);
	/* the partner's sampler ends its bursts now */
	WRITE_ONCE(c->call.request, 0);
	WRITE_ONCE(c->call.busy, false);
	if (!err)
		check_raw(c, plan.peer, request, before_ns, b);
	/*
	 * Wait twice as long for a partner that did not answer in time, and slowly less after
	 * answers. Pairs that never met share one wait of this CPU: if interrupts are slow, not
	 * each of these pairs has to fail first.
	 */
	if (!err) {
		pair->wait_us = wait_us - wait_us / 32;
		c->call.first_us = min(c->call.first_us, pair->wait_us);
	} else if (err == -ETIMEDOUT) {
		*(pair->wait_us ? &pair->wait_us : &c->call.first_us) = wait_us * 2;
	}
	return err;
}

static bool calls_pending(void)
{
	struct tscope_cpu *c;

	for_each_tscope_cpu(c)
		if (READ_ONCE(c->call.sent) != atomic64_read(&c->call.answered))
			return true;
	return false;
}

/**
 * tscope_meetings_settle() - let calls that are under way come to their end
 * @limit_ms: how long to wait at most
 *
 * Callers have withdrawn their requests, so calls under way return soon, except on a CPU that takes
 * no interrupts. Context: process, no window is open.
 * Return: whether no call is left.
 */
bool tscope_meetings_settle(unsigned int limit_ms)
{
	struct tscope_cpu *c;

	for_each_tscope_cpu(c)
		tscope_meeting_refuse(c);
	for (; calls_pending(); limit_ms--) {
		if (!limit_ms)
			return false;
		usleep_range(1000, 1100);
	}
	return true;
}

/**
 * tscope_meetings_finish() - wait until no call can run any more
 * Context: process, may sleep; all samplers have stopped.
 */
void tscope_meetings_finish(void)
{
	while (!tscope_meetings_settle(FINISH_MESSAGE_MS))
		pr_warn("a CPU takes no interrupts: waiting for it\n");
	/* hard interrupts are RCU readers: the last call has returned */
	synchronize_rcu();
}
