// SPDX-License-Identifier: GPL-2.0
/*
 * tscope_bench: measurements to compare tscope's figures with, in the same guest.
 *
 *   echo ARGUMENTS >/sys/kernel/debug/tscope_bench/TEST	runs it
 *   cat /sys/kernel/debug/tscope_bench/TEST			its results
 *
 *   loop VARIANT BURST_US MS	bare loops on all CPUs (loop.c)
 *   pingpong MS			round trips of two CPUs (pingpong.c)
 *   late MS				timers and tasks that come late (late.c)
 *   now				CLOCK_MONOTONIC_RAW, ns
 *
 * Keeps CPUs busy with interrupts off. Never for a machine that anybody uses.
 */
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#include "bench.h"

#define ARGS_BYTES	64

static struct dentry *dir;
static DEFINE_MUTEX(run_lock);		/* one test at a time */

static void now_show(struct seq_file *m)
{
	seq_printf(m, "%llu\n", ktime_get_raw_ns());
}

static const struct bench_test bench_now = {
	.name = "now",
	.show = now_show,
};

static const struct bench_test * const tests[] = {
	&bench_loop,
	&bench_pingpong,
	&bench_late,
	&bench_now,
};

static const struct bench_test *shown;	/* has results; run_lock protects it */

/**
 * bench_quantile() - value that a share of the values does not exceed
 * @h: histogram
 * @per_10000: the share, in 1/10000
 *
 * Return: upper limit of the bucket in which the share is reached.
 */
u64 bench_quantile(const struct tscope_hist *h, u32 per_10000)
{
	u64 want = div_u64(h->count * per_10000 + 9999, 10000), seen = 0;
	unsigned int i;

	for (i = 0; i < TSCOPE_HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= want && seen)
			return min(tscope_hist_high(i), h->max);
	}
	return 0;
}

/**
 * bench_cyc() - cycles of the TSC in a time
 * @ns: time in ns, below an hour
 *
 * Return: cycles.
 */
u64 bench_cyc(u64 ns)
{
	return mul_u64_u64_div_u64(ns, tsc_khz, USEC_PER_SEC);
}

/**
 * bench_cyc_to_ns() - time of some cycles of the TSC
 * @cyc: cycles
 *
 * Return: nanoseconds.
 */
u64 bench_cyc_to_ns(u64 cyc)
{
	return mul_u64_u64_div_u64(cyc, USEC_PER_SEC, tsc_khz);
}

static ssize_t test_write(struct file *file, const char __user *user,
			  size_t len, loff_t *pos)
{
	struct seq_file *m = file->private_data;
	const struct bench_test *t = m->private;
	char args[ARGS_BYTES] = "";
	int err;

	if (!t->run || len >= sizeof(args))
		return -EINVAL;
	if (copy_from_user(args, user, len))
		return -EFAULT;
	mutex_lock(&run_lock);
	shown = NULL;
	args[len] = '\0';
	err = t->run(strim(args));
	if (!err)
		shown = t;
	mutex_unlock(&run_lock);
	return err ?: (ssize_t)len;
}

static int test_show(struct seq_file *m, void *v)
{
	const struct bench_test *t = m->private;
	int err = 0;

	mutex_lock(&run_lock);
	if (!t->run || shown == t)
		t->show(m);
	else
		err = -ENODATA;
	mutex_unlock(&run_lock);
	return err;
}

static int test_open(struct inode *inode, struct file *file)
{
	return single_open(file, test_show, inode->i_private);
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.read = seq_read,
	.write = test_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init bench_init(void)
{
	unsigned int i;

	if (!tsc_khz)
		return -ENODEV;
	dir = debugfs_create_dir("tscope_bench", NULL);
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		debugfs_create_file(tests[i]->name, 0600, dir,
				    (void *)tests[i], &test_fops);
	return 0;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	unsigned int i;

	debugfs_remove(dir);
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		if (tests[i]->exit)
			tests[i]->exit();
}
module_exit(bench_exit);

MODULE_DESCRIPTION("What tscope's figures are held against");
MODULE_LICENSE("GPL");
