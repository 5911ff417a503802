// SPDX-License-Identifier: GPL-2.0
/* clock_hw.c: which reads of a device count, with counters whose values the test gives. */
#include "../clock.h"
#include "tests.h"

static u32 script[3], reads;

static u32 scripted(void)
{
	return script[reads++ % ARRAY_SIZE(script)];
}

static struct tscope_device d;

static int hw_init(struct kunit *test)
{
	d = (struct tscope_device){
		.count = scripted,
		.counter = { .num = 1000000000, .den = 3579545, .mask = 0xffffff },
		.in_order = true,
	};
	reads = 0;
	return 0;
}

/* Garbage in any of the three reads is noticed; the read in the middle counts. */
static void hw_in_order(struct kunit *test)
{
	static const struct {
		u32 reads[3];
		int err;
	} cases[] = {
		{ { 1000, 1004, 1008 }, 0 },
		{ { 1000, 1000, 1000 }, 0 },
		/* across the wrap, and with the upper bits that a port may have set */
		{ { 0xfffffe, 0xffffff, 3 }, 0 },
		{ { 0xfffffe, 1, 3 }, 0 },
		{ { 0xff001000, 0x1004, 0xff001008 }, 0 },
		/* an interrupt came in between and lasted a tenth of a second */
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
		memcpy(script, cases[i].reads, sizeof(script));
		KUNIT_EXPECT_EQ_MSG(test, tscope_device_read(&d, &raw), cases[i].err,
				    "case %u", i);
		KUNIT_EXPECT_EQ(test, reads, 3U);
		if (cases[i].err)
			continue;
		/* the first reading of each counter gives the same time */
		first_ns = first_ns ?: raw.ns;
		KUNIT_EXPECT_EQ(test, raw.ns, first_ns);
		KUNIT_EXPECT_EQ(test, d.counter.last, (u64)cases[i].reads[1] & 0xffffff);
		KUNIT_EXPECT_EQ(test, raw.tsc, raw.before + (raw.after - raw.before) / 2);
		KUNIT_EXPECT_EQ(test, raw.tick_ns, 280U);
		KUNIT_EXPECT_FALSE(test, raw.exact);
	}
	/* a device that never gives garbage is read once */
	hw_init(test);
	d.in_order = false;
	KUNIT_EXPECT_EQ(test, tscope_device_read(&d, &raw), 0);
	KUNIT_EXPECT_EQ(test, reads, 1U);
}

/* After 16 wraps of 1 ms it is not known how many wraps there were. */
static void hw_gap(struct kunit *test)
{
	struct tscope_raw raw;
	u32 source;

	memset(script, 0, sizeof(script));
	d.counter = (struct tscope_counter){ .num = 15259, .den = 1000, .mask = 0xffff };
	KUNIT_ASSERT_EQ(test, tscope_device_read(&d, &raw), 0);
	source = raw.source;
	d.counter.tsc -= 8ULL * tscope_tsc_khz;
	KUNIT_ASSERT_EQ(test, tscope_device_read(&d, &raw), 0);
	KUNIT_EXPECT_EQ(test, raw.source, source);
	d.counter.tsc -= 18ULL * tscope_tsc_khz;
	KUNIT_ASSERT_EQ(test, tscope_device_read(&d, &raw), 0);
	KUNIT_EXPECT_NE(test, raw.source, source);
}

static struct kunit_case hw_cases[] = {
	KUNIT_CASE(hw_in_order),
	KUNIT_CASE(hw_gap),
	{}
};

static struct kunit_suite hw_suite = {
	.name = "tscope_hw",
	.init = hw_init,
	.test_cases = hw_cases,
};

kunit_test_suite(hw_suite);
