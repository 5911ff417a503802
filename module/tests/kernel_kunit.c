// SPDX-License-Identifier: GPL-2.0
/*
 * clock_kernel.c: when a snapshot is at a TSC value and at which, and when it is not, by
 * snapshots of a clocksource that is written down here.
 */
#include "../moment.h"
#include "tests.h"

enum shows { TSC, PAGE, CLAMPED, TICKS, DEVICE };

static struct tscope_source s;
static struct tscope_raw m;
static struct tscope_timepage page;
static enum shows shows;
static u64 now, read_at, snapshots, handed_ns;
static u32 torn, slow_cyc;
static bool there, hw;
static u8 changed;

static bool take(struct tscope_take *t)
{
	u64 ns;

	snapshots++;
	*t = (struct tscope_take){ .page = page, .before = now += 100 };
	now += 37 + slow_cyc;
	read_at = now;
	now += 41 + slow_cyc;
	t->after = now += 100;
	t->ticks = 4294900000ULL;
	if (torn) {
		t->page.flags = 0;
		torn--;
	}

	ns = tscope_timepage_ns(&page, read_at);
	t->snap.cycles = shows == TSC ? read_at :
			 shows == PAGE ? ns :
			 /* as another CPU's, which is 20 ns ahead: within the bracket */
			 shows == CLAMPED ? ns + 20 :
			 shows == TICKS ? 4294900001ULL : snapshots;
	t->snap.raw_ns = handed_ns ?: ns + 7000;
	t->snap.real_ns = t->snap.raw_ns + 1000000;
	t->snap.tsc = hw ? read_at : 0;
	t->snap.changed = changed;
	t->snap.was_set = 5;
	return there;
}

static int kernel_init(struct kunit *test)
{
	s = (struct tscope_source){ .take = take };
	now = 1ULL << 40;
	/* 2.1 GHz */
	page = (struct tscope_timepage){
		.ns = 7000000000ULL, .tsc = now, .mult = 4090445043ULL << 32,
		.shift = -1, .sequence = 4, .flags = TSCOPE_PAGE_STABLE,
	};
	shows = TSC;
	there = true;
	hw = false;
	handed_ns = 0;
	torn = 0;
	slow_cyc = 0;
	return 0;
}

static void kernel_at_tsc(struct kunit *test)
{
	u32 i;

	/* where the clocksource is examined, other snapshots follow */
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
		KUNIT_EXPECT_TRUE(test, m.exact);
		KUNIT_EXPECT_EQ(test, m.tsc, read_at);
		KUNIT_EXPECT_EQ(test, m.ns, tscope_timepage_ns(&page, read_at) + 7000);
		KUNIT_EXPECT_EQ(test, m.real_ns, m.ns + 1000000);
		KUNIT_EXPECT_EQ(test, m.tick_ns, 1U);
		KUNIT_EXPECT_EQ(test, m.frac, 0U);
		KUNIT_EXPECT_EQ(test, m.was_set, 5U);
	}
}

/* By the page: within half of the cycles that a nanosecond has, and with its fraction. */
static void kernel_at_page(struct kunit *test)
{
	u64 line, ns;
	u16 frac;
	u32 i;

	shows = PAGE;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	for (i = 0; i < 1000; i++) {
		hw = i >= 500;
		now += i;
		KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
		KUNIT_EXPECT_TRUE(test, m.exact);
		KUNIT_EXPECT_LE(test, abs((s64)(m.tsc - read_at)), hw ? 0LL : 2LL);
		KUNIT_EXPECT_EQ(test, m.tick_ns, 0U);
		/* raw is the page's line and a constant, to 2^-16 ns */
		ns = tscope_timepage_line(&page, m.tsc, &frac);
		line = (ns << 16) + frac;
		KUNIT_EXPECT_EQ(test, ((m.ns - 7000) << 16) + m.frac, line);
	}
}

/* A count that is higher than this CPU's by less than the bracket is not of this page. */
static void kernel_clamped(struct kunit *test)
{
	shows = CLAMPED;
	page.flags = 0;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	KUNIT_EXPECT_FALSE(test, m.exact);
	KUNIT_EXPECT_LE(test, m.before, read_at);
	KUNIT_EXPECT_LE(test, read_at, m.after);
	/* the host takes a master clock: exact at once */
	shows = PAGE;
	page.flags = TSCOPE_PAGE_STABLE;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	KUNIT_EXPECT_TRUE(test, m.exact);
}

/* A page that is rewritten meanwhile says nothing, this time. */
static void kernel_page_changes(struct kunit *test)
{
	shows = PAGE;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	torn = 1;
	KUNIT_EXPECT_EQ(test, tscope_source_read(&s, &m), -EAGAIN);
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	KUNIT_EXPECT_TRUE(test, m.exact);
	/* nor does it while the clocksource is examined */
	s = (struct tscope_source){ .take = take };
	torn = 2;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), -EAGAIN);
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	KUNIT_EXPECT_TRUE(test, m.exact);
}

/* The kernel counts changes: what the clocks are read from is another source then. */
static void kernel_source_changes(struct kunit *test)
{
	static const struct {
		enum shows shows;
		bool exact;
		u32 tick_ns;
	} cases[] = {
		{ TSC, true, 1 },
		{ DEVICE, false, 280 },
		{ TICKS, false, TICK_NSEC },
		{ PAGE, true, 0 },
		{ TSC, true, 1 },
	};
	u32 source = 0, i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		shows = cases[i].shows;
		slow_cyc = shows == DEVICE ? 1000 : 0;
		changed++;
		KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
		KUNIT_EXPECT_EQ_MSG(test, m.exact, cases[i].exact, "case %u", i);
		KUNIT_EXPECT_EQ(test, m.tick_ns, cases[i].tick_ns);
		KUNIT_EXPECT_NE(test, m.source, source);
		source = m.source;
		KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
		KUNIT_EXPECT_EQ(test, m.source, source);
	}
}

/* Snapshots that fit no more, though the kernel says nothing: it is examined anew. */
static void kernel_misfits(struct kunit *test)
{
	u32 source, i;

	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	source = m.source;
	shows = DEVICE;
	for (i = 0; i < 20 && tscope_source_read(&s, &m); i++)
		;
	KUNIT_EXPECT_LT(test, i, 20U);
	KUNIT_EXPECT_FALSE(test, m.exact);
	KUNIT_EXPECT_NE(test, m.source, source);
	/* a snapshot that can't be had is none */
	there = false;
	KUNIT_EXPECT_EQ(test, tscope_source_read(&s, &m), -EAGAIN);
}

/* Behind a lock another CPU's older reading may be had, but not twice. */
static void kernel_device_handed_on(struct kunit *test)
{
	shows = DEVICE;
	slow_cyc = 1000;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	KUNIT_EXPECT_GE(test, m.after - m.before, 4000ULL);
	handed_ns = 1234567;
	KUNIT_EXPECT_EQ(test, tscope_source_read(&s, &m), -EAGAIN);
}

static struct kunit_case kernel_cases[] = {
	KUNIT_CASE(kernel_at_tsc),
	KUNIT_CASE(kernel_at_page),
	KUNIT_CASE(kernel_clamped),
	KUNIT_CASE(kernel_page_changes),
	KUNIT_CASE(kernel_source_changes),
	KUNIT_CASE(kernel_misfits),
	KUNIT_CASE(kernel_device_handed_on),
	{}
};

static struct kunit_suite kernel_suite = {
	.name = "tscope_kernel",
	.init = kernel_init,
	.test_cases = kernel_cases,
};

kunit_test_suite(kernel_suite);
