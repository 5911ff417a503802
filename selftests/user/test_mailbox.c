// SPDX-License-Identifier: GPL-2.0
/*
 * mailbox.h as it is, on a model of x86's memory order: three CPUs with
 * partners at random, one of them with another clock, stall at random places
 * and come back with new lives. No limit may be false. Where the model lies
 * about the nonce that echoes belong to, some must be.
 */
#include <stdlib.h>

#include "mailbox.h"
#include "tap.h"
#include "tso.h"

/* the second lane counts so many units a step */
#define LANE_RATE	2

static struct tscope_mailbox boxes[TSO_CPUS];
static s64 offset[TSO_CPUS][TSCOPE_MAILBOX_LANES];
static u32 clock_step;

static u64 session[TSO_CPUS], nonce[TSO_CPUS];
/* which of the two loads of the partner's nonce is next */
static bool second_look[TSO_CPUS];

/**
 * struct found - what the limits were
 * @uppers: upper limits, each of an echo that counted
 * @lowers: lower limits
 * @false_uppers: those that the offset was above
 * @false_lowers: those that it was below
 * @worst: by how much at most
 */
static struct found {
	u64 uppers;
	u64 lowers;
	u64 false_uppers;
	u64 false_lowers;
	s64 worst;
} found;

/* Clocks that count in steps do so together, as TSCs do. */
static u64 read_clock(u32 cpu, int lane, u64 now)
{
	now += 1000000000;
	now -= now % clock_step;
	return now * (lane ? LANE_RATE : 1) + offset[cpu][lane];
}

static void judge(u32 cpu, u32 peer, int lane, const struct tscope_look *look,
		  u64 now)
{
	s64 truth = offset[peer][lane] - offset[cpu][lane], limit;

	if (look->echo[lane]) {
		limit = (s64)(look->seen[lane] - look->echo[lane]);
		found.uppers++;
		found.false_uppers += limit < truth;
		found.worst = max(found.worst, truth - limit);
	}
	if (look->pub[lane]) {
		limit = (s64)(look->pub[lane] - now);
		found.lowers++;
		found.false_lowers += limit > truth;
		found.worst = max(found.worst, limit - truth);
	}
}

static void burst(u32 cpu, u32 peer, u32 exchanges)
{
	struct tscope_look look;
	u64 of = 0, now, reading;
	int lane;

	nonce[cpu] = tscope_nonce(cpu, session[cpu] >> 32, session[cpu] & U32_MAX);
	session[cpu]++;
	tscope_mailbox_begin(&boxes[cpu], nonce[cpu]);
	while (exchanges--) {
		second_look[cpu] = false;
		tscope_mailbox_look(&boxes[peer], nonce[cpu],
				    TSCOPE_MAILBOX_LANES, &look);
		now = tso_now();
		tscope_mailbox_turn(&boxes[cpu], &look, &of);
		for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++) {
			reading = read_clock(cpu, lane, now);
			tscope_mailbox_answer(&boxes[cpu], &look, lane, reading);
			judge(cpu, peer, lane, &look, reading);
		}
	}
}

static void cpu_runs(void)
{
	u32 cpu = tso_cpu(), peer;

	for (;;) {
		peer = (cpu + 1 + rnd_below(TSO_CPUS - 1)) % TSO_CPUS;
		burst(cpu, peer, 3 + rnd_below(12));
		/* at times it goes offline, and comes back with a new life */
		if (rnd_below(50))
			continue;
		tscope_mailbox_begin(&boxes[cpu], 0);
		session[cpu] = ((session[cpu] >> 32) + 1) << 32;
		for (peer = rnd_below(100); peer; peer--)
			tso_now();
	}
}

static bool is_nonce_of_peer(const u64 *addr)
{
	u32 i;

	for (i = 0; i < TSO_CPUS; i++)
		if (addr == &boxes[i].of && i != tso_cpu())
			return true;
	return false;
}

/* The check of the nonce is gone: each load of it gives the one that is hoped for. */
static u64 never_checked(const u64 *addr, u64 value)
{
	return is_nonce_of_peer(addr) ? nonce[tso_cpu()] : value;
}

/* It is checked before echo and seen are loaded, and not after them. */
static u64 checked_before(const u64 *addr, u64 value)
{
	u32 cpu = tso_cpu();

	if (!is_nonce_of_peer(addr))
		return value;
	if (!second_look[cpu]) {
		second_look[cpu] = true;
		return value;
	}
	return nonce[cpu];
}

static u64 checked_after(const u64 *addr, u64 value)
{
	u32 cpu = tso_cpu();

	if (!is_nonce_of_peer(addr) || second_look[cpu])
		return value;
	second_look[cpu] = true;
	return nonce[cpu];
}

static u64 steps(void)
{
	return getenv("MAILBOX_LONG") ? 3000000000ULL : 24000000;
}

static void run(s64 third, u32 step, tso_filter *filter, u64 count)
{
	memset(boxes, 0, sizeof(boxes));
	memset(offset, 0, sizeof(offset));
	memset(&found, 0, sizeof(found));
	memset(session, 0, sizeof(session));
	offset[2][0] = third;
	offset[2][1] = -2 * third;
	clock_step = step;
	tso_run(cpu_runs, filter, count);
}

static const struct {
	s64 third;
	u32 step;
} clocks[] = { { 300, 1 }, { 1000000, 1 }, { 300, 21 }, { 7, 1 } };

static void test_no_false_limit(void)
{
	u64 limits = 0, uppers = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		run(clocks[i].third, clocks[i].step, NULL, steps());
		EXPECT(!found.false_uppers && !found.false_lowers,
		       "third clock %+lld, steps of %u: %llu of %llu upper and %llu of %llu lower limits are false, by %lld",
		       (long long)clocks[i].third, clocks[i].step,
		       (unsigned long long)found.false_uppers,
		       (unsigned long long)found.uppers,
		       (unsigned long long)found.false_lowers,
		       (unsigned long long)found.lowers,
		       (long long)found.worst);
		limits += found.uppers + found.lowers;
		uppers += found.uppers;
	}
	tap_note("%llu limits, %llu of them of echoes; none may be false",
		 (unsigned long long)limits, (unsigned long long)uppers);
	EXPECT(uppers >= 1000000, "%llu upper limits", (unsigned long long)uppers);
}

static void expect_false(const char *what, tso_filter *filter)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		run(clocks[i].third, 1, filter, steps() / 2);
		tap_note("%s, third clock %+lld: %llu of %llu upper limits are false",
			 what, (long long)clocks[i].third,
			 (unsigned long long)found.false_uppers,
			 (unsigned long long)found.uppers);
		EXPECT(found.false_uppers, "%s: no false limit was seen", what);
	}
}

static void test_never_checked(void)
{
	expect_false("never checked", never_checked);
}

static void test_checked_before(void)
{
	expect_false("checked before", checked_before);
}

static void test_checked_after(void)
{
	expect_false("checked after", checked_after);
}

static const struct tap_test tests[] = {
	{ "no limit is false", test_no_false_limit },
	{ "without a check of the nonce, limits are false", test_never_checked },
	{ "with a check before the echo only, limits are false",
	  test_checked_before },
	{ "with a check after the echo only, limits are false",
	  test_checked_after },
};

TAP_MAIN(tests)
