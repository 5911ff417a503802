/* SPDX-License-Identifier: GPL-2.0 */
/* observe.h: samples for a while, and looks before and after */
#ifndef TSCOPE_OBSERVE_H
#define TSCOPE_OBSERVE_H

#include "finding.h"
#include "sampling.h"

/**
 * observe() - fill an observation
 * @wish: what is sampled; its duration becomes 0 where nothing could be sampled
 *
 * Who may not sample sees what is there already.
 *
 * Return: whether the module is loaded.
 */
bool observe(struct observation *o, struct sampling_wish *wish);

void observation_free(struct observation *o);

#endif /* TSCOPE_OBSERVE_H */
