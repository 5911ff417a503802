// SPDX-License-Identifier: GPL-2.0
/*
 * stability.c against the textbook's sums over all points, in long double, for any
 * phases; and with points at any times, for which only counts are checked.
 */
#include "fuzz.h"
#include "../stability_truth.h"

#define POINTS	400

static void fuzz_one(struct fuzz_in *in)
{
	unsigned int bits = fuzz_u8(in) % 42;
	u64 tsc = fuzz_bits(in, 50), usual = fuzz_bits(in, 40);
	s64 x = 0, rate = fuzz_signed(in, 30);
	u32 i, k, khz = fuzz_khz(in);

	count = 20 + fuzz_u16(in) % (POINTS - 20);
	for (i = 0; i < count; i++) {
		x += rate;
		phase[i] = x + fuzz_signed(in, bits);
	}
	take_even(tsc);
	check_same("even");

	for (i = 0; i < count && in->left; i++) {
		tsc += usual + fuzz_bits(in, 36);
		pt[i].tsc = tsc;
	}
	take_figures(i, khz);
	for (k = 0; k < octaves; k++)
		EXPECT(fig[k].n >= 4 && fig[k].n < i, "octave %u of %u points", k, i);
}
