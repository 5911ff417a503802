/* SPDX-License-Identifier: GPL-2.0 */
/* sampling.h: samples for a while, shows progress, and restores what sampling was */
#ifndef TSCOPE_SAMPLING_H
#define TSCOPE_SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

/* -d was not given. */
#define DURATION_DEFAULT UINT64_MAX

/**
 * struct sampling_wish - what the user wants to be sampled
 * @duration_ms: how long; 0: sampling is left as it is; DURATION_DEFAULT: see observe.h
 * @warm_up_ms: sample for this time before, which is not part of the observation
 * @flat_out: sample all the time: width_us becomes period_us meanwhile
 * @reset: discard what was gathered before
 * @cpus: sample only these, in the format of the file cpus; NULL: those that are set there
 * @quiet: no progress
 * @asked: an option of sampling was given, which may be -d 0
 * @can_look: the subcommand can show with -d 0, without root, what is there
 */
struct sampling_wish {
	uint64_t duration_ms, warm_up_ms;
	bool flat_out, reset, quiet, asked, can_look;
	const char *cpus;
};

/* If the module's files are only recorded, turn the wish into one to read only, as with -d 0. */
void sampling_or_look(struct sampling_wish *wish);

/**
 * sampling_begin() - keep what is set, and sample as @wish says
 *
 * Returns after the warm-up and then the reset. What was set is restored by sampling_end(), at
 * exit(), and by the signals that sampling.c lists, which then end the program as usual; but not
 * if the module was loaded again since. While another tscope samples, nothing is changed; when that
 * one ends, sampling_wait() goes on with sampling.
 *
 * Return: 0, or a negative errno after a message that says what to do.
 */
int sampling_begin(const struct sampling_wish *wish);

/* Sampling is on already: start nothing, but go on with it if another tscope began it and ends. */
void sampling_look_on(void);

/* If another tscope ended sampling, switch it on again. Return: whether this was done. */
bool sampling_take_over(void);

/**
 * sampling_wait() - sleep
 * @ms: how long
 * @what: a word such as "sampling" that a terminal shows if @ms is over two seconds
 *
 * Returns early if the module is unloaded. Calls sampling_take_over() meanwhile.
 */
void sampling_wait(const struct sampling_wish *wish, uint64_t ms, const char *what);

/*
 * Restore what was set. Read the figures before: when a CPU is taken off the file cpus, the figures
 * of its pairs are lost.
 */
void sampling_end(void);

/* Whether this command switched sampling on, and has not ended it. */
bool sampling_was_off(void);

#endif /* TSCOPE_SAMPLING_H */
