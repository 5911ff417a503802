// SPDX-License-Identifier: GPL-2.0
/*
 * Meetings: two CPUs exchange because one of them calls the other.
 *
 * Timers wake two CPUs at different times, so windows that begin by timers
 * hardly overlap in a virtual machine. Here a CPU calls its partner by an
 * interrupt that it does not wait for, waits with its own interrupts on until
 * the partner answers, and then both exchange for one burst. A CPU whose timers
 * are dead, or whose clock is far off, still answers.
 *
 * The caller begins its session before it sends the call, and says when it is
 * back from sending: to send an interrupt may take a virtual machine longer
 * than to receive one. The partner answers in hard interrupt context. If the
 * caller is not back yet, the partner interrupts itself again, so that other
 * interrupts are served in between. Then it begins a session of its own and
 * exchanges until the burst's length is over, its count of readings is, or the
 * caller's session ends. The caller sees the answer as its own nonce in the
 * partner's mailbox.
 *
 * A CPU that is being called by another one, or that waits for an answer itself,
 * does not answer: its session is in use.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>

#include "meeting.h"

/*
 * How long the caller waits. An interrupt reaches another vCPU in 13 to 50 us
 * natively. In software emulation it takes a millisecond: a caller that waited
 * in vain has twice the patience the next time, up to the most.
 */
#define WAIT_MIN_US	200
#define WAIT_MAX_US	3200
/* The same by a count, for a TSC that stands still. */
#define WAIT_TURNS	1000000
#define CALL_TURNS	10000

/* How long the unload waits for a call before it says so in the log. */
#define FINISH_MESSAGE_MS	10000

/* The low half is the session: a late call finds it withdrawn or changed. */
static u64 request_of(int partner, u64 nonce)
{
	return (u64)(partner + 1) << 32 | (u32)nonce;
}

/* Clocks that only the kernel can read are read outside the burst. */
static void publish_raw(struct tscope_cpu *c, u64 id)
{
	WRITE_ONCE(c->box.raw_ns, ktime_get_raw_ns());
	/* pairs with the acquire in wait_for() */
	smp_store_release(&c->box.raw_id, id);
}

static void call_done(struct tscope_cpu *c)
{
	struct tscope_cpu *from = c->caller;

	c->caller = NULL;
	atomic64_inc(&from->answered);
}

/* The caller is there: exchange with it. */
static void answer(struct tscope_cpu *c, struct tscope_cpu *from, u64 id)
{
	struct tscope_burst_plan plan = {
		.peer = &from->box,
		.nonce = tscope_nonce(c->cpu, c->life, ++c->session),
		.length_cyc = READ_ONCE(from->meeting_cyc),
		.until = &from->box.id,
		.value = id,
	};
	struct tscope_burst b;

	tscope_mailbox_begin(&c->box, plan.nonce);
	tscope_burst(c, &plan, &b);
	publish_raw(c, id);
	tscope_mailbox_begin(&c->box, 0);
}

/* Is the call still for this CPU, and may this CPU answer it? */
static bool call_holds(const struct tscope_cpu *c,
		       const struct tscope_cpu *from, u64 id)
{
	/* pairs with the release in tscope_meet() */
	return smp_load_acquire(&from->request) == request_of(c->cpu, id) &&
	       READ_ONCE(c->ready) && !READ_ONCE(c->request);
}

/* Hard interrupt context: answer if the caller is back, or come again. */
static void call_try(struct tscope_cpu *c)
{
	u64 start = rdtsc_ordered(), id;
	struct tscope_cpu *from = c->caller;
	u64 spin_cyc = READ_ONCE(from->meeting_cyc);
	u32 turns;

	for (turns = 0; turns < CALL_TURNS; turns++) {
		id = READ_ONCE(from->box.id);
		if (!call_holds(c, from, id))
			break;
		if (smp_load_acquire(&from->arrived) == id) {
			answer(c, from, id);
			break;
		}
		if (rdtsc_ordered() - start < spin_cyc)
			continue;
		if (start - c->called_tsc <= c->patience_cyc &&
		    irq_work_queue(&c->call_again))
			return;
		break;
	}
	call_done(c);
}

static void tscope_meeting_again(struct irq_work *work)
{
	call_try(container_of(work, struct tscope_cpu, call_again));
}

/* The call arrives: hard interrupt context. */
static void tscope_meeting_called(void *info)
{
	struct tscope_cpu *from = info, *c = tscope_cpu_of(smp_processor_id());

	if (!c || c->caller) {
		atomic64_inc(&from->answered);
		return;
	}
	c->caller = from;
	c->called_tsc = rdtsc_ordered();
	c->patience_cyc = tscope_ns_to_cyc(READ_ONCE(from->wait_us) *
					   NSEC_PER_USEC, tscope_tsc_khz);
	call_try(c);
}

/**
 * tscope_meeting_init() - prepare a CPU for calling others and being called
 * @c: the CPU's state
 */
void tscope_meeting_init(struct tscope_cpu *c)
{
	INIT_CSD(&c->csd, tscope_meeting_called, c);
	c->call_again = IRQ_WORK_INIT_HARD(tscope_meeting_again);
	c->wait_us = WAIT_MIN_US;
}

/* Wait until a word has a value; interrupts are on. */
static bool wait_for(struct tscope_cpu *c, const u64 *word, u64 value)
{
	u64 limit_cyc = tscope_ns_to_cyc(c->wait_us * NSEC_PER_USEC,
					 tscope_tsc_khz);
	u64 start = rdtsc_ordered();
	u32 turns;

	for (turns = 0; turns < WAIT_TURNS; turns++) {
		/* pairs with the releases of of and raw_id */
		if (smp_load_acquire(word) == value)
			return true;
		if (rdtsc_ordered() - start > limit_cyc)
			return false;
	}
	return false;
}

/* The caller's patience, by what became of the wait. */
static void learn_wait(struct tscope_cpu *c, bool answered)
{
	c->wait_us = answered ? c->wait_us - c->wait_us / 8 : c->wait_us * 2;
	c->wait_us = clamp(c->wait_us, WAIT_MIN_US, WAIT_MAX_US);
}

/*
 * CLOCK_MONOTONIC_RAW was read here before the call, then by the partner, then
 * here: each must be at least as high as the one before.
 */
static void check_raw(struct tscope_cpu *c, const struct tscope_cpu *p,
		      u64 nonce, u64 before_ns, struct tscope_burst *b)
{
	u64 peer_ns, after_ns, tsc = c->last[TSCOPE_LANE_TSC];

	if (!wait_for(c, &p->box.raw_id, nonce))
		return;
	peer_ns = READ_ONCE(p->box.raw_ns);
	after_ns = ktime_get_raw_ns();
	WRITE_ONCE(c->lane[TSCOPE_LANE_RAW].readings,
		   c->lane[TSCOPE_LANE_RAW].readings + 1);
	if (peer_ns < before_ns)
		tscope_finding_add(&b->peer_warp[TSCOPE_LANE_RAW],
				   before_ns - peer_ns, tsc);
	if (after_ns < peer_ns)
		tscope_finding_add(&b->warp[TSCOPE_LANE_RAW],
				   peer_ns - after_ns, tsc);
}

/**
 * tscope_meet() - call a CPU and exchange with it
 * @c: the CPU that runs this
 * @partner: the CPU to call
 * @length_cyc: length of the burst, cycles
 * @b: what was measured
 *
 * Context: the CPU's sampler, bound to its CPU, in a window; interrupts on.
 * They are off for @length_cyc and one reading on both CPUs.
 *
 * Return: 0; -ENXIO for a partner that is offline, -EBUSY while the call before
 * has not reached its partner, -ETIMEDOUT where the partner did not answer.
 */
int tscope_meet(struct tscope_cpu *c, int partner, u64 length_cyc,
		struct tscope_burst *b)
{
	struct tscope_cpu *p = tscope_cpu_of(partner);
	struct tscope_burst_plan plan = {
		.length_cyc = length_cyc,
		.keep = true,
	};
	unsigned long flags;
	u64 before_ns;
	int err;

	if (!p)
		return -ENXIO;
	plan.peer = &p->box;
	plan.until = &p->box.id;
	before_ns = ktime_get_raw_ns();

	local_irq_save(flags);
	plan.nonce = tscope_nonce(c->cpu, c->life, ++c->session);
	tscope_mailbox_begin(&c->box, plan.nonce);
	WRITE_ONCE(c->meeting_cyc, length_cyc);
	/* pairs with the acquire in call_holds() */
	smp_store_release(&c->request, request_of(partner, plan.nonce));
	local_irq_restore(flags);

	/* with preemption off the partner can't finish going offline */
	preempt_disable();
	err = cpu_online(partner) ?
	      smp_call_function_single_async(partner, &c->csd) : -ENXIO;
	preempt_enable();
	if (!err) {
		WRITE_ONCE(c->sent, c->sent + 1);
		/* pairs with the acquire in call_try() */
		smp_store_release(&c->arrived, plan.nonce);
		if (!wait_for(c, &p->box.of, plan.nonce))
			err = -ETIMEDOUT;
		learn_wait(c, !err);
	}

	local_irq_save(flags);
	if (!err) {
		plan.value = READ_ONCE(p->box.id);
		tscope_burst(c, &plan, b);
	}
	tscope_mailbox_begin(&c->box, 0);
	local_irq_restore(flags);

	if (!err)
		check_raw(c, p, plan.nonce, before_ns, b);
	WRITE_ONCE(c->request, 0);
	return err;
}

static bool calls_pending(void)
{
	struct tscope_cpu *c;

	for_each_tscope_cpu(c)
		if (READ_ONCE(c->sent) != atomic64_read(&c->answered))
			return true;
	return false;
}

/**
 * tscope_meetings_settle() - let calls that are under way come to their end
 * @limit_ms: how long to wait at most
 *
 * Callers have withdrawn their requests, so what is under way returns soon, but
 * for a CPU that takes no interrupts. Context: process, no window is open.
 *
 * Return: whether no call is left.
 */
bool tscope_meetings_settle(unsigned int limit_ms)
{
	for (; calls_pending(); limit_ms--) {
		if (!limit_ms)
			return false;
		usleep_range(1000, 1100);
	}
	return true;
}

/**
 * tscope_meetings_finish() - wait until no call can run any more
 *
 * The memory of the callers and the module's text may be freed then. Context:
 * process, all samplers have stopped.
 */
void tscope_meetings_finish(void)
{
	while (!tscope_meetings_settle(FINISH_MESSAGE_MS))
		pr_warn("a CPU takes no interrupts: waiting for it\n");
	/* hard interrupts are RCU readers: the last call has returned */
	synchronize_rcu();
}
