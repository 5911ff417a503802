// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/tscope/stability, and the clocks' side of it.
 *
 * The leader adds each point as it comes, some microseconds' work at most; a
 * reader copies the sums and tries again if they changed meanwhile.
 */
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/seqlock.h>
#include <linux/slab.h>

#include "clock.h"
#include "debugfs.h"
#include "stability.h"

/**
 * struct tscope_clock_stability - a clock's stability
 * @seq: the leader is at work on @s
 * @s: what is gathered
 */
struct tscope_clock_stability {
	seqcount_t seq;
	struct tscope_stability s;
};

/**
 * tscope_clock_stability_alloc() - one that is empty
 *
 * Context: process. To be freed by kvfree().
 *
 * Return: NULL where there is no memory.
 */
struct tscope_clock_stability *tscope_clock_stability_alloc(void)
{
	struct tscope_clock_stability *st = kvzalloc(sizeof(*st), GFP_KERNEL);

	if (st)
		seqcount_init(&st->seq);
	return st;
}

/**
 * tscope_clock_stability_reset() - forget what was gathered
 * @clk: clock; without a series nothing is done
 *
 * Context: process; no sampler may be at work, readers may.
 */
void tscope_clock_stability_reset(struct tscope_clock *clk)
{
	struct tscope_clock_stability *st = clk->stability;

	if (!st)
		return;
	preempt_disable();
	write_seqcount_begin(&st->seq);
	tscope_stability_init(&st->s);
	write_seqcount_end(&st->seq);
	preempt_enable();
}

/**
 * tscope_clock_stability_add() - add a point
 * @clk: clock that has a series
 * @p: the point
 *
 * Context: the leader, interrupts on.
 */
void tscope_clock_stability_add(struct tscope_clock *clk,
				const struct tscope_point *p)
{
	struct tscope_clock_stability *st = clk->stability;

	preempt_disable();
	write_seqcount_begin(&st->seq);
	tscope_stability_add(&st->s, p);
	write_seqcount_end(&st->seq);
	preempt_enable();
}

static void copy_sums(struct tscope_clock_stability *st,
		      struct tscope_stability_sums *to)
{
	unsigned int seq;

	do {
		seq = read_seqcount_begin(&st->seq);
		memcpy(to, &st->s.sums, sizeof(*to));
	} while (read_seqcount_retry(&st->seq, seq));
}

static void show_decimal(struct seq_file *m, u64 x, u32 unit, int places)
{
	u32 rest;
	u64 whole = div_u64_rem(x, unit, &rest);

	seq_printf(m, " %llu.%0*u", whole, places, rest);
}

static int stability_show(struct seq_file *m, void *unused)
{
	struct tscope_stability_sums *sums = kmalloc(sizeof(*sums), GFP_KERNEL);
	struct tscope_stability_figures fig;
	struct tscope_clock *clk;
	u32 khz = READ_ONCE(tscope_tsc_khz);
	unsigned int i, k;

	if (!sums)
		return -ENOMEM;
	seq_puts(m, "# clock tau_s adev_ppb tdev_ns mtie_ns n\n");
	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		if (!clk->stability)
			continue;
		copy_sums(clk->stability, sums);
		for (k = 0; k < TSCOPE_STABILITY_OCTAVES; k++) {
			if (tscope_stability_figures(sums, khz, k, &fig))
				continue;
			seq_puts(m, clk->ops->name);
			show_decimal(m, fig.tau_us, 1000000, 6);
			show_decimal(m, fig.adev, 1000000, 6);
			show_decimal(m, fig.tdev_ps, 1000, 3);
			show_decimal(m, fig.mtie_ps, 1000, 3);
			seq_printf(m, " %llu\n", fig.n);
		}
	}
	kfree(sums);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stability);

/**
 * tscope_debugfs_stability_init() - make the file stability
 * @root: /sys/kernel/debug/tscope
 *
 * Context: process, at load.
 */
void tscope_debugfs_stability_init(struct dentry *root)
{
	debugfs_create_file("stability", 0400, root, NULL, &stability_fops);
}
