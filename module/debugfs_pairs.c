// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/tscope/pairs and cpus: each pair of CPUs, and the state of
 * each CPU's sampler. Files are generated on read; no sampler waits for a
 * reader.
 */
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/smp.h>

#include "control.h"
#include "debugfs.h"
#include "exchange.h"
#include "sampler.h"

/* A CPU is late after three periods and this. */
#define LATE_MS		1000
/* The TSC says that much more time than jiffies do: the kernel's time stands. */
#define STOOD_MS	2000

/* The pair at a position: all pairs of the first lane, then of the second. */
static struct tscope_pair *pair_at(loff_t pos, enum tscope_lane *lane)
{
	struct tscope_cpu *c;

	for (*lane = 0; *lane < TSCOPE_MAILBOX_LANES; (*lane)++) {
		if (!tscope_clock_of_lane(*lane))
			continue;
		for_each_tscope_cpu(c) {
			if (pos < c->pairs)
				return c->pair[pos];
			pos -= c->pairs;
		}
	}
	return NULL;
}

static void *pairs_start(struct seq_file *m, loff_t *pos)
{
	enum tscope_lane lane;

	mutex_lock(&tscope_pairs_lock);
	if (*pos == 0)
		return SEQ_START_TOKEN;
	m->private = pos;
	return pair_at(*pos - 1, &lane);
}

static void *pairs_next(struct seq_file *m, void *v, loff_t *pos)
{
	enum tscope_lane lane;

	++*pos;
	m->private = pos;
	return pair_at(*pos - 1, &lane);
}

static void pairs_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&tscope_pairs_lock);
}

static int pairs_show(struct seq_file *m, void *v)
{
	struct tscope_pair *p = v;
	struct tscope_offset o;
	enum tscope_lane lane;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# clock cpu_i cpu_j offset_ns bound_ns moving hull_low_ns hull_high_ns age_ms meetings warps\n");
		return 0;
	}
	pair_at(*(loff_t *)m->private - 1, &lane);
	seq_printf(m, "%s %d %d ", tscope_clock_of_lane(lane)->ops->name,
		   min(p->cpu, p->peer), max(p->cpu, p->peer));
	if (tscope_pair_offset(p, lane, &o))
		seq_printf(m, "%lld %llu %d %lld %lld %llu %llu", o.offset_ns,
			   o.bound_ns, o.moving, o.hull_low_ns, o.hull_high_ns,
			   tscope_now_ms() - o.at_ms, o.meetings);
	else
		seq_puts(m, "- - - - - - 0");
	seq_printf(m, " %llu\n", READ_ONCE(p->warps[lane]));
	return 0;
}

static const struct seq_operations pairs_sops = {
	.start = pairs_start,
	.next = pairs_next,
	.stop = pairs_stop,
	.show = pairs_show,
};
DEFINE_SEQ_ATTRIBUTE(pairs);

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
	s64 age_cyc, late_ms;

	if (!tscope_enabled() || !READ_ONCE(c->chosen) || !READ_ONCE(c->ready))
		return "off";
	if (c->end_tsc &&
	    !smp_call_function_single(c->cpu, age_by_tsc, &age_cyc, true)) {
		late_ms = tscope_scyc_to_ns(age_cyc, tscope_tsc_khz);
		late_ms = div_s64(late_ms, NSEC_PER_MSEC);
		if (age_cyc < 0 || late_ms - (s64)age_ms > STOOD_MS)
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

/**
 * tscope_debugfs_pairs_init() - create pairs and cpus
 * @root: /sys/kernel/debug/tscope
 *
 * Context: process, at load.
 */
void tscope_debugfs_pairs_init(struct dentry *root)
{
	debugfs_create_file("pairs", 0400, root, NULL, &pairs_fops);
	debugfs_create_file("cpus", 0400, root, NULL, &cpus_fops);
}
