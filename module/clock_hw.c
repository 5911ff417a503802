// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that count time by themselves: the ACPI power management timer and the High Precision
 * Event Timer. A read leaves the guest for the hypervisor's device model: some us to some hundred.
 *
 * acpi-pm: 3.579545 MHz, 24 or 32 bits. Some chipsets give garbage when they are read while the
 * timer counts, so three reads have to come in order, and the one in the middle counts.
 *
 * hpet: the main counter's lower 32 bits, because a 64-bit read is not one access everywhere.
 * Registers: IA-PC HPET specification 1.0a, 2.3.
 */
#include <linux/acpi.h>
#include <linux/acpi_pmtmr.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/time64.h>
#include <asm/hpet.h>

#include "clock.h"

/* Three reads in order are closer together than 2^-4 of a wrap, which is 0.3 s or more. */
#define ORDER_BITS	4

#define REG_PERIOD	0x004
#define REG_COUNTER	0x0f0
#define REG_BYTES	0x400

#define PERIOD_MAX_FS	100000000	/* the specification's limit */
#define FS_PER_NS	1000000

/*
 * Read a device's counter between two TSC reads. Context: the leader's thread; interrupts on, and
 * off for one read of the counter. Returns 0, or -EAGAIN for a value that is garbage.
 */
int tscope_device_read(struct tscope_device *d, struct tscope_raw *raw)
{
	u32 first = 0, value, last, mask = d->counter.mask;
	unsigned long flags;

	*raw = (struct tscope_raw){
		.tick_ns = DIV_ROUND_UP_ULL(d->counter.num, d->counter.den),
	};
	if (d->in_order)
		first = d->count();

	local_irq_save(flags);
	raw->before = rdtsc_ordered();
	value = d->count();
	raw->after = rdtsc_ordered();
	local_irq_restore(flags);

	if (d->in_order) {
		last = d->count();
		if (((value - first) & mask) + ((last - value) & mask) > mask >> ORDER_BITS)
			return -EAGAIN;
	}
	raw->tsc = raw->before + (raw->after - raw->before) / 2;
	raw->ns = tscope_counter_ns(&d->counter, value & mask, raw->tsc, tscope_tsc_khz);
	raw->source = d->gaps += d->counter.uncertain;
	return 0;
}

/* Whether a counter moves: it is read often enough to see any change. */
static bool is_counting(u32 (*count)(void))
{
	u32 first = count(), i;

	for (i = 0; i < 100; i++)
		if (count() != first)
			return true;
	return false;
}

static u16 port;

static u32 pm_count(void)
{
	return inl(port);
}

static struct tscope_device pm = {
	.count = pm_count,
	.in_order = true,
};

static const char *pm_probe(void)
{
	const struct acpi_generic_address *x = &acpi_gbl_FADT.xpm_timer_block;

	if (acpi_disabled)
		return "ACPI is off";
	if (acpi_gbl_FADT.pm_timer_length != 4)
		return "the FADT names no timer";
	/* the extended address is used if it is given (ACPI 6.5, 5.2.9) */
	if (x->address && x->space_id != ACPI_ADR_SPACE_SYSTEM_IO)
		return "the timer is not an I/O port";
	port = x->address ?: acpi_gbl_FADT.pm_timer_block;
	if (!port)
		return "the FADT names no port";
	if (!is_counting(pm_count))
		return "the timer stands still";
	pm.counter = (struct tscope_counter){
		.num = NSEC_PER_SEC, .den = PMTMR_TICKS_PER_SEC,
		.mask = acpi_gbl_FADT.flags & ACPI_FADT_32BIT_TIMER ? U32_MAX : GENMASK(23, 0),
	};
	return NULL;
}

static int pm_read(struct tscope_raw *raw)
{
	return tscope_device_read(&pm, raw);
}

const struct tscope_clock_ops tscope_clock_acpi_pm = {
	.name = "acpi-pm",
	.kind = TSCOPE_KIND_BRACKETED,
	.lane = TSCOPE_NO_LANE,
	.probe = pm_probe,
	.read = pm_read,
};

static void __iomem *regs;

static u32 hpet_count(void)
{
	return readl(regs + REG_COUNTER);
}

static struct tscope_device hpet = { .count = hpet_count };

static const char *hpet_check(void)
{
	u32 period_fs = readl(regs + REG_PERIOD);

	if (!period_fs || period_fs > PERIOD_MAX_FS)
		return "its period makes no sense";
	/* a timer that only the firmware started, not the kernel, may halt in idle states */
	if (!is_hpet_enabled())
		return "the kernel has not started it";
	if (!is_counting(hpet_count))
		return "it stands still";
	hpet.counter = (struct tscope_counter){
		.num = period_fs, .den = FS_PER_NS, .mask = U32_MAX,
	};
	return NULL;
}

static void hpet_remove(void)
{
	iounmap(regs);
}

static const char *hpet_probe(void)
{
	struct acpi_table_header *table;
	struct acpi_table_hpet *at;
	const char *why;

	if (acpi_disabled || ACPI_FAILURE(acpi_get_table(ACPI_SIG_HPET, 0, &table)))
		return "ACPI names none";
	at = container_of(table, struct acpi_table_hpet, header);
	if (at->address.space_id == ACPI_ADR_SPACE_SYSTEM_MEMORY && at->address.address)
		regs = ioremap(at->address.address, REG_BYTES);
	acpi_put_table(table);
	if (!regs)
		return "its registers can't be mapped";
	why = hpet_check();
	if (why)
		hpet_remove();
	return why;
}

static int hpet_read(struct tscope_raw *raw)
{
	return tscope_device_read(&hpet, raw);
}

const struct tscope_clock_ops tscope_clock_hpet = {
	.name = "hpet",
	.kind = TSCOPE_KIND_BRACKETED,
	.lane = TSCOPE_NO_LANE,
	.probe = hpet_probe,
	.remove = hpet_remove,
	.read = hpet_read,
};
