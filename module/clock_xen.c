// SPDX-License-Identifier: GPL-2.0
/*
 * xen: the time page that Xen keeps for each vCPU.
 *
 * The kernel does not export the pages that it reads itself. So this provider registers a page of
 * its own for each vCPU (VCPUOP_register_vcpu_time_memory_area, xen/interface/vcpu.h), which Xen
 * writes whenever it writes the kernel's. A vCPU can have only one such page: if the kernel has
 * registered one for vCPU 0, which programs read, tscope reads that page and leaves it alone.
 *
 * Xen writes a page by its virtual address until another page, or none, is registered: memory that
 * Xen may write is never freed. A restored or migrated guest has to register its pages again.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/gfp.h>
#include <linux/kobject.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <asm/processor.h>
#include <asm/pvclock.h>
#include <asm/xen/hypercall.h>
#include <asm/xen/hypervisor.h>

#include <xen/features.h>
#include <xen/xen.h>
#include <xen/xen-ops.h>

#include "clock.h"
#include "clock_xen.h"
#include "pvclock.h"

/* CPUID leaf, counted from Xen's first one; asm/xen/cpuid.h describes its registers. */
#define LEAF_TSC	3
#define TSC_EMULATED	BIT(0)

static int set_area(struct pvclock_vcpu_time_info *page)
{
	struct vcpu_register_time_memory_area area = { .addr.v = page };

	if (!IS_ENABLED(CONFIG_XEN))
		return -EOPNOTSUPP;
	return HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_time_memory_area,
				  xen_vcpu_nr(smp_processor_id()), &area);
}

static DEFINE_PER_CPU(struct tscope_xen_area, areas);
static enum cpuhp_state hotplug_state;

/**
 * tscope_xen_take() - register a CPU's page, and allocate it before if needed
 * @area: the area of the CPU that calls
 * Context: process, may sleep.
 * Return: 0, -ENOMEM, or the hypervisor's errno.
 */
int tscope_xen_take(struct tscope_xen_area *area)
{
	unsigned long flags;
	int err;

	/* memory of the direct map is in every page table */
	if (!area->page)
		area->page = (void *)get_zeroed_page(GFP_KERNEL);
	if (!area->page)
		return -ENOMEM;
	local_irq_save(flags);
	err = area->set(area->page);
	if (!err)
		area->in_use = true;
	local_irq_restore(flags);
	return err;
}

/**
 * tscope_xen_renew() - register a page again, as the hypervisor may be another one now
 * @area: the area of the CPU that calls
 * Context: interrupts off.
 */
void tscope_xen_renew(struct tscope_xen_area *area)
{
	/* odd, as in an update: the page gives no time until the hypervisor writes it */
	if (area->in_use && area->set(area->page))
		WRITE_ONCE(area->page->version, 1);
}

/**
 * tscope_xen_give_back() - make the hypervisor stop writing a page, unless it refuses
 * @area: the area of the CPU that calls
 * Context: any.
 */
void tscope_xen_give_back(struct tscope_xen_area *area)
{
	unsigned long flags;

	local_irq_save(flags);
	if (area->in_use && !area->set(NULL))
		area->in_use = false;
	local_irq_restore(flags);
}

/**
 * tscope_xen_free() - free a page, unless the hypervisor may still write it
 * @area: the area of any CPU; nobody uses the page
 * Return: false if the page had to be kept.
 */
bool tscope_xen_free(struct tscope_xen_area *area)
{
	bool kept = area->in_use;

	if (!kept)
		free_page((unsigned long)area->page);
	area->page = NULL;
	area->in_use = false;
	return !kept;
}

/* The page that the kernel registered for a CPU; NULL: none. */
static struct pvclock_vcpu_time_info *kernel_page(int cpu)
{
	struct pvclock_vsyscall_time_info *vcpu0 = pvclock_get_pvti_cpu0_va();

	return vcpu0 && !xen_vcpu_nr(cpu) ? &vcpu0->pvti : NULL;
}

static const u32 *xen_sequence(int cpu)
{
	const struct tscope_xen_area *area = per_cpu_ptr(&areas, cpu);
	const struct pvclock_vcpu_time_info *page;

	if (!IS_ENABLED(CONFIG_XEN))
		return NULL;
	page = kernel_page(cpu) ?: area->in_use ? area->page : NULL;
	/* the page has no time until the hypervisor has written it */
	return page && READ_ONCE(page->version) ? &page->version : NULL;
}

static const struct tscope_timepage_ops xen_page = {
	.sequence = xen_sequence,
	.copy = tscope_pvclock_copy,
	.unit_ns = 1,
};

/**
 * tscope_xen_tsc_of() - what CPUID says of the TSC
 * @base: Xen's first leaf; 0: there is none
 * @last: Xen's last leaf
 * @leaf: the sub-leaves 0 and 1 of Xen's leaf LEAF_TSC
 * @tsc: result
 *
 * A PV dom0 reads 0 in both sub-leaves. KVM's emulation of Xen has the same sub-leaf twice.
 * Return: whether CPUID says anything.
 */
bool tscope_xen_tsc_of(u32 base, u32 last, const struct tscope_xen_leaf *leaf,
		       struct tscope_xen_tsc *tsc)
{
	if (!base || last < base + LEAF_TSC)
		return false;
	*tsc = (struct tscope_xen_tsc){
		.mode = leaf[0].ebx,
		.incarnation = leaf[0].edx,
		.emulated = leaf[0].eax & TSC_EMULATED,
	};
	/* ecx of sub-leaf 1 is a multiplier, 2^-32 ns; that of sub-leaf 0 is in kHz */
	return !leaf[0].ecx || memcmp(&leaf[0], &leaf[1], sizeof(*leaf));
}

static bool read_tsc(struct tscope_xen_tsc *tsc)
{
	u32 base = xen_cpuid_base();
	struct tscope_xen_leaf leaf[2], *l;

	for (l = leaf; l < leaf + 2; l++)
		cpuid_count(base + LEAF_TSC, l - leaf, &l->eax, &l->ebx, &l->ecx, &l->edx);
	return tscope_xen_tsc_of(base, cpuid_eax(base), leaf, tsc);
}

static ssize_t tsc_show(struct kobject *dir, struct kobj_attribute *attr, char *buf);
static struct kobj_attribute tsc_mode_attr = __ATTR(tsc_mode, 0444, tsc_show, NULL);
static struct kobj_attribute emulated_attr = __ATTR(emulated, 0444, tsc_show, NULL);
static struct kobj_attribute incarnation_attr = __ATTR(incarnation, 0444, tsc_show, NULL);

static ssize_t tsc_show(struct kobject *dir, struct kobj_attribute *attr, char *buf)
{
	struct tscope_xen_tsc tsc;

	if (!read_tsc(&tsc))
		return -ENODATA;
	if (attr == &tsc_mode_attr)
		return sysfs_emit(buf, "%u\n", tsc.mode);
	if (attr == &emulated_attr)
		return sysfs_emit(buf, "%u\n", tsc.emulated);
	return sysfs_emit(buf, "%u\n", tsc.incarnation);
}

static struct attribute *xen_attrs[] = {
	&tscope_pvclock_khz.attr,
	&tscope_pvclock_updates.attr,
	&tscope_pvclock_stable.attr,
	&tsc_mode_attr.attr,
	&emulated_attr.attr,
	&incarnation_attr.attr,
	NULL
};

static const struct attribute_group xen_group = { .attrs = xen_attrs };

/* Returns no error, which would keep the CPU offline: without a page its TSC is still measured. */
static int cpu_online_ends(unsigned int cpu)
{
	int err = kernel_page(cpu) ? 0 : tscope_xen_take(per_cpu_ptr(&areas, cpu));

	if (err)
		pr_warn("xen: CPU %u has no time page: error %d\n", cpu, err);
	return 0;
}

/* The CPU has stopped sampling: control.c's callback was set up later, so it runs before this. */
static int cpu_offline_begins(unsigned int cpu)
{
	tscope_xen_give_back(per_cpu_ptr(&areas, cpu));
	return 0;
}

static void renew_this(void *unused)
{
	tscope_xen_renew(this_cpu_ptr(&areas));
}

/* After a suspend, too, the hypervisor may have forgotten the pages of CPUs that stayed online. */
static void xen_suspended(void)
{
	on_each_cpu(renew_this, NULL, true);
}

static int guest_resumes(struct notifier_block *nb, unsigned long event, void *unused)
{
	xen_suspended();
	return NOTIFY_OK;
}

static struct notifier_block resume_block = { .notifier_call = guest_resumes };

static void give_back_this(void *unused)
{
	tscope_xen_give_back(this_cpu_ptr(&areas));
}

/* Memory that Xen writes must not be left to the next kernel, which kexec starts in it. */
static int kernel_ends(struct notifier_block *nb, unsigned long event, void *unused)
{
	on_each_cpu(give_back_this, NULL, true);
	return NOTIFY_OK;
}

static struct notifier_block reboot_block = { .notifier_call = kernel_ends };

static void xen_remove(void)
{
	unsigned int kept = 0;
	int cpu;

	if (!IS_ENABLED(CONFIG_XEN))
		return;
	unregister_reboot_notifier(&reboot_block);
	xen_resume_notifier_unregister(&resume_block);
	/* this runs cpu_offline_begins() on each CPU, which gives its page back */
	cpuhp_remove_state(hotplug_state);
	for_each_possible_cpu(cpu)
		kept += !tscope_xen_free(per_cpu_ptr(&areas, cpu));
	if (kept)
		pr_warn("xen: pages that are never freed, as the hypervisor may still write them: %u\n",
			kept);
}

static const char *pages_fault(void)
{
	const char *fault = NULL;
	const u32 *sequence;
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		sequence = xen_sequence(cpu);
		fault = sequence ? tscope_pvclock_fault(sequence) :
				   "the hypervisor keeps no time page for a CPU";
		if (fault)
			break;
	}
	cpus_read_unlock();
	return fault;
}

static const char *xen_probe(void)
{
	const char *fault;
	int state, cpu;

	if (!IS_ENABLED(CONFIG_XEN))
		return "the kernel is built without XEN";
	if (!xen_domain())
		return "not a Xen guest";
	if (xen_hvm_domain() && !xen_feature(XENFEAT_hvm_safe_pvclock))
		return "this Xen has no clock for HVM guests";
	/* modules can't initialise per-CPU data with addresses */
	for_each_possible_cpu(cpu)
		per_cpu_ptr(&areas, cpu)->set = set_area;
	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "tscope:xen", cpu_online_ends,
				  cpu_offline_begins);
	if (state < 0)
		return "the kernel has no room for its hotplug callbacks";
	hotplug_state = state;
	xen_resume_notifier_register(&resume_block);
	register_reboot_notifier(&reboot_block);
	fault = pages_fault();
	if (fault)
		xen_remove();
	return fault;
}

const struct tscope_clock_ops tscope_clock_xen = {
	.name = "xen",
	.kind = TSCOPE_KIND_PAGE,
	.lane = TSCOPE_LANE_PAGE,
	.group = &xen_group,
	.page = &xen_page,
	.probe = xen_probe,
	.remove = xen_remove,
	.suspended = xen_suspended,
};
