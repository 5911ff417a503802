// SPDX-License-Identifier: GPL-2.0
/*
 * math128.c against the compiler's own 128-bit division, and against the definitions
 * of the results.
 */
#include <math.h>

#include "tap.h"
#include "math128.h"

#define ROUNDS	100000
#define U128_MAX (~(u128)0)

static const u32 khz_edges[] = {
	1, 2, 3, 7, 999999, 1000000, 1000001, 2000000, 2399999, 2893437,
	3579545, 65535, 65536, S32_MAX, U32_MAX - 1, U32_MAX,
};

static const u64 u64_edges[] = {
	0, 1, 2, 3, 0x7fffffff, 0x80000000, U32_MAX, 1ULL << 32,
	(1ULL << 32) + 1, S64_MAX - 1, S64_MAX, 1ULL << 63, (1ULL << 63) + 1,
	U64_MAX - 1, U64_MAX,
};

static u32 any_khz(u32 i)
{
	u32 khz = i < ARRAY_SIZE(khz_edges) ? khz_edges[i] : rnd_bits(32);

	return khz ? khz : 1;
}

static u64 any_u64(void)
{
	u32 edge = rnd_below(4 * ARRAY_SIZE(u64_edges));

	return edge < ARRAY_SIZE(u64_edges) ? u64_edges[edge] : rnd_bits(64);
}

static void test_fls128(void)
{
	int bit;

	EXPECT_EQ(tscope_fls128(0), 0, "zero");
	EXPECT_EQ(tscope_fls128(U128_MAX), 128, "all ones");
	for (bit = 0; bit < 128; bit++) {
		u128 x = (u128)1 << bit;

		EXPECT_EQ(tscope_fls128(x), bit + 1, "2^%d", bit);
		EXPECT_EQ(tscope_fls128(x | (x - 1)), bit + 1, "2^%d", bit);
	}
}

static void check_div(u128 num, u128 den)
{
	u128 got = tscope_div128(num, den);
	u128 want = den ? num / den : U128_MAX;

	EXPECT(got == want, "%s / %s: expected %s, got %s", tap_udec(num),
	       tap_udec(den), tap_udec(want), tap_udec(got));
}

static void test_div128(void)
{
	static const u128 edges[] = {
		0, 1, 2, 3, U32_MAX, S64_MAX, (u128)1 << 63, U64_MAX,
		(u128)1 << 64, ((u128)1 << 64) + 1,
		((u128)1 << 127) - 1, (u128)1 << 127,
		U128_MAX - 1, U128_MAX,
	};
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(edges); i++)
		for (j = 0; j < ARRAY_SIZE(edges); j++)
			check_div(edges[i], edges[j]);
	for (i = 0; i < ROUNDS; i++)
		check_div(rnd_bits128(), rnd_bits128());
	/* quotients that just round up */
	for (i = 0; i < ROUNDS; i++) {
		u128 den = rnd_bits(64) + 1, quot = rnd_bits(63) + 1;

		check_div(den * quot - 1, den);
		check_div(den * quot, den);
	}
}

/* root^2 <= x < (root + 1)^2, without a square that overflows 128 bits */
static void check_sqrt(u128 x)
{
	u128 root = tscope_sqrt128(x);

	EXPECT(root * root <= x, "sqrt(%s) = %s", tap_udec(x), tap_udec(root));
	EXPECT(x - root * root <= 2 * root, "sqrt(%s) = %s", tap_udec(x),
	       tap_udec(root));
}

static void test_sqrt128(void)
{
	u32 i;

	for (i = 0; i < 4096; i++)
		check_sqrt(i);
	for (i = 0; i < ROUNDS; i++) {
		u128 root = any_u64();

		check_sqrt(root * root);
		check_sqrt(root * root - !!root);
		check_sqrt(root * root + 2 * root);
		check_sqrt(rnd_bits128());
	}
	check_sqrt(U128_MAX);
	EXPECT_EQ(tscope_sqrt128(U128_MAX), U64_MAX, "largest");
}

static void test_cyc_to_ns(void)
{
	u32 i, khz;

	for (i = 0; i < ROUNDS; i++) {
		u64 cyc = any_u64(), want;
		u128 ns;

		khz = any_khz(i / ARRAY_SIZE(u64_edges));
		ns = (u128)cyc * 1000000 / khz;
		want = ns > U64_MAX ? U64_MAX : (u64)ns;
		EXPECT_EQ(tscope_cyc_to_ns(cyc, khz), want, "%s cyc, %u kHz",
			  tap_udec(cyc), khz);
	}
	EXPECT_EQ(tscope_cyc_to_ns(U64_MAX, 1), U64_MAX, "saturated");
	EXPECT_EQ(tscope_cyc_to_ns(U64_MAX, 999999), U64_MAX, "saturated");
	EXPECT_EQ(tscope_cyc_to_ns(U64_MAX, 1000000), U64_MAX, "exact");
	EXPECT_EQ(tscope_cyc_to_ns(3000000, 3000000), 1000000, "1 ms");
}

static void test_scyc_to_ns(void)
{
	u32 i, khz;

	for (i = 0; i < ROUNDS; i++) {
		s64 cyc = (s64)any_u64();
		/* C divides towards zero by itself */
		s128 want;

		khz = any_khz(i / ARRAY_SIZE(u64_edges));
		want = (s128)cyc * 1000000 / (s128)khz;
		if (want > S64_MAX)
			want = S64_MAX;
		if (want < S64_MIN)
			want = S64_MIN;
		EXPECT_EQ(tscope_scyc_to_ns(cyc, khz), want, "%s cyc, %u kHz",
			  tap_dec(cyc), khz);
	}
}

static void test_ns_to_cyc(void)
{
	u32 i, khz;

	for (i = 0; i < ROUNDS; i++) {
		u64 ns = any_u64(), want;
		u128 cyc;

		khz = any_khz(i / ARRAY_SIZE(u64_edges));
		cyc = (u128)ns * khz / 1000000;
		want = cyc > U64_MAX ? U64_MAX : (u64)cyc;
		EXPECT_EQ(tscope_ns_to_cyc(ns, khz), want, "%s ns, %u kHz",
			  tap_udec(ns), khz);
	}
	EXPECT_EQ(tscope_ns_to_cyc(U64_MAX, 0), 0, "no frequency");
}

/*
 * Multiplied by khz the definition needs no division:
 * |phase * khz - 2^16 (clock_ns * khz - cyc * 10^6)| < khz.
 */
static void test_phase(void)
{
	u32 i, khz, cut = 0;

	for (i = 0; i < ROUNDS; i++) {
		s64 clock_ns = (s64)any_u64() >> rnd_below(48);
		s64 cyc = (s64)any_u64() >> rnd_below(48), phase;
		s128 exact, low, high;

		khz = any_khz(i / ARRAY_SIZE(u64_edges));
		exact = ((s128)clock_ns * khz -
			 (s128)cyc * 1000000) * 65536;
		phase = tscope_phase(clock_ns, cyc, khz);
		low = (s128)S64_MIN * khz;
		high = (s128)S64_MAX * khz;
		if (exact <= low || exact >= high) {
			EXPECT_EQ(phase, exact < 0 ? S64_MIN : S64_MAX,
				  "%s ns, %s cyc, %u kHz", tap_dec(clock_ns),
				  tap_dec(cyc), khz);
			cut++;
			continue;
		}
		exact -= (s128)phase * khz;
		EXPECT(exact > -(s128)khz && exact < (s128)khz,
		       "%s ns, %s cyc, %u kHz: got %s", tap_dec(clock_ns),
		       tap_dec(cyc), khz, tap_dec(phase));
	}
	tap_note("%u phases, %u of them saturated", ROUNDS, cut);
}

static void test_phase_to_ns(void)
{
	static const s64 edges[] = {
		0, 1, -1, 32767, 32768, 32769, -32767, -32768, -32769, 65535,
		65536, -65536, 98303, 98304, -98304, S64_MAX, S64_MIN,
		S64_MIN + 1,
	};
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		s64 phase = i < ARRAY_SIZE(edges) ? edges[i] : (s64)any_u64();
		/* exact: a long double holds 64 bits, and dividing by 2^16 keeps them all */
		long double want = roundl((long double)phase / 65536);

		EXPECT_EQ(tscope_phase_to_ns(phase), (s128)want,
			  "%s", tap_dec(phase));
	}
}

static void test_abs_sub(void)
{
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		u64 a = any_u64(), b = any_u64();
		s128 diff = (s128)a - (s128)b;
		s128 mag = (s64)a;

		if (diff > S64_MAX)
			diff = S64_MAX;
		if (diff < S64_MIN)
			diff = S64_MIN;
		EXPECT_EQ(tscope_sub64(a, b), diff, "%s - %s", tap_udec(a),
			  tap_udec(b));
		EXPECT_EQ(tscope_abs64((s64)a), mag < 0 ? -mag : mag, "%s",
			  tap_dec(mag));
	}
}

static const struct tap_test tests[] = {
	{ "fls128: every bit", test_fls128 },
	{ "div128: as the compiler divides", test_div128 },
	{ "sqrt128: largest root whose square is not above", test_sqrt128 },
	{ "cyc_to_ns: exact, saturated", test_cyc_to_ns },
	{ "scyc_to_ns: towards zero, saturated", test_scyc_to_ns },
	{ "ns_to_cyc: exact, saturated", test_ns_to_cyc },
	{ "phase: less than one unit off, saturated", test_phase },
	{ "phase_to_ns: nearest, halves away from zero", test_phase_to_ns },
	{ "abs64, sub64: as 128 bits have it", test_abs_sub },
};

TAP_MAIN(tests)
