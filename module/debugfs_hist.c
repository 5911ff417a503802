// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/tscope/hist: histograms as text.
 *
 * A '#' line with the unit and the totals, then a line for each bucket that
 * is not empty: low, high, count. Those that the samplers fill are added up
 * over the CPUs, the residuals are made from the points, when a file is read.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "cpu.h"
#include "debugfs.h"

enum hist_kind { WIDTH, RESIDUAL, STEP, WARP, TRANSIT, WAKEUP };

/**
 * struct hist_file - what a histogram file is of
 * @clk: its clock; NULL for transit and wakeup
 * @kind: what is counted
 */
struct hist_file {
	struct tscope_clock *clk;
	enum hist_kind kind;
};

static struct hist_file files[4 * TSCOPE_CLOCKS_MAX + 2];

static int gather(const struct hist_file *f, struct tscope_shist *h)
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
	case WARP:
		for_each_tscope_cpu(c)
			tscope_hist_merge(&h->pos,
					  &c->warp_hist[f->clk->ops->lane]);
		break;
	case TRANSIT:
		for_each_tscope_cpu(c)
			tscope_hist_merge(&h->pos, &c->transit);
		break;
	case WAKEUP:
		for_each_tscope_cpu(c)
			tscope_hist_merge(&h->pos, &c->wakeup);
		break;
	}
	return 0;
}

/* Windows that never were, because a CPU woke later than its next one. */
static u64 lost_windows(void)
{
	struct tscope_cpu *c;
	u64 n = 0;

	for_each_tscope_cpu(c)
		n += READ_ONCE(c->lost);
	return n;
}

static int hist_show(struct seq_file *m, void *unused)
{
	struct tscope_shist *h = kvmalloc(sizeof(*h), GFP_KERNEL);
	const struct hist_file *f = m->private;
	unsigned int i;
	int err;

	if (!h)
		return -ENOMEM;
	tscope_shist_init(h);
	err = gather(f, h);
	if (err) {
		kvfree(h);
		return err;
	}

	seq_printf(m, "# unit ns count %llu min %lld mean %lld max %lld p50 %lld p99 %lld p99.9 %lld",
		   tscope_shist_count(h), tscope_shist_min(h),
		   tscope_shist_mean(h), tscope_shist_max(h),
		   tscope_shist_quantile(h, 500),
		   tscope_shist_quantile(h, 990),
		   tscope_shist_quantile(h, 999));
	if (f->kind == WAKEUP)
		seq_printf(m, " lost %llu", lost_windows());
	seq_putc(m, '\n');
	for (i = TSCOPE_HIST_BUCKETS; i--;)
		if (h->neg.bucket[i])
			seq_printf(m, "-%llu -%llu %llu\n",
				   tscope_hist_high(i), tscope_hist_low(i),
				   h->neg.bucket[i]);
	for (i = 0; i < TSCOPE_HIST_BUCKETS; i++)
		if (h->pos.bucket[i])
			seq_printf(m, "%llu %llu %llu\n", tscope_hist_low(i),
				   tscope_hist_high(i), h->pos.bucket[i]);
	kvfree(h);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(hist);

static unsigned int make(struct dentry *dir, unsigned int n, const char *name,
			 struct tscope_clock *clk, enum hist_kind kind)
{
	files[n].clk = clk;
	files[n].kind = kind;
	debugfs_create_file(name, 0400, dir, &files[n], &hist_fops);
	return n + 1;
}

/**
 * tscope_debugfs_hist_init() - make the folder of histograms
 * @root: /sys/kernel/debug/tscope
 *
 * Context: process, at load.
 */
void tscope_debugfs_hist_init(struct dentry *root)
{
	struct dentry *dir = debugfs_create_dir("hist", root), *sub;
	struct tscope_clock *clk;
	unsigned int i, n = 0;

	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		sub = debugfs_create_dir(clk->ops->name, dir);
		if (clk->ops->read)
			n = make(sub, n, "width", clk, WIDTH);
		if (tscope_clock_has_points(clk))
			n = make(sub, n, "residual", clk, RESIDUAL);
		if (tscope_clock_has_points(clk))
			n = make(sub, n, "step", clk, STEP);
		if (clk->ops->lane != TSCOPE_NO_LANE)
			n = make(sub, n, "warp", clk, WARP);
	}
	n = make(dir, n, "transit", NULL, TRANSIT);
	make(dir, n, "wakeup", NULL, WAKEUP);
}
