// SPDX-License-Identifier: GPL-2.0
/*
 * call: reads that cost a VM exit, and ktime_get_raw, each between two ordered
 * TSC reads with interrupts off; two or four in a row, 10 ms apart, as tscope
 * takes them. WHAT: ptp-kvm, acpi-pm, hpet, monotonic-raw.
 *
 * Results, one line: reads, the shortest, median and mean in ns.
 */
#include <linux/acpi.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/kvm_para.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "bench.h"

#define HPET_COUNTER	0x0f0
#define HPET_BYTES	0x400

static struct tscope_hist width;
static unsigned int reads;

static struct kvm_clock_pairing *pairing;
static phys_addr_t pairing_gpa;
static void __iomem *hpet;
static u32 port;
static long ptp_err;

static int ptp_take(void)
{
	pairing = (void *)get_zeroed_page(GFP_KERNEL);
	if (!pairing)
		return -ENOMEM;
	pairing_gpa = slow_virt_to_phys(pairing);
	return 0;
}

static void ptp_give(void)
{
	free_page((unsigned long)pairing);
}

/* A read returns its cycles. What it calls is not behind a pointer. */
static u64 ptp_read(void)
{
	u64 before = rdtsc_ordered();

	ptp_err = kvm_hypercall2(KVM_HC_CLOCK_PAIRING, pairing_gpa,
				 KVM_CLOCK_PAIRING_WALLCLOCK);
	return rdtsc_ordered() - before;
}

static int pm_take(void)
{
	port = acpi_gbl_FADT.xpm_timer_block.address ?:
	       acpi_gbl_FADT.pm_timer_block;
	return port ? 0 : -ENODEV;
}

static u64 pm_read(void)
{
	u64 before = rdtsc_ordered();

	inl(port);
	return rdtsc_ordered() - before;
}

static int hpet_take(void)
{
	struct acpi_table_header *table;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_HPET, 0, &table)))
		return -ENODEV;
	hpet = ioremap(((struct acpi_table_hpet *)table)->address.address,
		       HPET_BYTES);
	acpi_put_table(table);
	return hpet ? 0 : -ENODEV;
}

static void hpet_give(void)
{
	iounmap(hpet);
}

static u64 hpet_read(void)
{
	u64 before = rdtsc_ordered();

	readl(hpet + HPET_COUNTER);
	return rdtsc_ordered() - before;
}

static u64 raw_read(void)
{
	u64 before = rdtsc_ordered();

	bench_raw_ns();
	return rdtsc_ordered() - before;
}

static const struct source {
	const char *name;
	int (*take)(void);
	void (*give)(void);
	u64 (*read)(void);
	unsigned int in_a_row;
} sources[] = {
	{ "ptp-kvm", ptp_take, ptp_give, ptp_read, 2 },
	{ "acpi-pm", pm_take, NULL, pm_read, 2 },
	{ "hpet", hpet_take, hpet_give, hpet_read, 2 },
	{ "monotonic-raw", NULL, NULL, raw_read, 4 },
};

static const struct source *source;

static int work(int cpu)
{
	unsigned long flags;
	unsigned int i;
	u64 cyc;

	ptp_err = 0;
	for (i = 0; i < reads; i++) {
		if (i % source->in_a_row == 0)
			usleep_range(10000, 10100);
		local_irq_save(flags);
		cyc = source->read();
		local_irq_restore(flags);
		if (ptp_err)
			return -EIO;
		tscope_hist_add(&width, bench_cyc_to_ns(cyc));
	}
	return 0;
}

static int call_run(const char *text)
{
	unsigned int i;
	char name[16];
	int err;

	if (sscanf(text, "%15s %u", name, &reads) != 2)
		return -EINVAL;
	source = NULL;
	for (i = 0; i < ARRAY_SIZE(sources); i++)
		if (!strcmp(sources[i].name, name))
			source = &sources[i];
	if (!source)
		return -EINVAL;
	tscope_hist_init(&width);
	err = source->take ? source->take() : 0;
	if (err)
		return err;
	err = bench_crew(cpumask_of(0), false, work);
	if (source->give)
		source->give();
	return err;
}

static void call_show(struct seq_file *m)
{
	seq_printf(m, "%llu %llu %llu %llu\n", width.count, width.min,
		   bench_quantile(&width, 5000),
		   div64_u64(width.sum, width.count ?: 1));
}

const struct bench_test bench_call = {
	.name = "call",
	.run = call_run,
	.show = call_show,
};
