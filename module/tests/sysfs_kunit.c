// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs.c: what is taken of what is written to the controls, and what is shown, with
 * controls that only note what they are set to. The file is compiled once more, with
 * names of its own.
 */
#define tscope_control_store		sysfs_kunit_store
#define tscope_sysfs_init		sysfs_kunit_init
#define tscope_sysfs_exit		sysfs_kunit_exit
#define tscope_sysfs_clocks_init	sysfs_kunit_clocks_init
#define tscope_sysfs_clocks_exit	sysfs_kunit_clocks_exit
#define tscope_enable			sysfs_kunit_enable
#define tscope_enabled			sysfs_kunit_enabled
#define tscope_reset			sysfs_kunit_reset
#define tscope_set_cpus			sysfs_kunit_set_cpus
#define tscope_get_cpus			sysfs_kunit_get_cpus
#define tscope_set_param		sysfs_kunit_set_param
#define tscope_get_param		sysfs_kunit_get_param
#define tscope_alerts_start		sysfs_kunit_alerts_start
#define tscope_alerts_stop		sysfs_kunit_alerts_stop
#define tscope_alert_interval_s		sysfs_kunit_interval_s
#define tscope_alerts_count		sysfs_kunit_alerts_count
#define tscope_clock_count		sysfs_kunit_clock_count
#define tscope_clock_get		sysfs_kunit_clock_get

#include "tests.h"

#include "../sysfs.c"

#define NEVER	0xdeadbeef

static const struct tscope_clock_ops ops[] = {
	{ .name = "tsc" }, { .name = "kvm-clock" },
};

static struct tscope_clock *clock;
static unsigned int clock_count;
static char *page;
static size_t set_param;
static u32 set_value, enables, resets;
static bool on;
static int err_of_control;

u32 tscope_alert_interval_s;

int tscope_sysfs_clocks_init(struct kset *set)
{
	return 0;
}

void tscope_sysfs_clocks_exit(void)
{
}

int tscope_enable(bool want)
{
	enables++;
	on = want;
	return err_of_control;
}

bool tscope_enabled(void)
{
	return on;
}

void tscope_reset(void)
{
	resets++;
}

int tscope_set_cpus(const char *list)
{
	return err_of_control;
}

void tscope_get_cpus(struct cpumask *cpus)
{
	cpumask_clear(cpus);
	cpumask_set_cpu(0, cpus);
}

int tscope_set_param(size_t param, u32 value)
{
	set_param = param;
	set_value = value;
	return err_of_control;
}

u32 tscope_get_param(size_t param)
{
	return 100 + param;
}

void tscope_alerts_start(struct kobject *kobj)
{
}

void tscope_alerts_stop(void)
{
}

u64 tscope_alerts_count(void)
{
	return U64_MAX;
}

unsigned int tscope_clock_count(void)
{
	return clock_count;
}

struct tscope_clock *tscope_clock_get(unsigned int i)
{
	return &clock[i];
}

static int sysfs_setup(struct kunit *test)
{
	/* what sysfs gives: a whole page */
	page = (char *)__get_free_page(GFP_KERNEL);
	clock = kunit_kcalloc(test, 2, sizeof(*clock), GFP_KERNEL);
	if (!page || !clock)
		return -ENOMEM;
	clock[0].ops = &ops[0];
	clock[1].ops = &ops[1];
	clock_count = 2;
	set_param = NEVER;
	enables = 0;
	resets = 0;
	on = false;
	err_of_control = 0;
	tscope_alert_interval_s = 60;
	return 0;
}

static void sysfs_teardown(struct kunit *test)
{
	free_page((unsigned long)page);
}

static ssize_t write(struct kobj_attribute *attr, const char *text)
{
	return attr->store(NULL, attr, text, strlen(text));
}

static const char *read(struct kobj_attribute *attr)
{
	memset(page, 0, PAGE_SIZE);
	attr->show(NULL, attr, page);
	return page;
}

/* Of the file of that name in /sys/kernel/tscope. */
static struct kobj_attribute *file(const char *name)
{
	struct attribute **attr;

	for (attr = control_attrs; *attr; attr++)
		if (!strcmp((*attr)->name, name))
			return container_of(*attr, struct kobj_attribute, attr);
	return NULL;
}

/* kernfs hands on the first page of a longer write as if it were all of it. */
static void sysfs_long_writes(struct kunit *test)
{
	static const char * const names[] = {
		"enabled", "reset", "period_us", "width_us", "burst_us",
		"fit_window_s", "cpus", "alert_interval_s",
	};
	char *longest = kunit_kzalloc(test, PAGE_SIZE + 1, GFP_KERNEL);
	struct kobj_attribute *attr;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, longest);
	memset(longest, '0', PAGE_SIZE - 1);
	longest[PAGE_SIZE - 1] = '1';
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		attr = file(names[i]);
		KUNIT_ASSERT_NOT_NULL(test, attr);
		KUNIT_EXPECT_EQ_MSG(test, attr->store(NULL, attr, longest, PAGE_SIZE),
				    (ssize_t)-EINVAL, "%s", names[i]);
		/* one less may still be a number */
		KUNIT_EXPECT_EQ_MSG(test, attr->store(NULL, attr, longest + 1,
						      PAGE_SIZE - 1),
				    (ssize_t)PAGE_SIZE - 1, "%s", names[i]);
	}
	KUNIT_EXPECT_EQ(test, enables, 1U);
	KUNIT_EXPECT_EQ(test, resets, 1U);
}

static void sysfs_flags(struct kunit *test)
{
	static const struct {
		const char *text;
		int enabled, reset;	/* errno of each file, 0: taken */
	} cases[] = {
		{ "1", 0, 0 }, { "1\n", 0, 0 }, { "01", 0, 0 }, { "+1", 0, 0 },
		{ "0", 0, -ERANGE }, { "0\n", 0, -ERANGE },
		{ "2", -ERANGE, -ERANGE }, { "255", -ERANGE, -ERANGE },
		{ "256", -ERANGE, -ERANGE },
		{ "18446744073709551617", -ERANGE, -ERANGE },
		{ "-1", -EINVAL, -EINVAL }, { "", -EINVAL, -EINVAL },
		{ "\n", -EINVAL, -EINVAL }, { "1\n\n", -EINVAL, -EINVAL },
		{ " 1", -EINVAL, -EINVAL }, { "1 ", -EINVAL, -EINVAL },
		{ "0x1", -EINVAL, -EINVAL }, { "y", -EINVAL, -EINVAL },
		{ "on", -EINVAL, -EINVAL }, { "1.0", -EINVAL, -EINVAL },
		{ "1,0", -EINVAL, -EINVAL },
	};
	ssize_t len;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		len = strlen(cases[i].text);
		enables = 0;
		resets = 0;
		KUNIT_EXPECT_EQ_MSG(test, write(&enabled_attr.attr, cases[i].text),
				    (ssize_t)(cases[i].enabled ?: len), "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, enables, (u32)!cases[i].enabled,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, write(&reset_attr.attr, cases[i].text),
				    (ssize_t)(cases[i].reset ?: len), "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, resets, (u32)!cases[i].reset,
				    "case %u", i);
	}
	on = true;
	KUNIT_EXPECT_STREQ(test, read(&enabled_attr.attr), "1\n");
}

static void sysfs_numbers(struct kunit *test)
{
	static const struct {
		const char *text;
		int err;
		u32 value;
	} cases[] = {
		{ "0", 0, 0 }, { "1000", 0, 1000 }, { "1000\n", 0, 1000 },
		{ "0001000", 0, 1000 }, { "4294967295", 0, U32_MAX },
		{ "4294967296", -ERANGE }, { "99999999999999999999", -ERANGE },
		{ "", -EINVAL }, { "\n", -EINVAL }, { "-5", -EINVAL },
		{ "1e3", -EINVAL }, { "0x10", -EINVAL }, { "1000us", -EINVAL },
		{ " 1000", -EINVAL }, { "10 00", -EINVAL },
	};
	ssize_t len;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		len = strlen(cases[i].text);
		set_param = NEVER;
		KUNIT_EXPECT_EQ_MSG(test, write(&width_us_attr.attr, cases[i].text),
				    (ssize_t)(cases[i].err ?: len), "case %u", i);
		if (cases[i].err) {
			KUNIT_EXPECT_EQ(test, set_param, (size_t)NEVER);
			continue;
		}
		KUNIT_EXPECT_EQ(test, set_param,
				offsetof(struct tscope_params, width_us));
		KUNIT_EXPECT_EQ_MSG(test, set_value, cases[i].value, "case %u", i);
	}
}

/* Each file is its own parameter's. */
static void sysfs_params(struct kunit *test)
{
	static const struct {
		struct tscope_control *attr;
		const char *name, *shown;
		size_t param;
	} cases[] = {
		{ &period_us_attr, "period_us", "100\n", 0 },
		{ &width_us_attr, "width_us", "104\n", 4 },
		{ &burst_us_attr, "burst_us", "108\n", 8 },
		{ &fit_window_s_attr, "fit_window_s", "112\n", 12 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_STREQ(test, cases[i].attr->attr.attr.name,
				   cases[i].name);
		KUNIT_EXPECT_STREQ(test, read(&cases[i].attr->attr), cases[i].shown);
		KUNIT_EXPECT_EQ(test, write(&cases[i].attr->attr, "77"), (ssize_t)2);
		KUNIT_EXPECT_EQ(test, set_param, cases[i].param);
		KUNIT_EXPECT_EQ(test, set_value, 77U);
	}
}

/* What a control says is what the writer gets. */
static void sysfs_errors(struct kunit *test)
{
	err_of_control = -ENOMEM;
	KUNIT_EXPECT_EQ(test, write(&enabled_attr.attr, "1"), (ssize_t)-ENOMEM);
	KUNIT_EXPECT_EQ(test, write(&cpus_attr.attr, "0"), (ssize_t)-ENOMEM);
	KUNIT_EXPECT_EQ(test, write(&period_us_attr.attr, "1"), (ssize_t)-ENOMEM);
	err_of_control = 0;
	KUNIT_EXPECT_EQ(test, write(&cpus_attr.attr, "0-3\n"), (ssize_t)4);
}

static void sysfs_alert_interval(struct kunit *test)
{
	static const struct {
		const char *text;
		int err;
		u32 value;
	} cases[] = {
		{ "1", 0, 1 }, { "604800", 0, 604800 }, { "0", -ERANGE, 60 },
		{ "604801", -ERANGE, 60 }, { "4294967296", -ERANGE, 60 },
		{ "-1", -EINVAL, 60 }, { "", -EINVAL, 60 },
	};
	ssize_t len;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		tscope_alert_interval_s = 60;
		len = strlen(cases[i].text);
		KUNIT_EXPECT_EQ_MSG(test, write(&alert_interval_s_attr.attr,
						cases[i].text),
				    (ssize_t)(cases[i].err ?: len), "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, tscope_alert_interval_s, cases[i].value,
				    "case %u", i);
	}
	tscope_alert_interval_s = 17;
	KUNIT_EXPECT_STREQ(test, read(&alert_interval_s_attr.attr), "17\n");
}

static void sysfs_shows(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, read(&clocks_attr), "tsc kvm-clock\n");
	clock_count = 0;
	KUNIT_EXPECT_STREQ(test, read(&clocks_attr), "\n");
	KUNIT_EXPECT_STREQ(test, read(&alerts_attr), "18446744073709551615\n");
	KUNIT_EXPECT_STREQ(test, read(&cpus_attr.attr), "0\n");
	/* root writes, all read */
	KUNIT_EXPECT_EQ(test, enabled_attr.attr.attr.mode, (umode_t)0644);
	KUNIT_EXPECT_EQ(test, reset_attr.attr.attr.mode, (umode_t)0200);
	KUNIT_EXPECT_EQ(test, cpus_attr.attr.attr.mode, (umode_t)0644);
	KUNIT_EXPECT_EQ(test, clocks_attr.attr.mode, (umode_t)0444);
	KUNIT_EXPECT_EQ(test, alerts_attr.attr.mode, (umode_t)0444);
}

static struct kunit_case sysfs_cases[] = {
	KUNIT_CASE(sysfs_long_writes),
	KUNIT_CASE(sysfs_flags),
	KUNIT_CASE(sysfs_numbers),
	KUNIT_CASE(sysfs_params),
	KUNIT_CASE(sysfs_errors),
	KUNIT_CASE(sysfs_alert_interval),
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
