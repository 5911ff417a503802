/* SPDX-License-Identifier: GPL-2.0 */
/* points.h: the stability of recorded points, by the module's own code */
#ifndef TSCOPE_POINTS_H
#define TSCOPE_POINTS_H

#include "recording.h"
#include "stability.h"

/**
 * clock_stability() - compute the stability of a clock from its longest segment
 * @khz: the TSC's nominal frequency, not 0
 * @fig: room for TSCOPE_STABILITY_OCTAVES figures
 *
 * Return: how many figures there are; 0 if there are too few points, or they can't be of a clock.
 */
u32 clock_stability(const struct recorded_clock *c, u32 khz, struct tscope_stability_figures *fig);

#endif /* TSCOPE_POINTS_H */
