/* SPDX-License-Identifier: GPL-2.0 */
/* replace.h: a file as a whole: who reads it sees the old one or the new one */
#ifndef TSCOPE_REPLACE_H
#define TSCOPE_REPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * output_check() - whether a file can be written, before what it is to hold has taken its time
 * @replaces: by replace_file(); else it is opened and written
 *
 * Return: 0, or a negative errno. Nothing is changed.
 */
int output_check(const char *path, bool replaces);

/**
 * replace_file() - write a file by a temporary one beside it, and rename
 * @path: the file, or a link to it, which stays; a device or a fifo is written to in place
 * @mode: of a file that is replaced; 0: as the umask says
 *
 * Return: 0, or a negative errno; then a file that was there before is unchanged.
 */
int replace_file(const char *path, const char *text, size_t len, mode_t mode);

#endif /* TSCOPE_REPLACE_H */
