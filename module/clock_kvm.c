// SPDX-License-Identifier: GPL-2.0
/*
 * kvm-clock: each CPU's own raw pvti, evaluated at an ordered TSC value.
 *
 * Never the kernel's read of it: that is clamped to the last value any CPU
 * read, which hides what is looked for. Nothing of the pvti is ever written;
 * GUEST_STOPPED is the guest's watchdog's to clear, so it may be missed.
 *
 * The burst reads it; here stands what a change of a pvti means. At an update
 * the old and the new pvti are evaluated at one TSC value: the step is exact
 * but for the nanosecond that each rounds off.
 */
#include <linux/kobject.h>
#include <linux/percpu.h>

#include <asm/kvm_para.h>
#include <asm/processor.h>

/* in this order: asm/kvmclock.h does not include what it needs */
#include <asm/pvclock.h>
#include <asm/kvmclock.h>

#include "cpu.h"
#include "trace.h"
#include "violations.h"
#include "wide.h"

/*
 * An update takes the host less than a microsecond, and a CPU's own page is
 * never seen half-written: so many tries are some microseconds, and more would
 * keep interrupts off for longer than a burst may.
 */
#define COPY_TRIES	100

/**
 * tscope_kvm_page() - the page that the host writes a CPU's pvti to
 * @cpu: CPU
 *
 * Context: any.
 *
 * Return: the pvti, NULL where kvm-clock is off.
 */
struct pvclock_vcpu_time_info *tscope_kvm_page(int cpu)
{
	struct pvclock_vsyscall_time_info *page;

	/* without it there is no hv_clock_per_cpu to link with */
	if (!IS_ENABLED(CONFIG_KVM_GUEST))
		return NULL;
	page = per_cpu(hv_clock_per_cpu, cpu);
	return page ? &page->pvti : NULL;
}

/**
 * tscope_kvm_copy() - a consistent copy of a pvti
 * @page: any CPU's
 * @to: the copy
 *
 * By the version protocol of the KVM ABI. Context: any.
 *
 * Return: false where the host left an update unfinished.
 */
bool tscope_kvm_copy(const struct pvclock_vcpu_time_info *page,
		     struct tscope_pvti *to)
{
	int tries;

	for (tries = 0; tries < COPY_TRIES; tries++) {
		to->version = READ_ONCE(page->version);
		/* the host makes the version odd, writes, makes it even */
		virt_rmb();
		to->tsc = READ_ONCE(page->tsc_timestamp);
		to->ns = READ_ONCE(page->system_time);
		to->mul = READ_ONCE(page->tsc_to_system_mul);
		to->shift = READ_ONCE(page->tsc_shift);
		to->flags = READ_ONCE(page->flags);
		/* and so an unchanged even version means a whole copy */
		virt_rmb();
		if (!(to->version & 1) &&
		    to->version == READ_ONCE(page->version))
			return true;
		cpu_relax();
	}
	return false;
}

/* CPUID says that TSCOPE_PVTI_STABLE means something. */
static bool stable_bit_valid;

/**
 * tscope_kvm_stable() - whether a pvti is of a master clock
 * @p: copy of a pvti
 *
 * Context: any.
 *
 * Return: whether it has the flag, and CPUID says that the flag counts.
 */
bool tscope_kvm_stable(const struct tscope_pvti *p)
{
	return stable_bit_valid && p->flags & TSCOPE_PVTI_STABLE;
}

/* Without CPUID's word the flag is none. */
static void clear_invalid_flag(struct tscope_pvti *p)
{
	if (!tscope_kvm_stable(p))
		p->flags &= ~TSCOPE_PVTI_STABLE;
}

/**
 * tscope_kvm_report() - report updates of a CPU's time page
 * @c: the CPU
 * @clk: kvm-clock
 * @event: the updates, in their order
 * @n: how many
 * @leader: the CPU takes the points, which a change of the rate cuts
 *
 * A step is what it was when the new page began to hold, whenever that is
 * looked at: the two may run at different rates.
 *
 * Context: the CPU's sampler, interrupts on.
 */
void tscope_kvm_report(struct tscope_cpu *c, struct tscope_clock *clk,
		       struct tscope_pvti_event *event, unsigned int n,
		       bool leader)
{
	struct tscope_pvti_event *e;
	struct tscope_step step;
	bool stepped;

	for (e = event; e < event + n; e++) {
		/* no page says what was before it */
		step.ns = tscope_pvti_step(&e->old, &e->new,
					   e->new.tsc >= e->old.tsc ?
					   e->new.tsc : e->tsc);
		/* exact where the new one begins, else each is rounded */
		step.error_ns = e->new.tsc >= e->old.tsc ? 1 : 2;
		step.tsc = e->tsc;
		WRITE_ONCE(c->updates, c->updates + e->updates);
		if (e->new.flags & ~e->old.flags & TSCOPE_PVTI_STOPPED)
			WRITE_ONCE(c->stopped, c->stopped + 1);
		trace_tscope_pvti_update(c->cpu, e->new.version, step.ns,
					 e->new.mul, e->new.shift,
					 e->new.flags, e->tsc);

		stepped = tscope_abs64(step.ns) >= TSCOPE_PVTI_STEP_NS;
		clear_invalid_flag(&e->old);
		clear_invalid_flag(&e->new);
		if (tscope_clock_updated(clk, &e->old, &e->new, &step))
			tscope_step_record("kvm-clock", c->cpu, &step);
		if (leader &&
		    (stepped ||
		     e->old.mul != e->new.mul || e->old.shift != e->new.shift))
			tscope_clock_break(clk);
	}
}

static ssize_t khz_show(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf)
{
	struct tscope_pvti p;

	if (!tscope_kvm_copy(tscope_kvm_page(0), &p))
		return -EAGAIN;
	return sysfs_emit(buf, "%u\n", tscope_pvti_khz(p.mul, p.shift));
}

static ssize_t updates_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct tscope_cpu *c;
	u64 n = 0;

	for_each_tscope_cpu(c)
		n += READ_ONCE(c->updates);
	return sysfs_emit(buf, "%llu\n", n);
}

/* Whether each CPU that is online has TSC_STABLE now. */
static ssize_t stable_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct pvclock_vcpu_time_info *page;
	struct tscope_pvti p;
	bool stable = true;
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		page = tscope_kvm_page(cpu);
		stable &= page && tscope_kvm_copy(page, &p) &&
			  tscope_kvm_stable(&p);
	}
	cpus_read_unlock();
	return sysfs_emit(buf, "%d\n", stable);
}

/* A pause stops all CPUs: the one that saw most saw each of them once. */
static ssize_t stopped_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
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

static const struct attribute_group kvm_group = {
	.attrs = kvm_attrs,
};

static int kvm_probe(const char **why)
{
	u32 base;

	if (!tscope_kvm_page(0)) {
		*why = "not a KVM guest, or kvm-clock is off";
		return -ENODEV;
	}
	base = hypervisor_cpuid_base("KVMKVMKVM\0\0\0", 0);
	stable_bit_valid = base && cpuid_eax(base | KVM_CPUID_FEATURES) &
			   BIT(KVM_FEATURE_CLOCKSOURCE_STABLE_BIT);
	return 0;
}

const struct tscope_clock_ops tscope_clock_kvm = {
	.name = "kvm-clock",
	.kind = TSCOPE_KIND_PAGE,
	.lane = TSCOPE_LANE_KVM,
	.series = true,
	.group = &kvm_group,
	.probe = kvm_probe,
};
