/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_NATIVE_COMPILER_H
#define TSCOPE_NATIVE_COMPILER_H

#include_next <linux/compiler.h>

#define noinline __attribute__((__noinline__))

#endif /* TSCOPE_NATIVE_COMPILER_H */
