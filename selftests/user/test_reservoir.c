// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir.c: which bursts of an epoch are kept, and their limits and widths by rank.
 */
#include "tap.h"
#include "reservoir.h"

#define BURSTS	100000

static s64 lows[BURSTS];
static u32 widths[BURSTS];

/*
 * Bursts of a resting offset at 0, with transits of 100 to 199 units in each direction; in the last
 * @tight ones with transits of @tight - 1 down to 0.
 */
static void make_bursts(struct tscope_reservoir *r, u32 n, u32 tight)
{
	u32 i;

	tscope_reservoir_init(r);
	for (i = 0; i < n; i++) {
		lows[i] = -100 - (s64)rnd_below(100);
		widths[i] = 100 + rnd_below(100) - lows[i];
		if (n - i <= tight) {
			lows[i] = -(s64)(n - i - 1);
			widths[i] = 2 * (n - i - 1);
		}
		tscope_reservoir_add(r, i, lows[i], widths[i]);
	}
}

/* Half of the reservoir at least, at even distances from the first burst on. */
static void test_kept(void)
{
	struct tscope_reservoir r;
	u32 n, i;

	for (n = 1; n <= BURSTS; n = n * 3 / 2 + 1) {
		make_bursts(&r, n, 0);
		EXPECT(r.bursts <= TSCOPE_RESERVOIR_SIZE &&
		       r.bursts >= min(n, TSCOPE_RESERVOIR_SIZE / 2), "%u of %u kept", r.bursts, n);
		EXPECT_EQ(r.bursts, (n - 1) / r.stride + 1, "%u bursts", n);
		for (i = 0; i < r.bursts; i++)
			EXPECT(r.first_low + r.lows[i] == lows[i * r.stride] &&
			       r.widths[i] == widths[i * r.stride],
			       "%u bursts, number %u", n, i);
	}
}

static void test_ranks(void)
{
	u32 sorted[] = { 0, 3, 3, 7, 9, U32_MAX }, mixed[] = { 7, 3, U32_MAX, 0, 9, 3 }, i;

	for (i = 0; i < ARRAY_SIZE(sorted); i++)
		EXPECT_EQ(tscope_rank_width(mixed, ARRAY_SIZE(mixed), i), sorted[i], "rank %u", i);
	EXPECT_EQ(tscope_rank_width(mixed, 0, 0), 0, "none");
	EXPECT_EQ(mixed[0], 7, "the widths stay as they are");
}

/* Tight limits are those of a rank only if more bursts than the rank have them. */
static void test_limits(void)
{
	struct tscope_reservoir r;
	u32 n, tight, rank;
	s64 low, high;

	tscope_reservoir_init(&r);
	tscope_reservoir_limits(&r, 0, &low, &high);
	EXPECT(low == S64_MIN && high == S64_MAX, "no bursts");
	for (n = 1; n <= TSCOPE_RESERVOIR_SIZE; n++)
		for (tight = 0; tight <= n; tight++)
			for (rank = 0; rank < min(n, 4); rank++) {
				make_bursts(&r, n, tight);
				tscope_reservoir_limits(&r, rank, &low, &high);
				EXPECT(tight > rank ? low == -(s64)rank && high == rank :
						      low <= -100 && high >= 100,
				       "%u tight of %u, rank %u: %s to %s", tight, n, rank,
				       tap_dec(low), tap_dec(high));
			}
}

/* Limits at the ends of their range saturate, and so does what is kept of far ones. */
static void test_ends(void)
{
	struct tscope_reservoir r;
	s64 low, high;

	tscope_reservoir_init(&r);
	tscope_reservoir_add(&r, 0, S64_MAX - 1, U32_MAX);
	tscope_reservoir_limits(&r, 0, &low, &high);
	EXPECT(low == S64_MAX - 1 && high == S64_MAX, "%s to %s", tap_dec(low),
	       tap_dec(high));
	tscope_reservoir_add(&r, 1, S64_MIN, 0);
	tscope_reservoir_limits(&r, 0, &low, &high);
	EXPECT(low == S64_MAX - 1 && high == S64_MAX - 1 + (s64)S32_MIN, "%s to %s", tap_dec(low),
	       tap_dec(high));
}

static const struct tap_test tests[] = {
	{ "bursts are kept at even distances", test_kept },
	{ "widths by rank", test_ranks },
	{ "limits by rank", test_limits },
	{ "limits saturate", test_ends },
};

TAP_MAIN(tests)
