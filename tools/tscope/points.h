/* SPDX-License-Identifier: GPL-2.0 */
/* points.h: recorded points, as the module fits them */
#ifndef TSCOPE_POINTS_H
#define TSCOPE_POINTS_H

#include "recording.h"
#include "stability.h"

/**
 * clock_stability() - the stability of a clock, of its longest segment
 * @khz: what TSC values are divided by, not 0
 * @fig: room for TSCOPE_STABILITY_OCTAVES figures
 *
 * Return: how many figures there are: 0 where the points are too few, or are no points of a clock.
 */
u32 clock_stability(const struct recorded_clock *c, u32 khz, struct tscope_stability_figures *fig);

#endif /* TSCOPE_POINTS_H */
