// SPDX-License-Identifier: GPL-2.0
/*
 * clock_kvm.c: pages are copied by their version, and what updates of a CPU's page are
 * reported as. The clock and the CPUs are made up.
 */
#include <linux/slab.h>

#include <asm/pvclock.h>

#include "../cpu.h"
#include "../violations.h"
#include "tests.h"

static const struct tscope_clock_ops ops = {
	.name = "kvm-clock",
	.lane = TSCOPE_LANE_KVM,
	.kind = TSCOPE_KIND_PAGE,
	.series = true,
};

static const struct tscope_pvti base = {
	.tsc = 1000, .ns = 50000, .mul = 1U << 31, .shift = 1, .version = 2,
};

static struct tscope_clock *clk;
static struct tscope_cpu *c, *other;
static struct tscope_pvti_event event;
static u64 violations;

static u64 violations_end(void)
{
	u64 first, end;

	tscope_violations_range(&first, &end);
	return end;
}

static int kvm_init(struct kunit *test)
{
	clk = kunit_kzalloc(test, sizeof(*clk), GFP_KERNEL);
	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	if (!clk || !c || !other)
		return -ENOMEM;
	clk->ops = &ops;
	spin_lock_init(&clk->step_lock);
	tscope_shist_init(&clk->step_hist);
	/* points were gathered */
	clk->series.origin_valid = true;
	other->cpu = 1;
	violations = violations_end();
	event = (struct tscope_pvti_event){
		.old = base, .new = base, .tsc = 5000, .updates = 1,
	};
	event.new.version = 4;
	return 0;
}

/* What the suite found is none of the machine's violations. */
static void kvm_exit(struct kunit *test)
{
	tscope_violations_reset();
}

static void report(struct tscope_cpu *cpu, bool leader)
{
	tscope_kvm_report(cpu, clk, &event, 1, leader);
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
	event.new.tsc += 700;
	event.new.ns += 701;
	event.updates = 3;
	report(c, true);
	KUNIT_EXPECT_EQ(test, c->updates, 3ULL);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
	KUNIT_EXPECT_EQ(test, violations_end(), violations);
	KUNIT_EXPECT_TRUE(test, clk->series.origin_valid);
}

/* A step is counted, kept with its TSC, and begins a segment. */
static void kvm_step(struct kunit *test)
{
	struct tscope_violation v;

	event.new.ns -= 2;
	report(c, true);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, -2LL);
	KUNIT_EXPECT_FALSE(test, clk->series.origin_valid);
	KUNIT_ASSERT_EQ(test, violations_end(), violations + 1);
	KUNIT_ASSERT_TRUE(test, tscope_violation_get(violations, &v));
	KUNIT_EXPECT_EQ(test, v.what, TSCOPE_STEP);
	KUNIT_EXPECT_EQ(test, v.size_ns, -2LL);
	KUNIT_EXPECT_EQ(test, v.tsc, 5000ULL);
}

/*
 * Of a step that two CPUs see in a master clock's pages only the first one is counted. Where
 * CPUID does not say that STABLE is a flag there is no master clock, and each CPU's step counts.
 */
static void kvm_step_of_another_cpu(struct kunit *test)
{
	const struct tscope_pvti stable = { .flags = TSCOPE_PVTI_STABLE };
	u64 each = tscope_kvm_stable(&stable) ? 0 : 1;

	event.old.flags = TSCOPE_PVTI_STABLE;
	event.new.flags = TSCOPE_PVTI_STABLE;
	event.new.tsc += 1000;
	event.new.ns += 1100;
	report(c, true);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, 100LL);
	report(other, false);
	KUNIT_EXPECT_EQ(test, clk->steps, 1 + each);
	KUNIT_EXPECT_EQ(test, violations_end(), violations + 1 + each);
	KUNIT_EXPECT_EQ(test, other->updates, 1ULL);
}

/* Another rate is another line, though nothing steps at this very moment. */
static void kvm_rate_changes(struct kunit *test)
{
	/* however late it is seen */
	event.tsc = 1ULL << 40;
	event.new.mul++;
	/* a CPU that does not lead takes no points */
	report(c, false);
	KUNIT_EXPECT_TRUE(test, clk->series.origin_valid);
	report(c, true);
	KUNIT_EXPECT_FALSE(test, clk->series.origin_valid);
	clk->series.origin_valid = true;
	event.new = base;
	event.new.shift = 0;
	report(c, true);
	KUNIT_EXPECT_FALSE(test, clk->series.origin_valid);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
}

/* GUEST_STOPPED counts when it is set, not while it stays so. */
static void kvm_stopped(struct kunit *test)
{
	event.new.flags = TSCOPE_PVTI_STOPPED | TSCOPE_PVTI_STABLE;
	report(c, true);
	KUNIT_EXPECT_EQ(test, c->stopped, 1ULL);
	event.old.flags = TSCOPE_PVTI_STOPPED;
	report(c, true);
	event.new.flags = 0;
	report(c, true);
	KUNIT_EXPECT_EQ(test, c->updates, 3ULL);
	KUNIT_EXPECT_EQ(test, c->stopped, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
}

static struct kunit_case kvm_cases[] = {
	KUNIT_CASE(kvm_copies),
	KUNIT_CASE(kvm_update_without_step),
	KUNIT_CASE(kvm_step),
	KUNIT_CASE(kvm_step_of_another_cpu),
	KUNIT_CASE(kvm_rate_changes),
	KUNIT_CASE(kvm_stopped),
	{}
};

static struct kunit_suite kvm_suite = {
	.name = "tscope_kvm",
	.init = kvm_init,
	.exit = kvm_exit,
	.test_cases = kvm_cases,
};

kunit_test_suite(kvm_suite);
