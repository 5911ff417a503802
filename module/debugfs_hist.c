// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/tscope/hist: histograms as text.
 *
 * A line with the unit and the totals, then a line for each bucket that is not
 * empty: low, high, count. When a file is read, histograms that the samplers fill
 * are added up over the CPUs, and residuals are computed from the points.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "cpu.h"
#include "debugfs.h"

enum hist_kind { WIDTH, RESIDUAL, STEP, WARP, TRANSIT, WAKEUP };

/**
 * struct hist_file - what a file shows
 * @clk: its clock; NULL: the samplers
 * @kind: what is counted
 */
struct hist_file {
	struct tscope_clock *clk;
	enum hist_kind kind;
};

static struct hist_file files[4 * TSCOPE_CLOCKS_MAX + 2];

static const struct tscope_hist *hist_of_cpu(const struct tscope_cpu *c,
					     const struct hist_file *f)
{
	if (f->kind == WARP)
		return &c->warp_hist[f->clk->ops->lane];
	return f->kind == TRANSIT ? &c->transit : &c->wakeup;
}

/* -ENOMEM, or 0; lost: windows that never began because the CPU woke up too late. */
static int gather(const struct hist_file *f, struct tscope_shist *h, u64 *lost)
{
	struct tscope_cpu *c;

	switch (f->kind) {
	case WIDTH:
		tscope_hist_merge(&h->pos, &f->clk->width);
		break;
	case RESIDUAL:
		/* too few points: an empty histogram */
		return tscope_clock_residuals(f->clk, h) == -ENOMEM ? -ENOMEM : 0;
	case STEP:
		spin_lock(&f->clk->step_lock);
		*h = f->clk->step_hist;
		spin_unlock(&f->clk->step_lock);
		break;
	default:
		for_each_tscope_cpu(c) {
			tscope_hist_merge(&h->pos, hist_of_cpu(c, f));
			*lost += READ_ONCE(c->lost);
		}
	}
	return 0;
}

static void print(struct seq_file *m, const struct tscope_shist *h)
{
	unsigned int i;

	for (i = TSCOPE_HIST_BUCKETS; i--;)
		if (h->neg.bucket[i])
			seq_printf(m, "-%llu -%llu %llu\n",
				   tscope_hist_high(i), tscope_hist_low(i),
				   h->neg.bucket[i]);
	for (i = 0; i < TSCOPE_HIST_BUCKETS; i++)
		if (h->pos.bucket[i])
			seq_printf(m, "%llu %llu %llu\n", tscope_hist_low(i),
				   tscope_hist_high(i), h->pos.bucket[i]);
}

static int hist_show(struct seq_file *m, void *unused)
{
	struct tscope_shist *h = kvmalloc(sizeof(*h), GFP_KERNEL);
	const struct hist_file *f = m->private;
	u64 lost = 0;
	int err;

	if (!h)
		return -ENOMEM;
	tscope_shist_init(h);
	err = gather(f, h, &lost);
	if (!err) {
		seq_printf(m, "# unit ns count %llu min %lld mean %lld max %lld p50 %lld p99 %lld p99.9 %lld",
			   tscope_shist_count(h), tscope_shist_min(h),
			   tscope_shist_mean(h), tscope_shist_max(h),
			   tscope_shist_quantile(h, 500),
			   tscope_shist_quantile(h, 990),
			   tscope_shist_quantile(h, 999));
		if (f->kind == WAKEUP)
			seq_printf(m, " lost %llu", lost);
		seq_putc(m, '\n');
		print(m, h);
	}
	kvfree(h);
	return err;
}
DEFINE_SHOW_ATTRIBUTE(hist);

static struct hist_file *add(struct dentry *dir, struct hist_file *f,
			     const char *name, struct tscope_clock *clk,
			     enum hist_kind kind)
{
	*f = (struct hist_file){ .clk = clk, .kind = kind };
	debugfs_create_file(name, 0400, dir, f, &hist_fops);
	return f + 1;
}

/**
 * tscope_debugfs_hist_init() - create the directory of histograms
 * @root: /sys/kernel/debug/tscope
 *
 * Context: process, at load.
 */
void tscope_debugfs_hist_init(struct dentry *root)
{
	struct dentry *dir = debugfs_create_dir("hist", root), *sub;
	struct hist_file *f = files;
	struct tscope_clock *clk;
	unsigned int i;

	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		sub = debugfs_create_dir(clk->ops->name, dir);
		if (clk->ops->read)
			f = add(sub, f, "width", clk, WIDTH);
		if (clk->ops->series) {
			f = add(sub, f, "residual", clk, RESIDUAL);
			f = add(sub, f, "step", clk, STEP);
		}
		if (clk->ops->lane != TSCOPE_NO_LANE)
			f = add(sub, f, "warp", clk, WARP);
	}
	f = add(dir, f, "transit", NULL, TRANSIT);
	add(dir, f, "wakeup", NULL, WAKEUP);
}
