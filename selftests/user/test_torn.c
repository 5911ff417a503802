// SPDX-License-Identifier: GPL-2.0
/*
 * interval.c with a few bursts, some of which are torn: the offset changed within them. Each report
 * must hold the true offset. Offsets at the ends of the range, and intervals in ns.
 * INTERVAL_LONG=1: more pairs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "interval.h"
#include "link.h"

static void test_single_bursts(void)
{
	struct tscope_tracker t;
	struct tscope_interval iv;

	EXPECT(sizeof(t) <= 600, "%zu bytes", sizeof(t));
	tscope_tracker_init(&t);
	EXPECT_EQ(tscope_tracker_interval(&t, 5, &iv), -ENODATA, "no burst");
	/* the offset may have changed within it */
	tscope_tracker_add(&t, -10, 20, 1, 7);
	EXPECT_EQ(tscope_tracker_interval(&t, 9, &iv), -ENODATA, "one burst");
	tscope_tracker_add(&t, -11, 20, 1, 8);
	EXPECT_EQ(tscope_tracker_interval(&t, 9, &iv), 0, "two bursts");
	EXPECT(iv.low == -11 && iv.high == 20 && !iv.moving && iv.at_ms == 8 &&
	       iv.meetings == 2, "two bursts");
	/* the third contradicts the others */
	tscope_tracker_add(&t, 100, 130, 1, 9);
	EXPECT_EQ(tscope_tracker_interval(&t, 9, &iv), 0, "three bursts");
	EXPECT(iv.moving && iv.low <= -11 && iv.high >= 130 && iv.at_ms == 9,
	       "%s..%s", tap_dec(iv.low), tap_dec(iv.high));

	/* a narrow burst that does not touch the first one, and does not contradict it by steps */
	tscope_tracker_init(&t);
	tscope_tracker_add(&t, 13, 328, 21, 1);
	tscope_tracker_add(&t, -8, 8, 21, 2);
	EXPECT_EQ(tscope_tracker_interval(&t, 2, &iv), 0, "narrow");
	EXPECT(iv.low <= 13 && iv.high >= 328, "%s..%s", tap_dec(iv.low), tap_dec(iv.high));

	/* two bursts that are wide, and whose limits are close together */
	tscope_tracker_init(&t);
	tscope_tracker_add(&t, -400, 100, 21, 1);
	tscope_tracker_add(&t, -100, 400, 21, 2);
	EXPECT_EQ(tscope_tracker_interval(&t, 2, &iv), 0, "close");
	EXPECT(!iv.moving && iv.low <= -400 && iv.high >= 400, "%s..%s", tap_dec(iv.low),
	       tap_dec(iv.high));

	/* two narrow bursts after a wide one, and a torn one after more than half a second */
	tscope_tracker_init(&t);
	tscope_tracker_add(&t, -483, 0, 21, 1);
	tscope_tracker_add(&t, 0, 336, 21, 200);
	tscope_tracker_add(&t, -336, 0, 21, 400);
	tscope_tracker_add(&t, -84, 42, 21, 600);
	EXPECT_EQ(tscope_tracker_interval(&t, 600, &iv), 0, "torn fourth");
	EXPECT(iv.low <= -336 && iv.high >= 0, "%s..%s", tap_dec(iv.low), tap_dec(iv.high));

	/* the offset changed within each burst */
	tscope_tracker_init(&t);
	tscope_tracker_add(&t, 50, -50, 1, 1);
	tscope_tracker_add(&t, 50, -50, 1, 2);
	EXPECT_EQ(tscope_tracker_interval(&t, 2, &iv), 0, "torn");
	EXPECT(iv.moving && iv.low <= -50 && iv.high >= 50 && iv.at_ms == 2,
	       "%s..%s", tap_dec(iv.low), tap_dec(iv.high));

	/* a divisor of few differences is too large: the one learned later counts */
	tscope_tracker_init(&t);
	tscope_tracker_add(&t, -50, 50, 1000000, 1);
	tscope_tracker_add(&t, 300, 400, 21, 2);
	EXPECT_EQ(tscope_tracker_interval(&t, 2, &iv), 0, "learned steps");
	EXPECT(iv.moving, "the steps of the clock were not learned");

	/* clocks that count in steps contradict each other by steps */
	tscope_tracker_init(&t);
	tscope_tracker_add(&t, 42, 0, 21, 1);
	tscope_tracker_add(&t, 0, 42, 21, 1);
	EXPECT_EQ(tscope_tracker_interval(&t, 1, &iv), 0, "steps");
	EXPECT(!iv.moving, "two steps");
}

/* An epoch has few bursts; if many of them are torn, those of the next are not too wide. */
static void test_torn_epoch(void)
{
	struct tscope_tracker t;
	struct tscope_interval iv;
	s64 offset;
	u32 i;

	tscope_tracker_init(&t);
	for (i = 0; i < 80; i++) {
		offset = i & 1 ? 134 : -134;
		if (i / 8 == 4 && i % 3 == 0)
			tscope_tracker_add(&t, -34, 34, LINK_STEP_CYC, 170 * i);
		else
			tscope_tracker_add(&t, offset - 160, offset + 160, LINK_STEP_CYC, 170 * i);
		if (i < 16)
			continue;
		EXPECT_EQ(tscope_tracker_interval(&t, 170 * i, &iv), 0, "burst %u", i);
		EXPECT(iv.moving && iv.low <= -134 && iv.high >= 134, "burst %u: %s..%s", i,
		       tap_dec(iv.low), tap_dec(iv.high));
	}
}

/* Which of the first bursts is torn. */
#define TORN_BURSTS	10
#define FIRST_BURSTS	24

/* The first bursts of a pair, one of which is torn. Returns whether all reports hold the truth. */
static bool first_bursts_hold(double rate)
{
	double now_ns = rnd_unit() * 1e9, split_ns;
	u32 torn = rnd_below(TORN_BURSTS);
	struct link l = link_healthy();
	struct tscope_interval iv;
	struct tscope_tracker t;
	struct moment b;
	u64 now_ms;
	bool held = true;
	u32 i;

	l.motion = LINK_ALTERNATES;
	l.extent_ns = 35 + 65 * rnd_unit();
	l.half_ns = 1e6 * __builtin_exp(rnd_unit() * 6.2);
	tscope_tracker_init(&t);
	moments_clear();
	for (i = 0; i < FIRST_BURSTS; i++) {
		now_ns += 1e9 / rate * (rate > 1000 ? 1 : 0.5 + rnd_unit());
		split_ns = l.half_ns - __builtin_fmod(now_ns, l.half_ns);
		if (i == torn)
			now_ns += split_ns - rnd_unit() * LINK_BURST_NS;
		else if (split_ns < LINK_BURST_NS)
			now_ns += LINK_BURST_NS;
		link_burst(&l, now_ns, &b);
		now_ms = now_ns / 1e6;
		tscope_tracker_add(&t, b.low, b.high, LINK_STEP_CYC, now_ms);
		moments_add(&b, now_ms);
		if (!tscope_tracker_interval(&t, now_ms, &iv))
			held = held && (iv.moving ?
					moments_hull_held(&iv, now_ms, LINK_WIDEST_CYC) :
					moments_held(&iv));
	}
	return held;
}

/* Meetings per second, as in test_interval. */
static const double rates[] = { 10000, 1000, 25, 6, 1 };

static void test_first_bursts(void)
{
	u32 i, k, wrong = 0, rounds = getenv("INTERVAL_LONG") ? 20000 : 1000;

	for (i = 0; i < ARRAY_SIZE(rates); i++)
		for (k = 0; k < rounds; k++)
			wrong += !first_bursts_hold(rates[i]);
	/* a torn burst may be as wide as others, and may be the first one after a move */
	EXPECT(wrong * 1000 <= rounds * ARRAY_SIZE(rates), "%u of %zu pairs are false", wrong,
	       rounds * ARRAY_SIZE(rates));
	tap_note("%u of %zu pairs are false", wrong, rounds * ARRAY_SIZE(rates));
}

/* At the ends of the range nothing overflows, and low <= high is reported. */
static void test_extremes(void)
{
	static const s64 edges[] = { S64_MIN, S64_MIN + 1, S64_MIN / 2, -1, 0,
				     1, S64_MAX / 2, S64_MAX - 1, S64_MAX };
	struct tscope_tracker t;
	struct tscope_interval iv;
	u64 now_ms = 0;
	s64 low, high;
	u32 i, k;

	for (i = 0; i < 2000; i++) {
		tscope_tracker_init(&t);
		for (k = 0; k < 200; k++) {
			low = edges[rnd_below(ARRAY_SIZE(edges))];
			high = edges[rnd_below(ARRAY_SIZE(edges))];
			tscope_tracker_add(&t, low, high, rnd_bits(32), now_ms);
			now_ms += rnd_below(300);
			EXPECT_EQ(tscope_tracker_interval(&t, now_ms, &iv), k ? 0 : -ENODATA,
				  "%u", k);
			if (!k)
				continue;
			EXPECT(iv.low <= iv.high && iv.hull.low <= iv.low &&
			       iv.high <= iv.hull.high, "%s..%s in %s..%s",
			       tap_dec(iv.low), tap_dec(iv.high),
			       tap_dec(iv.hull.low), tap_dec(iv.hull.high));
		}
	}
}

/* Checks in units of 1 / (2 khz) ns, in which nothing is rounded. */
static void check_rounding(s64 low, s64 high, u32 khz)
{
	s128 unit = khz ? khz : 1, scale = khz ? 1000000 : 1;
	s128 from = low * scale * 2, to = high * scale * 2;
	s128 middle = (low + (s128)high) * scale, off;
	s64 offset_ns;
	u64 bound_ns;

	tscope_interval_ns(low, high, khz, &offset_ns, &bound_ns);
	EXPECT(bound_ns >= 1, "bound 0");
	off = (s128)offset_ns * 2 * unit;
	if (offset_ns == S64_MAX || offset_ns == S64_MIN ||
	    bound_ns == U64_MAX)
		return;
	EXPECT(off - middle <= unit && middle - off <= unit,
	       "%s..%s at %u kHz: offset %s", tap_dec(low), tap_dec(high), khz,
	       tap_dec(offset_ns));
	EXPECT(off - (s128)bound_ns * 2 * unit <= from &&
	       off + (s128)bound_ns * 2 * unit >= to,
	       "%s..%s at %u kHz: %s +- %s", tap_dec(low), tap_dec(high), khz,
	       tap_dec(offset_ns), tap_udec(bound_ns));
	/* half a nanosecond of the offset, and less than one of the bound */
	EXPECT((s128)bound_ns * 4 * unit <= to - from + 6 * unit,
	       "%s..%s at %u kHz: bound %s", tap_dec(low), tap_dec(high), khz,
	       tap_udec(bound_ns));
}

static void test_rounding(void)
{
	static const u32 khz[] = { 0, 1, 999, 999999, 1000000, 1000001,
				   2893437, 3000000, U32_MAX };
	s64 offset_ns, low, high;
	u64 bound_ns;
	u32 i, k;

	for (k = 0; k < ARRAY_SIZE(khz); k++) {
		for (low = -30; low <= 30; low++)
			for (high = low; high <= 60; high++)
				check_rounding(low, high, khz[k]);
		for (i = 0; i < 20000; i++) {
			low = (s64)rnd_bits(40) - (s64)rnd_bits(40);
			check_rounding(low, low + (s64)rnd_bits(20), khz[k]);
			low = (s64)rnd64();
			high = (s64)rnd64();
			check_rounding(min(low, high), max(low, high), khz[k]);
		}
		check_rounding(S64_MIN, S64_MAX, khz[k]);
		check_rounding(S64_MAX, S64_MAX, khz[k]);
		check_rounding(S64_MIN, S64_MIN, khz[k]);
	}
	tscope_interval_ns(S64_MAX - 9, S64_MAX, 1000, &offset_ns, &bound_ns);
	EXPECT(offset_ns == S64_MAX && bound_ns == U64_MAX, "%s +- %s",
	       tap_dec(offset_ns), tap_udec(bound_ns));
	tscope_interval_ns(-95, 95, 0, &offset_ns, &bound_ns);
	EXPECT(!offset_ns && bound_ns == 95, "%s +- %s", tap_dec(offset_ns),
	       tap_udec(bound_ns));
}

static const struct tap_test tests[] = {
	{ "first bursts, torn bursts, steps of the clock", test_single_bursts },
	{ "one of the first bursts is torn", test_first_bursts },
	{ "many bursts of an epoch are torn", test_torn_epoch },
	{ "ends of the range", test_extremes },
	{ "rounding: the interval is inside, the bound is narrow",
	  test_rounding },
};

TAP_MAIN(tests)
