// SPDX-License-Identifier: GPL-2.0
/*
 * control.c: what parameters and CPU lists are taken, when samplers stop and start, who
 * leads, with samplers that only note that they run. The file is compiled once more,
 * with names of its own.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#define tscope_is_leader		control_kunit_is_leader
#define tscope_leader			control_kunit_leader
#define tscope_fit_window_ns		control_kunit_fit_window_ns
#define tscope_get_params		control_kunit_get_params
#define tscope_enable			control_kunit_enable
#define tscope_enabled			control_kunit_enabled
#define tscope_get_param		control_kunit_get_param
#define tscope_set_param		control_kunit_set_param
#define tscope_set_cpus			control_kunit_set_cpus
#define tscope_get_cpus			control_kunit_get_cpus
#define tscope_reset			control_kunit_reset
#define tscope_control_init		control_kunit_init
#define tscope_control_exit		control_kunit_exit
#define tscope_cpus			control_kunit_cpus
#define tscope_cpu_get			control_kunit_cpu_get
#define tscope_cpu_reset		control_kunit_cpu_reset
#define tscope_cpus_choose		control_kunit_cpus_choose
#define tscope_sampler_start		control_kunit_sampler_start
#define tscope_sampler_stop		control_kunit_sampler_stop
#define tscope_row_forget		control_kunit_row_forget
#define tscope_mailbox_clear		control_kunit_mailbox_clear
#define tscope_clock_count		control_kunit_clock_count
#define tscope_clock_get		control_kunit_clock_get
#define tscope_clock_break		control_kunit_clock_break
#define tscope_clocks_reset		control_kunit_clocks_reset
#define tscope_clocks_refined		control_kunit_clocks_refined
#define tscope_clocks_refine		control_kunit_clocks_refine
#define tscope_alerts_watch		control_kunit_alerts_watch
#define tscope_alerts_reset		control_kunit_alerts_reset
#define tscope_violations_reset		control_kunit_violations_reset

#include <linux/slab.h>

#include "tests.h"

static bool fake_frozen;
#undef cpuhp_tasks_frozen
#define cpuhp_tasks_frozen		fake_frozen
#include "../control.c"

struct tscope_cpu **tscope_cpus;

static u32 starts, stops, breaks, chosen, resets, clears, forgotten;
static int start_err;
static bool watched, off_at_last_look, no_memory, refined;

struct tscope_cpu *tscope_cpu_get(int cpu)
{
	struct tscope_cpu *c = tscope_cpus[cpu];

	if (no_memory)
		return NULL;
	if (!c)
		c = kvzalloc(sizeof(*c), GFP_KERNEL);
	if (c)
		c->cpu = cpu;
	tscope_cpus[cpu] = c;
	return c;
}

void tscope_cpu_reset(struct tscope_cpu *c)
{
	resets++;
}

void tscope_cpus_choose(const struct cpumask *cpus)
{
	chosen++;
}

int tscope_sampler_start(struct tscope_cpu *c)
{
	if (start_err)
		return start_err;
	c->task = current;
	starts++;
	return 0;
}

void tscope_sampler_stop(struct tscope_cpu *c)
{
	stops += !!c->task;
	c->task = NULL;
}

void tscope_row_forget(struct tscope_row *row)
{
	forgotten++;
}

void tscope_mailbox_clear(int cpu)
{
	clears++;
}

unsigned int tscope_clock_count(void)
{
	return 1;
}

struct tscope_clock *tscope_clock_get(unsigned int i)
{
	return NULL;
}

void tscope_clock_break(struct tscope_clock *clk)
{
	breaks++;
}

void tscope_clocks_reset(void)
{
	resets++;
}

bool tscope_clocks_refined(void)
{
	return refined;
}

void tscope_clocks_refine(void)
{
	refined = false;
}

void tscope_alerts_watch(bool on)
{
	watched = on;
	off_at_last_look = !tscope_enabled();
}

void tscope_alerts_reset(void)
{
	resets++;
}

void tscope_violations_reset(void)
{
	resets++;
}

/* Not through init and exit: they have hotplug call back. */
static int control_kunit_setup(struct kunit *test)
{
	starts = 0;
	stops = 0;
	breaks = 0;
	chosen = 0;
	clears = 0;
	forgotten = 0;
	resets = 0;
	start_err = 0;
	watched = false;
	no_memory = false;
	refined = false;
	enabled = false;
	leader = -1;
	cpumask_copy(&sampling, cpu_possible_mask);
	tscope_params = (struct tscope_params){
		.period_us = 10000, .width_us = 100, .burst_us = 10,
		.fit_window_s = 60,
	};
	tscope_cpus = kcalloc(nr_cpu_ids, sizeof(*tscope_cpus), GFP_KERNEL);
	return tscope_cpus ? 0 : -ENOMEM;
}

static void control_kunit_teardown(struct kunit *test)
{
	u32 i;

	for (i = 0; i < nr_cpu_ids; i++)
		kvfree(tscope_cpus[i]);
	kfree(tscope_cpus);
}

#define PARAM_OF(name) offsetof(struct tscope_params, name)

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
	const struct tscope_params before = tscope_params;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		tscope_params = before;
		KUNIT_EXPECT_EQ_MSG(test, tscope_set_param(cases[i].param,
							   cases[i].value),
				    cases[i].err, "case %u", i);
		/* a bad one changes nothing */
		if (cases[i].err)
			KUNIT_EXPECT_EQ_MSG(test, memcmp(&tscope_params, &before,
							 sizeof(before)), 0,
					    "case %u", i);
		else
			KUNIT_EXPECT_EQ_MSG(test, tscope_get_param(cases[i].param),
					    cases[i].value, "case %u", i);
	}
	tscope_params = before;
	/* the period can't go below the width */
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(width_us), 2000), 0);
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(period_us), 1999), -ERANGE);
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(period_us), 2000), 0);
	KUNIT_EXPECT_EQ(test, tscope_fit_window_ns(), 60000000000ULL);
}

/* Samplers stop for a change, and for nothing less. */
static void control_restarts(struct kunit *test)
{
	u32 n = num_online_cpus();

	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(width_us), 200), 0);
	KUNIT_EXPECT_EQ(test, starts, 0U);
	KUNIT_EXPECT_EQ(test, tscope_enable(true), 0);
	KUNIT_EXPECT_TRUE(test, tscope_enabled());
	KUNIT_EXPECT_TRUE(test, watched);
	KUNIT_EXPECT_EQ(test, starts, n);
	KUNIT_EXPECT_EQ(test, tscope_enable(true), 0);
	KUNIT_EXPECT_EQ(test, starts, n);
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(width_us), 200), 0);
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(width_us), 5), -ERANGE);
	KUNIT_EXPECT_EQ(test, stops, 0U);
	KUNIT_EXPECT_EQ(test, tscope_set_param(PARAM_OF(width_us), 300), 0);
	KUNIT_EXPECT_EQ(test, stops, n);
	KUNIT_EXPECT_EQ(test, starts, 2 * n);
	/* points before and after are not of one line */
	KUNIT_EXPECT_EQ(test, breaks, 2U);
	KUNIT_EXPECT_EQ(test, tscope_reset(), 0);
	KUNIT_EXPECT_EQ(test, starts, 3 * n);
	KUNIT_EXPECT_EQ(test, resets, n + 3);
	KUNIT_EXPECT_EQ(test, tscope_enable(false), 0);
	KUNIT_EXPECT_EQ(test, stops, 3 * n);
	KUNIT_EXPECT_FALSE(test, watched);
	/* or it may look at a skew that counts only while sampling is off */
	KUNIT_EXPECT_FALSE(test, off_at_last_look);
	KUNIT_EXPECT_EQ(test, tscope_leader(), -1);
}

/* By another frequency of the TSC all that was gathered is worth nothing. */
static void control_refines(struct kunit *test)
{
	u32 n = num_online_cpus();

	KUNIT_EXPECT_EQ(test, tscope_enable(true), 0);
	KUNIT_EXPECT_EQ(test, resets, 0U);
	KUNIT_EXPECT_EQ(test, tscope_enable(false), 0);
	refined = true;
	KUNIT_EXPECT_EQ(test, tscope_enable(true), 0);
	KUNIT_EXPECT_EQ(test, resets, n + 3);
	refined = true;
	KUNIT_EXPECT_EQ(test, tscope_reset(), 0);
	KUNIT_EXPECT_FALSE(test, refined);
	KUNIT_EXPECT_EQ(test, resets, 2 * (n + 3));
}

/* What can't be started is off altogether. */
static void control_start_fails(struct kunit *test)
{
	start_err = -EAGAIN;
	KUNIT_EXPECT_EQ(test, tscope_enable(true), -EAGAIN);
	KUNIT_EXPECT_FALSE(test, tscope_enabled());
	KUNIT_EXPECT_EQ(test, tscope_leader(), -1);
	start_err = 0;
	no_memory = true;
	KUNIT_EXPECT_EQ(test, tscope_enable(true), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, tscope_enabled());
	no_memory = false;
	KUNIT_EXPECT_EQ(test, tscope_enable(true), 0);
	start_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, tscope_reset(), -ENOMEM);
	KUNIT_EXPECT_FALSE(test, tscope_enabled());
	KUNIT_EXPECT_EQ(test, starts, stops);
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
	struct cpumask *cpus = kunit_kzalloc(test, sizeof(*cpus), GFP_KERNEL);
	u32 i, before = 0;

	KUNIT_ASSERT_NOT_NULL(test, cpus);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cpumask_copy(&sampling, cpu_possible_mask);
		before = chosen;
		KUNIT_EXPECT_EQ_MSG(test, tscope_set_cpus(cases[i].list),
				    cases[i].err, "\"%s\"", cases[i].list);
		tscope_get_cpus(cpus);
		if (cases[i].err) {
			KUNIT_EXPECT_EQ(test, chosen, before);
			KUNIT_EXPECT_TRUE(test, cpumask_equal(cpus,
							      cpu_possible_mask));
		} else {
			KUNIT_EXPECT_TRUE(test, cpumask_equal(cpus,
							      cpumask_of(0)));
		}
	}
	/* the same list again changes nothing */
	KUNIT_EXPECT_EQ(test, tscope_set_cpus("0"), 0);
	before = chosen;
	KUNIT_EXPECT_EQ(test, tscope_set_cpus("0-0"), 0);
	KUNIT_EXPECT_EQ(test, chosen, before);
	/* one that is named samples, and leads */
	KUNIT_EXPECT_EQ(test, tscope_enable(true), 0);
	KUNIT_EXPECT_EQ(test, starts, 1U);
	KUNIT_EXPECT_TRUE(test, tscope_is_leader(0));
	tscope_enable(false);
}

/* CPU 0 goes: the next one leads. It comes back: nobody is moved. */
static void control_hotplug(struct kunit *test)
{
	u32 n = num_online_cpus();

	KUNIT_EXPECT_EQ(test, cpu_comes(0), 0);
	KUNIT_EXPECT_EQ(test, starts, 0U);
	/* nobody knows it yet */
	KUNIT_EXPECT_EQ(test, cpu_goes(0), 0);
	KUNIT_EXPECT_EQ(test, forgotten, 0U);

	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	KUNIT_EXPECT_EQ(test, tscope_leader(), 0);
	KUNIT_EXPECT_EQ(test, cpu_goes(0), 0);
	KUNIT_EXPECT_EQ(test, tscope_leader(), n > 1 ? 1 : -1);
	KUNIT_EXPECT_EQ(test, stops, 1U);
	KUNIT_EXPECT_EQ(test, forgotten, 1U);
	/* one that has stopped before it goes has offsets as well */
	KUNIT_EXPECT_EQ(test, cpu_goes(0), 0);
	KUNIT_EXPECT_EQ(test, stops, 1U);
	KUNIT_EXPECT_EQ(test, forgotten, 2U);
	KUNIT_EXPECT_EQ(test, clears, 0U);
	/* after a suspend what was published is of another TSC */
	fake_frozen = true;
	KUNIT_EXPECT_EQ(test, cpu_comes(0), 0);
	fake_frozen = false;
	KUNIT_EXPECT_EQ(test, clears, n);
	KUNIT_EXPECT_EQ(test, starts, n + 1);
	KUNIT_EXPECT_EQ(test, tscope_leader(), n > 1 ? 1 : 0);
	/* want of memory keeps no CPU offline */
	cpu_goes(0);
	start_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, cpu_comes(0), 0);
	KUNIT_EXPECT_EQ(test, starts, n + 1);
	start_err = 0;
	/* one that is not chosen only comes */
	cpumask_clear_cpu(0, &sampling);
	KUNIT_EXPECT_EQ(test, cpu_comes(0), 0);
	KUNIT_EXPECT_EQ(test, starts, n + 1);
	tscope_enable(false);
}

static struct kunit_case control_cases[] = {
	KUNIT_CASE(control_params),
	KUNIT_CASE(control_restarts),
	KUNIT_CASE(control_refines),
	KUNIT_CASE(control_start_fails),
	KUNIT_CASE(control_cpu_lists),
	KUNIT_CASE(control_hotplug),
	{}
};

static struct kunit_suite control_suite = {
	.name = "tscope_control",
	.init = control_kunit_setup,
	.exit = control_kunit_teardown,
	.test_cases = control_cases,
};

kunit_test_suite(control_suite);
