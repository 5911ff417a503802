// SPDX-License-Identifier: GPL-2.0
/*
 * pair.c: the truth, as a fraction of which nothing is rounded, lies within
 * offset +- bound, and the bound is wider than need be by a few ns at most.
 */
#include "fuzz.h"
#include "pair.h"

/* Twice a figure in ns of whole cycles, floor; more than 64 bits: none */
static bool too_large(tscope_s128 twice, u32 khz)
{
	tscope_u128 mag = twice < 0 ? -(tscope_u128)twice : (tscope_u128)twice;

	if (mag > S64_MAX)
		return true;
	return khz && mag * 1000000 / khz > S64_MAX;
}

static void fuzz_one(struct fuzz_in *in)
{
	s64 ij = fuzz_signed(in, 63), ji = fuzz_signed(in, 63);
	u32 khz = fuzz_u8(in) & 1 ? 0 : fuzz_khz(in);
	tscope_s128 low = -(tscope_s128)ji, high = ij, num = 1000000, den = khz;
	struct tscope_pair p;
	int err;

	if (!khz) {
		num = 1;
		den = 1;
	}
	err = tscope_pair_offset(ij, ji, khz, &p);
	if (ij == TSCOPE_TRANSIT_NONE || ji == TSCOPE_TRANSIT_NONE) {
		EXPECT_EQ(err, -ENODATA, "none");
		return;
	}
	if (low > high) {
		EXPECT_EQ(err, -ESTALE, "%s..%s", tap_dec(low), tap_dec(high));
		return;
	}
	if (too_large(high + low, khz) || too_large(high - low, khz)) {
		EXPECT_EQ(err, -ENODATA, "%s..%s at %u kHz", tap_dec(low),
			  tap_dec(high), khz);
		return;
	}
	EXPECT_EQ(err, 0, "%s..%s at %u kHz", tap_dec(low), tap_dec(high), khz);
	if (err)
		return;
	/* both ends of what is possible, in units of 1/den ns */
	EXPECT(((tscope_s128)p.offset_ns - p.bound_ns) * den <= low * num &&
	       ((tscope_s128)p.offset_ns + p.bound_ns) * den >= high * num,
	       "%s..%s at %u kHz: %s +- %s", tap_dec(low), tap_dec(high), khz,
	       tap_dec(p.offset_ns), tap_udec(p.bound_ns));
	EXPECT((tscope_s128)p.bound_ns * 2 * den <=
	       (high - low) * num + 6 * den, "%s..%s at %u kHz: bound %s",
	       tap_dec(low), tap_dec(high), khz, tap_udec(p.bound_ns));
}
