/* SPDX-License-Identifier: GPL-2.0 */
/* Allan deviation, time deviation and MTIE of a clock's points, by octaves of tau. */
#ifndef TSCOPE_STABILITY_H
#define TSCOPE_STABILITY_H

#include "fit.h"

/* tau = tau0 * 2^0 .. 2^22: the last is below a third of 2^24 points. */
#define TSCOPE_STABILITY_OCTAVES	23
/* A figure with fewer differences means too little: it is not shown. */
#define TSCOPE_STABILITY_MIN_N		4

/**
 * struct tscope_stability_place - a place of an even grid
 * @phase: 2^-16 ns
 * @low: lowest phase of this place and the places after it, within tau
 * @high: highest phase of these
 */
struct tscope_stability_place {
	s64 phase;
	s64 low;
	s64 high;
};

/**
 * struct tscope_stability_figures - one tau's figures
 * @tau_us: tau, 10^-6 s of the TSC
 * @adev: Allan deviation, 10^-6 ppb
 * @tdev_ps: time deviation, 10^-3 ns
 * @mtie_ps: maximum time interval error, 10^-3 ns
 * @n: how many second differences @adev is the mean of
 */
struct tscope_stability_figures {
	u64 tau_us;
	u64 adev;
	u64 tdev_ps;
	u64 mtie_ps;
	u64 n;
};

u32 tscope_stability(const struct tscope_point *p, const struct tscope_fit *fit, u32 khz,
		     struct tscope_stability_place *x, struct tscope_stability_figures *fig);

#endif /* TSCOPE_STABILITY_H */
