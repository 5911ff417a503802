// SPDX-License-Identifier: GPL-2.0
/*
 * burst.c: what a burst on the running CPU measures of a partner whose mailbox the test
 * fills, and of a time page that the test rewrites. Another CPU does what has to happen
 * within a burst.
 */
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <asm/pvclock.h>

#include "../compat.h"
#include "../burst.h"
#include "tests.h"

#define NONCE		tscope_nonce(0, 1, 5)
#define PEER_ID		tscope_nonce(1, 7, 3)
#define PEER_SESSION	tscope_nonce(1, 7, 4)
#define PEER_LIFE	tscope_nonce(1, 8, 4)

/* 17 s at 2 GHz: no burst of the suite lasts a tenth of this */
#define FAR_CYC		BIT_ULL(35)
/* A burst that another CPU ends; READINGS_MAX of burst.c ends it if that CPU is late. */
#define LONG_CYC	BIT_ULL(33)
#define TRIES		200

static struct tscope_cpu *c;
static struct tscope_mailbox *peer;
static struct pvclock_vcpu_time_info *page;
static struct tscope_burst_plan plan;
static struct tscope_burst b;
static u64 until;
/* the TSC, and tscope_now_ms(), right before and after the burst */
static u64 before, after, before_ms, after_ms;

static int burst_init(struct kunit *test)
{
	/* the mailbox is aligned to two cache lines */
	c = kunit_kzalloc(test, sizeof(*c) + 128, GFP_KERNEL);
	peer = kunit_kzalloc(test, sizeof(*peer) + 128, GFP_KERNEL);
	page = kunit_kzalloc(test, sizeof(*page), GFP_KERNEL);
	if (!c || !peer || !page)
		return -ENOMEM;
	c = PTR_ALIGN(c, 128);
	peer = PTR_ALIGN(peer, 128);
	tscope_cpu_reset(c);
	c->random = 0x9e3779b97f4a7c15;
	c->page_ops = tscope_clock_kvm.page;
	peer->id = PEER_ID;
	until = 0;
	plan = (struct tscope_burst_plan){
		.peer = peer,
		.length_cyc = tscope_ns_to_cyc(1000000, tscope_tsc_khz),
		.until = &until,
		.keep = true,
	};
	return 0;
}

static void run(void)
{
	unsigned long flags;

	b = (struct tscope_burst){ };
	local_irq_save(flags);
	c->cpu = smp_processor_id();
	tscope_mailbox_begin(&c->box, NONCE);
	before_ms = tscope_now_ms();
	before = rdtsc_ordered();
	tscope_burst(c, &plan, &b);
	after = rdtsc_ordered();
	after_ms = tscope_now_ms();
	local_irq_restore(flags);
}

/* The partner has seen the reading @echo of this CPU, and was @high ahead at that time. */
static void partner_echoes(u64 of, u64 echo, s64 high)
{
	peer->of = of;
	peer->echo[TSCOPE_LANE_TSC] = echo;
	peer->seen[TSCOPE_LANE_TSC] = echo + high;
}

/* Limits from both sides: the test knows the right ones to within the burst's duration. */
static void burst_limits(struct kunit *test)
{
	u64 earlier;
	int tries = 0;

	peer->pub[TSCOPE_LANE_TSC] = rdtsc_ordered() - FAR_CYC;
	partner_echoes(NONCE, 1000000, 777);
	/* a hypervisor may take the CPU away for longer than a burst */
	do {
		earlier = c->lane[TSCOPE_LANE_TSC].readings;
		run();
	} while (b.readings < 32 && ++tries < 100);
	KUNIT_EXPECT_LT(test, after - before, FAR_CYC / 10);
	KUNIT_EXPECT_GE(test, tscope_jiffies_ms(b.jiffies), before_ms);
	KUNIT_EXPECT_LE(test, tscope_jiffies_ms(b.jiffies), after_ms);
	/* pub - now, of the first reading */
	KUNIT_EXPECT_LE(test, b.low[TSCOPE_LANE_TSC], (s64)(peer->pub[TSCOPE_LANE_TSC] - before));
	KUNIT_EXPECT_GE(test, b.low[TSCOPE_LANE_TSC], (s64)(peer->pub[TSCOPE_LANE_TSC] - after));
	KUNIT_EXPECT_EQ(test, b.high[TSCOPE_LANE_TSC], 777LL);
	KUNIT_EXPECT_EQ(test, b.partner_id, PEER_ID);
	KUNIT_EXPECT_GE(test, b.echoes, 2U);
	KUNIT_EXPECT_LE(test, b.echoes, b.readings);
	KUNIT_EXPECT_EQ(test, b.warp[TSCOPE_LANE_TSC].count, 0ULL);
	KUNIT_EXPECT_EQ(test, b.peer_warp[TSCOPE_LANE_TSC].count, 0ULL);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, earlier + b.readings);
}

/* The partner finds its own reading, echoed, and when this CPU saw it. */
static void burst_answers(struct kunit *test)
{
	peer->pub[TSCOPE_LANE_TSC] = 4711;
	run();
	KUNIT_EXPECT_EQ(test, c->box.id, NONCE);
	KUNIT_EXPECT_EQ(test, c->box.of, PEER_ID);
	KUNIT_EXPECT_EQ(test, c->box.echo[TSCOPE_LANE_TSC], 4711ULL);
	KUNIT_EXPECT_GE(test, c->box.seen[TSCOPE_LANE_TSC], before);
	KUNIT_EXPECT_GE(test, c->box.pub[TSCOPE_LANE_TSC], c->box.seen[TSCOPE_LANE_TSC]);
	KUNIT_EXPECT_LE(test, c->box.pub[TSCOPE_LANE_TSC], after);
	/* there is no time page, and so no reading of it */
	KUNIT_EXPECT_EQ(test, c->box.pub[TSCOPE_LANE_PAGE], 0ULL);
}

/* An echo that belongs to another session of this CPU, or to another CPU. */
static void burst_foreign_echo(struct kunit *test)
{
	const u64 foreign[] = {
		0, NONCE - 1, NONCE + 1, tscope_nonce(0, 2, 5),
		tscope_nonce(2, 1, 5),
	};
	u32 i;

	peer->pub[TSCOPE_LANE_TSC] = 1;
	for (i = 0; i < ARRAY_SIZE(foreign); i++) {
		partner_echoes(foreign[i], 1000000, -5);
		run();
		KUNIT_EXPECT_EQ_MSG(test, b.echoes, 0U, "case %u", i);
		KUNIT_EXPECT_EQ(test, b.high[TSCOPE_LANE_TSC], S64_MAX);
		KUNIT_EXPECT_EQ(test, b.peer_warp[TSCOPE_LANE_TSC].count, 0ULL);
		KUNIT_EXPECT_FALSE(test, b.whole);
	}
}

/* A partner that publishes nothing gives no limits. */
static void burst_silent_partner(struct kunit *test)
{
	peer->id = 0;
	run();
	KUNIT_EXPECT_EQ(test, b.partner_id, 0ULL);
	KUNIT_EXPECT_EQ(test, b.low[TSCOPE_LANE_TSC], S64_MIN);
	KUNIT_EXPECT_EQ(test, b.high[TSCOPE_LANE_TSC], S64_MAX);
	KUNIT_EXPECT_FALSE(test, b.whole);
	/* without a partner the mailbox stays as it is */
	plan.peer = NULL;
	run();
	KUNIT_EXPECT_GE(test, b.readings, 1U);
	KUNIT_EXPECT_EQ(test, c->box.pub[TSCOPE_LANE_TSC], 0ULL);
	KUNIT_EXPECT_FALSE(test, b.whole);
}

static void burst_warps(struct kunit *test)
{
	const struct tscope_finding *own = &b.warp[TSCOPE_LANE_TSC];
	const struct tscope_finding *peers = &b.peer_warp[TSCOPE_LANE_TSC];
	u32 tries = 0;

	peer->pub[TSCOPE_LANE_TSC] = rdtsc_ordered() + FAR_CYC;
	partner_echoes(NONCE, 1000000, -700);
	do {
		tscope_hist_init(&c->warp_hist[TSCOPE_LANE_TSC]);
		run();
	} while (b.echoes < 10 && ++tries < TRIES);
	KUNIT_ASSERT_GE(test, b.echoes, 10U);
	KUNIT_EXPECT_LE(test, own->max, peer->pub[TSCOPE_LANE_TSC] - before);
	KUNIT_EXPECT_GE(test, own->max, peer->pub[TSCOPE_LANE_TSC] - after);
	KUNIT_EXPECT_GE(test, own->tsc, before);
	KUNIT_EXPECT_LE(test, own->tsc, after);
	KUNIT_EXPECT_EQ(test, (s64)own->max, b.low[TSCOPE_LANE_TSC]);
	KUNIT_EXPECT_EQ(test, peers->max, 700ULL);
	/* each exchange is another reading of this CPU, but finds the same one of the partner */
	KUNIT_EXPECT_EQ(test, own->count, (u64)b.echoes);
	KUNIT_EXPECT_EQ(test, peers->count, 1ULL);
	KUNIT_EXPECT_EQ(test, c->warp_hist[TSCOPE_LANE_TSC].count, own->count + 1);
	/* the CPU that does not keep the pair adds nothing to its histogram */
	plan.keep = false;
	tscope_hist_init(&c->warp_hist[TSCOPE_LANE_TSC]);
	run();
	KUNIT_EXPECT_GE(test, own->count, 1ULL);
	KUNIT_EXPECT_EQ(test, c->warp_hist[TSCOPE_LANE_TSC].count, 0ULL);
}

/* The word differs from the beginning: one reading, and so one echo, which is too few. */
static void burst_until(struct kunit *test)
{
	partner_echoes(NONCE, 1000000, 777);
	plan.length_cyc = LONG_CYC;
	until = 1;
	run();
	KUNIT_EXPECT_EQ(test, b.readings, 1U);
	KUNIT_EXPECT_EQ(test, b.echoes, 1U);
	KUNIT_EXPECT_EQ(test, b.high[TSCOPE_LANE_TSC], 777LL);
	KUNIT_EXPECT_FALSE(test, b.whole);
}

/*
 * A burst lasts as long as planned, and a reading or two more. A virtual CPU may lose its
 * processor meanwhile, but not each time; such a burst is not one moment.
 */
static void burst_length(struct kunit *test)
{
	u64 took, per, excess, best = U64_MAX, best_per = 0, least = U64_MAX;
	u32 i, wholes = 0;

	partner_echoes(NONCE, 1000000, 777);
	/* one reading at least, and the time before it */
	plan.length_cyc = 0;
	for (i = 0; i < TRIES; i++) {
		run();
		KUNIT_EXPECT_EQ(test, b.readings, 1U);
		KUNIT_EXPECT_TRUE(test, !b.whole && !c->burst_cyc);
		least = min(least, c->last[TSCOPE_LANE_TSC] - before);
	}
	plan.length_cyc = tscope_ns_to_cyc(100000, tscope_tsc_khz);
	for (i = 0; i < TRIES; i++) {
		run();
		took = c->last[TSCOPE_LANE_TSC] - before;
		KUNIT_ASSERT_GE(test, took, plan.length_cyc);
		KUNIT_ASSERT_LE(test, c->last[TSCOPE_LANE_TSC], after);
		if (after - before <= 2 * plan.length_cyc && b.echoes >= 2)
			KUNIT_EXPECT_TRUE(test, b.whole);
		wholes += b.whole;
		per = took / b.readings;
		excess = took - plan.length_cyc;
		if (excess < best) {
			best = excess;
			best_per = per;
		}
	}
	kunit_info(test, "%llu cycles longer than %llu, a reading takes %llu, the shortest burst %llu; %u of %u whole\n",
		   best, plan.length_cyc, best_per, least, wholes, TRIES);
	/* sometimes the last reading is an exchange */
	KUNIT_EXPECT_LE(test, best, least + 4 * best_per);
	KUNIT_EXPECT_GT(test, wholes, TRIES / 2U);
}

/* The CPU had read a later TSC: one backward reading, and the burst's limits are not valid. */
static void burst_backward(struct kunit *test)
{
	struct tscope_finding *back = &c->back[TSCOPE_LANE_TSC];
	u64 ahead = rdtsc_ordered() + FAR_CYC;

	partner_echoes(NONCE, 1000000, 777);
	c->last[TSCOPE_LANE_TSC] = ahead;
	run();
	KUNIT_EXPECT_EQ(test, back->count, 1ULL);
	KUNIT_EXPECT_LE(test, back->max, ahead - before);
	KUNIT_EXPECT_GE(test, back->max, ahead - after);
	KUNIT_EXPECT_FALSE(test, b.whole);
	run();
	KUNIT_EXPECT_EQ(test, back->count, 1ULL);
}

static void page_set(u32 version, u64 ns)
{
	/* the host makes the version odd, writes, makes it even */
	WRITE_ONCE(page->version, version - 1);
	/* pairs with pvclock_read_begin() */
	smp_wmb();
	page->tsc_timestamp = 0;
	page->tsc_to_system_mul = 1U << 31;
	page->tsc_shift = 1;
	page->system_time = ns;
	page->flags = 0;
	/* pairs with pvclock_read_retry() */
	smp_wmb();
	WRITE_ONCE(page->version, version);
}

/* The page changed since the last burst: this is an update, and the burst is whole. */
static void burst_page_update(struct kunit *test)
{
	c->page = &page->version;
	page_set(2, 1000);
	peer->of = NONCE;
	peer->echo[TSCOPE_LANE_PAGE] = 5000;
	peer->seen[TSCOPE_LANE_PAGE] = 5055;
	run();
	/* a page that is new to the CPU is no update */
	KUNIT_EXPECT_EQ(test, c->events, 0U);
	KUNIT_EXPECT_TRUE(test, b.page_whole);
	KUNIT_EXPECT_EQ(test, b.high[TSCOPE_LANE_PAGE], 55LL);
	/* a cycle is a nanosecond there */
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_PAGE], c->last[TSCOPE_LANE_TSC] + 1000);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_PAGE].readings, (u64)b.readings);

	page_set(4, 900);
	run();
	KUNIT_ASSERT_EQ(test, c->events, 1U);
	KUNIT_EXPECT_EQ(test, c->event[0].old.sequence, 2U);
	KUNIT_EXPECT_EQ(test, c->event[0].old.ns, 1000ULL);
	KUNIT_EXPECT_EQ(test, c->event[0].new.sequence, 4U);
	KUNIT_EXPECT_EQ(test, c->event[0].new.ns, 900ULL);
	KUNIT_EXPECT_EQ(test, c->event[0].updates, 1U);
	KUNIT_EXPECT_GE(test, c->event[0].tsc, before);
	KUNIT_EXPECT_LE(test, c->event[0].tsc, after);
	KUNIT_EXPECT_TRUE(test, b.page_whole);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_PAGE], c->last[TSCOPE_LANE_TSC] + 900);

	/* there is room for a few updates, and none gets lost */
	page_set(6, 900);
	run();
	page_set(8, 900);
	run();
	page_set(10, 900);
	run();
	page_set(12, 900);
	run();
	KUNIT_EXPECT_EQ(test, c->events, (u32)TSCOPE_PAGE_EVENTS);
	KUNIT_EXPECT_EQ(test, c->event[TSCOPE_PAGE_EVENTS - 1].updates, 2U);
	KUNIT_EXPECT_EQ(test, c->event[TSCOPE_PAGE_EVENTS - 1].new.sequence, 12U);
}

/* A page that the host left half-written is not used; the burst ends, and the TSC is read. */
static void burst_page_half_written(struct kunit *test)
{
	c->page = &page->version;
	page_set(2, 1000);
	page->version = 3;
	run();
	KUNIT_EXPECT_GT(test, b.readings, 0U);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_PAGE].readings, 0ULL);
	KUNIT_EXPECT_FALSE(test, b.page_whole);
	KUNIT_EXPECT_FALSE(test, b.whole);
}

/* What another CPU does while a burst of this one goes on. */
static struct {
	struct work_struct work;
	void (*act)(void);
	bool waits;
} other;

static void other_work(struct work_struct *work)
{
	u64 start = rdtsc_ordered();

	WRITE_ONCE(other.waits, true);
	/* the first reading is published: the burst has begun */
	while (!READ_ONCE(c->box.pub[TSCOPE_LANE_TSC]))
		if (rdtsc_ordered() - start > LONG_CYC)
			return;
	other.act();
}

/* A burst in which another CPU acts. It ends by its length, or by its count. */
static void run_with(void (*act)(void))
{
	int cpu, that;

	migrate_disable();
	cpu = smp_processor_id();
	that = cpumask_any_but(cpu_online_mask, cpu);
	tscope_mailbox_begin(&c->box, 0);
	other.act = act;
	WRITE_ONCE(other.waits, false);
	schedule_work_on(that, &other.work);
	while (!READ_ONCE(other.waits))
		cpu_relax();
	run();
	flush_work(&other.work);
	migrate_enable();
}

static void need_two_cpus(struct kunit *test)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	INIT_WORK(&other.work, other_work);
	partner_echoes(NONCE, 1000000, 777);
}

static void new_session(void)
{
	WRITE_ONCE(peer->id, PEER_SESSION);
}

static void new_life(void)
{
	WRITE_ONCE(peer->id, PEER_LIFE);
}

/* A partner that began a new life may have another TSC; a new session changes nothing. */
static void burst_partner_changes(struct kunit *test)
{
	u32 i, lives = 0, sessions = 0, wholes = 0;

	need_two_cpus(test);
	/* the burst has seen the new nonce if it turned its echoes to it */
	for (i = 0; i < TRIES; i++) {
		peer->id = PEER_ID;
		run_with(new_life);
		if (c->box.of != PEER_LIFE || b.partner_id != PEER_ID)
			continue;
		lives++;
		KUNIT_EXPECT_FALSE(test, b.whole);

		peer->id = PEER_ID;
		run_with(new_session);
		if (c->box.of != PEER_SESSION || b.partner_id != PEER_ID ||
		    after - before > 2 * plan.length_cyc)
			continue;
		sessions++;
		wholes += b.whole;
		if (lives >= 5 && sessions >= 5)
			break;
	}
	KUNIT_EXPECT_GT(test, lives, 0U);
	KUNIT_EXPECT_GT(test, sessions, 0U);
	KUNIT_EXPECT_EQ(test, wholes, sessions);
}

static void end_burst(void)
{
	WRITE_ONCE(until, 1);
}

/* Another CPU ends the burst, as when all CPUs change partners. */
static void burst_until_changes(struct kunit *test)
{
	u64 best = U64_MAX;
	u32 i;

	need_two_cpus(test);
	for (i = 0; i < TRIES && best > plan.length_cyc / 2; i++) {
		until = 0;
		run_with(end_burst);
		best = min(best, after - before);
	}
	KUNIT_EXPECT_LE(test, best, plan.length_cyc / 2);
}

static void update_page(void)
{
	page_set(4, 900);
}

/* The host rewrites the page within the burst: only the TSC's limits stay valid. */
static void burst_page_changes(struct kunit *test)
{
	u32 i, seen = 0;

	need_two_cpus(test);
	c->page = &page->version;
	for (i = 0; i < TRIES && seen < 5; i++) {
		page_set(2, 1000);
		c->timepage.sequence = 0;
		c->events = 0;
		run_with(update_page);
		if (!c->events)
			continue;
		seen++;
		KUNIT_EXPECT_FALSE(test, b.page_whole);
		KUNIT_EXPECT_EQ(test, c->event[0].old.ns, 1000ULL);
		KUNIT_EXPECT_EQ(test, c->event[0].new.ns, 900ULL);
	}
	KUNIT_EXPECT_GT(test, seen, 0U);
}

static struct kunit_case burst_cases[] = {
	KUNIT_CASE(burst_limits),
	KUNIT_CASE(burst_answers),
	KUNIT_CASE(burst_foreign_echo),
	KUNIT_CASE(burst_silent_partner),
	KUNIT_CASE(burst_warps),
	KUNIT_CASE(burst_until),
	KUNIT_CASE(burst_length),
	KUNIT_CASE(burst_backward),
	KUNIT_CASE(burst_page_update),
	KUNIT_CASE(burst_page_half_written),
	KUNIT_CASE(burst_partner_changes),
	KUNIT_CASE(burst_until_changes),
	KUNIT_CASE(burst_page_changes),
	{}
};

static struct kunit_suite burst_suite = {
	.name = "tscope_burst",
	.init = burst_init,
	.test_cases = burst_cases,
};

kunit_test_suite(burst_suite);
