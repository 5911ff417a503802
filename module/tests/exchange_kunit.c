// SPDX-License-Identifier: GPL-2.0
/*
 * exchange.c and pairs.c: how a pair's bursts are reported, and which pair is the worst.
 * The CPUs are the possible ones of the machine; none of them samples. More CPUs are
 * tested in user space.
 */
#include <linux/cpumask.h>
#include <linux/slab.h>

#include "../exchange.h"
#include "tests.h"

static struct cpumask *mask;
/* the possible CPUs in their order */
static int *possible;
static u32 count;

static int choose_first(u32 n)
{
	u32 i;

	cpumask_clear(mask);
	for (i = 0; i < n; i++)
		cpumask_set_cpu(possible[i], mask);
	return tscope_pairs_choose(mask);
}

static int exchange_init(struct kunit *test)
{
	struct tscope_cpu *c;
	int cpu;

	mask = kunit_kzalloc(test, sizeof(*mask), GFP_KERNEL);
	possible = kunit_kcalloc(test, nr_cpu_ids, sizeof(*possible), GFP_KERNEL);
	if (!mask || !possible)
		return -ENOMEM;
	count = 0;
	for_each_possible_cpu(cpu) {
		possible[count++] = cpu;
		c = tscope_cpu_get(cpu);
		if (!c)
			return -ENOMEM;
		c->ready = true;
		c->step_cyc = 1;
	}
	tscope_pairs_stopped(false);
	return 0;
}

static void exchange_exit(struct kunit *test)
{
	u32 i;

	KUNIT_EXPECT_EQ(test, choose_first(0), 0);
	for (i = 0; i < count; i++)
		tscope_cpu_quiesce(tscope_cpu_of(possible[i]));
	tscope_pairs_stopped(true);
}

/* The pair of two CPUs, no matter which of them keeps it. */
static struct tscope_pair *find(int a, int b)
{
	return tscope_pair_find(tscope_cpu_of(a), b) ?:
	       tscope_pair_find(tscope_cpu_of(b), a);
}

/* Add two bursts, since one gives no figure: the peer's clock minus that of the keeper. */
static void add(struct tscope_pair *p, s64 low, s64 high)
{
	struct tscope_burst b = {
		.jiffies = get_jiffies_64(),
		.partner_id = tscope_nonce(p->peer, tscope_cpu_of(p->peer)->life, 9),
		.readings = 100,
		.echoes = 10,
		.whole = true,
		.page_whole = true,
	};
	int lane;

	for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++) {
		b.low[lane] = low;
		b.high[lane] = high;
	}
	tscope_pair_add(tscope_cpu_of(p->cpu), p, &b);
	tscope_pair_add(tscope_cpu_of(p->cpu), p, &b);
}

/* Add bursts: CPU b's clock minus CPU a's is in low..high, in the unit of both lanes. */
static void add_between(struct kunit *test, int a, int b, s64 low, s64 high)
{
	struct tscope_pair *p = find(a, b);

	KUNIT_ASSERT_NOT_NULL(test, p);
	if (p->cpu == a)
		add(p, low, high);
	else
		add(p, -high, -low);
}

static void need(struct kunit *test, u32 n)
{
	if (count < n)
		kunit_skip(test, "needs %u possible CPUs", n);
	KUNIT_ASSERT_EQ(test, choose_first(n), 0);
}

/* An offset is cpu_j's clock minus cpu_i's, with cpu_i < cpu_j, no matter who keeps the pair. */
static void exchange_sign(struct kunit *test)
{
	struct tscope_offset o;
	struct tscope_pair *p;
	u32 i, j, reversed = 0;
	s64 offset;

	need(test, 4);
	for (i = 0; i < 4; i++) {
		for (j = i + 1; j < 4; j++) {
			p = find(possible[i], possible[j]);
			KUNIT_ASSERT_NOT_NULL(test, p);
			KUNIT_EXPECT_FALSE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
			offset = 100000 * (s64)(j - i);
			add_between(test, possible[i], possible[j], offset - 40, offset + 50);
			KUNIT_ASSERT_TRUE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
			KUNIT_EXPECT_EQ(test, o.cpu_i, possible[i]);
			KUNIT_EXPECT_EQ(test, o.cpu_j, possible[j]);
			/* the truth is inside, and the bound is half the width */
			KUNIT_EXPECT_LE(test, o.offset_ns - (s64)o.bound_ns, offset - 40);
			KUNIT_EXPECT_GE(test, o.offset_ns + (s64)o.bound_ns, offset + 50);
			KUNIT_EXPECT_LE(test, o.bound_ns, 48ULL);
			KUNIT_EXPECT_LE(test, o.hull_low_ns, offset - 40);
			KUNIT_EXPECT_GE(test, o.hull_high_ns, offset + 50);
			KUNIT_EXPECT_GE(test, o.hull_low_ns, offset - 50);
			KUNIT_EXPECT_LE(test, o.hull_high_ns, offset + 60);
			KUNIT_EXPECT_FALSE(test, o.moving);
			KUNIT_EXPECT_EQ(test, o.meetings, 2ULL);
			reversed += p->cpu > p->peer;
		}
	}
	KUNIT_EXPECT_GT(test, reversed, 0U);
	KUNIT_EXPECT_LT(test, reversed, 6U);
}

/* Cycles of the TSC are reported as nanoseconds. */
static void exchange_cycles(struct kunit *test)
{
	s64 low = tscope_ns_to_cyc(1000000, tscope_tsc_khz);
	s64 high = tscope_ns_to_cyc(1000200, tscope_tsc_khz);
	struct tscope_offset o;
	struct tscope_pair *p;

	need(test, 2);
	p = find(possible[0], possible[1]);
	KUNIT_ASSERT_NOT_NULL(test, p);
	add_between(test, possible[0], possible[1], low, high);
	KUNIT_ASSERT_TRUE(test, tscope_pair_offset(p, TSCOPE_LANE_TSC, &o));
	KUNIT_EXPECT_LE(test, o.offset_ns - (s64)o.bound_ns, 1000000LL);
	KUNIT_EXPECT_GE(test, o.offset_ns + (s64)o.bound_ns, 1000199LL);
	KUNIT_EXPECT_LE(test, o.bound_ns, 103ULL);
}

/*
 * A burst that is not one moment, or has one limit only, gives no figure; its warps count. The
 * first whole burst gives no figure either.
 */
static void exchange_useless_bursts(struct kunit *test)
{
	struct tscope_burst b = { .jiffies = get_jiffies_64(), .readings = 100, .whole = true };
	struct tscope_offset o;
	struct tscope_cpu *c;
	struct tscope_pair *p;

	need(test, 2);
	p = find(possible[0], possible[1]);
	KUNIT_ASSERT_NOT_NULL(test, p);
	c = tscope_cpu_of(p->cpu);
	b.low[TSCOPE_LANE_TSC] = -50;
	b.high[TSCOPE_LANE_TSC] = 50;
	b.low[TSCOPE_LANE_PAGE] = -50;
	b.high[TSCOPE_LANE_PAGE] = 50;
	b.partner_id = tscope_nonce(p->peer, tscope_cpu_of(p->peer)->life, 1);
	b.whole = false;
	b.warp[TSCOPE_LANE_TSC].count = 3;
	b.peer_warp[TSCOPE_LANE_TSC].count = 4;
	tscope_pair_add(c, p, &b);
	KUNIT_EXPECT_FALSE(test, tscope_pair_offset(p, TSCOPE_LANE_TSC, &o));
	KUNIT_EXPECT_EQ(test, tscope_pair_warps(p, TSCOPE_LANE_TSC), 7ULL);
	b.whole = true;
	b.high[TSCOPE_LANE_TSC] = S64_MAX;
	tscope_pair_add(c, p, &b);
	KUNIT_EXPECT_FALSE(test, tscope_pair_offset(p, TSCOPE_LANE_TSC, &o));
	/* the page changed: this concerns kvm-clock only */
	KUNIT_EXPECT_FALSE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
	b.high[TSCOPE_LANE_TSC] = 50;
	tscope_pair_add(c, p, &b);
	KUNIT_EXPECT_FALSE(test, tscope_pair_offset(p, TSCOPE_LANE_TSC, &o));
	tscope_pair_add(c, p, &b);
	KUNIT_EXPECT_TRUE(test, tscope_pair_offset(p, TSCOPE_LANE_TSC, &o));
	KUNIT_EXPECT_FALSE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
}

/* A CPU that was offline may have another TSC: no earlier figure is valid. */
static void exchange_lives(struct kunit *test)
{
	struct tscope_offset o;
	struct tscope_pair *p;
	u32 side;

	need(test, 2);
	p = find(possible[0], possible[1]);
	KUNIT_ASSERT_NOT_NULL(test, p);
	for (side = 0; side < 2; side++) {
		add(p, 1000, 1100);
		KUNIT_ASSERT_TRUE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
		p->warps[TSCOPE_LANE_TSC] = 5;
		tscope_cpu_new_life(tscope_cpu_of(side ? p->peer : p->cpu));
		KUNIT_EXPECT_FALSE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
		KUNIT_EXPECT_EQ(test, tscope_pair_warps(p, TSCOPE_LANE_TSC), 0ULL);
		add(p, -7000, -6900);
		KUNIT_ASSERT_TRUE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
		KUNIT_EXPECT_EQ(test, o.meetings, 2ULL);
		KUNIT_EXPECT_EQ(test, p->warps[TSCOPE_LANE_TSC], 0ULL);
		KUNIT_EXPECT_EQ(test, o.offset_ns, p->cpu < p->peer ? -6950LL : 6950LL);
		KUNIT_EXPECT_FALSE(test, o.moving);
		/* a CPU that only stopped for a while keeps its figures */
		tscope_cpu_quiesce(tscope_cpu_of(side ? p->peer : p->cpu));
		tscope_cpu_of(side ? p->peer : p->cpu)->ready = true;
		KUNIT_EXPECT_TRUE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
		tscope_pairs_clear();
	}
}

/*
 * Lengths of bursts by a TSC that counts in steps. A length that is looked at twice counts once,
 * and a reset forgets no difference.
 */
static void exchange_step(struct kunit *test)
{
	static const u32 steps[] = { 21, 24 };
	struct tscope_cpu *c = tscope_cpu_of(possible[0]);
	u32 life, i;

	for (life = 0; life < 2; life++) {
		/* the TSC of another host */
		tscope_cpu_new_life(c);
		for (i = 0; i < 8; i++) {
			KUNIT_EXPECT_EQ(test, c->step_cyc, 0ULL);
			c->burst_cyc = steps[life] * (1000 + i);
			tscope_pairs_note_step(c);
			tscope_pairs_note_step(c);
		}
		KUNIT_EXPECT_EQ(test, c->step_cyc, steps[life]);
	}
	tscope_cpu_reset(c);
	KUNIT_EXPECT_EQ(test, c->step_cyc, 0ULL);
	c->burst_cyc = 24000;
	tscope_pairs_note_step(c);
	KUNIT_EXPECT_EQ(test, c->step_cyc, 24ULL);
	/* a TSC that jumped within a burst does not spoil it, and a smaller step is found */
	for (i = 0; i < 9; i++) {
		c->burst_cyc = i ? 24 * (1000 + i) : 25001;
		tscope_pairs_note_step(c);
		KUNIT_EXPECT_EQ(test, c->step_cyc, 24ULL);
	}
	for (i = 0; i < 9; i++) {
		c->burst_cyc = 12 * (1001 + i);
		tscope_pairs_note_step(c);
	}
	KUNIT_EXPECT_EQ(test, c->step_cyc, 12ULL);
	tscope_cpu_new_life(c);
}

/* Limits may contradict each other by the step of a TSC, which may not be known yet. */
static void exchange_unknown_step(struct kunit *test)
{
	struct tscope_offset o;
	struct tscope_cpu *c;
	struct tscope_pair *p;
	/* unknown, twice; larger than the motion; smaller */
	const u64 steps[] = { 0, 0, 6000, 21 };
	u32 i;

	need(test, 2);
	p = find(possible[0], possible[1]);
	KUNIT_ASSERT_NOT_NULL(test, p);
	c = tscope_cpu_of(p->cpu);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		c->step_cyc = steps[i];
		add(p, i ? 3000 : 0, i ? 3100 : 100);
		KUNIT_ASSERT_TRUE(test, tscope_pair_offset(p, TSCOPE_LANE_TSC, &o));
		KUNIT_EXPECT_EQ_MSG(test, o.moving, i == 3, "step %llu", steps[i]);
		KUNIT_ASSERT_TRUE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
		KUNIT_EXPECT_EQ_MSG(test, o.moving, i == 3, "step %llu", steps[i]);
	}
}

/* Another choice of CPUs leaves the figures of those that stay. */
static void exchange_keeps_figures(struct kunit *test)
{
	struct tscope_offset o;
	struct tscope_pair *p;

	need(test, 3);
	p = find(possible[0], possible[1]);
	add_between(test, possible[0], possible[1], 100, 200);
	add_between(test, possible[0], possible[2], 100, 200);
	p->warps[TSCOPE_LANE_PAGE] = 5;
	KUNIT_ASSERT_EQ(test, choose_first(2), 0);
	KUNIT_EXPECT_NULL(test, find(possible[0], possible[2]));
	KUNIT_ASSERT_EQ(test, choose_first(3), 0);
	p = find(possible[0], possible[1]);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_TRUE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
	KUNIT_EXPECT_EQ(test, o.offset_ns, 150LL);
	KUNIT_EXPECT_EQ(test, p->warps[TSCOPE_LANE_PAGE], 5ULL);
	/* the figures of a CPU that was away are new */
	p = find(possible[0], possible[2]);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_FALSE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
	/* and a reset leaves no figure */
	tscope_pairs_clear();
	p = find(possible[0], possible[1]);
	KUNIT_EXPECT_FALSE(test, tscope_pair_offset(p, TSCOPE_LANE_PAGE, &o));
	KUNIT_EXPECT_EQ(test, p->warps[TSCOPE_LANE_PAGE], 0ULL);
}

/* The worst has the largest |offset| - bound; of equal ones it is the first. */
static void exchange_worst(struct kunit *test)
{
	struct tscope_pairs_summary s;
	u32 i, j;

	need(test, 4);
	tscope_pairs_summary(TSCOPE_LANE_PAGE, &s);
	KUNIT_EXPECT_FALSE(test, s.found);
	KUNIT_EXPECT_EQ(test, s.unmet, 0ULL);
	for (i = 0; i < 4; i++)
		for (j = i + 1; j < 4; j++)
			add_between(test, possible[i], possible[j], -50, 50);
	tscope_pairs_summary(TSCOPE_LANE_PAGE, &s);
	KUNIT_ASSERT_TRUE(test, s.found);
	KUNIT_EXPECT_EQ(test, s.worst.cpu_i, possible[0]);
	KUNIT_EXPECT_EQ(test, s.worst.cpu_j, possible[1]);
	KUNIT_EXPECT_EQ(test, s.moving, 0ULL);
	KUNIT_EXPECT_GE(test, s.widest_ns, 50ULL);
	KUNIT_EXPECT_LE(test, s.widest_ns, 52ULL);

	/* a larger offset with an even larger bound is not worse */
	tscope_pairs_clear();
	add_between(test, possible[0], possible[3], -3000, 9000);
	add_between(test, possible[1], possible[2], -1100, -1000);
	add_between(test, possible[1], possible[3], 1000, 1100);
	add_between(test, possible[2], possible[3], 900, 1010);
	tscope_pairs_summary(TSCOPE_LANE_PAGE, &s);
	KUNIT_ASSERT_TRUE(test, s.found);
	KUNIT_EXPECT_EQ(test, s.worst.cpu_i, possible[1]);
	KUNIT_EXPECT_EQ(test, s.worst.cpu_j, possible[2]);
	KUNIT_EXPECT_EQ(test, s.worst.offset_ns, -1050LL);
	KUNIT_EXPECT_GE(test, s.widest_ns, 6000ULL);
	KUNIT_EXPECT_LE(test, s.widest_ns, 6002ULL);

	/* a pair that moves goes before all others */
	add_between(test, possible[2], possible[3], 100, 200);
	tscope_pairs_summary(TSCOPE_LANE_PAGE, &s);
	KUNIT_EXPECT_EQ(test, s.moving, 1ULL);
	KUNIT_EXPECT_EQ(test, s.worst.moving, true);
	KUNIT_EXPECT_EQ(test, s.worst.cpu_i, possible[2]);
	KUNIT_EXPECT_EQ(test, s.worst.cpu_j, possible[3]);
	/* and shows the whole extent of its motion */
	KUNIT_EXPECT_LE(test, s.worst.offset_ns - (s64)s.worst.bound_ns, 100LL);
	KUNIT_EXPECT_GE(test, s.worst.offset_ns + (s64)s.worst.bound_ns, 1010LL);
}

static struct kunit_case exchange_cases[] = {
	KUNIT_CASE(exchange_sign),
	KUNIT_CASE(exchange_cycles),
	KUNIT_CASE(exchange_useless_bursts),
	KUNIT_CASE(exchange_lives),
	KUNIT_CASE(exchange_step),
	KUNIT_CASE(exchange_unknown_step),
	KUNIT_CASE(exchange_keeps_figures),
	KUNIT_CASE(exchange_worst),
	{}
};

static struct kunit_suite exchange_suite = {
	.name = "tscope_exchange",
	.init = exchange_init,
	.exit = exchange_exit,
	.test_cases = exchange_cases,
};

kunit_test_suite(exchange_suite);
