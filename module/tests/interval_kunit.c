// SPDX-License-Identifier: GPL-2.0
/* interval.c with offsets that rest, alternate and step. */
#include "../interval.h"
#include "tests.h"

#define FLOOR	150
#define STEP	21

/* A burst whose transits are 150 to 181 and, one in 16, up to 661 cycles. */
static void add_burst(struct tscope_tracker *t, u64 *state, s64 offset,
		      u64 now_ms)
{
	u64 draw = tscope_test_rnd(state);
	s64 forth = FLOOR + draw % 32, back = FLOOR + (draw >> 8) % 32;

	if (!(draw >> 16 & 15))
		forth += (draw >> 32) % 480;
	tscope_tracker_add(t, offset - forth, offset + back, STEP, now_ms);
}

static void interval_rests(struct kunit *test)
{
	struct tscope_tracker *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct tscope_interval iv;
	u64 state = 11, now_ms;
	s64 offset = -(1LL << 61) + 12345;

	KUNIT_ASSERT_NOT_NULL(test, t);
	tscope_tracker_init(t);
	KUNIT_EXPECT_EQ(test, tscope_tracker_interval(t, 0, &iv), -ENODATA);
	/* the offset may have changed within a burst, so one burst is not enough */
	add_burst(t, &state, offset, 0);
	KUNIT_EXPECT_EQ(test, tscope_tracker_interval(t, 0, &iv), -ENODATA);
	for (now_ms = 20; now_ms < 600000; now_ms += 20) {
		add_burst(t, &state, offset, now_ms);
		KUNIT_ASSERT_EQ(test, tscope_tracker_interval(t, now_ms, &iv), 0);
		KUNIT_ASSERT_FALSE_MSG(test, iv.moving, "at %llu ms", now_ms);
		KUNIT_ASSERT_TRUE_MSG(test, iv.low <= offset && offset <= iv.high,
				      "at %llu ms: %lld in %lld..%lld", now_ms,
				      offset, iv.low, iv.high);
		KUNIT_ASSERT_LE(test, iv.high - iv.low, 900);
		KUNIT_ASSERT_LE(test, now_ms - iv.at_ms, (u64)1000);
	}
	KUNIT_EXPECT_EQ(test, iv.meetings, (u64)30000);
}

/* Each offset that occurred is in the hull, and the hull is not much wider. */
static void interval_alternates(struct kunit *test)
{
	static const s64 extents[] = { 90, 200, 1000, 100000 };
	struct tscope_tracker *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct tscope_interval iv;
	u64 state = 12, now_ms;
	s64 offset;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	for (i = 0; i < ARRAY_SIZE(extents); i++) {
		tscope_tracker_init(t);
		for (now_ms = 0; now_ms < 20000; now_ms += 10) {
			offset = now_ms / 70 & 1 ? extents[i] : -extents[i];
			add_burst(t, &state, offset, now_ms);
			if (now_ms < 3000)
				continue;
			KUNIT_ASSERT_EQ(test, tscope_tracker_interval(t, now_ms, &iv), 0);
			KUNIT_ASSERT_TRUE_MSG(test, iv.moving,
					      "+-%lld at %llu ms", extents[i],
					      now_ms);
			KUNIT_ASSERT_TRUE(test, iv.hull.low <= -extents[i] &&
					  iv.hull.high >= extents[i]);
			KUNIT_ASSERT_EQ(test, iv.low, iv.hull.low);
			KUNIT_ASSERT_EQ(test, iv.high, iv.hull.high);
			KUNIT_ASSERT_LE(test, iv.high - iv.low,
					2 * extents[i] + 1400 + extents[i] / 15);
		}
	}
}

static void interval_steps(struct kunit *test)
{
	struct tscope_tracker *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct tscope_interval iv;
	u64 state = 14, now_ms;
	u32 moving = 0;
	s64 offset;

	KUNIT_ASSERT_NOT_NULL(test, t);
	tscope_tracker_init(t);
	add_burst(t, &state, 0, 0);
	for (now_ms = 20; now_ms < 20000; now_ms += 20) {
		offset = now_ms < 10130 ? 0 : 2096000;
		add_burst(t, &state, offset, now_ms);
		KUNIT_ASSERT_EQ(test, tscope_tracker_interval(t, now_ms, &iv), 0);
		moving += iv.moving;
		KUNIT_ASSERT_TRUE(test, !iv.moving ||
				  (now_ms >= 10130 && now_ms < 13200));
		KUNIT_ASSERT_TRUE(test, iv.low <= offset && offset <= iv.high);
	}
	KUNIT_EXPECT_GT(test, moving, 50U);
	KUNIT_EXPECT_LE(test, iv.high - iv.low, 900);
}

/*
 * A step, and some seconds later a shift by a burst's width that takes 5 s, are two events and do
 * not look like a drift for long. A drift is motion.
 */
static void interval_step_and_shift(struct kunit *test)
{
	struct tscope_tracker *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct tscope_interval iv;
	u64 state = 15, now_ms;
	u32 shift = 0, moving = 0;
	s64 offset;

	KUNIT_ASSERT_NOT_NULL(test, t);
	tscope_tracker_init(t);
	for (now_ms = 0; now_ms < 120000; now_ms += 20) {
		offset = now_ms < 20130 ? 0 : 2096000;
		/* 400 cycles in 5 s, and later 20 cycles a second */
		offset += clamp_t(s64, now_ms - 25000, 0, 5000) * 2 / 25;
		offset += max_t(s64, now_ms - 60000, 0) / 50;
		add_burst(t, &state, offset, now_ms);
		if (now_ms < 24000)
			continue;
		KUNIT_ASSERT_EQ(test, tscope_tracker_interval(t, now_ms, &iv), 0);
		KUNIT_ASSERT_TRUE(test, iv.low <= offset && offset <= iv.high);
		KUNIT_ASSERT_TRUE_MSG(test, !iv.moving || now_ms > 60000 ||
				      (now_ms > 25000 && now_ms < 35000), "at %llu ms", now_ms);
		shift += now_ms < 35000 && iv.moving;
		moving += now_ms > 60000 && iv.moving;
	}
	KUNIT_EXPECT_GT(test, shift, 50U);
	/* two epochs when the drift exceeds a width, after some 17 s; from then on after as long */
	KUNIT_EXPECT_GT(test, moving, 1000U);
}

/*
 * The age is that of the burst that is reported. A burst whose limits contradict each other by no
 * more than steps of the clock is reported only while there is no other one.
 */
static void interval_age(struct kunit *test)
{
	struct tscope_tracker *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct tscope_interval iv;
	u64 now_ms;

	KUNIT_ASSERT_NOT_NULL(test, t);
	tscope_tracker_init(t);
	tscope_tracker_add(t, 1001, 999, STEP, 5000);
	tscope_tracker_add(t, 1001, 999, STEP, 5010);
	KUNIT_ASSERT_EQ(test, tscope_tracker_interval(t, 5010, &iv), 0);
	KUNIT_EXPECT_EQ(test, iv.at_ms, 5010ULL);
	tscope_tracker_add(t, 1000 - FLOOR, 1000 + FLOOR, STEP, 5020);
	for (now_ms = 5040; now_ms < 5100; now_ms += 20)
		tscope_tracker_add(t, 1001, 999, STEP, now_ms);
	KUNIT_ASSERT_EQ(test, tscope_tracker_interval(t, now_ms, &iv), 0);
	KUNIT_EXPECT_FALSE(test, iv.moving);
	KUNIT_EXPECT_EQ(test, iv.low, 1000LL - FLOOR);
	KUNIT_EXPECT_EQ(test, iv.high, 1000LL + FLOOR);
	KUNIT_EXPECT_EQ(test, iv.at_ms, 5020ULL);
}

static struct kunit_case interval_cases[] = {
	KUNIT_CASE(interval_rests),
	KUNIT_CASE(interval_alternates),
	KUNIT_CASE(interval_steps),
	KUNIT_CASE(interval_step_and_shift),
	KUNIT_CASE(interval_age),
	{}
};

static struct kunit_suite interval_suite = {
	.name = "tscope_interval",
	.test_cases = interval_cases,
};

kunit_test_suite(interval_suite);
