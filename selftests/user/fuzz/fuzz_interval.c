// SPDX-License-Identifier: GPL-2.0
/*
 * interval.c: bursts that hold an offset at rest never prove motion, and the
 * interval holds the offset; any bursts give an interval within the hull.
 */
#include "fuzz.h"
#include "interval.h"

static void check_rest(struct fuzz_in *in)
{
	s64 offset = fuzz_signed(in, 62);
	struct tscope_tracker t;
	struct tscope_interval iv;
	u64 now_ms = fuzz_u32(in);
	u32 step = fuzz_u8(in);

	tscope_tracker_init(&t);
	tscope_tracker_add(&t, offset - (s64)fuzz_bits(in, 40), offset + (s64)fuzz_bits(in, 40),
			   step, now_ms);
	while (in->left) {
		tscope_tracker_add(&t, offset - (s64)fuzz_bits(in, 40),
				   offset + (s64)fuzz_bits(in, 40), step, now_ms);
		EXPECT_EQ(tscope_tracker_interval(&t, now_ms, &iv), 0, "rest");
		EXPECT(iv.low <= offset && offset <= iv.high, "%s in %s..%s",
		       tap_dec(offset), tap_dec(iv.low), tap_dec(iv.high));
		EXPECT(!t.last.proof && t.since_drift == U8_MAX, "proof of motion at rest");
		now_ms += fuzz_u8(in) * 4;
	}
}

static void check_any(struct fuzz_in *in)
{
	u64 now_ms = fuzz_u64(in), bound_ns, meetings = 1;
	struct tscope_tracker t;
	struct tscope_interval iv;
	s64 low, high, offset_ns;
	u32 khz = fuzz_khz(in);

	tscope_tracker_init(&t);
	EXPECT_EQ(tscope_tracker_interval(&t, now_ms, &iv), -ENODATA, "none");
	tscope_tracker_add(&t, fuzz_signed(in, 63), fuzz_signed(in, 63), fuzz_u32(in), now_ms);
	EXPECT_EQ(tscope_tracker_interval(&t, now_ms, &iv), -ENODATA, "one");
	while (in->left) {
		low = fuzz_signed(in, 63);
		high = fuzz_signed(in, 63);
		tscope_tracker_add(&t, low, high, fuzz_u32(in), now_ms);
		EXPECT_EQ(tscope_tracker_interval(&t, now_ms, &iv), 0, "some");
		EXPECT(iv.low <= iv.high && iv.hull.low <= iv.low &&
		       iv.high <= iv.hull.high, "%s..%s in %s..%s",
		       tap_dec(iv.low), tap_dec(iv.high), tap_dec(iv.hull.low),
		       tap_dec(iv.hull.high));
		EXPECT_EQ(iv.meetings, ++meetings, "meetings");
		tscope_interval_ns(iv.low, iv.high, khz, &offset_ns, &bound_ns);
		EXPECT(bound_ns >= 1, "bound");
		now_ms += fuzz_bits(in, 16);
	}
}

static void fuzz_one(struct fuzz_in *in)
{
	if (fuzz_u8(in) & 1)
		check_rest(in);
	else
		check_any(in);
}
