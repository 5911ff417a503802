// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/tscope: all that was gathered, as text. Root only. Each file is
 * described in Documentation/ABI/testing/debugfs-tscope, and generated on read from
 * what the samplers publish; no sampler waits for a reader.
 */
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "control.h"
#include "cpu.h"
#include "events.h"
#include "exchange.h"
#include "math128.h"
#include "sampler.h"

/* A CPU is late after three periods and this. */
#define LATE_MS		1000
/* The kernel's time stands still if the TSC advances that much more than jiffies. */
#define STOOD_MS	2000

static struct dentry *root;

/* Where a reader of pairs is: a pair that a CPU keeps, and one of the clocks. */
struct pairs_reader {
	enum tscope_lane lane;
	struct tscope_cpu *c;
	u32 i;
};

/* The pair at a position: all pairs of the first clock, then of the second. */
static struct tscope_pair *pair_at(struct pairs_reader *r, u64 pos)
{
	for (r->lane = 0; r->lane < TSCOPE_MAILBOX_LANES; r->lane++) {
		if (!tscope_clock_of_lane(r->lane))
			continue;
		for_each_tscope_cpu(r->c) {
			if (pos < r->c->pairs) {
				r->i = pos;
				return r->c->pair[pos];
			}
			pos -= r->c->pairs;
		}
	}
	return NULL;
}

static void *pairs_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&tscope_pairs_lock);
	return *pos ? pair_at(m->private, *pos - 1) : SEQ_START_TOKEN;
}

static void *pairs_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct pairs_reader *r = m->private;

	++*pos;
	if (v != SEQ_START_TOKEN && ++r->i < r->c->pairs)
		return r->c->pair[r->i];
	return pair_at(r, *pos - 1);
}

static void pairs_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&tscope_pairs_lock);
}

static int pairs_show(struct seq_file *m, void *v)
{
	const struct pairs_reader *r = m->private;
	struct tscope_pair *p = v;
	struct tscope_offset o;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# clock cpu_i cpu_j offset_ns bound_ns moving hull_low_ns hull_high_ns age_ms meetings warps\n");
		return 0;
	}
	seq_printf(m, "%s %d %d ", tscope_clock_of_lane(r->lane)->ops->name,
		   min(p->cpu, p->peer), max(p->cpu, p->peer));
	if (tscope_pair_offset(p, r->lane, &o))
		seq_printf(m, "%lld %llu %d %lld %lld %llu %llu", o.offset_ns,
			   o.bound_ns, o.moving, o.hull_low_ns, o.hull_high_ns,
			   tscope_now_ms() - o.at_ms, o.meetings);
	else
		seq_puts(m, "- - - - - - 0");
	seq_printf(m, " %llu\n", READ_ONCE(p->warps[r->lane]));
	return 0;
}

static const struct seq_operations pairs_ops = {
	.start = pairs_start,
	.next = pairs_next,
	.stop = pairs_stop,
	.show = pairs_show,
};

static int pairs_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &pairs_ops, sizeof(struct pairs_reader));
}

static const struct file_operations pairs_fops = {
	.owner = THIS_MODULE,
	.open = pairs_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

/* How long ago the CPU's last window ended, by its own TSC. */
static void age_by_tsc(void *info)
{
	s64 *age_cyc = info;

	*age_cyc = rdtsc_ordered() -
		   READ_ONCE(tscope_cpu_of(smp_processor_id())->end_tsc);
}

static const char *state_of(const struct tscope_cpu *c, u64 age_ms)
{
	struct tscope_params params;
	s64 age_cyc, tsc_ms;

	if (!tscope_enabled() || !READ_ONCE(c->chosen) || !READ_ONCE(c->ready))
		return "off";
	if (READ_ONCE(c->end_tsc) &&
	    !smp_call_function_single(c->cpu, age_by_tsc, &age_cyc, true)) {
		tsc_ms = tscope_scyc_to_ns(age_cyc, READ_ONCE(tscope_tsc_khz));
		tsc_ms = div_s64(tsc_ms, NSEC_PER_MSEC);
		if (age_cyc < 0 || tsc_ms - (s64)age_ms > STOOD_MS)
			return "stood-still";
	}
	tscope_get_params(&params);
	if (age_ms > 3 * params.period_us / USEC_PER_MSEC + LATE_MS)
		return "late";
	return "sampling";
}

static int cpus_show(struct seq_file *m, void *unused)
{
	struct tscope_cpu *c;
	u64 age_ms, seen_ms;

	tscope_look_if_behind();
	seq_puts(m, "# cpu state leader windows lost meetings unmet age_ms readings\n");
	cpus_read_lock();
	for_each_tscope_cpu(c) {
		seen_ms = READ_ONCE(c->seen_ms);
		age_ms = tscope_now_ms() - seen_ms;
		seq_printf(m, "%d %s %d %llu %llu %llu %llu ", c->cpu,
			   state_of(c, age_ms), tscope_leader() == c->cpu,
			   READ_ONCE(c->windows), READ_ONCE(c->lost),
			   READ_ONCE(c->meetings), READ_ONCE(c->unmet));
		if (seen_ms)
			seq_printf(m, "%llu", age_ms);
		else
			seq_putc(m, '-');
		seq_printf(m, " %llu\n",
			   READ_ONCE(c->lane[TSCOPE_LANE_TSC].readings));
	}
	cpus_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cpus);

static int pvti_show(struct seq_file *m, void *unused)
{
	const struct tscope_timepage_ops *ops = tscope_clock_page_ops();
	struct tscope_timepage p, first;
	const u32 *page;
	u64 tsc = 0;
	int cpu;

	seq_puts(m, "# cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_first_ns\n");
	if (!ops)
		return 0;
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		page = ops->sequence(cpu);
		if (!page || !ops->copy(page, &p))
			continue;
		/* all are held against the first CPU's at one TSC value */
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

/* Room for a line: a reader gets all points, or all violations, of one moment. */
#define LINE_CHARS	80

static void print_point(struct seq_file *m, const char *clock,
			const struct tscope_point *p)
{
	u64 phase = tscope_abs64(p->phase);
	u64 rest = phase & GENMASK_ULL(TSCOPE_PHASE_SHIFT - 1, 0);

	seq_printf(m, "%s %u %llu %s%llu.%03llu %u\n", clock, p->segment, p->tsc,
		   p->phase < 0 ? "-" : "", phase >> TSCOPE_PHASE_SHIFT,
		   (rest * 1000) >> TSCOPE_PHASE_SHIFT, p->width_ns);
}

static int points_show(struct seq_file *m, void *unused)
{
	struct tscope_point *point;
	struct tscope_clock *clk;
	unsigned int i;
	u32 k, n, khz;

	point = kvmalloc_array(TSCOPE_SERIES_POINTS, sizeof(*point), GFP_KERNEL);
	if (!point)
		return -ENOMEM;
	seq_puts(m, "# clock segment tsc phase_ns width_ns\n");
	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		n = tscope_clock_has_points(clk) ? tscope_clock_points(clk, point, &khz) : 0;
		for (k = 0; k < n; k++)
			print_point(m, clk->ops->name, &point[k]);
		cond_resched();
	}
	kvfree(point);
	return 0;
}

static int points_open(struct inode *inode, struct file *file)
{
	size_t lines = tscope_clock_count() * TSCOPE_SERIES_POINTS;

	return single_open_size(file, points_show, NULL, lines * LINE_CHARS);
}

static const struct file_operations points_fops = {
	.owner = THIS_MODULE,
	.open = points_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

static int violations_show(struct seq_file *m, void *unused)
{
	struct tscope_violation v;
	u64 number, end;

	tscope_violations_range(&number, &end);
	seq_puts(m, "# time_ns tsc what clock cpu peer size_ns count (time: CLOCK_MONOTONIC; size: the largest of count)\n");
	for (; number < end; number++) {
		/* one that was overwritten meanwhile is left out */
		if (!tscope_violation_get(number, &v))
			continue;
		seq_printf(m, "%llu %llu %s %s %d ", v.time_ns, v.tsc,
			   tscope_what_name(v.what), v.clock, v.cpu);
		if (v.peer < 0)
			seq_puts(m, "-");
		else
			seq_printf(m, "%d", v.peer);
		seq_printf(m, " %lld %llu\n", v.size_ns, v.count);
	}
	return 0;
}

static int violations_open(struct inode *inode, struct file *file)
{
	return single_open_size(file, violations_show, NULL,
				TSCOPE_VIOLATIONS * LINE_CHARS);
}

static const struct file_operations violations_fops = {
	.owner = THIS_MODULE,
	.open = violations_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

/*
 * Histograms: those that the samplers fill are added up over the CPUs, and residuals are
 * computed from the points, when a file is read.
 */
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

static struct hist_file hist_files[4 * TSCOPE_CLOCKS_MAX + 2];

static const struct tscope_hist *hist_of_cpu(const struct tscope_cpu *c,
					     const struct hist_file *f)
{
	if (f->kind == WARP)
		return &c->warp_hist[f->clk->ops->lane];
	return f->kind == TRANSIT ? &c->transit : &c->wakeup;
}

/* -ENOMEM, or 0; lost: windows that never began because the CPU woke up too late. */
static int hist_gather(const struct hist_file *f, struct tscope_shist *h, u64 *lost)
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

static void hist_print(struct seq_file *m, const struct tscope_shist *h)
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
	err = hist_gather(f, h, &lost);
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
		hist_print(m, h);
	}
	kvfree(h);
	return err;
}
DEFINE_SHOW_ATTRIBUTE(hist);

static struct hist_file *hist_add(struct dentry *dir, struct hist_file *f,
				  const char *name, struct tscope_clock *clk,
				  enum hist_kind kind)
{
	*f = (struct hist_file){ .clk = clk, .kind = kind };
	debugfs_create_file(name, 0400, dir, f, &hist_fops);
	return f + 1;
}

static void hists_add(void)
{
	struct dentry *dir = debugfs_create_dir("hist", root), *sub;
	struct hist_file *f = hist_files;
	struct tscope_clock *clk;
	unsigned int i;

	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		sub = debugfs_create_dir(clk->ops->name, dir);
		if (clk->ops->read)
			f = hist_add(sub, f, "width", clk, WIDTH);
		if (tscope_clock_has_points(clk)) {
			f = hist_add(sub, f, "residual", clk, RESIDUAL);
			f = hist_add(sub, f, "step", clk, STEP);
		}
		if (clk->ops->lane != TSCOPE_NO_LANE)
			f = hist_add(sub, f, "warp", clk, WARP);
	}
	f = hist_add(dir, f, "transit", NULL, TRANSIT);
	hist_add(dir, f, "wakeup", NULL, WAKEUP);
}

/**
 * tscope_debugfs_init() - create /sys/kernel/debug/tscope
 *
 * A kernel without debugfs has none, which is no error. Context: process, at load.
 */
void tscope_debugfs_init(void)
{
	root = debugfs_create_dir("tscope", NULL);
	debugfs_create_file("pairs", 0400, root, NULL, &pairs_fops);
	debugfs_create_file("cpus", 0400, root, NULL, &cpus_fops);
	debugfs_create_file("pvti", 0400, root, NULL, &pvti_fops);
	debugfs_create_file("timepage", 0400, root, NULL, &pvti_fops);
	debugfs_create_file("points", 0400, root, NULL, &points_fops);
	debugfs_create_file("violations", 0400, root, NULL, &violations_fops);
	hists_add();
	debugfs_create_file("stability", 0400, root, NULL, &stability_fops);
}

/**
 * tscope_debugfs_exit() - remove /sys/kernel/debug/tscope
 *
 * Waits until nobody uses one of its files. Context: process.
 */
void tscope_debugfs_exit(void)
{
	debugfs_remove(root);
}
