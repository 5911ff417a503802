/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_KERNEL_H
#define TSCOPE_LINUX_KERNEL_H

/* the C library's headers include it too */
#include_next <linux/kernel.h>

#define min(a, b) ((a) < (b) ? (a) : (b))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define min3(a, b, c) min(a, min(b, c))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define max3(a, b, c) max(a, max(b, c))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define clamp_t(type, x, low, high) min_t(type, max((type)(x), (type)(low)), high)
#define swap(a, b) do { __auto_type swap_ = (a); (a) = (b); (b) = swap_; } while (0)
#define container_of(p, type, member) ((type *)((char *)(p) - __builtin_offsetof(type, member)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif /* TSCOPE_LINUX_KERNEL_H */
