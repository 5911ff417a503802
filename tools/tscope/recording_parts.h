/* SPDX-License-Identifier: GPL-2.0 */
/* recording_parts.h: functions that build a recording */
#ifndef TSCOPE_RECORDING_PARTS_H
#define TSCOPE_RECORDING_PARTS_H

#include "recording.h"

/* The version of the format, which is "tscope_recording" in the header. */
#define RECORDING_VERSION	1

/**
 * list_room() - make room for one more entry
 * @list: @n entries of @size bytes each; only this function may have allocated it
 *
 * Ends the program if there is no memory. Return: the list, which may have moved.
 */
void *list_room(void *list, size_t n, size_t size);

void recording_add_point(struct recording *r, const struct point_line *point);

void recording_add_error(struct recording *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* TSCOPE_RECORDING_PARTS_H */
