// SPDX-License-Identifier: GPL-2.0
/*
 * stability.c against the textbook's sums over all points, in long double, for
 * runs of any phases; and points at any time, of which only what may not be
 * is known.
 */
#include "fuzz.h"
#include "../stability_truth.h"

#define POINTS	400

/* An even grid, cut into runs: all octaves to the last place. */
static void even(struct fuzz_in *in)
{
	unsigned int bits = fuzz_u8(in) % 42;
	s64 x = 0, rate = fuzz_signed(in, 30);
	u64 tsc = fuzz_bits(in, 50);
	u32 i, run = 0;

	count = 40 + fuzz_u16(in) % (POINTS - 40);
	for (i = 0; i < count; i++) {
		x += rate;
		phase[i] = x + fuzz_signed(in, bits);
	}
	/* a run that is shorter than what the spacing is judged by comes late */
	runs = 0;
	for (i = TSCOPE_STABILITY_WAIT + 1; runs < 8 && fuzz_u8(in) & 1;) {
		i += fuzz_u8(in);
		if (i >= count)
			break;
		run_end[runs++] = i++;
	}
	run_end[runs++] = count;

	begin();
	for (i = 0; i < count; i++) {
		if (i == run_end[run]) {
			run++;
			tsc += fuzz_bits(in, 40);
		}
		add(tsc + i * TAU0, phase[i], run);
	}
	EXPECT_EQ(st.sums.tau0_cyc, TAU0, "spacing");
	check_same("fuzz");
}

/* Points anywhere, and of any phase. */
static void uneven(struct fuzz_in *in)
{
	struct tscope_stability_figures fig;
	u32 i, k, segment = 0, khz = fuzz_khz(in);
	u64 tsc = fuzz_bits(in, 64), usual = fuzz_bits(in, 48);
	struct tscope_stability_octave *o;
	int err;

	begin();
	for (i = 0; i < POINTS && in->left; i++) {
		u8 kind = fuzz_u8(in);

		segment += kind == 1;
		tsc += kind < 8 ? fuzz_u64(in) : usual;
		if (kind & 1)
			tsc += fuzz_bits(in, 40);
		add(tsc, fuzz_signed(in, kind < 16 ? 63 : 40), segment);
	}
	for (k = 0; k < TSCOPE_STABILITY_OCTAVES; k++) {
		o = &st.sums.octave[k];
		/* bridges of up to four points stand for one */
		EXPECT(o->adev_n <= 5 * POINTS && o->tdev_n <= 5 * POINTS,
		       "octave %u: %s and %s of %u points", k,
		       tap_udec(o->adev_n), tap_udec(o->tdev_n), i);
		if (!st.sums.tau0_cyc)
			EXPECT(!o->adev_n && !o->tdev_n && !o->mtie,
			       "octave %u without a spacing", k);
		err = tscope_stability_figures(&st.sums, khz, k, &fig);
		EXPECT(!err || err == -ENODATA || err == -ERANGE, "%d", err);
		if (!err)
			EXPECT(fig.n >= 4 && fig.n == o->adev_n, "n");
		if (err != -ENODATA)
			EXPECT(o->adev_n >= 4 && o->tdev_n >= 4, "too few");
	}
}

static void fuzz_one(struct fuzz_in *in)
{
	if (fuzz_u8(in) & 1)
		even(in);
	else
		uneven(in);
}
