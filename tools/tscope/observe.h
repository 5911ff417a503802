/* SPDX-License-Identifier: GPL-2.0 */
/* observe.h: samples for a while, and looks before and after */
#ifndef TSCOPE_OBSERVE_H
#define TSCOPE_OBSERVE_H

#include "finding.h"
#include "sampling.h"

/* Whether this user may write what sampling writes; nobody need for a recorded tree. */
bool may_sample(void);

/* When to sample without -d, beside when nothing was sampled or an option of sampling is given. */
enum sample_when { SAMPLE_IF_ASKED, SAMPLE_ALWAYS };

/* Where the duration is DURATION_DEFAULT, make it 10 s or 0; note whether an option was given. */
void choose_duration(struct sampling_wish *wish, enum sample_when when);

/**
 * sample() - sample as a wish says, and do not restore yet: sampling_end() does
 *
 * Return: 0, or the exit status after a message; 0 with --json where the module is not loaded.
 */
int sample(const struct sampling_wish *wish);

/**
 * observe() - fill an observation
 * @wish: what is sampled; its duration becomes 0 where the module is not loaded, or where its user
 *	may not sample and no option asked for it: then what is there already is looked at
 *
 * Return: 0, or the exit status after a message.
 */
int observe(struct observation *o, struct sampling_wish *wish);

/* Whether its figures are of earlier sampling, or there are none and why; @text says so. */
bool not_observed(const struct observation *o, char text[160]);

void observation_free(struct observation *o);

#endif /* TSCOPE_OBSERVE_H */
