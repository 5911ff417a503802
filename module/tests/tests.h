/* SPDX-License-Identifier: GPL-2.0 */
/* What the suites share: numbers that look random and are the same in each run. */
#ifndef TSCOPE_TESTS_H
#define TSCOPE_TESTS_H

#include <kunit/test.h>

#include "../fit.h"
#include "../pure.h"

/* What a fit is to allow for, in nanoseconds. */
#define HIDES(ns) (&(struct tscope_hidden){ .phase = (u64)(ns) << 16 })

/**
 * tscope_test_rnd() - the next number of Marsaglia's xorshift64
 * @state: not 0
 *
 * Return: it.
 */
static inline u64 tscope_test_rnd(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/**
 * tscope_test_rnd_bits() - a number of random length
 * @state: not 0
 *
 * Return: 0..U64_MAX; small ones are as likely as large ones.
 */
static inline u64 tscope_test_rnd_bits(u64 *state)
{
	u64 bits = tscope_test_rnd(state) % 64;

	return tscope_test_rnd(state) >> bits;
}

#endif /* TSCOPE_TESTS_H */
