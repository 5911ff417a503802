// SPDX-License-Identifier: GPL-2.0
/* clock_vmclock.c: a page's layout, its line, its errors, and whether it gives time. */
#include <linux/time64.h>

#include "vmclock_page.h"
#include "while_written.h"

/* The page's time at so many cycles after its counter, as ns after BASE_NS. */
static s64 after(s64 cycles, u16 *frac)
{
	return (s64)(tscope_vmclock_ns(&page, page.counter + cycles, frac) - BASE_NS);
}

static void vmclock_layout(struct kunit *test)
{
	/* as UAPI.13 has them, but its table has the last member at 0x64, within the one before */
	static const struct {
		u32 offset, bytes;
		u64 value;
	} fields[] = {
		{ 0x00, 4, 0x4b4c4356 }, { 0x04, 4, 0x1000 }, { 0x08, 2, 1 }, { 0x0a, 1, 1 },
		{ 0x0b, 1, 0 }, { 0x0c, 4, 0xfedcba98 }, { 0x10, 8, 0x1122334455667788 },
		{ 0x18, 8, BIT(8) | BIT(0) }, { 0x22, 1, 3 }, { 0x24, 2, 0xffdb }, { 0x27, 1, 29 },
		{ 0x28, 8, 0x0102030405060708 }, { 0x30, 8, 0x89705f4136b4a597 },
		{ 0x38, 8, 11 }, { 0x40, 8, 12 }, { 0x48, 8, 13 }, { 0x50, 8, 14 }, { 0x58, 8, 15 },
		{ 0x60, 8, 16 }, { 0x68, 8, 17 },
	};
	const struct tscope_vmclock_abi *p = &page;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		memcpy((u8 *)&page + fields[i].offset, &fields[i].value, fields[i].bytes);
	KUNIT_EXPECT_EQ(test, p->magic, (u32)TSCOPE_VMCLOCK_MAGIC);
	KUNIT_EXPECT_EQ(test, p->size, 0x1000U);
	KUNIT_EXPECT_EQ(test, p->version, (u16)1);
	KUNIT_EXPECT_EQ(test, p->counter_id, (u8)TSCOPE_VMCLOCK_TSC);
	KUNIT_EXPECT_EQ(test, p->time_type, (u8)TSCOPE_VMCLOCK_UTC);
	KUNIT_EXPECT_EQ(test, p->sequence, 0xfedcba98U);
	KUNIT_EXPECT_EQ(test, p->marker, 0x1122334455667788ULL);
	KUNIT_EXPECT_EQ(test, p->flags,
			(u64)(TSCOPE_VMCLOCK_GENERATION | TSCOPE_VMCLOCK_TAI_OFFSET));
	KUNIT_EXPECT_EQ(test, p->status, (u8)TSCOPE_VMCLOCK_FREERUNNING);
	KUNIT_EXPECT_EQ(test, p->tai_offset, (s16)-37);
	KUNIT_EXPECT_EQ(test, p->shift, (u8)29);
	KUNIT_EXPECT_EQ(test, p->counter, 0x0102030405060708ULL);
	KUNIT_EXPECT_EQ(test, p->period, 0x89705f4136b4a597ULL);
	KUNIT_EXPECT_EQ(test, p->period_esterror, 11ULL);
	KUNIT_EXPECT_EQ(test, p->period_maxerror, 12ULL);
	KUNIT_EXPECT_EQ(test, p->sec, 13ULL);
	KUNIT_EXPECT_EQ(test, p->frac, 14ULL);
	KUNIT_EXPECT_EQ(test, p->esterror_ns, 15ULL);
	KUNIT_EXPECT_EQ(test, p->maxerror_ns, 16ULL);
	KUNIT_EXPECT_EQ(test, p->generation, 17ULL);
}

/* Seconds, halves and single cycles, with each shift, and before the page's counter. */
static void vmclock_line(struct kunit *test)
{
	u32 shift;
	u16 frac;

	for (shift = 0; shift < 31; shift++) {
		page.shift = shift;
		page.period = CYCLE >> (SHIFT - shift);
		KUNIT_EXPECT_EQ(test, after(0, &frac), 0LL);
		KUNIT_EXPECT_EQ(test, frac, (u16)0);
		KUNIT_EXPECT_EQ(test, after(3 * CYCLES_PER_S + CYCLES_PER_S / 2, &frac),
				3500000000LL);
		KUNIT_EXPECT_EQ(test, frac, (u16)0);
		KUNIT_EXPECT_EQ(test, after(-(s64)CYCLES_PER_S / 2, &frac), -500000000LL);
		KUNIT_EXPECT_EQ(test, frac, (u16)0);
		/* 0.46566128... ns, which is 30517.578 * 2^-16; and the same time before */
		KUNIT_EXPECT_EQ(test, after(1, &frac), 0LL);
		KUNIT_EXPECT_EQ(test, frac, (u16)30517);
		KUNIT_EXPECT_EQ(test, after(-1, &frac), -1LL);
		KUNIT_EXPECT_EQ(test, frac, (u16)(65536 - 30518));
		/* 32 years */
		KUNIT_EXPECT_EQ(test, after(1000000000LL * CYCLES_PER_S, &frac),
				1000000000LL * NSEC_PER_SEC);
		KUNIT_EXPECT_EQ(test, frac, (u16)0);
	}
	/* half a second, a quarter of a nanosecond, and a second less 2^-64 */
	page.frac = BIT_ULL(63);
	KUNIT_EXPECT_EQ(test, after(CYCLES_PER_S, &frac), 1500000000LL);
	KUNIT_EXPECT_EQ(test, frac, (u16)0);
	page.frac = 4611686019;
	KUNIT_EXPECT_EQ(test, after(0, &frac), 0LL);
	KUNIT_EXPECT_EQ(test, frac, (u16)16384);
	page.frac = U64_MAX;
	KUNIT_EXPECT_EQ(test, after(0, &frac), 999999999LL);
	KUNIT_EXPECT_EQ(test, frac, (u16)65535);
	/* 1 GHz, as the specification writes it, for 1000 s */
	page.frac = 0;
	page.period = 0x89705f4136b4a597;
	page.shift = 29;
	KUNIT_EXPECT_LE(test, abs(((after(1000000000000, &frac) - 1000000000000) << 16) + frac),
			1LL);
}

/* UTC with its offset is shown as TAI: a leap second moves both, and is no step. */
static void vmclock_leap_second(struct kunit *test)
{
	u16 frac;

	page.time_type = 0;
	KUNIT_EXPECT_EQ(test, after(0, &frac), 0LL);
	page.flags |= TSCOPE_VMCLOCK_TAI_OFFSET;
	page.tai_offset = -3;
	KUNIT_EXPECT_EQ(test, after(0, &frac), -3000000000LL);
	page.tai_offset = 37;
	KUNIT_EXPECT_EQ(test, after(0, &frac), 37000000000LL);
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);

	page.sec--;
	page.tai_offset++;
	page.sequence += 2;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_EQ(test, v.updates, 1ULL);
	KUNIT_EXPECT_FALSE(test, raw.stepped);
	/* another time scale begins a segment, and is not a step */
	page.flags = 0;
	page.sequence += 2;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_FALSE(test, raw.stepped);
	KUNIT_EXPECT_EQ(test, raw.source, 1U);
	/* an offset that belongs to TAI itself is not added */
	page.time_type = 1;
	page.flags = TSCOPE_VMCLOCK_TAI_OFFSET;
	KUNIT_EXPECT_EQ(test, after(0, &frac), -1000000000LL);
}

static void vmclock_stated_error(struct kunit *test)
{
	static const struct {
		u64 flags, cycles;
		int err;
		u64 ns;
	} cases[] = {
		{ 0, 0, -ENODATA },
		{ TSCOPE_VMCLOCK_PERIOD_MAXERROR, 0, -ENODATA },
		{ TSCOPE_VMCLOCK_TIME_ESTERROR, CYCLES_PER_S, 0, 100 },
		{ TSCOPE_VMCLOCK_TIME_MAXERROR, CYCLES_PER_S, 0, 2000 },
		{ TSCOPE_VMCLOCK_TIME_MAXERROR | TSCOPE_VMCLOCK_TIME_ESTERROR, 0, 0, 2000 },
		/* a millionth of the period is estimated, two at most; 1 for rounding */
		{ TSCOPE_VMCLOCK_TIME_MAXERROR | TSCOPE_VMCLOCK_PERIOD_ESTERROR,
		  CYCLES_PER_S, 0, 2000 + 1000 },
		{ TSCOPE_VMCLOCK_TIME_MAXERROR | TSCOPE_VMCLOCK_PERIOD_MAXERROR |
		  TSCOPE_VMCLOCK_PERIOD_ESTERROR, CYCLES_PER_S, 0, 2000 + 2000 },
		{ TSCOPE_VMCLOCK_TIME_ESTERROR | TSCOPE_VMCLOCK_PERIOD_MAXERROR,
		  10 * CYCLES_PER_S, 0, 100 + 20000 },
		/* before the page's counter the error grows as well */
		{ TSCOPE_VMCLOCK_TIME_ESTERROR | TSCOPE_VMCLOCK_PERIOD_MAXERROR,
		  -10 * CYCLES_PER_S, 0, 100 + 20000 },
	};
	u64 ns;
	u32 i;

	page.esterror_ns = 100;
	page.maxerror_ns = 2000;
	page.period_esterror = CYCLE / 1000000;
	page.period_maxerror = CYCLE / 500000;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		page.flags = cases[i].flags;
		KUNIT_EXPECT_EQ_MSG(test, tscope_vmclock_error_ns(&page, page.counter +
								  cases[i].cycles, &ns),
				    cases[i].err, "case %u", i);
		if (!cases[i].err)
			KUNIT_EXPECT_LE_MSG(test, abs((s64)(ns - cases[i].ns)), 1LL, "case %u", i);
	}
	/* the error does not wrap */
	page.flags = TSCOPE_VMCLOCK_TIME_MAXERROR | TSCOPE_VMCLOCK_PERIOD_MAXERROR;
	page.maxerror_ns = U64_MAX;
	KUNIT_EXPECT_EQ(test, tscope_vmclock_error_ns(&page, page.counter, &ns), 0);
	KUNIT_EXPECT_EQ(test, ns, U64_MAX);
}

/* Write the page by its protocol; all members are always the same number. */
static int host_writes(void *unused)
{
	u32 n = 1;

	while (!kthread_should_stop()) {
		n++;
		WRITE_ONCE(page.sequence, 2 * n - 1);
		smp_wmb();	/* the sequence is odd before anything is written */
		WRITE_ONCE(page.counter, n);
		WRITE_ONCE(page.period, n);
		WRITE_ONCE(page.sec, n);
		WRITE_ONCE(page.frac, n);
		smp_wmb();	/* and even after everything is written */
		WRITE_ONCE(page.sequence, 2 * n);
		cond_resched();
	}
	return 0;
}

static bool copy_written(void)
{
	return tscope_vmclock_read(&v, &raw) != -EAGAIN;
}

static bool is_torn(void)
{
	u64 n = v.seen.sequence / 2;

	return v.seen.counter != n || v.seen.period != n || v.seen.sec != n || v.seen.frac != n;
}

static void vmclock_copies_while_written(struct kunit *test)
{
	/* a page that gives no time, so no steps are looked for */
	page.counter_id = 0xff;
	page.sequence = 2;
	page.counter = 1;
	page.period = 1;
	page.sec = 1;
	page.frac = 1;
	expect_whole_copies(test, host_writes, copy_written, is_torn);
}

static void vmclock_reading(struct kunit *test)
{
	u64 ns;
	u16 frac;

	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_TRUE(test, raw.exact);
	KUNIT_EXPECT_FALSE(test, raw.stepped);
	KUNIT_EXPECT_EQ(test, raw.tick_ns, 0U);
	KUNIT_EXPECT_LE(test, raw.before, raw.tsc);
	KUNIT_EXPECT_LE(test, raw.tsc, raw.after);
	ns = tscope_vmclock_ns(&page, raw.tsc, &frac);
	KUNIT_EXPECT_EQ(test, raw.ns, ns);
	KUNIT_EXPECT_EQ(test, raw.frac, (u32)frac);
	KUNIT_EXPECT_GE(test, raw.ns, BASE_NS + 465);
	KUNIT_EXPECT_EQ(test, v.updates, 0ULL);
	KUNIT_EXPECT_EQ(test, violations_end(), violations);
}

static void vmclock_gives_no_time(struct kunit *test)
{
	static const struct {
		u8 counter_id, status, shift;
		u64 period, sec;
		u32 size;
		bool time;
		u8 time_type;
	} cases[] = {
		{ 1, 2, SHIFT, CYCLE, 5, 0x70, true },
		{ 1, 2, SHIFT, CYCLE, 5, 0x70, true, TSCOPE_VMCLOCK_TAI },
		/* without an epoch; smeared; perhaps smeared */
		{ 1, 2, SHIFT, CYCLE, 5, 0x70, false, 2 },
		{ 1, 2, SHIFT, CYCLE, 5, 0x70, false, 3 },
		{ 1, 2, SHIFT, CYCLE, 5, 0x70, false, 4 },
		{ 1, 3, SHIFT, CYCLE, 5, 0x68, true },
		{ 1, 0, SHIFT, CYCLE, 5, 0x70 },
		{ 1, 1, SHIFT, CYCLE, 5, 0x70 },
		{ 1, 4, SHIFT, CYCLE, 5, 0x70 },
		{ 0, 2, SHIFT, CYCLE, 5, 0x70 },
		{ 0xff, 2, SHIFT, CYCLE, 5, 0x70 },
		{ 1, 2, SHIFT, 0, 5, 0x70 },
		{ 1, 2, 63, CYCLE, 5, 0x70, true },
		{ 1, 2, 64, CYCLE, 5, 0x70 },
		{ 1, 2, 255, CYCLE, 5, 0x70 },
		{ 1, 2, SHIFT, CYCLE, KTIME_SEC_MAX, 0x70 },
		/* a page that ends before the errors */
		{ 1, 2, SHIFT, CYCLE, 5, 0x67 },
		{ 1, 2, SHIFT, CYCLE, 5, 0x20 },
	};
	u32 source, i;
	int err;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		page.counter_id = cases[i].counter_id;
		page.status = cases[i].status;
		page.shift = cases[i].shift;
		page.period = cases[i].period;
		page.sec = cases[i].sec;
		v.size = cases[i].size;
		page.time_type = cases[i].time_type;
		err = tscope_vmclock_read(&v, &raw);
		KUNIT_EXPECT_EQ_MSG(test, !err, cases[i].time, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, err == -ENODATA, !cases[i].time, "case %u", i);
	}
	/* after a while without a time there is no step, but another segment */
	vmclock_init(test);
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	source = raw.source;
	page.status = 4;
	KUNIT_EXPECT_EQ(test, tscope_vmclock_read(&v, &raw), -ENODATA);
	page.status = 2;
	page.sec += 5;
	KUNIT_ASSERT_EQ(test, tscope_vmclock_read(&v, &raw), 0);
	KUNIT_EXPECT_FALSE(test, raw.stepped);
	KUNIT_EXPECT_NE(test, raw.source, source);
}

static void vmclock_faults(struct kunit *test)
{
	static const struct {
		u32 magic, size, bytes;
		u16 version;
		bool good;
	} cases[] = {
		{ 0x4b4c4356, 0x70, 0x1000, 1, true },
		{ 0x4b4c4356, 0x1000, 0x1000, 1, true },
		{ 0x4b4c4356, 0x20, 0x20, 1, true },
		{ 0x4b4c4357, 0x70, 0x1000, 1 },
		{ 0, 0, 0x1000, 0 },
		{ 0x4b4c4356, 0x70, 0x1000, 2 },
		{ 0x4b4c4356, 0x70, 0x1000, 0 },
		{ 0x4b4c4356, 0x1f, 0x1000, 1 },
		{ 0x4b4c4356, 0x1001, 0x1000, 1 },
		{ 0x4b4c4356, U32_MAX, 0x1000, 1 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		page.magic = cases[i].magic;
		page.size = cases[i].size;
		page.version = cases[i].version;
		KUNIT_EXPECT_EQ_MSG(test, !tscope_vmclock_fault(&page, cases[i].bytes),
				    cases[i].good, "case %u", i);
	}
}

/* What a file shows, of the module's own page; "errno N" for an error. */
static char *shown(struct kunit *test, const char *name)
{
	struct attribute **a = tscope_clock_vmclock.group->attrs;
	char *text = (char *)kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct kobj_attribute *file;
	ssize_t len = -ENOENT;

	KUNIT_ASSERT_NOT_NULL(test, text);
	while (*a && strcmp((*a)->name, name))
		a++;
	if (*a) {
		file = container_of(*a, struct kobj_attribute, attr);
		len = file->show(NULL, file, text);
	}
	if (len < 0)
		snprintf(text, PAGE_SIZE, "errno %zd", len);
	return text;
}

#define EXPECT_SHOWN(name, text) KUNIT_EXPECT_STREQ(test, shown(test, name), text)

static void vmclock_files(struct kunit *test)
{
	struct tscope_vmclock real = tscope_vmclock;

	if (real.page)
		kunit_skip(test, "the machine has a vmclock");
	v.updates = 5;
	v.disruptions = 2;
	page.flags |= TSCOPE_VMCLOCK_TIME_MAXERROR;
	page.maxerror_ns = 1234;
	tscope_vmclock = v;
	EXPECT_SHOWN("time", "1\n");
	EXPECT_SHOWN("status", "2\n");
	EXPECT_SHOWN("error_ns", "1234\n");
	EXPECT_SHOWN("updates", "5\n");
	EXPECT_SHOWN("marker", "7\n");
	EXPECT_SHOWN("disruptions", "2\n");
	EXPECT_SHOWN("generation", "3\n");
	page.status = 4;
	page.flags = 0;
	EXPECT_SHOWN("time", "0\n");
	EXPECT_SHOWN("status", "4\n");
	EXPECT_SHOWN("error_ns", "errno -61");
	EXPECT_SHOWN("generation", "errno -61");
	page.sequence++;
	EXPECT_SHOWN("time", "errno -11");
	EXPECT_SHOWN("marker", "errno -11");
	EXPECT_SHOWN("updates", "5\n");
	tscope_clock_vmclock.reset();
	EXPECT_SHOWN("updates", "0\n");
	EXPECT_SHOWN("disruptions", "0\n");
	tscope_vmclock = real;
}

static struct kunit_case vmclock_cases[] = {
	KUNIT_CASE(vmclock_layout),
	KUNIT_CASE(vmclock_line),
	KUNIT_CASE(vmclock_leap_second),
	KUNIT_CASE(vmclock_stated_error),
	KUNIT_CASE(vmclock_copies_while_written),
	KUNIT_CASE(vmclock_reading),
	KUNIT_CASE(vmclock_gives_no_time),
	KUNIT_CASE(vmclock_faults),
	KUNIT_CASE(vmclock_files),
	{}
};

static struct kunit_suite vmclock_suite = {
	.name = "tscope_vmclock",
	.init = vmclock_init,
	.exit = vmclock_exit,
	.test_cases = vmclock_cases,
};

kunit_test_suite(vmclock_suite);
