/* SPDX-License-Identifier: GPL-2.0 */
/* For bench: figures of many turns, the TSC's frequency, and the CPUs. */
#ifndef TSCOPE_BENCH_FIGURE_H
#define TSCOPE_BENCH_FIGURE_H

#define ROUNDS_MAX	1000

static u32 khz;

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/**
 * struct figure - what the turns gave
 * @value: of each turn
 * @count: turns
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

static double least(struct figure *f)
{
	return median(f) > 0 ? f->value[0] : 0;
}

static u64 to_cyc(u64 ns)
{
	return ns * khz / 1000000;
}

static double to_ns(double cyc)
{
	return cyc * 1e6 / khz;
}

/* The TSC's frequency against CLOCK_MONOTONIC_RAW. */
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

#endif /* TSCOPE_BENCH_FIGURE_H */
