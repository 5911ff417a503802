// SPDX-License-Identifier: GPL-2.0
/*
 * pair.c against simulated exchanges whose offset is known, and against the
 * exact bound in units that leave no rounding to be done.
 */
#include "tap.h"
#include "pair.h"

#define ROUNDS		20000
#define EXCHANGES	50

/*
 * A result holds if the interval [-ji, ij] cycles lies within offset +- bound
 * ns, and its bound is at most slack_ns above half the interval. All of it
 * times 2 khz: 2 khz ns = 2 * 10^6 cycles.
 */
static void check_exact(s64 ij, s64 ji, u32 khz, const char *what)
{
	tscope_s128 unit = khz ? khz : 1000000, lo, hi, half;
	struct tscope_pair pair;
	int err;

	err = tscope_pair_offset(ij, ji, khz, &pair);
	EXPECT_EQ(err, 0, "%s: %s %s %u kHz", what, tap_dec(ij), tap_dec(ji),
		  khz);
	if (err)
		return;
	lo = ((tscope_s128)pair.offset_ns - pair.bound_ns) * unit;
	hi = ((tscope_s128)pair.offset_ns + pair.bound_ns) * unit;
	half = (tscope_s128)pair.bound_ns * 2 * unit;
	EXPECT(lo <= -(tscope_s128)ji * 1000000 &&
	       hi >= (tscope_s128)ij * 1000000,
	       "%s: ij %s ji %s khz %u: offset %s bound %s", what, tap_dec(ij),
	       tap_dec(ji), khz, tap_dec(pair.offset_ns),
	       tap_dec(pair.bound_ns));
	EXPECT(half <= ((tscope_s128)ij + ji) * 1000000 + 4 * unit,
	       "%s: ij %s ji %s khz %u: bound %s", what, tap_dec(ij),
	       tap_dec(ji), khz, tap_dec(pair.bound_ns));
}

static void test_rounding(void)
{
	static const u32 khz[] = { 0, 1, 999, 999999, 1000000, 1000001,
				   2893437, 3000000, U32_MAX };
	s64 ij, ji;
	u32 i, k;

	for (k = 0; k < ARRAY_SIZE(khz); k++) {
		for (ij = -30; ij <= 30; ij++)
			for (ji = -ij; ji <= 60; ji++)
				check_exact(ij, ji, khz[k], "all small ones");
		for (i = 0; i < ROUNDS; i++) {
			ij = (s64)rnd_bits(40) - (s64)rnd_bits(40);
			ji = -ij + (s64)rnd_bits(20);
			check_exact(ij, ji, khz[k], "random");
		}
	}
}

/*
 * Two CPUs publish at random times and see it a random latency later. The
 * minima are taken here as the mailboxes take them.
 */
static void simulate(u32 khz, s64 offset, u64 latency, bool note)
{
	s64 best[2] = { S64_MAX, S64_MAX };
	struct tscope_pair pair;
	s64 base = (s64)rnd_bits(60);
	tscope_s128 unit = khz ? khz : 1000000;
	tscope_s128 truth = (tscope_s128)offset * 1000000;
	u32 i;

	for (i = 0; i < EXCHANGES; i++) {
		s64 sent = base + (s64)rnd_below(1000000);
		s64 seen = sent + (s64)rnd_below(latency + 1);
		int dir = i & 1;
		/* i's clock is the true one, j's is ahead by offset */
		s64 diff = dir ? seen - (sent + offset) :
				 seen + offset - sent;

		if (diff < best[dir])
			best[dir] = diff;
	}
	EXPECT_EQ(tscope_pair_offset(best[0], best[1], khz, &pair), 0,
		  "offset %s", tap_dec(offset));
	EXPECT(((tscope_s128)pair.offset_ns - pair.bound_ns) * unit <= truth &&
	       ((tscope_s128)pair.offset_ns + pair.bound_ns) * unit >= truth,
	       "%u kHz: truth %s cyc, figure %s ns, bound %s ns", khz,
	       tap_dec(offset), tap_dec(pair.offset_ns),
	       tap_dec(pair.bound_ns));
	if (note)
		tap_note("truth %s ns, figure %s ns, bound %s ns",
			 tap_dec(truth / unit), tap_dec(pair.offset_ns),
			 tap_dec(pair.bound_ns));
}

static void test_exchanges(void)
{
	static const s64 offsets[] = { 0, 1, -1, 357, -9990393, 3000000000LL,
				       -(1LL << 50) };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++)
		simulate(2893437, offsets[i], 700, true);
	for (i = 0; i < ROUNDS; i++) {
		u32 khz = rnd_range(1000, U32_MAX);

		simulate(i % 4 ? khz : 0, (s64)rnd_bits(50) - (s64)rnd_bits(50),
			 rnd_bits(20), false);
	}
	/* no latency at all: nothing but rounding is left of the bound */
	for (i = 0; i < ROUNDS; i++)
		simulate(1 + rnd_bits(31), rnd_range(-1000, 1000), 0,
			 false);
}

static void test_verdicts(void)
{
	static const struct {
		s64 ij, ji;
		u32 khz;
		int err;
	} t[] = {
		{ TSCOPE_TRANSIT_NONE, 0, 1000, -ENODATA },
		{ 0, TSCOPE_TRANSIT_NONE, 1000, -ENODATA },
		{ TSCOPE_TRANSIT_NONE, TSCOPE_TRANSIT_NONE, 0, -ENODATA },
		{ 0, 0, 1000, 0 },
		{ 5, -5, 0, 0 },
		{ 5, -6, 0, -ESTALE },
		{ -100, 99, 3000000, -ESTALE },
		{ -100, 100, 3000000, 0 },
		{ S64_MIN, S64_MIN, 0, -ESTALE },
		{ S64_MIN, S64_MAX - 1, 0, -ESTALE },
	};
	struct tscope_pair pair;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		EXPECT_EQ(tscope_pair_offset(t[i].ij, t[i].ji, t[i].khz,
					     &pair), t[i].err, "case %u", i);
}

/* What does not fit is said not to: a figure that is wrong is the worst. */
static void test_extremes(void)
{
	static const s64 edges[] = { S64_MIN, S64_MIN + 1, S64_MIN / 2, 0,
				     S64_MAX / 2, S64_MAX / 2 + 1,
				     S64_MAX - 1 };
	static const u32 khz[] = { 0, 1, 100000, 1000000, U32_MAX };
	struct tscope_pair pair;
	u32 i, j, k;

	for (i = 0; i < ARRAY_SIZE(edges); i++)
		for (j = 0; j < ARRAY_SIZE(edges); j++)
			for (k = 0; k < ARRAY_SIZE(khz); k++)
				if (!tscope_pair_offset(edges[i], edges[j],
							khz[k], &pair))
					check_exact(edges[i], edges[j], khz[k],
						    "extreme");
	for (i = 0; i < ROUNDS; i++) {
		s64 ij = (s64)rnd64(), ji = (s64)rnd64();
		u32 f = rnd_bits(32);

		if (!tscope_pair_offset(ij, ji, f, &pair))
			check_exact(ij, ji, f, "extreme");
	}
}

static const struct tap_test tests[] = {
	{ "never off by rounding, at most 2 ns wider than exact",
	  test_rounding },
	{ "simulated exchanges: the truth is within the bound",
	  test_exchanges },
	{ "verdicts", test_verdicts },
	{ "extreme transits: right or refused", test_extremes },
};

TAP_MAIN(tests)
