/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure files may use, in the kernel and in user space alike.
 *
 * A pure file holds arithmetic only: no kernel service, no allocation, no
 * lock. It includes this header and its own, and so one source serves the
 * module, KUnit and the user-space build under selftests/user.
 */
#ifndef TSCOPE_PURE_H
#define TSCOPE_PURE_H

#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/barrier.h>
#else
#include "../selftests/user/kernel_names.h"
#endif

#define tscope_u128 unsigned __int128
#define tscope_s128 __int128

#endif /* TSCOPE_PURE_H */
