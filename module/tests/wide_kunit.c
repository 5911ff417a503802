// SPDX-License-Identifier: GPL-2.0
/*
 * wide.c against the kernel's own division and root, and against what a quotient and a
 * root are by definition.
 */
#include <linux/math.h>
#include <linux/math64.h>

#include "../wide.h"
#include "tests.h"

#define ROUNDS		2000
#define ALL_ONES	(~(tscope_u128)0)

static const u64 edges[] = {
	0, 1, 2, 3, S32_MAX, U32_MAX, 1ULL << 32, S64_MAX - 1, S64_MAX,
	1ULL << 63, U64_MAX - 1, U64_MAX,
};

static tscope_u128 wide(u64 high, u64 low)
{
	return ((tscope_u128)high << 64) | low;
}

static void wide_fls128(struct kunit *test)
{
	tscope_u128 x;
	int bit;

	KUNIT_EXPECT_EQ(test, tscope_fls128(0), 0);
	KUNIT_EXPECT_EQ(test, tscope_fls128(ALL_ONES), 128);
	for (bit = 0; bit < 128; bit++) {
		x = (tscope_u128)1 << bit;
		KUNIT_EXPECT_EQ(test, tscope_fls128(x), bit + 1);
		KUNIT_EXPECT_EQ(test, tscope_fls128(x | (x - 1)), bit + 1);
	}
}

/* num = quot * den + rest, with a rest below den: there is but one such quot */
static bool is_quotient(tscope_u128 num, tscope_u128 den, tscope_u128 quot)
{
	return quot * den <= num && num - quot * den < den &&
	       tscope_fls128(quot) + tscope_fls128(den) <= 129;
}

static void wide_div128(struct kunit *test)
{
	const size_t n = ARRAY_SIZE(edges);
	tscope_u128 num, den;
	u64 state = 1;
	u32 i;

	for (i = 0; i < n * n * n; i++) {
		num = wide(edges[i % n], edges[i / n % n]);
		den = edges[i / n / n];
		if (!den) {
			KUNIT_EXPECT_TRUE(test, tscope_div128(num, den) ==
						ALL_ONES);
			continue;
		}
		KUNIT_EXPECT_TRUE_MSG(test, is_quotient(num, den,
							tscope_div128(num, den)),
				      "edge %u", i);
	}
	for (i = 0; i < ROUNDS; i++) {
		num = wide(tscope_test_rnd_bits(&state), tscope_test_rnd(&state));
		den = wide(tscope_test_rnd_bits(&state) >> (i % 64),
			   tscope_test_rnd(&state)) | 1;
		KUNIT_EXPECT_TRUE_MSG(test, is_quotient(num, den,
							tscope_div128(num, den)),
				      "round %u", i);
	}
}

static void wide_div128_of_64(struct kunit *test)
{
	u64 state = 2, num, den;
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		num = tscope_test_rnd_bits(&state);
		den = tscope_test_rnd_bits(&state) | 1;
		KUNIT_EXPECT_EQ(test, (u64)tscope_div128(num, den),
				div64_u64(num, den));
	}
}

static void wide_sqrt128(struct kunit *test)
{
	tscope_u128 x, root;
	u64 state = 3;
	u32 i;

	KUNIT_EXPECT_EQ(test, tscope_sqrt128(ALL_ONES), U64_MAX);
	for (i = 0; i < ROUNDS; i++) {
		x = tscope_test_rnd_bits(&state);
		KUNIT_EXPECT_EQ(test, tscope_sqrt128(x), (u64)int_sqrt64(x));
		/* next to a square, on both sides */
		root = i < ARRAY_SIZE(edges) ? edges[i] : tscope_test_rnd(&state);
		KUNIT_EXPECT_EQ(test, tscope_sqrt128(root * root), (u64)root);
		KUNIT_EXPECT_EQ(test, tscope_sqrt128(root * root + 2 * root),
				(u64)root);
		if (root)
			KUNIT_EXPECT_EQ(test, tscope_sqrt128(root * root - 1),
					(u64)root - 1);
	}
}

static void wide_cyc_and_ns(struct kunit *test)
{
	u64 state = 4, value, ns;
	u32 i, khz;

	for (i = 0; i < ROUNDS; i++) {
		khz = tscope_test_rnd_bits(&state) >> 32 | 1;
		/* what fits, for the kernel's helper traps where it does not */
		value = tscope_test_rnd(&state) >> 24;
		ns = mul_u64_u64_div_u64(value, 1000000, khz);
		KUNIT_EXPECT_EQ(test, tscope_cyc_to_ns(value, khz), ns);
		KUNIT_EXPECT_EQ(test, tscope_ns_to_cyc(value, khz),
				mul_u64_u64_div_u64(value, khz, 1000000));
		if (ns > S64_MAX)
			continue;
		KUNIT_EXPECT_EQ(test, tscope_scyc_to_ns(value, khz), (s64)ns);
		KUNIT_EXPECT_EQ(test, tscope_scyc_to_ns(-(s64)value, khz),
				-(s64)ns);
	}
}

static void wide_saturates(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, tscope_cyc_to_ns(U64_MAX, 1000000), U64_MAX);
	KUNIT_EXPECT_EQ(test, tscope_cyc_to_ns(U64_MAX, 999999), U64_MAX);
	KUNIT_EXPECT_EQ(test, tscope_cyc_to_ns(U64_MAX, 1), U64_MAX);
	KUNIT_EXPECT_EQ(test, tscope_cyc_to_ns(U64_MAX, 2000000), U64_MAX / 2);
	KUNIT_EXPECT_EQ(test, tscope_ns_to_cyc(U64_MAX, U32_MAX), U64_MAX);
	KUNIT_EXPECT_EQ(test, tscope_ns_to_cyc(U64_MAX, 0), 0ULL);
	KUNIT_EXPECT_EQ(test, tscope_scyc_to_ns(S64_MIN, 1000000), S64_MIN);
	KUNIT_EXPECT_EQ(test, tscope_scyc_to_ns(S64_MAX, 999999), S64_MAX);
	KUNIT_EXPECT_EQ(test, tscope_scyc_to_ns(S64_MIN, 999999), S64_MIN);

	KUNIT_EXPECT_EQ(test, tscope_abs64(S64_MIN), 1ULL << 63);
	KUNIT_EXPECT_EQ(test, tscope_abs64(-1), 1ULL);
	KUNIT_EXPECT_EQ(test, tscope_sub64(U64_MAX, 0), S64_MAX);
	KUNIT_EXPECT_EQ(test, tscope_sub64(0, U64_MAX), S64_MIN);
	KUNIT_EXPECT_EQ(test, tscope_sub64(1ULL << 63, 0), S64_MAX);
	KUNIT_EXPECT_EQ(test, tscope_sub64(0, 1ULL << 63), S64_MIN);
	KUNIT_EXPECT_EQ(test, tscope_sub64(5, 7), -2LL);
	KUNIT_EXPECT_EQ(test, tscope_sub64(7, 5), 2LL);
}

static void wide_phase(struct kunit *test)
{
	static const struct {
		s64 ns, cyc;
		u32 khz;
		s64 phase;
	} cases[] = {
		{ 0, 0, 2000000, 0 },
		{ 1, 0, 2000000, 65536 },
		{ 0, 2, 2000000, -65536 },
		{ 0, -2, 2000000, 65536 },
		{ 0, 1, 2000000, -32768 },
		/* 2^16 / 3, cut off */
		{ 0, 1, 3000000, -21845 },
		{ 1000, 3000, 3000000, 0 },
		{ S64_MAX, 0, 1000000, S64_MAX },
		{ S64_MIN, 0, 1000000, S64_MIN },
		{ 0, S64_MAX, 1000000, S64_MIN },
		{ 0, S64_MIN, 1, S64_MAX },
		{ S64_MAX, S64_MAX, 1000000, 0 },
		{ S64_MIN, S64_MIN, 1000000, 0 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, tscope_phase(cases[i].ns, cases[i].cyc,
						       cases[i].khz),
				    cases[i].phase, "case %u", i);
}

static void wide_phase_to_ns(struct kunit *test)
{
	static const struct {
		s64 phase, ns;
	} cases[] = {
		{ 0, 0 }, { 65536, 1 }, { -65536, -1 },
		{ 32767, 0 }, { 32768, 1 }, { -32767, 0 }, { -32768, -1 },
		{ 98303, 1 }, { 98304, 2 },
		{ S64_MAX, 1LL << 47 }, { S64_MIN, -(1LL << 47) },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, tscope_phase_to_ns(cases[i].phase),
				    cases[i].ns, "case %u", i);
}

static struct kunit_case wide_cases[] = {
	KUNIT_CASE(wide_fls128),
	KUNIT_CASE(wide_div128),
	KUNIT_CASE(wide_div128_of_64),
	KUNIT_CASE(wide_sqrt128),
	KUNIT_CASE(wide_cyc_and_ns),
	KUNIT_CASE(wide_saturates),
	KUNIT_CASE(wide_phase),
	KUNIT_CASE(wide_phase_to_ns),
	{}
};

static struct kunit_suite wide_suite = {
	.name = "tscope_wide",
	.test_cases = wide_cases,
};

kunit_test_suite(wide_suite);
