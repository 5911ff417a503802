/* SPDX-License-Identifier: GPL-2.0 */
/* files.h: where the module's files are, and their text */
#ifndef TSCOPE_FILES_H
#define TSCOPE_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The directory below which all files are looked for: that of --root, or "". */
extern const char *system_root;

/* The text of a file; not ended by 0. */
struct file_text {
	char *at;
	size_t len;
};

/* Read a whole file; 0, or a negative errno. The caller frees text->at. */
int file_read(const char *path, struct file_text *text);

/* The paths of a file of the system (below --root), and of files of the module. */
void path_system(char path[PATH_MAX], const char *file);
void path_sysfs(char path[PATH_MAX], const char *file);
void path_debugfs(char path[PATH_MAX], const char *file);

/* The number of bytes of the UTF-8 character at @at; 0: there is none. */
size_t text_character(const char *at);

/**
 * text_clean() - copy a text so that it is safe for a terminal and valid in JSON
 * @to: of @size bytes, ended by 0; the copy ends before a character that does not fit
 *
 * A control character becomes "?", and a byte that is no UTF-8 becomes U+FFFD.
 */
void text_clean(char *to, size_t size, const char *from);

/* The same in place; and of a text of malloc(), which is freed: returns a new one, or NULL. */
void text_clean_array(char *text, size_t size);
char *text_clean_line(char *text);

bool module_is_loaded(void);

/* Whether the user named a tree that can't be made to sample: a copy, or a read-only one. */
bool module_is_recorded(void);

/* A number that differs each time the module is loaded; 0: it is not loaded. */
uint64_t module_loading(void);

/* Why the module is not loaded, and what to do: a static text without an end of line. */
const char *module_advice(void);

#endif /* TSCOPE_FILES_H */
