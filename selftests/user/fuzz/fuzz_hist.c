// SPDX-License-Identifier: GPL-2.0
/*
 * hist.c against the sorted values themselves.
 */
#include "fuzz.h"
#include "hist.h"

#define MOST	300

static struct tscope_shist whole, part[2];
static s64 value[MOST];

static int by_value(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return (x > y) - (x < y);
}

static void check_bucket(u64 x)
{
	unsigned int b = tscope_hist_bucket(x);
	u64 low = tscope_hist_low(b), high = tscope_hist_high(b);

	EXPECT(b < TSCOPE_HIST_BUCKETS, "%s in bucket %u", tap_udec(x), b);
	EXPECT(low <= x && x <= high, "%s not in %s..%s", tap_udec(x),
	       tap_udec(low), tap_udec(high));
	EXPECT(x < 16 ? low == high : high - low <= low / 8, "%s..%s is wide",
	       tap_udec(low), tap_udec(high));
	if (b)
		EXPECT(tscope_hist_high(b - 1) == low - 1, "hole below %s",
		       tap_udec(low));
}

/* The value that is shown for a share lies in the bucket of the true one. */
static void check_quantile(u32 count, u32 permille)
{
	s64 got = tscope_shist_quantile(&whole, permille), want, shown;
	u32 rank = (u32)(((u64)count * permille + 999) / 1000);
	u64 mag, low, high;

	want = value[rank ? rank - 1 : 0];
	mag = want < 0 ? 0 - (u64)want : (u64)want;
	low = tscope_hist_low(tscope_hist_bucket(mag));
	high = tscope_hist_high(tscope_hist_bucket(mag));
	if (want < 0)
		shown = low > S64_MAX ? S64_MIN : -(s64)low;
	else
		shown = high > S64_MAX ? S64_MAX : (s64)high;
	if (shown > value[count - 1])
		shown = value[count - 1];
	if (shown < value[0])
		shown = value[0];
	EXPECT_EQ(got, shown, "%u permille of %u", permille, count);
}

static void check_merged(const struct tscope_hist *a,
			 const struct tscope_hist *b,
			 const struct tscope_hist *all)
{
	static struct tscope_hist sum;
	unsigned int i;

	tscope_hist_init(&sum);
	tscope_hist_merge(&sum, a);
	tscope_hist_merge(&sum, b);
	EXPECT(sum.count == all->count && sum.sum == all->sum &&
	       sum.min == all->min && sum.max == all->max, "merged totals");
	for (i = 0; i < TSCOPE_HIST_BUCKETS; i++)
		EXPECT(sum.bucket[i] == all->bucket[i], "merged bucket %u", i);
}

static void fuzz_one(struct fuzz_in *in)
{
	u32 permille = fuzz_u16(in) % 1001, count = 0, i;
	u128 pos = 0, neg = 0;
	s128 mean;

	tscope_shist_init(&whole);
	tscope_shist_init(&part[0]);
	tscope_shist_init(&part[1]);
	check_bucket(fuzz_bits(in, 64));
	while (in->left && count < MOST) {
		s64 x = fuzz_signed(in, 63);

		value[count] = x;
		if (x < 0)
			neg += 0 - (u64)x;
		else
			pos += (u64)x;
		tscope_shist_add(&whole, x);
		tscope_shist_add(&part[count++ & 1], x);
	}
	EXPECT_EQ(tscope_shist_count(&whole), count, "count");
	if (!count) {
		EXPECT_EQ(tscope_shist_quantile(&whole, permille), 0, "empty");
		EXPECT_EQ(tscope_shist_mean(&whole), 0, "empty");
		return;
	}
	for (i = 0; i < count; i++)
		check_bucket(value[i] < 0 ? 0 - (u64)value[i] : (u64)value[i]);
	qsort(value, count, sizeof(*value), by_value);
	EXPECT_EQ(tscope_shist_min(&whole), value[0], "min");
	EXPECT_EQ(tscope_shist_max(&whole), value[count - 1], "max");
	EXPECT(whole.pos.sum == (pos >> 64 ? U64_MAX : (u64)pos), "sum");
	EXPECT(whole.neg.sum == (neg >> 64 ? U64_MAX : (u64)neg), "sum");
	if (!(pos >> 64) && !(neg >> 64)) {
		mean = ((s128)pos - (s128)neg) / count;
		EXPECT_EQ(tscope_shist_mean(&whole), mean, "mean of %u", count);
	}
	for (i = 0; i <= 1000; i += 125)
		check_quantile(count, i);
	check_quantile(count, permille);
	check_quantile(count, 999);
	check_merged(&part[0].pos, &part[1].pos, &whole.pos);
	check_merged(&part[0].neg, &part[1].neg, &whole.neg);
}
