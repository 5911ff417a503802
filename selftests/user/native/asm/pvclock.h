/* SPDX-License-Identifier: GPL-2.0 */
/* The time page that the host writes, as in the KVM ABI. */
#ifndef TSCOPE_ASM_PVCLOCK_H
#define TSCOPE_ASM_PVCLOCK_H

#include <linux/types.h>

struct pvclock_vcpu_time_info {
	u32 version;
	u32 pad0;
	u64 tsc_timestamp;
	u64 system_time;
	u32 tsc_to_system_mul;
	s8 tsc_shift;
	u8 flags;
	u8 pad[2];
} __attribute__((__packed__, __aligned__(4)));

#endif /* TSCOPE_ASM_PVCLOCK_H */
