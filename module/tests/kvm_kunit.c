// SPDX-License-Identifier: GPL-2.0
/*
 * clock_kvm.c: pages copied by their version, and what updates of a pvti are told as, with
 * pages that are made up. The file is compiled once more, with names of its own.
 */
#define tscope_kvm_page			kvm_kunit_page
#define tscope_kvm_copy			kvm_kunit_copy
#define tscope_kvm_events		kvm_kunit_events
#define tscope_kvm_stable		kvm_kunit_stable
#define tscope_clock_kvm		kvm_kunit_clock
#define tscope_clock_updated		kvm_kunit_updated
#define tscope_clock_break		kvm_kunit_break
#define tscope_step_record		kvm_kunit_step_record

#include "tests.h"

#include "../clock_kvm.c"

static bool leader, known;
static u32 updates, told, breaks;
static s64 rest, told_ns;
static struct tscope_step last;
static struct tscope_pvti last_old, last_new;
static struct tscope_cpu *c;

bool tscope_clock_updated(struct tscope_clock *clk,
			  const struct tscope_pvti *old,
			  const struct tscope_pvti *new,
			  struct tscope_step *step)
{
	updates++;
	last = *step;
	last_old = *old;
	last_new = *new;
	if (known || tscope_abs64(step->ns) < TSCOPE_PVTI_STEP_NS)
		return false;
	step->ns += rest;
	return true;
}

void tscope_clock_break(struct tscope_clock *clk)
{
	breaks++;
}

void tscope_step_record(const char *clock, int cpu,
			const struct tscope_step *step)
{
	told++;
	told_ns = step->ns;
}

static const struct tscope_pvti base = {
	.tsc = 1000, .ns = 50000, .mul = 1U << 31, .shift = 1, .version = 2,
};

static int kvm_init(struct kunit *test)
{
	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	stable_bit_valid = true;
	leader = true;
	known = false;
	updates = 0;
	rest = 0;
	told = 0;
	told_ns = 0;
	breaks = 0;
	c->events = 1;
	c->event[0] = (struct tscope_pvti_event){
		.old = base, .new = base, .tsc = 5000,
	};
	c->event[0].new.version = 4;
	return 0;
}

static void kvm_copies(struct kunit *test)
{
	struct pvclock_vcpu_time_info page = {
		.version = 6,
		.tsc_timestamp = U64_MAX,
		.system_time = 1ULL << 63,
		.tsc_to_system_mul = U32_MAX,
		.tsc_shift = -32,
		.flags = TSCOPE_PVTI_STABLE,
	};
	struct tscope_pvti to;

	KUNIT_ASSERT_TRUE(test, tscope_kvm_copy(&page, &to));
	KUNIT_EXPECT_EQ(test, to.version, 6U);
	KUNIT_EXPECT_EQ(test, to.tsc, U64_MAX);
	KUNIT_EXPECT_EQ(test, to.ns, 1ULL << 63);
	KUNIT_EXPECT_EQ(test, to.mul, U32_MAX);
	KUNIT_EXPECT_EQ(test, to.shift, (s8)-32);
	KUNIT_EXPECT_EQ(test, to.flags, (u8)TSCOPE_PVTI_STABLE);
	/* it does not wait for ever for an update to end */
	page.version = 7;
	KUNIT_EXPECT_FALSE(test, tscope_kvm_copy(&page, &to));
}

static void kvm_update_without_step(struct kunit *test)
{
	/* another reference on the same line, rounded by 1 ns */
	c->event[0].new.tsc += 700;
	c->event[0].new.ns += 701;
	tscope_kvm_events(c, NULL, leader);
	KUNIT_EXPECT_EQ(test, c->updates, 1ULL);
	KUNIT_EXPECT_EQ(test, c->events, 0U);
	KUNIT_EXPECT_EQ(test, told, 0U);
	KUNIT_EXPECT_EQ(test, breaks, 0U);
}

static void kvm_step(struct kunit *test)
{
	c->event[0].new.ns -= 2;
	tscope_kvm_events(c, NULL, leader);
	KUNIT_EXPECT_EQ(test, updates, 1U);
	KUNIT_EXPECT_EQ(test, told, 1U);
	KUNIT_EXPECT_EQ(test, breaks, 1U);
	KUNIT_EXPECT_EQ(test, last.ns, -2LL);
	KUNIT_EXPECT_EQ(test, last.error_ns, 1ULL);
	KUNIT_EXPECT_EQ(test, last.tsc, 5000ULL);
	KUNIT_EXPECT_EQ(test, last_old.ns, 50000ULL);
	KUNIT_EXPECT_EQ(test, last_new.ns, 49998ULL);
}

/* Each of the two is rounded where neither begins. */
static void kvm_step_before_both(struct kunit *test)
{
	c->event[0].new.tsc -= 1;
	tscope_kvm_events(c, NULL, leader);
	KUNIT_EXPECT_EQ(test, last.error_ns, 2ULL);
}

/* Of which another CPU told a part. */
static void kvm_rest_of_step(struct kunit *test)
{
	rest = -30;
	c->event[0].new.ns += 100;
	tscope_kvm_events(c, NULL, leader);
	KUNIT_EXPECT_EQ(test, last.ns, 100LL);
	KUNIT_EXPECT_EQ(test, told, 1U);
	KUNIT_EXPECT_EQ(test, told_ns, 70LL);
}

static void kvm_step_of_another_cpu(struct kunit *test)
{
	known = true;
	leader = false;
	c->event[0].new.ns += 100;
	tscope_kvm_events(c, NULL, leader);
	KUNIT_EXPECT_EQ(test, updates, 1U);
	KUNIT_EXPECT_EQ(test, told, 0U);
	KUNIT_EXPECT_EQ(test, breaks, 0U);
}

/* Another rate is another line, though nothing steps at this very moment. */
static void kvm_rate_changes(struct kunit *test)
{
	/* however late it is seen */
	c->event[0].tsc = 1ULL << 40;
	c->event[0].new.mul++;
	tscope_kvm_events(c, NULL, leader);
	KUNIT_EXPECT_EQ(test, told, 0U);
	KUNIT_EXPECT_EQ(test, breaks, 1U);
	c->event[0].new = base;
	c->event[0].new.shift = 0;
	c->events = 1;
	tscope_kvm_events(c, NULL, leader);
	KUNIT_EXPECT_EQ(test, breaks, 2U);
	leader = false;
	c->events = 1;
	tscope_kvm_events(c, NULL, leader);
	KUNIT_EXPECT_EQ(test, breaks, 2U);
}

/* GUEST_STOPPED counts when it is set, not while it stays so. */
static void kvm_stopped(struct kunit *test)
{
	c->events = 3;
	c->event[0].new.flags = TSCOPE_PVTI_STOPPED | TSCOPE_PVTI_STABLE;
	c->event[1] = c->event[0];
	c->event[1].old.flags = TSCOPE_PVTI_STOPPED;
	c->event[2] = c->event[1];
	c->event[2].new.flags = 0;
	tscope_kvm_events(c, NULL, leader);
	KUNIT_EXPECT_EQ(test, c->updates, 3ULL);
	KUNIT_EXPECT_EQ(test, c->stopped, 1ULL);
	KUNIT_EXPECT_EQ(test, told, 0U);
}

/* Without CPUID's word STABLE is no flag: no master clock is seen in it. */
static void kvm_stable_by_cpuid(struct kunit *test)
{
	struct tscope_pvti p = base;

	KUNIT_EXPECT_FALSE(test, tscope_kvm_stable(&p));
	p.flags = TSCOPE_PVTI_STABLE | TSCOPE_PVTI_STOPPED;
	KUNIT_EXPECT_TRUE(test, tscope_kvm_stable(&p));
	c->event[0].old = p;
	c->event[0].new = p;
	tscope_kvm_events(c, NULL, leader);
	KUNIT_EXPECT_EQ(test, last_old.flags, p.flags);
	stable_bit_valid = false;
	KUNIT_EXPECT_FALSE(test, tscope_kvm_stable(&p));
	c->events = 1;
	tscope_kvm_events(c, NULL, leader);
	KUNIT_EXPECT_EQ(test, last_old.flags, (u8)TSCOPE_PVTI_STOPPED);
	KUNIT_EXPECT_EQ(test, last_new.flags, (u8)TSCOPE_PVTI_STOPPED);
}

static struct kunit_case kvm_cases[] = {
	KUNIT_CASE(kvm_copies),
	KUNIT_CASE(kvm_update_without_step),
	KUNIT_CASE(kvm_step),
	KUNIT_CASE(kvm_step_before_both),
	KUNIT_CASE(kvm_rest_of_step),
	KUNIT_CASE(kvm_step_of_another_cpu),
	KUNIT_CASE(kvm_rate_changes),
	KUNIT_CASE(kvm_stopped),
	KUNIT_CASE(kvm_stable_by_cpuid),
	{}
};

static struct kunit_suite kvm_suite = {
	.name = "tscope_kvm",
	.init = kvm_init,
	.test_cases = kvm_cases,
};

kunit_test_suite(kvm_suite);
