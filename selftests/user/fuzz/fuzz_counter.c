// SPDX-License-Identifier: GPL-2.0
/*
 * counter.c against a counter of 128 bits that never wraps, and may run
 * backward. The TSC is off by anything below half a wrap.
 */
#include "fuzz.h"
#include "counter.h"

static u64 cycles_of(u128 ns, u32 khz)
{
	return (u64)(ns * khz / 1000000);
}

static void fuzz_one(struct fuzz_in *in)
{
	u32 bits = 8 + fuzz_u8(in) % 57, khz = 1000 + fuzz_u32(in) % 9000000;
	struct tscope_counter c = {
		.den = 1 + fuzz_bits(in, 24),
		.mask = bits == 64 ? U64_MAX : ((u64)1 << bits) - 1,
	};
	u64 tsc = fuzz_bits(in, 62), got, wrap_ns, half, reads = 0;
	u128 ticks = fuzz_bits(in, 60), first = ticks, want, pass;
	s128 tsc_ns, off;

	/* a tick lasts 1 ns to 1 ms */
	c.num = c.den * (1 + fuzz_u32(in) % 1000000) + fuzz_u32(in) % c.den;
	pass = ((u128)c.mask + 1) * c.num / c.den;
	wrap_ns = pass >> 61 ? 1ULL << 61 : (u64)pass;
	/* rounding takes up to a tick, a cycle and a ns of this */
	half = wrap_ns / 2;
	pass = c.num / c.den + 1 + 1000000 / khz + 2;
	if (half <= 2 * pass)
		return;
	half -= 2 * (u64)pass;

	do {
		got = tscope_counter_ns(&c, (u64)ticks & c.mask, tsc, khz);
		want = (((u128)1 << 32) + ticks - first) * c.num / c.den;
		EXPECT(got == (u64)want,
		       "%u bits, %s/%s ns, %u kHz, reading %s: truth %s, got %s",
		       bits, tap_udec(c.num), tap_udec(c.den), khz,
		       tap_udec(reads), tap_udec((u64)want), tap_udec(got));
		reads++;
		/* by less than a sixteenth of a wrap, at once */
		if (fuzz_u8(in) % 4 == 0) {
			pass = fuzz_bits(in, 24);
			if (pass > c.mask >> 4 || pass > ticks - first)
				return;
			ticks -= pass;
			continue;
		}
		pass = fuzz_bits(in, 40);
		/* so that no product exceeds 128 bits, and the TSC does not exceed 64 */
		if (pass * c.num / c.den >> 50)
			pass = ((u128)1 << 50) * c.den / c.num;
		ticks += pass;
		off = fuzz_signed(in, 62) % (s128)half;
		tsc_ns = (s128)(pass * c.num / c.den) + off;
		/* the TSC did not grow: only the counter's own bits count */
		if (tsc_ns <= (s128)(1000000 / khz + 1)) {
			if ((pass + 1) * c.num / c.den >=
			    wrap_ns - wrap_ns / 16)
				return;
			tsc_ns = 0;
		}
		if (cycles_of((u128)tsc_ns, khz) > U64_MAX - tsc)
			return;
		tsc += cycles_of((u128)tsc_ns, khz);
	} while (in->left && !tap_failures());

	/* no input may cause undefined behaviour */
	while (in->left) {
		u64 count = fuzz_u64(in), at = fuzz_u64(in);

		tscope_counter_ns(&c, count, at, fuzz_khz(in));
	}
}
