/* SPDX-License-Identifier: GPL-2.0 */
/* What the provider of Xen's clock asks the hypervisor for. */
#ifndef TSCOPE_CLOCK_XEN_H
#define TSCOPE_CLOCK_XEN_H

#include <linux/types.h>

struct pvclock_vcpu_time_info;

/* The page in which the hypervisor keeps a CPU's time. Used by that CPU. */
struct tscope_xen_area {
	/* registers @page, or none (NULL), for the calling CPU; interrupts off; 0 or an errno */
	int (*set)(struct pvclock_vcpu_time_info *page);
	struct pvclock_vcpu_time_info *page;	/* NULL: not allocated yet */
	bool in_use;			/* the hypervisor may write @page: it must not be freed */
};

int tscope_xen_take(struct tscope_xen_area *area);
void tscope_xen_renew(struct tscope_xen_area *area);
void tscope_xen_give_back(struct tscope_xen_area *area);
bool tscope_xen_free(struct tscope_xen_area *area);

struct tscope_xen_leaf {
	u32 eax, ebx, ecx, edx;
};

/* What Xen does with this guest's TSC. */
struct tscope_xen_tsc {
	u32 mode;		/* tsc_mode of the guest's configuration */
	u32 incarnation;	/* how often the guest was restored or migrated */
	bool emulated;		/* reads of the TSC trap */
};

bool tscope_xen_tsc_of(u32 base, u32 last, const struct tscope_xen_leaf *leaf,
		       struct tscope_xen_tsc *tsc);

#endif /* TSCOPE_CLOCK_XEN_H */
