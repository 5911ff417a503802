// SPDX-License-Identifier: GPL-2.0
/*
 * counter.c against a counter of 128 bits that never wraps.
 */
#include "tap.h"
#include "counter.h"

#define STEPS	20000
#define KHZ	2100000
/* ticks of the first reading */
#define FIRST	((u64)1 << 32)

/**
 * struct kind - a counter to simulate
 * @name: name for messages
 * @num: a tick lasts num/den ns
 * @den: see @num
 * @bits: width of the counter
 * @most_ns: longest time between two readings
 * @ppm: the TSC's rate relative to the counter's
 */
static const struct kind {
	const char *name;
	u64 num;
	u64 den;
	u32 bits;
	u64 most_ns;
	s32 ppm;
} kinds[] = {
	{ "acpi-pm, 24 bits, read often", 1000000000, 3579545, 24, 10000000, 0 },
	{ "acpi-pm, 24 bits, wraps between readings", 1000000000, 3579545, 24,
	  60000000000, 0 },
	{ "acpi-pm, 24 bits, TSC 1 % off", 1000000000, 3579545, 24,
	  60000000000, 10000 },
	{ "acpi-pm, 32 bits", 1000000000, 3579545, 32, 10000000000000, 0 },
	{ "hpet, 10 ns", 10000000, 1000000, 32, 100000000000, -500 },
	{ "hpet, 69.841279 ns", 69841279, 1000000, 32, 100000000000, 500 },
	{ "hpet, 64 bits", 69841279, 1000000, 64, 100000000000, 0 },
};

static void one_kind(const struct kind *k)
{
	struct tscope_counter c = {
		.num = k->num,
		.den = k->den,
		.mask = k->bits == 64 ? U64_MAX : ((u64)1 << k->bits) - 1,
	};
	u128 ticks = rnd_bits(60), first = ticks, want;
	u64 tsc = rnd_bits(50), got, span_ns;
	u128 pass;
	int i;

	for (i = 0; i < STEPS; i++) {
		got = tscope_counter_ns(&c, (u64)ticks & c.mask, tsc, KHZ);
		want = (FIRST + ticks - first) * k->num / k->den;
		EXPECT_EQ(got, want, "%s: reading %d", k->name, i);
		if (got != want)
			return;
		/* every fourth reading is less than the previous one, up to 0.4 of a wrap later */
		if (i % 4 == 3) {
			ticks -= rnd_below(k->bits == 24 ? 1000000 : 1u << 28);
			pass = (u128)rnd_below(k->bits == 24 ? 6000000 : 1u << 30);
			tsc += (u64)(pass * k->num / k->den * KHZ / 1000000);
			continue;
		}
		span_ns = rnd_below(k->most_ns);
		pass = (u128)span_ns * k->den / k->num;
		ticks += pass;
		tsc += (u64)((u128)span_ns * KHZ / 1000000 *
			     (1000000 + k->ppm) / 1000000);
	}
}

static void test_kinds(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		one_kind(&kinds[i]);
}

/* A TSC that was set back can't show wraps: only the counter's own bits are used. */
static void test_tsc_back(void)
{
	struct tscope_counter c = { .num = 10, .den = 1, .mask = 0xffffff };

	EXPECT_EQ(tscope_counter_ns(&c, 5, 1000000, KHZ), 10 * FIRST, "first");
	EXPECT_EQ(tscope_counter_ns(&c, 15, 500, KHZ), 10 * (FIRST + 10),
		  "TSC back");
	EXPECT_EQ(tscope_counter_ns(&c, 14, 400, KHZ),
		  10 * (FIRST + 10 + 0xffffff), "back again: it wrapped once");
}

/* The TSC stopped and the counter went on, by up to 15/16 of a wrap. */
static void test_tsc_stops(void)
{
	struct tscope_counter c = { .num = 1, .den = 1, .mask = 0xffffff };

	EXPECT_EQ(tscope_counter_ns(&c, 0, 1000, KHZ), FIRST, "first");
	EXPECT_EQ(tscope_counter_ns(&c, 0xeffff0, 1000, KHZ), FIRST + 0xeffff0,
		  "TSC stopped");
}

/* After 16 wraps or more their number is uncertain, and must not be reported as certain. */
static void test_uncertain(void)
{
	struct tscope_counter c = { .num = 1, .den = 1, .mask = 0xffffff };
	u64 tsc = 1000, wraps;

	tscope_counter_ns(&c, 0, tsc, 1000000);
	EXPECT(!c.uncertain, "first");
	for (wraps = 1; wraps < 40; wraps++) {
		tsc += wraps << 24;
		EXPECT_EQ(tscope_counter_ns(&c, 0, tsc, 1000000), FIRST + tsc - 1000,
			  "wraps");
		EXPECT_EQ(c.uncertain, wraps > 15, "%u wraps", (u32)wraps);
	}
	tscope_counter_ns(&c, 5, 1000, 1000000);
	EXPECT(!c.uncertain, "the TSC was set back: no wrap is added");
}

static const struct tap_test tests[] = {
	{ "gaps of many wraps", test_uncertain },
	{ "simulated counters, extended", test_kinds },
	{ "a TSC that was set back", test_tsc_back },
	{ "a TSC that stops", test_tsc_stops },
};

TAP_MAIN(tests)
