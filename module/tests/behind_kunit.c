// SPDX-License-Identifier: GPL-2.0
/* behind.c: whether time stands still on a CPU, by its TSC and by jiffies */
#include "../sampler.h"
#include "tests.h"

#define KHZ	2000000
#define CYC(ms)	((u64)(ms) * KHZ)

static bool stands(u64 tsc_ms, u64 jiffies_ms)
{
	return tscope_cpu_stands(CYC(100000), 5000, CYC(100000) + CYC(tsc_ms), 5000 + jiffies_ms,
				 KHZ);
}

static void behind_stands(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, stands(0, 0));
	KUNIT_EXPECT_FALSE(test, stands(2000, 0));
	KUNIT_EXPECT_TRUE(test, stands(2001, 0));
	KUNIT_EXPECT_FALSE(test, stands(3600000, 3599000));
	KUNIT_EXPECT_TRUE(test, stands(3600000, 3597000));
	/* the TSC is behind */
	KUNIT_EXPECT_TRUE(test, tscope_cpu_stands(1000, 5000, 999, 5000, KHZ));
	/* jiffies went on: time does not stand still */
	KUNIT_EXPECT_FALSE(test, stands(0, 3600000));
}

/* A CPU that did not sample since a change has no age. */
static void behind_not_known(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, tscope_cpu_stands(0, 5000, CYC(86400000), 5000, KHZ));
	KUNIT_EXPECT_FALSE(test, tscope_cpu_stands(0, 0, 0, 0, KHZ));
}

static struct kunit_case behind_cases[] = {
	KUNIT_CASE(behind_stands),
	KUNIT_CASE(behind_not_known),
	{}
};

static struct kunit_suite behind_suite = {
	.name = "tscope_behind",
	.test_cases = behind_cases,
};

kunit_test_suite(behind_suite);
