/* SPDX-License-Identifier: GPL-2.0 */
/* Error that a fit must allow for, in nanoseconds. */
#ifndef TSCOPE_HIDES_H
#define TSCOPE_HIDES_H

#include "fit.h"

#define HIDES(ns) (&(struct tscope_hidden){ .phase = (u64)(ns) << 16 })

#endif /* TSCOPE_HIDES_H */
