// SPDX-License-Identifier: GPL-2.0
/* counter.c against a counter that never wraps, of which it is shown few bits. */
#include <linux/math64.h>

#include "../counter.h"
#include "tests.h"

#define KHZ	2000000
#define PM_HZ	3579545
/* the first reading's ticks */
#define FIRST	BIT_ULL(32)

/* Readings @gap_ns apart of a counter of @bits: none may be miscounted. */
static void follow(struct kunit *test, u32 bits, u64 gap_ns, u32 tsc_khz)
{
	struct tscope_counter c = {
		.num = NSEC_PER_SEC,
		.den = PM_HZ,
		.mask = bits < 64 ? (1ULL << bits) - 1 : U64_MAX,
	};
	u64 state = 12, first = 0xfffff0, ns = 0, ticks, tsc, got;
	u32 i;

	for (i = 0; i < 200; i++) {
		ticks = first + mul_u64_u64_div_u64(ns, PM_HZ, NSEC_PER_SEC);
		tsc = 1000 + mul_u64_u64_div_u64(ns, tsc_khz, 1000000);
		got = tscope_counter_ns(&c, ticks & c.mask, tsc, KHZ);
		KUNIT_EXPECT_EQ_MSG(test, got,
				    mul_u64_u64_div_u64(FIRST + ticks - first,
							NSEC_PER_SEC, PM_HZ),
				    "reading %u of %u bits, %llu ns apart", i,
				    bits, gap_ns);
		ns += gap_ns + tscope_test_rnd(&state) % (gap_ns + 1);
	}
}

static void counter_follows(struct kunit *test)
{
	static const u64 gaps[] = {
		0, 1, 1000, 10000000, 2000000000, 4686000000ULL,
		100000000000ULL, 3600000000000ULL,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(gaps); i++) {
		follow(test, 24, gaps[i], KHZ);
		follow(test, 32, gaps[i], KHZ);
		follow(test, 64, gaps[i], KHZ);
	}
}

/* The TSC need be right to half a wrap of 4.7 s only: here to 1 % in 100 s. */
static void counter_with_wrong_tsc(struct kunit *test)
{
	follow(test, 24, 10000000000ULL, KHZ + KHZ / 100);
	follow(test, 24, 10000000000ULL, KHZ - KHZ / 100);
}

static void counter_tsc_back(struct kunit *test)
{
	struct tscope_counter c = { .num = 1, .den = 1, .mask = 255 };

	KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, 250, 1ULL << 40, KHZ), FIRST);
	/* of a TSC that was set back nothing is to be learnt: less than a wrap */
	KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, 4, 5, KHZ), FIRST + 10);
	KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, 4, 5, KHZ), FIRST + 10);
	/* and from there on as before: 2000 cycles, 1000 ns, three wraps */
	KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, (4 + 1000) & 255, 2005, KHZ),
			FIRST + 1010);
}

/* A count that is lower, and no time for a wrap: not a wrap ahead. */
static void counter_backward(struct kunit *test)
{
	static const u64 masks[] = { 0xffffff, U32_MAX, U64_MAX };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		struct tscope_counter c = { .num = 1, .den = 1, .mask = masks[i] };

		/* at once, across 0, at the same TSC, and later */
		KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, 0, 1000, KHZ), FIRST);
		KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, masks[i], 1000, KHZ),
				FIRST - 1);
		KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, 999, 3000, KHZ),
				FIRST + 999);
		KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, 500, 3002, KHZ),
				FIRST + 500);
		/* almost half a wrap of 24 bits later: 8.388 of 8.389 ms */
		KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, 400, 3002 + 2 * 8388000,
							KHZ), FIRST + 400);
	}
}

/* The TSC stopped and the counter did not: it lies ahead, up to 15/16 of a wrap. */
static void counter_goes_on(struct kunit *test)
{
	struct tscope_counter c = { .num = 1, .den = 1, .mask = 0xffffff };

	KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, 0, 1000, KHZ), FIRST);
	KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, 0xefffff, 1000, KHZ),
			FIRST + 0xefffff);
	KUNIT_EXPECT_EQ(test, tscope_counter_ns(&c, 0xefffff - 0xfffff, 1000, KHZ),
			FIRST + 0xefffff - 0xfffff);
}

static struct kunit_case counter_cases[] = {
	KUNIT_CASE(counter_follows),
	KUNIT_CASE(counter_with_wrong_tsc),
	KUNIT_CASE(counter_tsc_back),
	KUNIT_CASE(counter_backward),
	KUNIT_CASE(counter_goes_on),
	{}
};

static struct kunit_suite counter_suite = {
	.name = "tscope_counter",
	.test_cases = counter_cases,
};

kunit_test_suite(counter_suite);
