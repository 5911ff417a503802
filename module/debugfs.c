// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/tscope: lists of pairs, CPUs, time pages, points and
 * violations; histograms are in debugfs_hist.c. Root only. Each file is described
 * in Documentation/ABI/testing/debugfs-tscope, and generated on read from what the
 * samplers publish; no sampler waits for a reader.
 */
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>

#include <asm/pvclock.h>

#include "control.h"
#include "cpu.h"
#include "debugfs.h"
#include "exchange.h"
#include "sampler.h"
#include "violations.h"
#include "wide.h"

/* A CPU is late after three periods and this. */
#define LATE_MS		1000
/* The kernel's time stands still if the TSC says that much more time than jiffies. */
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
	struct pvclock_vcpu_time_info *page;
	struct tscope_pvti p, first;
	u64 tsc = 0;
	int cpu;

	seq_puts(m, "# cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_first_ns\n");
	if (!tscope_clock_of_lane(TSCOPE_LANE_KVM))
		return 0;
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		page = tscope_kvm_page(cpu);
		if (!page || !tscope_kvm_copy(page, &p))
			continue;
		/* all are held against the first CPU's at one TSC value */
		if (!tsc) {
			first = p;
			tsc = rdtsc_ordered();
		}
		seq_printf(m, "%d %u %llu %llu %u %d %u %lld\n", cpu,
			   p.version, p.tsc, p.ns, p.mul, p.shift, p.flags,
			   tscope_pvti_step(&first, &p, tsc));
	}
	cpus_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pvti);

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
		if (p->part[i].clk->ops->series)
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
	debugfs_create_file("points", 0400, root, NULL, &points_fops);
	debugfs_create_file("violations", 0400, root, NULL, &violations_fops);
	tscope_debugfs_hist_init(root);
	tscope_debugfs_stability_init(root);
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
