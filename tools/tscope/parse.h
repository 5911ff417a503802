/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.h: the text of the module's files, as structs
 *
 * Parsers are strict: they accept what the module prints, and nothing else. A text that is
 * malformed or truncated gives a fault, and no figure at all.
 */
#ifndef TSCOPE_PARSE_H
#define TSCOPE_PARSE_H

#include "snapshot.h"

/**
 * struct parse_fault - what is wrong with a text
 * @line: number of the line, from 1
 * @field: the field's name, or NULL if the line as a whole is wrong
 * @what: "is no decimal number", "is truncated", ...
 */
struct parse_fault {
	size_t line;
	const char *field, *what;
};

/*
 * Files of debugfs. Each function returns whether the text is right. The caller frees *lines, which
 * is NULL if there are no lines, and after a fault.
 */
bool parse_pairs(const char *text, size_t len, struct pair_line **lines, size_t *n,
		 struct parse_fault *fault);
bool parse_cpus(const char *text, size_t len, struct cpu_line **lines, size_t *n,
		struct parse_fault *fault);
bool parse_violations(const char *text, size_t len, struct violation **lines, size_t *n,
		      struct parse_fault *fault);
bool parse_pages(const char *text, size_t len, struct page_line **lines, size_t *n,
		 struct parse_fault *fault);
bool parse_points(const char *text, size_t len, struct point_line **lines, size_t *n,
		  struct parse_fault *fault);

/* The caller frees h->buckets. h->name stays as it is. */
bool parse_histogram(const char *text, size_t len, struct histogram *h, struct parse_fault *fault);

/* A file of sysfs that holds one number. */
bool parse_count(const char *text, size_t len, struct count *value, struct parse_fault *fault);

/* How many files a clock's directory may have. */
size_t parse_clock_file_count(void);

/* The name of file i, or NULL if this clock can't have it. */
const char *parse_clock_file_name(size_t i, const char *clock);

/* Parse file i into @clock, which stays as it is after a fault. */
bool parse_clock_file(size_t i, const char *text, size_t len, struct clock_figures *clock,
		      struct parse_fault *fault);

/* The names of the clocks, as n clocks whose other figures are not known. The caller frees them. */
bool parse_clocks(const char *text, size_t len, struct clock_figures **clocks, size_t *n,
		  struct parse_fault *fault);

/* Parse a list of CPUs such as "0-3,8" and set their entries. False: @text is no such list. */
bool parse_cpu_list(const char *text, bool cpus[MAX_CPUS]);

/* Copy a text of one line, without the newline. */
bool parse_string(const char *text, size_t len, char *to, size_t size, struct parse_fault *fault);

/**
 * parse_thousandths() - parse a decimal number of at most three places
 * @text: of @len bytes, all of which belong to it
 * @value: in thousandths
 *
 * Return: whether @text is such a number, and fits.
 */
bool parse_thousandths(const char *text, size_t len, int64_t *value);

#endif /* TSCOPE_PARSE_H */
