/* SPDX-License-Identifier: GPL-2.0 */
/* The largest offset where not all CPUs meet. */
#ifndef TSCOPE_COMPOSED_H
#define TSCOPE_COMPOSED_H

#include "exchange.h"

int tscope_composed_worst(enum tscope_lane lane, u64 now_ms,
			  struct tscope_offset *o);
void tscope_composed_forget(void);

#endif /* TSCOPE_COMPOSED_H */
