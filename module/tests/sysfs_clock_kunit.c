// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs_clock.c: what each of a clock's files shows, and what is taken for a limit, with a
 * clock and CPUs that are made up. The file is compiled once more, with names of its own.
 * Which files there are is in sysfs_dir_kunit.c.
 */
#define tscope_sysfs_clocks_init	sysfs_clock_kunit_init
#define tscope_sysfs_clocks_exit	sysfs_clock_kunit_exit
#define tscope_clock_of			sysfs_clock_kunit_of
#define tscope_clock_kobj		sysfs_clock_kunit_kobj
#define tscope_clock_fit		sysfs_clock_kunit_fit
#define tscope_clock_newest		sysfs_clock_kunit_newest
#define tscope_cpus			sysfs_clock_kunit_cpus
#define tscope_tsc_khz			sysfs_clock_kunit_tsc_khz

#include "tests.h"

#undef nr_cpu_ids
#define nr_cpu_ids			CPUS
#define CPUS				4

#include "../sysfs_clock.c"

struct tscope_cpu **tscope_cpus;
u32 tscope_tsc_khz = 2000000;	/* two cycles a nanosecond */

static struct tscope_cpu *cpus[CPUS];
static struct tscope_clock_ops ops;
static struct tscope_clock *clk;
static struct tscope_fit fit;
static struct tscope_point point;
static int fit_err, newest_err;
static char *text;

int tscope_clock_fit(struct tscope_clock *c, struct tscope_fit *to)
{
	*to = fit;
	return c == clk ? fit_err : -EINVAL;
}

int tscope_clock_newest(struct tscope_clock *c, struct tscope_point *p)
{
	*p = point;
	return c == clk ? newest_err : -EINVAL;
}

static int sysfs_clock_setup(struct kunit *test)
{
	int i;

	text = (char *)__get_free_page(GFP_KERNEL);
	clk = kvzalloc(sizeof(*clk), GFP_KERNEL);
	if (!text || !clk)
		return -ENOMEM;
	/* CPU 1 never sampled */
	for (i = 0; i < CPUS; i++) {
		cpus[i] = i == 1 ? NULL : kvzalloc(sizeof(**cpus), GFP_KERNEL);
		if (i != 1 && !cpus[i])
			return -ENOMEM;
		if (cpus[i])
			cpus[i]->cpu = i;
	}
	tscope_cpus = cpus;
	ops = (struct tscope_clock_ops){ .name = "test", .lane = TSCOPE_LANE_TSC };
	clk->ops = &ops;
	tscope_hist_init(&clk->width);
	fit_err = 0;
	newest_err = 0;
	return 0;
}

static void sysfs_clock_teardown(struct kunit *test)
{
	int i;

	for (i = 0; i < CPUS; i++) {
		kvfree(cpus[i]);
		cpus[i] = NULL;
	}
	kvfree(clk);
	free_page((unsigned long)text);
}

/* One of the files of all clocks. */
static struct kobj_attribute *file(const char *name)
{
	struct attribute **attr;
	u32 i;

	for (i = 0; clock_groups[i]; i++)
		for (attr = clock_groups[i]->attrs; *attr; attr++)
			if (!strcmp((*attr)->name, name))
				return container_of(*attr, struct kobj_attribute, attr);
	return NULL;
}

static ssize_t show(const char *name)
{
	struct kobj_attribute *attr = file(name);

	memset(text, 0, PAGE_SIZE);
	return attr ? attr->show(&clk->dir, attr, text) : -ENOENT;
}

static const char *shown(const char *name)
{
	ssize_t len = show(name);

	if (len > 0 && text[len - 1] == '\n' && strlen(text) == len)
		text[len - 1] = 0;
	else
		strscpy(text, "none", PAGE_SIZE);
	return text;
}

static ssize_t store(const char *name, const char *value)
{
	struct kobj_attribute *attr = file(name);

	return attr ? attr->store(&clk->dir, attr, value, strlen(value)) : -ENOENT;
}

/* What only the leader counts; CPUs' figures are none of a clock without a lane. */
static void sysfs_clock_counts(struct kunit *test)
{
	const struct {
		const char *name;
		u64 *figure;
	} files[] = {
		{ "samples", &clk->samples }, { "rejected", &clk->rejected },
		{ "backward", &clk->backward }, { "steps", &clk->steps },
		{ "backward_max_ns", &clk->backward_max_ns },
		{ "step_last_ns", (u64 *)&clk->step_last_ns },
		{ "step_max_ns", (u64 *)&clk->step_max_ns },
	};
	char want[24];
	u32 i;

	ops.lane = TSCOPE_NO_LANE;
	cpus[0]->lane[TSCOPE_LANE_TSC] = (struct tscope_lane_figures){ 1, 1, 900, 1, 900 };
	for (i = 0; i < ARRAY_SIZE(files); i++)
		*files[i].figure = 10 + i;
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(want, sizeof(want), "%u", 10 + i);
		KUNIT_EXPECT_STREQ(test, shown(files[i].name), want);
		*files[i].figure = U64_MAX;
		KUNIT_EXPECT_STREQ(test, shown(files[i].name),
				   i < 5 ? "18446744073709551615" : "-1");
		*files[i].figure = S64_MIN;
		KUNIT_EXPECT_STREQ(test, shown(files[i].name),
				   i < 5 ? "9223372036854775808" : "-9223372036854775808");
	}
	KUNIT_EXPECT_STREQ(test, shown("warps"), "0");
	KUNIT_EXPECT_STREQ(test, shown("warp_max_ns"), "0");
}

/* Of a lane: what the leader counted and the CPUs did. */
static void sysfs_clock_lanes(struct kunit *test)
{
	static const struct tscope_lane_figures figures[] = {
		{ 1000, 30, 700, 5, 41 }, { }, { 200, 4, 9000, 60, 8001 }, { 7, 1, 80, 3, 600 },
	};
	static const struct {
		enum tscope_lane lane;
		const char *backward_max, *warp_max;
	} cases[] = {
		/* half a nanosecond a cycle, rounded down */
		{ TSCOPE_LANE_TSC, "4500", "4000" },
		{ TSCOPE_LANE_KVM, "9000", "8001" },
		{ TSCOPE_LANE_RAW, "9000", "8001" },
	};
	u32 i, cpu;

	clk->samples = 20000;
	clk->backward = 100;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ops.lane = cases[i].lane;
		for (cpu = 0; cpu < CPUS; cpu++) {
			if (!cpus[cpu])
				continue;
			/* of another lane none counts */
			memset(cpus[cpu]->lane, 0x7f, sizeof(cpus[cpu]->lane));
			cpus[cpu]->lane[cases[i].lane] = figures[cpu];
		}
		clk->backward_max_ns = 0;
		KUNIT_EXPECT_STREQ(test, shown("samples"), "21207");
		KUNIT_EXPECT_STREQ(test, shown("backward"), "135");
		KUNIT_EXPECT_STREQ(test, shown("warps"), "68");
		KUNIT_EXPECT_STREQ(test, shown("backward_max_ns"), cases[i].backward_max);
		KUNIT_EXPECT_STREQ(test, shown("warp_max_ns"), cases[i].warp_max);
		/* the leader's own is in ns */
		clk->backward_max_ns = 9001;
		KUNIT_EXPECT_STREQ(test, shown("backward_max_ns"), "9001");
	}
}

static void sysfs_clock_lane_extremes(struct kunit *test)
{
	struct tscope_lane_figures *tsc = &cpus[3]->lane[TSCOPE_LANE_TSC];

	KUNIT_EXPECT_STREQ(test, shown("backward_max_ns"), "0");
	KUNIT_EXPECT_STREQ(test, shown("warp_max_ns"), "0");
	/* a cycle is less than a nanosecond, and no warp is none */
	tsc->backward_max = 1;
	tsc->warp_max = 1;
	KUNIT_EXPECT_STREQ(test, shown("backward_max_ns"), "1");
	KUNIT_EXPECT_STREQ(test, shown("warp_max_ns"), "1");
	*tsc = (struct tscope_lane_figures){ U64_MAX, U64_MAX, U64_MAX, U64_MAX, U64_MAX };
	KUNIT_EXPECT_STREQ(test, shown("samples"), "18446744073709551615");
	KUNIT_EXPECT_STREQ(test, shown("backward"), "18446744073709551615");
	KUNIT_EXPECT_STREQ(test, shown("warps"), "18446744073709551615");
	KUNIT_EXPECT_STREQ(test, shown("backward_max_ns"), "9223372036854775807");
	KUNIT_EXPECT_STREQ(test, shown("warp_max_ns"), "9223372036854775807");
}

static void sysfs_clock_widths(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, show("read_min_ns"), (ssize_t)-ENODATA);
	KUNIT_EXPECT_EQ(test, show("read_avg_ns"), (ssize_t)-ENODATA);
	tscope_hist_add(&clk->width, 0);
	KUNIT_EXPECT_STREQ(test, shown("read_min_ns"), "0");
	KUNIT_EXPECT_STREQ(test, shown("read_avg_ns"), "0");
	tscope_hist_init(&clk->width);
	tscope_hist_add(&clk->width, 90);
	tscope_hist_add(&clk->width, 40);
	tscope_hist_add(&clk->width, 69);
	KUNIT_EXPECT_STREQ(test, shown("read_min_ns"), "40");
	KUNIT_EXPECT_STREQ(test, shown("read_avg_ns"), "66");
	tscope_hist_init(&clk->width);
	tscope_hist_add(&clk->width, U64_MAX - 1);
	KUNIT_EXPECT_STREQ(test, shown("read_min_ns"), "18446744073709551614");
	KUNIT_EXPECT_STREQ(test, shown("read_avg_ns"), "18446744073709551614");
}

static void sysfs_clock_skew(struct kunit *test)
{
	static const struct {
		s64 mppb;
		const char *text;
	} cases[] = {
		{ 0, "0.000" }, { 1, "0.001" }, { -1, "-0.001" }, { 10, "0.010" },
		{ -100, "-0.100" }, { 999, "0.999" }, { -999, "-0.999" },
		{ 1000, "1.000" }, { -1000, "-1.000" }, { -1001, "-1.001" },
		{ -1234567, "-1234.567" }, { 1234567, "1234.567" },
		{ 1000000000000, "1000000000.000" },
		{ S64_MAX, "9223372036854775.807" }, { S64_MIN, "-9223372036854775.808" },
	};
	u32 i;

	fit.error_mppb = 77;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fit.skew_mppb = cases[i].mppb;
		KUNIT_EXPECT_STREQ(test, shown("skew_ppb"), cases[i].text);
		KUNIT_EXPECT_STREQ(test, shown("skew_error_ppb"), "0.077");
	}
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].mppb < 0)
			continue;
		fit.error_mppb = cases[i].mppb;
		KUNIT_EXPECT_STREQ(test, shown("skew_error_ppb"), cases[i].text);
	}
	fit.error_mppb = U64_MAX;
	KUNIT_EXPECT_STREQ(test, shown("skew_error_ppb"), "18446744073709551.615");
	/* whatever kept it from being fitted */
	fit_err = -ERANGE;
	KUNIT_EXPECT_EQ(test, show("skew_ppb"), (ssize_t)-ENODATA);
	KUNIT_EXPECT_EQ(test, show("skew_error_ppb"), (ssize_t)-ENODATA);
}

static void sysfs_clock_phase(struct kunit *test)
{
	static const struct {
		s64 phase;
		const char *text;
	} cases[] = {
		{ 0, "0" }, { 65536, "1" }, { -65536, "-1" }, { 32767, "0" }, { 32768, "1" },
		{ -32767, "0" }, { -32768, "-1" }, { -1000LL << 16, "-1000" },
		{ S64_MAX, "140737488355328" }, { S64_MIN, "-140737488355328" },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		point.phase = cases[i].phase;
		KUNIT_EXPECT_STREQ(test, shown("phase_ns"), cases[i].text);
	}
	newest_err = -ENODATA;
	KUNIT_EXPECT_EQ(test, show("phase_ns"), (ssize_t)-ENODATA);
}

/* Each limit is its own, up to what its figure can be. */
static void sysfs_clock_limits(struct kunit *test)
{
	static const struct {
		const char *name, *most, *more;
		enum tscope_cause cause;
		u64 max;
	} files[] = {
		{ "warp_alert_ns", "9223372036854775807", "9223372036854775808",
		  TSCOPE_ALERT_WARP, S64_MAX },
		{ "step_alert_ns", "9223372036854775807\n", "9223372036854775808",
		  TSCOPE_ALERT_STEP, S64_MAX },
		{ "skew_alert_ppb", "1000000000", "1000000001\n",
		  TSCOPE_ALERT_SKEW, 1000000000 },
	};
	static const struct {
		const char *value;
		int err;
	} refused[] = {
		{ "18446744073709551615", -ERANGE }, { "18446744073709551616", -ERANGE },
		{ "-1", -EINVAL }, { "", -EINVAL }, { "0x10", -EINVAL }, { "1.5", -EINVAL },
		{ " 1", -EINVAL }, { "1 ", -EINVAL },
	};
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		clk->alert[files[i].cause].limit = 70 + i;
		KUNIT_EXPECT_EQ(test, store(files[i].name, files[i].more), (ssize_t)-ERANGE);
		for (k = 0; k < ARRAY_SIZE(refused); k++)
			KUNIT_EXPECT_EQ_MSG(test, store(files[i].name, refused[k].value),
					    (ssize_t)refused[k].err, "case %u", k);
		KUNIT_EXPECT_EQ(test, clk->alert[files[i].cause].limit, 70ULL + i);
	}
	KUNIT_EXPECT_STREQ(test, shown("warp_alert_ns"), "70");
	KUNIT_EXPECT_STREQ(test, shown("step_alert_ns"), "71");
	KUNIT_EXPECT_STREQ(test, shown("skew_alert_ppb"), "72");
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		KUNIT_EXPECT_EQ(test, store(files[i].name, files[i].most),
				(ssize_t)strlen(files[i].most));
		KUNIT_EXPECT_EQ(test, clk->alert[files[i].cause].limit, files[i].max);
		KUNIT_EXPECT_EQ(test, store(files[i].name, "0"), (ssize_t)1);
		KUNIT_EXPECT_STREQ(test, shown(files[i].name), "0");
	}
}

static struct kunit_case sysfs_clock_cases[] = {
	KUNIT_CASE(sysfs_clock_counts),
	KUNIT_CASE(sysfs_clock_lanes),
	KUNIT_CASE(sysfs_clock_lane_extremes),
	KUNIT_CASE(sysfs_clock_widths),
	KUNIT_CASE(sysfs_clock_skew),
	KUNIT_CASE(sysfs_clock_phase),
	KUNIT_CASE(sysfs_clock_limits),
	{}
};

static struct kunit_suite sysfs_clock_suite = {
	.name = "tscope_sysfs_clock",
	.init = sysfs_clock_setup,
	.exit = sysfs_clock_teardown,
	.test_cases = sysfs_clock_cases,
};

kunit_test_suite(sysfs_clock_suite);
