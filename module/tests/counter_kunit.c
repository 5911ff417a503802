// SPDX-License-Identifier: GPL-2.0
/*
 * counter.c in the kernel, against a counter that never wraps, of which counter.c sees few
 * bits. More tests are in selftests/user.
 */
#include <linux/math64.h>

#include "../counter.h"
#include "tests.h"

#define KHZ	2000000
#define PM_HZ	3579545
/* the first reading's ticks */
#define FIRST	BIT_ULL(32)

/* Readings @gap_ns apart of a counter of @bits: none may be miscounted. */
static void follow(struct kunit *test, u32 bits, u64 gap_ns)
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
		tsc = 1000 + mul_u64_u64_div_u64(ns, KHZ, 1000000);
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
		follow(test, 24, gaps[i]);
		follow(test, 32, gaps[i]);
		follow(test, 64, gaps[i]);
	}
}

/* A count that is lower, without time for a wrap, is a step back, not a wrap. */
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

static struct kunit_case counter_cases[] = {
	KUNIT_CASE(counter_follows),
	KUNIT_CASE(counter_backward),
	{}
};

static struct kunit_suite counter_suite = {
	.name = "tscope_counter",
	.test_cases = counter_cases,
};

kunit_test_suite(counter_suite);
