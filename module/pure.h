/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure files may use. They hold arithmetic only: no kernel service, no allocation, no
 * lock. So one source serves the module, KUnit and the user-space build, which has headers of the
 * same names in selftests/user/include.
 */
#ifndef TSCOPE_PURE_H
#define TSCOPE_PURE_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/barrier.h>

#ifdef __KERNEL__
#include "compat.h"
#endif

#endif /* TSCOPE_PURE_H */
