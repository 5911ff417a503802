/* SPDX-License-Identifier: GPL-2.0 */
/* KTAP output, seeded random numbers, and expectations that say what failed. */
#ifndef TSCOPE_TAP_H
#define TSCOPE_TAP_H

#include "pure.h"

/**
 * struct tap_test - one line of KTAP
 * @name: the text after the number
 * @run: the test; it fails by tap_fail() and the macros below
 */
struct tap_test {
	const char *name;
	void (*run)(void);
};

int tap_main(const struct tap_test *tests, unsigned int count);
void tap_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Returns the number of failures in the current test. */
unsigned int tap_failures(void);
/* The current test can't be run here: @why. It returns then. */
void tap_skip(const char *why);
void tap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Decimal text of a 128-bit number. It is overwritten by the fourth call after this one. */
const char *tap_dec(s128 x);
const char *tap_udec(u128 x);

/* Each test begins with the run's seed, so that it can be run alone. */
u64 rnd64(void);
/* Restarts the random numbers, which then depend on the run's seed and @number only. */
void rnd_restart(u64 number);
u128 rnd128(void);
/* Random numbers in which all numbers of significant bits are equally likely. */
u64 rnd_bits(unsigned int bits);
u128 rnd_bits128(void);
u64 rnd_below(u64 limit);
s64 rnd_range(s64 low, s64 high);
double rnd_unit(void);
double rnd_gauss(void);

#define EXPECT(cond, fmt, ...) do {					\
	if (!(cond))							\
		tap_fail(__FILE__, __LINE__, "%s: " fmt, #cond,		\
			 ##__VA_ARGS__);				\
} while (0)

#define EXPECT_EQ(got, want, fmt, ...) do {				\
	s128 got_ = (got), want_ = (want);			\
									\
	if (got_ != want_)						\
		tap_fail(__FILE__, __LINE__,				\
			 "%s: expected %s, got %s; " fmt, #got,		\
			 tap_dec(want_), tap_dec(got_), ##__VA_ARGS__);	\
} while (0)

#define TAP_MAIN(tests)							\
	int main(void) { return tap_main(tests, ARRAY_SIZE(tests)); }

#endif /* TSCOPE_TAP_H */
