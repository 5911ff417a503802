/* SPDX-License-Identifier: GPL-2.0 */
/* sampling.h: samples for a while, shows progress, and restores what sampling was */
#ifndef TSCOPE_SAMPLING_H
#define TSCOPE_SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

/* -d was not given. */
#define DURATION_DEFAULT UINT64_MAX

/**
 * struct sampling_wish
 * @duration_ms: how long; 0: sampling is left as it is; DURATION_DEFAULT: see observe.h
 * @warm_up_ms: sampled before it, and not part of the observation
 * @flat_out: sample all the time: width_us becomes period_us meanwhile
 * @reset: discard what was gathered before
 * @cpus: sample these only, as in the module's cpus file; NULL: those that are set
 * @quiet: no progress
 * @asked: an option of sampling was given, which may be -d 0
 * @can_look: its subcommand shows with -d 0, and without root, what is there
 */
struct sampling_wish {
	uint64_t duration_ms, warm_up_ms;
	bool flat_out, reset, quiet, asked, can_look;
	const char *cpus;
};

/* Where the module's files are only recorded, a wish is one to look, as with -d 0. */
void sampling_or_look(struct sampling_wish *wish);

/**
 * sampling_begin() - keep what is set, and sample as @wish says
 *
 * Returns after the warm-up and, after it, the reset. What was set is restored by sampling_end(),
 * at exit(), and by SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1 and SIGUSR2, which
 * then end the program as they would. Nothing is restored in a module that was loaded since. While
 * another tscope samples, nothing is changed; when it ends, sampling_wait() goes on with sampling.
 *
 * Return: 0, or a negative errno after a message that says what to do.
 */
int sampling_begin(const struct sampling_wish *wish);

/* Nothing is begun, for sampling is on: go on with it where another tscope began it and ends. */
void sampling_look_on(void);

/* Go on with sampling that another tscope has ended; whether sampling was switched on. */
bool sampling_take_over(void);

/**
 * sampling_wait() - sleep
 * @ms: how long
 * @what: what is said of it on a terminal's stderr, as "sampling", if it is over two seconds
 *
 * Returns early where the module goes. Takes over when another tscope ends.
 */
void sampling_wait(const struct sampling_wish *wish, uint64_t ms, const char *what);

/*
 * Restore what was set. Read the figures before it: a CPU that goes off the list takes those of its
 * pairs along.
 */
void sampling_end(void);

#endif /* TSCOPE_SAMPLING_H */
