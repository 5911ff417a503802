// SPDX-License-Identifier: GPL-2.0
/*
 * clock_kernel.c: when a snapshot is at a TSC value and at which, and when it is not, with
 * a kernel whose clocksource is written down here. The file is compiled once more, with
 * names of its own.
 */
#define tscope_moment_read	kernel_kunit_moment_read
#define tscope_kernel_read	kernel_kunit_kernel_read
#define tscope_clock_raw	kernel_kunit_clock_raw
#define tscope_clock_real	kernel_kunit_clock_real
#define tscope_clock_tsc	kernel_kunit_clock_tsc
#define tscope_kvm_page		kernel_kunit_page
#define tscope_kvm_copy		kernel_kunit_copy
#define tscope_kvm_stable	kernel_kunit_stable
#define tscope_tsc_khz		kernel_kunit_tsc_khz

#include <linux/ktime.h>

#include <asm/pvclock.h>

#include "../cpu.h"
#include "tests.h"

enum counts { COUNTS_TSC, COUNTS_PAGE, COUNTS_CLAMPED, COUNTS_JIFFIES, COUNTS_DEVICE };

static u64 fake_tsc;
static bool fake_snapshot(struct tscope_snapshot *to);
#define rdtsc_ordered()		(fake_tsc += 100)
#define get_jiffies_64()	4294900000ULL
#define tscope_snapshot(s)	fake_snapshot(s)
#include "../clock_kernel.c"

static struct pvclock_vcpu_time_info page;
static struct tscope_pvti pvti;
static enum counts counts;
static bool has_page, whole, stable, there, hw;
static u64 read_at, snapshots, handed_ns;
static u32 torn, slow_cyc;
static u8 changed;

u32 tscope_tsc_khz = 2000000;

struct pvclock_vcpu_time_info *tscope_kvm_page(int cpu)
{
	return has_page ? &page : NULL;
}

bool tscope_kvm_copy(const struct pvclock_vcpu_time_info *from, struct tscope_pvti *to)
{
	*to = pvti;
	page.version = pvti.version;
	return whole;
}

bool tscope_kvm_stable(const struct tscope_pvti *p)
{
	return stable;
}

static bool fake_snapshot(struct tscope_snapshot *to)
{
	u64 ns;

	snapshots++;
	fake_tsc += 37 + slow_cyc;
	read_at = fake_tsc;
	fake_tsc += 41 + slow_cyc;
	ns = tscope_pvti_eval(&pvti, read_at);
	switch (counts) {
	case COUNTS_TSC:
		to->cycles = read_at;
		break;
	case COUNTS_PAGE:
		to->cycles = ns;
		break;
	case COUNTS_CLAMPED:
		/* as another CPU's, which is 20 ns ahead: that lies within the bracket */
		to->cycles = ns + 20;
		break;
	case COUNTS_JIFFIES:
		to->cycles = 4294900000ULL;
		break;
	case COUNTS_DEVICE:
		to->cycles = snapshots & 0xffffff;
		break;
	}
	to->raw_ns = handed_ns ?: ns + 7000;
	to->real_ns = to->raw_ns + 1000000;
	to->tsc = hw ? read_at : 0;
	to->changed = changed;
	to->was_set = 5;
	/* an update comes between */
	page.version += torn ? 2 : 0;
	torn -= !!torn;
	return there;
}

static int kernel_init(struct kunit *test)
{
	fake_tsc = 1ULL << 40;
	/* two cycles a nanosecond and some: 2.1 GHz */
	pvti = (struct tscope_pvti){
		.ns = 7000000000ULL, .tsc = fake_tsc, .mul = 4090445043U,
		.shift = -1, .version = 4,
	};
	counts = COUNTS_TSC;
	has_page = true;
	whole = true;
	stable = true;
	there = true;
	hw = false;
	handed_ns = 0;
	torn = 0;
	slow_cyc = 0;
	changed++;
	source.is = UNKNOWN;
	return 0;
}

static void kernel_at_tsc(struct kunit *test)
{
	struct tscope_moment m;
	u32 i;

	/* where the source is looked at, other snapshots follow */
	KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), 0);
	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), 0);
		KUNIT_EXPECT_TRUE(test, m.exact);
		KUNIT_EXPECT_EQ(test, m.tsc, read_at);
		KUNIT_EXPECT_EQ(test, m.raw_ns, tscope_pvti_eval(&pvti, read_at) + 7000);
		KUNIT_EXPECT_EQ(test, m.real_ns, m.raw_ns + 1000000);
		KUNIT_EXPECT_EQ(test, m.tick_ns, 1U);
		KUNIT_EXPECT_EQ(test, m.frac, 0U);
		KUNIT_EXPECT_EQ(test, m.was_set, 5U);
		KUNIT_EXPECT_LE(test, m.before, m.tsc);
		KUNIT_EXPECT_LE(test, m.tsc, m.after);
	}
}

/* By the page: within half of the cycles that a nanosecond has, and with its fraction. */
static void kernel_at_page(struct kunit *test)
{
	struct tscope_moment m;
	u64 line, ns;
	u16 frac;
	u32 i;

	counts = COUNTS_PAGE;
	KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), 0);
	for (i = 0; i < 1000; i++) {
		hw = i >= 500;
		fake_tsc += i;
		KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), 0);
		KUNIT_EXPECT_TRUE(test, m.exact);
		KUNIT_EXPECT_LE(test, abs((s64)(m.tsc - read_at)), hw ? 0LL : 2LL);
		KUNIT_EXPECT_EQ(test, m.tick_ns, 0U);
		/* raw is the page's line and a constant, to 2^-16 ns */
		ns = tscope_pvti_eval_frac(&pvti, m.tsc, &frac);
		line = (ns << 16) + frac;
		KUNIT_EXPECT_EQ(test, ((m.raw_ns - 7000) << 16) + m.frac, line);
	}
}

/* A count that is higher than this CPU's by less than the bracket is not of this page. */
static void kernel_clamped(struct kunit *test)
{
	struct tscope_moment m;

	counts = COUNTS_CLAMPED;
	stable = false;
	KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), 0);
	KUNIT_EXPECT_FALSE(test, m.exact);
	KUNIT_EXPECT_LE(test, m.before, read_at);
	KUNIT_EXPECT_LE(test, read_at, m.after);
	/* the host takes a master clock: exact at once, and another source */
	counts = COUNTS_PAGE;
	stable = true;
	KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), 0);
	KUNIT_EXPECT_TRUE(test, m.exact);
}

static void kernel_page_changes(struct kunit *test)
{
	struct tscope_moment m;

	counts = COUNTS_PAGE;
	KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), 0);
	/* one that is rewritten meanwhile tells nothing, this time */
	torn = 1;
	KUNIT_EXPECT_EQ(test, tscope_moment_read(&m), -EAGAIN);
	KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), 0);
	KUNIT_EXPECT_TRUE(test, m.exact);
	/* nor does it while the source is looked at */
	source.is = UNKNOWN;
	torn = 2;
	KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), -EAGAIN);
	KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), 0);
	KUNIT_EXPECT_TRUE(test, m.exact);
}

/* A change is seen by the kernel's count, and told to each clock once. */
static void kernel_source_changes(struct kunit *test)
{
	struct tscope_raw raw;

	KUNIT_ASSERT_EQ(test, tscope_kernel_read(), 0);
	KUNIT_ASSERT_EQ(test, tscope_clock_raw.read(&raw), 0);
	KUNIT_ASSERT_EQ(test, tscope_clock_real.read(&raw), 0);
	KUNIT_ASSERT_EQ(test, tscope_kernel_read(), 0);
	tscope_clock_raw.read(&raw);
	KUNIT_EXPECT_FALSE(test, raw.begins);
	KUNIT_EXPECT_TRUE(test, raw.exact);
	counts = COUNTS_DEVICE;
	changed++;
	slow_cyc = 1000;
	KUNIT_EXPECT_EQ(test, tscope_kernel_read(), 0);
	tscope_clock_raw.read(&raw);
	KUNIT_EXPECT_TRUE(test, raw.begins);
	KUNIT_EXPECT_FALSE(test, raw.exact);
	KUNIT_EXPECT_EQ(test, raw.tick_ns, (u32)DEVICE_TICK_NS);
	tscope_clock_raw.read(&raw);
	KUNIT_EXPECT_FALSE(test, raw.begins);
	tscope_clock_real.read(&raw);
	KUNIT_EXPECT_TRUE(test, raw.begins);
	counts = COUNTS_JIFFIES;
	changed++;
	KUNIT_EXPECT_EQ(test, tscope_kernel_read(), 0);
	tscope_clock_raw.read(&raw);
	KUNIT_EXPECT_TRUE(test, raw.begins);
	KUNIT_EXPECT_EQ(test, raw.tick_ns, (u32)TICK_NSEC);
	counts = COUNTS_TSC;
	changed++;
	KUNIT_EXPECT_EQ(test, tscope_kernel_read(), 0);
	tscope_clock_real.read(&raw);
	KUNIT_EXPECT_TRUE(test, raw.exact);
	KUNIT_EXPECT_EQ(test, raw.tick_ns, 1U);
}

/* A source that fits no more, though the kernel says nothing, is looked at anew. */
static void kernel_misfits(struct kunit *test)
{
	struct tscope_moment m;
	u32 i;

	KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), 0);
	counts = COUNTS_DEVICE;
	for (i = 0; i < MISFITS_MAX; i++)
		KUNIT_EXPECT_EQ(test, tscope_moment_read(&m), -EAGAIN);
	KUNIT_EXPECT_EQ(test, tscope_moment_read(&m), 0);
	KUNIT_EXPECT_FALSE(test, m.exact);
	/* a snapshot that can't be had is none */
	there = false;
	KUNIT_EXPECT_EQ(test, tscope_moment_read(&m), -EAGAIN);
}

/* Behind a lock another CPU's older reading may be had, but not twice. */
static void kernel_device_handed_on(struct kunit *test)
{
	struct tscope_moment m;

	counts = COUNTS_DEVICE;
	slow_cyc = 1000;
	KUNIT_ASSERT_EQ(test, tscope_moment_read(&m), 0);
	KUNIT_EXPECT_GE(test, m.after - m.before, 4000ULL);
	handed_ns = 1234567;
	KUNIT_EXPECT_EQ(test, tscope_moment_read(&m), -EAGAIN);
	/* one that is read faster than it counts may be the same twice */
	slow_cyc = 0;
	KUNIT_EXPECT_EQ(test, tscope_moment_read(&m), 0);
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
