/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_NATIVE_BITOPS_H
#define TSCOPE_NATIVE_BITOPS_H

#include_next <linux/bitops.h>

static inline u64 ror64(u64 word, unsigned int shift)
{
	return (word >> (shift & 63)) | (word << (-shift & 63));
}

#endif /* TSCOPE_NATIVE_BITOPS_H */
