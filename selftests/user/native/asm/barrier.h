/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_NATIVE_BARRIER_H
#define TSCOPE_NATIVE_BARRIER_H

#include_next <asm/barrier.h>

#define virt_rmb() smp_rmb()
#define cpu_relax() __builtin_ia32_pause()

#endif /* TSCOPE_NATIVE_BARRIER_H */
