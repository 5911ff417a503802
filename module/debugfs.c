// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/tscope: pairs, pvti, points, violations and stability, and the
 * directory of histograms (debugfs_hist.c). Root only.
 *
 * Each file is generated on read from what the samplers publish; no
 * sampler waits for a reader.
 */
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/vmalloc.h>

#include "cpu.h"
#include "debugfs.h"
#include "sysfs.h"
#include "events.h"
#include "math128.h"

static struct dentry *root;

static int pvti_show(struct seq_file *m, void *unused)
{
	const struct tscope_timepage_ops *ops = tscope_clock_page_ops();
	struct tscope_timepage p, first;
	const u32 *page;
	u64 tsc = 0;
	int cpu;

	seq_puts(m, "# cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_cpu0_ns\n");
	if (!ops)
		return 0;
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		page = ops->sequence(cpu);
		if (!page || !ops->copy(page, &p))
			continue;
		/* all are held against the first at one TSC value */
		if (!tsc) {
			first = p;
			tsc = rdtsc_ordered();
		}
		seq_printf(m, "%d %u %llu %llu %u %d %u %lld\n", cpu,
			   p.sequence, p.tsc, p.ns, (u32)(p.mult >> 32), p.shift, p.flags,
			   tscope_timepage_step_ns(tscope_timepage_step(&first, &p, tsc)));
	}
	cpus_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pvti);

static void show_decimal(struct seq_file *m, u64 x, u32 unit, int places)
{
	u32 rest;
	u64 whole = div_u64_rem(x, unit, &rest);

	seq_printf(m, " %llu.%0*u", whole, places, rest);
}

static int stability_show(struct seq_file *m, void *unused)
{
	struct tscope_stability_figures fig[TSCOPE_STABILITY_OCTAVES];
	struct tscope_clock *clk;
	unsigned int i;
	int n, k;

	seq_puts(m, "# clock tau_s adev_ppb tdev_ns mtie_ns n\n");
	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		n = tscope_clock_has_points(clk) ? tscope_clock_stability(clk, fig) : 0;
		if (n < 0)
			return n;
		for (k = 0; k < n; k++) {
			seq_puts(m, clk->ops->name);
			show_decimal(m, fig[k].tau_us, 1000000, 6);
			show_decimal(m, fig[k].adev, 1000000, 6);
			show_decimal(m, fig[k].tdev_ps, 1000, 3);
			show_decimal(m, fig[k].mtie_ps, 1000, 3);
			seq_printf(m, " %llu\n", fig[k].n);
		}
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stability);

/* The points of all clocks, as they were when the file was opened. */
struct points {
	u32 count;
	struct {
		struct tscope_clock *clk;
		u32 end;		/* of its points in point[] */
	} part[TSCOPE_CLOCKS_MAX];
	struct tscope_point point[];
};

static void *points_start(struct seq_file *m, loff_t *pos)
{
	struct points *p = m->private;

	if (*pos == 0)
		return SEQ_START_TOKEN;
	return *pos <= p->count ? &p->point[*pos - 1] : NULL;
}

static void *points_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return points_start(m, pos);
}

static void points_stop(struct seq_file *m, void *v)
{
}

static int points_show(struct seq_file *m, void *v)
{
	struct points *p = m->private;
	struct tscope_point *point = v;
	const char *sign;
	u64 phase;
	int i = 0;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# clock segment tsc phase_ns width_ns\n");
		return 0;
	}
	while (point - p->point >= p->part[i].end)
		i++;
	sign = point->phase < 0 ? "-" : "";
	phase = tscope_abs64(point->phase);
	seq_printf(m, "%s %u %llu %s%llu.%03llu %u\n",
		   p->part[i].clk->ops->name, point->segment, point->tsc, sign,
		   phase >> TSCOPE_PHASE_SHIFT,
		   ((phase & GENMASK_ULL(TSCOPE_PHASE_SHIFT - 1, 0)) * 1000) >>
		   TSCOPE_PHASE_SHIFT, point->width_ns);
	return 0;
}

static const struct seq_operations points_ops = {
	.start = points_start,
	.next = points_next,
	.stop = points_stop,
	.show = points_show,
};

static int points_open(struct inode *inode, struct file *file)
{
	unsigned int n = tscope_clock_count(), i;
	struct points *p;
	int err;

	p = vzalloc(struct_size(p, point, n * TSCOPE_SERIES_POINTS));
	if (!p)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		p->part[i].clk = tscope_clock_get(i);
		if (tscope_clock_has_points(p->part[i].clk))
			p->count += tscope_clock_points(p->part[i].clk,
							&p->point[p->count]);
		p->part[i].end = p->count;
	}
	err = seq_open(file, &points_ops);
	if (err) {
		vfree(p);
		return err;
	}
	((struct seq_file *)file->private_data)->private = p;
	return 0;
}

static int points_release(struct inode *inode, struct file *file)
{
	vfree(((struct seq_file *)file->private_data)->private);
	return seq_release(inode, file);
}

static const struct file_operations points_fops = {
	.owner = THIS_MODULE,
	.open = points_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = points_release,
};

/* The violations that were kept when reading began, less those that were overwritten since. */
struct violations_reader {
	u64 first;
	u64 end;
	struct tscope_violation v;
};

static void *violations_start(struct seq_file *m, loff_t *pos)
{
	struct violations_reader *r = m->private;

	if (*pos == 0) {
		tscope_violations_range(&r->first, &r->end);
		return SEQ_START_TOKEN;
	}
	for (; r->first + *pos - 1 < r->end; ++*pos)
		if (tscope_violation_get(r->first + *pos - 1, &r->v))
			return &r->v;
	return NULL;
}

static void *violations_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return violations_start(m, pos);
}

static void violations_stop(struct seq_file *m, void *v)
{
}

static int violations_show(struct seq_file *m, void *it)
{
	struct tscope_violation *v = it;

	if (it == SEQ_START_TOKEN) {
		seq_puts(m, "# time_ns tsc what clock cpu peer size_ns count (time: CLOCK_MONOTONIC; size: the largest of count)\n");
		return 0;
	}
	seq_printf(m, "%llu %llu %s %s %d ", v->time_ns, v->tsc,
		   tscope_what_name(v->what), v->clock, v->cpu);
	if (v->peer < 0)
		seq_puts(m, "-");
	else
		seq_printf(m, "%d", v->peer);
	seq_printf(m, " %lld %llu\n", v->size_ns, v->count);
	return 0;
}

static const struct seq_operations violations_ops = {
	.start = violations_start,
	.next = violations_next,
	.stop = violations_stop,
	.show = violations_show,
};

static int violations_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &violations_ops,
				sizeof(struct violations_reader));
}

static const struct file_operations violations_fops = {
	.owner = THIS_MODULE,
	.open = violations_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

/**
 * tscope_debugfs_init() - make /sys/kernel/debug/tscope
 *
 * Without debugfs there is none, and that is no error. Context: process, at
 * load.
 */
void tscope_debugfs_init(void)
{
	root = debugfs_create_dir("tscope", NULL);
	tscope_debugfs_pairs_init(root);
	debugfs_create_file("pvti", 0400, root, NULL, &pvti_fops);
	debugfs_create_file("points", 0400, root, NULL, &points_fops);
	debugfs_create_file("violations", 0400, root, NULL, &violations_fops);
	tscope_debugfs_hist_init(root);
	debugfs_create_file("stability", 0400, root, NULL, &stability_fops);
}

/**
 * tscope_debugfs_exit() - remove /sys/kernel/debug/tscope
 *
 * Waits for whoever is in one of its files. Context: process.
 */
void tscope_debugfs_exit(void)
{
	debugfs_remove(root);
}
