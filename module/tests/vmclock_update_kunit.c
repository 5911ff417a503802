// SPDX-License-Identifier: GPL-2.0
/* clock_vmclock.c: how updates of a page are reported. */
#include <linux/math64.h>

#include "vmclock_page.h"

static void move_by(s64 ns)
{
	u64 frac_before = page.frac;

	/* 2^64 / 10^9, rounded up */
	page.frac += ns * 18446744074LL;
	page.sec += ns < 0 && page.frac > frac_before ? -1 : ns > 0 && page.frac < frac_before;
	page.sequence += 2;
}

/* Move the page's time by @ns. Returns the step that is reported, 0 if none is. */
static s64 update_by(struct kunit *test, s64 ns)
{
	move_by(ns);
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_EQ(test, raw.step.error_ns, 1ULL);
	return raw.stepped ? raw.step.ns : 0;
}

static void vmclock_steps(struct kunit *test)
{
	page.flags |= MAXERRORS;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	/* if the host states an error of 0, any more than rounding is a step */
	KUNIT_EXPECT_EQ(test, update_by(test, 1), 0LL);
	KUNIT_EXPECT_EQ(test, update_by(test, 2), 2LL);
	KUNIT_EXPECT_EQ(test, raw.step.tsc, raw.tsc);
	KUNIT_EXPECT_EQ(test, update_by(test, -5), -5LL);
	KUNIT_EXPECT_EQ(test, update_by(test, 123456789), 123456789LL);
	/* the error in the page before an update counts, not the one after it */
	page.maxerror_ns = 1000;
	KUNIT_EXPECT_EQ(test, update_by(test, 7), 7LL);
	KUNIT_EXPECT_EQ(test, update_by(test, 1000), 0LL);
	KUNIT_EXPECT_EQ(test, update_by(test, -1000), 0LL);
	KUNIT_EXPECT_EQ(test, update_by(test, 1001), 1001LL);
	page.maxerror_ns = 10;
	KUNIT_EXPECT_EQ(test, update_by(test, -999), 0LL);
	KUNIT_EXPECT_EQ(test, update_by(test, -11), -11LL);
	/* if the marker changes, any difference is a step */
	page.maxerror_ns = 1000;
	KUNIT_EXPECT_EQ(test, update_by(test, 9), 0LL);
	page.marker++;
	KUNIT_EXPECT_EQ(test, update_by(test, 3), 3LL);
	/* a host whose maximum error is unlimited never steps */
	page.maxerror_ns = U64_MAX;
	KUNIT_EXPECT_EQ(test, update_by(test, 5), 0LL);
	KUNIT_EXPECT_EQ(test, update_by(test, 123456), 0LL);
	KUNIT_EXPECT_EQ(test, v.updates, 14ULL);
	KUNIT_EXPECT_EQ(test, v.disruptions, 1ULL);
	/* only the marker began a segment */
	KUNIT_EXPECT_EQ(test, raw.source, 1U);
}

/* Without both maximum errors, an update that a slew of 500 ppm explains is not a step. */
static void vmclock_slew(struct kunit *test)
{
	static const struct {
		u64 flags;
		s64 ns, step_ns;
		u32 begun_ms;
	} cases[] = {
		{ 0, 24000, 0, 50 },
		{ 0, -24000, 0, 50 },
		/* if the kernel was delayed by 20 ms in between, 10 us more are allowed */
		{ 0, 40000, 40000, 50 },
		{ 0, -40000, -40000, 50 },
		{ TSCOPE_VMCLOCK_TIME_ESTERROR, 120000, 0, 50 },
		{ TSCOPE_VMCLOCK_TIME_ESTERROR, -140000, -140000, 50 },
		{ MAXERRORS, 1000, 0, 50 },
		{ MAXERRORS, 2000, 2000, 50 },
		/* without an error of the period, nothing is promised of the time since */
		{ TSCOPE_VMCLOCK_TIME_MAXERROR, 24000, 0, 50 },
		{ TSCOPE_VMCLOCK_TIME_MAXERROR, 40000, 40000, 50 },
		/* a host may slew all the time between its updates, but for 100 s at most */
		{ 0, 490000, 0, 1000 },
		{ 0, -490000, 0, 1000 },
		{ 0, 520000, 520000, 1000 },
		{ 0, 49900000, 0, 200000 },
		{ 0, 50100000, 50100000, 200000 },
	};
	u64 looked;
	u32 i;

	page.esterror_ns = 100000;
	page.maxerror_ns = 1500;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		page.flags = cases[i].flags;
		KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
		/* as if the page were that old, and the last look were 50 ms ago */
		v.begun_tsc = v.seen_tsc - CYCLES_PER_S / 1000 * cases[i].begun_ms;
		v.seen_tsc -= CYCLES_PER_S / 20;
		KUNIT_EXPECT_EQ_MSG(test, update_by(test, cases[i].ns), cases[i].step_ns,
				    "case %u", i);
	}
	/* a new page may be as old as the look before it, but not if the TSC may have jumped */
	v.seen_tsc -= CYCLES_PER_S;
	looked = v.seen_tsc;
	update_by(test, 0);
	KUNIT_EXPECT_EQ(test, v.begun_tsc, looked);
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_EQ(test, v.begun_tsc, looked);
	page.marker++;
	update_by(test, 0);
	KUNIT_EXPECT_EQ(test, v.begun_tsc, raw.tsc);
}

/* Updates that were not seen may have slewed the time: a step's error allows for that. */
static void vmclock_missed_updates(struct kunit *test)
{
	static const struct {
		u64 flags, marker;
		s64 ns;
		u64 least_ns, most_ns;		/* the error; 0: no step */
	} cases[] = {
		/* 500 ppm of 50 ms, and of the time by which the kernel is delayed in between */
		{ 0, 7, 1000000, 25001, 50001 },
		{ 0, 7, 24000 },
		{ TSCOPE_VMCLOCK_TIME_ESTERROR, 7, -1000000, 125001, 150001 },
		{ MAXERRORS, 7, 1000000, 1501, 1501 },
		/* also if the TSC may have jumped, this may be no step */
		{ 0, 8, 24000 },
		{ 0, 8, 60000, 25001, 50001 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		vmclock_init(test);
		/* the page's line begins before the last look */
		page.counter -= CYCLES_PER_S;
		page.esterror_ns = 100000;
		page.maxerror_ns = 1500;
		page.flags = cases[i].flags;
		KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
		v.seen_tsc -= CYCLES_PER_S / 20;
		v.begun_tsc = v.seen_tsc;
		page.sequence += 4;
		page.marker = cases[i].marker;
		move_by(cases[i].ns);
		KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
		KUNIT_EXPECT_EQ_MSG(test, raw.stepped, !!cases[i].most_ns, "case %u", i);
		if (!raw.stepped)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, raw.step.ns, cases[i].ns, "case %u", i);
		KUNIT_EXPECT_GE_MSG(test, raw.step.error_ns, cases[i].least_ns, "case %u", i);
		KUNIT_EXPECT_LE_MSG(test, raw.step.error_ns, cases[i].most_ns, "case %u", i);
	}
}

/* After a suspend the TSC may be another: no line is compared with one from before. */
static void vmclock_suspend(struct kunit *test)
{
	page.flags |= MAXERRORS;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	v.suspended = true;
	page.marker++;
	page.sec += 100;
	page.sequence += 2;
	KUNIT_EXPECT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_FALSE(test, raw.stepped);
	KUNIT_EXPECT_EQ(test, v.updates, 1ULL);
	KUNIT_EXPECT_EQ(test, v.disruptions, 1ULL);
	KUNIT_EXPECT_EQ(test, update_by(test, 500), 500LL);
}

/* If the rate changes, the step is the difference where the new line begins. */
static void vmclock_step_with_rate(struct kunit *test)
{
	u64 ns;
	u16 frac;

	page.flags |= MAXERRORS;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	ns = tscope_vmclock_ns(&page, raw.tsc + 1, &frac);
	page.counter = raw.tsc + 1;
	page.sec = div_u64(ns, NSEC_PER_SEC);
	page.frac = (ns - page.sec * NSEC_PER_SEC + 50) * 18446744074ULL;
	page.period += CYCLE / 8;
	page.sequence += 2;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_TRUE(test, raw.stepped);
	KUNIT_EXPECT_LE(test, abs(raw.step.ns - 50), 1LL);

	/* the new line begins long ago: the step is the difference that programs see now */
	page.counter -= 8000 * CYCLES_PER_S;
	page.sec -= 8000 + 1000;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_FALSE(test, raw.stepped);
	page.period -= CYCLE / 8;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_TRUE(test, raw.stepped);
	ns = mul_u64_u64_shr(raw.tsc - page.counter, NSEC_PER_SEC, 31 + 3);
	KUNIT_EXPECT_LE(test, abs(raw.step.ns + (s64)ns), 1LL);

	/* the new rate may have held since the last look, 50 ms ago: it is an eighth lower */
	v.seen_tsc -= CYCLES_PER_S / 20;
	page.period -= CYCLE / 8;
	page.sequence += 2;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_TRUE(test, raw.stepped);
	KUNIT_EXPECT_GT(test, raw.step.error_ns, 50000000ULL / 8);
	KUNIT_EXPECT_LT(test, raw.step.error_ns, 70000000ULL / 8);

	/* if the TSC may have jumped, its value at the last look says nothing */
	v.seen_tsc -= CYCLES_PER_S / 20;
	page.period += CYCLE / 8;
	page.marker++;
	page.sequence += 2;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_TRUE(test, raw.stepped);
	KUNIT_EXPECT_EQ(test, raw.step.error_ns, 1ULL);
}

/* A marker and a generation are events, each once, also if the page gives no time. */
static void vmclock_marker(struct kunit *test)
{
	struct tscope_violation first, second;

	page.counter_id = 0xff;
	page.status = 0;
	KUNIT_EXPECT_EQ(test, tscope_vmclock_read(&v, &raw), -ENODATA);
	KUNIT_EXPECT_EQ(test, tscope_vmclock_read(&v, &raw), -ENODATA);
	KUNIT_EXPECT_EQ(test, v.updates, 0ULL);
	page.sequence += 2;
	page.marker = 2;
	KUNIT_EXPECT_EQ(test, tscope_vmclock_read(&v, &raw), -ENODATA);
	KUNIT_EXPECT_EQ(test, tscope_vmclock_read(&v, &raw), -ENODATA);
	page.sequence += 2;
	page.generation++;
	KUNIT_EXPECT_EQ(test, tscope_vmclock_read(&v, &raw), -ENODATA);
	KUNIT_EXPECT_EQ(test, v.updates, 2ULL);
	KUNIT_EXPECT_EQ(test, v.disruptions, 1ULL);
	KUNIT_ASSERT_EQ(test, violations_end(), violations + 2);
	KUNIT_ASSERT_TRUE(test, tscope_violation_get(violations, &first));
	KUNIT_ASSERT_TRUE(test, tscope_violation_get(violations + 1, &second));
	KUNIT_EXPECT_STREQ(test, first.what, "marker");
	KUNIT_EXPECT_STREQ(test, first.clock, "vmclock");
	KUNIT_EXPECT_EQ(test, first.cpu, (s32)raw_smp_processor_id());
	KUNIT_EXPECT_EQ(test, first.peer, -1);
	KUNIT_EXPECT_EQ(test, first.count, 1ULL);
	KUNIT_EXPECT_STREQ(test, second.what, "snapshot");
	KUNIT_EXPECT_EQ(test, second.tsc, raw.tsc);
	/* a generation that appears, or whose flag is not set, has not changed */
	page.flags = 0;
	page.generation++;
	tscope_vmclock_read(&v, &raw);
	page.flags = TSCOPE_VMCLOCK_GENERATION;
	page.generation++;
	tscope_vmclock_read(&v, &raw);
	KUNIT_EXPECT_EQ(test, violations_end(), violations + 2);
}

/* Members beyond the page's end are not read, no matter what the flags say. */
static void vmclock_short_page(struct kunit *test)
{
	v.size = offsetof(struct tscope_vmclock_abi, generation);
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	page.generation = 99;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_EQ(test, v.seen.generation, 0ULL);
	KUNIT_EXPECT_EQ(test, v.updates, 0ULL);
	KUNIT_EXPECT_EQ(test, violations_end(), violations);
}

/* If the host does not end an update, the page is read later; this is one update then. */
static void vmclock_unfinished(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	page.sequence++;
	page.marker++;
	KUNIT_EXPECT_EQ(test, tscope_vmclock_read(&v, &raw), -EAGAIN);
	KUNIT_EXPECT_EQ(test, tscope_vmclock_read(&v, &raw), -EAGAIN);
	KUNIT_EXPECT_EQ(test, v.updates, 0ULL);
	KUNIT_EXPECT_EQ(test, violations_end(), violations);
	page.sequence++;
	KUNIT_EXPECT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_EQ(test, v.updates, 1ULL);
	KUNIT_EXPECT_EQ(test, v.disruptions, 1ULL);
	KUNIT_EXPECT_FALSE(test, raw.stepped);
}

static int take_read(struct tscope_raw *to)
{
	return tscope_vmclock_read(&v, to);
}

/* Steps begin segments and count; a page without time is no reading; small updates no step. */
static void vmclock_points(struct kunit *test)
{
	static const struct tscope_clock_ops ops = {
		.name = "vmclock", .kind = TSCOPE_KIND_AT_TSC, .lane = TSCOPE_NO_LANE,
		.read = take_read, .knows_steps = true,
	};
	struct tscope_clock *clk = tscope_clock_alloc(&ops);
	struct tscope_cpu *c = kunit_kzalloc(test, sizeof(*c) + 128, GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_TRUE(test, clk && c);
	c = PTR_ALIGN(c, 128);
	page.flags = MAXERRORS;
	page.maxerror_ns = 50;
	for (i = 0; i < 20; i++) {
		page.frac += (i % 2 ? -40 : 40) * 18446744074LL;
		tscope_clock_take(clk, c, 1, U64_MAX);
	}
	KUNIT_EXPECT_EQ(test, clk->samples, 20ULL);
	KUNIT_EXPECT_EQ(test, clk->series.head, 20ULL);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 1U);
	KUNIT_EXPECT_EQ(test, clk->steps, 0ULL);
	page.sec += 2;
	for (i = 0; i < 20; i++)
		tscope_clock_take(clk, c, 1, U64_MAX);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->step_last_ns, 2000000000LL);
	KUNIT_EXPECT_EQ(test, clk->series.head, 40ULL);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 2U);
	page.counter_id = 0xff;
	tscope_clock_take(clk, c, 1, U64_MAX);
	KUNIT_EXPECT_EQ(test, clk->samples, 40ULL);
	page.counter_id = 1;
	page.sequence++;
	tscope_clock_take(clk, c, 1, U64_MAX);
	KUNIT_EXPECT_EQ(test, clk->samples, clk->rejected + 40);
	KUNIT_EXPECT_GT(test, clk->rejected, 0ULL);
	page.sequence++;
	tscope_clock_take(clk, c, 1, U64_MAX);
	KUNIT_EXPECT_EQ(test, clk->series.head, 41ULL);
	KUNIT_EXPECT_EQ(test, clk->series.segment, 3U);
	KUNIT_EXPECT_EQ(test, clk->steps, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->errors, 0ULL);
	KUNIT_EXPECT_EQ(test, clk->backward, 0ULL);
	/* UTC after TAI is earlier, but has not gone back */
	page.time_type = TSCOPE_VMCLOCK_UTC;
	page.sec -= 37;
	tscope_clock_take(clk, c, 1, U64_MAX);
	KUNIT_EXPECT_EQ(test, clk->backward, 0ULL);
	page.sec -= 5;
	tscope_clock_take(clk, c, 1, U64_MAX);
	KUNIT_EXPECT_EQ(test, clk->backward, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->steps, 2ULL);
	tscope_clock_free(clk);
}

static struct kunit_case vmclock_update_cases[] = {
	KUNIT_CASE(vmclock_steps),
	KUNIT_CASE(vmclock_slew),
	KUNIT_CASE(vmclock_missed_updates),
	KUNIT_CASE(vmclock_suspend),
	KUNIT_CASE(vmclock_step_with_rate),
	KUNIT_CASE(vmclock_marker),
	KUNIT_CASE(vmclock_short_page),
	KUNIT_CASE(vmclock_unfinished),
	KUNIT_CASE(vmclock_points),
	{}
};

static struct kunit_suite vmclock_update_suite = {
	.name = "tscope_vmclock_update",
	.init = vmclock_init,
	.exit = vmclock_exit,
	.test_cases = vmclock_update_cases,
};

kunit_test_suite(vmclock_update_suite);
