// SPDX-License-Identifier: GPL-2.0
/*
 * alert.c: what raises an alert, how often, and what the uevent says, at a time that is
 * made up. The file is compiled once more, with names of its own.
 */
#define tscope_alert_interval_s		alert_kunit_interval_s
#define tscope_alerts_count		alert_kunit_count
#define tscope_alert_raise		alert_kunit_raise
#define tscope_alert_set_limit		alert_kunit_set_limit
#define tscope_alerts_watch		alert_kunit_watch
#define tscope_alerts_start		alert_kunit_start
#define tscope_alerts_stop		alert_kunit_stop
#define tscope_alerts_reset		alert_kunit_reset
#define tscope_clock_count		alert_kunit_clock_count
#define tscope_clock_get		alert_kunit_clock_get
#define tscope_clock_fit		alert_kunit_clock_fit
#define tscope_leader			alert_kunit_leader

#include <linux/kobject.h>
#include <linux/ktime.h>
#include <linux/sysfs.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "tests.h"

static u64 fake_ns;
static void fake_queue(struct workqueue_struct *wq, struct work_struct *work);
static void fake_notify(struct kobject *kobj, const char *dir, const char *name);
static void fake_uevent(struct kobject *kobj, enum kobject_action action,
			char *env[]);

#define ktime_get_boottime_ns()	fake_ns
#define queue_work		fake_queue
#define sysfs_notify		fake_notify
#define kobject_uevent_env	fake_uevent
#include "../alert.c"

static struct tscope_clock *clk;
static const struct tscope_clock_ops ops = {
	.name = "kvm-clock", .lane = TSCOPE_LANE_KVM, .series = true,
};

static struct tscope_fit fit;
static int fit_err;
static u32 scheduled, notified, uevents;
static char uevent[160];

unsigned int tscope_clock_count(void)
{
	return 1;
}

struct tscope_clock *tscope_clock_get(unsigned int i)
{
	return clk;
}

int tscope_clock_fit(struct tscope_clock *c, struct tscope_fit *to)
{
	*to = fit;
	return fit_err;
}

int tscope_leader(void)
{
	return 3;
}

static void fake_queue(struct workqueue_struct *wq, struct work_struct *work)
{
	scheduled += wq == tscope_unbound_wq;
}

static void fake_notify(struct kobject *kobj, const char *dir, const char *name)
{
	notified += !strcmp(name, "alerts");
}

/* Keeps what follows TSCOPE_, which all begin with. */
static void fake_uevent(struct kobject *kobj, enum kobject_action action,
			char *env[])
{
	int len = 0, skip = strlen("TSCOPE_");

	uevents++;
	for (; *env; env++)
		if (!strncmp(*env, "TSCOPE_", skip))
			len += scnprintf(uevent + len, sizeof(uevent) - len,
					 "%s ", *env + skip);
}

static int alert_init(struct kunit *test)
{
	clk = kunit_kzalloc(test, sizeof(*clk), GFP_KERNEL);
	if (!clk)
		return -ENOMEM;
	clk->ops = &ops;
	clk->alert[TSCOPE_ALERT_WARP].limit = 100;
	clk->alert[TSCOPE_ALERT_SKEW].limit = 50;
	tscope_alert_interval_s = 60;
	fake_ns = 1000;
	fit_err = 0;
	scheduled = 0;
	notified = 0;
	uevents = 0;
	alerts = 0;
	tscope_alerts_start(NULL);
	return 0;
}

static void alert_exit(struct kunit *test)
{
	started = false;
	tscope_alerts_watch(false);
}

static void alert_limits(struct kunit *test)
{
	static const struct {
		u64 limit;
		s64 size;
		bool raised;
	} cases[] = {
		{ 100, 99, false }, { 100, 100, true }, { 100, -100, true },
		{ 100, -99, false }, { 1, 0, false }, { 0, S64_MAX, false },
		{ 0, 0, false }, { 1, S64_MIN, true },
		{ S64_MAX, S64_MAX, true }, { S64_MAX, S64_MIN, true },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(clk->alert, 0, sizeof(clk->alert));
		scheduled = 0;
		clk->alert[TSCOPE_ALERT_STEP].limit = cases[i].limit;
		tscope_alert_raise(clk, TSCOPE_ALERT_STEP, cases[i].size, 0, -1);
		KUNIT_EXPECT_EQ_MSG(test, scheduled, (u32)cases[i].raised,
				    "case %u", i);
	}
}

/* For one cause of a clock once in the interval, counted from the one that was told. */
static void alert_interval(struct kunit *test)
{
	static const struct {
		u64 after_ns;
		enum tscope_cause cause;
		bool raised;
	} cases[] = {
		{ 0, TSCOPE_ALERT_WARP, true },
		{ 0, TSCOPE_ALERT_WARP, false },
		{ 59999999999ULL, TSCOPE_ALERT_WARP, false },
		/* another cause has a time of its own */
		{ 59999999999ULL, TSCOPE_ALERT_SKEW, true },
		{ 60000000000ULL, TSCOPE_ALERT_WARP, true },
		{ 60000000001ULL, TSCOPE_ALERT_WARP, false },
		{ 119999999999ULL, TSCOPE_ALERT_WARP, false },
		/* by a CPU whose clock is behind */
		{ 59999999999ULL, TSCOPE_ALERT_WARP, false },
		{ 119999999999ULL, TSCOPE_ALERT_SKEW, true },
		{ 120000000000ULL, TSCOPE_ALERT_WARP, true },
	};
	u32 i, before;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_ns = 1000 + cases[i].after_ns;
		before = scheduled;
		tscope_alert_raise(clk, cases[i].cause, 500, 1, 2);
		KUNIT_EXPECT_EQ_MSG(test, scheduled - before,
				    (u32)cases[i].raised, "case %u", i);
	}
	/* a shorter interval holds at once */
	tscope_alert_interval_s = 1;
	fake_ns += NSEC_PER_SEC;
	before = scheduled;
	tscope_alert_raise(clk, TSCOPE_ALERT_WARP, 500, 1, 2);
	KUNIT_EXPECT_EQ(test, scheduled, before + 1);
}

static void alert_told(struct kunit *test)
{
	tscope_alert_raise(clk, TSCOPE_ALERT_WARP, 500, 1, 2);
	KUNIT_EXPECT_EQ(test, tscope_alerts_count(), 0ULL);
	tell(NULL);
	KUNIT_EXPECT_EQ(test, tscope_alerts_count(), 1ULL);
	KUNIT_EXPECT_EQ(test, notified, 1U);
	KUNIT_EXPECT_STREQ(test, uevent,
			   "CLOCK=kvm-clock CAUSE=warp SIZE_NS=500 CPU=1 PEER=2 ");
	/* once */
	tell(NULL);
	KUNIT_EXPECT_EQ(test, tscope_alerts_count(), 1ULL);
	KUNIT_EXPECT_EQ(test, notified, 1U);
	KUNIT_EXPECT_EQ(test, uevents, 1U);

	tscope_alert_raise(clk, TSCOPE_ALERT_SKEW, -1234567, 0, -1);
	clk->alert[TSCOPE_ALERT_STEP].limit = 1;
	tscope_alert_raise(clk, TSCOPE_ALERT_STEP, S64_MIN, 0, -1);
	tell(NULL);
	/* two told, and who polls is woken once */
	KUNIT_EXPECT_EQ(test, tscope_alerts_count(), 3ULL);
	KUNIT_EXPECT_EQ(test, notified, 2U);
	KUNIT_EXPECT_STREQ(test, uevent,
			   "CLOCK=kvm-clock CAUSE=skew SIZE_PPB=-1234.567 CPU=0 ");
}

static void alert_not_started(struct kunit *test)
{
	started = false;
	tscope_alert_raise(clk, TSCOPE_ALERT_WARP, 500, 1, 2);
	KUNIT_EXPECT_EQ(test, scheduled, 0U);
	started = true;
	tscope_alert_raise(clk, TSCOPE_ALERT_WARP, 500, 1, 2);
	KUNIT_EXPECT_EQ(test, scheduled, 1U);
	/* a reset forgets what was told, and what waits */
	tscope_alerts_reset();
	KUNIT_EXPECT_FALSE(test, clk->alert[TSCOPE_ALERT_WARP].pending);
	KUNIT_EXPECT_EQ(test, clk->alert[TSCOPE_ALERT_WARP].limit, 100ULL);
	tscope_alert_raise(clk, TSCOPE_ALERT_WARP, 500, 1, 2);
	KUNIT_EXPECT_EQ(test, scheduled, 2U);
}

/* Beyond the limit with the whole interval, either way. */
static void alert_skews(struct kunit *test)
{
	static const struct {
		s64 skew_mppb;
		u64 error_mppb, limit_ppb;
		int err;
		bool raised;
	} cases[] = {
		{ 60000, 9999, 50, 0, true },
		{ 60000, 10000, 50, 0, false },
		{ -60000, 9999, 50, 0, true },
		{ -60000, 10000, 50, 0, false },
		{ 60000, 70000, 50, 0, false },
		{ 60000, 0, 0, 0, false },
		{ 60000, 0, 50, -ENODATA, false },
		{ S64_MIN, 0, NSEC_PER_SEC, 0, true },
		{ S64_MAX, S64_MAX, 1, 0, false },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(clk->alert, 0, sizeof(clk->alert));
		clk->alert[TSCOPE_ALERT_SKEW].limit = cases[i].limit_ppb;
		scheduled = 0;
		fit.skew_mppb = cases[i].skew_mppb;
		fit.error_mppb = cases[i].error_mppb;
		fit_err = cases[i].err;
		look_at_skew(clk);
		KUNIT_EXPECT_EQ_MSG(test, scheduled, (u32)cases[i].raised,
				    "case %u", i);
		if (!cases[i].raised)
			continue;
		KUNIT_EXPECT_EQ(test, clk->alert[TSCOPE_ALERT_SKEW].size,
				cases[i].skew_mppb);
		KUNIT_EXPECT_EQ(test, clk->alert[TSCOPE_ALERT_SKEW].cpu, 3);
	}
}

/* Nothing wakes up for skews that have no limit. */
static void alert_looks_when_limited(struct kunit *test)
{
	fit_err = -ENODATA;
	clk->alert[TSCOPE_ALERT_SKEW].limit = 0;
	tscope_alerts_watch(true);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&look_work));
	tscope_alert_set_limit(clk, TSCOPE_ALERT_WARP, 5);
	KUNIT_EXPECT_EQ(test, clk->alert[TSCOPE_ALERT_WARP].limit, 5ULL);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&look_work));
	tscope_alert_set_limit(clk, TSCOPE_ALERT_SKEW, 5);
	KUNIT_EXPECT_EQ(test, clk->alert[TSCOPE_ALERT_SKEW].limit, 5ULL);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&look_work));
	/* again as long as there is a limit */
	cancel_delayed_work_sync(&look_work);
	look(NULL);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&look_work));
	tscope_alert_set_limit(clk, TSCOPE_ALERT_SKEW, 0);
	cancel_delayed_work_sync(&look_work);
	look(NULL);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&look_work));

	/* a limit that was set while sampling was off */
	tscope_alerts_watch(false);
	tscope_alert_set_limit(clk, TSCOPE_ALERT_SKEW, 5);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&look_work));
	tscope_alerts_watch(true);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&look_work));
	tscope_alerts_watch(false);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&look_work));
}

static struct kunit_case alert_cases[] = {
	KUNIT_CASE(alert_limits),
	KUNIT_CASE(alert_interval),
	KUNIT_CASE(alert_told),
	KUNIT_CASE(alert_not_started),
	KUNIT_CASE(alert_skews),
	KUNIT_CASE(alert_looks_when_limited),
	{}
};

static struct kunit_suite alert_suite = {
	.name = "tscope_alert",
	.init = alert_init,
	.exit = alert_exit,
	.test_cases = alert_cases,
};

kunit_test_suite(alert_suite);
