// SPDX-License-Identifier: GPL-2.0
/*
 * clock_ptp.c: the wall clock's offset and its error, against the truth, with moments and
 * pairings of clocks that the test imitates.
 */
#include <linux/kvm_para.h>
#include <linux/math64.h>

#include <asm/processor.h>

#include "../moment.h"
#include "../math128.h"
#include "tests.h"

#define YEAR_NS		(365 * 86400 * NSEC_PER_SEC)
#define HOST_NS		(56 * YEAR_NS + 123456789)

/* Times are in ns by the TSC's nominal rate; rates are relative to that rate. */
struct world {
	s64 ahead_ns;		/* how far the guest's wall clock is ahead of the host's */
	s32 raw_ppm;		/* how much faster than the TSC monotonic-raw runs */
	s32 slew_ppm;		/* how much faster than monotonic-raw realtime runs */
	s32 turn_ppm;		/* what is added to @slew_ppm... */
	u32 turn_at;		/* ...this long after the first moment */
	u32 before;		/* from the first moment to the pairing */
	u32 after;		/* from the pairing to the second moment */
	u32 width;		/* of moments that are bracketed; 0: exact */
	u32 early;		/* where in the width the clocks were read */
	bool page;		/* the clocksource is a time page */
	bool known;		/* realtime's fraction is known, and is 0 */
	s64 astray;		/* how far the pairing's TSC is off */
	bool was_set;		/* the wall clock is set in the call */
	bool switched;		/* the clocksource changes in the call */
	s64 clamped;		/* how far the second moment's clocks are behind its TSC */
};

static const struct world calm = { .before = 800, .after = 1200 };

static struct world w;
static struct tscope_raw earlier;
static struct tscope_wall_offset o;
static u64 begin, rnd;
static s64 true_ns;

static s64 part_of(s64 ns, s32 ppm)
{
	return div_s64(ns * ppm, 1000000);
}

static u64 raw_at(u64 ns)
{
	return ns + part_of(ns, w.raw_ppm);
}

static u64 real_at(u64 ns)
{
	s64 turned = max_t(s64, ns - begin - w.turn_at, 0);

	return HOST_NS + w.ahead_ns + raw_at(ns) + part_of(ns, w.slew_ppm) +
	       part_of(turned, w.turn_ppm);
}

static u64 tsc_at(u64 ns)
{
	/* rounded up, so that this TSC value is not before @ns */
	return tscope_ns_to_cyc(ns, tscope_tsc_khz) + 1;
}

static struct tscope_raw moment_at(u64 ns, s64 clamped)
{
	u64 read_at = ns + (w.width ? w.early : 0) - clamped;

	return (struct tscope_raw){
		.before = tsc_at(ns), .after = tsc_at(ns + w.width),
		.tsc = tsc_at(ns + w.width / 2), .ns = raw_at(read_at), .real_ns = real_at(read_at),
		.tick_ns = w.page ? 0 : 1, .real_tick_ns = w.known && !clamped ? 0 : 1,
		.exact = !w.width,
	};
}

/* Whether the pairing after @begin gives an offset, which is @o then. */
static bool offset_comes(void)
{
	u64 at = begin + w.width + w.before;
	struct tscope_raw a = moment_at(begin, 0), b = moment_at(at + w.after, w.clamped);
	struct tscope_raw host = { .tsc = tsc_at(at + w.astray), .ns = HOST_NS + at };

	b.was_set = w.was_set;
	b.source = w.switched;
	true_ns = (s64)(real_at(at) - host.ns);
	return tscope_wall_offset_find(&a, &b, &host, NULL, &earlier, &o);
}

static bool holds(struct kunit *test, u32 i)
{
	if (offset_comes() && tscope_abs64(o.ns - true_ns) <= o.error_ns)
		return true;
	kunit_err(test, "%u: %lld +- %llu, and %lld is true; raw %d, slew %d, turn %d at %u, %u + %u ns, width %u",
		  i, o.ns, o.error_ns, true_ns, w.raw_ppm, w.slew_ppm,
		  w.turn_ppm, w.turn_at, w.before, w.after, w.width);
	return false;
}

static int ptp_init(struct kunit *test)
{
	w = calm;
	begin = 1ULL << 40;
	earlier.exact = false;
	rnd = 88172645463325252ULL;
	return 0;
}

/*
 * The error of a calm clock is rounding plus a 4000th of the call, rounded up. If the kernel may
 * have clamped its clocks, 3 ns and an eighth of the call are added.
 */
static void ptp_error(struct kunit *test)
{
	static const struct {
		u32 ns, width;
		bool page, known;
		u64 error_ns;
	} cases[] = {
		{ 2000, 0, false, true, 3 + 1 },
		{ 2000, 0, true, true, 3 + 1 },
		{ 2000, 0, false, false, 3 + 1 + 253 },
		{ 2000, 0, true, false, 5 + 1 + 253 },
		{ 4000000, 0, false, true, 3 + 1000 },
		{ 4000500, 0, true, false, 5 + 1001 + 3 + 500062 },
		/* half of a width of 2 us, a 32nd of it, a tick, rounding, a 1000th of the span */
		{ 2000, 2000, false, false, 1000 + 62 + 1 + 5 + 4 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		w.before = cases[i].ns / 2;
		w.after = cases[i].ns - w.before;
		w.width = cases[i].width;
		w.early = w.width / 2;
		w.page = cases[i].page;
		w.known = cases[i].known;
		KUNIT_EXPECT_TRUE_MSG(test, holds(test, i), "case %u", i);
		/* the TSC's cycles are not whole nanoseconds */
		KUNIT_EXPECT_LE_MSG(test, abs((s64)(o.error_ns - cases[i].error_ns)), 2LL,
				    "case %u", i);
		KUNIT_EXPECT_EQ(test, o.exact, !w.width);
	}
}

static s64 below(u64 limit)
{
	return tscope_test_rnd(&rnd) % limit;
}

static void random_world(bool bracketed)
{
	w = calm;
	w.ahead_ns = below(100 * YEAR_NS) - 50 * (s64)YEAR_NS;
	w.raw_ppm = below(60001) - 30000;
	w.slew_ppm = below(1001) - 500;
	w.before = below(1ULL << (8 + below(14)));
	w.after = below(1ULL << (8 + below(14))) + 2;
	w.page = below(2);
	if (bracketed) {
		w.width = 2 + below(1ULL << below(16));
		w.early = below(w.width + 1);
	}
	begin = below(1ULL << 40);
	earlier.exact = false;
}

static void ptp_offset_holds(struct kunit *test)
{
	u32 i;

	for (i = 0; i < 100000; i++) {
		random_world(i % 2);
		KUNIT_ASSERT_TRUE(test, holds(test, i));
		KUNIT_ASSERT_EQ(test, o.exact, !(i % 2));
	}
}

/*
 * The slew changes within the call by 500 ppm, which no moment shows, and the error still covers
 * the truth. If the slew was known, the error is small as soon as there is no change.
 */
static void ptp_slew_turns(struct kunit *test)
{
	u32 i;

	for (i = 0; i < 50000; i++) {
		random_world(false);
		/* some 30 to 400 us, as in emulation */
		w.before = 12000 + below(200000);
		w.after = 12000 + below(200000);
		w.raw_ppm = below(101) - 50;
		w.known = true;
		earlier = moment_at(begin, 0);
		begin += 10000000;
		if (i % 2) {
			w.turn_ppm = w.slew_ppm > 0 ? -500 : 500;
			w.turn_at = below(w.before + w.after);
		}
		KUNIT_ASSERT_TRUE(test, holds(test, i));
		if (i % 2 == 0)
			KUNIT_ASSERT_LE(test, o.error_ns, 5ULL + 6);
	}
}

/* Two readings that are not on one line give no offset. */
static void ptp_no_line(struct kunit *test)
{
	/* the call takes 2 us; raw's rate is unknown, so it may be off by an eighth and 3 ns */
	static const struct {
		struct world w;
		bool comes;
	} cases[] = {
		{ { .was_set = true } },
		{ { .switched = true } },
		{ { .astray = -800 }, true }, { { .astray = -810 } },
		{ { .astray = 1200 }, true }, { { .astray = 1210 } },
		{ { .astray = -(1LL << 39) } },
		{ { .clamped = 2000 } },
		{ { .clamped = 260 } },
		{ { .clamped = 240 }, true },
		/* a moment whose fraction is known is not clamped, so the other one is */
		{ { .clamped = 240, .known = true } },
		{ { .clamped = 1, .known = true } },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		w = cases[i].w;
		w.before = calm.before;
		w.after = calm.after;
		KUNIT_EXPECT_EQ_MSG(test, offset_comes(), cases[i].comes, "case %u", i);
		/* a pairing that is astray is the host's fault */
		if (cases[i].comes && !w.astray)
			KUNIT_EXPECT_TRUE(test, holds(test, i));
	}
}

/* If monotonic-raw's rate is known, it must hold to 3 ns and a 1000th. */
static void ptp_raw_rate(struct kunit *test)
{
	static struct tscope_point ring[TSCOPE_SERIES_POINTS];
	struct tscope_series series = {
		.ring = ring, .head = 1, .khz = tscope_tsc_khz,
	};
	struct tscope_raw a, b, host;
	bool comes;
	u32 i;

	/* 2 s, in which monotonic-raw gained 100 ppm */
	ring[0].tsc = 2000ULL * tscope_tsc_khz;
	ring[0].phase = 200000LL << TSCOPE_PHASE_SHIFT;
	for (i = 0; i < 40; i++) {
		w.raw_ppm = 100;
		a = moment_at(begin, 0);
		b = moment_at(begin + 2000, i);
		host = (struct tscope_raw){ .tsc = tsc_at(begin + 800), .ns = HOST_NS };
		comes = tscope_wall_offset_find(&a, &b, &host, &series, &earlier, &o);
		/* the TSC's cycles are not whole nanoseconds */
		if (i != 5 && i != 6)
			KUNIT_EXPECT_EQ_MSG(test, comes, i < 5, "%u ns", i);
	}
}

/* A host that answers the hypercall as KVM does has pairings, or will; others have none. */
static void ptp_hypercall_answers(struct kunit *test)
{
	static const struct {
		long err;
		bool may_pair;
	} cases[] = {
		{ 0, true },
		/* a host whose clocksource is not the TSC; one that could not write the page */
		{ -KVM_EOPNOTSUPP, true },
		{ -KVM_EFAULT, true },
		{ -KVM_ENOSYS },
		/* errors that are not of KVM's numbers */
		{ -38 },
		{ LONG_MIN },
		{ KVM_HC_CLOCK_PAIRING },
		{ LONG_MAX },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, !tscope_pairing_fault(cases[i].err), cases[i].may_pair,
				    "case %u", i);
}

/* Without KVM, as in QEMU's emulation, the instruction is undefined. */
static void ptp_no_hypercall(struct kunit *test)
{
	struct kvm_clock_pairing *none = kunit_kzalloc(test, sizeof(*none), GFP_KERNEL);
	long said;

	KUNIT_ASSERT_NOT_NULL(test, none);
	said = tscope_pairing_call(virt_to_phys(none));
	if (cpuid_base_hypervisor("KVMKVMKVM\0\0\0", 0))
		KUNIT_EXPECT_LE(test, said, 0L);
	else
		KUNIT_EXPECT_EQ(test, said, (long)KVM_HC_CLOCK_PAIRING);
}

/* A pairing without a valid time is an error; one of a time outside of the call is rejected. */
static void ptp_garbage(struct kunit *test)
{
	static const struct {
		struct kvm_clock_pairing p;
		long said;
		int err;
	} cases[] = {
		{ { .sec = 5, .nsec = 7, .tsc = 1000 } },
		{ { .sec = 5, .nsec = 999999999, .tsc = 2000 } },
		{ { .sec = 5, .nsec = 7, .tsc = 1000 }, -KVM_EOPNOTSUPP, -EIO },
		{ { .sec = 5, .nsec = 7, .tsc = 1000 }, 1, -EIO },
		{ { .sec = -1, .nsec = 7, .tsc = 1000 }, 0, -EIO },
		{ { .sec = KTIME_SEC_MAX, .tsc = 1000 }, 0, -EIO },
		{ { .sec = S64_MAX, .tsc = 1000 }, 0, -EIO },
		{ { .sec = 5, .nsec = -1, .tsc = 1000 }, 0, -EIO },
		{ { .sec = 5, .nsec = 1000000000, .tsc = 1000 }, 0, -EIO },
		{ { .sec = 5, .nsec = S64_MIN, .tsc = 1000 }, 0, -EIO },
		/* the pairing was not written, or was written long ago */
		{ { }, 0, -EAGAIN },
		{ { .sec = 5, .nsec = 7, .tsc = 999 }, 0, -EAGAIN },
		{ { .sec = 5, .nsec = 7, .tsc = 2001 }, 0, -EAGAIN },
		{ { .sec = 5, .nsec = 7, .tsc = U64_MAX }, 0, -EAGAIN },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct kvm_clock_pairing *p = &cases[i].p;
		struct tscope_raw raw = { .before = 1000, .after = 2000 };

		KUNIT_EXPECT_EQ_MSG(test, tscope_pairing_take(p, cases[i].said, &raw),
				    cases[i].err, "case %u", i);
		if (cases[i].err)
			continue;
		KUNIT_EXPECT_EQ(test, raw.tsc, p->tsc);
		KUNIT_EXPECT_EQ(test, raw.ns, (u64)p->sec * NSEC_PER_SEC + p->nsec);
	}
}

static struct kunit_case ptp_cases[] = {
	KUNIT_CASE(ptp_error),
	KUNIT_CASE(ptp_offset_holds),
	KUNIT_CASE(ptp_slew_turns),
	KUNIT_CASE(ptp_no_line),
	KUNIT_CASE(ptp_raw_rate),
	KUNIT_CASE(ptp_hypercall_answers),
	KUNIT_CASE(ptp_garbage),
	KUNIT_CASE(ptp_no_hypercall),
	{}
};

static struct kunit_suite ptp_suite = {
	.name = "tscope_ptp",
	.init = ptp_init,
	.test_cases = ptp_cases,
};

kunit_test_suite(ptp_suite);
