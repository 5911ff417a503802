// SPDX-License-Identifier: GPL-2.0
/*
 * interruption.c: what is gathered into one, and told as what, at a time that is made up.
 * The file is compiled once more, with names of its own.
 */
#define tscope_interruption_begin	interruption_kunit_begin
#define tscope_interruption_look	interruption_kunit_look
#define tscope_interruption_end		interruption_kunit_end
#define tscope_interruption_reset	interruption_kunit_reset
#define tscope_step_tell		interruption_kunit_step_tell
#define tscope_violation		interruption_kunit_violation
#define tscope_period_ns		interruption_kunit_period_ns
#define tscope_fit_window_ns		interruption_kunit_fit_window_ns

#include <linux/ktime.h>
#include <linux/timekeeping.h>

#include "tests.h"

static u64 fake_ns;
#define ktime_get_ns()			fake_ns
#include "../interruption.c"

#define PERIOD_NS	10000000ULL
#define TIME_NS		(GATHER_NS + GATHER_PERIODS * PERIOD_NS)

static u64 fit_window_ns;
static const struct tscope_clock_ops kvm_ops = { .name = "kvm-clock" };
static const struct tscope_clock_ops raw_ops = { .name = "monotonic-raw" };
static struct tscope_clock *kvm, *raw;
static struct tscope_violation last;
static u32 told;

u64 tscope_period_ns(void)
{
	return PERIOD_NS;
}

u64 tscope_fit_window_ns(void)
{
	return fit_window_ns;
}

void tscope_violation(enum tscope_what what, const char *clock, int cpu,
		      int peer, s64 size_ns, u64 count, u64 tsc)
{
	told++;
	last = (struct tscope_violation){
		.what = what, .clock = clock, .cpu = cpu, .peer = peer,
		.size_ns = size_ns, .count = count, .tsc = tsc,
	};
}

static int interruption_init(struct kunit *test)
{
	kvm = kunit_kzalloc(test, sizeof(*kvm), GFP_KERNEL);
	raw = kunit_kzalloc(test, sizeof(*raw), GFP_KERNEL);
	if (!kvm || !raw)
		return -ENOMEM;
	kvm->ops = &kvm_ops;
	raw->ops = &raw_ops;
	fake_ns = 5000;
	fit_window_ns = 60 * NSEC_PER_SEC;
	told = 0;
	tscope_interruption_reset();
	return 0;
}

static void stepped(struct tscope_clock *clk, s64 ns, u64 tsc)
{
	struct tscope_step step = { .ns = ns, .tsc = tsc };

	tscope_step_tell(clk, 1, &step);
}

static void expect_last(struct kunit *test, enum tscope_what what,
			const char *clock, s64 size_ns, u64 count, u64 tsc)
{
	KUNIT_EXPECT_EQ(test, last.what, (u32)what);
	KUNIT_EXPECT_STREQ(test, last.clock, clock);
	KUNIT_EXPECT_EQ(test, last.size_ns, size_ns);
	KUNIT_EXPECT_EQ(test, last.count, count);
	KUNIT_EXPECT_EQ(test, last.tsc, tsc);
	KUNIT_EXPECT_EQ(test, last.peer, -1);
}

static void interruption_none(struct kunit *test)
{
	tscope_interruption_look();
	tscope_interruption_end();
	KUNIT_EXPECT_EQ(test, told, 0U);
	/* a step by itself is told at once, as what it is */
	stepped(raw, -700, 42);
	KUNIT_EXPECT_EQ(test, told, 1U);
	expect_last(test, TSCOPE_STEP, "monotonic-raw", -700, 1, 42);
}

/* Points of a long fit window are far apart: their steps come later. */
static void interruption_of_thinned(struct kunit *test)
{
	fit_window_ns = 3600 * NSEC_PER_SEC;
	tscope_interruption_begin(2, 1000, false);
	stepped(kvm, -300, 1000);
	/* six points of 3600 s / 8192 */
	fake_ns += GATHER_NS + 2636718750ULL - 1;
	stepped(raw, 900, 1100);
	tscope_interruption_look();
	KUNIT_EXPECT_EQ(test, told, 0U);
	fake_ns++;
	tscope_interruption_look();
	KUNIT_EXPECT_EQ(test, told, 1U);
	expect_last(test, TSCOPE_INTERRUPTION, "monotonic-raw", 900, 2, 1000);
}

static void interruption_of_several(struct kunit *test)
{
	tscope_interruption_begin(2, 1000, false);
	stepped(kvm, -300, 1000);
	stepped(raw, 900, 1100);
	stepped(kvm, 500, 1200);
	fake_ns += TIME_NS - 1;
	tscope_interruption_look();
	KUNIT_EXPECT_EQ(test, told, 0U);
	fake_ns++;
	tscope_interruption_look();
	KUNIT_EXPECT_EQ(test, told, 1U);
	expect_last(test, TSCOPE_INTERRUPTION, "monotonic-raw", 900, 3, 1000);
	KUNIT_EXPECT_EQ(test, last.cpu, 2);
	tscope_interruption_look();
	KUNIT_EXPECT_EQ(test, told, 1U);
}

/* The guest was stopped: an interruption, though no clock moved. */
static void interruption_stopped(struct kunit *test)
{
	tscope_interruption_begin(0, 1000, false);
	/* CPUs that see it later add to it; its time is the first one's */
	fake_ns += TIME_NS - 1;
	tscope_interruption_begin(1, 2000, true);
	fake_ns++;
	tscope_interruption_look();
	KUNIT_EXPECT_EQ(test, told, 1U);
	expect_last(test, TSCOPE_INTERRUPTION, "kvm-clock", 0, 0, 1000);
	KUNIT_EXPECT_EQ(test, last.cpu, 0);
}

/* Only one clock stepped, and nobody stopped the guest: a step, or several of it. */
static void interruption_is_a_step(struct kunit *test)
{
	tscope_interruption_begin(0, 1000, false);
	stepped(kvm, -40, 1000);
	stepped(kvm, 30, 1500);
	tscope_interruption_end();
	KUNIT_EXPECT_EQ(test, told, 1U);
	expect_last(test, TSCOPE_STEP, "kvm-clock", -40, 2, 1000);
	/* none at all: nothing to tell */
	tscope_interruption_begin(0, 1000, false);
	tscope_interruption_end();
	KUNIT_EXPECT_EQ(test, told, 1U);
}

static void interruption_reset(struct kunit *test)
{
	tscope_interruption_begin(0, 1000, true);
	tscope_interruption_reset();
	fake_ns += TIME_NS;
	tscope_interruption_look();
	KUNIT_EXPECT_EQ(test, told, 0U);
	/* and nothing of it is in the next one */
	tscope_interruption_begin(0, 3000, false);
	tscope_interruption_end();
	KUNIT_EXPECT_EQ(test, told, 0U);
}

static struct kunit_case interruption_cases[] = {
	KUNIT_CASE(interruption_none),
	KUNIT_CASE(interruption_of_thinned),
	KUNIT_CASE(interruption_of_several),
	KUNIT_CASE(interruption_stopped),
	KUNIT_CASE(interruption_is_a_step),
	KUNIT_CASE(interruption_reset),
	{}
};

static struct kunit_suite interruption_suite = {
	.name = "tscope_interruption",
	.init = interruption_init,
	.test_cases = interruption_cases,
};

kunit_test_suite(interruption_suite);
