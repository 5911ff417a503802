// SPDX-License-Identifier: GPL-2.0
/*
 * series.c: thinning, segments, the ring, and copies that are made while the ring
 * is written.
 */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "tap.h"
#include "hides.h"
#include "series.h"
#include "math128.h"

#define KHZ	2893437
#define N	TSCOPE_SERIES_POINTS

static struct tscope_point ring[N], copy[N];
static struct tscope_series series;
static struct tscope_series_result news;

static void add(u64 tsc, u64 ns, u32 width)
{
	struct tscope_reading r = { .tsc = tsc, .ns = ns, .width_ns = width };

	tscope_series_add(&series, &r, &news);
}

/* The ring before it is full, when it is full, and after it wrapped. */
static void test_ring(void)
{
	static const u32 counts[] = { 1, 2, 100, N - 1, N, N + 1, 3 * N + 7 };
	struct tscope_point newest;
	u32 c, i, n, kept;

	tscope_series_init(&series, ring, KHZ, true);
	EXPECT_EQ(tscope_series_copy(&series, U64_MAX, copy), 0, "empty");
	EXPECT(!tscope_series_newest(&series, &newest), "empty");
	for (c = 0; c < ARRAY_SIZE(counts); c++) {
		tscope_series_init(&series, ring, KHZ, true);
		for (i = 0; i < counts[c]; i++) {
			add(1000 * i, i, i);
			EXPECT(news.point && !news.stepped, "point %u", i);
			EXPECT_EQ(news.newest.tsc, 1000 * i, "news");
			EXPECT_EQ(news.newest_ns, i, "news");
		}
		/* a copy leaves out the place that the writer may be filling */
		kept = counts[c] < N ? counts[c] : N - 1;
		n = tscope_series_copy(&series, U64_MAX, copy);
		EXPECT_EQ(n, kept, "of %u points", counts[c]);
		for (i = 0; i < n; i++)
			EXPECT_EQ(copy[i].width_ns, counts[c] - kept + i, "place %u of %u", i, n);
		EXPECT(tscope_series_newest(&series, &newest), "of %u points", n);
		EXPECT(newest.tsc == copy[n - 1].tsc && newest.phase == copy[n - 1].phase &&
		       newest.width_ns == copy[n - 1].width_ns &&
		       newest.segment == copy[n - 1].segment, "the newest of %u", n);
	}
}

/* No point from before a restart is copied, even if the ring was full. */
static void test_restart(void)
{
	static const u32 counts[] = { 0, 1, 100, N, 2 * N + 3 };
	u32 c, i, n;

	for (c = 0; c < ARRAY_SIZE(counts); c++) {
		tscope_series_init(&series, ring, KHZ, true);
		series.slot_cyc = 1;
		for (i = 0; i <= counts[c]; i++)
			add(1000 * i, i, i);
		tscope_series_restart(&series);
		EXPECT_EQ(tscope_series_copy(&series, U64_MAX, copy), 0,
			  "forgotten: %u", counts[c]);
		EXPECT(!tscope_series_newest(&series, copy), "forgotten: %u", counts[c]);
		for (i = 0; i < 10; i++)
			add(1000 * i, 7 + i, 1000 + i);
		n = tscope_series_copy(&series, U64_MAX, copy);
		/* one point is held back: its slot has not ended */
		EXPECT_EQ(n, 9, "after %u", counts[c]);
		EXPECT_EQ(copy[0].width_ns, 1000, "the first");
		EXPECT_EQ(copy[0].segment, 1, "its segment");
		EXPECT_EQ(copy[0].phase, 0, "its phase");
	}
}

static void test_span(void)
{
	u64 start = U64_MAX - 1000ULL * 1000;
	u32 i;

	tscope_series_init(&series, ring, KHZ, true);
	for (i = 0; i < 1000; i++)
		add(start + 1000 * i, i, i);
	EXPECT_EQ(tscope_series_copy(&series, 0, copy), 1, "the newest");
	EXPECT_EQ(copy[0].width_ns, 999, "the newest");
	EXPECT_EQ(tscope_series_copy(&series, 999, copy), 1, "less than two");
	EXPECT_EQ(tscope_series_copy(&series, 1000, copy), 2, "two");
	EXPECT_EQ(tscope_series_copy(&series, 99999, copy), 100, "a hundred");
	EXPECT_EQ(copy[0].width_ns, 900, "in the order of time");
	EXPECT_EQ(tscope_series_copy(&series, U64_MAX, copy), 1000, "all");
}

/* Phase is clock - TSC since the first point of the segment. */
static void test_phase(void)
{
	u64 tsc = rnd_bits(62), ns = 1700000000000000000ULL, i;
	long double exact;

	tscope_series_init(&series, ring, KHZ, true);
	for (i = 0; i < 2000; i++) {
		u64 since = i * 28934370 + rnd_below(1000000);
		u64 clock = since * 1000000 / KHZ + i * 17;

		if (!i) {
			since = 0;
			clock = 0;
		}
		add(tsc + since, ns + clock, 0);
		exact = ((long double)clock - since * 1e6L / KHZ) * 65536;
		EXPECT(exact - news.newest.phase < 2 &&
		       news.newest.phase - exact < 2, "expected %.1Lf, got %s",
		       exact, tap_dec(news.newest.phase));
	}
	/* points before the break do not belong to the segment */
	tscope_series_break(&series);
	add(tsc + (1ULL << 40), 5, 0);
	EXPECT_EQ(news.newest.phase, 0, "a segment begins at 0");
	EXPECT_EQ(news.newest.segment, 2, "the second");
	EXPECT_EQ(tscope_series_copy(&series, U64_MAX, copy), 1, "its one");
	add(tsc + (1ULL << 40) + KHZ, 1000005, 0);
	EXPECT_EQ(news.newest.phase, 0, "1 ms later");
	EXPECT_EQ(tscope_series_copy(&series, U64_MAX, copy), 2, "its two");
}

/* Each slot keeps its narrowest reading, checked by a search of all readings. */
static void test_thinning(void)
{
	static struct tscope_reading all[5000];
	u32 i, k, n, count = ARRAY_SIZE(all), at = 0, kept = 0, slot = 100000;

	tscope_series_init(&series, ring, KHZ, true);
	series.slot_cyc = slot;
	for (i = 0; i < count; i++) {
		all[i].tsc = (i ? all[i - 1].tsc : 12345) + 1 +
			     rnd_below(i % 100 ? 20000 : 500000);
		all[i].ns = all[i].tsc;
		all[i].width_ns = rnd_below(50);
		tscope_series_add(&series, &all[i], &news);
		kept += news.point;
	}
	n = tscope_series_copy(&series, U64_MAX, copy);
	EXPECT_EQ(n, kept, "points in the ring");
	for (k = 0; k < n; k++) {
		u32 best = at, first = at;

		for (; at < count && all[at].tsc < all[first].tsc + slot; at++)
			if (all[at].width_ns < all[best].width_ns)
				best = at;
		EXPECT_EQ(copy[k].tsc, all[best].tsc, "slot %u", k);
		EXPECT_EQ(copy[k].width_ns, all[best].width_ns, "slot %u", k);
	}
	/* all slots are there, except the one that has not ended */
	EXPECT(all[count - 1].tsc < all[at].tsc + slot, "%u of %u", at, count);
	/* a break drops the slot that has begun */
	add(all[count - 1].tsc + 10 * slot, 0, 1);
	tscope_series_break(&series);
	add(all[count - 1].tsc + 20 * slot, 0, 1);
	EXPECT(!news.point, "nothing is left of it");
}

/* Points after a gap that is not judged yet are held back. */
static void test_segments(void)
{
	u64 step = 500000;
	u32 i, stepped = 0;

	tscope_series_init(&series, ring, 1000000, false);
	for (i = 0; i < 300; i++) {
		add(i * 10000000ULL, i * 10000000ULL + (i >= 200 ? step : 0), i);
		EXPECT_EQ(news.point, i < 4 || i >= 7, "reading %u", i);
		if (news.point && i >= 7)
			EXPECT_EQ(news.newest.width_ns, i - 3, "three late");
		if (!news.stepped)
			continue;
		stepped++;
		EXPECT_EQ(i, 203, "reported three readings later");
		EXPECT_EQ(news.step.tsc, 200 * 10000000ULL, "at its reading");
		EXPECT(news.step.ns + news.step.error_ns >= step &&
		       news.step.ns - news.step.error_ns <= step,
		       "truth %s, figure %s, bound %s", tap_dec(step),
		       tap_dec(news.step.ns), tap_udec(news.step.error_ns));
		EXPECT_EQ(news.newest.segment, 2, "the point begins one");
		EXPECT_EQ(news.newest.phase, 0, "at 0");
	}
	EXPECT_EQ(stepped, 1, "once");
	EXPECT_EQ(tscope_series_copy(&series, U64_MAX, copy), 97,
		  "of 100 after the step three wait");
	EXPECT_EQ(copy[0].width_ns, 200, "the first after the step");
}

/*
 * early - steps within the first gaps of a series, which are never in the middle of eight readings
 * @clock_ns: by how much the clock steps in each of these gaps
 * @tsc_cyc: by how much the TSC jumps in each of these gaps, at 1 GHz
 * @gaps: a bit for each gap
 */
static void early(s64 clock_ns, s64 tsc_cyc, u32 gaps)
{
	struct tscope_reading r = { .width_ns = 256, .error_ns = 128 };
	u64 tsc = rnd_bits(40) + (1ULL << 42), ns = rnd_bits(59) + (1ULL << 59), steps = 0;
	s64 truth = 0, gain_ns;
	u32 i, n;

	tscope_series_init(&series, ring, 1000000, false);
	for (i = 0; i < 60; i++, tsc += 10000000, ns += 10001000) {
		if (i && i < 4 && gaps & 1 << (i - 1)) {
			tsc += tsc_cyc;
			ns += clock_ns;
			truth += clock_ns - tsc_cyc;
		}
		r.tsc = tsc;
		r.ns = ns + rnd_bits(8);
		tscope_series_add(&series, &r, &news);
		steps += news.stepped;
		if (!news.stepped)
			continue;
		EXPECT_EQ(i, 7, "found with the eighth reading, gaps %u", gaps);
		EXPECT(tscope_abs64(news.step.ns - truth) <= news.step.error_ns,
		       "gaps %u: truth %s, figure %s, bound %s", gaps, tap_dec(truth),
		       tap_dec(news.step.ns), tap_udec(news.step.error_ns));
		EXPECT(news.step.error_ns <= 5000 + (u64)tscope_abs64(truth) / 5000,
		       "gaps %u: bound %s", gaps, tap_udec(news.step.error_ns));
	}
	EXPECT_EQ(steps, !!gaps, "steps, gaps %u by %s and %s", gaps, tap_dec(clock_ns),
		  tap_dec(tsc_cyc));
	n = tscope_series_copy(&series, U64_MAX, copy);
	/* 100 ppm fast, whatever was before the step */
	gain_ns = (n - 1LL) * 1000;
	EXPECT(n > 50 && tscope_abs64((copy[n - 1].phase >> TSCOPE_PHASE_SHIFT) - gain_ns) < 256,
	       "%u points of the newest segment, phase %s", n, tap_dec(copy[n - 1].phase));
}

static void test_early(void)
{
	static const s64 sizes[] = { 3000000, 10000000, 2939000000, 3600000000000 };
	u32 i, gap;

	early(0, 0, 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (gap = 0; gap < 3; gap++) {
			early(sizes[i], 0, 1 << gap);
			early(-sizes[i], 0, 1 << gap);
			early(0, sizes[i], 1 << gap);
		}
		early(sizes[i], 0, 5);
		early(-sizes[i], 0, 7);
	}
}

/*
 * If a TSC passes 2^64 or is written, no fit may give a wrong figure, no matter which
 * points are kept.
 */
static void tsc_goes(u64 from, u64 to, bool exact, const char *what)
{
	u64 tsc = from - 100 * 10000000ULL;
	struct tscope_fit fit;
	u32 i, n, fits = 0;

	tscope_series_init(&series, ring, 1000000, exact);
	for (i = 0; i < 400; i++, tsc += 10000000) {
		if (i == 100)
			tsc = to;
		/* 100 ppm fast */
		add(tsc, 1700000000000000000ULL + i * 10001000ULL, 0);
		/* a span that holds no reading from before */
		n = tscope_series_copy(&series, 200 * 10000000ULL, copy);
		if (tscope_fit_line(copy, n, 1000000, HIDES(1), &fit))
			continue;
		fits++;
		EXPECT(tscope_abs64(fit.skew_mppb - 100000000) <= fit.error_mppb,
		       "%s, reading %u: truth 100000000, figure %s, bound %s",
		       what, i, tap_dec(fit.skew_mppb),
		       tap_udec(fit.error_mppb));
	}
	EXPECT(fits > 150, "%s: %u fits of 400", what, fits);
}

static void test_tsc_goes(void)
{
	tsc_goes(1ULL << 40, 1ULL << 40, true, "nothing");
	tsc_goes(0, 0, true, "2^64, exact");
	tsc_goes(0, 0, false, "2^64, judged");
	tsc_goes(1ULL << 40, 1ULL << 39, true, "back, exact");
	tsc_goes(1ULL << 40, 1ULL << 39, false, "back, judged");
}

/* Far beyond the range of a phase there is no figure, or a right one. */
static void test_saturation(void)
{
	struct tscope_fit fit;
	u32 i, n;

	tscope_series_init(&series, ring, 1000000, true);
	add(0, 0, 0);
	for (i = 1; i < 100; i++)
		add(i * 1000000ULL, (1ULL << 50) + i * 1001000ULL, 0);
	n = tscope_series_copy(&series, 50000000, copy);
	if (!tscope_fit_line(copy, n, 1000000, HIDES(1), &fit))
		EXPECT(tscope_abs64(fit.skew_mppb - 1000000000) <=
		       fit.error_mppb, "truth 1000000000, figure %s, bound %s",
		       tap_dec(fit.skew_mppb), tap_udec(fit.error_mppb));
}

/*
 * The writer's points have their number in every field, so that a torn point
 * is detected: tsc = 1000 n, phase = f(n), width = n, and a segment in 30000.
 * Every few segments the series restarts.
 */
#define WRITES		1000000
#define SEGMENT		30011
#define RESTART		5

static u32 done;

static void *write_points(void *unused)
{
	struct tscope_series_result ignored;
	struct tscope_reading r = { 0 };
	u32 i;

	(void)unused;
	for (i = 0; i < WRITES; i++) {
		if (i % (RESTART * SEGMENT) == 0)
			tscope_series_restart(&series);
		else if (i % SEGMENT == 0)
			tscope_series_break(&series);
		r.tsc = 1000ULL * i;
		r.ns = 1000ULL * i + i % SEGMENT;
		r.width_ns = i;
		tscope_series_add(&series, &r, &ignored);
	}
	WRITE_ONCE(done, 1);
	return NULL;
}

static void test_threads(void)
{
	u32 n, k, copies = 0, points = 0, last = 0;
	struct tscope_point newest;
	pthread_t writer;
	bool more = true;

	tscope_series_init(&series, ring, 1000000, true);
	done = 0;
	if (pthread_create(&writer, NULL, write_points, NULL)) {
		EXPECT(false, "no thread");
		return;
	}
	while (more) {
		more = !READ_ONCE(done);
		n = tscope_series_copy(&series, U64_MAX, copy);
		copies += n > 0;
		points += n;
		for (k = 0; k < n; k++) {
			u32 i = copy[k].width_ns;

			EXPECT(copy[k].tsc == 1000ULL * i &&
			       copy[k].phase == (s64)(i % SEGMENT) << 16 &&
			       copy[k].segment == 1 + i / SEGMENT % RESTART,
			       "torn: point %u of %u, number %u", k, n, i);
			EXPECT(!k || i == copy[k - 1].width_ns + 1, "out of order: %u", i);
		}
		if (!n)
			continue;
		EXPECT(copy[n - 1].width_ns >= last, "an older one");
		last = copy[n - 1].width_ns;
		if (!tscope_series_newest(&series, &newest))
			continue;
		EXPECT(newest.tsc == 1000ULL * newest.width_ns &&
		       newest.phase == (s64)(newest.width_ns % SEGMENT) << 16,
		       "torn: the newest, number %u", newest.width_ns);
		EXPECT(newest.width_ns >= last, "the newest is an older one");
		last = newest.width_ns;
	}
	pthread_join(writer, NULL);
	EXPECT(n == (WRITES % SEGMENT < N ? WRITES % SEGMENT : N - 1), "at rest: %u", n);
	tap_note("%u copies, %u points, while %u were written", copies, points, WRITES);
}

/* A segment begins if the caller requests it, at that reading or the narrowest of its slot. */
static void test_begins(void)
{
	struct tscope_reading r = { 0 };
	u32 i, n, slot;

	for (slot = 0; slot <= 1; slot++) {
		tscope_series_init(&series, ring, KHZ, false);
		series.slot_cyc = slot ? 4000 : 0;
		for (i = 0; i < 100; i++) {
			r.tsc = 1000 * i;
			r.ns = r.tsc * 1000000 / KHZ;
			r.width_ns = 100 - i % 7;
			series.begins |= i == 50;
			tscope_series_add(&series, &r, &news);
			EXPECT(!news.stepped, "step at %u", i);
		}
		n = tscope_series_copy(&series, U64_MAX, copy);
		EXPECT_EQ(series.segment, 2, "segments, slots %u", slot);
		EXPECT(copy[0].tsc >= 50000 && copy[0].tsc < 54000 &&
		       (slot || copy[0].tsc == 50000), "it began at %llu",
		       (unsigned long long)copy[0].tsc);
		EXPECT(n > (slot ? 5 : 40), "%u points of the second", n);
	}
}

/*
 * A clock that was read at a TSC value is read between two, by @error_ns each, and again at a TSC
 * value: one segment begins at each change, for any place in the brackets, and no step is found.
 */
static void test_source_changes(void)
{
	static const u32 errors_ns[] = { 1, 20, 500, 40000 };
	struct tscope_reading r = { 0 };
	u32 round, i, begun;
	s64 off;

	for (round = 0; round < 400; round++) {
		tscope_series_init(&series, ring, KHZ, false);
		series.slot_cyc = round % 8 < 4 ? 0 : 3 * KHZ;
		r.tsc = rnd_bits(60);
		for (i = begun = 0; i < 300; i++) {
			bool exact = i < 100 || i >= 200;

			series.begins |= i == 100 || i == 200;
			r.error_ns = exact ? 1 : errors_ns[round % 4];
			off = rnd_below(2 * r.error_ns + 1) - (s64)r.error_ns;
			/* the place in a bracket hardly changes, or is anywhere */
			if (!exact && round & 16)
				off = off / 10 + r.error_ns / 2;
			r.width_ns = exact ? 0 : 2 * r.error_ns;
			r.tsc += KHZ + rnd_below(1000);
			r.ns = (u64)((u128)r.tsc * 1000000 / KHZ) + off;
			tscope_series_add(&series, &r, &news);
			EXPECT(!news.stepped, "round %u: step at %u", round, i);
			begun += news.begins;
		}
		EXPECT_EQ(begun, 3, "round %u", round);
		EXPECT_EQ(series.segment, 3, "round %u", round);
	}
}

/* Slots come and go with parameters: no reading comes late, nor begins a segment, nor is lost. */
static void test_slots_change(void)
{
	struct tscope_reading r = { };
	u32 i, began = 0, narrowest = 0;
	s64 newest = -1;

	tscope_series_init(&series, ring, KHZ, true);
	for (i = 0; i < 600; i++) {
		series.slot_cyc = i / 50 % 2 ? 0 : 4000;
		r.tsc = 1000 * i;
		/* the reading before each end of slots is the narrowest */
		r.width_ns = i % 100 == 49 ? 1 : 50 + i % 7;
		/* 1000 ppm, and a beginning that stands in a slot */
		r.ns = r.tsc * 1000000 / KHZ + i;
		series.begins |= i == 349;
		tscope_series_add(&series, &r, &news);
		EXPECT(!news.stepped, "step at %u", i);
		if (!news.point)
			continue;
		EXPECT((s64)news.newest.tsc > newest, "a reading of old at %u", i);
		newest = news.newest.tsc;
		began += news.begins;
		narrowest += news.newest.width_ns == 1;
	}
	EXPECT_EQ(began, 2, "the first point, and that which was asked for");
	EXPECT_EQ(series.segment, 2, "segments");
	EXPECT_EQ(narrowest, 6, "the narrowest of the slot that ended early");
}

static const struct tap_test tests[] = {
	{ "ring: filling, full, going round", test_ring },
	{ "restart: nothing is left", test_restart },
	{ "copy: as far back as is asked for", test_span },
	{ "phase since the segment's first point", test_phase },
	{ "thinning keeps the narrowest of each slot", test_thinning },
	{ "segments begin at steps", test_segments },
	{ "steps among a series' first readings", test_early },
	{ "segments begin at readings that say so", test_begins },
	{ "one segment at each change of how a clock is read", test_source_changes },
	{ "slots that come and go", test_slots_change },
	{ "a TSC that wraps or goes back: no wrong figure", test_tsc_goes },
	{ "phases past their range: no wrong figure", test_saturation },
	{ "copies while another thread writes", test_threads },
};

TAP_MAIN(tests)
