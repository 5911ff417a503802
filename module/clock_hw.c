// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that count time by themselves: the ACPI power management timer and the High
 * Precision Event Timer. Both are independent of the TSC.
 *
 * Each read leaves the guest for the hypervisor's device model: some microseconds to
 * some hundred. Interrupts are off for one read and the two TSC reads around it.
 *
 * acpi-pm: 3.579545 MHz, 24 or 32 bits. Some chipsets give garbage when they are read
 * while the timer counts, so three reads have to come in order, and the one in the
 * middle counts.
 *
 * hpet: the main counter's lower 32 bits, for a 64-bit read is not one access
 * everywhere. Registers: IA-PC HPET specification 1.0a, 2.3.
 */
#include <linux/acpi.h>
#include <linux/acpi_pmtmr.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/time64.h>

#include "clock.h"
#include "counter.h"

#define PM_TICK_NS	280
/* Three reads in order are closer together than that part of a wrap, 0.3 s. */
#define PM_ORDER_BITS	4

#define REG_ID		0x000	/* lower half: capabilities, upper: period */
#define REG_PERIOD	0x004
#define REG_CONFIG	0x010
#define CONFIG_ENABLE	BIT(0)
#define REG_COUNTER	0x0f0
#define REG_BYTES	0x400

/* The specification's limit: 100 ns. */
#define PERIOD_MAX_FS	100000000
#define FS_PER_NS	1000000

static u16 port;
static struct tscope_counter pm_counter;

static void __iomem *regs;
static u32 hpet_tick_ns;
static struct tscope_counter hpet_counter;

static u32 pm_count(void)
{
	return inl(port);
}

static u32 hpet_count(void)
{
	return readl(regs + REG_COUNTER);
}

static u32 count_between(u32 (*count)(void), struct tscope_raw *raw)
{
	unsigned long flags;
	u32 value;

	local_irq_save(flags);
	raw->before = rdtsc_ordered();
	value = count();
	raw->after = rdtsc_ordered();
	local_irq_restore(flags);
	return value;
}

static void extend(struct tscope_counter *counter, u32 value,
		   struct tscope_raw *raw)
{
	raw->tsc = raw->before + (raw->after - raw->before) / 2;
	raw->ns = tscope_counter_ns(counter, value & counter->mask, raw->tsc,
				    tscope_tsc_khz);
	raw->begins = counter->uncertain;
}

static int pm_probe(const char **why)
{
	const struct acpi_generic_address *x = &acpi_gbl_FADT.xpm_timer_block;
	u32 first, i;

	if (acpi_disabled) {
		*why = "ACPI is off";
		return -ENODEV;
	}
	if (acpi_gbl_FADT.pm_timer_length != 4) {
		*why = "the FADT names no timer";
		return -ENODEV;
	}
	/* the extended address wins where it is given (ACPI 6.5, 5.2.9) */
	if (x->address && x->space_id != ACPI_ADR_SPACE_SYSTEM_IO) {
		*why = "the timer is not an I/O port";
		return -ENODEV;
	}
	port = x->address ?: acpi_gbl_FADT.pm_timer_block;
	if (!port) {
		*why = "the FADT names no port";
		return -ENODEV;
	}
	/* a tick takes 279 ns: a few reads see one, if the timer runs */
	first = inl(port);
	for (i = 0; i < 100 && inl(port) == first; i++)
		cpu_relax();
	if (i == 100 || first == U32_MAX) {
		*why = "the timer stands still";
		return -ENODEV;
	}
	memset(&pm_counter, 0, sizeof(pm_counter));
	pm_counter.num = NSEC_PER_SEC;
	pm_counter.den = PMTMR_TICKS_PER_SEC;
	pm_counter.mask = acpi_gbl_FADT.flags & ACPI_FADT_32BIT_TIMER ?
		       U32_MAX : GENMASK(23, 0);
	return 0;
}

static int pm_read(struct tscope_raw *raw)
{
	u32 first, value, last;

	*raw = (struct tscope_raw){ .tick_ns = PM_TICK_NS };
	first = pm_count();
	value = count_between(pm_count, raw);
	last = pm_count();
	if (((value - first) & pm_counter.mask) +
	    ((last - value) & pm_counter.mask) >
	    pm_counter.mask >> PM_ORDER_BITS)
		return -EAGAIN;
	extend(&pm_counter, value, raw);
	return 0;
}

const struct tscope_clock_ops tscope_clock_acpi_pm = {
	.name = "acpi-pm",
	.kind = TSCOPE_KIND_DEVICE,
	.lane = TSCOPE_NO_LANE,
	.series = true,
	.probe = pm_probe,
	.read = pm_read,
};

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
	hpet_tick_ns = DIV_ROUND_UP(period_fs, FS_PER_NS);
	memset(&hpet_counter, 0, sizeof(hpet_counter));
	hpet_counter.num = period_fs;
	hpet_counter.den = FS_PER_NS;
	hpet_counter.mask = U32_MAX;
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
	u32 value;

	*raw = (struct tscope_raw){ .tick_ns = hpet_tick_ns };
	value = count_between(hpet_count, raw);
	extend(&hpet_counter, value, raw);
	return 0;
}

const struct tscope_clock_ops tscope_clock_hpet = {
	.name = "hpet",
	.kind = TSCOPE_KIND_DEVICE,
	.lane = TSCOPE_NO_LANE,
	.series = true,
	.probe = hpet_probe,
	.remove = hpet_remove,
	.read = hpet_read,
};
