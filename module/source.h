/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's own clocks are read from, and whether that has changed. */
#ifndef TSCOPE_SOURCE_H
#define TSCOPE_SOURCE_H

#include <linux/types.h>

/**
 * struct tscope_source - the clocksource that the kernel's clocks run on
 * @seq: the kernel's count of changes
 * @known: it was looked at
 * @doubted: the last look took it for no clock that is fine; the next one decides
 * @device: reads are of a device, and may be handed from CPU to CPU
 * @tick_ns: its tick where it is neither the TSC nor kvm-clock; else 0
 */
struct tscope_source {
	u8 seq;
	bool known;
	bool doubted;
	bool device;
	u32 tick_ns;
};

/**
 * tscope_source_handed() - whether the second of two reads may be as old as the first
 * @first_ns: what the first read gave
 * @second_ns: and the one right after it
 *
 * A device behind a lock may be read by another CPU and the value be handed to those
 * who wait for the lock, as hpet's is: it may be older than the read. What differs
 * from it then was read later. Context: any.
 *
 * Return: whether both are the same reading, which may round off differently.
 */
static inline bool tscope_source_handed(u64 first_ns, u64 second_ns)
{
	return second_ns - first_ns <= 1;
}

void tscope_source_forget(struct tscope_source *source);
bool tscope_source_look(struct tscope_source *source);

#endif /* TSCOPE_SOURCE_H */
