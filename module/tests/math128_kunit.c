// SPDX-License-Identifier: GPL-2.0
/*
 * math128.c in the kernel: against the kernel's helpers where their range suffices, and by
 * definition. More tests are in selftests/user/test_math128.c.
 */
#include <linux/math.h>
#include <linux/math64.h>

#include "../math128.h"
#include "tests.h"

#define ROUNDS	2000

static u128 join(u64 high, u64 low)
{
	return ((u128)high << 64) | low;
}

static void math128_div(struct kunit *test)
{
	u128 num, den, quot;
	u64 state = 1;
	u32 i;

	KUNIT_EXPECT_TRUE(test, tscope_div128(5, 0) == ~(u128)0);
	for (i = 0; i < ROUNDS; i++) {
		num = join(tscope_test_rnd_bits(&state), tscope_test_rnd(&state));
		den = join(tscope_test_rnd_bits(&state) >> (i % 64),
			   tscope_test_rnd(&state)) | 1;
		quot = tscope_div128(num, den);
		/* num = quot * den + rest, with a rest below den */
		KUNIT_EXPECT_TRUE_MSG(test, quot * den <= num && num - quot * den < den,
				      "round %u", i);
	}
}

static void math128_sqrt(struct kunit *test)
{
	u64 state = 3, x;
	u128 root;
	u32 i;

	KUNIT_EXPECT_EQ(test, tscope_sqrt128(~(u128)0), U64_MAX);
	for (i = 0; i < ROUNDS; i++) {
		x = tscope_test_rnd_bits(&state);
		KUNIT_EXPECT_EQ(test, tscope_sqrt128(x), (u64)int_sqrt64(x));
		/* next to a square, on both sides */
		root = tscope_test_rnd(&state) | 1;
		KUNIT_EXPECT_EQ(test, tscope_sqrt128(root * root + 2 * root),
				(u64)root);
		KUNIT_EXPECT_EQ(test, tscope_sqrt128(root * root - 1),
				(u64)root - 1);
	}
}

static void math128_cyc_and_ns(struct kunit *test)
{
	static const struct {
		u64 cyc;
		u32 khz;
		u64 ns;
	} cases[] = {
		{ 3000000, 3000000, 1000000 }, { 1, 2000000, 0 },
		{ U64_MAX, 1000000, U64_MAX }, { U64_MAX, 2000000, U64_MAX / 2 },
		/* the machine's division would trap */
		{ U64_MAX, 999999, U64_MAX }, { U64_MAX, 1, U64_MAX },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, tscope_cyc_to_ns(cases[i].cyc, cases[i].khz),
				    cases[i].ns, "case %u", i);
	KUNIT_EXPECT_EQ(test, tscope_ns_to_cyc(1000, 3000000), 3000ULL);
	KUNIT_EXPECT_EQ(test, tscope_ns_to_cyc(U64_MAX, U32_MAX), U64_MAX);
	KUNIT_EXPECT_EQ(test, tscope_scyc_to_ns(-3, 2000000), -1LL);
	KUNIT_EXPECT_EQ(test, tscope_scyc_to_ns(S64_MIN, 999999), S64_MIN);
	KUNIT_EXPECT_EQ(test, tscope_sub64(0, U64_MAX), S64_MIN);
	KUNIT_EXPECT_EQ(test, tscope_sub64(U64_MAX, U64_MAX - 2), 2LL);
}

static void math128_phase(struct kunit *test)
{
	static const struct {
		s64 ns, cyc;
		u32 khz;
		s64 phase, phase_ns;
	} cases[] = {
		{ 1, 0, 2000000, 65536, 1 }, { 0, -2, 2000000, 65536, 1 },
		{ 0, 1, 2000000, -32768, -1 }, { 0, 1, 3000000, -21845, 0 },
		{ S64_MAX, 0, 1000000, S64_MAX, 1LL << 47 },
		{ 0, S64_MIN, 1, S64_MAX, 1LL << 47 },
		{ S64_MIN, S64_MIN, 1000000, 0, 0 },
	};
	s64 phase;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		phase = tscope_phase(cases[i].ns, cases[i].cyc, cases[i].khz);
		KUNIT_EXPECT_EQ_MSG(test, phase, cases[i].phase, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, tscope_phase_to_ns(phase),
				    cases[i].phase_ns, "case %u", i);
	}
}

static struct kunit_case math128_cases[] = {
	KUNIT_CASE(math128_div),
	KUNIT_CASE(math128_sqrt),
	KUNIT_CASE(math128_cyc_and_ns),
	KUNIT_CASE(math128_phase),
	{}
};

static struct kunit_suite math128_suite = {
	.name = "tscope_math128",
	.test_cases = math128_cases,
};

kunit_test_suite(math128_suite);
