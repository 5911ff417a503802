// SPDX-License-Identifier: GPL-2.0
/* Time pages: kvm-clock's copies, and how updates of a page are reported. */
#include <linux/slab.h>

#include <asm/pvclock.h>

#include "../events.h"
#include "../pvclock.h"
#include "page_burst.h"
#include "tests.h"
#include "while_written.h"

static const struct tscope_clock_ops ops = {
	.name = "page",
	.lane = TSCOPE_LANE_PAGE,
	.kind = TSCOPE_KIND_PAGE,
};

/* A cycle is a nanosecond. */
static const struct tscope_timepage base = {
	.tsc = 1000, .ns = 50000, .mult = BIT_ULL(63), .shift = 1, .sequence = 2,
};

static struct tscope_clock *clk;
static struct tscope_cpu *c, *other;
static struct tscope_page_event event;
static u64 violations;

static u64 violations_end(void)
{
	u64 first, end;

	tscope_violations_range(&first, &end);
	return end;
}

static int page_init(struct kunit *test)
{
	clk = tscope_clock_alloc(&ops);
	/* the mailbox is aligned to two cache lines */
	c = kunit_kzalloc(test, sizeof(*c) + 128, GFP_KERNEL);
	other = kunit_kzalloc(test, sizeof(*other) + 128, GFP_KERNEL);
	if (!clk || !c || !other)
		return -ENOMEM;
	c = PTR_ALIGN(c, 128);
	other = PTR_ALIGN(other, 128);
	/* points were gathered */
	clk->series.begins = false;
	other->cpu = 1;
	violations = violations_end();
	event = (struct tscope_page_event){
		.old = base, .new = base, .tsc = 5000, .updates = 1,
	};
	event.new.sequence = 4;
	return 0;
}

/* What the suite found must not stay among the machine's violations. */
static void page_exit(struct kunit *test)
{
	if (clk)
		tscope_clock_free(clk);
	tscope_violations_reset();
}

static void report(struct tscope_cpu *cpu, bool leader)
{
	tscope_page_report(cpu, clk, &event, 1, leader);
}

static void page_kvm_copies(struct kunit *test)
{
	const struct tscope_timepage_ops *kvm = tscope_clock_kvm.page;
	struct pvclock_vcpu_time_info page = {
		.version = 6,
		.tsc_timestamp = U64_MAX,
		.system_time = 1ULL << 63,
		.tsc_to_system_mul = U32_MAX,
		.tsc_shift = -32,
		.flags = PVCLOCK_GUEST_STOPPED,
	};
	struct tscope_timepage to;

	KUNIT_ASSERT_TRUE(test, kvm->copy(&page.version, &to));
	KUNIT_EXPECT_EQ(test, to.sequence, 6U);
	KUNIT_EXPECT_EQ(test, to.tsc, U64_MAX);
	KUNIT_EXPECT_EQ(test, to.ns, 1ULL << 63);
	KUNIT_EXPECT_EQ(test, to.mult, (u64)U32_MAX << 32);
	KUNIT_EXPECT_EQ(test, to.shift, (s8)-32);
	KUNIT_EXPECT_EQ(test, to.flags, (u8)TSCOPE_PAGE_STOPPED);
	/* the copy does not wait for ever for an update to end */
	page.version = 7;
	KUNIT_EXPECT_FALSE(test, kvm->copy(&page.version, &to));
}

static void page_update_without_step(struct kunit *test)
{
	/* another point of the same line, rounded by 1 ns */
	event.new.tsc += 700;
	event.new.ns += 701;
	event.updates = 3;
	report(c, true);
	KUNIT_EXPECT_EQ(test, c->updates, 3ULL);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
	KUNIT_EXPECT_EQ(test, violations_end(), violations);
	KUNIT_EXPECT_FALSE(test, clk->series.begins);
}

/* A step is counted, kept with its TSC, and begins a segment. */
static void page_step(struct kunit *test)
{
	struct tscope_violation v;

	event.new.ns -= 2;
	report(c, true);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, -2LL);
	KUNIT_EXPECT_TRUE(test, clk->series.begins);
	KUNIT_ASSERT_EQ(test, violations_end(), violations + 1);
	KUNIT_ASSERT_TRUE(test, tscope_violation_get(violations, &v));
	KUNIT_EXPECT_STREQ(test, v.what, TSCOPE_STEP);
	KUNIT_EXPECT_EQ(test, v.size_ns, -2LL);
	KUNIT_EXPECT_EQ(test, v.error_ns, 1LL);
	KUNIT_EXPECT_EQ(test, v.tsc, 5000ULL);
}

/* Of a step that two CPUs see in a stable clock's pages only the first one is counted. */
static void page_step_of_another_cpu(struct kunit *test)
{
	event.old.flags = TSCOPE_PAGE_STABLE;
	event.new.flags = TSCOPE_PAGE_STABLE;
	event.new.tsc += 1000;
	event.new.ns += 1100;
	report(c, true);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, 100LL);
	report(other, false);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, violations_end(), violations + 1);
	KUNIT_EXPECT_EQ(test, other->updates, 1ULL);
}

/* Another rate is another line, and begins a segment also without a step. */
static void page_rate_changes(struct kunit *test)
{
	/* no matter how late the update is seen */
	event.tsc = 1ULL << 40;
	event.new.mult++;
	/* a CPU that does not lead takes no points */
	report(c, false);
	KUNIT_EXPECT_FALSE(test, clk->series.begins);
	report(c, true);
	KUNIT_EXPECT_TRUE(test, clk->series.begins);
	clk->series.begins = false;
	event.new = base;
	event.new.shift = 0;
	report(c, true);
	KUNIT_EXPECT_TRUE(test, clk->series.begins);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
}

/* GUEST_STOPPED counts when it is set, not as long as it stays set. */
static void page_stopped(struct kunit *test)
{
	event.new.flags = TSCOPE_PAGE_STOPPED | TSCOPE_PAGE_STABLE;
	report(c, true);
	KUNIT_EXPECT_EQ(test, c->stopped, 1ULL);
	event.old.flags = TSCOPE_PAGE_STOPPED;
	report(c, true);
	event.new.flags = 0;
	report(c, true);
	KUNIT_EXPECT_EQ(test, c->updates, 3ULL);
	KUNIT_EXPECT_EQ(test, c->stopped, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
}

/* If a hypervisor never ends an update, its clock has no readings, but other clocks have. */
static void page_kvm_unfinished(struct kunit *test)
{
	struct pvclock_vcpu_time_info page = {
		.version = 6, .tsc_to_system_mul = BIT(31), .tsc_shift = 1,
	};
	struct tscope_burst b = { };

	c->page_ops = tscope_clock_kvm.page;
	c->page = &page.version;
	c->random = 1;
	page_burst(c, &b);
	KUNIT_EXPECT_TRUE(test, c->current_page);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_PAGE], c->last[TSCOPE_LANE_TSC]);
	page.version = 7;
	page_expect_tsc_alone(test, c);
	/* when it ends, this is an update */
	page.version = 8;
	page_burst(c, &b);
	KUNIT_EXPECT_TRUE(test, c->current_page);
	KUNIT_EXPECT_EQ(test, c->events, 1U);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_PAGE], c->last[TSCOPE_LANE_TSC]);
	/* Xen's guest clears its page when it is suspended, and the next host may refuse it */
	page = (struct pvclock_vcpu_time_info){ };
	page_expect_tsc_alone(test, c);
	KUNIT_EXPECT_EQ(test, c->events, 1U);
}

static struct pvclock_vcpu_time_info written;
static struct tscope_timepage copied;

/* Write the page as KVM and Xen do; all members are always the same number. */
static int pvclock_writes(void *unused)
{
	u32 n = 1;

	while (!kthread_should_stop()) {
		n++;
		WRITE_ONCE(written.version, 2 * n - 1);
		smp_wmb();	/* the version is odd before anything is written */
		WRITE_ONCE(written.tsc_timestamp, n);
		WRITE_ONCE(written.system_time, n);
		WRITE_ONCE(written.tsc_to_system_mul, n);
		smp_wmb();	/* and even after everything is written */
		WRITE_ONCE(written.version, 2 * n);
		cond_resched();
	}
	return 0;
}

static bool copy_written(void)
{
	return tscope_pvclock_copy(&written.version, &copied);
}

static bool is_torn(void)
{
	u64 n = copied.sequence / 2;

	return copied.tsc != n || copied.ns != n || copied.mult != n << 32;
}

static void page_copies_while_written(struct kunit *test)
{
	written = (struct pvclock_vcpu_time_info){
		.version = 2, .tsc_timestamp = 1, .system_time = 1, .tsc_to_system_mul = 1,
	};
	expect_whole_copies(test, pvclock_writes, copy_written, is_torn);
}

/* What a hypervisor that imitates KVM's interface may leave in its page. */
static void page_kvm_imitated(struct kunit *test)
{
	static const struct {
		u32 version, mul;
		s8 shift;
		bool gives_time;
	} cases[] = {
		{ 2, BIT(31), 1, true },
		{ 2, U32_MAX, 0, true },
		/* as it was allocated */
		{ 0, 0, 0 },
		{ 0, BIT(31), 1 },
		{ 2, 0, 0 },
		{ 2, 0, -1 },
		{ 3, BIT(31), 1 },
		{ U32_MAX, BIT(31), 1 },
		/* a cycle of 2^-36 ns, of 2^95 ns, of 2^-129 ns */
		{ 2, 1, -4 },
		{ 2, BIT(31), 96 },
		{ 2, BIT(31), -128 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pvclock_vcpu_time_info page = {
			.version = cases[i].version,
			.tsc_to_system_mul = cases[i].mul,
			.tsc_shift = cases[i].shift,
		};

		KUNIT_EXPECT_EQ_MSG(test, !tscope_pvclock_fault(&page.version),
				    cases[i].gives_time, "case %u", i);
	}
}

static struct kunit_case page_cases[] = {
	KUNIT_CASE(page_kvm_copies),
	KUNIT_CASE(page_update_without_step),
	KUNIT_CASE(page_step),
	KUNIT_CASE(page_step_of_another_cpu),
	KUNIT_CASE(page_rate_changes),
	KUNIT_CASE(page_stopped),
	KUNIT_CASE(page_kvm_unfinished),
	KUNIT_CASE(page_copies_while_written),
	KUNIT_CASE(page_kvm_imitated),
	{}
};

static struct kunit_suite page_suite = {
	.name = "tscope_page",
	.init = page_init,
	.exit = page_exit,
	.test_cases = page_cases,
};

kunit_test_suite(page_suite);
