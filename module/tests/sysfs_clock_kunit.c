// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs_clock.c: which files each clock has, what they show, and which limits they
 * accept. The clock is the suite's own, and so is the directory that it is in;
 * the CPUs are the module's.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "../control.h"
#include "../cpu.h"
#include "../sysfs.h"
#include "sysfs_files.h"
#include "tests.h"

/* An emulated CPU may get no time for this long. */
#define PATIENCE_MS	30000

static struct tscope_clock_ops ops;
static struct tscope_clock *clk;
static struct kset *kset;

static ssize_t stable_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "1\n");
}

static struct kobj_attribute stable_attr = __ATTR_RO(stable);
static struct attribute *stable_attrs[] = { &stable_attr.attr, NULL };
static const struct attribute_group stable_group = { .attrs = stable_attrs };

static int sysfs_clock_init(struct kunit *test)
{
	tscope_reset();
	clk = kvzalloc(sizeof(*clk), GFP_KERNEL);
	kset = kset_create_and_add("tscope_kunit", NULL, NULL);
	if (!clk || !kset)
		return -ENOMEM;
	ops = (struct tscope_clock_ops){
		.name = "test", .kind = TSCOPE_KIND_AT_TSC, .lane = TSCOPE_LANE_PAGE,
		.group = &stable_group,
	};
	clk->ops = &ops;
	spin_lock_init(&clk->step_lock);
	tscope_hist_init(&clk->width);
	tscope_series_init(&clk->series,
			   vcalloc(TSCOPE_SERIES_POINTS, sizeof(struct tscope_point)),
			   tscope_tsc_khz, true);
	return clk->series.ring ? 0 : -ENOMEM;
}

static void dir_add(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tscope_sysfs_clock_add(clk, kset), 0);
}

static void dir_remove(void)
{
	tscope_sysfs_clock_remove(clk);
	tscope_sysfs_clock_wait(clk);
}

static void sysfs_clock_exit(struct kunit *test)
{
	dir_remove();
	KUNIT_EXPECT_TRUE(test, list_empty(&kset->list));
	kset_unregister(kset);
	vfree(clk->series.ring);
	kvfree(clk);
	tscope_reset();
}

#define EXPECT_SHOWN(name, text) \
	KUNIT_EXPECT_STREQ(test, file_shown(test, &clk->dir, name), text)
#define EXPECT_NO_DATA(name) EXPECT_SHOWN(name, "errno -61")

/* As in Documentation/ABI/testing/sysfs-kernel-tscope. */
static void sysfs_clock_files(struct kunit *test)
{
	/* like tsc, kvm-clock, monotonic-raw, ptp-kvm and acpi-pm */
	static const struct tscope_clock_ops kinds[] = {
		{ "a", TSCOPE_KIND_TSC, TSCOPE_LANE_TSC },
		{ "b", TSCOPE_KIND_PAGE, TSCOPE_LANE_PAGE },
		{ "c", TSCOPE_KIND_AT_TSC, TSCOPE_LANE_RAW },
		{ "d", TSCOPE_KIND_PAIRING, TSCOPE_NO_LANE, &stable_group },
		{ "e", TSCOPE_KIND_BRACKETED, TSCOPE_NO_LANE },
	};
	static const struct {
		const char *name, *in;
		umode_t mode;
	} files[] = {
		{ "samples", "abcde", 0444 }, { "rejected", "abcde", 0444 },
		{ "backward", "abcde", 0444 }, { "backward_max_ns", "abcde", 0444 },
		{ "warps", "abc", 0444 }, { "warp_max_ns", "abc", 0444 },
		{ "warp_alert_ns", "abc", 0644 }, { "offset", "ab", 0444 },
		{ "offset_max_ns", "ab", 0444 }, { "offset_bound_ns", "ab", 0444 },
		{ "moving", "ab", 0444 }, { "unmet", "ab", 0444 },
		{ "widest_bound_ns", "ab", 0444 }, { "step_cycles", "a", 0444 },
		{ "skew", "bcde", 0444 }, { "skew_ppb", "bcde", 0444 },
		{ "skew_error_ppb", "bcde", 0444 }, { "phase_ns", "bcde", 0444 },
		{ "steps", "bcde", 0444 }, { "step_last_ns", "bcde", 0444 },
		{ "step_max_ns", "bcde", 0444 }, { "step_alert_ns", "bcde", 0644 },
		{ "skew_alert_ppb", "bcde", 0644 }, { "exact", "bc", 0444 },
		{ "read_min_ns", "cde", 0444 }, { "read_avg_ns", "cde", 0444 },
		{ "stable", "d", 0444 },
	};
	umode_t want;
	u32 i, k;

	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		ops = kinds[k];
		dir_add(test);
		KUNIT_EXPECT_STREQ(test, kobject_name(&clk->dir), ops.name);
		KUNIT_EXPECT_PTR_EQ(test, tscope_clock_of(&clk->dir), clk);
		for (i = 0; i < ARRAY_SIZE(files); i++) {
			want = strchr(files[i].in, ops.name[0]) ? files[i].mode : 0;
			KUNIT_EXPECT_EQ_MSG(test, file_mode(&clk->dir, files[i].name),
					    want, "%s of %s", files[i].name, ops.name);
		}
		dir_remove();
	}
	/* a second time: there is nothing left to remove */
	dir_remove();
}

/* Before the first reading there is no figure, and counts are 0. */
static void sysfs_clock_empty(struct kunit *test)
{
	static const char * const none[] = {
		"exact", "skew", "skew_ppb", "skew_error_ppb", "phase_ns",
		"read_min_ns", "read_avg_ns",
	};
	static const char * const zero[] = {
		"samples", "rejected", "backward", "backward_max_ns", "warps",
		"warp_max_ns", "steps", "step_last_ns", "step_max_ns",
	};
	u32 i;

	dir_add(test);
	for (i = 0; i < ARRAY_SIZE(none); i++)
		EXPECT_NO_DATA(none[i]);
	for (i = 0; i < ARRAY_SIZE(zero); i++)
		EXPECT_SHOWN(zero[i], "0\n");
	EXPECT_SHOWN("stable", "1\n");
}

static void sysfs_clock_counts(struct kunit *test)
{
	ops.lane = TSCOPE_NO_LANE;
	dir_add(test);
	clk->samples = U64_MAX;
	clk->rejected = 11;
	clk->backward = 12;
	clk->backward_max_ns = 13;
	clk->steps = 14;
	clk->step_last_ns = -15;
	clk->step_max_ns = S64_MIN;
	clk->exactness = TSCOPE_BRACKETED;
	EXPECT_SHOWN("samples", "18446744073709551615\n");
	EXPECT_SHOWN("rejected", "11\n");
	EXPECT_SHOWN("backward", "12\n");
	EXPECT_SHOWN("backward_max_ns", "13\n");
	EXPECT_SHOWN("steps", "14\n");
	EXPECT_SHOWN("step_last_ns", "-15\n");
	EXPECT_SHOWN("step_max_ns", "-9223372036854775808\n");
	EXPECT_SHOWN("exact", "0\n");
	clk->exactness = TSCOPE_EXACT;
	EXPECT_SHOWN("exact", "1\n");
	tscope_hist_add(&clk->width, 90);
	tscope_hist_add(&clk->width, 40);
	tscope_hist_add(&clk->width, 69);
	EXPECT_SHOWN("read_min_ns", "40\n");
	EXPECT_SHOWN("read_avg_ns", "66\n");
}

/* For a clock that CPUs publish, files show what the leader and all CPUs counted. */
static void sysfs_clock_lanes(struct kunit *test)
{
	struct tscope_cpu *first = tscope_cpu_get(0);
	struct tscope_cpu *last = tscope_cpu_get(cpumask_last(cpu_possible_mask));
	bool two = first != last;

	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_ASSERT_NOT_NULL(test, last);
	dir_add(test);
	clk->samples = 20000;
	clk->backward = 100;
	clk->backward_max_ns = 8;
	first->lane[TSCOPE_LANE_PAGE] =
		(struct tscope_lane_figures){ 1000, 33, 701, 5, 41 };
	/* figures of another clock do not count here */
	first->lane[TSCOPE_LANE_TSC] =
		(struct tscope_lane_figures){ 1 << 20, 1 << 20, 1, 1 << 20, 1 };
	if (two)
		last->lane[TSCOPE_LANE_PAGE] =
			(struct tscope_lane_figures){ 200, 4, 9000, 60, 8001 };
	EXPECT_SHOWN("samples", two ? "21200\n" : "21000\n");
	EXPECT_SHOWN("backward", two ? "137\n" : "133\n");
	EXPECT_SHOWN("backward_max_ns", two ? "9000\n" : "701\n");
	EXPECT_SHOWN("warps", two ? "65\n" : "5\n");
	EXPECT_SHOWN("warp_max_ns", two ? "8001\n" : "41\n");
	/* the leader's own figure may be the largest */
	clk->backward_max_ns = 9001;
	EXPECT_SHOWN("backward_max_ns", "9001\n");
	/* a cycle may be less than a nanosecond, but is not shown as 0 */
	ops.lane = TSCOPE_LANE_TSC;
	EXPECT_SHOWN("warp_max_ns", "1\n");
	ops.lane = TSCOPE_LANE_PAGE;
}

/* Samples until CPUs have met, and reads offset_max_ns; then figures are forgotten. */
static void read_offset_and_reset(struct kunit *test, struct kobject *dir, char *bound_ns)
{
	struct tscope_params before = tscope_params;
	const char *offset;
	char offset_ns[24];
	u32 ms = 0;
	int fields;

	tscope_set_param(offsetof(struct tscope_params, width_us), before.period_us);
	KUNIT_ASSERT_EQ(test, tscope_enable(true), 0);
	do {
		msleep(50);
		ms += 50;
		offset = file_shown(test, dir, "offset");
	} while (!strncmp(offset, "errno", 5) && ms < PATIENCE_MS);
	KUNIT_EXPECT_EQ(test, tscope_enable(false), 0);
	tscope_set_param(offsetof(struct tscope_params, width_us), before.width_us);

	offset = file_shown(test, dir, "offset");
	fields = sscanf(offset, "%22s %22s", offset_ns, bound_ns);
	KUNIT_ASSERT_EQ_MSG(test, fields, 2, "%s", offset);
	KUNIT_EXPECT_STREQ(test, strim(file_shown(test, dir, "offset_max_ns")), offset_ns);
	tscope_reset();
	KUNIT_EXPECT_STREQ(test, file_shown(test, dir, "offset"), "errno -61");
}

/* offset_bound_ns belongs to the offset_max_ns read before it, also if figures changed since. */
static void sysfs_clock_keeps_bound(struct kunit *test)
{
	struct kobject *dir = &tscope_clock_of_lane(TSCOPE_LANE_TSC)->dir;
	char bound_ns[24];

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	read_offset_and_reset(test, dir, bound_ns);
	KUNIT_EXPECT_STREQ(test, strim(file_shown(test, dir, "offset_bound_ns")), bound_ns);
	/* for one read */
	KUNIT_EXPECT_STREQ(test, file_shown(test, dir, "offset_bound_ns"), "errno -61");
	/* and for a second */
	read_offset_and_reset(test, dir, bound_ns);
	msleep(1100);
	KUNIT_EXPECT_STREQ(test, file_shown(test, dir, "offset_bound_ns"), "errno -61");
}

/* A clock that gains by a constant rate, in points of @ms each. */
static void sysfs_clock_skew(struct kunit *test)
{
	static const struct {
		u32 ms;
		s64 gain_ns;
		const char *skew_ppb, *phase_ns;
	} cases[] = {
		{ 10, 25, "2500.000\n", "175\n" }, { 10, -25, "-2500.000\n", "-175\n" },
		{ 10, 0, "0.000\n", "0\n" }, { 8000, 1, "0.125\n", "7\n" },
		{ 8000, -1, "-0.125\n", "-7\n" },
	};
	struct tscope_series_result news;
	struct tscope_reading r;
	struct tscope_fit fit;
	char want[80];
	u32 i, n;

	dir_add(test);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		tscope_series_restart(&clk->series);
		r = (struct tscope_reading){ .tsc = 1ULL << 40, .ns = 1ULL << 40 };
		for (n = 0; n < 8; n++) {
			EXPECT_NO_DATA("skew");
			tscope_series_add(&clk->series, &r, &news);
			r.tsc += (u64)cases[i].ms * tscope_tsc_khz;
			r.ns += cases[i].ms * NSEC_PER_MSEC + cases[i].gain_ns;
		}
		EXPECT_SHOWN("skew_ppb", cases[i].skew_ppb);
		EXPECT_SHOWN("phase_ns", cases[i].phase_ns);
		KUNIT_ASSERT_EQ(test, tscope_clock_fit(clk, &fit), 0);
		snprintf(want, sizeof(want), "%llu.%03llu\n", fit.error_mppb / 1000,
			 fit.error_mppb % 1000);
		EXPECT_SHOWN("skew_error_ppb", want);
		snprintf(want, sizeof(want), "%.*s %llu.%03llu 8 %u\n",
			 (int)strlen(cases[i].skew_ppb) - 1, cases[i].skew_ppb,
			 fit.error_mppb / 1000, fit.error_mppb % 1000, 7 * cases[i].ms);
		EXPECT_SHOWN("skew", want);
	}
}

/* Limits do not affect each other; each has the range of its figure. */
static void sysfs_clock_limits(struct kunit *test)
{
	static const struct {
		const char *name, *most, *more;
	} files[] = {
		{ "warp_alert_ns", "9223372036854775807\n", "9223372036854775808" },
		{ "step_alert_ns", "9223372036854775807\n", "9223372036854775808" },
		{ "skew_alert_ppb", "1000000000\n", "1000000001" },
	};
	u32 i;

	dir_add(test);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		clk->alert[i].limit = 70 + i;
		KUNIT_EXPECT_EQ(test, file_store(&clk->dir, files[i].name, files[i].more,
						 strlen(files[i].more)), (ssize_t)-ERANGE);
	}
	EXPECT_SHOWN("warp_alert_ns", "70\n");
	EXPECT_SHOWN("step_alert_ns", "71\n");
	EXPECT_SHOWN("skew_alert_ppb", "72\n");
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		KUNIT_EXPECT_EQ(test, file_store(&clk->dir, files[i].name, files[i].most,
						 strlen(files[i].most)),
				(ssize_t)strlen(files[i].most));
		EXPECT_SHOWN(files[i].name, files[i].most);
	}
}

static struct work_struct remove_work;
static struct completion removed;

static void remove_dir(struct work_struct *work)
{
	dir_remove();
	complete(&removed);
}

/* Removal waits until nobody holds the directory: its release function is the module's code. */
static void sysfs_clock_waits(struct kunit *test)
{
	struct kobject *held;

	dir_add(test);
	held = kobject_get(&clk->dir);
	init_completion(&removed);
	INIT_WORK_ONSTACK(&remove_work, remove_dir);
	schedule_work(&remove_work);
	KUNIT_EXPECT_EQ_MSG(test, wait_for_completion_timeout(&removed, HZ / 5), 0UL,
			    "the directory is gone while it is held");
	kobject_put(held);
	flush_work(&remove_work);
	destroy_work_on_stack(&remove_work);
}

static struct kunit_case sysfs_clock_cases[] = {
	KUNIT_CASE(sysfs_clock_files),
	KUNIT_CASE(sysfs_clock_empty),
	KUNIT_CASE(sysfs_clock_counts),
	KUNIT_CASE(sysfs_clock_lanes),
	KUNIT_CASE(sysfs_clock_keeps_bound),
	KUNIT_CASE(sysfs_clock_skew),
	KUNIT_CASE(sysfs_clock_limits),
	KUNIT_CASE(sysfs_clock_waits),
	{}
};

static struct kunit_suite sysfs_clock_suite = {
	.name = "tscope_sysfs_clock",
	.init = sysfs_clock_init,
	.exit = sysfs_clock_exit,
	.test_cases = sysfs_clock_cases,
};

kunit_test_suite(sysfs_clock_suite);
