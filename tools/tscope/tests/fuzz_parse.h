/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz_parse.h: texts for parsers. The oracle: a parser accepts what the module prints, and nothing
 * else; so its structs, printed in the module's format, must give the text again.
 */
#ifndef TSCOPE_FUZZ_PARSE_H
#define TSCOPE_FUZZ_PARSE_H

#include <inttypes.h>

#include "fuzz.h"
#include "parse.h"

static struct parse_fault fault;

/* The bytes that are left, mostly with a header before them; the memory ends with the last byte. */
static inline char *fuzz_text(struct fuzz_in *in, const char *header, size_t *len)
{
	size_t head = fuzz_u8(in) % 16 ? strlen(header) : 0;
	char *text = malloc(head + in->left ?: 1);

	memcpy(text, header, head);
	if (in->left)
		memcpy(text + head, in->at, in->left);
	*len = head + in->left;
	return text;
}

/* Close @file, whose content becomes *printed, and expect that this is the text. */
static inline void fuzz_same(FILE *file, char **printed, size_t *printed_len, const char *text,
			     size_t len)
{
	fclose(file);
	EXPECT(*printed_len == len && !memcmp(*printed, text, len),
	       "taken:\n%.*s\nwhich is:\n%s", (int)len, text, *printed);
	free(*printed);
}

/* Expect that a fault says where and what it is, and that no lines are left. */
static inline void fuzz_fault(const void *lines, size_t n)
{
	EXPECT(!lines && !n, "%zu lines are left", n);
	EXPECT(fault.line && fault.what, "a fault that says nothing");
}

static inline const char *fuzz_thousandths(char text[32], int64_t value)
{
	u64 size = value < 0 ? 0 - (u64)value : (u64)value;

	snprintf(text, 32, "%s%" PRIu64 ".%03u", value < 0 ? "-" : "", (uint64_t)(size / 1000),
		 (unsigned int)(size % 1000));
	return text;
}

/* Parse bytes as a table by @parser, and print each line by print(file, line) to compare. */
#define FUZZ_TABLE(in, type, parser, header, print) do { \
	size_t len, n, i, printed_len; \
	char *text = fuzz_text(in, header, &len), *printed; \
	struct type *lines; \
	FILE *file; \
\
	if (parser(text, len, &lines, &n, &fault)) { \
		file = open_memstream(&printed, &printed_len); \
		fputs(header, file); \
		for (i = 0; i < n; i++) \
			print(file, &lines[i]); \
		fuzz_same(file, &printed, &printed_len, text, len); \
		free(lines); \
	} else { \
		fuzz_fault(lines, n); \
	} \
	free(text); \
} while (0)

#endif /* TSCOPE_FUZZ_PARSE_H */
