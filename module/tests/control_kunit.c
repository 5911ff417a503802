// SPDX-License-Identifier: GPL-2.0
/*
 * control.c: which parameters and CPU lists are accepted, what a change leaves alone, and
 * what starting and stopping does. These are the module's own controls, and its
 * samplers run. The suite restores what it changes.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <asm/tsc.h>

#include "../control.h"
#include "../cpu.h"
#include "../exchange.h"
#include "tests.h"

#define PARAM_OF(name) offsetof(struct tscope_params, name)

/* An emulated CPU may get no time for this long. */
#define PATIENCE_MS	20000

static struct tscope_params before;
static struct cpumask *cpus_before, *cpus;

/* The width is made short first, and long again last: so no write is refused for its order. */
static int set_params(const struct tscope_params *p)
{
	return tscope_set_param(PARAM_OF(width_us), 10) ?:
	       tscope_set_param(PARAM_OF(period_us), p->period_us) ?:
	       tscope_set_param(PARAM_OF(width_us), p->width_us) ?:
	       tscope_set_param(PARAM_OF(burst_us), p->burst_us) ?:
	       tscope_set_param(PARAM_OF(fit_window_s), p->fit_window_s);
}

static int set_mask(const struct cpumask *mask)
{
	char *list = kasprintf(GFP_KERNEL, "%*pbl", cpumask_pr_args(mask));
	int err = list ? tscope_set_cpus(list) : -ENOMEM;

	kfree(list);
	return err;
}

static int control_init(struct kunit *test)
{
	static const struct tscope_params known = {
		.period_us = 10000, .width_us = 100, .burst_us = 10,
		.fit_window_s = 60,
	};

	cpus_before = kunit_kzalloc(test, sizeof(*cpus), GFP_KERNEL);
	cpus = kunit_kzalloc(test, sizeof(*cpus), GFP_KERNEL);
	if (!cpus_before || !cpus)
		return -ENOMEM;
	before = tscope_params;
	tscope_get_cpus(cpus_before);
	return set_params(&known) ?: set_mask(cpu_possible_mask);
}

static void control_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, tscope_enable(false), 0);
	KUNIT_EXPECT_EQ(test, set_params(&before), 0);
	KUNIT_EXPECT_EQ(test, set_mask(cpus_before), 0);
	tscope_reset();
}

static void control_params(struct kunit *test)
{
	static const struct {
		size_t param;
		u32 value;
		int err;
	} cases[] = {
		{ PARAM_OF(period_us), 999, -ERANGE },
		{ PARAM_OF(period_us), 1000, 0 },
		{ PARAM_OF(period_us), 10000000, 0 },
		{ PARAM_OF(period_us), 10000001, -ERANGE },
		{ PARAM_OF(period_us), 0, -ERANGE },
		{ PARAM_OF(period_us), U32_MAX, -ERANGE },
		{ PARAM_OF(width_us), 9, -ERANGE },
		{ PARAM_OF(width_us), 10, 0 },
		{ PARAM_OF(width_us), 10000, 0 },
		{ PARAM_OF(width_us), 10001, -ERANGE },	/* over the period */
		{ PARAM_OF(burst_us), 0, -ERANGE },
		{ PARAM_OF(burst_us), 1, 0 },
		{ PARAM_OF(burst_us), 100, 0 },
		{ PARAM_OF(burst_us), 101, -ERANGE },
		{ PARAM_OF(fit_window_s), 0, -ERANGE },
		{ PARAM_OF(fit_window_s), 1, 0 },
		{ PARAM_OF(fit_window_s), 3600, 0 },
		{ PARAM_OF(fit_window_s), 3601, -ERANGE },
	};
	struct tscope_params first;
	u32 i;

	first = tscope_params;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, tscope_set_param(cases[i].param,
							   cases[i].value),
				    cases[i].err, "case %u", i);
		/* a bad value changes nothing */
		if (cases[i].err)
			KUNIT_EXPECT_EQ_MSG(test, memcmp(&tscope_params, &first, sizeof(first)), 0,
					    "case %u", i);
		else
			KUNIT_EXPECT_EQ_MSG(test, *tscope_param_at(&tscope_params, cases[i].param),
					    cases[i].value, "case %u", i);
		KUNIT_ASSERT_EQ(test, set_params(&first), 0);
	}
	/* the period can't go below the width */
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(width_us), 2000), 0);
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(period_us), 1999),
			-ERANGE);
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(period_us), 2000), 0);
	KUNIT_EXPECT_EQ(test, tscope_fit_window_ns(), 60000000000ULL);
}

static void control_cpu_lists(struct kunit *test)
{
	static const struct {
		const char *list;
		int err;
	} cases[] = {
		{ "0", 0 }, { "0\n", 0 }, { "0-0", 0 }, { "0,0", 0 },
		{ "", -EINVAL }, { "\n", -EINVAL }, { "x", -EINVAL },
		{ "0-", -EINVAL }, { "-1", -EINVAL }, { "1-0", -EINVAL },
		{ "0;1", -EINVAL }, { "0x1", -EINVAL },
		{ "99999", -ERANGE }, { "0-99999", -ERANGE },
		{ "4294967296", -ERANGE }, { "99999999999999999999", -ERANGE },
	};
	const struct cpumask *want;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_ASSERT_EQ(test, set_mask(cpu_possible_mask), 0);
		KUNIT_EXPECT_EQ_MSG(test, tscope_set_cpus(cases[i].list),
				    cases[i].err, "\"%s\"", cases[i].list);
		tscope_get_cpus(cpus);
		want = cpu_possible_mask;
		if (!cases[i].err)
			want = cpumask_of(0);
		KUNIT_EXPECT_TRUE_MSG(test, cpumask_equal(cpus, want),
				      "\"%s\"", cases[i].list);
	}
}

/* Whether a CPU gets beyond a number of windows. */
static bool runs(int cpu, u64 windows)
{
	u32 ms;

	for (ms = 0; ms < PATIENCE_MS; ms += 20) {
		if (READ_ONCE(tscope_cpu_of(cpu)->windows) > windows)
			return true;
		msleep(20);
	}
	return false;
}

/* Enabling twice is like once; the chosen CPUs that are online sample, and no others. */
static void control_enables(struct kunit *test)
{
	struct tscope_cpu *c;
	u64 windows;
	int cpu;

	KUNIT_EXPECT_FALSE(test, tscope_enabled());
	KUNIT_EXPECT_EQ(test, tscope_leader(), -1);
	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	KUNIT_EXPECT_TRUE(test, tscope_enabled());
	KUNIT_EXPECT_EQ(test, tscope_leader(), 0);
	KUNIT_EXPECT_EQ(test, tscope_pairs_cpus(), num_online_cpus());
	for_each_possible_cpu(cpu) {
		if (!cpu_online(cpu)) {
			c = tscope_cpu_of(cpu);
			KUNIT_EXPECT_FALSE(test, c && c->chosen);
			continue;
		}
		KUNIT_EXPECT_TRUE_MSG(test, runs(cpu, 0), "CPU %d", cpu);
	}

	KUNIT_ASSERT_EQ(test, tscope_enable(false), 0);
	KUNIT_ASSERT_EQ(test, tscope_enable(false), 0);
	KUNIT_EXPECT_FALSE(test, tscope_enabled());
	KUNIT_EXPECT_EQ(test, tscope_leader(), -1);
	for_each_online_cpu(cpu)
		KUNIT_EXPECT_FALSE(test, tscope_cpu_of(cpu)->ready);
	windows = tscope_cpu_of(0)->windows;
	msleep(100);
	KUNIT_EXPECT_EQ(test, tscope_cpu_of(0)->windows, windows);
}

/* What was gathered stays whatever is set; a reset makes all of it zero. */
static void control_keeps_figures(struct kunit *test)
{
	struct tscope_cpu *c;
	u64 windows, segments, steps;
	struct tscope_clock *clk = tscope_clock_get(1);

	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	c = tscope_cpu_of(0);
	KUNIT_ASSERT_TRUE(test, runs(0, 20));
	segments = READ_ONCE(clk->series.segment);
	steps = READ_ONCE(clk->steps);
	windows = READ_ONCE(c->windows);
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(fit_window_s), 1), 0);
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(fit_window_s), 60), 0);
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(burst_us), 5), 0);
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(width_us), 50), 0);
	KUNIT_EXPECT_GE(test, READ_ONCE(c->windows), windows);
	KUNIT_EXPECT_TRUE(test, runs(0, windows + 20));
	/* segments go on after sampling was off, if the leader is the same */
	KUNIT_ASSERT_EQ(test, tscope_enable(false), 0);
	windows = READ_ONCE(c->windows);
	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	KUNIT_EXPECT_TRUE(test, runs(0, windows + 20));
	/* an emulated TSC may step by itself */
	KUNIT_EXPECT_EQ(test, READ_ONCE(clk->series.segment) - segments,
			READ_ONCE(clk->steps) - steps);

	KUNIT_ASSERT_EQ(test, tscope_enable(false), 0);
	windows = c->windows;
	KUNIT_EXPECT_GE(test, windows, 40ULL);
	tscope_reset();
	KUNIT_EXPECT_EQ(test, c->windows, 0ULL);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->samples, 0ULL);
}

/* The CPUs may be chosen while they sample: the leader is one of them. */
static void control_chooses(struct kunit *test)
{
	int last = cpumask_last(cpu_online_mask);
	char list[12];
	struct tscope_clock *clk = tscope_clock_get(1);
	u64 windows, segments, steps;

	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	KUNIT_ASSERT_TRUE(test, runs(0, 20));
	segments = READ_ONCE(clk->series.segment);
	steps = READ_ONCE(clk->steps);
	snprintf(list, sizeof(list), "%d", last);
	KUNIT_EXPECT_EQ(test, tscope_set_cpus(list), 0);
	KUNIT_EXPECT_EQ(test, tscope_leader(), last);
	KUNIT_EXPECT_EQ(test, tscope_pairs_cpus(), 1U);
	KUNIT_EXPECT_TRUE(test, runs(last, tscope_cpu_of(last)->windows + 20));
	if (last) {
		/* points against another CPU's TSC; an emulated one may also step */
		KUNIT_EXPECT_GT(test, READ_ONCE(clk->series.segment) - segments,
				READ_ONCE(clk->steps) - steps);
		windows = tscope_cpu_of(0)->windows;
		msleep(100);
		KUNIT_EXPECT_EQ(test, tscope_cpu_of(0)->windows, windows);
	}
	/* a list that is refused changes nothing */
	KUNIT_EXPECT_EQ(test, tscope_set_cpus("99999"), -ERANGE);
	KUNIT_EXPECT_EQ(test, tscope_leader(), last);
	/* the leader stays the leader as long as it is chosen */
	KUNIT_EXPECT_EQ(test, set_mask(cpu_possible_mask), 0);
	KUNIT_EXPECT_EQ(test, tscope_leader(), last);
	KUNIT_EXPECT_EQ(test, tscope_pairs_cpus(), num_online_cpus());
}

/* A frequency that the kernel has refined makes all figures begin anew. */
static void control_refined(struct kunit *test)
{
	struct tscope_clock *clk = tscope_clock_get(1);
	u64 windows, samples;

	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	KUNIT_ASSERT_TRUE(test, runs(0, 20));
	KUNIT_ASSERT_EQ(test, tscope_enable(false), 0);
	windows = tscope_cpu_of(0)->windows;
	samples = clk->samples;
	tscope_tsc_khz++;
	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	KUNIT_ASSERT_EQ(test, tscope_enable(false), 0);
	KUNIT_EXPECT_EQ(test, tscope_tsc_khz, tsc_khz);
	KUNIT_EXPECT_EQ(test, clk->series.khz, tsc_khz);
	KUNIT_EXPECT_GE(test, windows, 20ULL);
	KUNIT_EXPECT_LT(test, tscope_cpu_of(0)->windows, windows);
	KUNIT_EXPECT_LT(test, clk->samples, samples);
}

static struct kunit_case control_cases[] = {
	KUNIT_CASE(control_params),
	KUNIT_CASE(control_cpu_lists),
	KUNIT_CASE(control_enables),
	KUNIT_CASE(control_keeps_figures),
	KUNIT_CASE(control_chooses),
	KUNIT_CASE(control_refined),
	{}
};

static struct kunit_suite control_suite = {
	.name = "tscope_control",
	.init = control_init,
	.exit = control_exit,
	.test_cases = control_cases,
};

kunit_test_suite(control_suite);
