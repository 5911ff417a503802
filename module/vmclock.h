/* SPDX-License-Identifier: GPL-2.0 */
/* The page of a vmclock device, and what the leader has seen of it. */
#ifndef TSCOPE_VMCLOCK_H
#define TSCOPE_VMCLOCK_H

#include "clock.h"

#define TSCOPE_VMCLOCK_MAGIC	0x4b4c4356	/* "VCLK" */
#define TSCOPE_VMCLOCK_VERSION	1
#define TSCOPE_VMCLOCK_TSC	1		/* @counter_id: x86's TSC */
/* @time_type; the types above TAI do not count from 1970, or are smeared */
#define TSCOPE_VMCLOCK_UTC	0
#define TSCOPE_VMCLOCK_TAI	1

/* @flags: which fields are valid; the table of UAPI.13 has the generation at bit 7, Linux at 8 */
#define TSCOPE_VMCLOCK_TAI_OFFSET	BIT(0)
#define TSCOPE_VMCLOCK_PERIOD_ESTERROR	BIT(3)
#define TSCOPE_VMCLOCK_PERIOD_MAXERROR	BIT(4)
#define TSCOPE_VMCLOCK_TIME_ESTERROR	BIT(5)
#define TSCOPE_VMCLOCK_TIME_MAXERROR	BIT(6)
#define TSCOPE_VMCLOCK_GENERATION	BIT(8)

/* @status: only with these two the time can be relied upon */
#define TSCOPE_VMCLOCK_SYNCHRONIZED	2
#define TSCOPE_VMCLOCK_FREERUNNING	3

/*
 * The layout of UAPI.13, "VMClock", version 1, as Linux (uapi/linux/vmclock-abi.h, 6.13) and
 * hypervisors have it. The members up to @time_type are constant. A page may be shorter.
 */
struct tscope_vmclock_abi {
	u32 magic;
	u32 size;		/* of the page, bytes */
	u16 version;
	u8 counter_id;		/* which counter the time is computed from */
	u8 time_type;
	u32 sequence;		/* odd while the host writes what follows */
	u64 marker;		/* changes when the counter may have jumped */
	u64 flags;
	u8 padding[2];
	u8 status;
	u8 smearing;
	s16 tai_offset;		/* TAI - UTC, s */
	u8 leap;
	u8 shift;		/* periods are in units of 2^-(64 + shift) s */
	u64 counter;		/* at this value of the counter the time is @sec s and @frac */
	u64 period;		/* of a count */
	u64 period_esterror;
	u64 period_maxerror;
	u64 sec;		/* since 1970 if @time_type is UTC or TAI */
	u64 frac;		/* 2^-64 s */
	u64 esterror_ns;	/* estimated error of that time */
	u64 maxerror_ns;	/* the most it may be off */
	u64 generation;		/* changes when the guest was loaded from a snapshot */
};

/* A vmclock page, and what the leader has seen of it. Others read @page and the counts only. */
struct tscope_vmclock {
	const struct tscope_vmclock_abi *page;
	u32 size;			/* how many bytes of @page may be read */
	struct tscope_vmclock_abi seen;	/* copy of the page when it was looked at last */
	u64 seen_tsc;			/* the TSC at that time; 0: not looked at yet */
	u64 begun_tsc;			/* the host published @seen after this TSC value */
	bool suspended;			/* a suspend came since: the TSC may have begun anew */
	bool tai;			/* the newest reading was of TAI */
	u32 source;			/* changes with each segment, see struct tscope_raw */
	u64 updates;			/* changes of the page that were seen */
	u64 disruptions;		/* changes of the marker */
};

const char *tscope_vmclock_fault(const struct tscope_vmclock_abi *page, u64 bytes);
int tscope_vmclock_read(struct tscope_vmclock *v, struct tscope_raw *raw);
u64 tscope_vmclock_ns(const struct tscope_vmclock_abi *p, u64 tsc, u16 *frac);
int tscope_vmclock_error_ns(const struct tscope_vmclock_abi *p, u64 tsc, u64 *error_ns);

extern struct tscope_vmclock tscope_vmclock;

#endif /* TSCOPE_VMCLOCK_H */
