// SPDX-License-Identifier: GPL-2.0
/*
 * kvm-clock: the time page that KVM keeps for each CPU.
 *
 * The page is read as the host wrote it, not through the kernel, which raises the clock to the last
 * value that any CPU read. The page is never written: GUEST_STOPPED is left for the guest's
 * watchdog to clear, so tscope may miss it.
 */
#include <linux/kobject.h>
#include <linux/percpu.h>

#include <asm/kvm_para.h>
#include <asm/processor.h>

/* in this order: asm/kvmclock.h does not include what it needs */
#include <asm/pvclock.h>
#include <asm/kvmclock.h>

#include "cpu.h"
#include "pvclock.h"

/* The flags that are used; TSC_STABLE is one of them if CPUID says that it is valid. */
static u8 valid_flags = TSCOPE_PAGE_STOPPED;

static const u32 *kvm_sequence(int cpu)
{
	struct pvclock_vsyscall_time_info *page;

	/* without KVM_GUEST there is no hv_clock_per_cpu to link with */
	if (!IS_ENABLED(CONFIG_KVM_GUEST))
		return NULL;
	page = per_cpu(hv_clock_per_cpu, cpu);
	return page ? &page->pvti.version : NULL;
}

static bool kvm_copy(const u32 *sequence, struct tscope_timepage *to)
{
	if (!tscope_pvclock_copy(sequence, to))
		return false;
	to->flags &= valid_flags;
	return true;
}

static const struct tscope_timepage_ops kvm_page = {
	.sequence = kvm_sequence,
	.copy = kvm_copy,
	.unit_ns = 1,
};

/* A pause stops all CPUs: the CPU that saw most pauses saw each of them once. */
static ssize_t stopped_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct tscope_cpu *c;
	u64 n = 0;

	for_each_tscope_cpu(c)
		n = max(n, READ_ONCE(c->stopped));
	return sysfs_emit(buf, "%llu\n", n);
}

static struct kobj_attribute stopped_attr = __ATTR_RO(stopped);

static struct attribute *kvm_attrs[] = {
	&tscope_pvclock_khz.attr,
	&tscope_pvclock_updates.attr,
	&tscope_pvclock_stable.attr,
	&stopped_attr.attr,
	NULL
};

static const struct attribute_group kvm_group = { .attrs = kvm_attrs };

static const char *kvm_probe(void)
{
	const char *fault;
	u32 base;

	if (!IS_ENABLED(CONFIG_KVM_GUEST))
		return "the kernel is built without KVM_GUEST";
	if (!kvm_sequence(0))
		return "not a KVM guest, or kvm-clock is off";
	fault = tscope_pvclock_fault(kvm_sequence(0));
	if (fault)
		return fault;
	base = cpuid_base_hypervisor("KVMKVMKVM\0\0\0", 0);
	if (base && cpuid_eax(base | KVM_CPUID_FEATURES) & BIT(KVM_FEATURE_CLOCKSOURCE_STABLE_BIT))
		valid_flags |= TSCOPE_PAGE_STABLE;
	return NULL;
}

const struct tscope_clock_ops tscope_clock_kvm = {
	.name = "kvm-clock",
	.kind = TSCOPE_KIND_PAGE,
	.lane = TSCOPE_LANE_PAGE,
	.group = &kvm_group,
	.page = &kvm_page,
	.probe = kvm_probe,
};
