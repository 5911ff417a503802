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
 * The caller begins its session before it sends the call. The partner answers
 * in hard interrupt context: it begins a session of its own and exchanges until
 * the burst's length is over, its count of readings is, or the caller's session
 * ends. The caller sees the answer as its own nonce in the partner's mailbox.
 *
 * Where interrupts are slow (in software emulation, and where virtual CPUs share
 * a processor) the answer is over before the caller has returned from sending
 * the call. A caller whose calls fail has more patience the next time, and then
 * asks the partner's sampler instead of its interrupt handler: both take bursts,
 * with interrupts on in between, until one of the caller's is whole.
 *
 * A CPU that waits for an answer itself does not answer: its session is in use.
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

#include "meeting.h"

/*
 * How long the caller waits. An interrupt reaches another vCPU in 13 to 50 us
 * natively, and takes a millisecond in software emulation.
 */
#define WAIT_MIN_US	200
#define WAIT_MAX_US	3200
/* A caller with more patience than this asks the partner's sampler. */
#define WAIT_FAST_US	800
/* The same by a count, for a TSC that stands still. */
#define WAIT_TURNS	1000000

/* How long the unload waits for a call before it says so in the log. */
#define FINISH_MESSAGE_MS	10000

/* A burst ends by its length only. */
static const u64 never;

/* The low half counts: a late call finds its request withdrawn or changed. */
static u64 request_of(int partner, u32 number)
{
	return (u64)(partner + 1) << 32 | number;
}

static int partner_of(u64 request)
{
	return (int)(request >> 32) - 1;
}

/* Clocks that only the kernel can read are read outside the burst. */
static void publish_raw(struct tscope_cpu *c, u64 request)
{
	WRITE_ONCE(c->box.raw_ns, ktime_get_raw_ns());
	/* pairs with the acquire in wait_for() */
	smp_store_release(&c->box.raw_id, request);
}

static bool slow(const struct tscope_cpu *from)
{
	return READ_ONCE(from->wait_us) > WAIT_FAST_US;
}

/* Does the caller still wait, and may this CPU answer it? */
static bool call_holds(const struct tscope_cpu *c,
		       const struct tscope_cpu *from, u64 request)
{
	/* pairs with the release in tscope_meet() */
	return smp_load_acquire(&from->request) == request &&
	       partner_of(request) == c->cpu && READ_ONCE(c->ready);
}

/* One burst with the caller's present session. */
static void answer_burst(struct tscope_cpu *c, struct tscope_cpu *from)
{
	struct tscope_burst_plan plan = {
		.peer = &from->box,
		.nonce = tscope_nonce(c->cpu, c->life, ++c->session),
		.length_cyc = READ_ONCE(from->meeting_cyc),
		.until = &from->box.id,
		.value = READ_ONCE(from->box.id),
	};
	struct tscope_burst b;

	tscope_mailbox_begin(&c->box, plan.nonce);
	tscope_burst(c, &plan, &b);
}

/* The call arrives: hard interrupt context. */
static void tscope_meeting_called(void *info)
{
	struct tscope_cpu *from = info, *c = tscope_cpu_of(smp_processor_id());
	u64 request = READ_ONCE(from->request);

	if (!c || READ_ONCE(c->busy) || !call_holds(c, from, request))
		goto done;
	if (slow(from)) {
		/* its sampler is done with it: tscope_meeting_answer() */
		if (!c->task || cmpxchg(&c->invited_by, NULL, from))
			goto done;
		wake_up_process(c->task);
		return;
	}
	answer_burst(c, from);
	publish_raw(c, request);
	tscope_mailbox_begin(&c->box, 0);
done:
	atomic64_inc(&from->answered);
}

/**
 * tscope_meeting_init() - prepare a CPU for calling others and being called
 * @c: the CPU's state
 */
void tscope_meeting_init(struct tscope_cpu *c)
{
	INIT_CSD(&c->csd, tscope_meeting_called, c);
	c->wait_us = WAIT_MIN_US;
}

/**
 * tscope_meeting_refuse() - answer no call that waits for a CPU's sampler
 * @c: the CPU's state
 *
 * Context: any.
 */
void tscope_meeting_refuse(struct tscope_cpu *c)
{
	struct tscope_cpu *from = xchg(&c->invited_by, NULL);

	if (from)
		atomic64_inc(&from->answered);
}

static u64 wait_cyc(const struct tscope_cpu *from)
{
	return tscope_ns_to_cyc(READ_ONCE(from->wait_us) * NSEC_PER_USEC,
				tscope_tsc_khz);
}

/**
 * tscope_meeting_answer() - answer a call that waits for this CPU's sampler
 * @c: the CPU that runs this
 *
 * Context: the CPU's sampler, in a window; interrupts on.
 */
void tscope_meeting_answer(struct tscope_cpu *c)
{
	struct tscope_cpu *from = xchg(&c->invited_by, NULL);
	u64 request, start;
	u32 turns;

	if (!from)
		return;
	request = READ_ONCE(from->request);
	WRITE_ONCE(c->busy, true);
	start = rdtsc_ordered();
	for (turns = 0; turns < WAIT_TURNS; turns++) {
		if (!call_holds(c, from, request) ||
		    rdtsc_ordered() - start > 2 * wait_cyc(from))
			break;
		local_irq_disable();
		answer_burst(c, from);
		local_irq_enable();
	}
	publish_raw(c, request);
	local_irq_disable();
	tscope_mailbox_begin(&c->box, 0);
	local_irq_enable();
	WRITE_ONCE(c->busy, false);
	atomic64_inc(&from->answered);
}

/* Wait until a word has a value; interrupts are on. */
static bool wait_for(struct tscope_cpu *c, const u64 *word, u64 value)
{
	u64 limit_cyc = wait_cyc(c), start = rdtsc_ordered();
	u32 turns;

	for (turns = 0; turns < WAIT_TURNS; turns++) {
		/* pairs with the releases of raw_id and of */
		if (smp_load_acquire(word) == value)
			return true;
		if (rdtsc_ordered() - start > limit_cyc)
			return false;
	}
	return false;
}

/*
 * CLOCK_MONOTONIC_RAW was read here before the call, then by the partner, then
 * here: each must be at least as high as the one before.
 */
static void check_raw(struct tscope_cpu *c, const struct tscope_cpu *p,
		      u64 request, u64 before_ns, struct tscope_burst *b)
{
	u64 peer_ns, after_ns, tsc = c->last[TSCOPE_LANE_TSC];

	if (!wait_for(c, &p->box.raw_id, request))
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

/* A burst is one moment, and has a session of its own. Interrupts are off. */
static void begin_session(struct tscope_cpu *c, struct tscope_burst_plan *plan)
{
	plan->nonce = tscope_nonce(c->cpu, c->life, ++c->session);
	tscope_mailbox_begin(&c->box, plan->nonce);
}

/* The partner answers at once: one burst when it does. */
static int meet_fast(struct tscope_cpu *c, const struct tscope_cpu *p,
		     struct tscope_burst_plan *plan, struct tscope_burst *b)
{
	if (!wait_for(c, &p->box.of, plan->nonce))
		return -ETIMEDOUT;
	plan->until = &p->box.id;
	local_irq_disable();
	plan->value = READ_ONCE(p->box.id);
	tscope_burst(c, plan, b);
	local_irq_enable();
	return b->whole ? 0 : -ETIMEDOUT;
}

/* The partner answers at some time: bursts until one is whole. */
static int meet_slow(struct tscope_cpu *c, struct tscope_burst_plan *plan,
		     struct tscope_burst *b)
{
	u64 limit_cyc = wait_cyc(c), start = rdtsc_ordered();
	u32 turns;

	for (turns = 0; turns < WAIT_TURNS; turns++) {
		local_irq_disable();
		begin_session(c, plan);
		tscope_burst(c, plan, b);
		local_irq_enable();
		if (b->whole)
			return 0;
		if (rdtsc_ordered() - start > limit_cyc)
			break;
		cond_resched();
	}
	return -ETIMEDOUT;
}

/**
 * tscope_meet() - call a CPU and exchange with it
 * @c: the CPU that runs this
 * @partner: the CPU to call
 * @length_cyc: length of the burst, cycles
 * @b: what was measured; zeroed by the caller
 *
 * Context: the CPU's sampler, bound to its CPU, in a window; interrupts on.
 * They are off for @length_cyc and one reading on both CPUs.
 *
 * Return: 0 with @b whole; -ENXIO for a partner that is offline, -EBUSY while the
 * call before has not reached its partner, -ETIMEDOUT where the partner did not
 * answer, or not for long enough.
 */
int tscope_meet(struct tscope_cpu *c, int partner, u64 length_cyc,
		struct tscope_burst *b)
{
	struct tscope_cpu *p = tscope_cpu_of(partner);
	struct tscope_burst_plan plan = {
		.length_cyc = length_cyc,
		.until = &never,
		.keep = true,
	};
	u64 request = request_of(partner, ++c->calls), before_ns;
	int err;

	if (!p)
		return -ENXIO;
	plan.peer = &p->box;
	before_ns = ktime_get_raw_ns();

	local_irq_disable();
	WRITE_ONCE(c->busy, true);
	begin_session(c, &plan);
	local_irq_enable();
	WRITE_ONCE(c->meeting_cyc, length_cyc);
	/* pairs with the acquire in call_holds() */
	smp_store_release(&c->request, request);

	/* with preemption off the partner can't finish going offline */
	preempt_disable();
	err = cpu_online(partner) ?
	      smp_call_function_single_async(partner, &c->csd) : -ENXIO;
	if (!err)
		WRITE_ONCE(c->sent, c->sent + 1);
	preempt_enable();
	if (!err)
		err = slow(c) ? meet_slow(c, &plan, b) :
				meet_fast(c, p, &plan, b);

	local_irq_disable();
	tscope_mailbox_begin(&c->box, 0);
	local_irq_enable();
	/* the partner's sampler ends its bursts now */
	WRITE_ONCE(c->request, 0);
	WRITE_ONCE(c->busy, false);
	if (!err)
		check_raw(c, p, request, before_ns, b);
	/* patience: by what became of the call */
	c->wait_us = err ? c->wait_us * 2 : c->wait_us - c->wait_us / 32;
	c->wait_us = clamp(c->wait_us, WAIT_MIN_US, WAIT_MAX_US);
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
