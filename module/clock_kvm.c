// SPDX-License-Identifier: GPL-2.0
/*
 * kvm-clock: the time page that KVM keeps for each CPU.
 *
 * The page is read as the host wrote it: the kernel clamps to the last value that any CPU read.
 * Nothing of it is written: GUEST_STOPPED is the guest's watchdog's to clear, so it may be missed.
 */
#include <linux/cpu.h>
#include <linux/kobject.h>
#include <linux/percpu.h>

#include <asm/kvm_para.h>
#include <asm/processor.h>

/* in this order: asm/kvmclock.h does not include what it needs */
#include <asm/pvclock.h>
#include <asm/kvmclock.h>

#include "cpu.h"

/* A few microseconds: a host's update takes less, and interrupts may be off. */
#define COPY_TRIES	100

static_assert(TSCOPE_PAGE_STABLE == PVCLOCK_TSC_STABLE_BIT);
static_assert(TSCOPE_PAGE_STOPPED == PVCLOCK_GUEST_STOPPED);

/* The flags that count; CPUID says whether TSC_STABLE does. */
static u8 valid_flags = TSCOPE_PAGE_STOPPED;

static const u32 *kvm_sequence(int cpu)
{
	struct pvclock_vsyscall_time_info *page;

	/* without it there is no hv_clock_per_cpu to link with */
	if (!IS_ENABLED(CONFIG_KVM_GUEST))
		return NULL;
	page = per_cpu(hv_clock_per_cpu, cpu);
	return page ? &page->pvti.version : NULL;
}

/* By the version protocol of the KVM ABI: the host makes it odd, writes, makes it even. */
static bool kvm_copy(const u32 *sequence, struct tscope_timepage *to)
{
	const struct pvclock_vcpu_time_info *page =
		container_of(sequence, const struct pvclock_vcpu_time_info, version);
	int tries;

	for (tries = 0; tries < COPY_TRIES; tries++) {
		to->sequence = pvclock_read_begin(page);
		to->tsc = READ_ONCE(page->tsc_timestamp);
		to->ns = READ_ONCE(page->system_time);
		to->mult = (u64)READ_ONCE(page->tsc_to_system_mul) << 32;
		to->shift = READ_ONCE(page->tsc_shift);
		to->flags = READ_ONCE(page->flags) & valid_flags;
		if (!pvclock_read_retry(page, to->sequence))
			return true;
		cpu_relax();
	}
	return false;
}

static const struct tscope_timepage_ops kvm_page = {
	.sequence = kvm_sequence,
	.copy = kvm_copy,
	.unit_ns = 1,
};

static ssize_t khz_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct tscope_timepage p;
	u32 khz;

	if (!kvm_copy(kvm_sequence(0), &p))
		return -EAGAIN;
	khz = tscope_timepage_khz(&p);
	return khz ? sysfs_emit(buf, "%u\n", khz) : -ENODATA;
}

static ssize_t updates_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct tscope_cpu *c;
	u64 n = 0;

	for_each_tscope_cpu(c)
		n += READ_ONCE(c->updates);
	return sysfs_emit(buf, "%llu\n", n);
}

/* Whether each CPU that is online has TSC_STABLE now. */
static ssize_t stable_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct tscope_timepage p;
	bool stable = true;
	const u32 *sequence;
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		sequence = kvm_sequence(cpu);
		stable &= sequence && kvm_copy(sequence, &p) && p.flags & TSCOPE_PAGE_STABLE;
	}
	cpus_read_unlock();
	return sysfs_emit(buf, "%d\n", stable);
}

/* A pause stops all CPUs: the one that saw most saw each of them once. */
static ssize_t stopped_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct tscope_cpu *c;
	u64 n = 0;

	for_each_tscope_cpu(c)
		n = max(n, READ_ONCE(c->stopped));
	return sysfs_emit(buf, "%llu\n", n);
}

static struct kobj_attribute khz_attr = __ATTR_RO(khz);
static struct kobj_attribute updates_attr = __ATTR_RO(updates);
static struct kobj_attribute stable_attr = __ATTR_RO(stable);
static struct kobj_attribute stopped_attr = __ATTR_RO(stopped);

static struct attribute *kvm_attrs[] = {
	&khz_attr.attr,
	&updates_attr.attr,
	&stable_attr.attr,
	&stopped_attr.attr,
	NULL
};

static const struct attribute_group kvm_group = { .attrs = kvm_attrs };

/*
 * Why a CPU's page gives no time; NULL if it does. A hypervisor that imitates KVM's interface may
 * leave the page as the kernel allocated it, or may not know what belongs there.
 */
const char *tscope_kvm_page_fault(const u32 *sequence)
{
	struct tscope_timepage p;

	if (!kvm_copy(sequence, &p))
		return "the hypervisor leaves an update of its page unfinished";
	if (!p.sequence)
		return "the hypervisor has not written its page";
	if (!tscope_timepage_khz(&p))
		return "the hypervisor's multiplier and shift are those of no clock";
	return NULL;
}

static const char *kvm_probe(void)
{
	const char *fault;
	u32 base;

	if (!IS_ENABLED(CONFIG_KVM_GUEST))
		return "the kernel is built without KVM_GUEST";
	if (!kvm_sequence(0))
		return "not a KVM guest, or kvm-clock is off";
	fault = tscope_kvm_page_fault(kvm_sequence(0));
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
