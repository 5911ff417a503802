/* SPDX-License-Identifier: GPL-2.0 */
/* progress.h: shows on a terminal what takes longer than two seconds */
#ifndef TSCOPE_PROGRESS_H
#define TSCOPE_PROGRESS_H

#include <stdbool.h>

/* Whether @fd is a terminal that understands escape codes, by TERM. */
bool takes_escapes(int fd);

/**
 * progress_begin() - call it before work that may take long
 * @what: a word for the work, such as "reading"; the pointer is kept
 *
 * From two seconds after the first call on, standard error shows @what and the seconds, if it is a
 * terminal that understands escape codes and --quiet was not given. This is done by a timer's
 * signal, which interrupts poll().
 */
void progress_begin(const char *what);

/* The work has ended: erase what is shown. */
void progress_end(void);

#endif /* TSCOPE_PROGRESS_H */
