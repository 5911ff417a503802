// SPDX-License-Identifier: GPL-2.0
/*
 * clock_hw.c: which reads of the ACPI PM timer count, and the HPET's own tick, with ports
 * and registers that are made up. The file is compiled once more, with names of its own.
 */
#define tscope_clock_acpi_pm	hw_kunit_acpi_pm
#define tscope_clock_hpet	hw_kunit_hpet
#define tscope_tsc_khz		hw_kunit_tsc_khz

#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/ktime.h>

#include "../clock.h"
#include "tests.h"

static u32 fake_in(void);
static u32 fake_read(const void __iomem *addr);
static u64 now;

#undef inl
#undef readl
#define inl(p)			((void)(p), fake_in())
#define readl(addr)		fake_read(addr)
#define rdtsc_ordered()		(now += 100)
#include "../clock_hw.c"

u32 tscope_tsc_khz = 1000000;	/* a cycle is a nanosecond */

static u32 script[8], reads, period_fs, config, count;

static u32 fake_in(void)
{
	now += 1000;
	return script[reads++ % ARRAY_SIZE(script)];
}

static u32 fake_read(const void __iomem *addr)
{
	switch ((unsigned long)addr - (unsigned long)regs) {
	case REG_PERIOD:
		return period_fs;
	case REG_CONFIG:
		return config;
	case REG_COUNTER:
		return count++;
	}
	return 0;
}

static int hw_init(struct kunit *test)
{
	pm_counter = (struct tscope_counter){
		.num = NSEC_PER_SEC, .den = PMTMR_TICKS_PER_SEC, .mask = 0xffffff,
	};
	now = 1ULL << 40;
	reads = 0;
	return 0;
}

/* Garbage in any of the three is noticed; what counts is the one in the middle. */
static void hw_pm_in_order(struct kunit *test)
{
	static const struct {
		u32 reads[3];
		int err;
	} cases[] = {
		{ { 1000, 1004, 1008 }, 0 },
		{ { 1000, 1000, 1000 }, 0 },
		/* across the wrap, and with what the upper bits of a port may have */
		{ { 0xfffffe, 0xffffff, 3 }, 0 },
		{ { 0xfffffe, 1, 3 }, 0 },
		{ { 0xff001000, 0x1004, 0xff001008 }, 0 },
		/* an interrupt came between, for a tenth of a second */
		{ { 1000, 1004, 358958 }, 0 },
		{ { 500, 1004, 1008 }, 0 },
		{ { 0xabcdef, 1004, 1008 }, -EAGAIN },
		{ { 1000, 0xabcdef, 1008 }, -EAGAIN },
		{ { 1000, 0, 1008 }, -EAGAIN },
		{ { 1000, 1004, 0xabcdef }, -EAGAIN },
		{ { 1000, 1004, 1003 }, -EAGAIN },
		{ { 1005, 1004, 1008 }, -EAGAIN },
	};
	struct tscope_raw raw;
	u64 first_ns = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		hw_init(test);
		memcpy(script, cases[i].reads, sizeof(cases[i].reads));
		KUNIT_EXPECT_EQ_MSG(test, tscope_clock_acpi_pm.read(&raw), cases[i].err,
				    "case %u", i);
		KUNIT_EXPECT_EQ(test, reads, 3U);
		if (cases[i].err)
			continue;
		/* the first reading of a counter is as any other's first */
		first_ns = first_ns ?: raw.ns;
		KUNIT_EXPECT_EQ(test, raw.ns, first_ns);
		KUNIT_EXPECT_EQ(test, pm_counter.last,
				(u64)cases[i].reads[1] & 0xffffff);
		KUNIT_EXPECT_EQ(test, raw.after - raw.before, 1100ULL);
		KUNIT_EXPECT_EQ(test, raw.tsc, raw.before + 550);
		KUNIT_EXPECT_FALSE(test, raw.exact);
		KUNIT_EXPECT_FALSE(test, raw.begins);
	}
}

/* After 16 wraps, 75 s, nothing tells how many there were. */
static void hw_pm_gap(struct kunit *test)
{
	struct tscope_raw raw;

	memset(script, 0, sizeof(script));
	KUNIT_ASSERT_EQ(test, tscope_clock_acpi_pm.read(&raw), 0);
	now += 74 * NSEC_PER_SEC;
	KUNIT_ASSERT_EQ(test, tscope_clock_acpi_pm.read(&raw), 0);
	KUNIT_EXPECT_FALSE(test, raw.begins);
	now += 80 * NSEC_PER_SEC;
	KUNIT_ASSERT_EQ(test, tscope_clock_acpi_pm.read(&raw), 0);
	KUNIT_EXPECT_TRUE(test, raw.begins);
}

static void hw_hpet_tick(struct kunit *test)
{
	static const struct {
		u32 period_fs, config;
		int err;
		u32 tick_ns;
	} cases[] = {
		{ 69841279, CONFIG_ENABLE, 0, 70 },
		{ 10000000, CONFIG_ENABLE, 0, 10 },
		{ 100000000, CONFIG_ENABLE, 0, 100 },
		{ 100000001, CONFIG_ENABLE, -ENODEV, 0 },
		{ 0, CONFIG_ENABLE, -ENODEV, 0 },
		{ 10000000, 0, -ENODEV, 0 },
	};
	struct tscope_raw raw;
	const char *why;
	u32 i;

	regs = (void __iomem *)script;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		period_fs = cases[i].period_fs;
		config = cases[i].config;
		KUNIT_EXPECT_EQ_MSG(test, hpet_check(&why), cases[i].err, "case %u", i);
		if (cases[i].err)
			continue;
		KUNIT_ASSERT_EQ(test, tscope_clock_hpet.read(&raw), 0);
		KUNIT_EXPECT_EQ(test, raw.tick_ns, cases[i].tick_ns);
		KUNIT_EXPECT_EQ(test, raw.after - raw.before, 100ULL);
	}
	regs = NULL;
}

static struct kunit_case hw_cases[] = {
	KUNIT_CASE(hw_pm_in_order),
	KUNIT_CASE(hw_pm_gap),
	KUNIT_CASE(hw_hpet_tick),
	{}
};

static struct kunit_suite hw_suite = {
	.name = "tscope_hw",
	.init = hw_init,
	.test_cases = hw_cases,
};

kunit_test_suite(hw_suite);
