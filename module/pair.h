/* SPDX-License-Identifier: GPL-2.0 */
/* How far one CPU's clock is ahead of another's, from mailbox transits. */
#ifndef TSCOPE_PAIR_H
#define TSCOPE_PAIR_H

#include "pure.h"

/* No transit was seen: no bound from this side. */
#define TSCOPE_TRANSIT_NONE	S64_MAX

/**
 * struct tscope_pair - offset of CPU j's clock against CPU i's
 * @offset_ns: how far j's clock is ahead of i's
 * @bound_ns: the truth lies within offset_ns +- bound_ns
 */
struct tscope_pair {
	s64 offset_ns;
	u64 bound_ns;
};

int tscope_pair_offset(s64 ij, s64 ji, u32 khz, struct tscope_pair *pair);

#endif /* TSCOPE_PAIR_H */
