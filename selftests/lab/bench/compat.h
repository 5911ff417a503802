/* SPDX-License-Identifier: GPL-2.0 */
/* The only place in the benchmarks that depends on the kernel version. */
#ifndef BENCH_COMPAT_H
#define BENCH_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/version.h>

/* Kernels since 6.5 define these. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define u128 unsigned __int128
#define s128 __int128
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
/* 6.13 replaced hrtimer_init() and setting the function by this function. */
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#endif /* BENCH_COMPAT_H */
