// SPDX-License-Identifier: GPL-2.0
/*
 * master.c against a host whose updates are known, seen by CPUs in any order. What is
 * told adds up to what the host did, as long as no CPU missed more than is remembered.
 */
#include "fuzz.h"
#include "master.h"

#define CPUS	4
#define UPDATES	256
#define APART	1000

static void fuzz_one(struct fuzz_in *in)
{
	static s64 sum[UPDATES];
	struct tscope_master m = { };
	u32 at[CPUS] = { }, now = 0, seen = 0, cpu, to;
	u64 off[CPUS];
	s64 told = 0;

	for (cpu = 0; cpu < CPUS; cpu++)
		off[cpu] = fuzz_u64(in);
	sum[0] = 0;
	while (in->left && now < UPDATES - 1 && !tap_failures()) {
		struct tscope_pvti old = { .flags = TSCOPE_PVTI_STABLE }, new = old;
		struct tscope_step step = { .error_ns = 1 };

		if (fuzz_u8(in) % 2) {
			now++;
			/* no two of them are a step that is none */
			sum[now] = sum[now - 1] + fuzz_signed(in, 50) / 1000 * 1000;
			continue;
		}
		cpu = fuzz_u8(in) % CPUS;
		if (at[cpu] == now)
			continue;
		to = at[cpu] + 1 + fuzz_u8(in) % (now - at[cpu]);
		if (seen > at[cpu] + TSCOPE_MASTER_REFERENCES / 2 ||
		    to > at[cpu] + TSCOPE_MASTER_REFERENCES / 2)
			return;
		old.ns = 1 + at[cpu];
		new.ns = 1 + to;
		old.tsc = (u64)at[cpu] * APART + off[cpu];
		new.tsc = (u64)to * APART + off[cpu];
		step.ns = sum[to] - sum[at[cpu]];
		at[cpu] = to;
		if (to > seen)
			seen = to;
		if (tscope_master_step(&m, &old, &new, &step))
			told += step.ns;
		EXPECT(told == sum[seen], "update %u: told %s, truth %s", seen,
		       tap_dec(told), tap_dec(sum[seen]));
	}

	/* whatever comes: nothing undefined */
	while (in->left) {
		struct tscope_pvti old = {
			.ns = fuzz_u8(in), .tsc = fuzz_u64(in), .flags = fuzz_u8(in),
		}, new = {
			.ns = fuzz_u8(in), .tsc = fuzz_u64(in), .flags = fuzz_u8(in),
		};
		struct tscope_step step = {
			.ns = fuzz_u64(in), .error_ns = fuzz_u8(in),
		};

		tscope_master_step(&m, &old, &new, &step);
	}
}
