// SPDX-License-Identifier: GPL-2.0
/*
 * tscope_planted: one bug of each kind that a debug kernel must find.
 *
 *   insmod tscope_planted.ko bug=NAME
 *
 * A check that does not report these bugs would not report such bugs in tscope. Only for
 * guests that are thrown away.
 */
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>

#define RACE_MS	3000

static char *bug = "";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "use-after-free, sleep, sleeping-lock, inversion, leak, shift, object, race or wrong-type");

static int use_after_free(void)
{
	int *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	/* a volatile access, or the compiler may remove it */
	return READ_ONCE(*p) == 1 ? 1 : 0;
}

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static int sleep_with_interrupts_off(void)
{
	local_irq_disable();
	mutex_lock(&first);
	mutex_unlock(&first);
	local_irq_enable();
	return 0;
}

static DEFINE_SPINLOCK(spin);

/* Kernels without PREEMPT_RT allow this. */
static int sleeping_lock_with_interrupts_off(void)
{
	local_irq_disable();
	spin_lock(&spin);
	spin_unlock(&spin);
	local_irq_enable();
	return 0;
}

/* The order alone is wrong: nothing hangs here. */
static int inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

/* Several objects, as the address of one may be left on a stack. */
static int leak(void)
{
	int i;

	for (i = 0; i < 8; i++)
		if (!kmalloc(100 + i, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

static unsigned int bits = 40;

static int shift(void)
{
	return 1 << READ_ONCE(bits) ? 0 : 1;
}

static void never(struct timer_list *timer)
{
}

static int active_timer_freed(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, never, 0);
	mod_timer(timer, jiffies + 3600 * HZ);
	kfree(timer);
	return 0;
}

static long of_another_type(long n)
{
	return n;
}

static void *target = of_another_type;

static int wrong_type(void)
{
	int (*call)(void);

	call = READ_ONCE(target);
	return call() ? 0 : 1;
}

static u64 shared;

/* One write is marked, as it should be, and the other is not. */
static int racer(void *marked)
{
	u64 n = 0;

	while (!kthread_should_stop()) {
		n++;
		if (marked)
			WRITE_ONCE(shared, n);
		else
			shared = ~n;
		cond_resched();
	}
	return 0;
}

static int race(void)
{
	struct task_struct *task[2];
	int i;

	for (i = 0; i < 2; i++) {
		task[i] = kthread_run(racer, i ? &shared : NULL, "planted/%d", i);
		if (IS_ERR(task[i])) {
			if (i)
				kthread_stop(task[0]);
			return PTR_ERR(task[i]);
		}
	}
	msleep(RACE_MS);
	for (i = 0; i < 2; i++)
		kthread_stop(task[i]);
	return 0;
}

static const struct {
	const char *name;
	int (*plant)(void);
} bugs[] = {
	{ "use-after-free", use_after_free },
	{ "sleep", sleep_with_interrupts_off },
	{ "sleeping-lock", sleeping_lock_with_interrupts_off },
	{ "inversion", inversion },
	{ "leak", leak },
	{ "shift", shift },
	{ "object", active_timer_freed },
	{ "race", race },
	{ "wrong-type", wrong_type },
};

static int __init planted_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		if (strcmp(bug, bugs[i].name))
			continue;
		err = bugs[i].plant();
		return err < 0 ? err : 0;
	}
	return -EINVAL;
}
module_init(planted_init);

static void __exit planted_exit(void)
{
}
module_exit(planted_exit);

MODULE_DESCRIPTION("Bugs planted for debug kernels to find");
MODULE_LICENSE("GPL");
