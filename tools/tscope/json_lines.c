// SPDX-License-Identifier: GPL-2.0
/* json_lines.c: reads lines, each of which is a JSON object */
#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "json_lines.h"

/* No line of a recording is longer: a line with a histogram has about 50 kB. */
#define MOST_BYTES	1048576
#define DEPTH		6

void json_lines_open(struct json_lines *l, FILE *from)
{
	*l = (struct json_lines){ .from = from, .line = malloc(MOST_BYTES),
				  .tokener = json_tokener_new_ex(DEPTH) };
	if (!l->line || !l->tokener)
		err(4, "JSON");
	json_tokener_set_flags(l->tokener, JSON_TOKENER_STRICT);
}

/* Whether there is a line, whole and not too long. */
static bool read_line(struct json_lines *l)
{
	int c = getc(l->from);

	if (c == EOF)
		return false;
	l->number++;
	for (l->len = 0; c != EOF && c != '\n' && l->len < MOST_BYTES; c = getc(l->from))
		l->line[l->len++] = c;
	if (c != '\n')
		l->wrong = c == EOF ? "is truncated" : "is too long";
	return c == '\n';
}

/* Whether @n digits are a number of more than 64 bits. */
static bool is_large(const char *digits, size_t n, bool negative)
{
	const char *most = negative ? "9223372036854775808" : "18446744073709551615";

	return n > strlen(most) || (n == strlen(most) && memcmp(digits, most, n) > 0);
}

/* json-c turns such a number into the largest one, without an error. */
static bool has_large_number(const struct json_lines *l)
{
	const char *at = l->line, *end = l->line + l->len, *from;
	bool in_string = false;

	for (; at < end; at++) {
		if (*at == '"')
			in_string = !in_string;
		else if (in_string && *at == '\\')
			at++;
		if (in_string || at >= end || !isdigit((unsigned char)*at))
			continue;
		from = at;
		while (at + 1 < end && isdigit((unsigned char)at[1]))
			at++;
		if (is_large(from, at + 1 - from, from > l->line && from[-1] == '-'))
			return true;
	}
	return false;
}

struct json_object *json_lines_next(struct json_lines *l)
{
	struct json_object *object;

	if (!read_line(l))
		return NULL;
	json_tokener_reset(l->tokener);
	object = json_tokener_parse_ex(l->tokener, l->line, l->len);
	if (!json_object_is_type(object, json_type_object) ||
	    json_tokener_get_parse_end(l->tokener) != l->len)
		l->wrong = "is no JSON object";
	else if (has_large_number(l))
		l->wrong = "has a number of more than 64 bits";
	else
		return object;
	json_object_put(object);
	return NULL;
}

void json_lines_close(struct json_lines *l)
{
	free(l->line);
	json_tokener_free(l->tokener);
}
