// SPDX-License-Identifier: GPL-2.0
/* The time page that KVM and Xen have in common, and the sysfs files of its clocks. */
#include <linux/cpu.h>

#include <asm/pvclock.h>

#include "cpu.h"
#include "pvclock.h"

/* These take a few microseconds: a host's update takes less, and interrupts may be off. */
#define COPY_TRIES	100

static_assert(TSCOPE_PAGE_STABLE == PVCLOCK_TSC_STABLE_BIT);
static_assert(TSCOPE_PAGE_STOPPED == PVCLOCK_GUEST_STOPPED);

/**
 * tscope_pvclock_copy() - a consistent copy of a CPU's page
 * @sequence: address of the page's version
 * @to: copy
 *
 * By the version protocol of the KVM ABI, which is Xen's: the host makes the version odd, writes
 * the page, and makes the version even. A version of 0 is that of a page which the host has not
 * written, or which the guest has cleared. Context: any, interrupts off in a burst.
 * Return: false if there is no time in the page, or the host left an update unfinished.
 */
bool tscope_pvclock_copy(const u32 *sequence, struct tscope_timepage *to)
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
		to->flags = READ_ONCE(page->flags) & (TSCOPE_PAGE_STABLE | TSCOPE_PAGE_STOPPED);
		if (!pvclock_read_retry(page, to->sequence))
			return to->sequence;
		cpu_relax();
	}
	return false;
}

/**
 * tscope_pvclock_fault() - why a CPU's page gives no time
 * @sequence: address of the page's version
 *
 * A hypervisor that imitates the interface may leave the page as the kernel allocated it, or may
 * not know what belongs there. Context: process; divides.
 * Return: the reason, NULL if the page gives time.
 */
const char *tscope_pvclock_fault(const u32 *sequence)
{
	struct tscope_timepage p;

	if (!READ_ONCE(*sequence))
		return "the hypervisor has not written its page";
	if (!tscope_pvclock_copy(sequence, &p))
		return "the hypervisor leaves an update of its page unfinished";
	if (!tscope_timepage_khz(&p))
		return "the hypervisor's multiplier and shift are implausible";
	return NULL;
}

static bool copy_of(struct kobject *dir, int cpu, struct tscope_timepage *p)
{
	const struct tscope_timepage_ops *page = tscope_clock_of(dir)->ops->page;
	const u32 *sequence = page->sequence(cpu);

	return sequence && page->copy(sequence, p);
}

static ssize_t khz_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct tscope_timepage p;
	u32 khz;

	if (!copy_of(dir, 0, &p))
		return -EAGAIN;
	khz = tscope_timepage_khz(&p);
	return khz ? sysfs_emit(buf, "%u\n", khz) : -ENODATA;
}

static ssize_t updates_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct tscope_cpu *c;
	u64 n = 0;

	for_each_tscope_cpu(c)
		n += READ_ONCE(c->updates);
	return sysfs_emit(buf, "%llu\n", n);
}

/* Whether the pages of all online CPUs have TSC_STABLE now. */
static ssize_t stable_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct tscope_timepage p;
	bool stable = true;
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		stable &= copy_of(dir, cpu, &p) && p.flags & TSCOPE_PAGE_STABLE;
	cpus_read_unlock();
	return sysfs_emit(buf, "%d\n", stable);
}

struct kobj_attribute tscope_pvclock_khz = __ATTR_RO(khz);
struct kobj_attribute tscope_pvclock_updates = __ATTR_RO(updates);
struct kobj_attribute tscope_pvclock_stable = __ATTR_RO(stable);
