// SPDX-License-Identifier: GPL-2.0
/*
 * Allan deviation, time deviation and MTIE of a clock's points, by octaves of tau: definitions and
 * sources are in Documentation/command.rst, "tscope stability".
 */
#include <linux/math64.h>

#include "math128.h"
#include "stability.h"

/* Mean phases have this many more binary places than phases. */
#define MEAN_BITS	4
/* Sums have at most this many bits: then one more square can't overflow. */
#define SUM_BITS	127
/* In mean spacings of points; if a hole is larger, only the points after it count. */
#define MAX_HOLE	5

static u64 distance(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

/* The index of the first point after the newest large hole; 0 if there is none. */
static u32 first_of_run(const struct tscope_point *p, u32 n)
{
	u64 largest = MAX_HOLE * div_u64(p[n - 1].tsc - p[0].tsc, n - 1);
	u32 i;

	for (i = n - 1; i; i--)
		if (p[i].tsc - p[i - 1].tsc > largest)
			break;
	return i;
}

/*
 * Put points on an even grid. A place gets the phase of the nearest point, moved there along the
 * line through all points: otherwise a skew would show as noise, because windows begin late, and a
 * point may be any of several readings, the narrowest.
 */
static void make_grid(const struct tscope_point *p, u32 n, u64 tau0_cyc,
		      const struct tscope_fit *fit, struct tscope_stability_place *x)
{
	const struct tscope_point begin = { .tsc = p[0].tsc };
	const struct tscope_point end = { .tsc = p[n - 1].tsc };
	s64 rise = tscope_fit_residual(fit, &begin) - tscope_fit_residual(fit, &end);
	u64 tsc = begin.tsc;
	u32 i, near = 0;
	s64 phase;

	for (i = 0; i < n; i++, tsc += tau0_cyc) {
		while (near + 1 < n && distance(p[near + 1].tsc, tsc) <= distance(p[near].tsc, tsc))
			near++;
		phase = p[near].phase +
			(s64)tscope_div128_signed((s128)rise * (s64)(tsc - p[near].tsc),
						  end.tsc - begin.tsc);
		x[i] = (struct tscope_stability_place){ phase, phase, phase };
	}
}

/* sqrt(sum / n) * mul / div / 2^shift to the nearest; false: it exceeds 64 bits. */
static bool root_mean(u128 sum, u64 n, u64 mul, u128 div, int shift, u64 *to)
{
	int bits = sum ? (128 - tscope_fls128(sum)) & ~1 : 0;	/* to use all 128 bits; even */
	u128 root = tscope_sqrt128(tscope_div128(sum << bits, n));

	shift += bits / 2;
	root = tscope_div128(root * mul, div);
	root = (root >> shift) + ((root >> (shift - 1)) & 1);
	*to = (u64)root;
	return !(root >> 64);
}

static s64 second_difference(const struct tscope_stability_place *x, u32 m)
{
	return x[2 * m].phase - 2 * x[m].phase + x[0].phase;
}

/* Figures of @n places, whose low and high are of m = 2^@k phases; false: more than 64 bits. */
static bool take_octave(const struct tscope_stability_place *x, u32 n, u64 tau0_cyc,
			u32 khz, unsigned int k, struct tscope_stability_figures *fig)
{
	u128 tau_cyc = (u128)tau0_cyc << k, adev_sum = 0, tdev_sum = 0, size;
	u32 m = 1 << k, i;
	s128 of_means = 0;
	u64 mtie = 0;
	s64 diff;

	for (i = 0; i + m < n; i++)
		mtie = max(mtie, (u64)max(x[i].high, x[i + m].phase) -
				 (u64)min(x[i].low, x[i + m].phase));
	for (i = 0; i + 2 * m < n; i++) {
		diff = second_difference(&x[i], m);
		size = tscope_abs64(diff);
		adev_sum += size * size;
		if (adev_sum >> SUM_BITS)
			return false;
		/* the second difference of mean phases is the mean of the last m of these */
		of_means += diff;
		if (i >= m)
			of_means -= second_difference(&x[i - m], m);
		if (i + 1 < m)
			continue;
		size = tscope_abs128(of_means) << MEAN_BITS >> k;
		tdev_sum += size * size;
		if (tdev_sum >> SUM_BITS)
			return false;
	}
	fig->n = n - 2 * m;
	fig->tau_us = (u64)tscope_div128(tau_cyc * 1000 + khz / 2, khz);
	fig->mtie_ps = (u64)(((u128)mtie * 1000 + (1 << (TSCOPE_PHASE_SHIFT - 1))) >>
			     TSCOPE_PHASE_SHIFT);
	/* tau is tau_cyc * 10^6 / khz ns; 10^-6 ppb are 10^-15 */
	return root_mean(adev_sum, 2 * fig->n, 1000000000ULL * khz, tau_cyc,
			 TSCOPE_PHASE_SHIFT, &fig->adev) &&
	       root_mean(tdev_sum, 6ULL * (n - 3 * m + 1), 1000, 1,
			 TSCOPE_PHASE_SHIFT + MEAN_BITS, &fig->tdev_ps);
}

/**
 * tscope_stability() - figures of the points that a line was fitted to
 * @p: the points
 * @fit: the line; fit->points is the number of points
 * @khz: the TSC's nominal frequency, not 0
 * @x: room for fit->points places
 * @fig: room for TSCOPE_STABILITY_OCTAVES figures: of tau0, 2 tau0, 4 tau0, ...
 *
 * tau0 is the points' mean spacing. It takes some milliseconds for 8192 points, a second for 10^6.
 * Return: how many figures there are: those with TSCOPE_STABILITY_MIN_N differences.
 */
u32 tscope_stability(const struct tscope_point *p, const struct tscope_fit *fit, u32 khz,
		     struct tscope_stability_place *x, struct tscope_stability_figures *fig)
{
	u32 first = first_of_run(p, fit->points), n = fit->points - first, i, k, m;
	u64 tau0_cyc;

	p += first;
	if (n < 3 + TSCOPE_STABILITY_MIN_N)
		return 0;
	tau0_cyc = div_u64(p[n - 1].tsc - p[0].tsc, n - 1);
	if (!tau0_cyc)
		return 0;
	make_grid(p, n, tau0_cyc, fit, x);
	for (k = 0; k < TSCOPE_STABILITY_OCTAVES; k++) {
		m = 1 << k;
		if (n + 1 < 3 * m + TSCOPE_STABILITY_MIN_N ||
		    !take_octave(x, n, tau0_cyc, khz, k, &fig[k]))
			break;
		for (i = 0; i + m < n; i++) {
			x[i].low = min(x[i].low, x[i + m].low);
			x[i].high = max(x[i].high, x[i + m].high);
		}
	}
	return k;
}
