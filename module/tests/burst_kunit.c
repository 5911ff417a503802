// SPDX-License-Identifier: GPL-2.0
/*
 * burst.c: what a burst makes of a TSC, a pvti and mailboxes that are made up. The file is
 * compiled once more, with names of its own and a TSC that goes on by TICK a read.
 */
#define tscope_burst		burst_kunit_burst
#define tscope_kvm_page		burst_kunit_page
#define tscope_mailboxes	burst_kunit_mailboxes
#define tscope_ns_mult		burst_kunit_ns_mult

#include <linux/ktime.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>

#include "../cpu.h"
#include "tests.h"

static u64 fake_tsc(void);
static u64 fake_raw(void);

#undef smp_processor_id
#define smp_processor_id()	cpu_now
#define rdtsc_ordered()		fake_tsc()
#define ktime_get_raw_ns()	fake_raw()
static int cpu_now;
#include "../burst.c"

#define TICK		10
#define BURST_CYC	1000
#define READINGS	(BURST_CYC / TICK)

static struct tscope_mailbox boxes[2];
static struct pvclock_vcpu_time_info pvti, *page;
static struct tscope_cpu *c;
static u64 tsc, raw_ns, reads;
/* what happens at the read of that number, counted from 1 */
static u64 event_at;
static void (*event)(void);

struct tscope_mailbox *tscope_mailboxes = boxes;
u64 tscope_ns_mult = 1ULL << 32;	/* a cycle is a nanosecond */

struct pvclock_vcpu_time_info *tscope_kvm_page(int cpu)
{
	return page;
}

static u64 fake_tsc(void)
{
	tsc += TICK;
	if (++reads == event_at)
		event();
	return tsc;
}

static u64 fake_raw(void)
{
	return raw_ns;
}

static int burst_init(struct kunit *test)
{
	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	tscope_cpu_reset(c);
	c->peers = 1;
	c->peer[0] = 1;
	memset(boxes, 0, sizeof(boxes));
	pvti = (struct pvclock_vcpu_time_info){
		.version = 2,
		.tsc_timestamp = 0,
		.system_time = 500000,
		.tsc_to_system_mul = 1U << 31,
		.tsc_shift = 1,
	};
	page = &pvti;
	cpu_now = 0;
	tsc = 1000000;
	raw_ns = 77;
	reads = 0;
	event_at = 0;
	return 0;
}

static void burst_reads(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, (u64)READINGS);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_KVM].readings, (u64)READINGS);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_RAW].readings, 1ULL);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_TSC], tsc);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_KVM], tsc + 500000);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_RAW], raw_ns);
	/* published: every eighth */
	KUNIT_EXPECT_EQ(test, boxes[0].seen[TSCOPE_LANE_TSC],
			tsc - (READINGS - 1) % EXCHANGE_EVERY * TICK);
	KUNIT_EXPECT_EQ(test, boxes[0].seen[TSCOPE_LANE_KVM],
			boxes[0].seen[TSCOPE_LANE_TSC] + 500000);
	KUNIT_EXPECT_EQ(test, boxes[0].seen[TSCOPE_LANE_RAW], raw_ns);
	KUNIT_EXPECT_EQ(test, c->warp[TSCOPE_LANE_TSC].count, 0ULL);
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_TSC].count, 0ULL);
	/* a pvti that is new to it is no update */
	KUNIT_EXPECT_EQ(test, c->events, 0U);
	KUNIT_EXPECT_TRUE(test, c->current_pvti);
}

static void burst_without_kvm_clock(struct kunit *test)
{
	page = NULL;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, (u64)READINGS);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_KVM].readings, 0ULL);
	KUNIT_EXPECT_EQ(test, boxes[0].seen[TSCOPE_LANE_KVM], 0ULL);
}

static void burst_elsewhere(struct kunit *test)
{
	cpu_now = 1;
	KUNIT_EXPECT_FALSE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_EXPECT_EQ(test, reads, 0ULL);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, 0ULL);
}

static void tsc_back(void)
{
	tsc -= 300;
}

static void burst_goes_back(struct kunit *test)
{
	event = tsc_back;
	event_at = 30;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_TSC].count, 1ULL);
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_TSC].max, 300ULL - TICK);
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_TSC].peer, -1);
	/* kvm-clock is made of it */
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_KVM].count, 1ULL);
	KUNIT_EXPECT_EQ(test, c->warp[TSCOPE_LANE_TSC].count, 0ULL);
	/* between two bursts as well, and monotonic-raw by itself */
	tsc -= 5000;
	raw_ns -= 7;
	event_at = 0;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_TSC].count, 2ULL);
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_TSC].max, 5000ULL - 2 * TICK);
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_RAW].count, 1ULL);
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_RAW].max, 7ULL);
}

/* A peer's value that is higher than what is read after it is a warp. */
static void burst_warps(struct kunit *test)
{
	boxes[1].seen[TSCOPE_LANE_TSC] = tsc + 2 * TICK + 40;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, 0, TICK));
	KUNIT_EXPECT_EQ(test, c->warp[TSCOPE_LANE_TSC].count, 1ULL);
	KUNIT_EXPECT_EQ(test, c->warp[TSCOPE_LANE_TSC].max, 40ULL);
	KUNIT_EXPECT_EQ(test, c->warp[TSCOPE_LANE_TSC].peer, 1);
	KUNIT_EXPECT_EQ(test, c->row.warps[TSCOPE_LANE_TSC][0], 1ULL);
	KUNIT_EXPECT_EQ(test, c->row.now[TSCOPE_LANE_TSC][0], -40LL);
	KUNIT_EXPECT_EQ(test, c->warp_hist[TSCOPE_LANE_TSC].max, 40ULL);
	KUNIT_EXPECT_EQ(test, c->warp[TSCOPE_LANE_KVM].count, 0ULL);

	boxes[1].seen[TSCOPE_LANE_TSC] = 1;
	boxes[1].seen[TSCOPE_LANE_KVM] = tsc + 2 * TICK + 500000 + 60;
	boxes[1].seen[TSCOPE_LANE_RAW] = raw_ns + 5;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, 0, TICK));
	KUNIT_EXPECT_EQ(test, c->warp[TSCOPE_LANE_TSC].count, 1ULL);
	KUNIT_EXPECT_EQ(test, c->warp[TSCOPE_LANE_KVM].max, 60ULL);
	KUNIT_EXPECT_EQ(test, c->row.now[TSCOPE_LANE_KVM][0], -60LL);
	KUNIT_EXPECT_EQ(test, c->warp[TSCOPE_LANE_RAW].max, 5ULL);
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_TSC].count, 0ULL);
}

static void burst_transits(struct kunit *test)
{
	/* equal is none: what is read after it must not be lower */
	boxes[1].seen[TSCOPE_LANE_TSC] = tsc + 2 * TICK;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, 0, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->warp[TSCOPE_LANE_TSC].count, 0ULL);
	KUNIT_EXPECT_EQ(test, c->row.now[TSCOPE_LANE_TSC][0], 0LL);
	KUNIT_EXPECT_EQ(test, c->row.now[TSCOPE_LANE_KVM][0], TSCOPE_TRANSIT_NONE);
	/* one value is one transit, however often it is seen */
	KUNIT_EXPECT_EQ(test, c->transit.count, 1ULL);
	/* nor in the bursts after it */
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, 0, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->transit.count, 1ULL);
	/* a stale one does not spoil the minimum; a peer that went has none */
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, 0, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->row.now[TSCOPE_LANE_TSC][0], 0LL);
	boxes[1].seen[TSCOPE_LANE_TSC] = 0;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, 0, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->warp[TSCOPE_LANE_TSC].count, 0ULL);
}

static void host_steps(void)
{
	pvti.version += 2;
	pvti.system_time -= 200;
}

/* The host rewrites the page within a burst: told, and evaluated anew. */
static void burst_pvti_update(struct kunit *test)
{
	event = host_steps;
	event_at = 30;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_ASSERT_EQ(test, c->events, 1U);
	KUNIT_EXPECT_EQ(test, c->event[0].old.version, 2U);
	KUNIT_EXPECT_EQ(test, c->event[0].new.version, 4U);
	KUNIT_EXPECT_EQ(test, c->event[0].tsc, 1000000ULL + 30 * TICK);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_KVM], tsc + 500000 - 200);
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_KVM].count, 1ULL);
	KUNIT_EXPECT_EQ(test, c->back[TSCOPE_LANE_KVM].max, 200ULL - 2 * TICK);
	/* the read that met it is none */
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, READINGS - 1ULL);
	KUNIT_EXPECT_TRUE(test, c->current_pvti);
}

static void host_steps_again(void)
{
	host_steps();
	event_at++;
}

/* More than can be told end the burst: the rest waits for the next one. */
static void burst_many_updates(struct kunit *test)
{
	event = host_steps_again;
	event_at = 10;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->events, (unsigned int)TSCOPE_PVTI_EVENTS);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, 8ULL);
	KUNIT_EXPECT_FALSE(test, c->current_pvti);
	/* without room nothing is read */
	event_at = 0;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, 8ULL);
	c->events = 0;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->events, 1U);
}

/* An update that the host left half done is not read. */
static void burst_half_update(struct kunit *test)
{
	pvti.version = 3;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, 0ULL);
	KUNIT_EXPECT_EQ(test, c->events, 0U);
}

/* The kernel clears GUEST_STOPPED under the same version: the copy follows. */
static void burst_follows_flags(struct kunit *test)
{
	pvti.flags = TSCOPE_PVTI_STOPPED;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->pvti.flags, (u8)TSCOPE_PVTI_STOPPED);
	pvti.flags = 0;
	KUNIT_EXPECT_TRUE(test, tscope_burst(c, -1, BURST_CYC));
	KUNIT_EXPECT_EQ(test, c->pvti.flags, (u8)0);
	KUNIT_EXPECT_EQ(test, c->events, 0U);
	KUNIT_EXPECT_EQ(test, pvti.flags, (u8)0);
}

static struct kunit_case burst_cases[] = {
	KUNIT_CASE(burst_reads),
	KUNIT_CASE(burst_without_kvm_clock),
	KUNIT_CASE(burst_elsewhere),
	KUNIT_CASE(burst_goes_back),
	KUNIT_CASE(burst_warps),
	KUNIT_CASE(burst_transits),
	KUNIT_CASE(burst_pvti_update),
	KUNIT_CASE(burst_many_updates),
	KUNIT_CASE(burst_half_update),
	KUNIT_CASE(burst_follows_flags),
	{}
};

static struct kunit_suite burst_suite = {
	.name = "tscope_burst",
	.init = burst_init,
	.test_cases = burst_cases,
};

kunit_test_suite(burst_suite);
