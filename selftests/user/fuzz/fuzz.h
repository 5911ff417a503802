/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzz target: it makes its input from libFuzzer's bytes, and compares tscope's results,
 * by EXPECT() of tap.h, with those of an oracle that does not share tscope's code.
 */
#ifndef TSCOPE_FUZZ_H
#define TSCOPE_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

/**
 * struct fuzz_in - the bytes that are left
 * @at: the next byte
 * @left: number of bytes
 */
struct fuzz_in {
	const u8 *at;
	size_t left;
};

/* Each target defines this function, which runs a test on the bytes. */
static void fuzz_one(struct fuzz_in *in);

/* Returns the next bytes as a number; bytes past the end are 0. */
static inline u64 fuzz_bytes(struct fuzz_in *in, unsigned int bytes)
{
	u64 x = 0;

	while (bytes-- && in->left) {
		x = x << 8 | *in->at++;
		in->left--;
	}
	return x;
}

#define fuzz_u8(in) ((u8)fuzz_bytes(in, 1))
#define fuzz_u16(in) ((u16)fuzz_bytes(in, 2))
#define fuzz_u32(in) ((u32)fuzz_bytes(in, 4))
#define fuzz_u64(in) fuzz_bytes(in, 8)

/* All numbers of significant bits up to @most are equally likely. */
static inline u64 fuzz_bits(struct fuzz_in *in, unsigned int most)
{
	unsigned int bits = fuzz_u8(in) % (most + 1);
	u64 x = fuzz_bytes(in, (bits + 7) / 8);

	return bits ? x & (U64_MAX >> (64 - bits)) : 0;
}

/* Either sign, or a value at an end of the range. */
static inline s64 fuzz_signed(struct fuzz_in *in, unsigned int most)
{
	u8 kind = fuzz_u8(in);
	u64 x;

	if (kind >= 250 && most == 63)
		return kind & 1 ? S64_MIN + (kind >> 1 & 1) :
				  S64_MAX - (kind >> 1 & 1);
	x = fuzz_bits(in, most);
	return kind & 1 ? -(s64)x : (s64)x;
}

static inline u32 fuzz_khz(struct fuzz_in *in)
{
	u32 khz = (u32)fuzz_bits(in, 32);

	return khz ? khz : 2893437;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_in in = { data, size };

	fuzz_one(&in);
	if (tap_failures()) {
		fflush(stdout);
		abort();
	}
	return 0;
}

#endif /* TSCOPE_FUZZ_H */
