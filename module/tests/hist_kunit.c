// SPDX-License-Identifier: GPL-2.0
/* hist.c against the limits of its own buckets, and against a sorted array. */
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
		/* without a hole, and an eighth wide at most */
		if (i)
			KUNIT_EXPECT_EQ(test, tscope_hist_high(i - 1), low - 1);
		if (i < TSCOPE_HIST_LINEAR)
			KUNIT_EXPECT_EQ(test, high, low);
		else
			KUNIT_EXPECT_LE(test, high - low, low / 8);
	}
}

static void hist_adds(struct kunit *test)
{
	struct tscope_hist *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, h);
	tscope_hist_init(h);
	KUNIT_EXPECT_EQ(test, h->count, 0ULL);
	KUNIT_EXPECT_EQ(test, h->min, U64_MAX);
	tscope_hist_add(h, 7);
	tscope_hist_add(h, U64_MAX);
	tscope_hist_add(h, 7);
	KUNIT_EXPECT_EQ(test, h->count, 3ULL);
	KUNIT_EXPECT_EQ(test, h->min, 7ULL);
	KUNIT_EXPECT_EQ(test, h->max, U64_MAX);
	KUNIT_EXPECT_EQ(test, h->sum, U64_MAX);
	KUNIT_EXPECT_EQ(test, h->bucket[7], 2ULL);
	KUNIT_EXPECT_EQ(test, h->bucket[TSCOPE_HIST_BUCKETS - 1], 1ULL);
}

static void hist_merges(struct kunit *test)
{
	struct tscope_hist *h = kunit_kzalloc(test, 3 * sizeof(*h), GFP_KERNEL);
	u64 state = 5, value;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, h);
	for (i = 0; i < 3; i++)
		tscope_hist_init(&h[i]);
	for (i = 0; i < VALUES; i++) {
		value = tscope_test_rnd_bits(&state) >> 16;
		tscope_hist_add(&h[i % 2], value);
		tscope_hist_add(&h[2], value);
	}
	tscope_hist_merge(&h[0], &h[1]);
	KUNIT_EXPECT_EQ(test, memcmp(&h[0], &h[2], sizeof(*h)), 0);

	/* an empty one changes nothing, and a full sum stays full */
	tscope_hist_init(&h[1]);
	tscope_hist_merge(&h[0], &h[1]);
	KUNIT_EXPECT_EQ(test, memcmp(&h[0], &h[2], sizeof(*h)), 0);
	tscope_hist_add(&h[1], U64_MAX);
	tscope_hist_merge(&h[0], &h[1]);
	KUNIT_EXPECT_EQ(test, h[0].sum, U64_MAX);
	KUNIT_EXPECT_EQ(test, h[0].max, U64_MAX);
}

static void hist_signed_empty(struct kunit *test)
{
	struct tscope_shist *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, h);
	tscope_shist_init(h);
	KUNIT_EXPECT_EQ(test, tscope_shist_count(h), 0ULL);
	KUNIT_EXPECT_EQ(test, tscope_shist_min(h), 0LL);
	KUNIT_EXPECT_EQ(test, tscope_shist_max(h), 0LL);
	KUNIT_EXPECT_EQ(test, tscope_shist_mean(h), 0LL);
	KUNIT_EXPECT_EQ(test, tscope_shist_quantile(h, 500), 0LL);
}

static void hist_signed_ends(struct kunit *test)
{
	static const struct {
		s64 a, b, mean;
	} cases[] = {
		{ 3, 3, 3 }, { -3, -3, -3 }, { -3, 5, 1 }, { 3, -6, -1 },
		{ S64_MIN, S64_MIN, S64_MIN }, { S64_MAX, S64_MAX, S64_MAX },
		{ S64_MIN, S64_MAX, 0 }, { 0, 0, 0 },
	};
	struct tscope_shist *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, h);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		tscope_shist_init(h);
		tscope_shist_add(h, cases[i].a);
		tscope_shist_add(h, cases[i].b);
		KUNIT_EXPECT_EQ(test, tscope_shist_count(h), 2ULL);
		KUNIT_EXPECT_EQ_MSG(test, tscope_shist_min(h),
				    min(cases[i].a, cases[i].b), "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, tscope_shist_max(h),
				    max(cases[i].a, cases[i].b), "case %u", i);
		/* the sum of both ends is cut to 64 bits */
		if (cases[i].a != S64_MIN)
			KUNIT_EXPECT_EQ_MSG(test, tscope_shist_mean(h),
					    cases[i].mean, "case %u", i);
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
	KUNIT_CASE(hist_adds),
	KUNIT_CASE(hist_merges),
	KUNIT_CASE(hist_signed_empty),
	KUNIT_CASE(hist_signed_ends),
	KUNIT_CASE(hist_quantiles),
	{}
};

static struct kunit_suite hist_suite = {
	.name = "tscope_hist",
	.test_cases = hist_cases,
};

kunit_test_suite(hist_suite);
