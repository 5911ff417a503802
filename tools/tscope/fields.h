/* SPDX-License-Identifier: GPL-2.0 */
/* fields.h: lines of fields, one blank between two, as members of structs */
#ifndef TSCOPE_FIELDS_H
#define TSCOPE_FIELDS_H

#include "parse.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What a field holds, and what it is stored as. */
enum kind {
	LITERAL,	/* the field's name itself, which is not stored */
	DASH,		/* -, which is not stored */
	KNOWN,		/* no text: a bool that becomes true */
	WORD,		/* a name: char[size] */
	UNSIGNED,	/* unsigned int */
	INTEGER,	/* int */
	U64,		/* uint64_t */
	MINUS_U64,	/* a number below 0, stored without its sign: uint64_t */
	S64,		/* int64_t */
	SIZE,		/* int64_t, from 0 */
	FLAG,		/* 0 or 1: bool */
	THOUSANDTHS,	/* three decimal places: int64_t */
	COUNT,		/* struct count */
	COUNT_OR_DASH,
	FIGURE,		/* struct figure */
	FIGURE_OR_DASH,
	FIGURE_SIZE,	/* from 0 */
	FIGURE_FLAG,	/* 0 or 1 */
	FIGURE_THOUSANDTHS,
};

/**
 * struct field - a field of a line
 * @name: for messages; of a LITERAL its text
 * @at: where it is stored in the struct
 * @size: of a WORD, with the 0 that ends it
 * @words: what a WORD may be, with a blank after each; NULL: any name
 */
struct field {
	const char *name;
	enum kind kind;
	size_t at, size;
	const char *words;
};

/* The fields of a line. */
struct layout {
	const struct field *fields;
	size_t n;
};

/* A piece of text; cut_word() sets @at to NULL after the last word. */
struct span {
	const char *at, *end;
};

/* Fill @fault, except its line; returns false. */
bool fault_is(struct parse_fault *fault, const char *field, const char *what);

bool span_is(struct span s, const char *text);

/* Copy a name of a clock, a state or a kind, ended by 0; false: it is no name, or too long. */
bool span_word(struct span s, char *to, size_t size);

/* Cut the first word off *s; false: there is none. */
bool cut_word(struct span *s, struct span *word);

/* Cut the first line, without its newline, off *rest; faults count lines from this one. */
bool cut_first_line(struct span *rest, struct span *line, struct parse_fault *fault);

/* Store a text at @to as the field's kind; false: the text is not of this kind. */
bool store_field(const struct field *f, struct span s, void *to);

/* Store the fields of @line, without its newline, by the first of @n layouts that fits. */
bool store_line(struct span line, const struct layout *layouts, size_t n, void *to,
		struct parse_fault *fault);

/* Store each line by one of @n_layouts, as a struct of @size bytes. The caller frees *lines. */
bool store_lines(struct span rest, const struct layout *layouts, size_t n_layouts, size_t size,
		 void **lines, size_t *n, struct parse_fault *fault);

#endif /* TSCOPE_FIELDS_H */
