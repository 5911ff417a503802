// SPDX-License-Identifier: GPL-2.0
/*
 * mailbox.h, unchanged, on a model of x86's memory order. Three CPUs with random
 * partners stall at random places, and go offline and online; one of them has a
 * different clock. No limit may be false. If the model disables one of the checks of
 * nonces, some limits must be false.
 */
#include <stdlib.h>

#include "mailbox.h"
#include "tap.h"
#include "tso.h"

/* units of the second lane in a step of the model's time */
#define LANE_RATE	2

static struct tscope_mailbox boxes[TSO_CPUS];
static s64 offset[TSO_CPUS][TSCOPE_MAILBOX_LANES];
static u32 clock_step, exchanges_most;
static bool stalls;

static u64 session[TSO_CPUS], nonce[TSO_CPUS];
/* the partner's nonce was loaded once already */
static bool second_look[TSO_CPUS];

/**
 * struct found - limits that were found
 * @uppers: upper limits, one per echo that counted
 * @lowers: lower limits
 * @false_uppers: upper limits below the offset
 * @false_lowers: lower limits above the offset
 * @worst: largest distance of a false limit from the offset
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
		burst(cpu, peer, 1 + rnd_below(exchanges_most));
		/* at times it goes offline, and comes online with new nonces */
		if (rnd_below(50))
			continue;
		tscope_mailbox_begin(&boxes[cpu], 0);
		session[cpu] = ((session[cpu] >> 32) + 1) << 32;
		for (peer = rnd_below(100); peer; peer--)
			tso_now();
	}
}

static bool is_of_peer(const u64 *addr, size_t field)
{
	const char *box;
	u32 i;

	for (i = 0; i < TSO_CPUS; i++) {
		box = (const char *)&boxes[i];
		if (i != tso_cpu() && (const char *)addr == box + field)
			return true;
	}
	return false;
}

/*
 * At times a CPU stalls between two loads of a look. Meanwhile its partner exchanges
 * with another CPU, and returns to the first CPU while that stalls again.
 */
static u64 stall_in_look(const u64 *addr, u64 value)
{
	if (stalls && !rnd_below(10) &&
	    (is_of_peer(addr, offsetof(struct tscope_mailbox, of)) ||
	     is_of_peer(addr, offsetof(struct tscope_mailbox, seen))))
		tso_stall(20 + rnd_below(600));
	return value;
}

/* Disables the check of the echoes' session: the load gives the expected nonce. */
static u64 session_not_checked(const u64 *addr, u64 value)
{
	stall_in_look(addr, value);
	return is_of_peer(addr, offsetof(struct tscope_mailbox, of)) ?
	       nonce[tso_cpu()] : value;
}

/* Disables the second check of the partner's session. */
static u64 not_checked_again(const u64 *addr, u64 value)
{
	static u64 first[TSO_CPUS];
	u32 cpu = tso_cpu();

	stall_in_look(addr, value);
	if (!is_of_peer(addr, offsetof(struct tscope_mailbox, id)))
		return value;
	if (second_look[cpu])
		return first[cpu];
	second_look[cpu] = true;
	first[cpu] = value;
	return value;
}

static u64 steps(void)
{
	return getenv("MAILBOX_LONG") ? 1000000000 : 24000000;
}

/**
 * struct trial - parameters of a trial
 * @third: by how much the third CPU's clock is ahead
 * @step: step in which the clocks count
 * @exchanges: largest number of exchanges in a burst
 * @stalls: whether CPUs stall within looks, too
 */
static const struct trial {
	s64 third;
	u32 step;
	u32 exchanges;
	bool stalls;
} trials[] = {
	{ 300, 1, 14, false },
	{ 1000000, 1, 14, false },
	{ 300, 21, 14, false },
	{ 7, 1, 14, false },
	{ 300, 1, 8, true },
	{ 1000000, 1, 8, true },
};

static void run(const struct trial *t, tso_filter *filter, u64 count)
{
	memset(boxes, 0, sizeof(boxes));
	memset(offset, 0, sizeof(offset));
	memset(&found, 0, sizeof(found));
	memset(session, 0, sizeof(session));
	offset[2][0] = t->third;
	offset[2][1] = -2 * t->third;
	clock_step = t->step;
	exchanges_most = t->exchanges;
	stalls = t->stalls;
	tso_run(cpu_runs, filter, count);
}

static void test_no_false_limit(void)
{
	u64 limits = 0, uppers = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(trials); i++) {
		run(&trials[i], stall_in_look, steps());
		EXPECT(!found.false_uppers && !found.false_lowers,
		       "trial %u: %llu of %llu upper and %llu of %llu lower limits are false, by %lld",
		       i, (unsigned long long)found.false_uppers,
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

	for (i = 0; i < ARRAY_SIZE(trials); i++) {
		if (trials[i].third < 300 || trials[i].step > 1)
			continue;
		run(&trials[i], filter, steps() / 4);
		tap_note("%s, trial %u: %llu of %llu upper limits are false",
			 what, i, (unsigned long long)found.false_uppers,
			 (unsigned long long)found.uppers);
		EXPECT(found.false_uppers, "%s: no false limit was seen", what);
	}
}

static void test_session_not_checked(void)
{
	expect_false("session not checked", session_not_checked);
}

static void test_not_checked_again(void)
{
	expect_false("not checked again", not_checked_again);
}

static const struct tap_test tests[] = {
	{ "no limit is false", test_no_false_limit },
	{ "without a look whose session echoes are of, limits are false",
	  test_session_not_checked },
	{ "without a second look at the partner's session, limits are false",
	  test_not_checked_again },
};

TAP_MAIN(tests)
