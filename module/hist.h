/* SPDX-License-Identifier: GPL-2.0 */
/* Log-linear histograms of nanoseconds. */
#ifndef TSCOPE_HIST_H
#define TSCOPE_HIST_H

#include "pure.h"

/*
 * Eight buckets an octave: a bucket is at most 1/8 of its lower limit wide. Below 16 every value
 * has a bucket of its own.
 */
#define TSCOPE_HIST_SUB_BITS	3
#define TSCOPE_HIST_LINEAR	(2 << TSCOPE_HIST_SUB_BITS)
#define TSCOPE_HIST_BUCKETS	\
	(TSCOPE_HIST_LINEAR + ((63 - TSCOPE_HIST_SUB_BITS) << TSCOPE_HIST_SUB_BITS))

/*
 * Magnitudes, over the whole range of u64. One writer, any number of readers; a reader may see a
 * new value in some of the fields only.
 */
struct tscope_hist {
	u64 count;			/* values added */
	u64 sum;			/* their sum, saturated */
	u64 min;			/* the smallest; U64_MAX while empty */
	u64 max;			/* the largest */
	u64 bucket[TSCOPE_HIST_BUCKETS];	/* how many values each bucket has */
};

/* A histogram of signed values. */
struct tscope_shist {
	struct tscope_hist neg;		/* magnitudes of the values below 0 */
	struct tscope_hist pos;		/* the others */
};

void tscope_hist_init(struct tscope_hist *h);
void tscope_hist_merge(struct tscope_hist *to, const struct tscope_hist *from);
u64 tscope_hist_low(unsigned int bucket);
u64 tscope_hist_high(unsigned int bucket);

void tscope_shist_init(struct tscope_shist *h);
void tscope_shist_add(struct tscope_shist *h, s64 value);
u64 tscope_shist_count(const struct tscope_shist *h);
s64 tscope_shist_min(const struct tscope_shist *h);
s64 tscope_shist_max(const struct tscope_shist *h);
s64 tscope_shist_mean(const struct tscope_shist *h);
s64 tscope_shist_quantile(const struct tscope_shist *h, u32 permille);

/* The index of a value's bucket. */
static __always_inline unsigned int tscope_hist_bucket(u64 value)
{
	unsigned int exp;

	if (value < TSCOPE_HIST_LINEAR)
		return value;
	exp = fls64(value) - 1 - TSCOPE_HIST_SUB_BITS;
	return (exp << TSCOPE_HIST_SUB_BITS) + (unsigned int)(value >> exp);
}

/* Count a value, interrupts on or off; the caller alone writes the histogram. */
static __always_inline void tscope_hist_add(struct tscope_hist *h, u64 value)
{
	u64 *bucket = &h->bucket[tscope_hist_bucket(value)];
	u64 sum = h->sum + value;

	WRITE_ONCE(*bucket, *bucket + 1);
	WRITE_ONCE(h->count, h->count + 1);
	WRITE_ONCE(h->sum, sum < value ? U64_MAX : sum);
	if (value < h->min)
		WRITE_ONCE(h->min, value);
	if (value > h->max)
		WRITE_ONCE(h->max, value);
}

#endif /* TSCOPE_HIST_H */
