// SPDX-License-Identifier: GPL-2.0
/*
 * exchange.c and pairs.c with up to 4096 CPUs whose numbers have holes: which CPU keeps
 * which pairs, which CPUs meet, and whether the offset of one CPU, or its motion, is found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "exchange.h"
#include "tap.h"

#define CPUS_MAX	4096
/* The time page's lane: its unit is a ns. */
#define LANE		TSCOPE_LANE_PAGE

u64 test_jiffies_ms = 1000;
u32 nr_cpu_ids = TEST_CPUS_MAX;
u32 tscope_tsc_khz = 2096000;
u64 tscope_ns_mult;
static struct tscope_cpu *states[TEST_CPUS_MAX];
struct tscope_cpu **tscope_cpus = states;

static struct cpumask mask;
/* By rank: CPU, and how far its clock is ahead, ns. */
static int cpus[CPUS_MAX];
static s64 ahead[CPUS_MAX];
static u32 count;

static void choose_mask(void)
{
	int cpu, err;

	count = 0;
	for_each_cpu(cpu, &mask) {
		cpus[count++] = cpu;
		if (!states[cpu]) {
			states[cpu] = calloc(1, sizeof(**states));
			states[cpu]->cpu = cpu;
			states[cpu]->life = 1;
			states[cpu]->step_cyc = 1;
		}
	}
	err = (tscope_pairs_cpus() ? 0 : tscope_pairs_init()) ?: tscope_pairs_choose(&mask);
	EXPECT_EQ(err, 0, "%u CPUs", count);
	EXPECT_EQ(tscope_pairs_cpus(), count, "CPUs");
}

/* @n CPUs whose numbers are @stride apart; 0: some numbers are left out at random. */
static void choose(u32 n, u32 stride)
{
	u32 i, cpu = 0;

	memset(&mask, 0, sizeof(mask));
	for (i = 0; i < n; i++) {
		cpu += stride ? 0 : rnd_below(4);
		mask.has[cpu] = true;
		cpu += stride ? stride : 1;
	}
	choose_mask();
}

static void forget_all(void)
{
	tscope_pairs_exit();
	for (u32 i = 0; i < TEST_CPUS_MAX; i++) {
		free(states[i]);
		states[i] = NULL;
	}
	nr_cpu_ids = TEST_CPUS_MAX;
}

/* Whether two ranks meet: all do up to 64, else neighbours of a power of two. */
static bool meets(u32 i, u32 j)
{
	u32 apart = i < j ? j - i : i - j;

	if (count <= 64)
		return apart;
	return apart && !(apart & (apart - 1));
}

static void check_pairs(u32 stride)
{
	static u8 kept[CPUS_MAX];
	u32 i, j, k, degree, most = 0, most_kept = 0;
	u64 pairs = 0, want = 0;
	u32 turn_ms = tscope_pairs_turn_ms();

	for (i = 0; i < count; i++) {
		struct tscope_cpu *c = states[cpus[i]];

		EXPECT_EQ(c->rank, i, "rank of CPU %d", cpus[i]);
		EXPECT_EQ(c->chosen, true, "CPU %d", cpus[i]);
		pairs += c->pairs;
		most_kept = max(most_kept, c->pairs);
		memset(kept, 0, count);
		for (k = 0; k < c->pairs; k++) {
			struct tscope_pair *p = c->pair[k];

			EXPECT_EQ(p->cpu, cpus[i], "pair %u", k);
			j = states[p->peer]->rank;
			EXPECT_EQ(kept[j]++, 0, "twice: ranks %u, %u", i, j);
			EXPECT(meets(i, j), "ranks %u, %u of %u", i, j, count);
			/* only one of the two CPUs keeps the pair */
			for (u32 m = 0; m < states[p->peer]->pairs; m++)
				EXPECT(states[p->peer]->pair[m]->peer != cpus[i],
				       "both keep: ranks %u, %u", i, j);
		}
		for (degree = 0, j = 0; j < count; j++)
			degree += meets(i, j);
		want += degree;
		most = max(most, degree);
	}
	EXPECT_EQ(pairs, want / 2, "%u CPUs", count);
	/* no CPU keeps all its pairs; if every 2nd or 4th CPU samples, each keeps half of them */
	EXPECT(most_kept <= (stride ? (most + 1) / 2 + 1 : max(8, most * 3 / 4)),
	       "one of %u CPUs, %u apart, keeps %u of its %u", count, stride, most_kept, most);
	/* max(1 s, n/8 s) for the n partners of the CPU that has most, or for two more */
	EXPECT(turn_ms >= max(1000, most * 125), "%u ms for %u partners", turn_ms, most);
	EXPECT(turn_ms <= max(1000, (most + 2) * 125), "%u ms for %u partners", turn_ms, most);
}

static const u32 sizes[] = { 1, 2, 3, 8, 63, 64, 65, 96, 1000, CPUS_MAX };

static void test_pairs(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
		choose(sizes[i], 0);
		check_pairs(0);
		for (u32 stride = 1; stride <= 4; stride *= 2) {
			choose(min(sizes[i], 1000), stride);
			check_pairs(stride);
		}
	}
	forget_all();
}

/* Both CPUs of a pair compute the same round; in n - 1 rounds (odd n: n) each pair meets once. */
static void test_tournament(void)
{
	static const u32 players[] = { 2, 3, 7, 8, 63, 64, 65, 96, 601 };
	static u8 met[601 * 601];
	u32 k, n, rounds, round, rank, other;
	int cpu;

	for (k = 0; k < ARRAY_SIZE(players); k++) {
		n = players[k];
		choose(n, 0);
		memset(met, 0, sizeof(met));
		rounds = n & 1 ? n : n - 1;
		for (round = 0; round < rounds; round++) {
			u64 any = round + rounds * rnd_below(1ULL << 40);

			for (rank = 0; rank < n; rank++) {
				cpu = tscope_pairs_partner(rank, any);
				if (cpu < 0) {
					EXPECT(n & 1, "no partner of %u, %u play", rank, n);
					continue;
				}
				other = states[cpu]->rank;
				EXPECT(other != rank, "meets itself: %u", rank);
				EXPECT_EQ(tscope_pairs_partner(other, any), cpus[rank],
					  "rank %u of %u", rank, n);
				met[rank * n + other]++;
			}
		}
		for (rank = 0; rank < n; rank++)
			for (other = 0; other < n; other++)
				EXPECT_EQ(met[rank * n + other], rank != other,
					  "ranks %u, %u of %u", rank, other, n);
	}
	choose(1, 0);
	EXPECT_EQ(tscope_pairs_partner(0, 0), -1, "alone");
	forget_all();
}

/* A burst of a pair, around the truth: no transit takes less than 64 ns. */
static void meet_once(struct tscope_pair *p, u32 width_ns, u64 at_ms)
{
	s64 truth = ahead[states[p->peer]->rank] - ahead[states[p->cpu]->rank];
	u32 below = 64 + rnd_below(width_ns - 127);
	struct tscope_burst b = {
		/* a jiffy is a ms here */
		.jiffies = at_ms - 1,
		.partner_id = tscope_nonce(p->peer, states[p->peer]->life, 1),
		.whole = true,
		.page_whole = true,
		.echoes = 2,
	};

	for (int lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++) {
		b.low[lane] = truth - below;
		b.high[lane] = b.low[lane] + width_ns;
	}
	tscope_pair_add(states[p->cpu], p, &b);
}

/* One burst gives no figure. */
static void meet(struct tscope_pair *p, u32 width_ns)
{
	meet_once(p, width_ns, tscope_now_ms());
	meet_once(p, width_ns, tscope_now_ms());
}

static void all_meet(void)
{
	for (u32 i = 0; i < count; i++)
		for (u32 k = 0; k < states[cpus[i]]->pairs; k++)
			meet(states[cpus[i]]->pair[k], 140 + rnd_below(60));
}

static void one_burst(void)
{
	struct tscope_pairs_summary s;

	for (u32 i = 0; i < count; i++)
		for (u32 k = 0; k < states[cpus[i]]->pairs; k++)
			meet_once(states[cpus[i]]->pair[k], 140, tscope_now_ms());
	tscope_pairs_summary(LANE, &s);
	EXPECT(!s.found, "one burst of each pair");
}

static u32 rank_of(int cpu)
{
	return states[cpu]->rank;
}

/* The interval that is reported for two CPUs holds the truth, and is not wide. */
static void check_worst(const struct tscope_pairs_summary *s, u32 rank, u64 bound_ns)
{
	const struct tscope_offset *o = &s->worst;
	s64 truth = ahead[rank_of(o->cpu_j)] - ahead[rank_of(o->cpu_i)];

	EXPECT(s->found, "nothing is found");
	EXPECT(o->cpu_i < o->cpu_j, "CPUs %d, %d", o->cpu_i, o->cpu_j);
	EXPECT(rank_of(o->cpu_i) == rank || rank_of(o->cpu_j) == rank,
	       "CPUs %d, %d, without %d", o->cpu_i, o->cpu_j, cpus[rank]);
	EXPECT(truth >= o->offset_ns - (s64)o->bound_ns &&
	       truth <= o->offset_ns + (s64)o->bound_ns,
	       "%lld +- %llu of CPUs %d, %d; truth %lld", (long long)o->offset_ns,
	       (unsigned long long)o->bound_ns, o->cpu_i, o->cpu_j, (long long)truth);
	EXPECT(o->bound_ns <= bound_ns, "bound %llu, at most %llu",
	       (unsigned long long)o->bound_ns, (unsigned long long)bound_ns);
}

static double ms_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

/* One CPU is off, none moves. */
static void one_is_off(u32 n)
{
	struct tscope_pairs_summary s;
	u32 rank = rnd_below(n);
	double start, took;
	u64 bytes = 0;

	choose(n, 0);
	memset(ahead, 0, sizeof(ahead));
	ahead[rank] = rnd_below(2) ? 5000 : -5000;
	tscope_pairs_summary(LANE, &s);
	EXPECT(!s.found, "before the first meeting");
	EXPECT_EQ(s.unmet, 0, "they could not meet yet");
	for (u32 i = 0; i < n; i++)
		bytes += states[cpus[i]]->pairs *
			 (sizeof(struct tscope_pair) + sizeof(struct tscope_pair *));
	bytes /= n;
	one_burst();
	all_meet();
	start = ms_now();
	tscope_pairs_summary(LANE, &s);
	took = ms_now() - start;
	/* one hop is at most 100 and a half wide; composed along some hops above 64 */
	check_worst(&s, rank, n <= 64 ? 102 : 800);
	EXPECT_EQ(s.moving, 0, "none moves");
	EXPECT_EQ(s.unmet, 0, "all met");
	EXPECT(s.widest_ns >= 70 && s.widest_ns <= 102, "widest %llu",
	       (unsigned long long)s.widest_ns);
	tap_note("%u CPUs: %d-%d %lld +- %llu ns; pairs take %llu bytes a CPU; a read takes %.1f ms, with sanitizers",
		 n, s.worst.cpu_i, s.worst.cpu_j, (long long)s.worst.offset_ns,
		 (unsigned long long)s.worst.bound_ns,
		 (unsigned long long)bytes, took);
	EXPECT(bytes <= 45056, "%llu bytes a CPU", (unsigned long long)bytes);
}

static void test_one_is_off(void)
{
	for (u32 i = 1; i < ARRAY_SIZE(sizes); i++) {
		one_is_off(sizes[i]);
		forget_all();
	}
}

/* One CPU's clock moves between its meetings: this is reported before any constant offset. */
static void test_one_moves(void)
{
	struct tscope_pairs_summary s;
	u32 n, rank, k, i, pairs;

	for (i = 3; i < ARRAY_SIZE(sizes); i++) {
		n = sizes[i];
		choose(n, 0);
		memset(ahead, 0, sizeof(ahead));
		ahead[rnd_below(n)] = 100000;
		rank = rnd_below(n);
		all_meet();
		ahead[rank] += 3000;
		for (pairs = 0, k = 0; k < n; k++) {
			for (u32 m = 0; m < states[cpus[k]]->pairs; m++) {
				struct tscope_pair *p = states[cpus[k]]->pair[m];

				if (k != rank && rank_of(p->peer) != rank)
					continue;
				meet(p, 140 + rnd_below(60));
				pairs++;
			}
		}
		test_jiffies_ms += 1000;
		tscope_pairs_summary(LANE, &s);
		EXPECT_EQ(s.moving, pairs, "pairs of one of %u CPUs", n);
		EXPECT_EQ(s.worst.moving, true, "%u CPUs", n);
		check_worst(&s, n <= 64 ? rank : rank_of(s.worst.cpu_i), 4000);
		forget_all();
	}
}

/* Only one pair moves: it is reported, although the tightest path between its CPUs avoids it. */
static void test_one_pair_moves(void)
{
	struct tscope_pairs_summary s;
	struct tscope_pair *p;
	u32 i, rank;

	for (i = 3; i < ARRAY_SIZE(sizes); i++) {
		choose(sizes[i], 0);
		memset(ahead, 0, sizeof(ahead));
		ahead[rnd_below(sizes[i])] = 100000;
		all_meet();
		do
			rank = rnd_below(sizes[i]);
		while (!states[cpus[rank]]->pairs);
		p = states[cpus[rank]]->pair[rnd_below(states[cpus[rank]]->pairs)];
		ahead[rank] += 3000;
		meet(p, 140 + rnd_below(60));
		test_jiffies_ms += 1000;
		tscope_pairs_summary(LANE, &s);
		EXPECT_EQ(s.moving, 1, "one pair of %u CPUs", sizes[i]);
		EXPECT_EQ(s.worst.moving, true, "%u CPUs", sizes[i]);
		/* or two CPUs between which all paths use that pair */
		EXPECT(sizes[i] > 64 || (s.worst.cpu_i == min(p->cpu, p->peer) &&
					 s.worst.cpu_j == max(p->cpu, p->peer)),
		       "CPUs %d, %d for %d, %d", s.worst.cpu_i, s.worst.cpu_j, p->cpu, p->peer);
		forget_all();
	}
}

/* All CPUs begin a new life, as at resume: offsets that were composed before are discarded. */
static void test_new_lives(void)
{
	struct tscope_pairs_summary s;
	u32 i;

	choose(96, 0);
	memset(ahead, 0, sizeof(ahead));
	ahead[rnd_below(96)] = 100000;
	all_meet();
	tscope_pairs_summary(LANE, &s);
	EXPECT(tscope_abs64(s.worst.offset_ns) > 90000, "an offset");
	memset(ahead, 0, sizeof(ahead));
	for (i = 0; i < 96; i++)
		tscope_cpu_new_life(states[cpus[i]]);
	meet(states[cpus[0]]->pair[0], 140);
	tscope_pairs_summary(LANE, &s);
	EXPECT(s.found && tscope_abs64(s.worst.offset_ns) < 1000, "an offset of former lives");
	forget_all();
}

/* Warps are counted for a pair whose bursts are no single moment, and that has no other figure. */
static void test_warps(void)
{
	struct tscope_burst b = { .warp[LANE].count = 3, .peer_warp[LANE].count = 4 };
	struct tscope_offset o;
	struct tscope_pair *p;

	choose(2, 1);
	p = states[cpus[0]]->pairs ? states[cpus[0]]->pair[0] : states[cpus[1]]->pair[0];
	EXPECT_EQ(tscope_pair_warps(p, LANE), 0, "before they met");
	b.partner_id = tscope_nonce(p->peer, 1, 1);
	tscope_pair_add(states[p->cpu], p, &b);
	EXPECT(!tscope_pair_offset(p, LANE, &o), "an offset");
	EXPECT_EQ(tscope_pair_warps(p, LANE), 7, "both CPUs' warps");
	EXPECT_EQ(tscope_pair_warps(p, TSCOPE_LANE_TSC), 0, "of the other clock");
	tscope_cpu_new_life(states[p->peer]);
	EXPECT_EQ(tscope_pair_warps(p, LANE), 0, "of a former life");
	forget_all();
}

/* A figure is as old as its burst, even if the sampler lost its CPU before it added the burst. */
static void test_age(void)
{
	struct tscope_offset o;
	struct tscope_pair *p;
	u64 at_ms;

	choose(2, 1);
	memset(ahead, 0, sizeof(ahead));
	p = states[cpus[0]]->pairs ? states[cpus[0]]->pair[0] : states[cpus[1]]->pair[0];
	meet(p, 140);
	at_ms = tscope_now_ms();
	test_jiffies_ms += 300;
	meet_once(p, 140, at_ms + 1);
	EXPECT(tscope_pair_offset(p, LANE, &o), "no figure");
	EXPECT_EQ(o.at_ms, at_ms + 1, "when it was measured");
	EXPECT_EQ(o.met_ms, at_ms + 1, "when they met");
	forget_all();
}

/* A pair that has not met for two turns is unmet, and is not in the summary. */
static void test_unmet(void)
{
	struct tscope_pairs_summary s;
	u64 pairs;
	u32 i, k, turn_ms;

	for (k = 1; k < ARRAY_SIZE(sizes); k++) {
		choose(sizes[k], 0);
		turn_ms = tscope_pairs_turn_ms();
		memset(ahead, 0, sizeof(ahead));
		for (pairs = 0, i = 0; i < count; i++)
			pairs += states[cpus[i]]->pairs;
		all_meet();
		test_jiffies_ms += 2 * turn_ms;
		tscope_pairs_summary(LANE, &s);
		EXPECT(s.found, "after two turns");
		EXPECT_EQ(s.unmet, 0, "after two turns");
		test_jiffies_ms++;
		/* two of them meet */
		for (i = 0; !states[cpus[i]]->pairs; i++)
			;
		meet(states[cpus[i]]->pair[0], 150);
		tscope_pairs_summary(LANE, &s);
		EXPECT(s.found, "two have met");
		EXPECT_EQ(s.unmet, pairs - 1, "%u CPUs", count);
		/* while sampling is off nothing becomes stale */
		tscope_pairs_stopped(true);
		test_jiffies_ms += 100 * turn_ms;
		tscope_pairs_summary(LANE, &s);
		EXPECT(s.found, "sampling is off");
		EXPECT_EQ(s.unmet, pairs - 1, "sampling is off");
		tscope_pairs_stopped(false);
		tscope_pairs_summary(LANE, &s);
		EXPECT(!s.found, "sampling goes on");
		EXPECT_EQ(s.unmet, 0, "they have time again");
		forget_all();
	}
}

/* CPUs go online and offline: pairs of those that stay online keep their meetings. */
static void test_changes(void)
{
	u32 round, i, k;

	choose(96, 0);
	memset(ahead, 0, sizeof(ahead));
	for (round = 0; round < 50; round++) {
		all_meet();
		for (k = rnd_below(40) + 1; k; k--) {
			int cpu = rnd_below(200);

			mask.has[cpu] = !mask.has[cpu];
		}
		choose_mask();
		check_pairs(0);
		for (i = 0; i < TEST_CPUS_MAX; i++)
			if (states[i] && !mask.has[i])
				EXPECT(!states[i]->pairs && !states[i]->chosen,
				       "CPU %u is gone", i);
	}
	forget_all();
}

static const struct tap_test tests[] = {
	{ "each pair is kept once, and turns are as long as it takes", test_pairs },
	{ "tournament: each meets each, and both know", test_tournament },
	{ "one CPU that is off is found, with the truth inside", test_one_is_off },
	{ "one CPU that moves is found", test_one_moves },
	{ "one pair that moves is found", test_one_pair_moves },
	{ "what was composed of former lives is gone", test_new_lives },
	{ "a figure is as old as its burst", test_age },
	{ "a pair without an offset has its warps", test_warps },
	{ "who has not met for two turns is unmet", test_unmet },
	{ "CPUs come and go", test_changes },
};

TAP_MAIN(tests)
