/* SPDX-License-Identifier: GPL-2.0 */
/* system_parts.h: what the files system*.c share */
#ifndef TSCOPE_SYSTEM_PARTS_H
#define TSCOPE_SYSTEM_PARTS_H

#include <stdio.h>

#include "system.h"

/* The paths of these functions are below system_root. */
FILE *system_open(const char *path);

/* Read the first line without its newline; false, and an empty @line: there is none. */
bool system_line(const char *path, char *line, size_t size);

/* A file that holds one decimal number. */
struct count system_count(const char *path);

/*
 * Read a whole file; the text is for free(), or NULL with errno: EFBIG: more than @limit bytes.
 * system_slurp() reads a descriptor; EAGAIN is its end, and EPIPE (a record of /dev/kmsg was
 * overwritten) is skipped.
 */
char *system_text(const char *path, size_t limit);
char *system_slurp(int fd, size_t limit);

/* Whether files come from a tree that was recorded. */
bool system_recorded(void);

/* Add a line to a list of struct system_facts. */
__attribute__((format(printf, 3, 4)))
void system_add(char ***lines, size_t *n, const char *format, ...);
#define system_note(s, ...) system_add(&(s)->notes, &(s)->n_notes, __VA_ARGS__)

void system_look_at_cpu(struct system_facts *s);	/* system_cpu.c */
void system_look_at_log(struct system_facts *s);	/* system_log.c */
void system_look_at_time(struct system_facts *s);	/* system_time.c */

#endif /* TSCOPE_SYSTEM_PARTS_H */
