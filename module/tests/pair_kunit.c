// SPDX-License-Identifier: GPL-2.0
/* pair.c against exchanges whose offset is known, and at the ends of its range. */
#include "../pair.h"
#include "tests.h"

#define ROUNDS	2000

/* Transits of known offset: the truth must lie within the bound, and that be tight. */
static void pair_holds_truth(struct kunit *test)
{
	struct tscope_pair pair;
	u64 state = 7;
	s64 offset, fast_ij, fast_ji, off_by;
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		offset = (s64)(tscope_test_rnd_bits(&state) >> 4);
		if (i & 1)
			offset = -offset;
		fast_ij = tscope_test_rnd(&state) % 1000;
		fast_ji = tscope_test_rnd(&state) % 1000;
		KUNIT_ASSERT_EQ(test, tscope_pair_offset(fast_ij + offset,
							 fast_ji - offset, 0,
							 &pair), 0);
		off_by = pair.offset_ns - offset;
		KUNIT_EXPECT_LE_MSG(test, (u64)abs(off_by), pair.bound_ns,
				    "round %u", i);
		KUNIT_EXPECT_LE_MSG(test, pair.bound_ns,
				    (u64)(fast_ij + fast_ji) / 2 + 2,
				    "round %u", i);
	}
}

/* In units of 1/3 ns, so that nothing is rounded in the truth. */
static void pair_of_cycles(struct kunit *test)
{
	struct tscope_pair pair;
	u64 state = 8;
	s64 offset, ij, ji, off_by;
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		offset = (s64)(tscope_test_rnd_bits(&state) >> 8);
		if (i & 1)
			offset = -offset;
		ij = tscope_test_rnd(&state) % 1000;
		ji = tscope_test_rnd(&state) % 1000;
		KUNIT_ASSERT_EQ(test, tscope_pair_offset(ij + offset, ji - offset,
							 3000000, &pair), 0);
		off_by = 3 * pair.offset_ns - offset;
		KUNIT_EXPECT_LE_MSG(test, (u64)abs(off_by), 3 * pair.bound_ns,
				    "round %u", i);
		/* (ij + ji) / 2 / 3 ns, and what rounding adds */
		KUNIT_EXPECT_LE_MSG(test, pair.bound_ns, (u64)(ij + ji) / 6 + 3,
				    "round %u", i);
	}
}

static void pair_refuses(struct kunit *test)
{
	static const struct {
		s64 ij, ji;
		u32 khz;
		int err;
	} cases[] = {
		{ TSCOPE_TRANSIT_NONE, 0, 0, -ENODATA },
		{ 0, TSCOPE_TRANSIT_NONE, 0, -ENODATA },
		{ 0, 0, 0, 0 },
		{ -5, 4, 0, -ESTALE },
		{ -5, 5, 0, 0 },
		{ S64_MIN, S64_MIN, 0, -ESTALE },
		{ S64_MIN, 0, 0, -ESTALE },
		{ S64_MAX - 1, S64_MAX - 1, 0, -ENODATA },
		{ S64_MAX - 1, 0, 0, 0 },
		{ S64_MAX - 1, S64_MIN, 0, -ESTALE },
		{ S64_MAX - 1, -(S64_MAX - 1), 0, -ENODATA },
		{ -(S64_MAX - 1), S64_MAX - 1, 0, -ENODATA },
		/* fits as cycles, and not as nanoseconds */
		{ S64_MAX - 1, 0, 1, -ENODATA },
		{ 1LL << 61, -(1LL << 61), 1, -ENODATA },
		{ S64_MAX - 1, 0, 1000000, 0 },
	};
	struct tscope_pair pair;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, tscope_pair_offset(cases[i].ij,
							     cases[i].ji,
							     cases[i].khz, &pair),
				    cases[i].err, "case %u", i);
}

static struct kunit_case pair_cases[] = {
	KUNIT_CASE(pair_holds_truth),
	KUNIT_CASE(pair_of_cycles),
	KUNIT_CASE(pair_refuses),
	{}
};

static struct kunit_suite pair_suite = {
	.name = "tscope_pair",
	.test_cases = pair_cases,
};

kunit_test_suite(pair_suite);
