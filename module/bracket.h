/* SPDX-License-Identifier: GPL-2.0 */
/* Correct phases for the place in its bracket at which a clock is read. */
#ifndef TSCOPE_BRACKET_H
#define TSCOPE_BRACKET_H

#include "fit.h"

/* With fewer points, noise alone would give a share. */
#define TSCOPE_BRACKET_MIN_POINTS	16
/* Binary places of the share, and of the factor for the error. */
#define TSCOPE_BRACKET_SHARE_BITS	16
#define TSCOPE_BRACKET_WIDEN_BITS	10

/* What was subtracted from the phases. */
struct tscope_bracket {
	s32 share;			/* phase per width, in units of 2^-16; from -1/2 to 1/2 */
	u32 widen;			/* factor for the slope's error, in 2^-10; 2^10 and more */
};

void tscope_bracket_correct(struct tscope_point *p, u32 n, struct tscope_bracket *b);
int tscope_bracket_fit(struct tscope_point *p, u32 n, u32 khz, u32 tick_ns, struct tscope_fit *fit);

#endif /* TSCOPE_BRACKET_H */
