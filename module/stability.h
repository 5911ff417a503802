/* SPDX-License-Identifier: GPL-2.0 */
/* Allan deviation, time deviation and MTIE by octaves of tau, as points come. */
#ifndef TSCOPE_STABILITY_H
#define TSCOPE_STABILITY_H

#include "fit.h"

/* tau = tau0 * 2^0 .. 2^23: from 10 ms to 23 h. */
#define TSCOPE_STABILITY_OCTAVES	24
/* Of one level three octaves are made: those of 1, 2 and 4 of its blocks. */
#define TSCOPE_STABILITY_LEVELS		(TSCOPE_STABILITY_OCTAVES - 2)
/* The longest difference spans three times 4 blocks. */
#define TSCOPE_STABILITY_BLOCKS		12
/* The usual spacing is found from this many points. */
#define TSCOPE_STABILITY_WAIT		33
/* With fewer differences a figure says too little: it is not shown. */
#define TSCOPE_STABILITY_MIN_N		4

/**
 * struct tscope_stability_octave - the sums of one tau
 * @adev_sum: squares of second differences of phase, 2^-32 ns^2
 * @tdev_sum: squares of second differences of mean phase, 2^-48 ns^2
 * @adev_n: how many are in @adev_sum
 * @tdev_n: how many are in @tdev_sum
 * @mtie: largest peak-to-peak phase of a window, 2^-16 ns
 */
struct tscope_stability_octave {
	u128 adev_sum;
	u128 tdev_sum;
	u64 adev_n;
	u64 tdev_n;
	u64 mtie;
};

/**
 * struct tscope_stability_sums - what figures are made of
 * @tau0_cyc: spacing of the points; 0: not known yet, and there are no sums
 * @octave: the sums for tau = @tau0_cyc * 2^k
 */
struct tscope_stability_sums {
	u64 tau0_cyc;
	struct tscope_stability_octave octave[TSCOPE_STABILITY_OCTAVES];
};

/**
 * struct tscope_stability_block - successive phases
 * @sum: their sum
 * @first: the first
 * @low: the lowest
 * @high: the highest
 */
struct tscope_stability_block {
	s128 sum;
	s64 first;
	s64 low;
	s64 high;
};

/**
 * struct tscope_stability_level - blocks of one length
 * @block: the newest ones, number i at i modulo the array's size
 * @blocks: how many there were since the run began
 */
struct tscope_stability_level {
	struct tscope_stability_block block[TSCOPE_STABILITY_BLOCKS];
	u64 blocks;
};

/**
 * struct tscope_stability - one clock's stability, as its points come
 * @sums: what has been gathered
 * @level: blocks of 2^0, 2^1, ... phases of the present run
 * @wait: the newest points of the segment, by which the spacing is judged
 * @waiting: how many there are
 * @ragged: the spacing varies by its half and more: points are thinned
 * @slope_phase: the newest slope: what the phase gained
 * @slope_cyc: in that many cycles
 * @running: there is a run: phases on an even grid without a hole
 * @next: where the grid's next place is, cycles
 * @newest: phase at the place before
 * @mark: points of the run from which the slope is taken, the older first
 * @marked: points since the newer one
 *
 * One writer. @sums may be copied at any time between two calls.
 */
struct tscope_stability {
	struct tscope_stability_sums sums;
	struct tscope_stability_level level[TSCOPE_STABILITY_LEVELS];

	struct tscope_point wait[TSCOPE_STABILITY_WAIT];
	u32 waiting;
	bool ragged;
	s64 slope_phase;
	u64 slope_cyc;

	bool running;
	u64 next;
	s64 newest;
	struct tscope_point mark[2];
	u32 marked;
};

/**
 * struct tscope_stability_figures - one tau's figures
 * @tau_us: tau, 10^-6 s
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

void tscope_stability_add(struct tscope_stability *s,
			  const struct tscope_point *p);
int tscope_stability_figures(const struct tscope_stability_sums *sums, u32 khz,
			     unsigned int octave,
			     struct tscope_stability_figures *fig);

#endif /* TSCOPE_STABILITY_H */
