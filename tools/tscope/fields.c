// SPDX-License-Identifier: GPL-2.0
/* fields.c: lines of fields, one blank between two, as members of structs */
#include <stdlib.h>
#include <string.h>

#include "fields.h"

bool fault_is(struct parse_fault *fault, const char *field, const char *what)
{
	fault->field = field;
	fault->what = what;
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Decimal digits as the module prints them: without a sign or a leading 0. */
static bool digits(struct span *s, uint64_t *value)
{
	const char *start = s->at;

	*value = 0;
	for (; s->at < s->end && is_digit(*s->at); s->at++)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*s->at - '0'), value))
			return false;
	return s->at > start && (*start != '0' || s->at == start + 1);
}

static bool unsigned_number(struct span s, uint64_t *value)
{
	return digits(&s, value) && s.at == s.end;
}

static bool with_sign(bool negative, uint64_t size, int64_t *value)
{
	if (size > (uint64_t)INT64_MAX + negative)
		return false;
	*value = negative ? (int64_t)-size : (int64_t)size;
	return true;
}

static bool minus(struct span *s)
{
	bool negative = s->at < s->end && *s->at == '-';

	s->at += negative;
	return negative;
}

static bool signed_number(struct span s, int64_t *value)
{
	bool negative = minus(&s);
	uint64_t size;

	return unsigned_number(s, &size) && (size || !negative) && with_sign(negative, size, value);
}

/* A number with exactly three decimal places, or up to three if @places is 0; -0.000 is one. */
static bool thousandths(struct span s, int places, int64_t *value)
{
	bool negative = minus(&s);
	uint64_t size;
	int n = 0;

	if (!digits(&s, &size))
		return false;
	if (s.at < s.end && *s.at++ != '.')
		return false;
	for (; n < 3; n++)
		if (__builtin_mul_overflow(size, 10, &size) ||
		    (s.at < s.end && !is_digit(*s.at)) ||
		    (s.at == s.end && places) ||
		    __builtin_add_overflow(size, s.at < s.end ? (uint64_t)(*s.at++ - '0') : 0,
					   &size))
			return false;
	return s.at == s.end && with_sign(negative, size, value);
}

bool parse_thousandths(const char *text, size_t len, int64_t *value)
{
	/* "1." is no number */
	return len && is_digit(text[len - 1]) &&
	       thousandths((struct span){ text, text + len }, 0, value);
}

bool span_word(struct span s, char *to, size_t size)
{
	size_t len = s.end - s.at, i;

	if (!len || len >= size)
		return false;
	for (i = 0; i < len; i++)
		if (!(s.at[i] >= 'a' && s.at[i] <= 'z') && !is_digit(s.at[i]) && s.at[i] != '-')
			return false;
	if (!(s.at[0] >= 'a' && s.at[0] <= 'z'))
		return false;
	memcpy(to, s.at, len);
	to[len] = 0;
	return true;
}

bool span_is(struct span s, const char *text)
{
	size_t len = s.end - s.at;

	return len == strlen(text) && !memcmp(s.at, text, len);
}

static bool is_one_of(struct span s, const char *words)
{
	size_t len = s.end - s.at;
	const char *at;

	for (at = words; *at; at = strchr(at, ' ') + 1)
		if (!strncmp(at, s.at, len) && at[len] == ' ')
			return true;
	return false;
}

static bool small_number(struct span s, int64_t low, int64_t high, int64_t *value)
{
	return signed_number(s, value) && *value >= low && *value <= high;
}

bool store_field(const struct field *f, struct span s, void *to)
{
	bool dash = span_is(s, "-");
	struct figure *figure = to;
	struct count *count = to;
	int64_t value;

	switch (f->kind) {
	case LITERAL:
		return span_is(s, f->name);
	case DASH:
		return dash;
	case KNOWN:
		return false;
	case WORD:
		return span_word(s, to, f->size) && (!f->words || is_one_of(s, f->words));
	case UNSIGNED:
		if (!small_number(s, 0, UINT32_MAX, &value))
			return false;
		*(unsigned int *)to = value;
		return true;
	case INTEGER:
		if (!small_number(s, INT32_MIN, INT32_MAX, &value))
			return false;
		*(int *)to = value;
		return true;
	case U64:
		return unsigned_number(s, to);
	case MINUS_U64:
		return minus(&s) && unsigned_number(s, to) && *(uint64_t *)to;
	case S64:
		return signed_number(s, to);
	case SIZE:
		return small_number(s, 0, INT64_MAX, to);
	case FLAG:
		if (!small_number(s, 0, 1, &value))
			return false;
		*(bool *)to = value;
		return true;
	case THOUSANDTHS:
		return thousandths(s, 3, to);
	case COUNT:
	case COUNT_OR_DASH:
		count->known = !dash;
		return dash ? f->kind == COUNT_OR_DASH : unsigned_number(s, &count->value);
	case FIGURE:
	case FIGURE_OR_DASH:
		figure->known = !dash;
		return dash ? f->kind == FIGURE_OR_DASH : signed_number(s, &figure->value);
	case FIGURE_SIZE:
		figure->known = true;
		return small_number(s, 0, INT64_MAX, &figure->value);
	case FIGURE_FLAG:
		figure->known = true;
		return small_number(s, 0, 1, &figure->value);
	case FIGURE_THOUSANDTHS:
		figure->known = true;
		return thousandths(s, 3, &figure->value);
	}
	return false;
}

bool cut_word(struct span *s, struct span *text)
{
	if (!s->at)
		return false;
	text->at = s->at;
	text->end = memchr(s->at, ' ', s->end - s->at) ?: s->end;
	s->at = text->end < s->end ? text->end + 1 : NULL;
	return true;
}

static bool line_as(struct span s, const struct layout *l, void *to, struct parse_fault *fault)
{
	struct span text;
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct field *f = &l->fields[i];

		if (f->kind == KNOWN)
			*((bool *)((char *)to + f->at)) = true;
		else if (!cut_word(&s, &text))
			return fault_is(fault, f->name, "is missing");
		else if (!store_field(f, text, (char *)to + f->at))
			return fault_is(fault, f->name, "is not understood");
	}
	return !s.at || fault_is(fault, NULL, "has more fields than are known");
}

bool store_line(struct span s, const struct layout *layouts, size_t n, void *to,
		struct parse_fault *fault)
{
	struct parse_fault first = *fault;
	size_t i;

	for (i = 0; i < n; i++) {
		if (line_as(s, &layouts[i], to, fault))
			return true;
		if (!i)
			first = *fault;
	}
	*fault = first;
	return false;
}

/* Cut the first line off *rest; *s is the line without its newline. */
static bool cut_line(struct span *rest, struct span *s, struct parse_fault *fault)
{
	fault->line++;
	if (rest->at == rest->end)
		return fault_is(fault, NULL, "is missing");
	s->at = rest->at;
	s->end = memchr(rest->at, '\n', rest->end - rest->at);
	if (!s->end)
		return fault_is(fault, NULL, "is truncated");
	rest->at = s->end + 1;
	return true;
}

bool cut_first_line(struct span *rest, struct span *s, struct parse_fault *fault)
{
	fault->line = 0;
	return cut_line(rest, s, fault);
}

static size_t count_lines(struct span s)
{
	size_t n = 0;

	for (; s.at < s.end; s.at++)
		n += *s.at == '\n';
	return n;
}

bool store_lines(struct span rest, const struct layout *layouts, size_t n_layouts, size_t size,
		 void **lines, size_t *n, struct parse_fault *fault)
{
	size_t most = count_lines(rest);
	struct span s;
	char *to;

	*lines = NULL;
	*n = 0;
	if (rest.at == rest.end)
		return true;
	to = calloc(most + 1, size);
	if (!to)
		return fault_is(fault, NULL, "does not fit in memory");
	while (rest.at < rest.end) {
		if (!cut_line(&rest, &s, fault) ||
		    !store_line(s, layouts, n_layouts, to + *n * size, fault)) {
			free(to);
			*n = 0;
			return false;
		}
		++*n;
	}
	*lines = to;
	return true;
}
