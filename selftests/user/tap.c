// SPDX-License-Identifier: GPL-2.0
/*
 * KTAP output, seeded random numbers, and expectations that say what failed.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

#define DEFAULT_SEED	1
/* At most so many failures are shown per test: a loop may fail in every turn. */
#define SHOWN_FAILURES	8

static unsigned int failures;
/* why the current test is skipped, or NULL */
static const char *skipped;
static u64 rnd_seed;
static u64 rnd_state;

void tap_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	va_list args;

	if (failures++ >= SHOWN_FAILURES)
		return;
	printf("# %s:%d: ", base ? base + 1 : file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

unsigned int tap_failures(void)
{
	return failures;
}

void tap_skip(const char *why)
{
	skipped = why;
}

void tap_note(const char *fmt, ...)
{
	va_list args;

	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

static char *dec_buffer(void)
{
	static char buffer[4][42];
	static unsigned int turn;

	return buffer[turn++ % 4] + 41;
}

const char *tap_udec(u128 x)
{
	char *at = dec_buffer();

	*at = 0;
	do {
		*--at = '0' + (int)(x % 10);
		x /= 10;
	} while (x);
	return at;
}

const char *tap_dec(s128 x)
{
	char *at;

	at = (char *)tap_udec(x < 0 ? -(u128)x : (u128)x);
	if (x < 0)
		*--at = '-';
	return at;
}

/* splitmix64: Steele, Lea, Flood (OOPSLA 2014) */
u64 rnd64(void)
{
	u64 z = rnd_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void rnd_restart(u64 number)
{
	rnd_state = rnd_seed;
	rnd_state = rnd64() ^ number;
	rnd_state = rnd64();
}

u128 rnd128(void)
{
	u128 hi = rnd64();

	return (hi << 64) | rnd64();
}

u64 rnd_bits(unsigned int bits)
{
	unsigned int n = rnd_below(bits + 1);

	return n ? rnd64() >> (64 - n) : 0;
}

u128 rnd_bits128(void)
{
	unsigned int n = rnd_below(129);

	return n ? rnd128() >> (128 - n) : 0;
}

/* The remainder's bias is at most 2^-32 for the limits in use. */
u64 rnd_below(u64 limit)
{
	return rnd64() % limit;
}

s64 rnd_range(s64 low, s64 high)
{
	return (s64)((u64)low + rnd_below((u64)high - (u64)low + 1));
}

/* 0 < result < 1 */
double rnd_unit(void)
{
	return ((double)(rnd64() >> 12) + 0.5) * 0x1p-52;
}

/* Box and Muller */
double rnd_gauss(void)
{
	double radius = sqrt(-2 * log(rnd_unit()));

	return radius * cos(2 * M_PI * rnd_unit());
}

int tap_main(const struct tap_test *tests, unsigned int count)
{
	const char *text = getenv("SEED");
	unsigned int i, failed = 0, skips = 0;

	rnd_seed = text && *text ? strtoull(text, NULL, 0) : DEFAULT_SEED;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n1..%u\n", count);
	tap_note("SEED=%llu", (unsigned long long)rnd_seed);
	for (i = 0; i < count; i++) {
		failures = 0;
		skipped = NULL;
		rnd_state = rnd_seed;
		tests[i].run();
		if (failures > SHOWN_FAILURES)
			tap_note("%u more failures", failures - SHOWN_FAILURES);
		failed += !!failures;
		skips += skipped && !failures;
		printf("%sok %u - %s%s%s\n", failures ? "not " : "", i + 1, tests[i].name,
		       skipped ? " # SKIP " : "", skipped ?: "");
	}
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n",
	       count - failed - skips, failed, skips);
	return !!failed;
}
