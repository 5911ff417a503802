/* SPDX-License-Identifier: GPL-2.0 */
/* program.h: runs another program for its output */
#ifndef TSCOPE_PROGRAM_H
#define TSCOPE_PROGRAM_H

#include <stddef.h>

/**
 * program_output() - what a program prints
 * @argv: the program's name, which is looked for in PATH, and its arguments; the last is NULL
 * @timeout_ms: the program is killed after this time
 *
 * The program's stdin and stderr are /dev/null, and its locale is C.
 *
 * Return: the text, for free(); or NULL with errno: ENOENT: there is no such program, ETIMEDOUT,
 * EIO: its exit status is not 0, EFBIG: it printed 1 MiB or more.
 */
char *program_output(const char * const *argv, unsigned int timeout_ms);

/**
 * program_filter() - what a program prints when it reads an input
 * @argv: as above
 * @input: the text of the program's stdin; NULL: /dev/null
 * @limit: in bytes; if the program prints this many or more, errno is EFBIG
 * @timeout_ms: as above
 * @len: filled: how many bytes the program printed; a 0 follows them
 *
 * Return: as above.
 */
char *program_filter(const char * const *argv, const char *input, size_t limit,
		     unsigned int timeout_ms, size_t *len);

#endif /* TSCOPE_PROGRAM_H */
