// SPDX-License-Identifier: GPL-2.0
/*
 * acpi-pm: the ACPI power management timer, 3.579545 MHz, 24 or 32 bits.
 *
 * Independent of the TSC, and a VM exit to the hypervisor's device model at
 * each read: some microseconds to some hundred.
 */
#include <linux/acpi.h>
#include <linux/acpi_pmtmr.h>
#include <linux/io.h>
#include <linux/time64.h>

#include "clock.h"
#include "counter.h"

static u16 port;
static struct tscope_counter counter;

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
	memset(&counter, 0, sizeof(counter));
	counter.num = NSEC_PER_SEC;
	counter.den = PMTMR_TICKS_PER_SEC;
	counter.mask = acpi_gbl_FADT.flags & ACPI_FADT_32BIT_TIMER ?
		       U32_MAX : GENMASK(23, 0);
	return 0;
}

static int pm_read(struct tscope_raw *raw)
{
	raw->before = rdtsc_ordered();
	raw->value = inl(port);
	raw->after = rdtsc_ordered();
	return 0;
}

static u64 pm_to_ns(const struct tscope_raw *raw)
{
	return tscope_counter_ns(&counter, raw->value & counter.mask, raw->tsc,
				 tscope_tsc_khz);
}

const struct tscope_clock_ops tscope_clock_acpi_pm = {
	.name = "acpi-pm",
	.resolution_ns = 280,
	.lane = TSCOPE_NO_LANE,
	.series = true,
	.costly = true,
	.probe = pm_probe,
	.read = pm_read,
	.to_ns = pm_to_ns,
};
