// SPDX-License-Identifier: GPL-2.0
/*
 * What of fit.c stands where no points lead to: products that pass 128 bits, and no
 * degree of freedom. The file is compiled once more, with names of its own.
 */
#include <math.h>

#define tscope_fit_line		scale_fit_line
#define tscope_fit_residual	scale_fit_residual
#define tscope_fit_dithers	scale_fit_dithers

#include "tap.h"
#include "../../module/fit.c"

#define ROUNDS	200000
#define SLACK	1e-18L	/* of long double, and of what is dropped of num */

static void check(tscope_u128 num, tscope_u128 mul, int shift)
{
	long double want = ldexpl((long double)num * (long double)mul, -shift);
	u64 got = scale_up(num, mul, shift);

	if (want > 0x1p63L * (1 - SLACK) && got == S64_MAX)
		return;
	EXPECT((long double)got >= want * (1 - SLACK),
	       "%s * %s >> %d: got %s", tap_udec(num), tap_udec(mul), shift,
	       tap_udec(got));
	EXPECT((long double)got <= want * (1 + SLACK) + 1,
	       "%s * %s >> %d: got %s", tap_udec(num), tap_udec(mul), shift,
	       tap_udec(got));
}

static void test_scale_up(void)
{
	static const int shifts[] = { 0, 1, 16, 63, 64, 97, 127, 128, 200, -1, -40 };
	u32 i;

	for (i = 0; i < ROUNDS; i++)
		check(rnd_bits128() >> 1, rnd_bits(64) + 1, shifts[i % ARRAY_SIZE(shifts)]);
	for (i = 0; i < ARRAY_SIZE(shifts); i++)
		check(0, 1, shifts[i]);
	EXPECT_EQ(scale_up(3, 5, 0), 15, "exact");
	EXPECT_EQ(scale_up(3, 5, 1), 8, "rounded up");
	EXPECT_EQ(scale_up(4, 4, 4), 1, "exact");
	EXPECT_EQ(scale_up(1, 1, 127), 1, "never down to 0");
	EXPECT_EQ(scale_up(1, 1, 300), 1, "never down to 0");
	EXPECT_EQ(scale_up(0, 1, 300), 0, "but of nothing");
	EXPECT_EQ(scale_up(1, 1, -62), (s64)1 << 62, "to the left");
	EXPECT_EQ(scale_up(1, 1, -63), S64_MAX, "too far");
	EXPECT_EQ(scale_up((tscope_u128)1 << 63, 1, 0), S64_MAX, "too much");
}

static void test_no_freedom(void)
{
	EXPECT_EQ(student_t_milli(0), student_t_milli(1), "none is one");
	EXPECT_EQ(student_t_milli(1), 12706, "one");
	EXPECT_EQ(student_t_milli(30), 2042, "the last of the table");
	EXPECT(student_t_milli(31) >= 2040 && student_t_milli(31) < 2042 + 1, "31");
}

static const struct tap_test tests[] = {
	{ "products that pass 128 bits", test_scale_up },
	{ "no degree of freedom", test_no_freedom },
};

TAP_MAIN(tests)
