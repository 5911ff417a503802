// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs_clock.c: which files which clock has, and that nothing is left of directories that were
 * removed or could not be made, in a kset of the suite's own. The file is compiled once
 * more, with names of its own.
 */
#define tscope_sysfs_clocks_init	sysfs_dir_kunit_init
#define tscope_sysfs_clocks_exit	sysfs_dir_kunit_exit
#define tscope_clock_of			sysfs_dir_kunit_of
#define tscope_clock_kobj		sysfs_dir_kunit_kobj
#define tscope_clock_count		sysfs_dir_kunit_count
#define tscope_clock_get		sysfs_dir_kunit_get

#include <linux/slab.h>
#include <linux/sysfs.h>

#include "tests.h"

static __printf(4, 5) int fake_add(struct kobject *kobj, const struct kobj_type *type,
				   struct kobject *parent, const char *fmt, ...);
static int group_err;

#define kobject_init_and_add		fake_add
#define sysfs_create_group(k, group)	(group_err ?: sysfs_create_group(k, group))
#include "../sysfs_clock.c"

#define CLOCKS	4

static struct tscope_clock_ops ops[CLOCKS];
static struct tscope_clock *clks;
static u32 made, add_fails_at;

static int fake_add(struct kobject *kobj, const struct kobj_type *type,
		    struct kobject *parent, const char *fmt, ...)
{
	char name[16];
	va_list args;

	kobject_init(kobj, type);
	va_start(args, fmt);
	vscnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	return made++ == add_fails_at ? -ENOSPC : kobject_add(kobj, parent, "%s", name);
}

unsigned int tscope_clock_count(void)
{
	return CLOCKS;
}

struct tscope_clock *tscope_clock_get(unsigned int i)
{
	return &clks[i];
}

static int read_none(struct tscope_raw *raw)
{
	return 0;
}

static ssize_t errors_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0\n");
}

static struct kobj_attribute errors_attr = __ATTR_RO(errors);
static struct attribute *own_attrs[] = { &errors_attr.attr, NULL };
static const struct attribute_group own_group = { .attrs = own_attrs };

static int sysfs_dir_setup(struct kunit *test)
{
	int i;

	clks = kvcalloc(CLOCKS, sizeof(*clks), GFP_KERNEL);
	if (!clks)
		return -ENOMEM;
	/* as tsc, kvm-clock, monotonic-raw and ptp-kvm are */
	ops[0] = (struct tscope_clock_ops){ .name = "a", .lane = TSCOPE_LANE_TSC };
	ops[1] = (struct tscope_clock_ops){
		.name = "b", .lane = TSCOPE_LANE_KVM, .kind = TSCOPE_KIND_PAIRING,
	};
	ops[2] = (struct tscope_clock_ops){
		.name = "c", .lane = TSCOPE_LANE_RAW, .kind = TSCOPE_KIND_PAIRING,
		.read = read_none,
	};
	ops[3] = (struct tscope_clock_ops){
		.name = "d", .lane = TSCOPE_NO_LANE, .kind = TSCOPE_KIND_PAIRING,
		.read = read_none, .group = &own_group,
	};
	for (i = 0; i < CLOCKS; i++)
		clks[i].ops = &ops[i];
	group_err = 0;
	made = 0;
	add_fails_at = U32_MAX;
	return 0;
}

static void sysfs_dir_teardown(struct kunit *test)
{
	kvfree(clks);
}

/* 0: there is no such file. */
static umode_t mode_of(struct tscope_clock *clk, const char *name)
{
	struct kernfs_node *node = kernfs_find_and_get(tscope_clock_kobj(clk)->sd, name);
	umode_t mode = node ? node->mode & 0777 : 0;

	kernfs_put(node);
	return mode;
}

static void nothing_left(struct kunit *test, struct kset *kset)
{
	u32 c;

	KUNIT_EXPECT_TRUE(test, list_empty(&kset->list));
	for (c = 0; c < CLOCKS; c++)
		KUNIT_EXPECT_FALSE(test, clks[c].dir.state_initialized);
}

/* As in Documentation/ABI/testing/sysfs-kernel-tscope. */
static void sysfs_dir_files(struct kunit *test)
{
	static const struct {
		const char *name;
		bool there[CLOCKS];
		umode_t mode;
	} files[] = {
		{ "samples", { 1, 1, 1, 1 }, 0444 },
		{ "rejected", { 1, 1, 1, 1 }, 0444 },
		{ "backward", { 1, 1, 1, 1 }, 0444 },
		{ "backward_max_ns", { 1, 1, 1, 1 }, 0444 },
		{ "warps", { 1, 1, 1, 0 }, 0444 },
		{ "warp_max_ns", { 1, 1, 1, 0 }, 0444 },
		{ "warp_alert_ns", { 1, 1, 1, 0 }, 0644 },
		{ "offset_max_ns", { 1, 1, 0, 0 }, 0444 },
		{ "offset_bound_ns", { 1, 1, 0, 0 }, 0444 },
		{ "skew_ppb", { 0, 1, 1, 1 }, 0444 },
		{ "skew_error_ppb", { 0, 1, 1, 1 }, 0444 },
		{ "phase_ns", { 0, 1, 1, 1 }, 0444 },
		{ "steps", { 0, 1, 1, 1 }, 0444 },
		{ "step_last_ns", { 0, 1, 1, 1 }, 0444 },
		{ "step_max_ns", { 0, 1, 1, 1 }, 0444 },
		{ "step_alert_ns", { 0, 1, 1, 1 }, 0644 },
		{ "skew_alert_ppb", { 0, 1, 1, 1 }, 0644 },
		{ "read_min_ns", { 0, 0, 1, 1 }, 0444 },
		{ "read_avg_ns", { 0, 0, 1, 1 }, 0444 },
	};
	struct kset *kset = kset_create_and_add("tscope_kunit", NULL, NULL);
	umode_t want;
	u32 i, c;

	KUNIT_ASSERT_NOT_NULL(test, kset);
	KUNIT_EXPECT_EQ(test, tscope_sysfs_clocks_init(kset), 0);
	for (c = 0; c < CLOCKS && clks[c].dir.state_in_sysfs; c++) {
		struct kobject *kobj = tscope_clock_kobj(&clks[c]);

		KUNIT_EXPECT_PTR_EQ(test, tscope_clock_of(kobj), &clks[c]);
		KUNIT_EXPECT_STREQ(test, kobject_name(kobj), ops[c].name);
		for (i = 0; i < ARRAY_SIZE(files); i++) {
			want = files[i].there[c] ? files[i].mode : 0;
			KUNIT_EXPECT_EQ_MSG(test, mode_of(&clks[c], files[i].name), want,
					    "%s of %u", files[i].name, c);
		}
		KUNIT_EXPECT_EQ(test, mode_of(&clks[c], "errors"), (umode_t)(c == 3 ? 0444 : 0));
	}
	KUNIT_EXPECT_EQ(test, c, (u32)CLOCKS);
	tscope_sysfs_clocks_exit();
	nothing_left(test, kset);
	/* again: nothing is left to be removed */
	tscope_sysfs_clocks_exit();
	nothing_left(test, kset);
	kset_unregister(kset);
}

/* Each directory may fail in each way, and none is left. */
static void sysfs_dir_undoes(struct kunit *test)
{
	struct kset *kset = kset_create_and_add("tscope_kunit", NULL, NULL);
	u32 at, way, c;

	KUNIT_ASSERT_NOT_NULL(test, kset);
	for (at = 0; at < CLOCKS; at++) {
		for (way = 0; way < 2; way++) {
			made = 0;
			add_fails_at = way == 0 ? at : U32_MAX;
			group_err = way == 1 ? -EMFILE : 0;
			for (c = 0; c < CLOCKS; c++)
				ops[c].group = c == at ? &own_group : NULL;
			KUNIT_EXPECT_EQ_MSG(test, tscope_sysfs_clocks_init(kset),
					    way == 0 ? -ENOSPC : -EMFILE,
					    "%u, way %u", at, way);
			KUNIT_EXPECT_EQ(test, made, at + 1);
			nothing_left(test, kset);
		}
	}
	kset_unregister(kset);
}

static struct work_struct exit_work;
static struct completion exited;

static void exit_all(struct work_struct *work)
{
	tscope_sysfs_clocks_exit();
	complete(&exited);
}

/* Whoever still holds a directory is waited for: what releases it is code of the module. */
static void sysfs_dir_waits(struct kunit *test)
{
	struct kset *kset = kset_create_and_add("tscope_kunit", NULL, NULL);
	struct kobject *held;

	KUNIT_ASSERT_NOT_NULL(test, kset);
	KUNIT_ASSERT_EQ(test, tscope_sysfs_clocks_init(kset), 0);
	held = kobject_get(tscope_clock_kobj(&clks[1]));
	init_completion(&exited);
	INIT_WORK_ONSTACK(&exit_work, exit_all);
	schedule_work(&exit_work);
	KUNIT_EXPECT_EQ_MSG(test, wait_for_completion_timeout(&exited, HZ / 5), 0UL,
			    "the directories are gone while one is held");
	kobject_put(held);
	flush_work(&exit_work);
	destroy_work_on_stack(&exit_work);
	kset_unregister(kset);
}

static struct kunit_case sysfs_dir_cases[] = {
	KUNIT_CASE(sysfs_dir_files),
	KUNIT_CASE(sysfs_dir_undoes),
	KUNIT_CASE(sysfs_dir_waits),
	{}
};

static struct kunit_suite sysfs_dir_suite = {
	.name = "tscope_sysfs_dir",
	.init = sysfs_dir_setup,
	.exit = sysfs_dir_teardown,
	.test_cases = sysfs_dir_cases,
};

kunit_test_suite(sysfs_dir_suite);
