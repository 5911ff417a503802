// SPDX-License-Identifier: GPL-2.0
/*
 * series.c against a plain list of all points that it reported: the points of a copy,
 * the beginnings of segments, and each phase by its definition.
 */
#include "fuzz.h"
#include "series.h"
#include "math128.h"

#define MOST	400

static struct tscope_point ring[TSCOPE_SERIES_POINTS];
static struct tscope_point copy[TSCOPE_SERIES_POINTS];

/* a point as it was reported, and the clock at it */
static struct {
	struct tscope_point p;
	u64 ns;
} reported[MOST + TSCOPE_STEP_POINTS];
static u32 count, first;	/* all, and the first of the newest segment */

static s64 phase_of(u32 i, u32 khz)
{
	s128 ns = tscope_sub64(reported[i].ns, reported[first].ns);
	s128 cyc = tscope_sub64(reported[i].p.tsc, reported[first].p.tsc);
	s128 phase = ns * 65536 - cyc * (1000000LL << 16) / khz;

	if (phase > S64_MAX)
		return S64_MAX;
	return phase < S64_MIN ? S64_MIN : (s64)phase;
}

static void take_news(const struct tscope_series_result *n, u32 khz, bool broken)
{
	u32 before = count ? reported[count - 1].p.segment : 0;
	s64 phase;

	reported[count].p = n->newest;
	reported[count].ns = n->newest_ns;
	count++;
	if (n->newest.segment == before) {
		EXPECT(!broken, "no segment begins at a break or step");
		EXPECT(count < 2 || reported[count - 2].p.tsc <= n->newest.tsc,
		       "a segment in which the TSC goes back");
		EXPECT_EQ(n->newest.phase, phase_of(count - 1, khz), "phase");
		return;
	}
	EXPECT_EQ(n->newest.segment, before + 1, "segments count up");
	EXPECT_EQ(n->newest.phase, 0, "the first point");
	phase = count > 1 ? phase_of(count - 1, khz) : 0;
	EXPECT(broken || reported[count - 2].p.tsc > n->newest.tsc ||
	       phase == S64_MAX || phase == S64_MIN,
	       "a segment begins without a reason");
	first = count - 1;
}

static void check_copy(const struct tscope_series *s, u64 span_cyc)
{
	u32 n = tscope_series_copy(s, span_cyc, copy), i, want = count;

	while (want > first &&
	       reported[count - 1].p.tsc - reported[want - 1].p.tsc <= span_cyc)
		want--;
	EXPECT_EQ(n, count - want, "points of the last %s cycles",
		  tap_udec(span_cyc));
	for (i = 0; i < n && want + i < count; i++)
		EXPECT(!memcmp(&copy[i], &reported[want + i].p, sizeof(*copy)),
		       "point %u of %u", i, n);
}

static void fuzz_one(struct fuzz_in *in)
{
	u32 khz = fuzz_khz(in), i, kind, before = 0;
	struct tscope_reading r = { .ns = 1ULL << 60 };
	struct tscope_series_result n;
	bool broken = true, stepped;
	struct tscope_series s;

	count = 0;
	first = 0;
	tscope_series_init(&s, ring, khz, fuzz_u8(in) & 1);
	for (i = 0; i < MOST && in->left; i++) {
		kind = fuzz_u8(in);
		if (kind == 1) {
			tscope_series_break(&s);
			broken = true;
		} else if (kind == 2) {
			s.slot_cyc = fuzz_bits(in, 40);
		}
		r.tsc += kind == 3 ? fuzz_u64(in) : 1 + fuzz_bits(in, 36);
		r.ns += (u64)fuzz_signed(in, kind == 4 ? 63 : 34);
		r.width_ns = fuzz_u8(in);
		r.error_ns = r.width_ns / 2 + 1;
		tscope_series_add(&s, &r, &n);
		stepped = n.stepped;
		EXPECT(!(s.exact && stepped), "a step that was not asked for");
		broken |= stepped;
		EXPECT_EQ(s.head, before + n.point, "points put");
		before = (u32)s.head;
		if (n.point) {
			take_news(&n, khz, broken);
			broken = false;
		}
		if (!s.slot_cyc && s.exact)
			EXPECT(n.point, "each reading is a point");
		if (count && kind > 200)
			check_copy(&s, fuzz_bits(in, 64));
		if (tap_failures())
			return;
	}
	if (count)
		check_copy(&s, U64_MAX);
}
