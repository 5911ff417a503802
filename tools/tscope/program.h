/* SPDX-License-Identifier: GPL-2.0 */
/* program.h: runs another program for its output */
#ifndef TSCOPE_PROGRAM_H
#define TSCOPE_PROGRAM_H

#include <stddef.h>

/**
 * program_output() - what a program prints
 * @argv: its name, which is looked for in PATH, and its arguments; NULL ends them
 * @timeout_ms: it is killed after that time
 *
 * Its stdin and stderr are /dev/null, and its language is C.
 *
 * Return: the text, for free(); or NULL with errno: ENOENT: there is no such program, ETIMEDOUT,
 * EIO: its exit status is not 0, EFBIG: it printed over a megabyte.
 */
char *program_output(const char * const *argv, unsigned int timeout_ms);

/**
 * program_filter() - what a program prints of an input
 * @argv: as above
 * @input: its stdin; NULL: /dev/null
 * @limit: EFBIG: it printed as many bytes
 * @len: how many bytes it printed; a 0 follows them
 *
 * Return: as above.
 */
char *program_filter(const char * const *argv, const char *input, size_t limit,
		     unsigned int timeout_ms, size_t *len);

#endif /* TSCOPE_PROGRAM_H */
