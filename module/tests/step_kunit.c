// SPDX-License-Identifier: GPL-2.0
/* step.c: eight readings of clocks whose steps, rates and noise are known. */
#include "../step.h"
#include "tests.h"

#define KHZ		2000000
#define PERIOD_NS	10000000

/**
 * struct clock - what eight readings are made of
 * @before_ppm: rate until the gap
 * @after_ppm: rate from the gap on
 * @noise_ns: readings are off by that, by turns
 * @step_ns: step in the gap
 * @error_ns: what a reading says of its own error
 */
struct clock {
	s32 before_ppm;
	s32 after_ppm;
	s64 noise_ns;
	s64 step_ns;
	u32 error_ns;
};

static void make_readings(const struct clock *c, struct tscope_reading *r)
{
	s64 ns = 1000000000000LL;
	u32 i;

	for (i = 0; i < TSCOPE_STEP_POINTS; i++) {
		/* the rate changes in the middle of the gap */
		if (i)
			ns += PERIOD_NS + PERIOD_NS / 2000000 *
			      ((i < 5 ? c->before_ppm : c->after_ppm) +
			       (i < 4 ? c->before_ppm : c->after_ppm));
		if (i == TSCOPE_STEP_SIDE)
			ns += c->step_ns;
		r[i] = (struct tscope_reading){
			.tsc = 5000 + i * (u64)PERIOD_NS * 2,
			.ns = ns + (i & 1 ? c->noise_ns : -c->noise_ns),
			.error_ns = c->error_ns,
		};
	}
}

static void step_found(struct kunit *test)
{
	static const struct clock cases[] = {
		{ 0, 0, 0, 1000, 0 },
		{ 0, 0, 0, -1000, 0 },
		{ 0, 0, 0, 50, 0 },
		{ 500, 500, 0, 1000, 0 },
		{ -500, -500, 0, -1000, 100 },
		{ 100, -100, 0, 1000000, 0 },
		{ -100, 100, 0, -1000000, 0 },
		{ 0, 0, 10, 5000, 20 },
		{ 0, 0, 0, 3600000000000LL, 0 },
		{ 0, 0, 0, -990000000000LL, 0 },
		{ 0, 0, 0, S64_MAX / 2, 0 },
	};
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct tscope_step step;
	u64 jump_ns;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_readings(&cases[i], r);
		KUNIT_ASSERT_TRUE_MSG(test, tscope_step_find(r, KHZ, 0, &step,
							     &jump_ns),
				      "case %u", i);
		KUNIT_EXPECT_LE_MSG(test, (u64)abs(step.ns - cases[i].step_ns),
				    step.error_ns, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, step.tsc, r[TSCOPE_STEP_SIDE].tsc,
				    "case %u", i);
		/* a step teaches little of the noise: what made it one */
		KUNIT_EXPECT_LE_MSG(test, jump_ns, step.error_ns, "case %u", i);
	}
}

static void step_not_found(struct kunit *test)
{
	static const struct clock cases[] = {
		{ 0, 0, 0, 0, 0 },
		{ 500, 500, 0, 0, 0 },
		/* a change of rate is none, whatever it is */
		{ 0, 100, 0, 0, 0 }, { 100, 0, 0, 0, 0 },
		{ -500, 500, 0, 0, 0 }, { 500, -500, 0, 0, 0 },
		/* nor is what the readings' own errors explain */
		{ 0, 0, 0, 1000, 1000 }, { 0, 0, 0, -1000, 1000 },
		/* or what the rounding may be */
		{ 0, 0, 0, 4, 0 }, { 0, 0, 0, -4, 0 },
	};
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct tscope_step step;
	u64 jump_ns;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_readings(&cases[i], r);
		KUNIT_EXPECT_FALSE_MSG(test, tscope_step_find(r, KHZ, 0, &step,
							      &jump_ns),
				       "case %u", i);
	}
}

/* The noise that is known is what a step must stand out of, twenty times. */
static void step_out_of_noise(struct kunit *test)
{
	struct clock c = { .step_ns = 2100 };
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct tscope_step step;
	u64 jump_ns;

	make_readings(&c, r);
	KUNIT_EXPECT_TRUE(test, tscope_step_find(r, KHZ, 100, &step, &jump_ns));
	KUNIT_EXPECT_FALSE(test, tscope_step_find(r, KHZ, 110, &step, &jump_ns));
	/* then all of it is told, as it may have been noise */
	KUNIT_EXPECT_GE(test, jump_ns, 2080ULL);
	KUNIT_EXPECT_LE(test, jump_ns, 2100ULL);

	/* the errors that are known are no noise: 4 * 1000 and some rounding */
	c = (struct clock){ .step_ns = 5000, .error_ns = 1000 };
	make_readings(&c, r);
	KUNIT_EXPECT_FALSE(test, tscope_step_find(r, KHZ, 100, &step, &jump_ns));
	KUNIT_EXPECT_GE(test, jump_ns, 990ULL);
	KUNIT_EXPECT_LE(test, jump_ns, 1000ULL);

	/* where it is not known yet, how wild the gains are stands for it */
	c = (struct clock){ .noise_ns = 1000 };
	make_readings(&c, r);
	KUNIT_EXPECT_FALSE(test, tscope_step_find(r, KHZ,
						  tscope_step_wild(r, KHZ),
						  &step, &jump_ns));
}

static void step_tsc_back(struct kunit *test)
{
	struct clock c = { .step_ns = 1000000 };
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct tscope_step step;
	u64 jump_ns;
	u32 i;

	for (i = 1; i < TSCOPE_STEP_POINTS; i++) {
		/* in the gap that is judged it may be a jump of the TSC */
		if (i == TSCOPE_STEP_SIDE)
			continue;
		make_readings(&c, r);
		r[i].tsc = r[i - 1].tsc;
		KUNIT_EXPECT_FALSE(test, tscope_step_find(r, KHZ, 0, &step,
							  &jump_ns));
		KUNIT_EXPECT_EQ(test, jump_ns, 0ULL);
		KUNIT_EXPECT_EQ(test, tscope_step_wild(r, KHZ), 0ULL);
	}
}

/* The widest of the gains but the gap's own. */
static void step_wildness(struct kunit *test)
{
	static const struct {
		struct clock clock;
		u64 wild;
	} cases[] = {
		{ { 0, 0, 0, 0, 0 }, 0 },
		{ { 0, 0, 0, 1000000, 0 }, 0 },
		{ { 100, 100, 0, 0, 0 }, 0 },
		{ { 100, 300, 0, 0, 0 }, 2000 },
		{ { 0, 0, 50, 0, 0 }, 200 },
	};
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_readings(&cases[i].clock, r);
		KUNIT_EXPECT_EQ_MSG(test, tscope_step_wild(r, KHZ), cases[i].wild,
				    "case %u", i);
	}
}

/* Figures at the ends of 64 bits: no more is asked than a verdict. */
static void step_extremes(struct kunit *test)
{
	static const u64 ns[] = { 0, 1, S64_MAX, 1ULL << 63, U64_MAX };
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct tscope_step step;
	u64 state = 15, jump_ns;
	u32 i, n;

	for (n = 0; n < 1000; n++) {
		for (i = 0; i < TSCOPE_STEP_POINTS; i++)
			r[i] = (struct tscope_reading){
				.tsc = (u64)i << (n % 61),
				.ns = ns[tscope_test_rnd(&state) % 5],
				.error_ns = n & 1 ? U32_MAX : 0,
			};
		jump_ns = U64_MAX;
		if (tscope_step_find(r, n % 7 ? KHZ : 1, n % 3, &step, &jump_ns))
			KUNIT_EXPECT_GT(test, step.error_ns, 0ULL);
		KUNIT_EXPECT_NE(test, jump_ns, U64_MAX);
	}
}

static struct kunit_case step_cases[] = {
	KUNIT_CASE(step_found),
	KUNIT_CASE(step_not_found),
	KUNIT_CASE(step_out_of_noise),
	KUNIT_CASE(step_tsc_back),
	KUNIT_CASE(step_wildness),
	KUNIT_CASE(step_extremes),
	{}
};

static struct kunit_suite step_suite = {
	.name = "tscope_step",
	.test_cases = step_cases,
};

kunit_test_suite(step_suite);
