// SPDX-License-Identifier: GPL-2.0
/* Log-linear histograms of nanoseconds. */
#include "hist.h"

/* Empty a histogram. No writer may be at work; readers may. */
void tscope_hist_init(struct tscope_hist *h)
{
	unsigned int i;

	for (i = 0; i < TSCOPE_HIST_BUCKETS; i++)
		WRITE_ONCE(h->bucket[i], 0);
	WRITE_ONCE(h->count, 0);
	WRITE_ONCE(h->sum, 0);
	WRITE_ONCE(h->min, U64_MAX);
	WRITE_ONCE(h->max, 0);
}

/* Add @from, which may be written meanwhile, to @to, which the caller alone uses. */
void tscope_hist_merge(struct tscope_hist *to, const struct tscope_hist *from)
{
	u64 sum = READ_ONCE(from->sum), n;
	unsigned int i;

	/* the count is taken from the buckets: the two then agree */
	for (i = 0; i < TSCOPE_HIST_BUCKETS; i++) {
		n = READ_ONCE(from->bucket[i]);
		to->bucket[i] += n;
		to->count += n;
	}
	to->sum = to->sum + sum < sum ? U64_MAX : to->sum + sum;
	to->min = min(to->min, READ_ONCE(from->min));
	to->max = max(to->max, READ_ONCE(from->max));
}

/* The smallest value of a bucket; 0, for 2^64, of the bucket after the last one. */
u64 tscope_hist_low(unsigned int bucket)
{
	unsigned int exp;

	if (bucket < TSCOPE_HIST_LINEAR)
		return bucket;
	exp = (bucket >> TSCOPE_HIST_SUB_BITS) - 1;
	return (u64)(bucket - (exp << TSCOPE_HIST_SUB_BITS)) << exp;
}

/* The largest value of a bucket. */
u64 tscope_hist_high(unsigned int bucket)
{
	return tscope_hist_low(bucket + 1) - 1;
}

/* Empty a signed histogram. */
void tscope_shist_init(struct tscope_shist *h)
{
	tscope_hist_init(&h->neg);
	tscope_hist_init(&h->pos);
}

/* Count a signed value; the caller alone writes the histogram. */
void tscope_shist_add(struct tscope_shist *h, s64 value)
{
	if (value < 0)
		tscope_hist_add(&h->neg, 0 - (u64)value);
	else
		tscope_hist_add(&h->pos, value);
}

/* A magnitude beyond the range of s64 is saturated. */
static s64 signed_of(u64 magnitude, bool negative)
{
	if (magnitude > S64_MAX)
		return negative ? S64_MIN : S64_MAX;
	return negative ? -(s64)magnitude : (s64)magnitude;
}

/* How many values were counted. */
u64 tscope_shist_count(const struct tscope_shist *h)
{
	return h->neg.count + h->pos.count;
}

/* The smallest value, 0 if there is none. */
s64 tscope_shist_min(const struct tscope_shist *h)
{
	if (h->neg.count)
		return signed_of(h->neg.max, true);
	return h->pos.count ? signed_of(h->pos.min, false) : 0;
}

/* The largest value, 0 if there is none. */
s64 tscope_shist_max(const struct tscope_shist *h)
{
	if (h->pos.count)
		return signed_of(h->pos.max, false);
	return h->neg.count ? signed_of(h->neg.min, true) : 0;
}

/* The mean of the values, rounded towards 0; 0 if there is none. */
s64 tscope_shist_mean(const struct tscope_shist *h)
{
	bool negative = h->neg.sum > h->pos.sum;
	u64 sum = negative ? h->neg.sum - h->pos.sum : h->pos.sum - h->neg.sum;

	return signed_of(sum / max(tscope_shist_count(h), 1ULL), negative);
}

/**
 * tscope_shist_quantile() - value that a share of the values does not exceed
 * @h: histogram
 * @permille: the share, 0..1000
 *
 * Return: upper limit of the bucket in which that share is reached, but not beyond the smallest and
 * the largest value; 0 if there are no values.
 */
s64 tscope_shist_quantile(const struct tscope_shist *h, u32 permille)
{
	u64 count = tscope_shist_count(h), want, seen = 0;
	unsigned int i;
	s64 value = 0;

	/* rounded up, and at least one; the split keeps it within 64 bits */
	want = max(count / 1000 * permille + (count % 1000 * permille + 999) / 1000, 1ULL);
	for (i = TSCOPE_HIST_BUCKETS; i-- && seen < want;) {
		seen += h->neg.bucket[i];
		value = signed_of(tscope_hist_low(i), true);
	}
	for (i = 0; i < TSCOPE_HIST_BUCKETS && seen < want; i++) {
		seen += h->pos.bucket[i];
		value = signed_of(tscope_hist_high(i), false);
	}
	return clamp_t(s64, value, tscope_shist_min(h), tscope_shist_max(h));
}
