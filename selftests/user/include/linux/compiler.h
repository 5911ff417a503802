/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's macros for single accesses and hints, by builtins of the compiler. */
#ifndef TSCOPE_LINUX_COMPILER_H
#define TSCOPE_LINUX_COMPILER_H

#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define __aligned(x) __attribute__((__aligned__(x)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#ifdef TSCOPE_NO_INLINE
#undef __always_inline
#define __always_inline __attribute__((__noinline__, __unused__))
#endif
#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif

#endif /* TSCOPE_LINUX_COMPILER_H */
