/* SPDX-License-Identifier: GPL-2.0 */
/* progress.h: what takes longer than two seconds says so on a terminal */
#ifndef TSCOPE_PROGRESS_H
#define TSCOPE_PROGRESS_H

#include <stdbool.h>

/* Whether it is a terminal that takes escape codes: TERM says so. */
bool takes_escapes(int fd);

/**
 * progress_begin() - begin what may take long
 * @what: a word for it, as "reading"; it must remain
 *
 * From two seconds after the first call on, standard error shows it and the seconds, if it is a
 * terminal that takes escapes and --quiet was not given. A timer's signal shows it, which
 * interrupts poll().
 */
void progress_begin(const char *what);

/* It has ended; what is shown is erased. */
void progress_end(void);

#endif /* TSCOPE_PROGRESS_H */
