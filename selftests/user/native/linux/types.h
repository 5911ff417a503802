/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_NATIVE_TYPES_H
#define TSCOPE_NATIVE_TYPES_H

#include_next <linux/types.h>

typedef struct {
	s64 counter;
} atomic64_t;

#endif /* TSCOPE_NATIVE_TYPES_H */
