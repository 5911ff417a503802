/* SPDX-License-Identifier: GPL-2.0 */
/* files.h: where the module's files are, and their text */
#ifndef TSCOPE_FILES_H
#define TSCOPE_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Below which all files are looked for: --root, or "". */
extern const char *system_root;

/* The text of a file; not ended by 0. */
struct file_text {
	char *at;
	size_t len;
};

/* Read a whole file; 0, or a negative errno. The caller frees text->at. */
int file_read(const char *path, struct file_text *text);

/* Paths of a file of the kernel's, and of the module's directories. */
void path_system(char path[PATH_MAX], const char *file);
void path_sysfs(char path[PATH_MAX], const char *file);
void path_debugfs(char path[PATH_MAX], const char *file);

/**
 * text_clean() - copy a text so that a terminal and JSON take it
 * @to: @size bytes, of which the last is 0; a character that does not fit ends it
 *
 * A control character becomes "?", and a byte that is no UTF-8 U+FFFD.
 */
void text_clean(char *to, size_t size, const char *from);

/* The same in its place, and of a text of malloc(), which may grow: for free(), or NULL. */
void text_clean_array(char *text, size_t size);
char *text_clean_line(char *text);

bool module_is_loaded(void);

/* They are a tree that was named, and that can't be made to sample: a copy, or one to read only. */
bool module_is_recorded(void);

/* Which loading of the module its files are of: another number after the next one; 0: none. */
uint64_t module_loading(void);

/* Why the module is not loaded, and what to do: a static text without an end of line. */
const char *module_advice(void);

#endif /* TSCOPE_FILES_H */
