// SPDX-License-Identifier: GPL-2.0
/* hist.c in the kernel: its buckets, and a sorted array. More in selftests/user. */
#include <linux/sort.h>

#include "../hist.h"
#include "tests.h"

#define VALUES	500

static void hist_buckets(struct kunit *test)
{
	u64 low, high;
	u32 i;

	KUNIT_EXPECT_EQ(test, tscope_hist_low(0), 0ULL);
	KUNIT_EXPECT_EQ(test, tscope_hist_high(TSCOPE_HIST_BUCKETS - 1), U64_MAX);
	for (i = 0; i < TSCOPE_HIST_BUCKETS; i++) {
		low = tscope_hist_low(i);
		high = tscope_hist_high(i);
		KUNIT_EXPECT_EQ(test, tscope_hist_bucket(low), i);
		KUNIT_EXPECT_EQ(test, tscope_hist_bucket(high), i);
		/* buckets have no gap in between, and are an eighth wide at most */
		if (i)
			KUNIT_EXPECT_EQ(test, tscope_hist_high(i - 1), low - 1);
		if (i < TSCOPE_HIST_LINEAR)
			KUNIT_EXPECT_EQ(test, high, low);
		else
			KUNIT_EXPECT_LE(test, high - low, low / 8);
	}
}

static int compare(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return x < y ? -1 : x > y;
}

static void hist_quantiles(struct kunit *test)
{
	static const u32 shares[] = { 0, 1, 10, 250, 500, 900, 999, 1000 };
	struct tscope_shist *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	s64 *sorted = kunit_kcalloc(test, VALUES, sizeof(*sorted), GFP_KERNEL);
	u64 state = 6;
	s64 got, want;
	u32 i, nth;

	KUNIT_ASSERT_NOT_NULL(test, h);
	KUNIT_ASSERT_NOT_NULL(test, sorted);
	tscope_shist_init(h);
	for (i = 0; i < VALUES; i++) {
		sorted[i] = (s64)(tscope_test_rnd_bits(&state) >> 2);
		if (i & 1)
			sorted[i] = -sorted[i];
		tscope_shist_add(h, sorted[i]);
	}
	sort(sorted, VALUES, sizeof(*sorted), compare, NULL);
	for (i = 0; i < ARRAY_SIZE(shares); i++) {
		nth = DIV_ROUND_UP(VALUES * shares[i], 1000);
		want = sorted[nth ? nth - 1 : 0];
		got = tscope_shist_quantile(h, shares[i]);
		/* the upper end of its bucket, an eighth off at most */
		KUNIT_EXPECT_GE_MSG(test, got, want, "share %u", shares[i]);
		KUNIT_EXPECT_LE_MSG(test, got, want + abs(want) / 8,
				    "share %u", shares[i]);
	}
}

static struct kunit_case hist_cases[] = {
	KUNIT_CASE(hist_buckets),
	KUNIT_CASE(hist_quantiles),
	{}
};

static struct kunit_suite hist_suite = {
	.name = "tscope_hist",
	.test_cases = hist_cases,
};

kunit_test_suite(hist_suite);
