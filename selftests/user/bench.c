// SPDX-License-Identifier: GPL-2.0
/*
 * What the pure files cost natively, and how often to exchange mailboxes.
 *
 *   bench [ROUNDS]
 *
 * Everything is measured in turns of some milliseconds, ROUNDS (41) times over,
 * and the median of all turns is reported, since the machine may be busy with
 * other work. Two threads are pinned to two CPUs. Rows are as those of
 * selftests/lab/scenarios/bench.sh.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fit.h"
#include "hides.h"
#include "hist.h"
#include "interval.h"
#include "pure.h"
#include "timepage.h"
#include "series.h"
#include "stability.h"
#include "step.h"
#include "math128.h"

/* What the kernel's patches in on any recent CPU. */
static __always_inline u64 rdtsc_ordered(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

static u64 clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

#define bench_raw_ns() clock_ns(CLOCK_MONOTONIC_RAW)
#include "bench_figure.h"
#include "readings.h"

#define TURN_NS		5000000
#define BURST_NS	10000
#define POINTS		6000
#define EVERY_COUNT	5

static const u64 every[EVERY_COUNT] = { 1, 2, 4, 8, 16 };

static int rounds = 41;

static struct tscope_timepage timepage;
static struct tscope_hist hist;
static struct tscope_series series;
static struct tscope_point ring[TSCOPE_SERIES_POINTS], point[POINTS];
static struct tscope_reading reading[POINTS];
static u64 sink;
static u32 at;

static void do_read(void)
{
	sink += rdtsc_ordered();
}

static void do_eval(void)
{
	sink += tscope_timepage_ns(&timepage, timepage.tsc + sink % 1024);
}

static void do_hist(void)
{
	tscope_hist_add(&hist, 100 + (at++ & 1023));
}

/* a burst each 10 us, as flat out */
static void do_tracker(void)
{
	static struct tscope_tracker tracker;

	at++;
	tscope_tracker_add(&tracker, -300 - (s64)(at & 15), 290, 2, at / 100);
}

static void do_cyc_to_ns(void)
{
	sink += tscope_cyc_to_ns(1000000 + (at++ & 1023), khz);
}

static void do_fit(void)
{
	struct tscope_fit fit;

	tscope_fit_line(point, POINTS, khz, HIDES(1), &fit);
	sink += fit.skew_mppb;
}

static void do_series(void)
{
	struct tscope_series_result news;

	if (at >= POINTS) {
		tscope_series_init(&series, ring, khz, false);
		at = 0;
	}
	tscope_series_add(&series, &reading[at++], &news);
	sink += news.point;
}

static void do_step(void)
{
	struct tscope_step step;
	u64 jump_ns;

	if (at + TSCOPE_STEP_POINTS > POINTS)
		at = 0;
	sink += tscope_step_find(&reading[at++], khz, 100, false, &step, &jump_ns);
}

static const struct {
	const char *name;
	void (*run)(void);
	int times;
} works[] = {
	{ "ordered TSC read", do_read, 10000 },
	{ "time page evaluation", do_eval, 10000 },
	{ "histogram add", do_hist, 10000 },
	{ "pair tracker add", do_tracker, 10000 },
	{ "cycles to ns", do_cyc_to_ns, 10000 },
	{ "series add, with the step judge", do_series, 5000 },
	{ "step judge", do_step, 5000 },
	{ "fit of 6000 points", do_fit, 1 },
};

static struct figure work_ns[ARRAY_SIZE(works)];

static void make_data(void)
{
	u64 tsc = 1ULL << 40, ns = 1ULL << 50, noise = 1, i;

	timepage.tsc = tsc;
	timepage.ns = ns;
	timepage.sequence = 2;
	timepage.shift = -1;
	timepage.mult = ((2000000ULL << 32) / khz) << 32;
	tscope_hist_init(&hist);
	tscope_series_init(&series, ring, khz, false);
	for (i = 0; i < POINTS; i++) {
		noise = noise * 6364136223846793005ULL + 1442695040888963407ULL;
		reading[i].tsc = tsc + to_cyc(i * 10000000);
		reading[i].ns = ns + i * 10000000 + (noise >> 58);
		reading[i].width_ns = 100;
		reading[i].error_ns = 51;
		point[i].tsc = reading[i].tsc;
		point[i].phase = (s64)(noise >> 58) << TSCOPE_PHASE_SHIFT;
		point[i].width_ns = 100;
	}
}

static void work_turn(void)
{
	u64 start;
	u32 i;
	int n;

	for (i = 0; i < ARRAY_SIZE(works); i++) {
		at = 0;
		works[i].run();
		start = rdtsc_ordered();
		for (n = works[i].times; n; n--)
			works[i].run();
		take(&work_ns[i], to_ns(rdtsc_ordered() - start) /
				  works[i].times);
	}
}

/* Two threads at once: loops of readings, and a ping-pong. */

static struct bench_box box[2];
static struct bench_spot spot[2];
static double spent_ns[2];
static pthread_barrier_t barrier;
static unsigned int variant;

/*
 * Bursts that were interrupted don't count, nor do those without contention,
 * during which the other thread did not run.
 */
static __always_inline void spin(int cpu, const unsigned int what)
{
	struct bench_spot *s = &spot[cpu];
	u64 begin = rdtsc_ordered(), burst = to_cyc(BURST_NS), start, cyc, n;
	bool alone;

	spent_ns[cpu] = 0;
	do {
		start = rdtsc_ordered();
		n = bench_burst(s, what, burst);
		cyc = rdtsc_ordered() - start;
		alone = what & BENCH_PEER &&
			(s64)(READ_ONCE(s->peer->tsc) - start) < 0;
		if (alone || cyc > burst + burst / 2)
			continue;
		s->readings += n;
		spent_ns[cpu] += to_ns(cyc);
	} while (rdtsc_ordered() - begin < to_cyc(TURN_NS));
}

enum { TSC, PVTI, BARE, FULL, EXCHANGE, VARIANTS };	/* of the loop */

#define FULL_PARTS (BENCH_BARE | BENCH_BACK | BENCH_JUDGE | BENCH_HIST | \
		    BENCH_EARLY)

static void spin_variant(int cpu)
{
	switch (variant) {
	case TSC:
		spin(cpu, 0);
		break;
	case PVTI:
		spin(cpu, BENCH_PVTI);
		break;
	case BARE:
		spin(cpu, BENCH_BARE);
		break;
	case FULL:
		spin(cpu, FULL_PARTS);
		break;
	case EXCHANGE:
		spin(cpu, BENCH_PEER | BENCH_JUDGE);
		break;
	}
}

static struct {
	u64 number __aligned(128);
} ball[2];

static u64 trip_min, trips;

static void pingpong(int cpu)
{
	u64 i, start = rdtsc_ordered(), tsc, trip, last = 0, now = 0;

	if (cpu) {
		while (now != U64_MAX) {
			now = READ_ONCE(ball[0].number);
			if (now == last)
				continue;
			WRITE_ONCE(ball[1].number, now);
			last = now;
		}
		return;
	}
	for (i = 1; rdtsc_ordered() - start < to_cyc(TURN_NS); i++) {
		tsc = rdtsc_ordered();
		WRITE_ONCE(ball[0].number, i);
		while (READ_ONCE(ball[1].number) != i)
			;
		trip = rdtsc_ordered() - tsc;
		if (trip < trip_min)
			trip_min = trip;
		trips++;
	}
	WRITE_ONCE(ball[0].number, U64_MAX);
}

static void (*both)(int cpu);
static bool done;

static void *second(void *unused)
{
	(void)unused;
	pin(1);
	for (;;) {
		pthread_barrier_wait(&barrier);
		if (done)
			return NULL;
		both(1);
		pthread_barrier_wait(&barrier);
	}
}

static void on_both(void (*what)(int cpu))
{
	both = what;
	pthread_barrier_wait(&barrier);
	both(0);
	pthread_barrier_wait(&barrier);
}

static void spin_both(unsigned int which, u64 n)
{
	int i;

	variant = which;
	memset(box, 0, sizeof(box));
	for (i = 0; i < 2; i++) {
		memset(&spot[i], 0, sizeof(spot[i]));
		spot[i].box = &box[i];
		spot[i].peer = &box[!i];
		spot[i].timepage = timepage;
		spot[i].timepage.tsc = rdtsc_ordered();
		spot[i].sequence = &timepage.sequence;
		spot[i].mask = n - 1;
		spot[i].ns_mult = (1000000ULL << 32) / khz;
		spot[i].tsc_min = BENCH_NONE;
		spot[i].ns_min = BENCH_NONE;
		tscope_hist_init(&spot[i].transit);
	}
	spot[1].timepage = spot[0].timepage;
	on_both(spin_variant);
}

static void take_rate(struct figure *f)
{
	u64 readings = spot[0].readings + spot[1].readings;

	if (readings)
		take(f, (spent_ns[0] + spent_ns[1]) / readings);
}

/* Least transits of both directions, half the sum: a pair bound. */
static double bound_ns(void)
{
	if (spot[0].tsc_min == BENCH_NONE || spot[1].tsc_min == BENCH_NONE)
		return 0;
	return to_ns((double)(spot[0].tsc_min + spot[1].tsc_min) / 2);
}

static struct figure loop_ns[VARIANTS];
static struct figure every_ns[EVERY_COUNT], every_bound[EVERY_COUNT];
static struct figure full_bound, exchange_bound, trip_ns;

static void take_bound(struct figure *f)
{
	/* threads that never ran at once have no limits */
	if (bound_ns() > 0)
		take(f, bound_ns());
}

static void loop_turn(void)
{
	int i;

	for (i = 0; i < EXCHANGE; i++) {
		spin_both(i, EXCHANGE_EVERY);
		take_rate(&loop_ns[i]);
		if (i == FULL)
			take_bound(&full_bound);
	}
	for (i = 0; i < EVERY_COUNT; i++) {
		spin_both(FULL, every[i]);
		take_rate(&every_ns[i]);
		take_bound(&every_bound[i]);
	}
	spin_both(EXCHANGE, 1);
	take_bound(&exchange_bound);

	memset(ball, 0, sizeof(ball));
	trip_min = U64_MAX;
	on_both(pingpong);
	take(&trip_ns, to_ns(trip_min));
}

static void print_row(const char *what, double own, double bare)
{
	printf("row|native: %s|", what);
	if (own > 0)
		printf("%.2f|", own);
	else
		printf("-|");
	if (bare > 0)
		printf("%.2f|", bare);
	else
		printf("-|");
	if (own > 0 && bare > 0)
		printf("%.3f|-|-\n", bare / own);
	else
		printf("-|-|-\n");
}

static void bound_row(const char *what, double bound, double trip)
{
	printf("row|native: pair bound, %s; half a round trip, ns|%.0f|%.0f|%.3f|<= 1.2|%s\n",
	       what, bound, trip, bound / trip,
	       bound <= 1.2 * trip ? "reached" : "MISSED");
}

static void report(void)
{
	double trip;
	char name[64];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(works); i++) {
		snprintf(name, sizeof(name), "%s, ns", works[i].name);
		print_row(name, median(&work_ns[i]), 0);
	}
	print_row("loop of ordered TSC reads, ns a reading", 0,
		  median(&loop_ns[TSC]));
	print_row("with the pvti evaluated", 0, median(&loop_ns[PVTI]));
	print_row("with mailboxes, as often as tscope does", 0,
		  median(&loop_ns[BARE]));
	print_row("with all of a burst but monotonic-raw",
		  median(&loop_ns[FULL]), median(&loop_ns[BARE]));
	for (i = 0; i < EVERY_COUNT; i++)
		printf("row|native: mailboxes at 1 of %u readings: %s|-|%.2f; %.0f|-|-|-\n",
		       (u32)every[i], "ns a reading; bound, ns",
		       median(&every_ns[i]), median(&every_bound[i]));
	trip = median(&trip_ns) / 2;
	bound_row("of bursts", median(&full_bound), trip);
	bound_row("of a bare exchange", median(&exchange_bound), trip);
	printf("# native: least bounds of any turn, ns: every");
	for (i = 0; i < EVERY_COUNT; i++)
		printf(" %u: %.0f", (u32)every[i], least(&every_bound[i]));
	printf("; half a round trip %.0f; TSC %u kHz, %d turns\n",
	       least(&trip_ns) / 2, khz, rounds);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int i;

	if (argc > 1)
		rounds = atoi(argv[1]);
	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: bench [ROUNDS], 1..%d\n", ROUNDS_MAX);
		return 2;
	}
	pin(0);
	khz = find_khz();
	make_data();
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, second, NULL)) {
		perror("bench");
		return 2;
	}
	for (i = 0; i < rounds; i++) {
		work_turn();
		loop_turn();
	}
	done = true;
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	report();
	return sink == 1;
}
