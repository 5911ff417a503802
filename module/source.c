// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel's own clocks are read from, and whether that has changed.
 *
 * A kernel that gives up the TSC goes on with a device that counts in ticks of its
 * own, takes longer to read, and has another rate; and what time passes between
 * its last read of the one and its first of the other is lost.
 *
 * The kernel tells how often it changed, and what the clocksource counts, but not
 * its name. The TSC and kvm-clock are known by what they count.
 */
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/smp.h>

#include "compat.h"
#include "cpu.h"
#include "pvti.h"
#include "source.h"
#include "wide.h"

/* The slowest of the devices, the ACPI PM timer: 3.579545 MHz. */
#define DEVICE_TICK_NS	280
/* The kernel's kvm-clock may be ahead of a CPU's own where the host has no master clock. */
#define KVM_AHEAD_NS	1000000

/**
 * tscope_source_forget() - the next look finds a change
 * @source: what was known
 *
 * Context: nobody looks meanwhile.
 */
void tscope_source_forget(struct tscope_source *source)
{
	*source = (struct tscope_source){ };
}

/* Whether the kernel's count is the TSC, or kvm-clock of this CPU. */
static bool fine(u64 cycles, u64 before, u64 after)
{
	struct pvclock_vcpu_time_info *page = tscope_kvm_page(smp_processor_id());
	struct tscope_pvti p;

	if (cycles - before <= after - before)
		return true;
	return page && tscope_kvm_copy(page, &p) &&
	       tscope_sub64(cycles, tscope_pvti_eval(&p, before)) >= -KVM_AHEAD_NS &&
	       tscope_sub64(cycles, tscope_pvti_eval(&p, after)) <= KVM_AHEAD_NS;
}

/**
 * tscope_source_look() - look what the kernel's clocks run on
 * @source: what was known; updated
 *
 * As dear as a read of the clocksource. Context: process, not concurrently with
 * itself; interrupts are off for that read.
 *
 * Return: whether it has changed since the last look, or is looked at first; of
 * what seems to be a device, when it seems so twice.
 */
bool tscope_source_look(struct tscope_source *source)
{
	struct system_time_snapshot snap;
	u64 before, after, first, last;
	bool is_fine, is_jiffies;
	unsigned long flags;

	local_irq_save(flags);
	first = get_jiffies_64();
	before = rdtsc_ordered();
	if (!tscope_snapshot(&snap) ||
	    (source->known && source->seq == snap.cs_was_changed_seq)) {
		local_irq_restore(flags);
		return false;
	}
	after = rdtsc_ordered();
	last = get_jiffies_64();
	is_jiffies = snap.cycles - first <= last - first;
	is_fine = fine(snap.cycles, before, after);
	local_irq_restore(flags);

	/* a CPU that stood still meanwhile, or an update, may make it look so */
	if (!is_fine && !source->doubted) {
		source->doubted = true;
		return false;
	}
	source->known = true;
	source->doubted = false;
	source->seq = snap.cs_was_changed_seq;
	source->device = !is_fine && !is_jiffies;
	source->tick_ns = is_fine ? 0 : is_jiffies ? TICK_NSEC : DEVICE_TICK_NS;
	return true;
}
