// SPDX-License-Identifier: GPL-2.0
/*
 * reading.c: which readings count, which becomes the window's point, where segments begin,
 * and how many readings a window has. The clocks' read ops are stand-ins, and so are the
 * table of clocks, the parameters, the TSC and the points, by names of the suite's own.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#define tscope_points_take	reading_kunit_points_take
#define tscope_clock_count	reading_kunit_count
#define tscope_clock_get	reading_kunit_get
#define tscope_clock_add	reading_kunit_add
#define tscope_clock_thin	reading_kunit_thin
#define tscope_clocks_refined	reading_kunit_refined
#define tscope_get_params	reading_kunit_params
#define tscope_kernel_read	reading_kunit_kernel_read
#define tscope_tsc_khz		reading_kunit_tsc_khz
#define tscope_violation	reading_kunit_violation

#include <linux/ktime.h>
#include <linux/smp.h>

#include "tests.h"

static u64 now;

#include "../compat.h"
#define rdtsc_ordered()		now
#undef raw_smp_processor_id
#define raw_smp_processor_id()	0
#include "../reading.c"

enum { TSC, KVM, RAW, REAL, PTP, HPET, PM, CLOCKS };

static int script_read(struct tscope_raw *raw);
static int other_read(struct tscope_raw *raw);

static const struct tscope_clock_ops ops[CLOCKS] = {
	[TSC] = { .name = "tsc", .kind = TSCOPE_KIND_TSC, .lane = TSCOPE_LANE_TSC },
	[KVM] = { .name = "kvm-clock", .kind = TSCOPE_KIND_PAGE,
		  .lane = TSCOPE_LANE_KVM, .series = true },
	[RAW] = { .name = "raw", .kind = TSCOPE_KIND_KERNEL,
		  .lane = TSCOPE_LANE_RAW, .series = true, .read = script_read },
	[REAL] = { .name = "real", .kind = TSCOPE_KIND_KERNEL,
		   .lane = TSCOPE_NO_LANE, .series = true, .read = other_read },
	[PTP] = { .name = "ptp", .kind = TSCOPE_KIND_PAIRING,
		  .lane = TSCOPE_NO_LANE, .series = true, .read = script_read },
	[HPET] = { .name = "hpet", .kind = TSCOPE_KIND_DEVICE,
		   .lane = TSCOPE_NO_LANE, .series = true, .read = script_read },
	[PM] = { .name = "pm", .kind = TSCOPE_KIND_DEVICE,
		 .lane = TSCOPE_NO_LANE, .series = true, .read = other_read },
};

static struct tscope_clock *clock;
static struct tscope_cpu *c;
static struct tscope_params params;
static struct tscope_reading added[CLOCKS];
static u32 adds[CLOCKS], reads, other_reads, kernel_reads, violations;
static u64 slot_cyc[CLOCKS], cost_cyc;
static unsigned int first, last;
static struct tscope_raw script[16];
static u32 script_len;
static int script_err;

u32 tscope_tsc_khz = 1000000;	/* a cycle is a nanosecond */

static int script_read(struct tscope_raw *raw)
{
	*raw = script[reads++ % script_len];
	now += cost_cyc;
	return script_err;
}

static int other_read(struct tscope_raw *raw)
{
	*raw = script[0];
	raw->ns += 1000;
	other_reads++;
	now += cost_cyc;
	return script_err;
}

int tscope_kernel_read(void)
{
	kernel_reads++;
	return 0;
}

/* The suite's clocks from @first to @last. */
unsigned int tscope_clock_count(void)
{
	return last - first + 1;
}

struct tscope_clock *tscope_clock_get(unsigned int i)
{
	return &clock[first + i];
}

void tscope_clock_add(struct tscope_clock *clk, const struct tscope_reading *r)
{
	adds[clk - clock]++;
	added[clk - clock] = *r;
}

void tscope_clock_thin(struct tscope_clock *clk, u64 cyc)
{
	slot_cyc[clk - clock] = cyc;
}

bool tscope_clocks_refined(void)
{
	return false;
}

void tscope_get_params(struct tscope_params *to)
{
	*to = params;
}

void tscope_violation(enum tscope_what what, const char *name, int cpu, int peer,
		      s64 size_ns, u64 count, u64 tsc)
{
	violations += what == TSCOPE_BACKWARD;
}

static void clocks(unsigned int from, unsigned int to)
{
	first = from;
	last = to;
}

static struct tscope_raw bracket(u64 before, u64 width, u64 ns)
{
	return (struct tscope_raw){
		.before = before, .after = before + width, .ns = ns,
		.tsc = before + width / 2, .tick_ns = 10,
	};
}

static struct tscope_raw exact(u64 tsc, u64 ns)
{
	return (struct tscope_raw){
		.before = tsc - 50, .after = tsc + 50, .tsc = tsc, .ns = ns,
		.tick_ns = 1, .exact = true,
	};
}

static int reading_init(struct kunit *test)
{
	u32 i;

	clock = kunit_kcalloc(test, CLOCKS, sizeof(*clock), GFP_KERNEL);
	c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	if (!clock || !c)
		return -ENOMEM;
	for (i = 0; i < CLOCKS; i++) {
		clock[i].ops = &ops[i];
		tscope_hist_init(&clock[i].width);
		tscope_series_init(&clock[i].series, NULL, tscope_tsc_khz, false);
	}
	params = (struct tscope_params){
		.period_us = 10000, .width_us = 100, .burst_us = 10,
		.fit_window_s = 60,
	};
	memset(adds, 0, sizeof(adds));
	memset(&device_turn, 0, sizeof(device_turn));
	reads = 0;
	kernel_reads = 0;
	violations = 0;
	script_len = 1;
	script_err = 0;
	cost_cyc = 10;
	now = 1000000;
	return 0;
}

/* The first readings are to learn how narrow one can be; then the narrowest counts. */
static void reading_narrowest(struct kunit *test)
{
	clocks(HPET, HPET);
	script[0] = bracket(1000, 140, 5000);
	script[1] = bracket(2000, 120, 6000);
	script_len = 2;
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, reads, (u32)READS_LEARN);
	KUNIT_EXPECT_EQ(test, adds[HPET], 0U);
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, reads, (u32)(READS_LEARN + READS_DEVICE));
	KUNIT_EXPECT_EQ(test, adds[HPET], 1U);
	KUNIT_EXPECT_EQ(test, added[HPET].tsc, 2060ULL);
	KUNIT_EXPECT_EQ(test, added[HPET].ns, 6000ULL);
	KUNIT_EXPECT_EQ(test, added[HPET].width_ns, 120U);
	/* half its width, its rounding, half its tick */
	KUNIT_EXPECT_EQ(test, added[HPET].error_ns, 60U + 1 + 5);
	KUNIT_EXPECT_EQ(test, clock[HPET].tick_ns, 10U);
	KUNIT_EXPECT_EQ(test, (u32)clock[HPET].exactness, (u32)TSCOPE_BRACKETED);
	KUNIT_EXPECT_EQ(test, clock[HPET].samples, (u64)reads);
	KUNIT_EXPECT_EQ(test, clock[HPET].width.count, (u64)reads);
	/* a TSC that does not move across a read is no reason to have no points */
	script[1].after = script[1].before;
	tscope_points_take(c, true);
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, adds[HPET], 3U);
	KUNIT_EXPECT_EQ(test, added[HPET].width_ns, 0U);
}

static void reading_rejects(struct kunit *test)
{
	static const struct {
		u64 width, ref;
		bool exact;
		u64 tsc;
		bool rejected;
	} cases[] = {
		{ 700, 100, false, 0, false },
		{ 701, 100, false, 0, true },
		{ 50, 100, false, 0, false },
		{ 500, 0, false, 0, false },
		{ 501, 0, false, 0, true },
		{ -1ULL, 100, false, 0, true },	/* the TSC went back */
		/* an exact one counts where it is of the time between */
		{ 1000000, 100, true, 1000000, false },
		{ 1000000, 100, true, 2000000, false },
		{ 1000000, 100, true, 999999, true },
		{ 1000000, 100, true, 2000001, true },
	};
	struct tscope_clock *clk = &clock[HPET];
	struct tscope_reading r = { };
	struct tscope_raw raw;
	bool got;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		clk->exactness = TSCOPE_UNREAD;
		clk->width_ref_ns = cases[i].ref;
		clk->width_known = true;
		clk->rejected = 0;
		raw = bracket(1000000, cases[i].width, 5000);
		raw.exact = cases[i].exact;
		raw.tsc = cases[i].tsc ?: raw.tsc;
		got = clock_reads(clk, c, &raw, 0, &r);
		KUNIT_EXPECT_EQ_MSG(test, got, !cases[i].rejected, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, clk->rejected, (u64)cases[i].rejected,
				    "case %u", i);
		if (!got || !cases[i].exact)
			continue;
		KUNIT_EXPECT_EQ(test, r.tsc, cases[i].tsc);
		KUNIT_EXPECT_EQ(test, r.width_ns, 0U);
		KUNIT_EXPECT_EQ(test, r.error_ns, 1U);
	}
}

static void reading_fails(struct kunit *test)
{
	clocks(HPET, HPET);
	script[0] = bracket(1000, 100, 5000);
	script_err = -EAGAIN;
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, clock[HPET].rejected, (u64)READS_LEARN);
	KUNIT_EXPECT_EQ(test, clock[HPET].errors, 0ULL);
	script_err = -EIO;
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, clock[HPET].errors, (u64)READS_LEARN);
	KUNIT_EXPECT_EQ(test, clock[HPET].samples, 2ULL * READS_LEARN);
	KUNIT_EXPECT_EQ(test, clock[HPET].width.count, 0ULL);
	KUNIT_EXPECT_EQ(test, adds[HPET], 0U);
	/* on another CPU nothing is counted */
	c->cpu = 1;
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, clock[HPET].samples, 2ULL * READS_LEARN);
}

/* What is narrow was so by chance, and is forgotten. */
static void reading_reference_creeps(struct kunit *test)
{
	struct tscope_clock *clk = &clock[HPET];
	u32 i;

	clocks(HPET, HPET);
	clk->width_ref_ns = 256;
	clk->width_known = true;
	script[0] = bracket(1000, 1100, 0);
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, clk->width_ref_ns, 257ULL);
	for (i = 0; i < 10000; i++)
		tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, clk->width_ref_ns, 1100ULL);
}

static void reading_goes_back(struct kunit *test)
{
	struct tscope_clock *clk = &clock[HPET];
	struct tscope_reading r = { };
	struct tscope_raw raw = bracket(1000, 100, 5000);

	clock_reads(clk, c, &raw, 0, &r);
	raw = bracket(2000, 100, 4970);
	clock_reads(clk, c, &raw, 0, &r);
	clock_reads(clk, c, &raw, 0, &r);
	KUNIT_EXPECT_EQ(test, clk->backward, 1ULL);
	KUNIT_EXPECT_EQ(test, clk->backward_max_ns, 30ULL);
	KUNIT_EXPECT_EQ(test, violations, 1U);
	/* of a lane the bursts read it, too; what is known beyond it never makes it less */
	c->last[TSCOPE_LANE_RAW] = 7000;
	raw = exact(3000, 7000);
	raw.frac = 3 << 16;
	clock_reads(&clock[RAW], c, &raw, 0, &r);
	KUNIT_EXPECT_EQ(test, clock[RAW].backward, 0ULL);
	KUNIT_EXPECT_EQ(test, r.ns, 7003ULL);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_RAW], 7000ULL);
	raw = exact(4000, 6970);
	clock_reads(&clock[RAW], c, &raw, 0, &r);
	KUNIT_EXPECT_EQ(test, clock[RAW].backward_max_ns, 30ULL);
}

/* Both of the kernel's clocks have one reading of the same moment where it is exact. */
static void reading_kernel(struct kunit *test)
{
	clocks(RAW, REAL);
	script[0] = exact(1000, 5000);
	script[0].frac = 0x8000;
	tscope_points_take(c, true);
	tscope_points_take(c, true);
	/* at first it is not known that they are exact */
	KUNIT_EXPECT_EQ(test, kernel_reads, 2U);
	KUNIT_EXPECT_EQ(test, adds[RAW], 2U);
	KUNIT_EXPECT_EQ(test, adds[REAL], 2U);
	KUNIT_EXPECT_EQ(test, added[RAW].tsc, 1000ULL);
	KUNIT_EXPECT_EQ(test, added[RAW].frac, (u16)0x8000);
	KUNIT_EXPECT_EQ(test, added[RAW].width_ns, 0U);
	KUNIT_EXPECT_EQ(test, added[REAL].ns, 6000ULL);
	KUNIT_EXPECT_EQ(test, clock[RAW].tick_ns, 1U);
	/* the clocksource becomes a device: nothing learned holds, a segment begins */
	script[0] = bracket(2000, 900, 9000);
	script[0].begins = true;
	kernel_reads = 0;
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, kernel_reads, (u32)READS_LEARN);
	KUNIT_EXPECT_TRUE(test, added[RAW].begins);
	KUNIT_EXPECT_TRUE(test, added[REAL].begins);
	KUNIT_EXPECT_EQ(test, clock[RAW].tick_ns, 10U);
	script[0].begins = false;
	kernel_reads = 0;
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, kernel_reads, (u32)READS_KERNEL);
	KUNIT_EXPECT_FALSE(test, added[RAW].begins);
	/* and exact again: that alone begins one */
	script[0] = exact(3000, 10000);
	tscope_points_take(c, true);
	KUNIT_EXPECT_TRUE(test, added[RAW].begins);
}

/* As many pairings as give 150 a second, and as there is time for. */
static void reading_pairings(struct kunit *test)
{
	static const struct {
		u32 period_us, width_us;
		u64 cost_cyc;
		u32 reads;
	} cases[] = {
		{ 10000, 100, 2000, 1 },
		{ 10000, 10000, 2000, 1 },
		{ 20000, 100, 2000, 3 },
		{ 50000, 50, 2000, 7 },
		{ 50000, 50, 3500, 7 },
		{ 50000, 50, 4000, 6 },
		{ 50000, 50, 12500, 2 },
		{ 50000, 50, 12501, 1 },
		{ 50000, 50, 70000, 1 },	/* emulation */
		{ 50000, 50000, 70000, 7 },
		{ 10000000, 10000, 2000, 8 },
	};
	u32 i;

	clocks(PTP, PTP);
	script[0] = exact(1000, 5000);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		params.period_us = cases[i].period_us;
		params.width_us = cases[i].width_us;
		cost_cyc = cases[i].cost_cyc;
		reads = 0;
		tscope_points_take(c, true);
		KUNIT_EXPECT_EQ_MSG(test, reads, cases[i].reads, "case %u", i);
		KUNIT_EXPECT_EQ(test, adds[PTP], i + 1);
	}
	/* a host that refuses is asked once */
	script_err = -EIO;
	reads = 0;
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, reads, 1U);
	KUNIT_EXPECT_EQ(test, clock[PTP].errors, 1ULL);
}

/* The page at the last reading of the bursts, where it is of this page. */
static void reading_page(struct kunit *test)
{
	clocks(KVM, KVM);
	c->pvti = (struct tscope_pvti){ .tsc = 1000, .ns = 700, .mul = 1U << 31 };
	c->last[TSCOPE_LANE_TSC] = 2001;
	c->current_pvti = true;
	tscope_points_take(c, false);
	KUNIT_EXPECT_EQ(test, adds[KVM], 0U);
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, adds[KVM], 1U);
	/* half a nanosecond a cycle */
	KUNIT_EXPECT_EQ(test, added[KVM].tsc, 2001ULL);
	KUNIT_EXPECT_EQ(test, added[KVM].ns, 1200ULL);
	KUNIT_EXPECT_EQ(test, added[KVM].frac, (u16)0x8000);
	KUNIT_EXPECT_EQ(test, clock[KVM].tick_ns, 0U);
	KUNIT_EXPECT_EQ(test, (u32)clock[KVM].exactness, (u32)TSCOPE_EXACT);
	c->current_pvti = false;
	tscope_points_take(c, true);
	KUNIT_EXPECT_EQ(test, adds[KVM], 1U);
}

/* Of devices one a window, in turn, and none while one's time is paid back. */
static void reading_devices(struct kunit *test)
{
	static const struct {
		u64 cost_cyc;
		u32 width_us, windows, readings;
	} cases[] = {
		{ 1000, 100, 10, 10 },
		{ 24999, 100, 10, 10 },
		{ 25000, 100, 10, 5 },	/* half a window: one goes without */
		{ 50000, 100, 12, 4 },
		{ 1000000, 100, 15, 3 },	/* four at most */
		{ 1000000, 10000, 10, 10 },	/* flat out */
	};
	u32 i, k;

	clocks(HPET, PM);
	script[0] = bracket(1000, 100, 5000);
	tscope_points_take(c, true);
	tscope_points_take(c, true);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&device_turn, 0, sizeof(device_turn));
		cost_cyc = cases[i].cost_cyc;
		params.width_us = cases[i].width_us;
		reads = 0;
		other_reads = 0;
		for (k = 0; k < cases[i].windows; k++)
			tscope_points_take(c, true);
		KUNIT_EXPECT_EQ_MSG(test, reads + other_reads,
				    READS_DEVICE * cases[i].readings, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, reads, READS_DEVICE *
				    DIV_ROUND_UP(cases[i].readings, 2), "case %u", i);
	}
}

/* A point for each window, unless the ring is too small; of devices each 240 ms. */
static void reading_thins(struct kunit *test)
{
	static const struct {
		u32 period_us, fit_window_s;
		u64 slot_cyc, device_cyc;
	} cases[] = {
		{ 10000, 60, 0, 240000000 },
		{ 1000, 8, 0, 240000000 },
		{ 1000, 9, 1098632, 240000000 },
		{ 100000, 60, 0, 240000000 },
		{ 1000, 3600, 439453125, 439453125 },
	};
	u32 i;

	clocks(PTP, HPET);
	script[0] = exact(1000, 5000);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		params.period_us = cases[i].period_us;
		params.fit_window_s = cases[i].fit_window_s;
		tscope_points_take(c, true);
		KUNIT_EXPECT_EQ_MSG(test, slot_cyc[PTP], cases[i].slot_cyc, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, slot_cyc[HPET], cases[i].device_cyc,
				    "case %u", i);
	}
}

static struct kunit_case reading_cases[] = {
	KUNIT_CASE(reading_narrowest),
	KUNIT_CASE(reading_rejects),
	KUNIT_CASE(reading_fails),
	KUNIT_CASE(reading_reference_creeps),
	KUNIT_CASE(reading_goes_back),
	KUNIT_CASE(reading_kernel),
	KUNIT_CASE(reading_pairings),
	KUNIT_CASE(reading_page),
	KUNIT_CASE(reading_devices),
	KUNIT_CASE(reading_thins),
	{}
};

static struct kunit_suite reading_suite = {
	.name = "tscope_reading",
	.init = reading_init,
	.test_cases = reading_cases,
};

kunit_test_suite(reading_suite);
