/* SPDX-License-Identifier: GPL-2.0 */
/* step_error.h: how far the size of a step may be off */
#ifndef TSCOPE_STEP_ERROR_H
#define TSCOPE_STEP_ERROR_H

#include "snapshot.h"

/* The error of a step of this clock, estimated from widths and residuals of its readings. */
uint64_t clock_step_error_ns(const struct snapshot *s, const char *clock);

/* Whether residuals are in this estimate, if the clock has any: only root can read them. */
bool clock_step_error_known(const struct snapshot *s, const char *clock);

/* The error of this step: as the module reports it, or as it is estimated. */
uint64_t step_error_ns(const struct snapshot *s, const struct violation *v);

/* The error of the sum of two steps; it is limited, as those of steps are. */
uint64_t step_errors_ns(uint64_t a, uint64_t b);

/* Whether the module reported it, or the estimate has residuals. */
bool step_error_known(const struct snapshot *s, const struct violation *v);

#endif /* TSCOPE_STEP_ERROR_H */
