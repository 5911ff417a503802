/* SPDX-License-Identifier: GPL-2.0 */
/* Bursts of a CPU that has a time page of the test's own. */
#ifndef TSCOPE_PAGE_BURST_H
#define TSCOPE_PAGE_BURST_H

#include <kunit/test.h>
#include <linux/irqflags.h>

#include "../burst.h"

static inline void page_burst(struct tscope_cpu *c, struct tscope_burst *b)
{
	u64 until = 0;
	struct tscope_burst_plan plan = {
		.length_cyc = tscope_ns_to_cyc(100000, tscope_tsc_khz), .until = &until,
	};
	unsigned long flags;

	local_irq_save(flags);
	tscope_burst(c, &plan, b);
	local_irq_restore(flags);
}

/* Bursts take readings of the TSC, and none of the page. */
static inline void page_expect_tsc_alone(struct kunit *test, struct tscope_cpu *c)
{
	u64 tsc = c->lane[TSCOPE_LANE_TSC].readings, page = c->lane[TSCOPE_LANE_PAGE].readings;
	u64 last_tsc = c->last[TSCOPE_LANE_TSC], last_page = c->last[TSCOPE_LANE_PAGE];
	struct tscope_burst b = { };

	page_burst(c, &b);
	KUNIT_EXPECT_GT(test, b.readings, 0U);
	KUNIT_EXPECT_FALSE(test, b.page_whole);
	KUNIT_EXPECT_FALSE(test, c->current_page);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_TSC].readings, tsc + b.readings);
	KUNIT_EXPECT_EQ(test, c->lane[TSCOPE_LANE_PAGE].readings, page);
	KUNIT_EXPECT_GT(test, c->last[TSCOPE_LANE_TSC], last_tsc);
	KUNIT_EXPECT_EQ(test, c->last[TSCOPE_LANE_PAGE], last_page);
}

#endif /* TSCOPE_PAGE_BURST_H */
