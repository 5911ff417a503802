// SPDX-License-Identifier: GPL-2.0
/*
 * hist.c against sorted arrays and against the printed limits of buckets.
 */
#include <stdlib.h>

#include "tap.h"
#include "hist.h"

#define ROUNDS	100000
#define VALUES	1000

static struct tscope_hist hist, other;
static struct tscope_shist shist;

static void test_limits(void)
{
	u128 next = 0;
	u32 i;

	for (i = 0; i < TSCOPE_HIST_BUCKETS; i++) {
		u64 low = tscope_hist_low(i), high = tscope_hist_high(i);

		EXPECT_EQ(low, next, "bucket %u", i);
		EXPECT(high >= low, "bucket %u", i);
		/* the resolution that the header promises */
		EXPECT(low < TSCOPE_HIST_LINEAR ? low == high :
		       high - low < low / 8, "bucket %u", i);
		EXPECT_EQ(tscope_hist_bucket(low), i, "its low");
		EXPECT_EQ(tscope_hist_bucket(high), i, "its high");
		EXPECT_EQ(tscope_hist_bucket(low + (high - low) / 2), i,
			  "its middle");
		next = (u128)high + 1;
	}
	EXPECT_EQ(next, (s128)1 << 64, "the last ends the range");
}

static void test_bucket(void)
{
	u32 i, bucket;

	for (i = 0; i < ROUNDS; i++) {
		u64 value = i < 4096 ? i : rnd_bits(64);

		bucket = tscope_hist_bucket(value);
		EXPECT(bucket < TSCOPE_HIST_BUCKETS &&
		       tscope_hist_low(bucket) <= value &&
		       value <= tscope_hist_high(bucket),
		       "%s in bucket %u", tap_udec(value), bucket);
	}
}

static void test_totals(void)
{
	u128 sum = 0;
	u64 min = U64_MAX, max = 0, buckets = 0;
	u32 i;

	tscope_hist_init(&hist);
	EXPECT_EQ(hist.min, U64_MAX, "empty");
	for (i = 0; i < VALUES; i++) {
		u64 value = rnd_bits(50);

		tscope_hist_add(&hist, value);
		sum += value;
		min = value < min ? value : min;
		max = value > max ? value : max;
	}
	for (i = 0; i < TSCOPE_HIST_BUCKETS; i++)
		buckets += hist.bucket[i];
	EXPECT_EQ(hist.count, VALUES, "count");
	EXPECT_EQ(buckets, VALUES, "buckets");
	EXPECT_EQ(hist.sum, sum, "sum");
	EXPECT_EQ(hist.min, min, "min");
	EXPECT_EQ(hist.max, max, "max");
}

static void test_saturation(void)
{
	tscope_hist_init(&hist);
	tscope_hist_add(&hist, U64_MAX);
	EXPECT_EQ(hist.sum, U64_MAX, "one");
	tscope_hist_add(&hist, 0);
	EXPECT_EQ(hist.sum, U64_MAX, "and zero");
	tscope_hist_add(&hist, 2);
	EXPECT_EQ(hist.sum, U64_MAX, "stays");
	EXPECT_EQ(hist.count, 3, "three");
	EXPECT_EQ(hist.bucket[TSCOPE_HIST_BUCKETS - 1], 1, "last bucket");
	EXPECT_EQ(hist.min, 0, "min");
	EXPECT_EQ(hist.max, U64_MAX, "max");

	tscope_hist_init(&other);
	tscope_hist_add(&other, 3);
	tscope_hist_merge(&other, &hist);
	EXPECT_EQ(other.sum, U64_MAX, "merged");
	EXPECT_EQ(other.count, 4, "merged");
}

/* Two merged histograms equal one to which all values were added. */
static void test_merge(void)
{
	static struct tscope_hist all;
	u32 i;

	tscope_hist_init(&hist);
	tscope_hist_init(&other);
	tscope_hist_init(&all);
	for (i = 0; i < VALUES; i++) {
		u64 value = rnd_bits(40);

		tscope_hist_add(rnd64() & 1 ? &hist : &other, value);
		tscope_hist_add(&all, value);
	}
	tscope_hist_merge(&hist, &other);
	EXPECT(!memcmp(&hist, &all, sizeof(all)), "all fields");
	tscope_hist_init(&other);
	tscope_hist_merge(&hist, &other);
	EXPECT(!memcmp(&hist, &all, sizeof(all)), "an empty one adds nothing");
	tscope_hist_merge(&other, &hist);
	EXPECT(!memcmp(&other, &all, sizeof(all)), "into an empty one");
}

static int by_value(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return x < y ? -1 : x > y;
}

/* Upper limit of a value's bucket, by search: the limits were checked above. */
static s64 upper_limit(s64 value)
{
	u64 mag = value < 0 ? 0 - (u64)value : (u64)value, limit;
	u32 i = 0;

	while (tscope_hist_high(i) < mag)
		i++;
	limit = value < 0 ? tscope_hist_low(i) : tscope_hist_high(i);
	if (value < 0)
		return limit > S64_MAX ? S64_MIN : -(s64)limit;
	return limit > S64_MAX ? S64_MAX : (s64)limit;
}

static void check_quantiles(s64 *v, u32 n, const char *what)
{
	static const u32 permilles[] = { 0, 1, 10, 500, 501, 900, 990, 999,
					 1000 };
	s128 sum = 0;
	u32 i, rank;

	tscope_shist_init(&shist);
	for (i = 0; i < n; i++) {
		tscope_shist_add(&shist, v[i]);
		sum += v[i];
	}
	qsort(v, n, sizeof(*v), by_value);
	EXPECT_EQ(tscope_shist_count(&shist), n, "%s", what);
	EXPECT_EQ(tscope_shist_min(&shist), v[0], "%s", what);
	EXPECT_EQ(tscope_shist_max(&shist), v[n - 1], "%s", what);
	EXPECT_EQ(tscope_shist_mean(&shist), sum / n, "%s", what);
	for (i = 0; i < ARRAY_SIZE(permilles); i++) {
		s64 got = tscope_shist_quantile(&shist, permilles[i]), want;

		/* the smallest rank that reaches the share */
		for (rank = 1; rank * 1000ULL < (u64)n * permilles[i];)
			rank++;
		want = upper_limit(v[rank - 1]);
		want = want > v[n - 1] ? v[n - 1] : want;
		EXPECT_EQ(got, want, "%s, %u permille of %u", what,
			  permilles[i], n);
		EXPECT(got >= v[rank - 1], "%s, %u permille: %s < %s", what,
		       permilles[i], tap_dec(got), tap_dec(v[rank - 1]));
	}
}

static void test_quantiles(void)
{
	static s64 v[VALUES];
	u32 round, i, n;

	for (round = 0; round < 60; round++) {
		n = 1 + rnd_below(round < 30 ? 12 : VALUES);
		for (i = 0; i < n; i++)
			v[i] = (s64)rnd_bits(40);
		check_quantiles(v, n, "positive");
		for (i = 0; i < n; i++)
			v[i] = -(s64)rnd_bits(40) - 1;
		check_quantiles(v, n, "negative");
		for (i = 0; i < n; i++)
			v[i] = (s64)rnd64() >> rnd_below(64) >> 12;
		check_quantiles(v, n, "both");
		for (i = 0; i < n; i++)
			v[i] = 1000 + (s64)rnd_gauss();
		check_quantiles(v, n, "narrow");
	}
}

static void test_edges(void)
{
	tscope_shist_init(&shist);
	EXPECT_EQ(tscope_shist_min(&shist), 0, "empty");
	EXPECT_EQ(tscope_shist_max(&shist), 0, "empty");
	EXPECT_EQ(tscope_shist_mean(&shist), 0, "empty");
	EXPECT_EQ(tscope_shist_quantile(&shist, 500), 0, "empty");

	tscope_shist_add(&shist, S64_MIN);
	EXPECT_EQ(tscope_shist_min(&shist), S64_MIN, "one");
	EXPECT_EQ(tscope_shist_max(&shist), S64_MIN, "one");
	EXPECT_EQ(tscope_shist_mean(&shist), S64_MIN, "one");
	EXPECT_EQ(tscope_shist_quantile(&shist, 0), S64_MIN, "one");
	EXPECT_EQ(tscope_shist_quantile(&shist, 1000), S64_MIN, "one");
	tscope_shist_add(&shist, S64_MAX);
	EXPECT_EQ(tscope_shist_max(&shist), S64_MAX, "both ends");
	EXPECT_EQ(tscope_shist_mean(&shist), 0, "(S64_MIN + S64_MAX) / 2");
	EXPECT_EQ(tscope_shist_quantile(&shist, 500), S64_MIN, "both ends");
	EXPECT_EQ(tscope_shist_quantile(&shist, 501), S64_MAX, "both ends");
	EXPECT_EQ(tscope_shist_quantile(&shist, 2000), S64_MAX,
		  "more than all is all");
	tscope_shist_add(&shist, S64_MAX);
	tscope_shist_add(&shist, S64_MAX);
	EXPECT(tscope_shist_mean(&shist) > 0, "a saturated sum has a sign");

	/* totals near 2^64: the rank must not overflow 64 bits */
	tscope_shist_init(&shist);
	tscope_shist_add(&shist, 5);
	tscope_shist_add(&shist, 7);
	shist.pos.bucket[5] = U64_MAX / 2;
	shist.pos.bucket[7] = U64_MAX / 2;
	shist.pos.count = U64_MAX / 2 * 2;
	EXPECT_EQ(tscope_shist_quantile(&shist, 499), 5, "2^64 values");
	EXPECT_EQ(tscope_shist_quantile(&shist, 502), 7, "2^64 values");
}

static const struct tap_test tests[] = {
	{ "buckets adjoin from 0 to 2^64 - 1", test_limits },
	{ "every value lies in its bucket", test_bucket },
	{ "count, sum, min, max", test_totals },
	{ "sums saturate", test_saturation },
	{ "merge", test_merge },
	{ "signed quantiles against sorted values", test_quantiles },
	{ "empty, one value, the ends of the range", test_edges },
};

TAP_MAIN(tests)
