// SPDX-License-Identifier: GPL-2.0
/*
 * hpet: the main counter of the High Precision Event Timer.
 *
 * Independent of the TSC. A memory-mapped read, in a guest a VM exit to the
 * hypervisor's device model: some microseconds to some hundred. Its lower 32
 * bits are read, for a 64-bit read is not one access everywhere. Registers:
 * IA-PC HPET specification 1.0a, 2.3.
 */
#include <linux/acpi.h>
#include <linux/io.h>

#include "clock.h"
#include "counter.h"

#define REG_ID		0x000	/* lower half: capabilities, upper: period */
#define REG_PERIOD	0x004
#define REG_CONFIG	0x010
#define CONFIG_ENABLE	BIT(0)
#define REG_COUNTER	0x0f0
#define REG_BYTES	0x400

/* The specification's limit: 100 ns. */
#define PERIOD_MAX_FS	100000000
#define FS_PER_NS	1000000

static void __iomem *regs;
static struct tscope_counter counter;

static int hpet_check(const char **why)
{
	u32 period_fs = readl(regs + REG_PERIOD), first, i;

	if (!period_fs || period_fs > PERIOD_MAX_FS) {
		*why = "its period makes no sense";
		return -ENODEV;
	}
	/* it is the kernel's to start */
	if (!(readl(regs + REG_CONFIG) & CONFIG_ENABLE)) {
		*why = "the kernel has not started it";
		return -ENODEV;
	}
	first = readl(regs + REG_COUNTER);
	for (i = 0; i < 100 && readl(regs + REG_COUNTER) == first; i++)
		cpu_relax();
	if (i == 100) {
		*why = "it stands still";
		return -ENODEV;
	}
	memset(&counter, 0, sizeof(counter));
	counter.num = period_fs;
	counter.den = FS_PER_NS;
	counter.mask = U32_MAX;
	return 0;
}

static int hpet_probe(const char **why)
{
	struct acpi_table_header *table;
	struct acpi_table_hpet *hpet;
	int err;

	if (acpi_disabled ||
	    ACPI_FAILURE(acpi_get_table(ACPI_SIG_HPET, 0, &table))) {
		*why = "ACPI names none";
		return -ENODEV;
	}
	hpet = container_of(table, struct acpi_table_hpet, header);
	if (hpet->address.space_id == ACPI_ADR_SPACE_SYSTEM_MEMORY &&
	    hpet->address.address)
		regs = ioremap(hpet->address.address, REG_BYTES);
	acpi_put_table(table);
	if (!regs) {
		*why = "its registers can't be mapped";
		return -ENODEV;
	}
	err = hpet_check(why);
	if (err) {
		iounmap(regs);
		regs = NULL;
	}
	return err;
}

static void hpet_remove(void)
{
	iounmap(regs);
	regs = NULL;
}

static int hpet_read(struct tscope_raw *raw)
{
	raw->before = rdtsc_ordered();
	raw->value = readl(regs + REG_COUNTER);
	raw->after = rdtsc_ordered();
	return 0;
}

static u64 hpet_to_ns(const struct tscope_raw *raw)
{
	return tscope_counter_ns(&counter, raw->value, raw->tsc,
				 tscope_tsc_khz);
}

const struct tscope_clock_ops tscope_clock_hpet = {
	.name = "hpet",
	.resolution_ns = 100,
	.lane = TSCOPE_NO_LANE,
	.series = true,
	.costly = true,
	.probe = hpet_probe,
	.remove = hpet_remove,
	.read = hpet_read,
	.to_ns = hpet_to_ns,
};
