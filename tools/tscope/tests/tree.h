/* SPDX-License-Identifier: GPL-2.0 */
/* tree.h: recorded trees as the root below which all files are looked for */
#ifndef TSCOPE_TREE_H
#define TSCOPE_TREE_H

#include <stddef.h>

/* Unpack trees/NAME.tree, and look for files there; a failure ends the program. */
void tree_open(const char *name);

/* Write a file of the tree that is open; text NULL removes it. */
void tree_write(const char *file, const char *text, size_t len);

/* Remove what was unpacked. */
void tree_close(void);

#endif /* TSCOPE_TREE_H */
