// SPDX-License-Identifier: GPL-2.0
/*
 * lab_clock: reads the machine's clocks, or moves CLOCK_REALTIME by an exact number
 * of nanoseconds; busybox can do neither. For the lab's hosts and guests.
 *
 *   lab_clock         prints CLOCK_REALTIME and CLOCK_MONOTONIC in ns
 *   lab_clock NS      adds NS to CLOCK_REALTIME, in one jump
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000LL

static long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

int main(int argc, char **argv)
{
	struct timex tx = { .modes = ADJ_SETOFFSET | ADJ_NANO };
	long long ns;
	char *end;

	if (argc < 2) {
		printf("%lld %lld\n", now(CLOCK_REALTIME), now(CLOCK_MONOTONIC));
		return 0;
	}
	ns = strtoll(argv[1], &end, 10);
	if (end == argv[1] || *end || argc > 2) {
		fprintf(stderr, "usage: lab_clock [NS]\n");
		return 2;
	}
	/* the part below a second must not be negative, and is in tv_usec, in ns */
	tx.time.tv_sec = ns / NSEC_PER_SEC;
	tx.time.tv_usec = ns % NSEC_PER_SEC;
	if (tx.time.tv_usec < 0) {
		tx.time.tv_sec--;
		tx.time.tv_usec += NSEC_PER_SEC;
	}
	if (clock_adjtime(CLOCK_REALTIME, &tx) < 0) {
		perror("lab_clock");
		return 1;
	}
	return 0;
}
