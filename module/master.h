/* SPDX-License-Identifier: GPL-2.0 */
/* Tells what of a pvti's step no other CPU has told yet. */
#ifndef TSCOPE_MASTER_H
#define TSCOPE_MASTER_H

#include "pure.h"
#include "pvti.h"
#include "step.h"

/* Two pvti of the same clock may round apart by 1 ns: no step. */
#define TSCOPE_PVTI_STEP_NS	2

/* A CPU that is offline or seldom looks may miss that many updates. */
#define TSCOPE_MASTER_REFERENCES	16

/**
 * struct tscope_reference - what a host with a master clock gave all CPUs
 * @ns: system time, which names it
 * @tsc: TSC timestamp, by the TSC of the CPU that saw the first of them
 * @sum_ns: all steps up to it
 * @error_ns: how far that may be off
 */
struct tscope_reference {
	u64 ns;
	u64 tsc;
	s64 sum_ns;
	u64 error_ns;
};

/**
 * struct tscope_master - the steps of a master clock, as several CPUs see them
 * @newest: the one up to which steps were told
 * @reference: the last ones, a ring
 * @count: how many there were
 */
struct tscope_master {
	struct tscope_reference newest;
	struct tscope_reference reference[TSCOPE_MASTER_REFERENCES];
	u32 count;
};

bool tscope_master_step(struct tscope_master *m, const struct tscope_pvti *old,
			const struct tscope_pvti *new, struct tscope_step *step);

#endif /* TSCOPE_MASTER_H */
