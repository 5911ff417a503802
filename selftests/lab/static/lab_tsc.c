// SPDX-License-Identifier: GPL-2.0
/*
 * lab_tsc: prints the frequency of this machine's TSC in kHz, by CLOCK_MONOTONIC_RAW. For scenarios
 * whose guest gets a wrong frequency.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define NSEC_PER_SEC	1000000000LL
#define TRIES		16
#define SPAN_NS		200000000

struct reading {
	long long ns;
	unsigned long long tsc;
};

/* Takes several readings, and returns the one that took the least time. */
static struct reading look(void)
{
	unsigned long long least = -1ULL, before, after;
	struct reading r = { };
	struct timespec t;
	int i;

	for (i = 0; i < TRIES; i++) {
		before = __rdtsc();
		clock_gettime(CLOCK_MONOTONIC_RAW, &t);
		after = __rdtsc();
		if (after - before >= least)
			continue;
		least = after - before;
		r.ns = t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
		r.tsc = before + least / 2;
	}
	return r;
}

int main(void)
{
	struct timespec span = { .tv_nsec = SPAN_NS };
	struct reading a = look(), b;

	nanosleep(&span, NULL);
	b = look();
	printf("%llu\n", (b.tsc - a.tsc) * 1000000 / (b.ns - a.ns));
	return 0;
}
