/* SPDX-License-Identifier: GPL-2.0 */
/* On x86 these are plain accesses: the CPU keeps the order of loads, and that of stores. */
#ifndef TSCOPE_TSO_BARRIER_H
#define TSCOPE_TSO_BARRIER_H

#include "../../tso.h"

#define smp_load_acquire(p) tso_load(p)
#define smp_store_release(p, v) tso_store((p), (v))
#define smp_rmb() do { } while (0)
#define smp_wmb() do { } while (0)

#endif /* TSCOPE_TSO_BARRIER_H */
