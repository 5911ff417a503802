/* SPDX-License-Identifier: GPL-2.0 */
/* observe.h: samples for a while, and looks before and after */
#ifndef TSCOPE_OBSERVE_H
#define TSCOPE_OBSERVE_H

#include "finding.h"
#include "sampling.h"

/* Whether this user may write the files that start sampling; true for a recorded tree. */
bool may_sample(void);

/* How old an event may be to be judged, if nothing else is said: an hour. */
#define SINCE_DEFAULT_MS	3600000ull

/* When to sample if -d is not given: only if nothing was sampled or another option asks for it. */
enum sample_when { SAMPLE_IF_ASKED, SAMPLE_ALWAYS };

/* If the duration is DURATION_DEFAULT, make it 10 s or 0; set @wish->asked. */
void choose_duration(struct sampling_wish *wish, enum sample_when when);

/**
 * sample() - sample as a wish says; sampling_end() restores what sampling was
 *
 * Return: 0, or the exit status after a message; 0 with --json if the module is not loaded.
 */
int sample(const struct sampling_wish *wish);

/**
 * observe() - fill an observation
 * @wish: what is sampled; its duration becomes 0 if the module is not loaded, or if the user may
 *	not sample and gave no option of sampling: then only what is there already is read
 *
 * Return: 0, or the exit status after a message.
 */
int observe(struct observation *o, struct sampling_wish *wish);

/* Judge events up to this age; observe() sets SINCE_DEFAULT_MS. */
void observation_since(struct observation *o, uint64_t age_ms);

/* Whether the figures are of earlier sampling, or there are none; @text: a sentence about this. */
bool not_observed(const struct observation *o, char text[160]);

void observation_free(struct observation *o);

#endif /* TSCOPE_OBSERVE_H */
