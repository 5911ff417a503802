/* SPDX-License-Identifier: GPL-2.0 */
/* Copies of a page that a thread rewrites all the time, as a hypervisor does. */
#ifndef TSCOPE_WHILE_WRITTEN_H
#define TSCOPE_WHILE_WRITTEN_H

#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#define COPIES		50000

/**
 * expect_whole_copies() - some copies succeed, and the values of each belong together
 * @test: the test
 * @write: writes a number into the page's members, by the page's protocol
 * @copy: copies the page; returns false if that failed
 * @torn: whether the copy's members have different numbers
 */
static inline void expect_whole_copies(struct kunit *test, int (*write)(void *unused),
				       bool (*copy)(void), bool (*torn)(void))
{
	u32 i, whole = 0, bad = 0;
	struct task_struct *task = kthread_run(write, NULL, "tscope-writer");

	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (i = 0; i < COPIES; i++) {
		if (!(i % 64))
			cond_resched();
		if (!copy())
			continue;
		whole++;
		bad += torn();
	}
	kthread_stop(task);
	kunit_info(test, "%u of %u copies were whole", whole, COPIES);
	KUNIT_EXPECT_GT(test, whole, 0U);
	KUNIT_EXPECT_EQ(test, bad, 0U);
}

#endif /* TSCOPE_WHILE_WRITTEN_H */
