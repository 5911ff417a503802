// SPDX-License-Identifier: GPL-2.0
/*
 * clock.c and reading.c: which readings count, where segments begin, how steps are
 * counted, with a clock whose readings are written down here. The files are compiled
 * once more, with names of their own and a stand-in for what they tell others.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#define tscope_clocks_init		clock_kunit_clocks_init
#define tscope_clocks_exit		clock_kunit_clocks_exit
#define tscope_clocks_reset		clock_kunit_clocks_reset
#define tscope_clocks_refined		clock_kunit_clocks_refined
#define tscope_clocks_refine		clock_kunit_clocks_refine
#define tscope_clock_count		clock_kunit_count
#define tscope_clock_get		clock_kunit_get
#define tscope_clock_of_lane		clock_kunit_of_lane
#define tscope_clock_sample		clock_kunit_sample
#define tscope_clock_add		clock_kunit_add
#define tscope_clock_stepped		clock_kunit_stepped
#define tscope_clock_updated		clock_kunit_updated
#define tscope_clock_break		clock_kunit_break
#define tscope_clock_thin		clock_kunit_thin
#define tscope_points_take		clock_kunit_points_take
#define tscope_tsc_khz			clock_kunit_tsc_khz
#define tscope_ns_mult			clock_kunit_ns_mult
#define tscope_alert_raise		clock_kunit_alert_raise
#define tscope_step_record		clock_kunit_step_record
#define tscope_violation		clock_kunit_violation

#include <linux/ktime.h>
#include <linux/smp.h>

#include "tests.h"

#define ktime_get_coarse_boottime_ns()	77
#undef smp_processor_id
#define smp_processor_id()		0
#include "../clock.c"
#include "../reading.c"

#define PERIOD_NS	10000000ULL

static u32 alerts, told, violations;
static s64 violation_ns;
static struct tscope_raw script[32];
static int script_err;
static u32 reads, script_len;
static struct tscope_clock *clk;
static struct tscope_cpu leader, other = { .cpu = 1 };

void tscope_alert_raise(struct tscope_clock *c, enum tscope_cause cause,
			s64 size, int cpu, int peer)
{
	alerts += cause == TSCOPE_ALERT_STEP;
}

void tscope_step_record(const char *clock, int cpu,
			const struct tscope_step *step)
{
	told++;
}

void tscope_violation(enum tscope_what what, const char *clock, int cpu,
		      int peer, s64 size_ns, u64 count, u64 tsc)
{
	violations += what == TSCOPE_BACKWARD;
	violation_ns = size_ns;
}

static int read_script(struct tscope_raw *raw)
{
	*raw = script[reads++ % script_len];
	return script_err;
}

static bool source_changed;
static u32 source_tick_ns;

static bool look_script(struct tscope_source *source)
{
	bool was = source_changed;

	source->tick_ns = source_tick_ns;
	source->device = source_tick_ns;
	source_changed = false;
	return was;
}

static struct tscope_clock_ops ops;

static int clock_init(struct kunit *test)
{
	ops = (struct tscope_clock_ops){
		.name = "test", .lane = TSCOPE_NO_LANE,
		.series = true, .read = read_script,
	};
	alerts = 0;
	told = 0;
	violations = 0;
	script_err = 0;
	script_len = 1;
	reads = 0;
	memset(leader.last, 0, sizeof(leader.last));
	tscope_tsc_khz = 1000000;	/* a cycle is a nanosecond */
	clk = clock_alloc(&ops);
	return clk ? 0 : -ENOMEM;
}

static void clock_exit(struct kunit *test)
{
	clock_free(clk);
}

static struct tscope_raw raw(u64 before, u64 width, u64 value)
{
	return (struct tscope_raw){ .before = before, .after = before + width, .value = value };
}

static void clock_reads(struct kunit *test)
{
	script[0] = raw(1000, 100, 5000);
	tscope_clock_sample(clk, &leader);
	KUNIT_EXPECT_EQ(test, reads, (u32)READS_LEARN);
	tscope_clock_sample(clk, &leader);
	KUNIT_EXPECT_EQ(test, reads, (u32)(READS_LEARN + READS_CHEAP));
	ops.costly = true;
	tscope_clock_sample(clk, &leader);
	KUNIT_EXPECT_EQ(test, reads,
			(u32)(READS_LEARN + READS_CHEAP + READS_COSTLY));
	KUNIT_EXPECT_EQ(test, clk->samples, (u64)reads);
	KUNIT_EXPECT_EQ(test, clk->width.count, (u64)reads);
	KUNIT_EXPECT_EQ(test, clk->width.max, 100ULL);
	/* where the width is no error there is nothing to learn */
	clock_zero(clk);
	ops.pair = true;
	reads = 0;
	script[0].tsc = 1050;
	tscope_clock_sample(clk, &leader);
	KUNIT_EXPECT_EQ(test, reads, (u32)READS_COSTLY);
	KUNIT_EXPECT_EQ(test, (clk->series.head - clk->series.first), 1ULL);
}

static void clock_takes_narrowest(struct kunit *test)
{
	struct tscope_point *p = &clk->series.ring[0];

	script[0] = raw(1000, 140, 5000);
	script[1] = raw(2000, 120, 6000);
	script[2] = raw(3000, 121, 7000);
	script[3] = raw(4000, 500, 8000);
	script_len = 4;
	/* the first are only to learn how narrow a reading can be */
	tscope_clock_sample(clk, &leader);
	KUNIT_EXPECT_EQ(test, (clk->series.head - clk->series.first), 0ULL);
	KUNIT_EXPECT_EQ(test, clk->width_ref_ns, 120ULL);
	KUNIT_EXPECT_EQ(test, clk->point_boot_ns, 0ULL);
	tscope_clock_sample(clk, &leader);
	KUNIT_EXPECT_EQ(test, (clk->series.head - clk->series.first), 1ULL);
	KUNIT_EXPECT_EQ(test, clk->point_boot_ns, 77ULL);
	/* between its two TSC reads, and off by half the width at most */
	KUNIT_EXPECT_EQ(test, p->tsc, 2060ULL);
	KUNIT_EXPECT_EQ(test, p->width_ns, 120U);
	KUNIT_EXPECT_EQ(test, clk->series.wait[0].ns, 6000ULL);
	KUNIT_EXPECT_EQ(test, clk->series.wait[0].error_ns, 61U);
}

static void clock_rejects(struct kunit *test)
{
	static const struct {
		u64 width, ref;
		bool pair;
		u64 tsc;
		bool rejected;
	} cases[] = {
		{ 700, 100, false, 0, false },
		{ 701, 100, false, 0, true },
		{ 50, 100, false, 0, false },
		{ -1ULL, 100, false, 0, true },	/* the TSC went back */
		{ 1000000, 0, false, 0, false },	/* the first */
		/* a pair counts where it is of the time between */
		{ 1000000, 100, true, 1000000, false },
		{ 1000000, 100, true, 2000000, false },
		{ 1000000, 100, true, 999999, true },
		{ 1000000, 100, true, 2000001, true },
	};
	struct tscope_reading r = { };
	bool got;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		clock_zero(clk);
		ops.pair = cases[i].pair;
		clk->width_ref_ns = cases[i].ref;
		script[0] = raw(1000000, cases[i].width, 5000);
		script[0].tsc = cases[i].tsc;
		got = clock_read(clk, &leader, &r);
		KUNIT_EXPECT_EQ_MSG(test, got, !cases[i].rejected, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, clk->rejected,
				    (u64)cases[i].rejected, "case %u", i);
		if (!got || !cases[i].pair)
			continue;
		KUNIT_EXPECT_EQ(test, r.tsc, cases[i].tsc);
		KUNIT_EXPECT_EQ(test, r.error_ns, 0U);
	}
}

/* A clock that counts in steps is anywhere between two of them. */
static void clock_ticks(struct kunit *test)
{
	struct tscope_reading r = { };

	script[0] = raw(1000000, 100, 5000);
	KUNIT_ASSERT_TRUE(test, clock_read(clk, &leader, &r));
	KUNIT_EXPECT_EQ(test, r.error_ns, 51U);
	ops.resolution_ns = 279;
	KUNIT_ASSERT_TRUE(test, clock_read(clk, &leader, &r));
	KUNIT_EXPECT_EQ(test, r.error_ns, 51U + 140);
}

/* The kernel takes another clocksource: nothing learned holds, no line leads on. */
static void clock_source_changes(struct kunit *test)
{
	u32 i;

	ops.source = look_script;
	source_tick_ns = 0;
	source_changed = true;
	for (i = 0; i < 20; i++) {
		script[0] = raw(1000000 * i, 40, 1000000 * i);
		tscope_clock_sample(clk, &leader);
	}
	KUNIT_EXPECT_EQ(test, clk->width_ref_ns, 40ULL);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 1U);
	KUNIT_EXPECT_EQ(test, clk->tick_ns, 0U);
	/* wide reads of a device, which no step comes with */
	source_changed = true;
	source_tick_ns = 280;
	script_len = 2;
	for (; i < 40; i++) {
		script[0] = raw(1000000 * i, 500, 1000000 * i);
		script[1] = raw(1000000 * i + 500, 500, 1000000 * i + 500);
		tscope_clock_sample(clk, &leader);
		KUNIT_EXPECT_EQ(test, clk->width_ref_ns, 1000ULL);
		KUNIT_EXPECT_EQ(test, clk->tick_ns, 280U);
	}
	KUNIT_EXPECT_EQ(test, clk->rejected, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 2U);
	/* the tick stays as long as its points do, no longer for a break that drops the first */
	source_changed = true;
	source_tick_ns = 0;
	script_len = 1;
	reads = 0;
	for (; i < 60; i++) {
		if (i == 42)
			tscope_clock_break(clk);
		script[0] = raw(1000000 * i, 40, 1000000 * i);
		tscope_clock_sample(clk, &leader);
		KUNIT_EXPECT_EQ(test, clk->tick_ns,
				clk->series.segment < 3 ? 280U : 0U);
	}
	KUNIT_EXPECT_EQ(test, clk->series.segment, 3U);
}

/* While it isn't known what the clock is read from nothing is read. */
static void clock_source_doubted(struct kunit *test)
{
	ops.source = look_script;
	clk->source.doubted = true;
	tscope_clock_sample(clk, &leader);
	KUNIT_EXPECT_EQ(test, reads, 0U);
	clk->source.doubted = false;
	tscope_clock_sample(clk, &leader);
	KUNIT_EXPECT_EQ(test, reads, (u32)READS_LEARN);
}

/* Behind a lock another CPU's older reading may be had, but not twice. */
static void clock_reads_device_twice(struct kunit *test)
{
	struct tscope_reading r = { };

	ops.source = look_script;
	clk->source.tick_ns = 280;
	clk->source.device = true;
	script_len = 2;
	script[0] = raw(1000, 50, 5000);
	script[1] = raw(2000, 50, 5000);
	KUNIT_EXPECT_FALSE(test, clock_read(clk, &leader, &r));
	script[1].value = 5001;
	KUNIT_EXPECT_FALSE(test, clock_read(clk, &leader, &r));
	KUNIT_EXPECT_EQ(test, clk->rejected, 2ULL);
	KUNIT_EXPECT_EQ(test, clk->errors, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->width.count, 2ULL);
	script[1].value = 6100;
	KUNIT_ASSERT_TRUE(test, clock_read(clk, &leader, &r));
	/* between the TSC reads before the first and after the second */
	KUNIT_EXPECT_EQ(test, r.ns, 6100ULL);
	KUNIT_EXPECT_EQ(test, r.tsc, 1525ULL);
	KUNIT_EXPECT_EQ(test, r.width_ns, 1050U);
	KUNIT_EXPECT_EQ(test, r.error_ns, 526U + 140);
}

/* What is narrow was so by chance, and is forgotten. */
static void clock_reference_creeps(struct kunit *test)
{
	u32 i;

	clk->width_ref_ns = 256;
	script[0] = raw(1000, 1000, 0);
	tscope_clock_sample(clk, &leader);
	KUNIT_EXPECT_EQ(test, clk->width_ref_ns, 257ULL);
	for (i = 0; i < 10000; i++)
		tscope_clock_sample(clk, &leader);
	KUNIT_EXPECT_EQ(test, clk->width_ref_ns, 1000ULL);
}

static void clock_fails(struct kunit *test)
{
	script_err = -EOPNOTSUPP;
	script[0] = raw(1000, 100, 5000);
	tscope_clock_sample(clk, &leader);
	KUNIT_EXPECT_EQ(test, clk->errors, (u64)READS_LEARN);
	KUNIT_EXPECT_EQ(test, clk->samples, (u64)READS_LEARN);
	KUNIT_EXPECT_EQ(test, clk->width.count, 0ULL);
	KUNIT_EXPECT_EQ(test, (clk->series.head - clk->series.first), 0ULL);
	/* on another CPU nothing is read, nor counted */
	tscope_clock_sample(clk, &other);
	KUNIT_EXPECT_EQ(test, reads, (u32)READS_LEARN);
	KUNIT_EXPECT_EQ(test, clk->samples, (u64)READS_LEARN);
}

static void clock_goes_back(struct kunit *test)
{
	struct tscope_reading r = { };

	script[0] = raw(1000, 100, 5000);
	script[1] = raw(2000, 100, 4970);
	script[2] = raw(3000, 100, 4970);
	script[3] = raw(4000, 100, U64_MAX);
	script[4] = raw(5000, 100, 0);
	script_len = 5;
	while (reads < 3)
		clock_read(clk, &leader, &r);
	KUNIT_EXPECT_EQ(test, clk->backward, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->backward_max_ns, 30ULL);
	KUNIT_EXPECT_EQ(test, violations, 1U);
	KUNIT_EXPECT_EQ(test, violation_ns, 30LL);
	while (reads < 5)
		clock_read(clk, &leader, &r);
	KUNIT_EXPECT_EQ(test, clk->backward, 2ULL);
	KUNIT_EXPECT_EQ(test, clk->backward_max_ns, U64_MAX);
	KUNIT_EXPECT_EQ(test, violation_ns, S64_MAX);
}

static void clock_counts_steps(struct kunit *test)
{
	static const struct {
		s64 ns, last, max;
	} cases[] = {
		{ 100, 100, 100 },
		{ -500, -500, -500 },
		{ 400, 400, -500 },
		{ 1, 1, -500 },
		{ S64_MIN, S64_MIN, S64_MIN },
		{ S64_MAX, S64_MAX, S64_MIN },
	};
	struct tscope_step step = { };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		step.ns = cases[i].ns;
		tscope_clock_stepped(clk, &step);
		KUNIT_EXPECT_EQ(test, clk->steps, i + 1ULL);
		KUNIT_EXPECT_EQ(test, alerts, i + 1);
		KUNIT_EXPECT_EQ(test, clk->step_last_ns, cases[i].last);
		KUNIT_EXPECT_EQ(test, clk->step_max_ns, cases[i].max);
	}
	KUNIT_EXPECT_EQ(test, tscope_shist_count(&clk->step_hist), (u64)i);
}

/* All CPUs see a master clock's update: it counts once, whoever is first. */
static void clock_counts_updates(struct kunit *test)
{
	struct tscope_pvti old = { .ns = 1000, .flags = TSCOPE_PVTI_STABLE };
	struct tscope_pvti new = old;
	struct tscope_step step = { .ns = 300, .error_ns = 1 };

	new.ns = 2000;
	new.tsc = 700;
	KUNIT_EXPECT_TRUE(test, tscope_clock_updated(clk, &old, &new, &step));
	KUNIT_EXPECT_FALSE(test, tscope_clock_updated(clk, &old, &new, &step));
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, alerts, 1U);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, 300LL);
	/* after a reset what was told is forgotten */
	clock_zero(clk);
	KUNIT_EXPECT_TRUE(test, tscope_clock_updated(clk, &old, &new, &step));
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
}

/* What the burst read of a clock of its own, too, is one line of readings. */
static void clock_backward_once(struct kunit *test)
{
	struct tscope_reading r = { };

	ops.lane = TSCOPE_LANE_RAW;
	leader.last[TSCOPE_LANE_RAW] = 7000;
	script[0] = raw(1000, 100, 6970);
	KUNIT_EXPECT_TRUE(test, clock_read(clk, &leader, &r));
	KUNIT_EXPECT_EQ(test, clk->backward, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->backward_max_ns, 30ULL);
	/* and the burst will not find it again */
	KUNIT_EXPECT_EQ(test, leader.last[TSCOPE_LANE_RAW], 6970ULL);
	/* the burst found it first */
	leader.last[TSCOPE_LANE_RAW] = 5000;
	script[0] = raw(2000, 100, 5010);
	KUNIT_EXPECT_TRUE(test, clock_read(clk, &leader, &r));
	KUNIT_EXPECT_EQ(test, clk->backward, 1ULL);
}

/* Segments: a step that is found, and one that is told, each begin one. */
static void clock_segments(struct kunit *test)
{
	struct tscope_reading r = { };
	u32 i;

	for (i = 0; i < 300; i++) {
		r.tsc = i * PERIOD_NS;
		r.ns = i * PERIOD_NS + (i < 200 ? 0 : 5000);
		tscope_clock_add(clk, &r);
	}
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, told, 1U);
	KUNIT_EXPECT_EQ(test, alerts, 1U);
	KUNIT_EXPECT_LE(test, abs(clk->step_last_ns - 5000), 1000LL);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 2U);
	tscope_clock_break(clk);
	r.tsc += PERIOD_NS;
	tscope_clock_add(clk, &r);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 3U);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	/* the TSC has no series: there is nothing to break */
	ops.series = false;
	tscope_clock_break(clk);
	KUNIT_EXPECT_TRUE(test, clk->series.origin_valid);
	ops.series = true;
}

static void clock_reset(struct kunit *test)
{
	struct tscope_point *ring = clk->series.ring;
	struct tscope_step step = { .ns = 5 };

	script[0] = raw(1000, 100, 5000);
	tscope_clock_sample(clk, &leader);
	tscope_clock_sample(clk, &leader);
	tscope_clock_stepped(clk, &step);
	KUNIT_EXPECT_EQ(test, (clk->series.head - clk->series.first), 1ULL);
	tscope_clock_thin(clk, 77);
	clocks[clock_count++] = clk;
	KUNIT_EXPECT_PTR_EQ(test, tscope_clock_get(0), clk);
	KUNIT_EXPECT_NULL(test, tscope_clock_of_lane(TSCOPE_LANE_KVM));
	tscope_clocks_reset();
	clock_count = 0;
	KUNIT_EXPECT_EQ(test, clk->samples, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->width.count, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->step_max_ns, 0LL);
	KUNIT_EXPECT_EQ(test, (clk->series.head - clk->series.first), 0ULL);
	/* what is no figure stays */
	KUNIT_EXPECT_PTR_EQ(test, clk->series.ring, ring);
	KUNIT_EXPECT_EQ(test, clk->series.slot_cyc, 77ULL);
}

static struct kunit_case clock_cases[] = {
	KUNIT_CASE(clock_reads),
	KUNIT_CASE(clock_takes_narrowest),
	KUNIT_CASE(clock_rejects),
	KUNIT_CASE(clock_reference_creeps),
	KUNIT_CASE(clock_fails),
	KUNIT_CASE(clock_goes_back),
	KUNIT_CASE(clock_ticks),
	KUNIT_CASE(clock_source_changes),
	KUNIT_CASE(clock_source_doubted),
	KUNIT_CASE(clock_reads_device_twice),
	KUNIT_CASE(clock_backward_once),
	KUNIT_CASE(clock_counts_steps),
	KUNIT_CASE(clock_counts_updates),
	KUNIT_CASE(clock_segments),
	KUNIT_CASE(clock_reset),
	{}
};

static struct kunit_suite clock_suite = {
	.name = "tscope_clock",
	.init = clock_init,
	.exit = clock_exit,
	.test_cases = clock_cases,
};

kunit_test_suite(clock_suite);
