// SPDX-License-Identifier: GPL-2.0
/*
 * clock_kernel.c: whether a snapshot is at a TSC value, and at which, with snapshots of a
 * clocksource that the test imitates; and the fractions of both clocks, by the lines of a
 * timekeeper.
 */
#include "../math128.h"
#include "../moment.h"
#include "tests.h"

enum shows { TSC, PAGE, UNITS, CLAMPED, TICKS, DEVICE };

static struct tscope_source s;
static struct tscope_raw m;
static struct tscope_timepage page;
static struct tscope_kernel_lines lines;
static enum shows shows;
static u64 now, read_at, snapshots, handed_ns, rnd;
static u32 torn, slow_cyc, unit_ns;
static s64 real_off_ns, units_off;
static bool there, hw;
static u8 changed;

/* As timekeeping_cycles_to_ns() does. */
static u64 kernel_ns(const struct tscope_kernel_line *line, u64 cycles)
{
	u64 passed = (s64)(cycles - line->cycles) < 0 ? 0 : cycles - line->cycles;

	return line->ns + (u64)(((u128)passed * line->mult + line->shifted_ns) >> line->shift);
}

static bool take(struct tscope_take *t)
{
	u64 ns;

	snapshots++;
	*t = (struct tscope_take){ .page = page, .unit_ns = unit_ns, .before = now += 100 };
	now += 37 + slow_cyc;
	read_at = now;
	now += 41 + slow_cyc;
	t->after = now += 100;
	t->ticks = 4294900000ULL;
	if (torn) {
		t->page.flags = 0;
		torn--;
	}

	ns = tscope_timepage_ns(&page, read_at);
	t->snap.cycles = shows == TSC ? read_at :
			 shows == PAGE || shows == UNITS ? ns / unit_ns + units_off :
			 /* like another CPU's page, which is 20 ns ahead: within the bracket */
			 shows == CLAMPED ? ns + 20 :
			 shows == TICKS ? 4294900001ULL : snapshots;
	t->snap.raw_ns = handed_ns ?: ns - ns % unit_ns + 7000;
	t->snap.real_ns = t->snap.raw_ns + 1000000;
	t->lines = lines;
	if (lines.raw.mult)
		t->snap.raw_ns = kernel_ns(&lines.raw, t->snap.cycles);
	if (lines.real.mult)
		t->snap.real_ns = kernel_ns(&lines.real, t->snap.cycles) + real_off_ns;
	t->snap.tsc = hw ? read_at : 0;
	t->snap.changed = changed;
	t->snap.was_set = 5;
	return there;
}

static int kernel_init(struct kunit *test)
{
	s = (struct tscope_source){ .take = take };
	now = 1ULL << 40;
	/* 2.1 GHz */
	page = (struct tscope_timepage){
		.ns = 7000000000ULL, .tsc = now, .mult = 4090445043ULL << 32,
		.shift = -1, .sequence = 4, .flags = TSCOPE_PAGE_STABLE,
	};
	unit_ns = 1;
	units_off = 0;
	shows = TSC;
	lines = (struct tscope_kernel_lines){ };
	real_off_ns = 0;
	there = true;
	hw = false;
	handed_ns = 0;
	rnd = 88172645463325252ULL;
	torn = 0;
	slow_cyc = 0;
	return 0;
}

static void kernel_at_tsc(struct kunit *test)
{
	u32 i;

	/* the first read examines the clocksource by more snapshots */
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
		KUNIT_EXPECT_TRUE(test, m.exact);
		KUNIT_EXPECT_EQ(test, m.tsc, read_at);
		KUNIT_EXPECT_EQ(test, m.ns, tscope_timepage_ns(&page, read_at) + 7000);
		KUNIT_EXPECT_EQ(test, m.real_ns, m.ns + 1000000);
		KUNIT_EXPECT_EQ(test, m.tick_ns, 1U);
		KUNIT_EXPECT_EQ(test, m.frac, 0U);
		KUNIT_EXPECT_EQ(test, m.was_set, 5U);
	}
}

/* By the page: right to half of a nanosecond's cycles, and with the fraction. */
static void kernel_at_page(struct kunit *test)
{
	u64 line, ns;
	u16 frac;
	u32 i;

	shows = PAGE;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	for (i = 0; i < 1000; i++) {
		hw = i >= 500;
		now += i;
		KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
		KUNIT_EXPECT_TRUE(test, m.exact);
		KUNIT_EXPECT_LE(test, abs((s64)(m.tsc - read_at)), hw ? 0LL : 2LL);
		KUNIT_EXPECT_EQ(test, m.tick_ns, 0U);
		/* raw is the page's line and a constant, to 2^-16 ns */
		ns = tscope_timepage_line(&page, m.tsc, &frac);
		line = (ns << 16) + frac;
		KUNIT_EXPECT_EQ(test, ((m.ns - 7000) << 16) + m.frac, line);
	}
}

/* Hyper-V's page, at 2.1 GHz: the TSC value is one of a unit's 210 cycles, within the snapshot. */
static void use_units(void)
{
	shows = UNITS;
	unit_ns = 100;
	page = (struct tscope_timepage){
		.ns = -5308300ULL, .mult = 87841638446235960ULL * 100, .sequence = 1,
		.flags = TSCOPE_PAGE_STABLE,
	};
}

static void kernel_at_units(struct kunit *test)
{
	u32 i, apart = 0;
	u64 line, ns;
	u16 frac;

	use_units();
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	for (i = 0; i < 1000; i++) {
		hw = i >= 500;
		now += i;
		KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
		KUNIT_EXPECT_TRUE(test, m.exact);
		KUNIT_EXPECT_TRUE(test, m.before <= m.tsc && m.tsc <= m.after);
		KUNIT_EXPECT_EQ(test, tscope_timepage_ns(&page, m.tsc) / 100,
				tscope_timepage_ns(&page, read_at) / 100);
		KUNIT_EXPECT_TRUE(test, !hw || m.tsc == read_at);
		apart += m.tsc != read_at;
		KUNIT_EXPECT_EQ(test, m.tick_ns, 0U);
		/* raw is the page's line and a constant, to 2^-16 ns */
		ns = tscope_timepage_line(&page, m.tsc, &frac);
		line = (ns << 16) + frac;
		KUNIT_EXPECT_EQ(test, ((m.ns - 7000) << 16) + m.frac, line);
	}
	KUNIT_EXPECT_GT(test, apart, 400U);
	/* units that the page showed before the snapshot, or will show after it */
	for (i = 0; i < 2; i++) {
		units_off = i ? 3 : -3;
		KUNIT_EXPECT_TRUE(test, tscope_source_read(&s, &m) == -EAGAIN || !m.exact);
	}
}

/* A count that is higher than this CPU's by less than the bracket is not of this page. */
static void kernel_clamped(struct kunit *test)
{
	shows = CLAMPED;
	page.flags = 0;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	KUNIT_EXPECT_FALSE(test, m.exact);
	KUNIT_EXPECT_LE(test, m.before, read_at);
	KUNIT_EXPECT_LE(test, read_at, m.after);
	/* the host changes to a master clock: exact at once */
	shows = PAGE;
	page.flags = TSCOPE_PAGE_STABLE;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	KUNIT_EXPECT_TRUE(test, m.exact);
}

/* A snapshot during which the page is rewritten can't be used. */
static void kernel_page_changes(struct kunit *test)
{
	shows = PAGE;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	torn = 1;
	KUNIT_EXPECT_EQ(test, tscope_source_read(&s, &m), -EAGAIN);
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	KUNIT_EXPECT_TRUE(test, m.exact);
	/* nor can it while the clocksource is examined */
	s = (struct tscope_source){ .take = take };
	torn = 2;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), -EAGAIN);
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	KUNIT_EXPECT_TRUE(test, m.exact);
}

/* After each change of the clocksource, which the kernel counts, the source is another one. */
static void kernel_source_changes(struct kunit *test)
{
	static const struct {
		enum shows shows;
		bool exact;
		u32 tick_ns;
	} cases[] = {
		{ TSC, true, 1 },
		{ DEVICE, false, 280 },
		{ TICKS, false, TICK_NSEC },
		{ PAGE, true, 0 },
		{ TSC, true, 1 },
	};
	u32 source = 0, i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		shows = cases[i].shows;
		slow_cyc = shows == DEVICE ? 1000 : 0;
		changed++;
		KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
		KUNIT_EXPECT_EQ_MSG(test, m.exact, cases[i].exact, "case %u", i);
		KUNIT_EXPECT_EQ(test, m.tick_ns, cases[i].tick_ns);
		KUNIT_EXPECT_NE(test, m.source, source);
		source = m.source;
		KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
		KUNIT_EXPECT_EQ(test, m.source, source);
	}
}

/* If snapshots do not fit any more, the clocksource is examined anew, also without a change. */
static void kernel_misfits(struct kunit *test)
{
	u32 source, i;

	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	source = m.source;
	shows = DEVICE;
	for (i = 0; i < 20 && tscope_source_read(&s, &m); i++)
		;
	KUNIT_EXPECT_LT(test, i, 20U);
	KUNIT_EXPECT_FALSE(test, m.exact);
	KUNIT_EXPECT_NE(test, m.source, source);
	/* the kernel gives no snapshot */
	there = false;
	KUNIT_EXPECT_EQ(test, tscope_source_read(&s, &m), -EAGAIN);
}

/* A CPU that waited for a lock may get another CPU's older reading, but not twice. */
static void kernel_device_handed_on(struct kunit *test)
{
	shows = DEVICE;
	slow_cyc = 1000;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	KUNIT_EXPECT_GE(test, m.after - m.before, 4000ULL);
	handed_ns = 1234567;
	KUNIT_EXPECT_EQ(test, tscope_source_read(&s, &m), -EAGAIN);
}

static u64 count_at(u64 tsc)
{
	return shows == TSC ? tsc : tscope_timepage_ns(&page, tsc) / unit_ns;
}

/* A line of the timekeeper's last update, up to 16 ms ago. */
static struct tscope_kernel_line random_line(u32 shift, u32 mult)
{
	return (struct tscope_kernel_line){
		.ns = tscope_test_rnd(&rnd) >> 2,
		.shifted_ns = tscope_test_rnd(&rnd) % ((u64)NSEC_PER_SEC << shift),
		.cycles = count_at(now) - tscope_test_rnd(&rnd) % 16000000,
		.mult = mult, .shift = shift,
	};
}

/* The clock at the true count, by the line: 2^-16 ns since @line->ns. */
static u128 true_ns_q16(const struct tscope_kernel_line *line)
{
	u16 frac = 0;
	u64 count = shows == TSC ? m.tsc : tscope_timepage_line(&page, m.tsc, &frac);
	u128 passed = ((u128)(count - line->cycles * unit_ns) << 16) + frac;

	passed = (u64)passed / unit_ns;

	return (((u128)line->shifted_ns << 16) + passed * line->mult) >> line->shift;
}

/* Both clocks are known to 2^-16 ns, by a clocksource that is the TSC and by one that is a page. */
static void kernel_fractions(struct kunit *test)
{
	u32 i, mult, shift;
	u64 exact, read;

	for (i = 0; i < 3000; i++) {
		shows = i % 2 ? PAGE : TSC;
		if (i == 2000)
			use_units();
		if (i >= 2000)
			shows = UNITS;
		now += tscope_test_rnd(&rnd) % 1000000;
		/* 1 ns, 0.476 ns or 100 ns a count, and NTP's 500 ppm */
		shift = shows == PAGE ? 23 : shows == TSC ? 32 : 24;
		mult = shows == PAGE ? 1 << 23 : shows == TSC ? 2045222522 : 100 << 24;
		lines.raw = random_line(shift, mult);
		lines.real = random_line(shift, mult + tscope_test_rnd(&rnd) % (mult / 1000) -
						mult / 2000);
		s.counts = shows == TSC ? TSCOPE_COUNTS_TSC : TSCOPE_COUNTS_PAGE;
		KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
		KUNIT_ASSERT_EQ(test, m.tick_ns, 0U);
		KUNIT_ASSERT_EQ(test, m.real_tick_ns, 0U);
		exact = (u64)true_ns_q16(&lines.raw);
		read = ((m.ns - lines.raw.ns) << 16) + m.frac;
		KUNIT_ASSERT_LE(test, abs((s64)(read - exact)), 1LL);
		exact = (u64)true_ns_q16(&lines.real);
		read = ((m.real_ns - lines.real.ns) << 16) + m.real_frac;
		KUNIT_ASSERT_LE(test, abs((s64)(read - exact)), 1LL);
	}
}

/* A line that does not give what the kernel showed says nothing of its fraction. */
static void kernel_line_misfits(struct kunit *test)
{
	u32 i;

	shows = PAGE;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	for (i = 0; i < 5; i++) {
		lines.raw = random_line(23, 1 << 23);
		lines.real = random_line(23, (1 << 23) + 300);
		real_off_ns = i == 0 ? 1 : i == 1 ? -1 : 0;
		/* another CPU's update, at a count that this one has not reached */
		if (i == 2)
			lines.real.cycles = count_at(now) + 1000;
		/* a device's line, whose count wraps */
		if (i == 3)
			lines.real.mult = 0;
		KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
		KUNIT_EXPECT_EQ(test, m.tick_ns, 0U);
		KUNIT_EXPECT_EQ_MSG(test, m.real_tick_ns, i == 4 ? 0U : 1U, "case %u", i);
		/* the fraction stays the page's own */
		if (i != 4)
			KUNIT_EXPECT_EQ(test, m.real_frac, m.frac - (u32)((lines.raw.shifted_ns &
							    0x7fffff) >> 7));
	}
	/* the fraction of a clock that is not read at a TSC value is not known */
	shows = DEVICE;
	slow_cyc = 1000;
	s.changed = ++changed;
	s.counts = TSCOPE_COUNTS_DEVICE;
	lines.raw.mult = 0;
	lines.real.cycles = 0;
	KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
	KUNIT_EXPECT_EQ(test, m.tick_ns, 280U);
	KUNIT_EXPECT_EQ(test, m.real_tick_ns, 280U);
}

/* Like the kernel's tick: 4 ms are added to the line, and the multiplier follows NTP's rate. */
static void tick(u64 rate_q16, s64 *behind)
{
	const u32 tick_ns = 4000000;

	lines.real.cycles += tick_ns;
	lines.real.shifted_ns += (u64)lines.real.mult * tick_ns;
	while (lines.real.shifted_ns >= (u64)NSEC_PER_SEC << lines.real.shift) {
		lines.real.shifted_ns -= (u64)NSEC_PER_SEC << lines.real.shift;
		lines.real.ns += NSEC_PER_SEC;
	}
	*behind += (s64)(rate_q16 - ((u64)lines.real.mult << 16)) * tick_ns;
	lines.real.mult = (u32)(rate_q16 >> 16) + (*behind > 0);
}

/* A wall clock that NTP steers, 20 readings a second for 10 s: the interval holds the true rate. */
static void kernel_steered(struct kunit *test)
{
	static struct tscope_point p[200];
	const u32 khz = 2100000;
	u64 rate_q16, start_ns, start_tsc;
	struct tscope_hidden hidden = { };
	struct tscope_fit fit;
	u32 i, k, held = 0, narrow = 0;
	s64 behind, truth;

	shows = PAGE;
	for (k = 0; k < 100; k++) {
		rate_q16 = (1ULL << 39) + tscope_test_rnd(&rnd) % (1U << 29) - (1U << 28);
		/* the page's rate times NTP's, in 10^-12 */
		truth = (s64)tscope_div128((u128)4090445043ULL * khz * 1000000ULL, 1ULL << 33);
		truth = (s64)(((u128)truth * rate_q16) >> 39) - 1000000000000LL;
		lines.real = random_line(23, (u32)(rate_q16 >> 16));
		behind = 0;
		start_tsc = 0;
		start_ns = 0;
		for (i = 0; i < ARRAY_SIZE(p); i++) {
			now += 50ULL * khz + tscope_test_rnd(&rnd) % (200 * khz / 1000);
			while (count_at(now) - lines.real.cycles >= 4000000)
				tick(rate_q16, &behind);
			KUNIT_ASSERT_EQ(test, tscope_source_read(&s, &m), 0);
			KUNIT_ASSERT_EQ(test, m.real_tick_ns, 0U);
			start_tsc = start_tsc ?: m.tsc;
			start_ns = start_ns ?: m.real_ns;
			p[i] = (struct tscope_point){
				.tsc = m.tsc,
				.phase = tscope_phase(m.real_ns - start_ns, m.tsc - start_tsc,
						      khz) + m.real_frac,
			};
		}
		KUNIT_ASSERT_EQ(test, tscope_fit_line(p, ARRAY_SIZE(p), khz, &hidden, &fit), 0);
		held += tscope_abs64(fit.skew_mppb - truth) <= fit.error_mppb;
		narrow += fit.error_mppb <= 50;
	}
	kunit_info(test, "%u of %u held, %u of them to 0.05 ppb", held, k, narrow);
	KUNIT_EXPECT_GE(test, held, 90U);
	/* not all: two multipliers, 0.48 ns a tick apart, may alternate as slowly as in seconds */
	KUNIT_EXPECT_GE(test, narrow, 75U);
}

static struct kunit_case kernel_cases[] = {
	KUNIT_CASE(kernel_fractions),
	KUNIT_CASE(kernel_line_misfits),
	KUNIT_CASE(kernel_steered),
	KUNIT_CASE(kernel_at_tsc),
	KUNIT_CASE(kernel_at_page),
	KUNIT_CASE(kernel_at_units),
	KUNIT_CASE(kernel_clamped),
	KUNIT_CASE(kernel_page_changes),
	KUNIT_CASE(kernel_source_changes),
	KUNIT_CASE(kernel_misfits),
	KUNIT_CASE(kernel_device_handed_on),
	{}
};

static struct kunit_suite kernel_suite = {
	.name = "tscope_kernel",
	.init = kernel_init,
	.test_cases = kernel_cases,
};

kunit_test_suite(kernel_suite);
