/* SPDX-License-Identifier: GPL-2.0 */
/* recording_parts.h: how a recording is put together */
#ifndef TSCOPE_RECORDING_PARTS_H
#define TSCOPE_RECORDING_PARTS_H

#include "recording.h"

/* What the header's "tscope_recording" is: the version of the lines. */
#define RECORDING_VERSION	1

/**
 * list_room() - room for one entry more
 * @list: of @n entries of @size bytes each, by this function only
 *
 * Ends the program where there is no memory. Return: the list, which may have moved.
 */
void *list_room(void *list, size_t n, size_t size);

void recording_add_point(struct recording *r, const struct point_line *point);

void recording_add_error(struct recording *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* TSCOPE_RECORDING_PARTS_H */
