/* SPDX-License-Identifier: GPL-2.0 */
/* The time page that KVM and Xen have in common, and the sysfs files of its clocks. */
#ifndef TSCOPE_PVCLOCK_H
#define TSCOPE_PVCLOCK_H

#include <linux/kobject.h>

#include "timepage.h"

bool tscope_pvclock_copy(const u32 *sequence, struct tscope_timepage *to);
const char *tscope_pvclock_fault(const u32 *sequence);

extern struct kobj_attribute tscope_pvclock_khz, tscope_pvclock_updates, tscope_pvclock_stable;

#endif /* TSCOPE_PVCLOCK_H */
