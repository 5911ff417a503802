/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time pages: a page of memory in which a hypervisor describes its clock as a function of the TSC.
 * It has a sequence word, which changes with each update, and the parameters of a line.
 */
#ifndef TSCOPE_TIMEPAGE_H
#define TSCOPE_TIMEPAGE_H

#include "pure.h"

#define TSCOPE_PAGE_STABLE	0x01	/* all pages are of one clock, which is not clamped */
#define TSCOPE_PAGE_STOPPED	0x02	/* the hypervisor says that it stopped the guest */

/* A smaller step may come from the rounding of the host's updates. */
#define TSCOPE_PAGE_STEP_NS	2

/* A consistent copy of a time page, in one form for all hypervisors. */
struct tscope_timepage {
	u64 tsc;	/* the page holds from here on; 0: the hypervisor does not say since when */
	u64 ns;		/* the clock at that TSC value */
	u64 mult;	/* 2^-64 ns a shifted cycle */
	u32 sequence;	/* the hypervisor's sequence word; 0: nothing was copied yet */
	s8 shift;	/* power of two that scales cycles first; below 0 it drops bits of them */
	u8 flags;	/* TSCOPE_PAGE_* */
};

/**
 * struct tscope_timepage_ops - where a hypervisor keeps its time pages, and in which layout
 * @sequence: returns the address of the sequence word of a CPU's page, which identifies the page;
 *	NULL if the CPU has none. Context: any
 * @copy: makes a consistent copy of the page with that word, also of another CPU's page. Returns
 *	false if the hypervisor left an update unfinished. Context: any; interrupts may be off
 * @unit_ns: unit in which the kernel's clocksource counts this clock
 */
struct tscope_timepage_ops {
	const u32 *(*sequence)(int cpu);
	bool (*copy)(const u32 *sequence, struct tscope_timepage *to);
	u32 unit_ns;
};

/* How many updates are remembered: a CPU that was offline may have missed some. */
#define TSCOPE_PAGE_UPDATES	16

/* An update that several CPUs see. */
struct tscope_page_update {
	u64 ns;		/* of the page after it; @ns and @mult identify the update */
	u64 mult;
	u64 tsc;	/* when, in cycles or sequence numbers since the first of all updates */
	s128 sum;	/* sum of all steps up to this update, 2^-16 ns */
};

/* The updates of a stable clock, as all CPUs see them. */
struct tscope_page_updates {
	struct tscope_page_update newest;	/* steps were reported up to this one */
	struct tscope_page_update known[TSCOPE_PAGE_UPDATES];	/* the last ones, a ring */
	u32 count;				/* how many there were */
	/* the update in force when a CPU's TSC last moved; its @tsc: by how many cycles it moved */
	struct tscope_page_update moved;
	int moved_cpu;				/* the CPU that saw this move first */
	u64 moved_ms;				/* when it saw the move */
};

u64 tscope_timepage_line(const struct tscope_timepage *p, u64 tsc, u16 *frac);
bool tscope_timepage_inverse(const struct tscope_timepage *p, u64 ns, u32 span_ns, u64 *tsc);
u32 tscope_timepage_khz(const struct tscope_timepage *p);
s128 tscope_timepage_step(const struct tscope_timepage *old, const struct tscope_timepage *new,
			  u64 tsc);
s128 tscope_timepage_update(const struct tscope_timepage *old, const struct tscope_timepage *new,
			    u64 held_tsc, u64 seen_tsc, u64 dated_cyc, u64 *error_ns);
s64 tscope_timepage_step_ns(s128 step);
bool tscope_page_updated(struct tscope_page_updates *u, const struct tscope_timepage *old,
			 const struct tscope_timepage *new, s128 *step);
bool tscope_page_moved_alike(struct tscope_page_updates *u, int cpu, u64 now_ms,
			     const struct tscope_timepage *old, const struct tscope_timepage *new);

static __always_inline u64 tscope_timepage_scale(u64 cyc, u64 mult, s8 shift)
{
	if (shift < 0)
		cyc = shift > -64 ? cyc >> -shift : 0;
	else
		cyc = shift < 64 ? cyc << shift : 0;
	return (u64)(((u128)cyc * mult) >> 64);
}

/**
 * tscope_timepage_ns() - what programs read of the clock at a TSC value
 * @p: the CPU's page
 * @tsc: a TSC reading of the same CPU
 *
 * As the KVM ABI defines it (Documentation/virt/kvm/x86/msr.rst, MSR_KVM_SYSTEM_TIME_NEW), but
 * signed: a TSC before @p->tsc yields a time before @p->ns.
 * Return: nanoseconds.
 */
static __always_inline u64 tscope_timepage_ns(const struct tscope_timepage *p, u64 tsc)
{
	u64 cyc = tsc - p->tsc;

	if (unlikely((s64)cyc < 0))
		return p->ns - tscope_timepage_scale(0 - cyc, p->mult, p->shift);
	return p->ns + tscope_timepage_scale(cyc, p->mult, p->shift);
}

#endif /* TSCOPE_TIMEPAGE_H */
