// SPDX-License-Identifier: GPL-2.0
/*
 * source.c: when it tells a change, and what it takes a count for, with a kernel whose
 * clocksource is written down here. The file is compiled once more, with names of its own.
 */
#define tscope_source_forget	source_kunit_forget
#define tscope_source_look	source_kunit_look
#define tscope_kvm_page		source_kunit_page
#define tscope_kvm_copy		source_kunit_copy

#include <linux/timekeeping.h>

#include <asm/pvclock.h>

#include "../cpu.h"
#include "tests.h"

static u64 fake_tsc;
static struct system_time_snapshot fake;
#define rdtsc_ordered()		(fake_tsc += 100)
#define ktime_get_snapshot(s)	(*(s) = fake)
#include "../source.c"

static struct tscope_source source;
static struct tscope_pvti pvti;
static struct pvclock_vcpu_time_info page;
static bool has_page, whole;

struct pvclock_vcpu_time_info *tscope_kvm_page(int cpu)
{
	return has_page ? &page : NULL;
}

bool tscope_kvm_copy(const struct pvclock_vcpu_time_info *from,
		     struct tscope_pvti *to)
{
	*to = pvti;
	return whole;
}

static int source_init(struct kunit *test)
{
	fake_tsc = 1ULL << 40;
	fake = (struct system_time_snapshot){ };
	has_page = true;
	whole = true;
	/* half a nanosecond a cycle */
	pvti = (struct tscope_pvti){
		.ns = 7000000000ULL, .tsc = fake_tsc, .mul = 1U << 31,
	};
	tscope_source_forget(&source);
	return 0;
}

/* What a clocksource that counts so much is taken for: by its tick. */
static u32 looks(u64 cycles)
{
	fake.cycles = cycles;
	fake.cs_was_changed_seq++;
	return tscope_source_look(&source) ? source.tick_ns : 1;
}

static void source_tells_changes(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, tscope_source_look(&source));
	KUNIT_EXPECT_FALSE(test, tscope_source_look(&source));
	fake.cs_was_changed_seq = 255;
	KUNIT_EXPECT_TRUE(test, tscope_source_look(&source));
	fake.cs_was_changed_seq = 0;
	KUNIT_EXPECT_TRUE(test, tscope_source_look(&source));
	KUNIT_EXPECT_FALSE(test, tscope_source_look(&source));
	tscope_source_forget(&source);
	KUNIT_EXPECT_EQ(test, source.tick_ns, 0U);
	KUNIT_EXPECT_TRUE(test, tscope_source_look(&source));
}

static void source_is_known(struct kunit *test)
{
	/* the TSC, from one end of the bracket to the other */
	KUNIT_EXPECT_EQ(test, looks(fake_tsc + 100), 0U);
	KUNIT_EXPECT_EQ(test, looks(fake_tsc + 200), 0U);
	KUNIT_EXPECT_EQ(test, looks(fake_tsc + 99), (u32)TICK_NS);
	KUNIT_EXPECT_EQ(test, looks(fake_tsc + 201), (u32)TICK_NS);
	/* kvm-clock, also one that another CPU's is ahead of */
	KUNIT_EXPECT_EQ(test, looks(pvti.ns + (fake_tsc - pvti.tsc) / 2), 0U);
	KUNIT_EXPECT_EQ(test, looks(pvti.ns + 900000), 0U);
	KUNIT_EXPECT_EQ(test, looks(pvti.ns + 1100000), (u32)TICK_NS);
	whole = false;
	KUNIT_EXPECT_EQ(test, looks(pvti.ns + 900000), (u32)TICK_NS);
	whole = true;
	has_page = false;
	KUNIT_EXPECT_EQ(test, looks(pvti.ns + 900000), (u32)TICK_NS);
	/* a device's 24 or 32 bits */
	KUNIT_EXPECT_EQ(test, looks(0), (u32)TICK_NS);
	KUNIT_EXPECT_EQ(test, looks(0xffffff), (u32)TICK_NS);
	KUNIT_EXPECT_EQ(test, looks(0xffffffff), (u32)TICK_NS);
}

static struct kunit_case source_cases[] = {
	KUNIT_CASE(source_tells_changes),
	KUNIT_CASE(source_is_known),
	{}
};

static struct kunit_suite source_suite = {
	.name = "tscope_source",
	.init = source_init,
	.test_cases = source_cases,
};

kunit_test_suite(source_suite);
