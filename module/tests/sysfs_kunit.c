// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs.c: what the controls of /sys/kernel/tscope accept and show. These are the
 * module's own files; the suite restores what it changes. control_kunit.c tests the
 * effects of a change.
 */
#include <linux/cpumask.h>

#include "../clock.h"
#include "../control.h"
#include "../cpu.h"
#include "sysfs_files.h"
#include "tests.h"

static const char * const settings[] = {
	"enabled", "reset", "period_us", "width_us", "burst_us", "fit_window_s",
	"alert_interval_s", "cpus",
};

static struct kobject *root;
static struct tscope_params before;
static struct cpumask *cpus_before;
static char *page;

static int sysfs_setup(struct kunit *test)
{
	struct kernfs_node *node = kernfs_find_and_get(kernel_kobj->sd, "tscope");

	page = (char *)kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	cpus_before = kunit_kzalloc(test, sizeof(*cpus_before), GFP_KERNEL);
	if (!node || !page || !cpus_before)
		return -ENOMEM;
	root = node->priv;
	kernfs_put(node);
	before = tscope_params;
	tscope_get_cpus(cpus_before);
	return 0;
}

static void sysfs_teardown(struct kunit *test)
{
	tscope_enable(false);
	tscope_set_param(offsetof(struct tscope_params, period_us), before.period_us);
	tscope_set_param(offsetof(struct tscope_params, width_us), before.width_us);
	tscope_set_param(offsetof(struct tscope_params, burst_us), before.burst_us);
	tscope_set_param(offsetof(struct tscope_params, fit_window_s), before.fit_window_s);
	WRITE_ONCE(tscope_alert_interval_s, TSCOPE_ALERT_INTERVAL_S);
	scnprintf(page, PAGE_SIZE, "%*pbl", cpumask_pr_args(cpus_before));
	tscope_set_cpus(page);
	tscope_reset();
}

static void expect_taken(struct kunit *test, const char *name, const char *text, const char *shows)
{
	KUNIT_EXPECT_EQ_MSG(test, file_store(root, name, text, strlen(text)),
			    (ssize_t)strlen(text), "%s: '%s'", name, text);
	KUNIT_EXPECT_STREQ(test, file_shown(test, root, name), shows);
}

/* A write is refused, and the file shows what it showed before. */
static void expect_refused(struct kunit *test, const char *name, const char *text,
			   size_t len, int err)
{
	const char *shown = file_shown(test, root, name);

	KUNIT_EXPECT_EQ_MSG(test, file_store(root, name, text, len), (ssize_t)err,
			    "%s: '%.20s'", name, text);
	KUNIT_EXPECT_STREQ(test, file_shown(test, root, name), shown);
}

static void sysfs_takes(struct kunit *test)
{
	struct tscope_cpu *c = tscope_cpu_get(0);
	struct tscope_params p;

	/* the ranges depend on one another */
	expect_taken(test, "width_us", "10", "10\n");
	expect_taken(test, "period_us", "20000\n", "20000\n");
	expect_taken(test, "width_us", "0000020000", "20000\n");
	expect_taken(test, "burst_us", "7", "7\n");
	expect_taken(test, "fit_window_s", "+9", "9\n");
	p = tscope_params;
	KUNIT_EXPECT_EQ(test, p.period_us, 20000U);
	KUNIT_EXPECT_EQ(test, p.width_us, 20000U);
	KUNIT_EXPECT_EQ(test, p.burst_us, 7U);
	KUNIT_EXPECT_EQ(test, p.fit_window_s, 9U);
	expect_taken(test, "alert_interval_s", "604800", "604800\n");
	expect_taken(test, "alert_interval_s", "1", "1\n");
	KUNIT_EXPECT_EQ(test, tscope_alert_interval_s, 1U);
	expect_taken(test, "cpus", "0\n", "0\n");
	expect_taken(test, "enabled", "1\n", "1\n");
	KUNIT_EXPECT_TRUE(test, tscope_enabled());
	expect_taken(test, "enabled", "0", "0\n");
	KUNIT_EXPECT_FALSE(test, tscope_enabled());

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->windows = 1;
	KUNIT_EXPECT_EQ(test, file_store(root, "reset", "1\n", 2), (ssize_t)2);
	KUNIT_EXPECT_EQ(test, c->windows, 0ULL);
}

static void sysfs_refuses(struct kunit *test)
{
	static const struct {
		const char *text;
		int err;
	} any[] = {
		{ "", -EINVAL }, { "\n", -EINVAL }, { "-1", -EINVAL }, { " 1", -EINVAL },
		{ "1 ", -EINVAL }, { "1\n\n", -EINVAL }, { "0x1", -EINVAL },
		{ "1.0", -EINVAL }, { "1e3", -EINVAL }, { "y", -EINVAL },
		{ "4294967296", -ERANGE }, { "18446744073709551617", -ERANGE },
	};
	static const struct {
		const char *file, *text;
	} ranges[] = {
		{ "enabled", "2" }, { "reset", "0" }, { "reset", "2" },
		{ "period_us", "999" }, { "period_us", "10000001" },
		{ "width_us", "9" }, { "burst_us", "0" }, { "burst_us", "101" },
		{ "fit_window_s", "0" }, { "fit_window_s", "3601" },
		{ "alert_interval_s", "0" }, { "alert_interval_s", "604801" },
		{ "cpus", "99999" },
	};
	struct tscope_cpu *c = tscope_cpu_get(0);
	u32 i, k;

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->windows = 1;
	/* cpus takes a list, not a number */
	for (i = 0; i < ARRAY_SIZE(settings) - 1; i++)
		for (k = 0; k < ARRAY_SIZE(any); k++)
			expect_refused(test, settings[i], any[k].text,
				       strlen(any[k].text), any[k].err);
	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		expect_refused(test, ranges[i].file, ranges[i].text,
			       strlen(ranges[i].text), -ERANGE);
	KUNIT_EXPECT_EQ(test, c->windows, 1ULL);
	c->windows = 0;
}

/* kernfs cuts a longer write to its first page, so a write of a page is refused. */
static void sysfs_long_writes(struct kunit *test)
{
	u32 i;

	memset(page, '0', PAGE_SIZE);
	page[PAGE_SIZE - 2] = '1';
	page[PAGE_SIZE - 1] = '\n';
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		expect_refused(test, settings[i], page, PAGE_SIZE, -EINVAL);
	/* one character less is still a number */
	memmove(page, page + 1, PAGE_SIZE - 1);
	page[PAGE_SIZE - 1] = 0;
	expect_taken(test, "fit_window_s", page, "1\n");
}

static void sysfs_shows(struct kunit *test)
{
	u32 i, len = 0;

	for (i = 0; i < tscope_clock_count(); i++)
		len += scnprintf(page + len, PAGE_SIZE - len, "%s%s", i ? " " : "",
				 tscope_clock_get(i)->ops->name);
	scnprintf(page + len, PAGE_SIZE - len, "\n");
	KUNIT_EXPECT_STREQ(test, file_shown(test, root, "clocks"), page);
	KUNIT_EXPECT_STREQ(test, file_shown(test, root, "alerts"), "0\n");
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		KUNIT_EXPECT_EQ_MSG(test, file_mode(root, settings[i]),
				    i == 1 ? 0200 : 0644, "%s", settings[i]);
	KUNIT_EXPECT_EQ(test, file_mode(root, "clocks"), 0444);
	KUNIT_EXPECT_EQ(test, file_mode(root, "alerts"), 0444);
}

static struct kunit_case sysfs_cases[] = {
	KUNIT_CASE(sysfs_takes),
	KUNIT_CASE(sysfs_refuses),
	KUNIT_CASE(sysfs_long_writes),
	KUNIT_CASE(sysfs_shows),
	{}
};

static struct kunit_suite sysfs_suite = {
	.name = "tscope_sysfs",
	.init = sysfs_setup,
	.exit = sysfs_teardown,
	.test_cases = sysfs_cases,
};

kunit_test_suite(sysfs_suite);
