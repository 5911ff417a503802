// SPDX-License-Identifier: GPL-2.0
/*
 * Updates of time pages (timepage.c) against a host whose updates are known. Each CPU sees
 * some of them: those that were in its page when it looked. The reported steps must add up to
 * those of the host.
 */
#include "tap.h"
#include "timepage.h"

#define PHASE(ns)	((s128)(ns) * 65536)

#define ROUNDS	3000
#define UPDATES	60
#define CPUS	6
/* updates by which a CPU may lag: intermediate ones are remembered, too */
#define LAG	7
#define APART	1000000

static struct tscope_timepage host[UPDATES + 1];
static s64 sum[UPDATES + 1];

static void host_updates(void)
{
	u32 i, k;

	host[0] = (struct tscope_timepage){
		.tsc = rnd_bits(50) + APART, .ns = rnd_bits(50) + (1ULL << 60),
		.flags = TSCOPE_PAGE_STABLE,
	};
	sum[0] = 0;
	for (i = 1; i <= UPDATES; i++) {
		/* multiples of 1 us: no sum of some counts as no step, unless it is 0 */
		s64 step = rnd_below(3) ? 0 : 1000 * (s64)rnd_bits(30);

		if (rnd_below(2))
			step = -step;
		host[i] = host[i - 1];
		host[i].tsc += APART + rnd_below(APART);
		/* ns identifies an update, so it must differ from the earlier ones */
		host[i].ns += host[i].tsc - host[i - 1].tsc + step;
		for (k = 0; k < i; k++)
			if (host[k].ns == host[i].ns)
				break;
		if (k < i) {
			i--;
			continue;
		}
		sum[i] = sum[i - 1] + step;
	}
}

/*
 * @off: how far apart the CPUs' TSCs may be
 * @since: whether pages have the time since when they hold; else their sequence orders them
 */
static void simulate(u64 off, bool since, const char *what)
{
	struct tscope_page_updates m = { };
	s64 reported = 0, off_of[CPUS];
	u32 at[CPUS] = { }, cpu, now = 0, seen = 0, to, count = 0;
	u32 sequence = since ? 0 : 0 - rnd_below(UPDATES);

	host_updates();
	for (cpu = 0; cpu < CPUS; cpu++)
		off_of[cpu] = off ? (s64)rnd_below(off) : 0;
	while (seen < UPDATES) {
		struct tscope_timepage old, new;
		s128 step;

		if (now < UPDATES && !rnd_below(3))
			now++;
		cpu = rnd_below(CPUS);
		for (to = 0; to < CPUS; to++)
			if (at[to] + LAG < now)
				cpu = to;
		if (at[cpu] == now)
			continue;
		/* it may see any of the updates since */
		to = at[cpu] + 1 + rnd_below(now - at[cpu]);
		old = host[at[cpu]];
		new = host[to];
		old.tsc = since ? old.tsc + off_of[cpu] : 0;
		new.tsc = since ? new.tsc + off_of[cpu] : 0;
		/* past 2^32 as well */
		old.sequence = sequence + at[cpu];
		new.sequence = sequence + to;
		step = PHASE(sum[to] - sum[at[cpu]]);
		at[cpu] = to;
		if (to > seen)
			seen = to;
		if (tscope_page_updated(&m, &old, &new, &step)) {
			reported += tscope_timepage_step_ns(step);
			count++;
		}
		EXPECT_EQ(reported, sum[seen], "%s: reported up to update %u", what, seen);
		if (reported != sum[seen])
			return;
	}
	EXPECT(count <= UPDATES, "%s: %u steps reported of %u", what, count, UPDATES);
}

static void test_order(void)
{
	u32 i;

	for (i = 0; i < ROUNDS; i++)
		simulate(0, true, "one TSC");
}

static void test_offsets(void)
{
	u32 i;

	for (i = 0; i < ROUNDS; i++)
		simulate(1ULL << 63, true, "TSCs apart");
}

static void test_sequences(void)
{
	u32 i;

	for (i = 0; i < ROUNDS; i++)
		simulate(0, false, "by sequence");
}

/* With the same reference the CPU's TSC was moved. Without master clock it has its own clock. */
static void test_own(void)
{
	struct tscope_page_updates m = { }, none = { };
	struct tscope_timepage old = { .ns = 5, .flags = TSCOPE_PAGE_STABLE }, new = old;
	s128 step;
	int ns;

	for (ns = -3; ns <= 3; ns++) {
		step = PHASE(ns);
		EXPECT_EQ(tscope_page_updated(&m, &old, &new, &step), ns < -1 || ns > 1,
			  "moved TSC, %d ns", ns);
		new.ns = 6;
		new.flags = 0;
		EXPECT_EQ(tscope_page_updated(&m, &old, &new, &step), ns < -1 || ns > 1,
			  "no master, %d ns", ns);
		new = old;
	}
	EXPECT(!memcmp(&m, &none, sizeof(m)), "nothing is remembered of these");
}

/*
 * A list of updates, which are 1 us of TSC apart; @from and @to are their numbers; @reported
 * is 0 if nothing is to be reported.
 */
static const struct update {
	const char *what;
	u8 from;
	u8 to;
	bool from_stable;
	bool to_stable;
	s64 tsc_off;
	s64 step;
	s64 reported;
} updates[] = {
	{ "the clock begins: no master before", 0, 1, false, true, 0, 50, 50 },
	{ "the same of another CPU", 0, 1, false, true, 0, 90, 0 },
	{ "one that rounds", 1, 2, true, true, 0, -1, 0 },
	{ "one from before both", 1, 4, true, true, 0, 5000, 5001 },
	{ "the rest is what rounding makes", 2, 5, true, true, 0, 5002, 0 },
	{ "and just more than that", 2, 6, true, true, 0, 5004, 2 },
	{ "in between, and not reported", 1, 3, true, true, 0, 700, 0 },
	{ "a CPU whose TSC is behind, not from the newest", 5, 8, true, true, -9000, 400, 398 },
	{ "and another one that comes there from the newest", 6, 8, true, true, 0, 400, 0 },
	{ "no master clock any more", 8, 9, true, false, 0, -3, -3 },
	{ "and again one, that other CPUs knew", 9, 8, false, true, 0, 70, 0 },
	{ "and a new one", 9, 10, false, true, 0, 80, 80 },
	{ "from one that was never seen", 200, 11, true, true, 0, 60, 60 },
};

static void test_written_down(void)
{
	struct tscope_page_updates m = { };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(updates); i++) {
		const struct update *u = &updates[i];
		struct tscope_timepage old = {
			.ns = 100 + u->from,
			.tsc = 10000 + 1000ULL * u->from + u->tsc_off,
			.flags = u->from_stable ? TSCOPE_PAGE_STABLE : 0,
		}, new = {
			.ns = 100 + u->to,
			.tsc = 10000 + 1000ULL * u->to + u->tsc_off,
			.flags = u->to_stable ? TSCOPE_PAGE_STABLE : 0,
		};
		s128 step = PHASE(u->step);
		bool reported = tscope_page_updated(&m, &old, &new, &step);

		EXPECT_EQ(reported, !!u->reported, "%s", u->what);
		if (reported)
			EXPECT_EQ(tscope_timepage_step_ns(step), u->reported, "%s", u->what);
	}
}

/* Returns the step that is reported for an update, ns. */
static s64 update_to(struct tscope_page_updates *m, u32 from, u32 to, u64 old_tsc,
		     u64 new_tsc, s64 ns)
{
	struct tscope_timepage old = {
		.ns = 100 + from, .tsc = old_tsc, .flags = TSCOPE_PAGE_STABLE,
	}, new = {
		.ns = 100 + to, .tsc = new_tsc, .flags = TSCOPE_PAGE_STABLE,
	};
	s128 step = PHASE(ns);

	return tscope_page_updated(m, &old, &new, &step) ? tscope_timepage_step_ns(step) : 0;
}

/* A CPU whose TSC was moved since its last look can't know which reference is later. */
static void test_moved(void)
{
	struct tscope_page_updates m = { };

	EXPECT_EQ(update_to(&m, 0, 1, 1000, 2000, 100), 100, "first");
	EXPECT_EQ(update_to(&m, 1, 2, 2000, 3000, 100), 100, "second");
	/* set back: reported, and not silent until its TSC is there again */
	EXPECT_EQ(update_to(&m, 1, 3, 900000, 50, 300), 200, "moved: less what was reported");
	EXPECT_EQ(update_to(&m, 2, 3, 3000, 4000, 200), 0, "known");
	/* from an update that is forgotten, with a TSC that is ahead: others are still reported */
	EXPECT_EQ(update_to(&m, 99, 4, 1ULL << 50, (1ULL << 50) + 1000, 50), 50, "forgotten");
	EXPECT_EQ(update_to(&m, 3, 5, 4000, 6000, 120), 70, "another: less what was reported");
	/* set ahead: others seem to be behind it, until it reports what they saw */
	EXPECT_EQ(update_to(&m, 5, 6, 6000, 1ULL << 40, 500), 500, "ahead");
	EXPECT_EQ(update_to(&m, 5, 7, 6000, 9000, 800), 0, "seems to be in between");
	EXPECT_EQ(update_to(&m, 6, 7, 1ULL << 40, (1ULL << 40) + 1000, 300), 300, "all of it");
}

/* All TSCs are moved by the same amount: one step each time. */
static void test_moved_alike(void)
{
	struct tscope_page_updates m = { };
	struct tscope_timepage at = { .ns = 100, .tsc = 5000 }, ahead = at, far = at;
	u32 i;

	ahead.tsc += 700;
	far.tsc += 701;
	for (i = 0; i < 3; i++) {
		EXPECT(!tscope_page_moved_alike(&m, 0, 9, &at, &ahead), "%u: the first CPU", i);
		EXPECT(tscope_page_moved_alike(&m, 1, 9, &at, &ahead), "%u: the second", i);
		EXPECT(tscope_page_moved_alike(&m, 2, 9, &at, &ahead), "%u: the third", i);
	}
	EXPECT(!tscope_page_moved_alike(&m, 1, 9, &ahead, &at), "back");
	EXPECT(tscope_page_moved_alike(&m, 0, 9, &ahead, &at), "back, the other CPU");
	EXPECT(!tscope_page_moved_alike(&m, 1, 9, &at, &far), "by more");
	EXPECT(!tscope_page_moved_alike(&m, 0, 9, &at, &ahead), "by less, on another CPU");
	far.ns++;
	EXPECT(!tscope_page_moved_alike(&m, 1, 9, &at, &far), "an update");
	EXPECT(tscope_page_moved_alike(&m, 1, 9, &at, &ahead), "an update is no move");
	EXPECT(!tscope_page_moved_alike(&m, 1, 9999, &at, &ahead), "long after it");
	/* by 5 s, and so does the kernel's time between the two reports */
	at.mult = 1ULL << 63;
	at.shift = 1;
	ahead = at;
	ahead.tsc += 5000000000;
	EXPECT(!tscope_page_moved_alike(&m, 0, 10000, &at, &ahead), "5 s ahead");
	EXPECT(tscope_page_moved_alike(&m, 1, 16999, &at, &ahead), "5 s ahead, the other CPU");
	EXPECT(!tscope_page_moved_alike(&m, 1, 17001, &at, &ahead), "5 s ahead, long after it");
}

static const struct tap_test tests[] = {
	{ "all TSCs are moved by the same: one step", test_moved_alike },
	{ "reported once, whoever looks first", test_order },
	{ "and with TSCs apart", test_offsets },
	{ "and by sequence, where pages do not say since when they hold", test_sequences },
	{ "steps of one CPU alone", test_own },
	{ "a TSC that is moved while nobody looks", test_moved },
	{ "a master clock that comes and goes, CPUs that are behind", test_written_down },
};

TAP_MAIN(tests)
