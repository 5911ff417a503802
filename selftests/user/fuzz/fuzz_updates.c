// SPDX-License-Identifier: GPL-2.0
/*
 * Updates of time pages against a host whose updates are known, seen by CPUs in any order.
 * Reported steps add up to the host's, as long as no CPU missed more updates than are remembered.
 */
#include "fuzz.h"
#include "timepage.h"

#define CPUS	4
#define UPDATES	256
#define APART	1000

static void fuzz_one(struct fuzz_in *in)
{
	static s64 sum[UPDATES];
	struct tscope_page_updates m = { };
	u32 at[CPUS] = { }, now = 0, seen = 0, cpu, to;
	u64 off[CPUS];
	s64 reported = 0;

	for (cpu = 0; cpu < CPUS; cpu++)
		off[cpu] = fuzz_u64(in);
	sum[0] = 0;
	while (in->left && now < UPDATES - 1 && !tap_failures()) {
		struct tscope_timepage old = { .flags = TSCOPE_PAGE_STABLE }, new = old;
		s128 step;

		if (fuzz_u8(in) % 2) {
			now++;
			/* multiples of 1 us: no sum of some counts as no step, unless it is 0 */
			sum[now] = sum[now - 1] + fuzz_signed(in, 50) / 1000 * 1000;
			continue;
		}
		cpu = fuzz_u8(in) % CPUS;
		if (at[cpu] == now)
			continue;
		to = at[cpu] + 1 + fuzz_u8(in) % (now - at[cpu]);
		if (seen > at[cpu] + TSCOPE_PAGE_UPDATES / 2 ||
		    to > at[cpu] + TSCOPE_PAGE_UPDATES / 2)
			return;
		old.ns = 1 + at[cpu];
		new.ns = 1 + to;
		old.tsc = (u64)at[cpu] * APART + off[cpu];
		new.tsc = (u64)to * APART + off[cpu];
		step = (s128)(sum[to] - sum[at[cpu]]) * 65536;
		at[cpu] = to;
		if (to > seen)
			seen = to;
		if (tscope_page_updated(&m, &old, &new, &step))
			reported += tscope_timepage_step_ns(step);
		EXPECT(reported == sum[seen], "update %u: reported %s, truth %s", seen,
		       tap_dec(reported), tap_dec(sum[seen]));
	}

	/* no input may cause undefined behaviour */
	while (in->left) {
		struct tscope_timepage old = {
			.ns = fuzz_u8(in), .tsc = fuzz_u64(in), .flags = fuzz_u8(in),
		}, new = {
			.ns = fuzz_u8(in), .tsc = fuzz_u64(in), .flags = fuzz_u8(in),
		};
		s128 step = (s128)(s64)fuzz_u64(in) * 65536;

		tscope_page_updated(&m, &old, &new, &step);
	}
}
