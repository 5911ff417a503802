// SPDX-License-Identifier: GPL-2.0
/* series.c: readings of less than a nanosecond: averages and fractions. */
#include <math.h>

#include "tap.h"
#include "series.h"

static struct tscope_point ring[TSCOPE_SERIES_POINTS];

/* A clock of whole nanoseconds that is read several times in a row: their mean. */
static void test_average(void)
{
	struct tscope_reading r[8], mean;
	struct tscope_series_result news;
	struct tscope_series series;
	long double truth, off, one = 0, many = 0, rate;
	u64 tsc, span_cyc;
	u32 round, i, k;
	s64 gain;

	for (round = 0; round < 50; round++) {
		rate = 500e-6L * (2 * rnd_unit() - 1);
		tscope_series_init(&series, ring, 1000000, true);
		tsc = rnd_bits(60);
		EXPECT(!tscope_series_rate(&series, &gain, &span_cyc), "no rate yet");
		for (i = 0; i < 200; i++) {
			tsc += 50000000;
			for (k = 0; k < 8; k++) {
				/* 50 to 150 us a call, as in emulation */
				tsc += 50000 + rnd_below(100000);
				truth = (tsc & 0xffffffffffffffULL) * (1 + rate);
				r[k] = (struct tscope_reading){
					.tsc = tsc, .ns = (u64)truth,
				};
			}
			tscope_series_average(&series, r, 8, &mean);
			EXPECT_EQ(mean.tsc, r[4].tsc, "at a TSC value that was read");
			truth = (mean.tsc & 0xffffffffffffffULL) * (1 + rate) - 0.5L;
			off = mean.ns + mean.frac * 0x1p-16L - truth;
			/* the rate is as exact as whole nanoseconds over the segment */
			if (i >= 100) {
				many += off * off;
				one += (r[4].ns - truth) * (r[4].ns - truth);
			} else if (i > 1) {
				EXPECT(fabsl(off) < 2, "off by %Lf ns", off);
			}
			if (!i)
				EXPECT(mean.ns == r[4].ns && !mean.frac, "the first");
			EXPECT_EQ(mean.frac, mean.added, "what the average added");
			tscope_series_add(&series, &mean, &news);
		}
		EXPECT(tscope_series_rate(&series, &gain, &span_cyc), "a rate");
		EXPECT(fabsl((long double)gain / 65536 / span_cyc - rate) < 1e-9L, "rate");
	}
	one = sqrtl(one / 5000);
	many = sqrtl(many / 5000);
	tap_note("rms of one reading %.3Lf ns, of eight %.3Lf", one, many);
	EXPECT(one > 0.27L && one < 0.31L, "one: %Lf ns", one);
	/* 0.289 / sqrt(8) */
	EXPECT(many < 0.13L, "eight: %Lf ns", many);
	tscope_series_average(&series, r, 1, &mean);
	EXPECT(mean.ns == r[0].ns && mean.tsc == r[0].tsc && !mean.frac, "of one");
}

/* The TSC's frequency changes, as by a migration: after some seconds the rate is the new one. */
static void test_new_rate(void)
{
	static const u64 gaps[] = { 50000000, 7300000, 120000 };
	struct tscope_reading r = { .tsc = 1000 };
	struct tscope_series_result news;
	struct tscope_series series;
	u64 span_cyc, tsc, i, k;
	long double ns, rate;
	s64 gain;

	for (k = 0; k < ARRAY_SIZE(gaps); k++) {
		tscope_series_init(&series, ring, 1000000, true);
		rate = 3e-3L * (2 * rnd_unit() - 1);
		ns = 0;
		tsc = 1000;
		for (i = 0; tsc < 400000000000ULL; i++) {
			tsc += gaps[k];
			/* of the last 6.5 s */
			ns += gaps[k] * (tsc > 393500000000ULL ? 1 + rate : 1);
			r = (struct tscope_reading){ .tsc = tsc, .ns = (u64)ns };
			tscope_series_add(&series, &r, &news);
		}
		EXPECT(tscope_series_rate(&series, &gain, &span_cyc), "a rate");
		/* if the ring has points of less than two seconds, the rate is the segment's */
		if (gaps[k] * TSCOPE_SERIES_POINTS / 2 < 2000000000ULL)
			EXPECT(span_cyc > 399000000000ULL, "of %llu cycles",
			       (unsigned long long)span_cyc);
		else
			EXPECT(fabsl((long double)gain / 65536 / span_cyc - rate) < 1e-8L,
			       "a point each %llu ns: rate %Lg, not %Lg",
			       (unsigned long long)gaps[k],
			       (long double)gain / 65536 / span_cyc, rate);
	}
}

/* A clock that is set between two of the readings: those before and after are not mixed. */
static void test_step_between(void)
{
	struct tscope_reading r[8], mean;
	struct tscope_series_result news;
	struct tscope_series series;
	s64 step_ns;
	u32 i, k, from;
	u64 tsc = 1;

	tscope_series_init(&series, ring, 1000000, true);
	for (i = 0; i < 100; i++) {
		r[0] = (struct tscope_reading){ .tsc = tsc, .ns = tsc };
		tscope_series_add(&series, &r[0], &news);
		tsc += 50000000;
	}
	for (i = 0; i < 1000; i++) {
		step_ns = (s64)(5 + rnd_bits(1 + rnd_below(60))) * (rnd_below(2) ? 1 : -1);
		from = 1 + rnd_below(7);
		for (k = 0; k < 8; k++)
			r[k] = (struct tscope_reading){
				.tsc = tsc + k * 100000,
				.ns = tsc + k * 100000 + (k < from ? 0 : step_ns),
			};
		tscope_series_average(&series, r, 8, &mean);
		EXPECT(mean.tsc == r[4].tsc && mean.ns == r[4].ns && !mean.frac && !mean.added,
		       "a step of %lld ns before reading %u: off by %lld ns", (long long)step_ns,
		       from, (long long)(mean.ns - r[4].ns));
	}
}

/* Fractions count in phases. */
static void test_fractions(void)
{
	struct tscope_reading r = { .tsc = 1000, .ns = 500, .frac = 0xc000 };
	struct tscope_series_result news;
	struct tscope_series series;

	tscope_series_init(&series, ring, 1000000, true);
	tscope_series_add(&series, &r, &news);
	r = (struct tscope_reading){ .tsc = 3000, .ns = 2501, .frac = 0x4000, .added = 7 };
	tscope_series_add(&series, &r, &news);
	EXPECT_EQ(news.newest.phase, 0x8000, "half a nanosecond");
	EXPECT_EQ(news.newest.added, 7, "what was added goes with the point");
}

static const struct tap_test tests[] = {
	{ "the average of readings in a row", test_average },
	{ "a step between readings in a row", test_step_between },
	{ "fractions of a nanosecond", test_fractions },
	{ "the TSC has another frequency", test_new_rate },
};

TAP_MAIN(tests)
