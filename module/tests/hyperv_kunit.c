// SPDX-License-Identifier: GPL-2.0
/* hyperv: copies of the TSC page, its line, what bursts make of it and of its updates. */
#include <linux/math64.h>
#include <linux/slab.h>

#include <clocksource/hyperv_timer.h>

#include "../events.h"
#include "page_burst.h"
#include "tests.h"
#include "while_written.h"

#define UNIT_NS		100
#define ROUNDS		2000

static struct ms_hyperv_tsc_page page;
static struct tscope_clock *clk;
static struct tscope_cpu *c, *other;
static u64 violations, rnd;

static const u32 *sequence(void)
{
	return (const u32 *)&page.tsc_sequence;
}

static bool copy(struct tscope_timepage *to)
{
	return tscope_clock_hyperv.page->copy(sequence(), to);
}

/* The scale for a frequency: units a cycle, 2^-64. */
static u64 scale_of(u32 khz)
{
	return tscope_div128((u128)10000 << 64, khz);
}

static u64 violations_end(void)
{
	u64 first, end;

	tscope_violations_range(&first, &end);
	return end;
}

static int suite_init(struct kunit *test)
{
	/* the mailbox is aligned to two cache lines */
	c = kunit_kzalloc(test, sizeof(*c) + 128, GFP_KERNEL);
	other = kunit_kzalloc(test, sizeof(*other) + 128, GFP_KERNEL);
	clk = tscope_clock_alloc(&tscope_clock_hyperv);
	if (!clk || !c || !other)
		return -ENOMEM;
	c = PTR_ALIGN(c, 128);
	other = PTR_ALIGN(other, 128);
	other->cpu = 1;
	c->page_ops = tscope_clock_hyperv.page;
	c->page = sequence();
	c->random = 1;
	rnd = 20261128;
	violations = violations_end();
	/* three cycles are a nanosecond, to one part in 2^64 / 300 */
	page = (struct ms_hyperv_tsc_page){
		.tsc_sequence = 1, .tsc_scale = scale_of(3000000), .tsc_offset = 70,
	};
	return 0;
}

/* What the suite found must not stay among the machine's violations. */
static void suite_exit(struct kunit *test)
{
	if (clk)
		tscope_clock_free(clk);
	clk = NULL;
	tscope_violations_reset();
}

static void hyperv_copies(struct kunit *test)
{
	struct tscope_timepage to;

	page.tsc_sequence = U32_MAX;
	page.tsc_offset = -7053083;
	KUNIT_ASSERT_TRUE(test, copy(&to));
	KUNIT_EXPECT_EQ(test, to.sequence, U32_MAX);
	KUNIT_EXPECT_EQ(test, to.tsc, 0ULL);
	KUNIT_EXPECT_EQ(test, (s64)to.ns, -705308300LL);
	KUNIT_EXPECT_EQ(test, to.mult, page.tsc_scale * UNIT_NS);
	KUNIT_EXPECT_EQ(test, to.shift, (s8)0);
	KUNIT_EXPECT_EQ(test, to.flags, (u8)TSCOPE_PAGE_STABLE);
	/* the largest possible scale: 100 * (2^64 - 1) has 71 bits */
	page.tsc_scale = U64_MAX;
	KUNIT_ASSERT_TRUE(test, copy(&to));
	KUNIT_EXPECT_EQ(test, to.shift, (s8)7);
	KUNIT_EXPECT_EQ(test, to.mult, (u64)(((u128)U64_MAX * UNIT_NS) >> 7));
	/* a page that is not valid, or is being written */
	page.tsc_sequence = 0;
	KUNIT_EXPECT_FALSE(test, copy(&to));
}

/* Write the page as KVM does; scale and offset are always the same number. */
static int hypervisor(void *unused)
{
	u32 n = 1;

	while (!kthread_should_stop()) {
		n = n % 1000000 + 1;
		WRITE_ONCE(page.tsc_sequence, 0);
		smp_wmb();	/* the page becomes invalid before anything is written */
		page.tsc_scale = n;
		page.tsc_offset = n;
		smp_wmb();	/* and valid after everything is written */
		WRITE_ONCE(page.tsc_sequence, n);
		cond_resched();
	}
	return 0;
}

static struct tscope_timepage copied;

static bool copy_written(void)
{
	return copy(&copied);
}

static bool is_torn(void)
{
	return copied.mult != copied.ns || copied.ns != (u64)copied.sequence * UNIT_NS;
}

static void hyperv_copies_while_written(struct kunit *test)
{
	page.tsc_scale = 1;
	page.tsc_offset = 1;
	expect_whole_copies(test, hypervisor, copy_written, is_torn);
}

/* The line is that of the specification with its fraction; in whole units, what programs read. */
static void hyperv_line(struct kunit *test)
{
	static const u32 khz[] = {
		250001, 999999, 1000000, 1000001, 2096000, 2399999, 3000000, 5700000,
	};
	struct tscope_timepage p;
	u64 tsc, ns, units, below, back;
	u128 product;
	u16 frac;
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		page.tsc_scale = scale_of(khz[i % ARRAY_SIZE(khz)]);
		page.tsc_offset = (s64)(tscope_test_rnd_bits(&rnd) >> 8) - (1LL << 40);
		/* up to 12 years at the highest frequency */
		tsc = tscope_test_rnd_bits(&rnd) >> 3;
		KUNIT_ASSERT_TRUE(test, copy(&p));
		KUNIT_EXPECT_EQ(test, tscope_timepage_khz(&p), khz[i % ARRAY_SIZE(khz)]);
		product = (u128)tsc * page.tsc_scale;
		units = mul_u64_u64_shr(tsc, page.tsc_scale, 64);
		/* 2^-16 ns above the whole unit */
		below = (u64)(((u128)(u64)product * UNIT_NS) >> 48);

		ns = tscope_timepage_line(&p, tsc, &frac);
		KUNIT_EXPECT_EQ(test, ns - p.ns, units * UNIT_NS + (below >> 16));
		KUNIT_EXPECT_EQ(test, frac, (u16)below);
		KUNIT_EXPECT_EQ(test, (u64)page.tsc_offset * UNIT_NS, p.ns);
		/* bursts have it without the fraction */
		KUNIT_EXPECT_EQ(test, tscope_timepage_ns(&p, tsc), ns);
		if (page.tsc_scale < scale_of(1000000) &&
		    tscope_timepage_inverse(&p, ns, 1, &back))
			KUNIT_EXPECT_LE(test, abs((s64)(back - tsc)), 3LL);
	}
}

/* With a TSC slower than any processor's, the line falls behind as much as hyperv_copy() says. */
static void hyperv_line_slow(struct kunit *test)
{
	static const u32 khz[] = { 10001, 32768, 100000, 249999 };
	struct tscope_timepage p;
	u64 tsc, ns, want;
	u16 frac;
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		page.tsc_scale = scale_of(khz[i % ARRAY_SIZE(khz)]);
		tsc = tscope_test_rnd_bits(&rnd) >> 8;
		KUNIT_ASSERT_TRUE(test, copy(&p));
		KUNIT_EXPECT_EQ(test, tscope_timepage_khz(&p), khz[i % ARRAY_SIZE(khz)]);
		want = mul_u64_u64_shr(tsc, page.tsc_scale, 64) * UNIT_NS +
		       (u64)(((u128)(tsc * page.tsc_scale) * UNIT_NS) >> 64);
		ns = tscope_timepage_line(&p, tsc, &frac) - p.ns;
		KUNIT_EXPECT_LE(test, ns, want);
		KUNIT_EXPECT_LE(test, want - ns, (tsc >> 57) + 1);
	}
}

/* Bursts read the line: the fraction of a unit, in nanoseconds. */
static void hyperv_burst(struct kunit *test)
{
	struct tscope_burst b = { };

	page_burst(c, &b);
	KUNIT_ASSERT_GT(test, b.readings, 0U);
	KUNIT_EXPECT_TRUE(test, b.page_whole);
	KUNIT_EXPECT_TRUE(test, c->current_page);
	KUNIT_EXPECT_LE(test, c->last[TSCOPE_LANE_PAGE] - 7000, c->last[TSCOPE_LANE_TSC] / 3);
	KUNIT_EXPECT_GE(test, c->last[TSCOPE_LANE_PAGE] - 7000 + 1, c->last[TSCOPE_LANE_TSC] / 3);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_PAGE].readings, (u64)b.readings);
	KUNIT_EXPECT_EQ(test, c->events, 0U);
}

/* An update is the same one for all CPUs, and its step is exact. */
static void hyperv_step(struct kunit *test)
{
	struct tscope_burst b = { };
	u64 before, gained;

	page_burst(c, &b);
	page.tsc_offset += 3;
	page.tsc_sequence++;
	page_burst(c, &b);
	KUNIT_ASSERT_EQ(test, c->events, 1U);
	tscope_page_report(c, clk, c->event, 1, true);
	tscope_page_report(other, clk, c->event, 1, false);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, 300LL);
	KUNIT_EXPECT_EQ(test, c->updates, 1ULL);
	KUNIT_EXPECT_TRUE(test, clk->series.begins);
	KUNIT_EXPECT_EQ(test, violations_end(), violations + 1);

	/* a step by another rate too: a millionth more since the TSC was 0 */
	before = page.tsc_scale;
	page.tsc_scale += before / 1000000;
	page.tsc_offset -= 2000000;
	page.tsc_sequence++;
	c->events = 0;
	page_burst(c, &b);
	KUNIT_ASSERT_EQ(test, c->events, 1U);
	tscope_page_report(c, clk, c->event, 1, true);
	tscope_page_report(other, clk, c->event, 1, false);
	KUNIT_EXPECT_EQ(test, clk->steps, 2ULL);
	gained = mul_u64_u64_shr(c->event[0].tsc, (page.tsc_scale - before) * UNIT_NS, 64);
	KUNIT_EXPECT_LE(test, abs(clk->step_last_ns - (s64)(gained - 200000000)), 1LL);

	/* the same page with a new sequence is an update without a step */
	page.tsc_sequence++;
	c->events = 0;
	page_burst(c, &b);
	KUNIT_ASSERT_EQ(test, c->events, 1U);
	tscope_page_report(c, clk, c->event, 1, true);
	KUNIT_EXPECT_EQ(test, c->updates, 3ULL);
	KUNIT_EXPECT_EQ(test, clk->steps, 2ULL);
}

/* Let 20 ms pass by the page. mdelay() may count loops, which an emulated CPU runs at any speed. */
static void pass_20ms(void)
{
	u64 start = rdtsc_ordered();

	while (rdtsc_ordered() - start < 20 * 3000000)
		cpu_relax();
}

/* The rate changed, but the time went on: no step, no matter when the page is looked at. */
static void hyperv_rate(struct kunit *test)
{
	struct tscope_burst b = { };
	u64 before = page.tsc_scale, changed_tsc;

	page_burst(c, &b);
	/* 100 ppm of this time are more than the page's unit */
	pass_20ms();
	changed_tsc = rdtsc_ordered();
	page.tsc_scale += before / 10000;
	page.tsc_offset -= mul_u64_u64_shr(changed_tsc, page.tsc_scale - before, 64);
	page.tsc_sequence++;
	pass_20ms();
	page_burst(c, &b);
	KUNIT_ASSERT_EQ(test, c->events, 1U);
	tscope_page_report(c, clk, c->event, 1, true);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
	KUNIT_EXPECT_TRUE(test, clk->series.begins);
}

/* An update that comes while sampling is off is seen when it is on again. */
static void hyperv_while_off(struct kunit *test)
{
	struct tscope_burst b = { };

	page_burst(c, &b);
	tscope_cpu_quiesce(c);
	page.tsc_offset -= 20000000;
	page.tsc_sequence += 2;
	page_burst(c, &b);
	KUNIT_ASSERT_EQ(test, c->events, 1U);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_PAGE].backward, 0ULL);
	tscope_page_report(c, clk, c->event, 1, true);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, -2000000000LL);
	KUNIT_EXPECT_TRUE(test, clk->series.begins);
}

/* While the page is not valid, it is not read; when it is valid again, this is an update. */
static void hyperv_not_valid(struct kunit *test)
{
	struct tscope_burst b = { };

	page_burst(c, &b);
	page.tsc_sequence = 0;
	page_expect_tsc_alone(test, c);
	page_expect_tsc_alone(test, c);
	KUNIT_EXPECT_EQ(test, c->events, 0U);
	page.tsc_offset -= 10000000;
	page.tsc_sequence = 2;
	page_burst(c, &b);
	KUNIT_EXPECT_TRUE(test, c->current_page);
	KUNIT_ASSERT_EQ(test, c->events, 1U);
	tscope_page_report(c, clk, c->event, 1, true);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, -1000000000LL);
}

/* A hypervisor that withdraws its page may give it the same sequence word again. */
static void hyperv_same_word(struct kunit *test)
{
	const u32 word = page.tsc_sequence;
	struct tscope_burst b = { };

	page_burst(c, &b);
	page.tsc_sequence = 0;
	page_expect_tsc_alone(test, c);
	page.tsc_offset -= 10000000;
	page.tsc_sequence = word;
	page_burst(c, &b);
	KUNIT_ASSERT_EQ(test, c->events, 1U);
	tscope_page_report(c, clk, c->event, 1, true);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, -1000000000LL);
	/* an update between two looks */
	c->events = 0;
	page.tsc_offset += 5000;
	page_burst(c, &b);
	KUNIT_ASSERT_EQ(test, c->events, 1U);
	KUNIT_EXPECT_EQ(test, c->event[0].updates, 1U);
	tscope_page_report(c, clk, c->event, 1, true);
	KUNIT_EXPECT_EQ(test, clk->steps, 2ULL);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, 500000LL);
	/* no update without a change */
	c->events = 0;
	page_burst(c, &b);
	KUNIT_EXPECT_EQ(test, c->events, 0U);
}

/* Not valid at the first reading: the clock begins later, with no update and no step. */
static void hyperv_valid_later(struct kunit *test)
{
	struct tscope_burst b = { };

	page.tsc_sequence = 0;
	page_expect_tsc_alone(test, c);
	page.tsc_sequence = 5;
	page_burst(c, &b);
	KUNIT_EXPECT_TRUE(test, c->current_page);
	KUNIT_EXPECT_EQ(test, c->events, 0U);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_PAGE].backward, 0ULL);
}

/* CPUs report at different times: the slower CPU's update is older, and was reported already. */
static void hyperv_late_report(struct kunit *test)
{
	struct tscope_page_event first = { .tsc = 3000000, .updates = 1 }, second, both;

	KUNIT_ASSERT_TRUE(test, copy(&first.old));
	page.tsc_offset -= 5000;
	page.tsc_sequence++;
	KUNIT_ASSERT_TRUE(test, copy(&first.new));
	page.tsc_offset += 200;
	page.tsc_sequence++;
	second = first;
	second.old = first.new;
	KUNIT_ASSERT_TRUE(test, copy(&second.new));
	both = first;
	both.new = second.new;

	tscope_page_report(c, clk, &both, 1, true);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, -480000LL);
	tscope_page_report(other, clk, &first, 1, false);
	tscope_page_report(other, clk, &second, 1, false);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, violations_end(), violations + 1);
}

static struct kunit_case hyperv_cases[] = {
	KUNIT_CASE(hyperv_copies),
	KUNIT_CASE(hyperv_copies_while_written),
	KUNIT_CASE(hyperv_line),
	KUNIT_CASE(hyperv_line_slow),
	KUNIT_CASE(hyperv_burst),
	KUNIT_CASE(hyperv_step),
	KUNIT_CASE(hyperv_rate),
	KUNIT_CASE(hyperv_while_off),
	KUNIT_CASE(hyperv_not_valid),
	KUNIT_CASE(hyperv_same_word),
	KUNIT_CASE(hyperv_valid_later),
	KUNIT_CASE(hyperv_late_report),
	{}
};

static struct kunit_suite hyperv_suite = {
	.name = "tscope_hyperv",
	.init = suite_init,
	.exit = suite_exit,
	.test_cases = hyperv_cases,
};

kunit_test_suite(hyperv_suite);
