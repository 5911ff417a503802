// SPDX-License-Identifier: GPL-2.0
/*
 * hyperv: the reference TSC page, which Hyper-V keeps for all CPUs. KVM keeps one too if it
 * imitates Hyper-V.
 *
 * Hyper-V's clock counts units of 100 ns (Hypervisor Top-Level Functional Specification, Partition
 * Reference Time Enlightenment):
 *
 *	((tsc * scale) >> 64) + offset
 *
 * Programs read whole units. The page also defines the fraction of a unit, and bursts evaluate the
 * line with it: if the units go back, the line does too, and it shows differences that the units
 * hide.
 */
#include <linux/bitops.h>
#include <linux/kobject.h>

#include <asm/processor.h>

#include <clocksource/hyperv_timer.h>
/* not all kernels' hyperv_timer.h includes it */
#include <asm/mshyperv.h>

#include "cpu.h"

/* The unit of the page's scale and offset. */
#define UNIT_NS		100

/* A page that changes again while it is copied is copied again. */
#define COPY_TRIES	100

/* All CPUs have the same page. */
static const u32 *hyperv_sequence(int cpu)
{
	return (const u32 *)&hv_get_tsc_page()->tsc_sequence;
}

/*
 * By the protocol of the specification: the hypervisor changes the sequence word with each update.
 * 0 says that the page is not valid, also while KVM writes it. The page's line begins at TSC 0, so
 * the copy's @tsc is 0. The shift drops bits that are 0 for a TSC of 250 MHz or more; for a slower
 * TSC the line falls behind by less than 2^-57 ns a cycle.
 */
static bool hyperv_copy(const u32 *sequence, struct tscope_timepage *to)
{
	const struct ms_hyperv_tsc_page *page =
		container_of(sequence, const struct ms_hyperv_tsc_page, tsc_sequence);
	u128 mult;
	int tries;

	for (tries = 0; tries < COPY_TRIES; tries++) {
		to->sequence = READ_ONCE(*sequence);
		if (!to->sequence)
			return false;
		smp_rmb();	/* the word before the values that it guards */
		mult = (u128)page->tsc_scale * UNIT_NS;
		to->ns = (u64)page->tsc_offset * UNIT_NS;
		smp_rmb();	/* and again after them */
		if (READ_ONCE(*sequence) == to->sequence) {
			to->tsc = 0;
			to->shift = fls64(mult >> 64);
			to->mult = mult >> to->shift;
			to->flags = TSCOPE_PAGE_STABLE;
			return true;
		}
		cpu_relax();
	}
	return false;
}

static const struct tscope_timepage_ops hyperv_page = {
	.sequence = hyperv_sequence,
	.copy = hyperv_copy,
	.unit_ns = UNIT_NS,
};

static ssize_t khz_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct tscope_timepage p;
	u32 khz;

	if (!hyperv_copy(hyperv_sequence(0), &p))
		return -ENODATA;
	khz = tscope_timepage_khz(&p);
	return khz ? sysfs_emit(buf, "%u\n", khz) : -ENODATA;
}

/* There is one page: the CPU that saw most of its updates saw each of them once. */
static ssize_t updates_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct tscope_cpu *c;
	u64 n = 0;

	for_each_tscope_cpu(c)
		n = max(n, READ_ONCE(c->updates));
	return sysfs_emit(buf, "%llu\n", n);
}

static ssize_t valid_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct tscope_timepage p;

	return sysfs_emit(buf, "%d\n", hyperv_copy(hyperv_sequence(0), &p));
}

static struct kobj_attribute khz_attr = __ATTR_RO(khz);
static struct kobj_attribute updates_attr = __ATTR_RO(updates);
static struct kobj_attribute valid_attr = __ATTR_RO(valid);

static struct attribute *hyperv_attrs[] = {
	&khz_attr.attr,
	&updates_attr.attr,
	&valid_attr.attr,
	NULL
};

static const struct attribute_group hyperv_group = { .attrs = hyperv_attrs };

/* A page that is not valid may become valid: the clock is present, without readings until then. */
static const char *hyperv_probe(void)
{
	struct tscope_timepage p;

	if (!IS_ENABLED(CONFIG_HYPERV_TIMER))
		return "the kernel is built without HYPERV_TIMER";
	/* a kernel detects one hypervisor only: if that is KVM, these features are 0 */
	if (!(ms_hyperv.features & HV_MSR_REFERENCE_TSC_AVAILABLE))
		return "not a Hyper-V guest, or there is no reference TSC page";
	if (hyperv_copy(hyperv_sequence(0), &p) && !tscope_timepage_khz(&p))
		return "the hypervisor's scale is implausible";
	return NULL;
}

const struct tscope_clock_ops tscope_clock_hyperv = {
	.name = "hyperv",
	.kind = TSCOPE_KIND_PAGE,
	.lane = TSCOPE_LANE_PAGE,
	.group = &hyperv_group,
	.page = &hyperv_page,
	.probe = hyperv_probe,
};
