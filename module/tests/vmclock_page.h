/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vmclock's page of the suites' own. A cycle of it is 2^-31 s, so that the truth can be written
 * down.
 */
#ifndef TSCOPE_VMCLOCK_PAGE_H
#define TSCOPE_VMCLOCK_PAGE_H

#include "../cpu.h"
#include "../events.h"
#include "../vmclock.h"
#include "tests.h"

#define SHIFT		30
#define CYCLE		BIT_ULL(64 + SHIFT - 31)
#define CYCLES_PER_S	BIT_ULL(31)
#define MAXERRORS	(TSCOPE_VMCLOCK_TIME_MAXERROR | TSCOPE_VMCLOCK_PERIOD_MAXERROR)
#define BASE_NS		(1800000000 * NSEC_PER_SEC)

static struct tscope_vmclock_abi page;
static struct tscope_vmclock v;
static struct tscope_raw raw;
static u64 violations;

static inline u64 violations_end(void)
{
	u64 first, end;

	tscope_violations_range(&first, &end);
	return end;
}

static inline int vmclock_init(struct kunit *test)
{
	page = (struct tscope_vmclock_abi){
		.magic = 0x4b4c4356, .size = sizeof(page), .version = 1,
		.counter_id = 1, .time_type = 1, .sequence = 4, .marker = 7,
		.flags = TSCOPE_VMCLOCK_GENERATION, .generation = 3,
		.status = TSCOPE_VMCLOCK_SYNCHRONIZED, .shift = SHIFT, .period = CYCLE,
		/* some cycles ago */
		.counter = rdtsc_ordered() - 1000, .sec = 1800000000,
	};
	v = (struct tscope_vmclock){ .page = &page, .size = sizeof(page) };
	violations = violations_end();
	return 0;
}

/* What the suite found is none of the machine's violations. */
static inline void vmclock_exit(struct kunit *test)
{
	tscope_violations_reset();
}

#endif /* TSCOPE_VMCLOCK_PAGE_H */
