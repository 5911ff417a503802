// SPDX-License-Identifier: GPL-2.0
/*
 * loop: loops of readings on all CPUs at once, in bursts with interrupts off, as
 * tscope takes them.
 *
 * Results, a line per CPU: its number, readings, nanoseconds of wall time.
 */
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

/* in this order, because asm/kvmclock.h does not include the headers that it needs */
#include <asm/pvclock.h>
#include <asm/kvmclock.h>

#include "bench.h"
#include "timepage.h"

/* Mailboxes are read once in so many readings, tscope's mean; in fewer if these take longer. */
#define EVERY_MAX	8
#define EVERY_NS	400

enum variant { TSC, PVTI, ONEWAY, BARE, LOCKED, VARIANTS };

static const char * const variants[VARIANTS] = {
	"tsc",		/* ordered reads of the TSC */
	"pvti",		/* and kvm-clock at each */
	"oneway",	/* and mailboxes, as tscope of e67600f: both clocks of the peer */
	"bare",		/* and mailboxes, as tscope: both clocks, both echoes, who and of whom */
	"locked",	/* as kvm-unit-tests' kvmclock_test */
};

/* What a CPU shows its peer: id, of, pub[2], echo[2], seen[2]. */
struct box {
	u64 word[8];
} __aligned(128);

struct run {
	struct box box;
	const struct box *peer;
	const u32 *sequence;	/* the version of its pvti, as the host writes it */
	struct tscope_timepage timepage;
	u32 every;
	u64 readings;
	u64 wall_ns;
};

static struct run *runs;		/* of each CPU */

static struct {
	u64 burst_cyc;
	u64 run_cyc;
	enum variant variant;
} args;

/* What all CPUs of the variant "locked" share. */
static struct {
	u32 held;
	u64 last;
	u64 warps;
	u64 stalls;
} shared __aligned(128);

static struct pvclock_vcpu_time_info *pvti_page(int cpu)
{
	struct pvclock_vsyscall_time_info *page;

	/* without it there is no hv_clock_per_cpu to link with */
	if (!IS_ENABLED(CONFIG_KVM_GUEST))
		return NULL;
	page = per_cpu(hv_clock_per_cpu, cpu);
	return page ? &page->pvti : NULL;
}

static void pvti_copy(struct tscope_timepage *to,
		      const struct pvclock_vcpu_time_info *page)
{
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

/* Reads a mailbox. Returns a sum, so that the compiler does not remove the reads. */
static __always_inline u64 look(const struct box *peer, unsigned int words)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < words; i++)
		sum += READ_ONCE(peer->word[i]);
	return sum;
}

/* Returns how many readings were taken; it is short when the pvti changed. */
static __always_inline u64 plain_burst(struct run *r, const enum variant v)
{
	const unsigned int words = v == ONEWAY ? 2 : 8;
	u64 start = rdtsc_ordered(), tsc, ns = 0;
	struct tscope_timepage timepage = r->timepage;
	u32 every = r->every, next = v == ONEWAY || v == BARE ? 0 : U32_MAX, n = 0;
	unsigned int i;
	bool exchange;

	do {
		exchange = n == next;
		if (exchange)
			asm volatile("" : : "r" (look(r->peer, words)));
		tsc = rdtsc_ordered();
		if (v != TSC) {
			if (unlikely(READ_ONCE(*r->sequence) != timepage.sequence))
				break;
			ns = tscope_timepage_ns(&timepage, tsc);
			asm volatile("" : : "r" (ns));
		}
		n++;
		if (exchange) {
			for (i = 0; i < words; i += 2) {
				WRITE_ONCE(r->box.word[i], tsc);
				WRITE_ONCE(r->box.word[i + 1], ns);
			}
			next += every;
		}
	} while (tsc - start < args.burst_cyc);
	if (v == BARE)
		for (r->every = EVERY_MAX; r->every > 1 &&
		     bench_cyc_to_ns(tsc - start) * r->every > (u64)n * EVERY_NS;)
			r->every /= 2;
	return n;
}

/*
 * kvmclock_test looks for warps by two reads in each turn, under a lock that all
 * CPUs share; the first is compared with the last one of any CPU. The reads are as
 * fast here as those of the other variants.
 */
static __always_inline u64 locked_burst(struct run *r)
{
	u64 start = rdtsc_ordered(), tsc, ns, n = 0;
	s64 delta;

	do {
		if (unlikely(READ_ONCE(*r->sequence) != r->timepage.sequence))
			break;
		while (xchg(&shared.held, 1))
			;
		ns = tscope_timepage_ns(&r->timepage, rdtsc_ordered());
		delta = ns - shared.last;
		tsc = rdtsc_ordered();
		shared.last = tscope_timepage_ns(&r->timepage, tsc);
		/* a lock's release: the next CPU that holds it sees the last value */
		smp_store_release(&shared.held, 0);
		if (unlikely(delta < 0))
			shared.warps++;
		if (unlikely(!delta))
			shared.stalls++;
		n += 2;
		if (!(n % 64))
			cpu_relax();
	} while (tsc - start < args.burst_cyc);
	return n;
}

static __always_inline int loop(int cpu, const enum variant v)
{
	const struct pvclock_vcpu_time_info *page = pvti_page(cpu);
	u64 begin = rdtsc_ordered(), now;
	struct run *r = &runs[cpu];
	unsigned long flags;

	do {
		if (unlikely(READ_ONCE(page->version) != r->timepage.sequence))
			pvti_copy(&r->timepage, page);
		local_irq_save(flags);
		r->readings += v == LOCKED ? locked_burst(r) : plain_burst(r, v);
		local_irq_restore(flags);
		cond_resched();
		now = rdtsc();
	} while (now - begin < args.run_cyc);
	r->wall_ns = bench_cyc_to_ns(now - begin);
	return 0;
}

/* Each variant is compiled as a loop of its own, without the parts that it does not use. */
static int work(int cpu)
{
	switch (args.variant) {
	case TSC:
		return loop(cpu, TSC);
	case PVTI:
		return loop(cpu, PVTI);
	case ONEWAY:
		return loop(cpu, ONEWAY);
	case BARE:
		return loop(cpu, BARE);
	default:
		return loop(cpu, LOCKED);
	}
}

/* Each CPU looks at the next one's mailbox, the last at the first's. */
static void prepare(int cpu)
{
	struct run *r = &runs[cpu];
	int peer = cpumask_next(cpu, cpu_online_mask);

	if (peer >= nr_cpu_ids)
		peer = cpumask_first(cpu_online_mask);
	memset(r, 0, sizeof(*r));
	r->peer = &runs[peer].box;
	r->every = EVERY_MAX;
	r->sequence = &pvti_page(cpu)->version;
}

static int loop_run(const char *text)
{
	unsigned int burst_us, ms;
	int variant, cpu;
	char name[16];

	if (sscanf(text, "%15s %u %u", name, &burst_us, &ms) != 3 ||
	    !burst_us || burst_us > 1000)
		return -EINVAL;
	variant = match_string(variants, VARIANTS, name);
	if (variant < 0)
		return variant;
	args.variant = variant;
	args.burst_cyc = bench_cyc(burst_us * 1000ULL);
	args.run_cyc = bench_cyc(ms * 1000000ULL);
	if (!runs)
		runs = vcalloc(nr_cpu_ids, sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	for_each_online_cpu(cpu) {
		if (!pvti_page(cpu))
			return -ENODEV;
		prepare(cpu);
	}
	return bench_crew(cpu_online_mask, false, work);
}

static void loop_show(struct seq_file *m)
{
	int cpu;

	for_each_online_cpu(cpu)
		seq_printf(m, "%d %llu %llu\n", cpu, runs[cpu].readings,
			   runs[cpu].wall_ns);
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
