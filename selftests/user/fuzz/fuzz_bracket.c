// SPDX-License-Identifier: GPL-2.0
/*
 * bracket.c: for any points, no phase moves by more than half of the difference of
 * its width from the mean. If a clock is read at a fixed part of its brackets,
 * without noise, that part is found and subtracted.
 */
#include "fuzz.h"
#include "bracket.h"

#define MOST	200
#define HALF	(1 << (TSCOPE_BRACKET_SHARE_BITS - 1))

static struct tscope_point pt[MOST], old[MOST];

static void check_any(u32 n, const struct tscope_bracket *b)
{
	s128 moved, most;
	u128 sum = 0;
	u32 i;

	for (i = 0; i < n; i++)
		sum += old[i].width_ns;
	EXPECT(b->share <= HALF && b->share >= -HALF, "share %d", b->share);
	EXPECT(b->widen >= 1024, "widen %u", b->widen);
	for (i = 0; i < n; i++) {
		moved = (s128)pt[i].phase - old[i].phase;
		/* times n, because the mean is a fraction */
		most = (s128)old[i].width_ns * n - (s128)sum;
		most = (most < 0 ? -most : most) * HALF;
		EXPECT((moved < 0 ? -moved : moved) * n <= most + 257LL * n,
		       "point %u of %u, %u ns wide: moved by %s", i, n,
		       old[i].width_ns, tap_dec(moved));
		EXPECT(pt[i].tsc == old[i].tsc &&
		       pt[i].width_ns == old[i].width_ns, "only the phase");
	}
}

/* Every other point is wide: time and width hardly correlate. All widths grow with time. */
static void exact(struct fuzz_in *in)
{
	u32 n = TSCOPE_BRACKET_MIN_POINTS + 2 * (fuzz_u8(in) % 90), i;
	u32 narrow = fuzz_u16(in), wide = narrow + 256 + fuzz_u16(in);
	s32 share = (s32)(fuzz_u32(in) % (2 * HALF - 200)) - HALF + 100;
	s64 low = S64_MAX, high = S64_MIN, rate = fuzz_signed(in, 20);
	u64 tsc = fuzz_bits(in, 62), step = 4096 + fuzz_bits(in, 36);
	u32 drift = fuzz_u8(in) % 8;
	struct tscope_bracket b;
	s64 rest;

	for (i = 0; i < n; i++) {
		pt[i] = (struct tscope_point){
			.tsc = tsc + i * step,
			/* two narrow, two wide, and mirrored */
			.width_ns = (i < n / 2 ? i : n - 1 - i) & 1 ? wide :
								      narrow,
		};
		pt[i].width_ns += i * drift;
		pt[i].phase = rate * i + (s64)share * pt[i].width_ns;
		old[i] = pt[i];
	}
	tscope_bracket_correct(pt, n, &b);
	check_any(n, &b);
	/* a rate of less than a unit per point is lost */
	EXPECT(b.share - share <= 2 && share - b.share <= 2,
	       "share %d, found %d; %u points, widths %u and %u", share,
	       b.share, n, narrow, wide);
	for (i = 0; i < n; i++) {
		rest = pt[i].phase - rate * i;
		low = rest < low ? rest : low;
		high = rest > high ? rest : high;
	}
	EXPECT(high - low <= 3LL * (wide - narrow + n * drift) + 4,
	       "phases %s apart; share %d, found %d", tap_dec(high - low),
	       share, b.share);
}

static void fuzz_one(struct fuzz_in *in)
{
	u32 n = fuzz_u8(in) % MOST, i;
	unsigned int bits = fuzz_u8(in) % 33, phases = fuzz_u8(in) % 61;
	struct tscope_bracket b;
	u64 tsc = 0;

	if (fuzz_u8(in) & 1) {
		exact(in);
		return;
	}
	for (i = 0; i < n; i++) {
		tsc += fuzz_u8(in) == 255 ? fuzz_u64(in) : fuzz_bits(in, 40);
		pt[i] = (struct tscope_point){
			.tsc = tsc,
			.phase = fuzz_signed(in, phases),
			.width_ns = (u32)fuzz_bits(in, bits),
		};
		old[i] = pt[i];
	}
	tscope_bracket_correct(pt, n, &b);
	check_any(n, &b);
}
