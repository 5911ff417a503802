// SPDX-License-Identifier: GPL-2.0
/*
 * math128.c against the compiler's own 128-bit arithmetic.
 */
#include "fuzz.h"
#include "math128.h"

static u128 take128(struct fuzz_in *in)
{
	unsigned int bits = fuzz_u8(in) % 129;
	u128 x = (u128)fuzz_u64(in) << 64 | fuzz_u64(in);

	return bits ? x >> (128 - bits) : 0;
}

static s128 limit(s128 x, s128 low, s128 high)
{
	return x < low ? low : x > high ? high : x;
}

static void one_pair(u128 x, u128 y)
{
	u64 root = tscope_sqrt128(x);
	int bits = 0;

	if (y)
		EXPECT(tscope_div128(x, y) == x / y, "%s / %s", tap_udec(x),
		       tap_udec(y));
	else
		EXPECT(!~tscope_div128(x, y), "%s / 0", tap_udec(x));
	while (bits < 128 && x >> bits)
		bits++;
	EXPECT_EQ(tscope_fls128(x), bits, "fls %s", tap_udec(x));
	EXPECT((u128)root * root <= x, "root of %s", tap_udec(x));
	if (root != U64_MAX)
		EXPECT(((u128)root + 1) * (root + 1) > x, "root of %s",
		       tap_udec(x));
}

static void one_time(u64 a, u64 b, s64 c, u32 khz)
{
	u128 ns = (u128)a * 1000000 / khz;
	s128 want;

	EXPECT(tscope_cyc_to_ns(a, khz) == (ns >> 64 ? U64_MAX : (u64)ns),
	       "%s cycles, %u kHz", tap_udec(a), khz);
	want = limit((s128)c * 1000000 / khz, S64_MIN, S64_MAX);
	EXPECT_EQ(tscope_scyc_to_ns(c, khz), want, "%s cycles, %u kHz",
		  tap_dec(c), khz);
	ns = (u128)a * khz / 1000000;
	EXPECT(tscope_ns_to_cyc(a, khz) == (ns >> 64 ? U64_MAX : (u64)ns),
	       "%s ns, %u kHz", tap_udec(a), khz);

	want = (s128)(s64)b * 65536 -
	       (s128)c * (1000000LL << 16) / khz;
	EXPECT_EQ(tscope_phase((s64)b, c, khz), limit(want, S64_MIN, S64_MAX),
		  "phase of %s ns, %s cycles, %u kHz", tap_dec((s64)b),
		  tap_dec(c), khz);
	want = (s128)c + (c < 0 ? -32768 : 32768);
	EXPECT_EQ(tscope_phase_to_ns(c), want / 65536, "%s", tap_dec(c));

	EXPECT(tscope_abs64(c) == (u64)(c < 0 ? -(s128)c : c), "%s",
	       tap_dec(c));
	want = limit((s128)a - (s128)b, S64_MIN, S64_MAX);
	EXPECT_EQ(tscope_sub64(a, b), want, "%s - %s", tap_udec(a),
		  tap_udec(b));
}

static void fuzz_one(struct fuzz_in *in)
{
	u128 x = take128(in), y = take128(in);
	u64 a = fuzz_bits(in, 64), b = fuzz_bits(in, 64);
	s64 c = fuzz_signed(in, 63);

	one_pair(x, y);
	one_time(a, b, c, fuzz_khz(in));
}
