/* SPDX-License-Identifier: GPL-2.0 */
/* replace.h: replaces a file as a whole: a reader sees the old content or the new one */
#ifndef TSCOPE_REPLACE_H
#define TSCOPE_REPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * output_check() - check that a file can be written, before time is spent on its content
 * @replaces: replace_file() will write it; false: it will be opened and written
 *
 * Return: 0, or a negative errno. Nothing is changed.
 */
int output_check(const char *path, bool replaces);

/**
 * replace_file() - write a temporary file in the same directory, and rename it
 * @path: the file, or a link to it, which stays; a device or a fifo is written to in place
 * @mode: mode of the new file; 0: by the umask
 *
 * Return: 0, or a negative errno; then a file that was there before is unchanged.
 */
int replace_file(const char *path, const char *text, size_t len, mode_t mode);

#endif /* TSCOPE_REPLACE_H */
