// SPDX-License-Identifier: GPL-2.0
/*
 * loop: bare loops of readings on all CPUs at once, in bursts with interrupts
 * off, as tscope takes them.
 *
 * Results, a line a CPU: number, readings, bursts, nanoseconds of wall time,
 * least difference from the peer's TSC in ns and from its kvm-clock (-: none),
 * readings that were lower than they should be.
 *
 * windows: the readings of each millisecond of the last loop; a line each:
 * millisecond, CPU, readings. On a shared machine they show which milliseconds
 * were not disturbed.
 */
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

/* in this order: asm/kvmclock.h does not include what it needs */
#include <asm/pvclock.h>
#include <asm/kvmclock.h>

#include "bench.h"
#include "readings.h"

/* A loop runs that long at most. */
#define WINDOWS		4096
#define WINDOW_NS	1000000

struct run {
	struct bench_box box;
	struct bench_spot spot;
	u64 bursts;
	u64 wall_ns;
	u32 window[WINDOWS];
};

static struct run *runs;		/* of each CPU */

static struct {
	u64 every;
	u64 burst_cyc;
	u64 start;
	unsigned int ms;
	int variant;
} args;

static const struct {
	const char *name;
	unsigned int what;
} variants[] = {
#define BACK	(BENCH_BARE | BENCH_BACK)
#define JUDGE	(BACK | BENCH_JUDGE)
#define HIST	(JUDGE | BENCH_HIST)
#define RAW	(HIST | BENCH_RAW)
#define BOOKS	(RAW | BENCH_BOOKS)
	{ "tsc", 0 },
	{ "pvti", BENCH_PVTI },
	{ "bare", BENCH_BARE },
	{ "back", BACK },
	{ "judge", JUDGE },
	{ "hist", HIST },
	{ "raw", RAW },
	{ "books", BOOKS },
	{ "bare-books", BENCH_BARE | BENCH_BOOKS },
	{ "bare-raw", BENCH_BARE | BENCH_RAW },
	{ "exchange", BENCH_PEER | BENCH_JUDGE },
	{ "early", BOOKS | BENCH_EARLY },
};

static struct pvclock_vcpu_time_info *pvti_page(int cpu)
{
	struct pvclock_vsyscall_time_info *page = per_cpu(hv_clock_per_cpu,
							  cpu);

	return page ? &page->pvti : NULL;
}

static void pvti_copy(struct bench_spot *s,
		      const struct pvclock_vcpu_time_info *page)
{
	struct tscope_timepage *to = &s->timepage;

	do {
		to->sequence = READ_ONCE(page->version) & ~1U;
		/* the host makes the version odd, writes, makes it even */
		virt_rmb();
		to->tsc = page->tsc_timestamp;
		to->ns = page->system_time;
		to->mult = (u64)page->tsc_to_system_mul << 32;
		to->shift = page->tsc_shift;
		to->flags = page->flags;
		/* so an unchanged even version means a consistent copy */
		virt_rmb();
	} while (to->sequence != READ_ONCE(page->version));
}

/* Between two bursts: the page is looked up, counters are kept. */
static __always_inline void one_burst(struct run *r, int cpu,
				      const unsigned int what)
{
	const struct pvclock_vcpu_time_info *page;
	unsigned long flags;
	u64 n;

	if (what & BENCH_BOOKS) {
		page = pvti_page(cpu);
		OPTIMIZER_HIDE_VAR(page);
	}
	local_irq_save(flags);
	n = bench_burst(&r->spot, what, args.burst_cyc);
	local_irq_restore(flags);
	WRITE_ONCE(r->spot.readings, r->spot.readings + n);
	r->bursts++;
	if (what & BENCH_BOOKS) {
		cond_resched();
		(void)rdtsc_ordered();
	}
}

static __always_inline int loop(int cpu, const unsigned int what)
{
	const struct pvclock_vcpu_time_info *page = pvti_page(cpu);
	u64 begin = ktime_get_raw_ns(), window = bench_cyc(WINDOW_NS);
	u64 end = args.start + window, now, seen = 0;
	struct run *r = &runs[cpu];
	unsigned int i = 0;

	do {
		if (unlikely(READ_ONCE(page->version) !=
			     r->spot.timepage.sequence)) {
			pvti_copy(&r->spot, page);
			r->spot.ns = 0;
		}
		one_burst(r, cpu, what);
		if (!(what & BENCH_BOOKS))
			cond_resched();
		now = rdtsc();
		for (; now >= end && i < args.ms; end += window) {
			r->window[i++] = r->spot.readings - seen;
			seen = r->spot.readings;
		}
	} while (i < args.ms);
	r->wall_ns = ktime_get_raw_ns() - begin;
	return 0;
}

/* Each variant is a loop of its own: parts that it lacks cost nothing. */
static int work(int cpu)
{
	switch (variants[args.variant].what) {
	case 0:
		return loop(cpu, 0);
	case BENCH_PVTI:
		return loop(cpu, BENCH_PVTI);
	case BENCH_BARE:
		return loop(cpu, BENCH_BARE);
	case BACK:
		return loop(cpu, BACK);
	case JUDGE:
		return loop(cpu, JUDGE);
	case HIST:
		return loop(cpu, HIST);
	case RAW:
		return loop(cpu, RAW);
	case BOOKS:
		return loop(cpu, BOOKS);
	case BENCH_BARE | BENCH_BOOKS:
		return loop(cpu, BENCH_BARE | BENCH_BOOKS);
	case BENCH_BARE | BENCH_RAW:
		return loop(cpu, BENCH_BARE | BENCH_RAW);
	case BENCH_PEER | BENCH_JUDGE:
		return loop(cpu, BENCH_PEER | BENCH_JUDGE);
	case BOOKS | BENCH_EARLY:
		return loop(cpu, BOOKS | BENCH_EARLY);
	}
	return -EINVAL;
}

/* Each CPU looks at the next one's mailbox, the last at the first's. */
static void prepare(int cpu)
{
	struct run *r = &runs[cpu];
	int peer = cpumask_next(cpu, cpu_online_mask);

	if (peer >= nr_cpu_ids)
		peer = cpumask_first(cpu_online_mask);
	memset(r, 0, sizeof(*r));
	r->spot.box = &r->box;
	r->spot.peer = &runs[peer].box;
	r->spot.sequence = &pvti_page(cpu)->version;
	r->spot.mask = args.every - 1;
	r->spot.ns_mult = div_u64(1000000ULL << 32, tsc_khz);
	r->spot.tsc_min = BENCH_NONE;
	r->spot.ns_min = BENCH_NONE;
	tscope_hist_init(&r->spot.transit);
}

static int loop_run(const char *text)
{
	unsigned int every, burst_us, ms;
	char name[16];
	int cpu;

	if (sscanf(text, "%15s %u %u %u", name, &every, &burst_us, &ms) != 4 ||
	    !every || every & (every - 1) || !burst_us || burst_us > 1000 ||
	    ms > WINDOWS)
		return -EINVAL;
	for (args.variant = 0; args.variant < ARRAY_SIZE(variants);
	     args.variant++)
		if (!strcmp(variants[args.variant].name, name))
			break;
	if (args.variant == ARRAY_SIZE(variants))
		return -EINVAL;
	args.every = every;
	args.burst_cyc = bench_cyc(burst_us * 1000ULL);
	args.ms = ms;
	if (!runs)
		runs = vcalloc(nr_cpu_ids, sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	for_each_online_cpu(cpu) {
		if (!pvti_page(cpu))
			return -ENODEV;
		prepare(cpu);
	}
	args.start = rdtsc_ordered();
	return bench_crew(cpu_online_mask, false, work);
}

static void show_min(struct seq_file *m, s64 ns)
{
	if (ns == BENCH_NONE)
		seq_puts(m, " -");
	else
		seq_printf(m, " %lld", ns);
}

static void loop_show(struct seq_file *m)
{
	struct run *r;
	s64 min;
	int cpu;

	for_each_online_cpu(cpu) {
		r = &runs[cpu];
		min = r->spot.tsc_min;
		if (min != BENCH_NONE)
			min = min < 0 ? -(s64)bench_cyc_to_ns(-min) :
					(s64)bench_cyc_to_ns(min);
		seq_printf(m, "%d %llu %llu %llu", cpu, r->spot.readings,
			   r->bursts, r->wall_ns);
		show_min(m, min);
		show_min(m, r->spot.ns_min);
		seq_printf(m, " %llu\n", r->spot.lower);
	}
}

static void windows_show(struct seq_file *m)
{
	unsigned int i;
	int cpu;

	for (i = 0; i < args.ms; i++)
		for_each_online_cpu(cpu)
			seq_printf(m, "%u %d %u\n", i, cpu,
				   runs[cpu].window[i]);
}

static void loop_exit(void)
{
	vfree(runs);
}

const struct bench_test bench_loop = {
	.name = "loop",
	.run = loop_run,
	.show = loop_show,
	.exit = loop_exit,
};

const struct bench_test bench_windows = {
	.name = "windows",
	.show = windows_show,
};
