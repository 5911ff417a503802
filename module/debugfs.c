// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/tscope: all that was gathered, as text. Each file is described in
 * Documentation/ABI/testing/debugfs-tscope. Each file except pairs is one seq_file record, so a
 * reader that reads in pieces gets one copy. No sampler waits for a reader.
 */
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "control.h"
#include "cpu.h"
#include "events.h"
#include "exchange.h"
#include "math128.h"
#include "sampler.h"

/* A CPU is late if it did not run for three periods and this. */
#define LATE_MS		1000

static struct dentry *root;

static void print_or_dash(struct seq_file *m, bool there, u64 value)
{
	if (there)
		seq_printf(m, "%llu", value);
	else
		seq_putc(m, '-');
}

static void print_pair(struct seq_file *m, const struct tscope_pair *p, enum tscope_lane lane)
{
	u64 warps = tscope_pair_warps(p, lane);
	struct tscope_offset o;

	seq_printf(m, "%s %d %d ", tscope_clock_of_lane(lane)->ops->name, min(p->cpu, p->peer),
		   max(p->cpu, p->peer));
	if (tscope_pair_offset(p, lane, &o))
		seq_printf(m, "%lld %llu %d %lld %lld %llu %llu %llu\n", o.offset_ns, o.bound_ns,
			   o.moving, o.hull_low_ns, o.hull_high_ns, tscope_now_ms() - o.at_ms,
			   o.meetings, warps);
	else
		seq_printf(m, "- - - - - - 0 %llu\n", warps);
}

/*
 * A record of pairs is the header, or the pairs that one CPU keeps, of one clock: so a reader needs
 * no memory for the pairs of all CPUs at once.
 */
static void *pairs_start(struct seq_file *m, loff_t *pos)
{
	struct tscope_cpu *c;
	int lane;

	if (!*pos)
		return SEQ_START_TOKEN;
	for (; *pos <= (loff_t)TSCOPE_MAILBOX_LANES * nr_cpu_ids; ++*pos) {
		lane = (*pos - 1) / nr_cpu_ids;
		c = tscope_cpu_of((*pos - 1) % nr_cpu_ids);
		if (c && tscope_clock_of_lane(lane))
			return c;
	}
	return NULL;
}

static void *pairs_next(struct seq_file *m, void *record, loff_t *pos)
{
	++*pos;
	return pairs_start(m, pos);
}

static void pairs_stop(struct seq_file *m, void *record)
{
}

static int pairs_show(struct seq_file *m, void *record)
{
	int lane = (m->index - 1) / nr_cpu_ids;
	const struct tscope_cpu *c = record;
	u32 i;

	if (record == SEQ_START_TOKEN) {
		seq_puts(m, "# clock cpu_i cpu_j offset_ns bound_ns moving hull_low_ns hull_high_ns age_ms meetings warps\n");
		return 0;
	}
	spin_lock(&tscope_pairs_lock);
	for (i = 0; i < c->pairs && !seq_has_overflowed(m); i++)
		print_pair(m, c->pair[i], lane);
	spin_unlock(&tscope_pairs_lock);
	return 0;
}

static const struct seq_operations pairs_sops = {
	.start = pairs_start,
	.next = pairs_next,
	.stop = pairs_stop,
	.show = pairs_show,
};
DEFINE_SEQ_ATTRIBUTE(pairs);

static const char *state_of(const struct tscope_cpu *c, u64 age_ms)
{
	u64 limit_ms = 3 * READ_ONCE(tscope_params.period_us) / USEC_PER_MSEC + LATE_MS;

	if (!tscope_enabled() || !READ_ONCE(c->chosen))
		return "off";
	/* its first window has not begun yet */
	if (!READ_ONCE(c->ready))
		return tscope_sampling_ms() > limit_ms ? "late" : "off";
	if (tscope_time_stands(c, age_ms > limit_ms))
		return "stood-still";
	return age_ms > limit_ms ? "late" : "sampling";
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
		seq_printf(m, "%d %s %d %llu %llu %llu %llu ", c->cpu, state_of(c, age_ms),
			   tscope_leader() == c->cpu, READ_ONCE(c->windows), READ_ONCE(c->lost),
			   READ_ONCE(c->meetings), READ_ONCE(c->unmet));
		print_or_dash(m, seen_ms, age_ms);
		seq_printf(m, " %llu\n", READ_ONCE(c->lane[TSCOPE_LANE_TSC].readings));
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
		/* all pages are compared with the first CPU's at one TSC value */
		if (!tsc) {
			first = p;
			tsc = rdtsc_ordered();
		}
		seq_printf(m, "%d %u %llu %llu %u", cpu, p.sequence, p.tsc, p.ns,
			   (u32)(p.mult >> 32));
		/* KVM's multipliers have no more bits */
		if ((u32)p.mult)
			seq_printf(m, ".%03llu", ((u64)(u32)p.mult * 1000) >> 32);
		seq_printf(m, " %d %u %lld\n", p.shift, p.flags,
			   tscope_timepage_step_ns(tscope_timepage_step(&first, &p, tsc)));
	}
	cpus_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pvti);

static void print_point(struct seq_file *m, const char *clock, const struct tscope_point *p)
{
	u64 phase = tscope_abs64(p->phase), rest = phase % (1 << TSCOPE_PHASE_SHIFT);

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
	for (i = 0; i < tscope_clock_count() && !seq_has_overflowed(m); i++) {
		clk = tscope_clock_get(i);
		n = tscope_clock_has_points(clk) ? tscope_clock_points(clk, point, &khz) : 0;
		for (k = 0; k < n; k++)
			print_point(m, clk->ops->name, &point[k]);
		cond_resched();
	}
	kvfree(point);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(points);

static int violations_show(struct seq_file *m, void *unused)
{
	struct tscope_violation v;
	u64 number, end;

	tscope_violations_range(&number, &end);
	seq_puts(m, "# time_ns tsc what clock cpu peer size_ns count error_ns (time: CLOCK_MONOTONIC; size: the largest of count; error: of a step's size)\n");
	for (; number < end; number++) {
		/* a violation that was overwritten meanwhile is left out */
		if (!tscope_violation_get(number, &v))
			continue;
		seq_printf(m, "%llu %llu %s %s %d ", v.time_ns, v.tsc, v.what, v.clock, v.cpu);
		print_or_dash(m, v.peer >= 0, v.peer);
		seq_printf(m, " %lld %llu ", v.size_ns, v.count);
		print_or_dash(m, v.error_ns >= 0, v.error_ns);
		seq_putc(m, '\n');
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(violations);

/* What a histogram counts: of a clock, or of the samplers. */
enum hist_kind { WIDTH, RESIDUAL, STEP, WARP, TRANSIT, WAKEUP };

/* Returns 0 or -ENOMEM. @lost: windows that never began, see @lost of struct tscope_cpu. */
static int hist_gather(struct tscope_shist *h, enum hist_kind kind, struct tscope_clock *clk,
		       u64 *lost)
{
	const struct tscope_cpu *c;

	switch (kind) {
	case WIDTH:
		tscope_hist_merge(&h->pos, &clk->width);
		break;
	case RESIDUAL:
		/* too few points: an empty histogram */
		return tscope_clock_residuals(clk, h) == -ENOMEM ? -ENOMEM : 0;
	case STEP:
		spin_lock(&clk->step_lock);
		*h = clk->step_hist;
		spin_unlock(&clk->step_lock);
		break;
	case WARP:
		for_each_tscope_cpu(c)
			tscope_hist_merge(&h->pos, &c->warp_hist[clk->ops->lane]);
		break;
	case TRANSIT:
		for_each_tscope_cpu(c)
			tscope_hist_merge(&h->pos, &c->transit);
		break;
	case WAKEUP:
		for_each_tscope_cpu(c) {
			tscope_hist_merge(&h->pos, &c->wakeup);
			*lost += READ_ONCE(c->lost);
		}
	}
	return 0;
}

static int show_hist(struct seq_file *m, enum hist_kind kind)
{
	struct tscope_shist *h = kvmalloc(sizeof(*h), GFP_KERNEL);
	u64 lost = 0;
	int err, i;

	if (!h)
		return -ENOMEM;
	tscope_shist_init(h);
	err = hist_gather(h, kind, m->private, &lost);
	if (err)
		goto free;
	seq_printf(m, "# unit ns count %llu min %lld mean %lld max %lld p50 %lld p99 %lld p99.9 %lld",
		   tscope_shist_count(h), tscope_shist_min(h), tscope_shist_mean(h),
		   tscope_shist_max(h), tscope_shist_quantile(h, 500),
		   tscope_shist_quantile(h, 990), tscope_shist_quantile(h, 999));
	if (kind == WAKEUP)
		seq_printf(m, " lost %llu", lost);
	seq_putc(m, '\n');
	for (i = TSCOPE_HIST_BUCKETS - 1; i >= 0; i--)
		if (h->neg.bucket[i])
			seq_printf(m, "-%llu -%llu %llu\n", tscope_hist_high(i), tscope_hist_low(i),
				   h->neg.bucket[i]);
	for (i = 0; i < TSCOPE_HIST_BUCKETS; i++)
		if (h->pos.bucket[i])
			seq_printf(m, "%llu %llu %llu\n", tscope_hist_low(i), tscope_hist_high(i),
				   h->pos.bucket[i]);
free:
	kvfree(h);
	return err;
}

#define HIST(name, kind) \
static int name##_show(struct seq_file *m, void *unused) \
{ \
	return show_hist(m, kind); \
} \
DEFINE_SHOW_ATTRIBUTE(name)

HIST(width, WIDTH);
HIST(residual, RESIDUAL);
HIST(step, STEP);
HIST(warp, WARP);
HIST(transit, TRANSIT);
HIST(wakeup, WAKEUP);

static void add_hists(void)
{
	struct dentry *dir = debugfs_create_dir("hist", root), *sub;
	struct tscope_clock *clk;
	unsigned int i;

	for (i = 0; i < tscope_clock_count(); i++) {
		clk = tscope_clock_get(i);
		sub = debugfs_create_dir(clk->ops->name, dir);
		if (clk->ops->read)
			debugfs_create_file("width", 0400, sub, clk, &width_fops);
		if (tscope_clock_has_points(clk)) {
			debugfs_create_file("residual", 0400, sub, clk, &residual_fops);
			debugfs_create_file("step", 0400, sub, clk, &step_fops);
		}
		if (clk->ops->lane != TSCOPE_NO_LANE)
			debugfs_create_file("warp", 0400, sub, clk, &warp_fops);
	}
	debugfs_create_file("transit", 0400, dir, NULL, &transit_fops);
	debugfs_create_file("wakeup", 0400, dir, NULL, &wakeup_fops);
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
	add_hists();
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
