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
#include <linux/smp.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "cpu.h"
#include "pvti.h"
#include "source.h"
#include "wide.h"

/* The slowest of the others, the ACPI PM timer: 3.579545 MHz. */
#define TICK_NS		280
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
	source->known = false;
	WRITE_ONCE(source->tick_ns, 0);
}

/* Whether the kernel's count is the TSC, or kvm-clock of the CPU. */
static bool fine(u64 cycles, u64 before, u64 after,
		 const struct pvclock_vcpu_time_info *page)
{
	struct tscope_pvti p;

	if (cycles - before <= after - before)
		return true;
	return page && tscope_kvm_copy(page, &p) &&
	       tscope_abs64(tscope_sub64(cycles, tscope_pvti_eval(&p, after))) <=
	       KVM_AHEAD_NS;
}

/**
 * tscope_source_look() - look what the kernel's clocks run on
 * @source: what was known; updated
 *
 * As dear as a read of the clocksource. Context: process, not concurrently with
 * itself; interrupts are off for that read.
 *
 * Return: whether it has changed since the last look, or is looked at first.
 */
bool tscope_source_look(struct tscope_source *source)
{
	struct system_time_snapshot snap;
	unsigned long flags;
	u64 before, after;
	bool is_fine;

	local_irq_save(flags);
	before = rdtsc_ordered();
	ktime_get_snapshot(&snap);
	after = rdtsc_ordered();
	if (source->known && source->seq == snap.cs_was_changed_seq) {
		local_irq_restore(flags);
		return false;
	}
	is_fine = fine(snap.cycles, before, after,
		       tscope_kvm_page(smp_processor_id()));
	local_irq_restore(flags);

	source->known = true;
	source->seq = snap.cs_was_changed_seq;
	WRITE_ONCE(source->tick_ns, is_fine ? 0 : TICK_NS);
	return true;
}
