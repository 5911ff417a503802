// SPDX-License-Identifier: GPL-2.0
/*
 * source.c: when it tells a change, and what it takes a count for, with a kernel whose
 * clocksource is written down here. The file is compiled once more, with names of its own.
 */
#define tscope_source_forget	source_kunit_forget
#define tscope_source_look	source_kunit_look
#define tscope_kvm_page		source_kunit_page
#define tscope_kvm_copy		source_kunit_copy

#include <linux/ktime.h>

#include <asm/pvclock.h>

#include "../cpu.h"
#include "tests.h"

static u64 fake_tsc;
static struct system_time_snapshot fake;
static unsigned long fake_jiffies;
static bool there;
#define rdtsc_ordered()		(fake_tsc += 100)
#define get_jiffies_64()	((u64)fake_jiffies)
#define tscope_snapshot(s)	({ *(s) = fake; there; })
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
	there = true;
	fake_jiffies = 4294900000ULL;
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
	if (!tscope_source_look(&source) && !tscope_source_look(&source))
		return 1;
	return source.doubted ? 2 : source.tick_ns;
}

static void source_tells_changes(struct kunit *test)
{
	fake.cycles = fake_tsc + 150;
	there = false;
	KUNIT_EXPECT_FALSE(test, tscope_source_look(&source));
	there = true;
	fake.cycles = fake_tsc + 150;
	KUNIT_EXPECT_TRUE(test, tscope_source_look(&source));
	KUNIT_EXPECT_FALSE(test, tscope_source_look(&source));
	fake.cs_was_changed_seq = 255;
	fake.cycles = fake_tsc + 150;
	KUNIT_EXPECT_TRUE(test, tscope_source_look(&source));
	fake.cs_was_changed_seq = 0;
	fake.cycles = fake_tsc + 150;
	KUNIT_EXPECT_TRUE(test, tscope_source_look(&source));
	KUNIT_EXPECT_FALSE(test, tscope_source_look(&source));
	tscope_source_forget(&source);
	KUNIT_EXPECT_EQ(test, source.tick_ns, 0U);
	fake.cycles = fake_tsc + 150;
	KUNIT_EXPECT_TRUE(test, tscope_source_look(&source));
}

/* What seems to be a device must seem so twice. */
static void source_doubts(struct kunit *test)
{
	fake.cycles = 12345;
	KUNIT_EXPECT_FALSE(test, tscope_source_look(&source));
	KUNIT_EXPECT_TRUE(test, source.doubted);
	fake.cycles = fake_tsc + 150;
	KUNIT_EXPECT_TRUE(test, tscope_source_look(&source));
	KUNIT_EXPECT_FALSE(test, source.doubted);
	KUNIT_EXPECT_FALSE(test, source.device);
	fake.cs_was_changed_seq++;
	fake.cycles = 12345;
	KUNIT_EXPECT_FALSE(test, tscope_source_look(&source));
	KUNIT_EXPECT_TRUE(test, tscope_source_look(&source));
	KUNIT_EXPECT_FALSE(test, source.doubted);
	KUNIT_EXPECT_TRUE(test, source.device);
}

static void source_is_known(struct kunit *test)
{
	/* the TSC, from one end of the bracket to the other */
	KUNIT_EXPECT_EQ(test, looks(fake_tsc + 100), 0U);
	KUNIT_EXPECT_EQ(test, looks(fake_tsc + 200), 0U);
	KUNIT_EXPECT_EQ(test, looks(fake_tsc + 99), (u32)DEVICE_TICK_NS);
	/* kvm-clock, also one that another CPU's is ahead of */
	KUNIT_EXPECT_EQ(test, looks(pvti.ns + (fake_tsc - pvti.tsc) / 2), 0U);
	KUNIT_EXPECT_EQ(test, looks(pvti.ns + 900000), 0U);
	KUNIT_EXPECT_EQ(test, looks(pvti.ns + 1100000), (u32)DEVICE_TICK_NS);
	KUNIT_EXPECT_EQ(test, looks(pvti.ns - 1100000), (u32)DEVICE_TICK_NS);
	whole = false;
	KUNIT_EXPECT_EQ(test, looks(pvti.ns + 900000), (u32)DEVICE_TICK_NS);
	whole = true;
	has_page = false;
	KUNIT_EXPECT_EQ(test, looks(pvti.ns + 900000), (u32)DEVICE_TICK_NS);
	/* a device's 24 or 32 bits */
	KUNIT_EXPECT_EQ(test, looks(0), (u32)DEVICE_TICK_NS);
	KUNIT_EXPECT_EQ(test, looks(0xffffff), (u32)DEVICE_TICK_NS);
	KUNIT_EXPECT_EQ(test, looks(0xffffffff), (u32)DEVICE_TICK_NS);
	KUNIT_EXPECT_TRUE(test, source.device);
	/* the tick interrupt's count can't be handed from CPU to CPU, nor read twice */
	KUNIT_EXPECT_EQ(test, looks(fake_jiffies), (u32)TICK_NSEC);
	KUNIT_EXPECT_FALSE(test, source.device);
	KUNIT_EXPECT_EQ(test, looks(fake_jiffies + 1), (u32)DEVICE_TICK_NS);
}

static struct kunit_case source_cases[] = {
	KUNIT_CASE(source_tells_changes),
	KUNIT_CASE(source_doubts),
	KUNIT_CASE(source_is_known),
	{}
};

static struct kunit_suite source_suite = {
	.name = "tscope_source",
	.init = source_init,
	.test_cases = source_cases,
};

kunit_test_suite(source_suite);
