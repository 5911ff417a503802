// SPDX-License-Identifier: GPL-2.0
/*
 * Measures how much time functions of the pure files take natively.
 *
 *   bench [ROUNDS]
 *
 * Everything is measured in turns of some milliseconds, ROUNDS (41) times over,
 * and the median of all turns is reported, since the machine may be busy with
 * other work. Rows are as those of selftests/lab/scenarios/bench.sh.
 */
#define _GNU_SOURCE
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
#include "step.h"
#include "math128.h"

/* As the kernel's function on any recent CPU. */
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

#define POINTS		6000
#define ROUNDS_MAX	1000

static u32 khz;

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/**
 * struct figure - results of the turns
 * @value: result of each turn
 * @count: number of turns
 */
struct figure {
	double value[ROUNDS_MAX];
	int count;
};

static void take(struct figure *f, double value)
{
	if (f->count < ROUNDS_MAX)
		f->value[f->count++] = value;
}

static double median(struct figure *f)
{
	qsort(f->value, f->count, sizeof(f->value[0]), by_value);
	return f->count ? f->value[f->count / 2] : 0;
}

static u64 to_cyc(u64 ns)
{
	return ns * khz / 1000000;
}

static double to_ns(double cyc)
{
	return cyc * 1e6 / khz;
}

/* Measures the TSC's frequency against CLOCK_MONOTONIC_RAW, kHz. */
static u32 find_khz(void)
{
	u64 ns = clock_ns(CLOCK_MONOTONIC_RAW), tsc = rdtsc_ordered();
	struct timespec wait = { .tv_nsec = 100000000 };

	nanosleep(&wait, NULL);
	ns = clock_ns(CLOCK_MONOTONIC_RAW) - ns;
	tsc = rdtsc_ordered() - tsc;
	return (u32)(tsc * 1000000 / ns);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("bench: two CPUs are needed");
		exit(2);
	}
}

/* The pure functions, on data as a sampler has it. */

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

int main(int argc, char **argv)
{
	u32 i;

	if (argc > 1)
		rounds = atoi(argv[1]);
	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: bench [ROUNDS], 1..%d\n", ROUNDS_MAX);
		return 2;
	}
	pin(0);
	khz = find_khz();
	make_data();
	for (i = 0; i < (u32)rounds; i++)
		work_turn();
	for (i = 0; i < ARRAY_SIZE(works); i++)
		printf("row|native: %s|ns|-|%.2f|-|-|-\n", works[i].name,
		       median(&work_ns[i]));
	return sink == 1;
}
