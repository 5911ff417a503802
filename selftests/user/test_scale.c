// SPDX-License-Identifier: GPL-2.0
/*
 * cpus.c, pairs.c, exchange.c and mesh.c with 2 to 4096 CPUs: how much memory they use, how long a
 * read takes, whether offsets and motion are found, and how wide intervals of CPUs that do not meet
 * are. Bursts are simulated: each limit is 70 to 100 ns off the truth.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "counted_memory.h"
#include "scale.h"

/* Number of reads that are timed; the median is printed. */
#define READS		3
/* One CPU is off by this, and the others by less. */
#define OFF_NS		5000
#define OTHERS_NS	20
/* All CPUs are off, each by at most this. */
#define FAR_NS		1000000000
/* One CPU drifts, which is found within so many turns. */
#define DRIFT_NS_PER_S	200
#define TURNS_MOST	16

/* Results for a number of CPUs. */
static struct row {
	u32 pairs;
	struct memory_use states;
	struct memory_use all;
	struct tscope_offset off;	/* what was found where one CPU is off */
	u64 far_bound_ns;		/* bound of the largest offset where all are */
	double moves_s;			/* when all pairs of one that drifts were found to move */
	struct cost {
		double cpu_ms[READS];
		double wall_ms[READS];
	} cold, again, lines;
	size_t room;			/* what a read takes while it lasts */
} row;

/* Number of all pairs; above 64 CPUs, of those whose ranks differ by a power of two. */
static u32 pairs_of(u32 n)
{
	u32 step, pairs = 0;

	if (n <= TSCOPE_ALL_PAIRS_CPUS)
		return n * (n - 1) / 2;
	for (step = 1; step < n; step *= 2)
		pairs += n - step;
	return pairs;
}

/* Each CPU with its pairs, as at load with sampling enabled. */
static void start(u32 n)
{
	static struct cpumask mask;
	struct tscope_cpu *c;
	size_t pairs;
	u32 cpu;

	row = (struct row){ };
	nr_cpu_ids = n;
	test_jiffies_ms = 1000;
	EXPECT_EQ(tscope_pairs_init(), 0, "%u CPUs", n);
	EXPECT_EQ(tscope_cpus_init(), 0, "%u CPUs", n);
	memset(&mask, 0, sizeof(mask));
	for (cpu = 0; cpu < n; cpu++) {
		mask.has[cpu] = true;
		tscope_cpu_get(cpu)->step_cyc = 1;
	}
	row.states = memory_use();
	EXPECT_EQ(tscope_pairs_choose(&mask), 0, "%u CPUs", n);
	row.all = memory_use();
	for_each_tscope_cpu(c)
		row.pairs += c->pairs;
	EXPECT_EQ(row.pairs, pairs_of(n), "%u CPUs", n);
	pairs = row.all.asked - row.states.asked;
	EXPECT(row.states.asked / n <= 22000, "a CPU's state: %zu", row.states.asked / n);
	EXPECT(pairs / n <= (n > TSCOPE_ALL_PAIRS_CPUS ? 16000 : 45000),
	       "a CPU's pairs: %zu", pairs / n);
	EXPECT(row.all.taken / n <= 78000, "a CPU: %zu", row.all.taken / n);
}

static void finish(void)
{
	tscope_pairs_exit();
	tscope_cpus_exit();
	EXPECT_EQ(memory_use().asked, 0, "after");
}

/* All pairs, and the largest offset. */
static void check_true(struct tscope_pairs_summary *s)
{
	u32 i, n = 0, widest = 0;
	struct tscope_offset o;
	struct tscope_cpu *c;

	for_each_tscope_cpu(c) {
		for (i = 0; i < c->pairs; i++) {
			n++;
			if (!tscope_pair_offset(c->pair[i], SCALE_LANE, &o)) {
				EXPECT(false, "%d and %d: no offset", c->cpu, c->pair[i]->peer);
				continue;
			}
			widest = max(widest, o.bound_ns);
			EXPECT(scale_holds(&o), "%d and %d: %lld +- %llu", o.cpu_i, o.cpu_j,
			       (long long)o.offset_ns, (unsigned long long)o.bound_ns);
		}
	}
	tscope_pairs_summary(SCALE_LANE, s);
	EXPECT(s->found, "%u pairs", n);
	EXPECT_EQ(s->unmet, 0, "%u pairs", n);
	EXPECT_EQ(s->widest_ns, widest, "%u pairs", n);
	EXPECT(scale_holds(&s->worst), "%d and %d: %lld +- %llu", s->worst.cpu_i, s->worst.cpu_j,
	       (long long)s->worst.offset_ns, (unsigned long long)s->worst.bound_ns);
}

static bool names(const struct tscope_pairs_summary *s, u32 cpu)
{
	return (u32)s->worst.cpu_i == cpu || (u32)s->worst.cpu_j == cpu;
}

/* Nothing moves, and one CPU is off. */
static void one_is_off(void)
{
	struct tscope_pairs_summary s;
	u32 cpu = rnd_below(nr_cpu_ids);

	scale_rest(OTHERS_NS);
	scale_ahead_cyc[cpu] = scale_cyc(rnd_below(2) ? OFF_NS : -OFF_NS);
	scale_turns(12);
	check_true(&s);
	EXPECT_EQ(s.moving, 0, "nothing moves");
	EXPECT(names(&s, cpu), "CPU %u, not %d and %d", cpu, s.worst.cpu_i, s.worst.cpu_j);
	EXPECT(llabs(llabs(s.worst.offset_ns) - OFF_NS) <= OTHERS_NS + 1 + (s64)s.worst.bound_ns,
	       "CPU %u: %lld", cpu, (long long)s.worst.offset_ns);
	EXPECT(s.worst.bound_ns <= 110, "%llu", (unsigned long long)s.worst.bound_ns);
	row.off = s.worst;
}

/* All CPUs are off: the largest of all offsets is found, also where its CPUs do not meet. */
static void all_are_off(void)
{
	s64 most = S64_MIN, least = S64_MAX;
	struct tscope_pairs_summary s;
	const struct tscope_offset *o = &s.worst;
	u32 i;

	scale_rest(FAR_NS);
	tscope_pairs_clear();
	scale_turns(2);
	check_true(&s);
	EXPECT_EQ(s.moving, 0, "nothing moves");
	for (i = 0; i < nr_cpu_ids; i++) {
		most = max(most, scale_ahead_cyc[i]);
		least = min(least, scale_ahead_cyc[i]);
	}
	/* an offset with a higher lower limit may be reported in its place */
	EXPECT(fabs(llabs(o->offset_ns) - scale_ns(most - least)) <= 2.0 * o->bound_ns,
	       "%lld +- %llu of %.0f", (long long)o->offset_ns, (unsigned long long)o->bound_ns,
	       scale_ns(most - least));
	EXPECT(o->bound_ns <= (nr_cpu_ids > TSCOPE_ALL_PAIRS_CPUS ? 570 : 101), "%llu",
	       (unsigned long long)o->bound_ns);
	row.far_bound_ns = o->bound_ns;
}

/* One CPU drifts: all of its pairs are found to move, and no other one. */
static void one_moves(void)
{
	u32 cpu = rnd_below(nr_cpu_ids), pairs = 0, i, n;
	struct tscope_pairs_summary s;
	struct tscope_cpu *c;

	scale_rest(OTHERS_NS);
	tscope_pairs_clear();
	scale_turns(2);
	for_each_tscope_cpu(c)
		for (i = 0; i < c->pairs; i++)
			pairs += c->cpu == (int)cpu || c->pair[i]->peer == (int)cpu;
	scale_gains_cyc[cpu] = scale_cyc(DRIFT_NS_PER_S);
	/* it did not gain before now */
	scale_ahead_cyc[cpu] -= scale_gains_cyc[cpu] * (s64)test_jiffies_ms / 1000;
	for (n = 1; n <= TURNS_MOST; n++) {
		scale_turns(1);
		tscope_pairs_summary(SCALE_LANE, &s);
		EXPECT(s.moving <= pairs, "%llu move", (unsigned long long)s.moving);
		if (s.moving == pairs)
			break;
	}
	EXPECT_EQ(s.moving, pairs, "CPU %u drifts", cpu);
	EXPECT(s.worst.moving, "CPU %u drifts", cpu);
	row.moves_s = n * tscope_pairs_turn_ms() / 1e3;
}

static void timed(struct cost *cost, u32 i, void (*read)(void))
{
	double wall = scale_clock_ms(CLOCK_MONOTONIC);
	double cpu = scale_clock_ms(CLOCK_THREAD_CPUTIME_ID);

	read();
	cost->cpu_ms[i] = scale_clock_ms(CLOCK_THREAD_CPUTIME_ID) - cpu;
	cost->wall_ms[i] = scale_clock_ms(CLOCK_MONOTONIC) - wall;
}

static struct tscope_pairs_summary summary;

/* Each of offset, moving, unmet, widest_bound_ns and offset_max_ns takes one of these calls. */
static void read_offset(void)
{
	tscope_pairs_summary(SCALE_LANE, &summary);
}

/* A line of pairs, as debugfs.c has it. */
static void read_pair(const struct tscope_pair *p)
{
	unsigned long long warps = tscope_pair_warps(p, SCALE_LANE);
	static char line[256];
	struct tscope_offset o;

	if (!tscope_pair_offset(p, SCALE_LANE, &o))
		return;
	snprintf(line, sizeof(line), "tsc %d %d %lld %llu %d %lld %lld %llu %llu %llu\n", o.cpu_i,
		 o.cpu_j, (long long)o.offset_ns, (unsigned long long)o.bound_ns, o.moving,
		 (long long)o.hull_low_ns, (long long)o.hull_high_ns,
		 (unsigned long long)(tscope_now_ms() - o.at_ms), (unsigned long long)o.meetings,
		 warps);
}

static void read_pairs(void)
{
	struct tscope_cpu *c;
	u32 i;

	for_each_tscope_cpu(c)
		for (i = 0; i < c->pairs; i++)
			read_pair(c->pair[i]);
}

static void reads(void)
{
	struct tscope_offset first;
	double cold, again, lines;
	size_t before;
	u32 i;

	scale_rest(OTHERS_NS);
	tscope_pairs_clear();
	scale_turns(2);
	for (i = 0; i < READS; i++) {
		/* a turn is a second or more, so offsets that were composed before have expired */
		scale_turns(1);
		before = memory_use().taken;
		memory_mark();
		timed(&row.cold, i, read_offset);
		row.room = max(row.room, memory_use().most_taken - before);
		EXPECT_EQ(memory_use().taken, before, "a read keeps memory");
		first = summary.worst;
		timed(&row.again, i, read_offset);
		EXPECT(!memcmp(&first, &summary.worst, sizeof(first)), "another offset");
		timed(&row.lines, i, read_pairs);
	}
	/* the shortest, because other work on the machine disturbs it least */
	cold = scale_sorted(row.cold.cpu_ms, READS)[0];
	again = scale_sorted(row.again.cpu_ms, READS)[0];
	lines = scale_sorted(row.lines.cpu_ms, READS)[0];
	EXPECT(cold <= 100, "offset: %.3f ms", cold);
	EXPECT(lines <= 100, "pairs: %.3f ms", lines);
	EXPECT(row.room <= 5000000, "%zu bytes", row.room);
	if (nr_cpu_ids == SCALE_CPUS_MAX)
		EXPECT(again <= 0.75 * cold, "offset: %.3f ms, again %.3f", cold, again);
}

static double median(double *values)
{
	return scale_sorted(values, READS)[READS / 2];
}

static void print_head(void)
{
	tap_note("A CPU's memory in bytes: its state and its pairs, each as asked for and as the kernel");
	tap_note("allocates it; MB: that of all CPUs. A read in ms of CPU: offset, (its duration),");
	tap_note("offset again within a second, all pairs of one clock; MB: memory while it lasts.");
	tap_note("off: what was found of a CPU that is off by %d ns, others by up to %d.", OFF_NS,
		 OTHERS_NS);
	tap_note("bound: that of the largest offset where all are off by up to 1 s.");
	tap_note("moves: s until all pairs of a CPU that drifts by %d ns/s were found to move.",
		 DRIFT_NS_PER_S);
	tap_note("%4s %5s  %11s  %11s  %5s  %6s %9s %6s %6s %4s  %11s %5s  %5s", "CPUs", "pairs",
		 "state", "pairs", "MB", "offset", "", "again", "pairs", "MB", "off", "bound",
		 "moves");
}

static void print_row(void)
{
	const struct memory_use *state = &row.states, *all = &row.all;
	u32 n = nr_cpu_ids;

	tap_note("%4u %5u  %zu %zu  %5zu %5zu  %5.1f  %6.3f (%7.3f) %6.3f %6.3f %4.2f  %5lld +- %llu %5llu  %5.1f",
		 n, row.pairs, state->asked / n, state->taken / n, (all->asked - state->asked) / n,
		 (all->taken - state->taken) / n, all->taken / 1e6,
		 median(row.cold.cpu_ms), median(row.cold.wall_ms), median(row.again.cpu_ms),
		 median(row.lines.cpu_ms), row.room / 1e6, (long long)row.off.offset_ns,
		 (unsigned long long)row.off.bound_ns, (unsigned long long)row.far_bound_ns,
		 row.moves_s);
}

static void test_size(u32 n)
{
	start(n);
	one_is_off();
	all_are_off();
	one_moves();
	reads();
	print_row();
	finish();
}

static void test_2(void)
{
	print_head();
	test_size(2);
}

static void test_64(void)
{
	test_size(64);
}

static void test_96(void)
{
	test_size(96);
}

static void test_1024(void)
{
	test_size(1024);
}

static void test_4096(void)
{
	test_size(4096);
}

static const struct tap_test tests[] = {
	{ "2 CPUs", test_2 },
	{ "64 CPUs, all pairs", test_64 },
	{ "96 CPUs", test_96 },
	{ "1024 CPUs", test_1024 },
	{ "4096 CPUs", test_4096 },
	{ "intervals of CPUs that do not meet, by the number of partners", scale_test_partners },
};

TAP_MAIN(tests)
