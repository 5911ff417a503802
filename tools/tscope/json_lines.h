/* SPDX-License-Identifier: GPL-2.0 */
/* json_lines.h: reads lines, each of which is a JSON object */
#ifndef TSCOPE_JSON_LINES_H
#define TSCOPE_JSON_LINES_H

#include <json-c/json.h>
#include <stdio.h>

/**
 * struct json_lines - a file that is read line by line
 * @number: of the present line, from 1
 * @wrong: what is wrong with it, or NULL
 */
struct json_lines {
	FILE *from;
	char *line;
	size_t number, len;
	const char *wrong;
	struct json_tokener *tokener;
};

void json_lines_open(struct json_lines *l, FILE *from);

/**
 * json_lines_next() - read the next line
 *
 * Return: its object, which the caller drops by json_object_put(); or NULL: if @l->wrong is NULL,
 * the file is at its end.
 */
struct json_object *json_lines_next(struct json_lines *l);

void json_lines_close(struct json_lines *l);

#endif /* TSCOPE_JSON_LINES_H */
