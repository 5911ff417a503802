// SPDX-License-Identifier: GPL-2.0
/* timepage.c against the kernel's own pvclock, and against updates that are known. */
#include <linux/cache.h>

#include "../timepage.h"
#include "tests.h"

/* after the others: this header does not include all that it needs */
#include <asm/pvclock.h>

#define ROUNDS	2000

static void random_page(u64 *state, struct tscope_timepage *p,
			struct pvclock_vcpu_time_info *page)
{
	*page = (struct pvclock_vcpu_time_info){
		.tsc_timestamp = tscope_test_rnd_bits(state),
		.system_time = tscope_test_rnd_bits(state),
		.tsc_to_system_mul = tscope_test_rnd(state) >> 32,
		.tsc_shift = (int)(tscope_test_rnd(state) % 64) - 32,
	};
	*p = (struct tscope_timepage){
		.tsc = page->tsc_timestamp,
		.ns = page->system_time,
		.mult = (u64)page->tsc_to_system_mul << 32,
		.shift = page->tsc_shift,
	};
}

/* The same result as the guest's kernel; before the page's TSC value as much less. */
static void timepage_as_the_kernel(struct kunit *test)
{
	struct pvclock_vcpu_time_info page;
	struct tscope_timepage p;
	u64 state = 9, cyc;
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		random_page(&state, &p, &page);
		cyc = tscope_test_rnd_bits(&state) >> 1;
		KUNIT_EXPECT_EQ(test, tscope_timepage_ns(&p, p.tsc + cyc),
				__pvclock_read_cycles(&page, p.tsc + cyc));
		KUNIT_EXPECT_EQ(test, p.ns - tscope_timepage_ns(&p, p.tsc - cyc),
				tscope_timepage_ns(&p, p.tsc + cyc) - p.ns);
	}
}

/* A cycle of a third of a nanosecond: the line with its fraction, and its inverse. */
static void timepage_line(struct kunit *test)
{
	struct tscope_timepage p = {
		.tsc = 1000, .ns = 5000, .mult = U64_MAX / 3 * 2, .shift = -1,
	};
	u64 tsc;
	u16 frac;

	KUNIT_EXPECT_EQ(test, tscope_timepage_line(&p, 1004, &frac), 5001ULL);
	KUNIT_EXPECT_EQ(test, frac, (u16)(65536 / 3));
	/* pvclock drops the lowest bit of 7 cycles */
	KUNIT_EXPECT_EQ(test, tscope_timepage_line(&p, 1007, &frac), 5002ULL);
	KUNIT_EXPECT_EQ(test, tscope_timepage_ns(&p, 1007), 5001ULL);
	KUNIT_EXPECT_TRUE(test, tscope_timepage_inverse(&p, 5100, 1, &tsc));
	KUNIT_EXPECT_EQ(test, tscope_timepage_ns(&p, tsc), 5100ULL);
	KUNIT_EXPECT_LE(test, abs((s64)tsc - 1301), 1LL);
	KUNIT_EXPECT_FALSE(test, tscope_timepage_inverse(&p, 4999, 1, &tsc));
	KUNIT_EXPECT_EQ(test, tscope_timepage_khz(&p), 3000000U);
	p.mult = 0;
	KUNIT_EXPECT_EQ(test, tscope_timepage_khz(&p), 0U);
	KUNIT_EXPECT_FALSE(test, tscope_timepage_inverse(&p, 5100, 1, &tsc));
}

/* Updates 1 ms apart: the step of each, ns. */
static const s64 truth[] = { 0, 100, 1, -3000000000LL, 0, 3000000000LL, -1, 7 };
static struct tscope_page_updates u;

static struct tscope_timepage page_of(u32 i, s64 tsc_off)
{
	struct tscope_timepage p = {
		.ns = 5000000000ULL, .tsc = 1000000ULL * i + tsc_off,
		.flags = TSCOPE_PAGE_STABLE,
	};

	do
		p.ns += truth[i] + 1000000;
	while (i--);
	return p;
}

/* What is reported when a CPU sees the update from one page to another, ns. */
static s64 sees(u32 from, u32 to, s64 tsc_off)
{
	struct tscope_timepage old = page_of(from, tsc_off), new = page_of(to, tsc_off);
	s128 step = 0;

	while (from < to)
		step += truth[++from] * 65536;
	return tscope_page_updated(&u, &old, &new, &step) ? tscope_timepage_step_ns(step) : 0;
}

static int timepage_init(struct kunit *test)
{
	memset(&u, 0, sizeof(u));
	return 0;
}

static void timepage_each_sees_all(struct kunit *test)
{
	u32 i;

	for (i = 1; i < ARRAY_SIZE(truth); i++) {
		KUNIT_EXPECT_EQ(test, sees(i - 1, i, 0), abs(truth[i]) > 1 ? truth[i] : 0);
		KUNIT_EXPECT_EQ(test, sees(i - 1, i, 0), 0LL);
	}
}

/* A CPU that missed the first of two updates sees them as one; its TSC may be far off. */
static void timepage_one_missed(struct kunit *test)
{
	static const s64 off[] = { 0, -10000000000LL, 10000000000LL };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(off); i++) {
		timepage_init(test);
		KUNIT_EXPECT_EQ(test, sees(0, 1, 0), 100LL);
		/* this CPU is late: only the second step has not been reported yet */
		KUNIT_EXPECT_EQ(test, sees(0, 3, off[i]), -2999999999LL);
		KUNIT_EXPECT_EQ(test, sees(1, 2, 0), 0LL);
		KUNIT_EXPECT_EQ(test, sees(2, 3, 0), 0LL);
		KUNIT_EXPECT_EQ(test, sees(3, 5, 0), 3000000000LL);
		KUNIT_EXPECT_EQ(test, sees(3, 4, off[i]), 0LL);
		KUNIT_EXPECT_EQ(test, sees(4, 5, off[i]), 0LL);
	}
}

static struct kunit_case timepage_cases[] = {
	KUNIT_CASE(timepage_as_the_kernel),
	KUNIT_CASE(timepage_line),
	KUNIT_CASE(timepage_each_sees_all),
	KUNIT_CASE(timepage_one_missed),
	{}
};

static struct kunit_suite timepage_suite = {
	.name = "tscope_timepage",
	.init = timepage_init,
	.test_cases = timepage_cases,
};

kunit_test_suite(timepage_suite);
