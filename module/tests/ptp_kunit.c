// SPDX-License-Identifier: GPL-2.0
/*
 * clock_ptp.c: the wall clock's offset and its error against a truth that is made up here,
 * with a host, a TSC and a wall clock of the suite's own. The file is compiled once more,
 * with names of its own. Probing and the clock's files are in ptp_probe_kunit.c.
 */
#define tscope_clock_ptp	ptp_kunit_clock
#define tscope_clock_of		ptp_kunit_clock_of
#define tscope_source_forget	ptp_kunit_source_forget
#define tscope_source_look	ptp_kunit_source_look
#define tscope_tsc_khz		ptp_kunit_tsc_khz

#include <linux/ktime.h>
#include <linux/kvm_para.h>

#include "../clock.h"
#include "tests.h"

static u64 fake_real_ns(void);
static long fake_call(unsigned int nr, u64 gpa, u64 type);
static u64 now;

#define kvm_para_available()		true
#define kvm_hypercall2(nr, a, b)	fake_call(nr, a, b)
#define ktime_get_real_ns()		fake_real_ns()
#define rdtsc_ordered()			now
#include "../clock_ptp.c"

#define KHZ		2500000		/* 5 cycles are 2 ns */
#define START_TSC	BIT_ULL(50)
#define YEAR_NS		(365 * 86400 * NSEC_PER_SEC)
#define HOST_NS		(56 * YEAR_NS + 123456789)
/* the tick and the frequency of adjtimex together */
#define PPM_MAX		100500

u32 tscope_tsc_khz = KHZ;

/* What a reading meets; of the wall clock's reads each has its place in the arrays. */
struct world {
	u64 wall_ns;		/* the wall clock at first */
	s32 ppm;		/* how much faster than the TSC it runs */
	u32 tick_cyc;		/* the step in which it counts */
	u32 early[4];		/* cycles before a read of it */
	u32 late[4];		/* and after it */
	u32 handed;		/* reads that give what the one before gave, a bit each */
	u32 call_early;		/* cycles of the call before the pairing */
	u32 call_late;		/* and after it */
	s64 astray_cyc;		/* what the pairing's TSC is off by */
	s64 set_ns;		/* the wall clock is set so far ahead in the call */
	s32 turn_ppm;		/* it is so much faster from the pairing on */
	u32 back;		/* reads before which the TSC is set back, a bit each */
	long call_err;		/* what the host says */
};

/* A host that answers, and a wall clock that is right; its brackets are 40 and 20 ns wide. */
static const struct world calm = {
	.wall_ns = HOST_NS,
	.early = { 60, 30 },
	.late = { 40, 20 },
	.call_early = 1500,
	.call_late = 1000,
};

static struct world w;
static u32 reads, looks;
static u64 gone, last_ns, host_ns, true_ns, shown_ns, rnd;
static u64 error_ns;
static s64 ns;

static void pass(u64 cyc)
{
	now += cyc;
	gone += cyc;
}

static u64 clock_ns(u64 start_ns, s32 ppm, u32 tick_cyc)
{
	u64 cyc = gone - (tick_cyc ? gone % tick_cyc : 0);

	return start_ns + cyc * (1000000 + ppm) / KHZ;
}

static u64 fake_real_ns(void)
{
	u32 i = reads++ % 4;
	u64 ns;

	if (w.back & BIT(i))
		now = 1000;
	pass(w.early[i]);
	ns = clock_ns(w.wall_ns, w.ppm, w.tick_cyc);
	if (w.handed & BIT(i))
		ns = last_ns;
	last_ns = ns;
	pass(w.late[i]);
	return ns;
}

static long fake_call(unsigned int nr, u64 gpa, u64 type)
{
	pass(w.call_early);
	if (!w.call_err) {
		host_ns = clock_ns(HOST_NS, 0, 0);
		true_ns = clock_ns(w.wall_ns, w.ppm, 0);
		shown_ns = clock_ns(w.wall_ns, w.ppm, w.tick_cyc);
		pairing->sec = host_ns / NSEC_PER_SEC;
		pairing->nsec = host_ns % NSEC_PER_SEC;
		pairing->tsc = now + w.astray_cyc;
	}
	w.wall_ns += w.set_ns - (s64)gone * w.turn_ppm / (s64)KHZ;
	w.ppm += w.turn_ppm;
	pass(w.call_late);
	return w.call_err;
}

void tscope_source_forget(struct tscope_source *source)
{
	*source = (struct tscope_source){ };
}

bool tscope_source_look(struct tscope_source *source)
{
	looks++;
	source->known = true;
	return true;
}

struct tscope_clock *tscope_clock_of(struct kobject *dir)
{
	return NULL;
}

static int ptp_init(struct kunit *test)
{
	const char *why;

	w = calm;
	if (tscope_clock_ptp.probe(&why))
		return -ENODEV;
	tscope_clock_ptp.reset();
	now = START_TSC;
	gone = 0;
	looks = 0;
	rnd = 88172645463325252ULL;
	return 0;
}

static void ptp_exit(struct kunit *test)
{
	if (pairing)
		tscope_clock_ptp.remove();
}

/* As reading.c does; returns what the read did. */
static int reading(void)
{
	struct tscope_raw raw = { };
	int err;

	reads = 0;
	err = tscope_clock_ptp.read(&raw);
	if (!err && tscope_clock_ptp.to_ns(&raw) != host_ns)
		return -EILSEQ;
	return err;
}

/* Whether an offset comes of a reading: ns and error_ns are its. */
static bool offset_comes(void)
{
	offset.valid = false;
	return !reading() && !offset_get(&ns, &error_ns);
}

/* Of a clock with a tick the truth is what it shows, and what it would without. */
static bool offset_holds(void)
{
	return tscope_abs64(ns - (s64)(true_ns - host_ns)) <= error_ns &&
	       tscope_abs64(ns - (s64)(shown_ns - host_ns)) <= error_ns;
}

static void ptp_reads(struct kunit *test)
{
	struct tscope_raw raw = { };

	KUNIT_ASSERT_EQ(test, tscope_clock_ptp.read(&raw), 0);
	KUNIT_EXPECT_EQ(test, raw.before, START_TSC + 100);
	KUNIT_EXPECT_EQ(test, raw.tsc, START_TSC + 1600);
	KUNIT_EXPECT_EQ(test, raw.after, START_TSC + 2600);
	KUNIT_EXPECT_EQ(test, raw.value, HOST_NS + 640);
	KUNIT_EXPECT_EQ(test, tscope_clock_ptp.to_ns(&raw), HOST_NS + 640);
	KUNIT_EXPECT_EQ(test, reads, 2U);
}

/*
 * The wider bracket's half and the tick, an eighth of both, 4 ns of rounding, and a
 * part of the line.
 */
static void ptp_error(struct kunit *test)
{
	static const struct {
		u32 width[2], tick_ns;
		u64 error_ns;
	} cases[] = {
		/* the line is 1 us, and in one case 501.5 us */
		{ { 0, 0 }, 0, 4 },
		{ { 2, 0 }, 0, 4 },
		{ { 5000, 0 }, 0, 1125 + 1 + 4 },
		{ { 0, 5000 }, 0, 1125 + 1 + 4 },
		{ { 5000, 4999 }, 0, 1125 + 2 + 4 },
		{ { 2500, 5000 }, 0, 1125 + 2 + 4 },
		{ { 2500000, 5000 }, 0, 562500 + 490 + 4 },
		{ { 5000, 2500 }, 280, 1125 + 315 + 2 + 4 },
		{ { 0, 0 }, 4000000, 4500000 + 4 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		w.early[0] = cases[i].width[0] / 2;
		w.late[0] = cases[i].width[0] - w.early[0];
		w.early[1] = cases[i].width[1] / 2;
		w.late[1] = cases[i].width[1] - w.early[1];
		around.source.tick_ns = cases[i].tick_ns;
		KUNIT_EXPECT_TRUE_MSG(test, offset_comes(), "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, error_ns, cases[i].error_ns, "case %u", i);
		/* the clock is right, and read in the middle */
		KUNIT_EXPECT_LE_MSG(test, tscope_abs64(ns), 2ULL, "case %u", i);
	}
}

/* One of some values, and the others by what is left of a number. */
static s64 pick(u32 *k, const s64 *of, u32 count)
{
	u32 i = *k % count;

	*k /= count;
	return of[i];
}

static u32 below(u64 limit)
{
	return tscope_test_rnd(&rnd) % limit;
}

/* Whether a reading gives an offset that is true. */
static bool tells_truth(struct kunit *test, u32 i)
{
	if (offset_comes() && offset_holds())
		return true;
	kunit_err(test, "%u: %lld +- %llu, and %lld is true", i, ns, error_ns,
		  true_ns - host_ns);
	return false;
}

/* Widths, where in them the clock is read, the pairing, rates and offsets, each with each. */
static void ptp_offset_holds(struct kunit *test)
{
	static const s64 widths[] = { 0, 7, 50, 1000, 100000 };
	static const s64 halves[] = { 0, 1, 2 };
	static const s64 ppms[] = { 0, 1, -500, 500, 83333, -PPM_MAX, PPM_MAX };
	static const s64 offsets[] = {
		0, 1, -1, 999, -1000000007, 37 * (s64)NSEC_PER_SEC,
		50 * (s64)YEAR_NS, -55 * (s64)YEAR_NS,
	};
	u32 n = 25 * 27 * ARRAY_SIZE(ppms) * ARRAY_SIZE(offsets);
	u32 i, k, end, width;

	for (i = 0; i < n; i++) {
		k = i;
		for (end = 0; end < 2; end++) {
			width = pick(&k, widths, ARRAY_SIZE(widths));
			w.early[end] = width * pick(&k, halves, 3) / 2;
			w.late[end] = width - w.early[end];
		}
		w.call_early = 1500 * pick(&k, halves, 3);
		w.call_late = 3000 - w.call_early;
		w.ppm = pick(&k, ppms, ARRAY_SIZE(ppms));
		w.wall_ns = HOST_NS + pick(&k, offsets, ARRAY_SIZE(offsets));
		gone = 0;
		KUNIT_ASSERT_TRUE(test, tells_truth(test, i));
	}
	KUNIT_EXPECT_EQ(test, k, 0U);
}

static void random_worlds(struct kunit *test, u32 reads_an_end)
{
	u32 i, r;

	for (i = 0; i < 50000; i++) {
		for (r = 0; r < 4; r++) {
			w.early[r] = below(1ULL << below(20));
			w.late[r] = below(1ULL << below(20));
			/* the second read of two is another tick's */
			if (reads_an_end == 2 && r % 2)
				w.early[r] += 1000;
		}
		w.call_early = below(1ULL << below(20));
		w.call_late = below(1ULL << below(20)) + 2;
		w.ppm = (s32)below(2 * PPM_MAX + 1) - PPM_MAX;
		w.wall_ns = HOST_NS - 50 * YEAR_NS +
			    tscope_test_rnd(&rnd) % (100 * YEAR_NS);
		gone = below(1 << 30);
		KUNIT_ASSERT_TRUE(test, tells_truth(test, i));
		KUNIT_ASSERT_EQ(test, reads, 2 * reads_an_end);
	}
}

/* The same by chance, and with a wall clock that counts in ticks. */
static void ptp_offset_random(struct kunit *test)
{
	random_worlds(test, 1);
	/* jiffies */
	w.tick_cyc = 10000000;
	around.source.tick_ns = 4000000;
	random_worlds(test, 1);
	w.tick_cyc = 700;
	around.source.tick_ns = 280;
	around.source.device = true;
	random_worlds(test, 2);
}

/* A vCPU that was off its CPU for 10 ms, while NTP turned its rate from end to end. */
static void ptp_rate_turns(struct kunit *test)
{
	w.call_early = 12500000;
	w.call_late = 12500000;
	w.ppm = -500;
	w.turn_ppm = 1000;
	KUNIT_EXPECT_TRUE(test, tells_truth(test, 0));
	w.turn_ppm = -1000;
	KUNIT_EXPECT_TRUE(test, tells_truth(test, 1));
}

/* What is no reading of a line leaves what there is. */
static void ptp_no_line(struct kunit *test)
{
	/* the line is 1030 ns long and the wall clock gains 1028; it may be off by 177 */
	static const struct {
		s64 set_ns, astray_cyc;
		s32 ppm;
		u32 back;
		bool comes;
	} cases[] = {
		{ .set_ns = 179, .comes = true }, { .set_ns = 180 },
		{ .set_ns = -175, .comes = true }, { .set_ns = -176 },
		{ .set_ns = NSEC_PER_SEC }, { .set_ns = -(s64)NSEC_PER_SEC },
		{ .set_ns = 20 * (s64)YEAR_NS }, { .set_ns = -50 * (s64)YEAR_NS },
		/* faster or slower than any slew; what is short may be so by its brackets */
		{ .ppm = 150000, .comes = true }, { .ppm = -150000, .comes = true },
		{ .ppm = 200000 }, { .ppm = -200000 },
		/* the ends of the line are the middles of their brackets */
		{ .astray_cyc = -1550, .comes = true }, { .astray_cyc = -1551 },
		{ .astray_cyc = 1025, .comes = true }, { .astray_cyc = 1026 },
		{ .astray_cyc = -(s64)START_TSC },
		{ .back = BIT(0) }, { .back = BIT(1) },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		w = calm;
		w.set_ns = cases[i].set_ns;
		w.astray_cyc = cases[i].astray_cyc;
		w.ppm = cases[i].ppm;
		w.back = cases[i].back;
		offset.ns = 77;
		offset.error_ns = 66;
		now = START_TSC;
		gone = 0;
		KUNIT_EXPECT_EQ_MSG(test, offset_comes(), cases[i].comes,
				    "case %u", i);
		if (cases[i].comes)
			continue;
		offset.valid = true;
		KUNIT_EXPECT_EQ(test, offset_get(&ns, &error_ns), 0);
		KUNIT_EXPECT_EQ_MSG(test, ns, 77LL, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, error_ns, 66ULL, "case %u", i);
	}
}

/* In wide brackets a clock that was set back may seem to have moved little. */
static void ptp_no_line_back(struct kunit *test)
{
	w.early[0] = 25000;
	w.late[0] = 0;
	w.early[1] = 0;
	w.late[1] = 25000;
	w.set_ns = -1000;
	KUNIT_EXPECT_TRUE(test, offset_comes());
	w.set_ns = -1001;
	KUNIT_EXPECT_FALSE(test, offset_comes());
	/* no time at all */
	w = (struct world){ .wall_ns = HOST_NS };
	KUNIT_EXPECT_FALSE(test, offset_comes());
	w.call_late = 1;
	KUNIT_EXPECT_TRUE(test, offset_comes());
}

/* There is none before the first; a refused one leaves it, a reset does not. */
static void ptp_refused(struct kunit *test)
{
	w.wall_ns += 5000;
	w.call_err = -KVM_EOPNOTSUPP;
	KUNIT_EXPECT_EQ(test, reading(), -EIO);
	KUNIT_EXPECT_EQ(test, offset_get(&ns, &error_ns), -ENODATA);
	w.call_err = 0;
	KUNIT_EXPECT_EQ(test, reading(), 0);
	w.wall_ns += 5000;
	w.call_err = -KVM_EFAULT;
	KUNIT_EXPECT_EQ(test, reading(), -EIO);
	KUNIT_ASSERT_EQ(test, offset_get(&ns, &error_ns), 0);
	/* it was read 4 and 2 ns after the middles of its brackets */
	KUNIT_EXPECT_EQ(test, ns, 5002LL);
	KUNIT_EXPECT_EQ(test, error_ns, 27ULL);
	tscope_clock_ptp.reset();
	KUNIT_EXPECT_EQ(test, offset_get(&ns, &error_ns), -ENODATA);
}

/* A device may be read by another CPU, and the value be handed on. */
static void ptp_device(struct kunit *test)
{
	static const u32 handed[] = { BIT(1), BIT(3), BIT(1) | BIT(3) };
	static const struct world device = {
		.wall_ns = HOST_NS + 100000,
		.early = { 100, 2500, 100, 2500 },
		.late = { 0, 2400, 0, 2400 },
		.call_early = 1000, .call_late = 1500,
	};
	u32 i;

	w = device;
	around.source.device = true;
	around.source.tick_ns = 100;
	KUNIT_ASSERT_TRUE(test, offset_comes());
	KUNIT_EXPECT_EQ(test, reads, 4U);
	/* brackets of 5000 cycles, 2000 ns, of which the second read is 40 ns past the middle */
	KUNIT_EXPECT_EQ(test, error_ns, 1125ULL + 112 + 2 + 4);
	KUNIT_EXPECT_LE(test, tscope_abs64(ns - 100040), 2ULL);
	for (i = 0; i < ARRAY_SIZE(handed); i++) {
		w.handed = handed[i];
		KUNIT_EXPECT_FALSE_MSG(test, offset_comes(), "case %u", i);
	}
	/* the first of two may be another CPU's */
	w.handed = BIT(0) | BIT(2);
	KUNIT_EXPECT_TRUE(test, offset_comes());
	KUNIT_EXPECT_LE(test, tscope_abs64(ns - 100040), 2ULL);
	/* what rounds off differently is the same reading */
	w = device;
	w.early[1] = 2;
	KUNIT_EXPECT_FALSE(test, offset_comes());
	w.early[1] = 6;
	KUNIT_EXPECT_TRUE(test, offset_comes());
	/* no device is handed on, though its tick lasts */
	w.early[1] = 0;
	around.source.device = false;
	KUNIT_EXPECT_TRUE(test, offset_comes());
	KUNIT_EXPECT_EQ(test, reads, 2U);
}

/* The wall clock's source is looked at; the host's clock never has another. */
static void ptp_source_looks(struct kunit *test)
{
	struct tscope_source source = { };

	KUNIT_EXPECT_FALSE(test, tscope_clock_ptp.source(&source));
	KUNIT_EXPECT_EQ(test, looks, 1U);
	KUNIT_EXPECT_FALSE(test, source.known);
	KUNIT_EXPECT_TRUE(test, around.source.known);
	/* while it isn't known none is made up, and one may come again */
	around.source.doubted = true;
	KUNIT_EXPECT_FALSE(test, offset_comes());
	around.source.doubted = false;
	KUNIT_EXPECT_TRUE(test, offset_comes());
	tscope_clock_ptp.reset();
	KUNIT_EXPECT_FALSE(test, around.source.known);
}

static struct kunit_case ptp_cases[] = {
	KUNIT_CASE(ptp_reads),
	KUNIT_CASE(ptp_error),
	KUNIT_CASE(ptp_rate_turns),
	KUNIT_CASE(ptp_offset_holds),
	KUNIT_CASE(ptp_offset_random),
	KUNIT_CASE(ptp_no_line),
	KUNIT_CASE(ptp_no_line_back),
	KUNIT_CASE(ptp_refused),
	KUNIT_CASE(ptp_device),
	KUNIT_CASE(ptp_source_looks),
	{}
};

static struct kunit_suite ptp_suite = {
	.name = "tscope_ptp",
	.init = ptp_init,
	.exit = ptp_exit,
	.test_cases = ptp_cases,
};

kunit_test_suite(ptp_suite);
