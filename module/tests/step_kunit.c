// SPDX-License-Identifier: GPL-2.0
/* step.c in the kernel: clocks whose steps, rates and noise are known. More in selftests/user. */
#include "../step.h"
#include "tests.h"

#define KHZ		2000000
#define PERIOD_NS	10000000

/**
 * struct clock - what eight readings are made of
 * @before_ppm: rate until the gap
 * @after_ppm: rate from the gap on
 * @noise_ns: readings are off by this, alternately up and down
 * @step_ns: step in the gap
 * @error_ns: error that each reading states
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
		KUNIT_ASSERT_TRUE_MSG(test, tscope_step_find(r, KHZ, 0, false, &step,
							     &jump_ns),
				      "case %u", i);
		KUNIT_EXPECT_LE_MSG(test, (u64)abs(step.ns - cases[i].step_ns),
				    step.error_ns, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, step.tsc, r[TSCOPE_STEP_SIDE].tsc,
				    "case %u", i);
		/* a step adds little to the noise: no more than the least step */
		KUNIT_EXPECT_LE_MSG(test, jump_ns, step.error_ns, "case %u", i);
	}
}

static void step_not_found(struct kunit *test)
{
	static const struct clock cases[] = {
		{ 0, 0, 0, 0, 0 },
		{ 500, 500, 0, 0, 0 },
		/* a change of rate is never a step */
		{ 0, 100, 0, 0, 0 }, { 100, 0, 0, 0, 0 },
		{ -500, 500, 0, 0, 0 }, { 500, -500, 0, 0, 0 },
		/* nor is a jump that the readings' own errors explain */
		{ 0, 0, 0, 1000, 1000 }, { 0, 0, 0, -1000, 1000 },
		/* or that rounding explains */
		{ 0, 0, 0, 4, 0 }, { 0, 0, 0, -4, 0 },
	};
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct tscope_step step;
	u64 jump_ns;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_readings(&cases[i], r);
		KUNIT_EXPECT_FALSE_MSG(test, tscope_step_find(r, KHZ, 0, false, &step,
							      &jump_ns),
				       "case %u", i);
	}
}

static struct kunit_case step_cases[] = {
	KUNIT_CASE(step_found),
	KUNIT_CASE(step_not_found),
	{}
};

static struct kunit_suite step_suite = {
	.name = "tscope_step",
	.test_cases = step_cases,
};

kunit_test_suite(step_suite);
