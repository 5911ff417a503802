// SPDX-License-Identifier: GPL-2.0
/*
 * reading.c: which readings count, which becomes the window's point, where segments begin,
 * and how many readings a window has. The clocks' read ops follow a script.
 */
#include <linux/irqflags.h>

#include "../cpu.h"
#include "../events.h"
#include "../math128.h"
#include "tests.h"

#define PLENTY		U64_MAX

static struct tscope_raw script[2];
static u32 script_len, reads[2];
static int script_err;
static bool irqs_were_off;

static int script_read(struct tscope_raw *raw)
{
	irqs_were_off |= irqs_disabled();
	*raw = script[reads[0]++ % script_len];
	return script_err;
}

static int other_read(struct tscope_raw *raw)
{
	reads[1]++;
	*raw = script[0];
	return 0;
}

static const struct tscope_clock_ops bracketed = {
	.name = "device", .kind = TSCOPE_KIND_BRACKETED, .lane = TSCOPE_NO_LANE,
	.read = script_read,
}, at_tsc = {
	.name = "kernel", .kind = TSCOPE_KIND_AT_TSC, .lane = TSCOPE_LANE_RAW,
	.read = script_read,
}, other = {
	.name = "other", .kind = TSCOPE_KIND_BRACKETED, .lane = TSCOPE_NO_LANE,
	.read = other_read,
};

static struct tscope_clock *clk, *clk2;
static struct tscope_cpu *c;

static struct tscope_raw bracket(u64 before, u64 width_ns, u64 ns)
{
	u64 width = tscope_ns_to_cyc(width_ns, tscope_tsc_khz) + 1;

	return (struct tscope_raw){
		.before = before, .after = before + width, .ns = ns,
		.tsc = before + width / 2, .tick_ns = 10,
	};
}

static struct tscope_raw exact(u64 tsc, u64 ns)
{
	return (struct tscope_raw){
		.before = tsc - 50, .after = tsc + 50, .tsc = tsc, .ns = ns,
		.tick_ns = 1, .source = 1, .exact = true,
	};
}

static int reading_init(struct kunit *test)
{
	c = kunit_kzalloc(test, sizeof(*c) + 128, GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c = PTR_ALIGN(c, 128);
	clk = tscope_clock_alloc(&bracketed);
	clk2 = tscope_clock_alloc(&other);
	memset(reads, 0, sizeof(reads));
	script_len = 1;
	script_err = 0;
	irqs_were_off = false;
	return clk && clk2 ? 0 : -ENOMEM;
}

static void reading_exit(struct kunit *test)
{
	if (clk)
		tscope_clock_free(clk);
	if (clk2)
		tscope_clock_free(clk2);
	tscope_violations_reset();
}

static void use(struct kunit *test, const struct tscope_clock_ops *ops)
{
	tscope_clock_free(clk);
	clk = tscope_clock_alloc(ops);
	KUNIT_ASSERT_NOT_NULL(test, clk);
}

static u64 points(void)
{
	return clk->series.head;
}

static struct tscope_point newest(void)
{
	return clk->series.ring[(clk->series.head - 1) % TSCOPE_SERIES_POINTS];
}

static void take(u32 wanted, u64 budget_cyc)
{
	memset(reads, 0, sizeof(reads));
	tscope_clock_take(clk, c, wanted, budget_cyc);
}

/* The narrowest counts; in the first window, which learns the usual width, of eight readings. */
static void reading_narrowest(struct kunit *test)
{
	script[0] = bracket(100000, 140, 5000);
	script[1] = bracket(200000, 120, 6000);
	script_len = 2;
	take(1, 0);
	KUNIT_EXPECT_EQ(test, reads[0], 8U);
	KUNIT_EXPECT_EQ(test, points(), 1ULL);
	KUNIT_EXPECT_EQ(test, newest().tsc, script[1].tsc);
	take(1, 0);
	KUNIT_EXPECT_EQ(test, reads[0], 2U);
	KUNIT_EXPECT_EQ(test, points(), 2ULL);
	KUNIT_EXPECT_EQ(test, newest().tsc, script[1].tsc);
	KUNIT_EXPECT_LE(test, newest().width_ns - 120, 2U);
	KUNIT_EXPECT_EQ(test, clk->tick_ns, 10U);
	KUNIT_EXPECT_EQ(test, (u32)clk->exactness, (u32)TSCOPE_BRACKETED);
	KUNIT_EXPECT_EQ(test, clk->samples, 10ULL);
	KUNIT_EXPECT_EQ(test, clk->width.count, 10ULL);
	/* a TSC that does not move across a read is no reason to have no points */
	script[1].after = script[1].before;
	take(1, 0);
	KUNIT_EXPECT_EQ(test, points(), 3ULL);
	KUNIT_EXPECT_EQ(test, newest().width_ns, 0U);
	KUNIT_EXPECT_FALSE(test, irqs_were_off);
}

/* A reading over twice the usual narrowest plus 500 ns is rejected, or one whose TSC went back. */
static void reading_rejects(struct kunit *test)
{
	static const struct {
		u64 width_ns;
		bool rejected;
	} cases[] = {
		{ 690, false }, { 710, true }, { 50, false }, { 590, false }, { 610, true },
	};
	u32 i;

	script[0] = bracket(100000, 100, 5000);
	take(1, 0);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		clk->rejected = 0;
		script[0] = bracket(100000 * (i + 2), cases[i].width_ns, 5000);
		take(1, 0);
		KUNIT_EXPECT_EQ_MSG(test, clk->rejected, 2ULL * cases[i].rejected,
				    "case %u", i);
	}
	clk->rejected = 0;
	swap(script[0].before, script[0].after);
	take(1, 0);
	KUNIT_EXPECT_EQ(test, clk->rejected, 2ULL);
}

/* A width that was narrow by chance is forgotten. */
static void reading_reference_creeps(struct kunit *test)
{
	u32 i;

	script[0] = bracket(100000, 100, 5000);
	take(1, 0);
	script[0] = bracket(100000, 1100, 5000);
	for (i = 0; i < 1000; i++)
		take(1, 0);
	KUNIT_EXPECT_GT(test, clk->rejected, 200ULL);
	KUNIT_EXPECT_GT(test, points(), 200ULL);
	KUNIT_EXPECT_GE(test, clk->width_ref_ns, 1100ULL);
}

static void reading_fails(struct kunit *test)
{
	script[0] = bracket(100000, 100, 5000);
	script_err = -EAGAIN;
	take(1, 0);
	KUNIT_EXPECT_EQ(test, clk->rejected, 8ULL);
	KUNIT_EXPECT_EQ(test, clk->errors, 0ULL);
	/* a clock that fails is read once only */
	script_err = -EIO;
	take(1, 0);
	KUNIT_EXPECT_EQ(test, clk->errors, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->samples, 9ULL);
	KUNIT_EXPECT_EQ(test, clk->width.count, 0ULL);
	KUNIT_EXPECT_EQ(test, points(), 0ULL);
}

static void reading_goes_back(struct kunit *test)
{
	u64 first, end, after;

	tscope_violations_range(&first, &end);
	script[0] = bracket(100000, 100, 5000);
	take(1, 0);
	script[0].ns = 4970;
	take(1, 0);
	KUNIT_EXPECT_EQ(test, clk->backward, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->backward_max_ns, 30ULL);
	tscope_violations_range(&first, &after);
	KUNIT_EXPECT_EQ(test, after, end + 1);
	/* meetings read a clock with a lane too; its fraction never makes it go backward */
	use(test, &at_tsc);
	c->last[TSCOPE_LANE_RAW] = 7000;
	script[0] = exact(300000, 7000);
	script[0].frac = 3 << 16;
	take(1, 0);
	KUNIT_EXPECT_EQ(test, clk->backward, 0ULL);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_RAW], 7000ULL);
	KUNIT_EXPECT_EQ(test, clk->series.origin.ns, 7003ULL);
	script[0] = exact(400000, 6970);
	take(1, 0);
	KUNIT_EXPECT_EQ(test, clk->backward_max_ns, 30ULL);
}

/* As many exact readings as are wanted, if there is time for them; one in any case. */
static void reading_exact(struct kunit *test)
{
	use(test, &at_tsc);
	script[0] = exact(100000, 5000);
	take(1, 0);
	KUNIT_EXPECT_EQ(test, reads[0], 1U);
	take(8, PLENTY);
	KUNIT_EXPECT_EQ(test, reads[0], 8U);
	take(7, PLENTY);
	KUNIT_EXPECT_EQ(test, reads[0], 7U);
	take(8, 0);
	KUNIT_EXPECT_EQ(test, reads[0], 1U);
	KUNIT_EXPECT_EQ(test, points(), 4ULL);
	KUNIT_EXPECT_EQ(test, newest().width_ns, 0U);
	KUNIT_EXPECT_EQ(test, (u32)clk->exactness, (u32)TSCOPE_EXACT);
	/* a reading whose TSC value is outside of it does not count: the next one does */
	script[0].tsc = script[0].after + 1;
	script[1] = exact(200000, 6000);
	script_len = 2;
	take(1, PLENTY);
	KUNIT_EXPECT_EQ(test, clk->rejected, 1ULL);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_RAW], 6000ULL);
	KUNIT_EXPECT_FALSE(test, irqs_were_off);
}

/* The clocksource becomes a device, and exact again: each change begins a segment. */
static void reading_source_changes(struct kunit *test)
{
	u32 i;

	use(test, &at_tsc);
	for (i = 0; i < 5; i++) {
		script[0] = exact(100000 + i, 5000 + i);
		take(1, 0);
	}
	KUNIT_EXPECT_EQ(test, clk->series.segment, 1U);
	script[0] = bracket(200000, 900, 9000);
	take(1, 0);
	KUNIT_EXPECT_EQ(test, reads[0], 8U);
	take(1, 0);
	KUNIT_EXPECT_EQ(test, reads[0], 2U);
	KUNIT_EXPECT_EQ(test, (u32)clk->exactness, (u32)TSCOPE_BRACKETED);
	/* the larger tick counts at once */
	KUNIT_EXPECT_EQ(test, clk->tick_ns, 10U);
	for (i = 0; i < 8; i++)
		take(1, 0);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 2U);
	script[0] = exact(300000, 10000);
	for (i = 0; i < 8; i++)
		take(1, 0);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 3U);
	KUNIT_EXPECT_EQ(test, clk->tick_ns, 1U);
}

/* One device is read in each window, in turn; windows after a slow one read none. */
static void reading_devices(struct kunit *test)
{
	struct tscope_clock *device[] = { clk, clk2 };
	struct tscope_turn turn = { };
	u32 i;

	script[0] = bracket(100000, 100, 5000);
	for (i = 0; i < 4; i++)
		tscope_devices_take(&turn, device, 2, c, PLENTY);
	/* 8 readings to learn the usual width, and then 2 */
	KUNIT_EXPECT_EQ(test, reads[0], 10U);
	KUNIT_EXPECT_EQ(test, reads[1], 10U);
	/* no reading is within a budget of one cycle: four windows at most go without */
	memset(reads, 0, sizeof(reads));
	for (i = 0; i < 10; i++)
		tscope_devices_take(&turn, device, 2, c, 1);
	KUNIT_EXPECT_EQ(test, reads[0], 2U);
	KUNIT_EXPECT_EQ(test, reads[1], 2U);
}

static struct kunit_case reading_cases[] = {
	KUNIT_CASE(reading_narrowest),
	KUNIT_CASE(reading_rejects),
	KUNIT_CASE(reading_reference_creeps),
	KUNIT_CASE(reading_fails),
	KUNIT_CASE(reading_goes_back),
	KUNIT_CASE(reading_exact),
	KUNIT_CASE(reading_source_changes),
	KUNIT_CASE(reading_devices),
	{}
};

static struct kunit_suite reading_suite = {
	.name = "tscope_reading",
	.init = reading_init,
	.exit = reading_exit,
	.test_cases = reading_cases,
};

kunit_test_suite(reading_suite);
