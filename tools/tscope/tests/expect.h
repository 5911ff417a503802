/* SPDX-License-Identifier: GPL-2.0 */
/* expect.h: expectations on texts and findings */
#ifndef TSCOPE_EXPECT_H
#define TSCOPE_EXPECT_H

#include <stdio.h>

#include "finding.h"
#include "tap.h"

#define EXPECT_TEXT(got, want) \
	EXPECT(!strcmp(got, want), "'%s', not '%s'", got, want)

#define set_text(to, text) snprintf(to, sizeof(to), "%s", text)

/* Expect exactly these lines, in this order. */
#define EXPECT_LINES(lines, n, ...) \
	expect_lines(lines, n, (const char *const []){ __VA_ARGS__, NULL }, __LINE__)

static inline void expect_lines(char *const *lines, size_t n, const char *const *want, int line)
{
	size_t i;

	for (i = 0; i < n && want[i]; i++)
		EXPECT(!strcmp(lines[i], want[i]), "line %d: '%s', not '%s'", line, lines[i],
		       want[i]);
	EXPECT(i == n && !want[i], "line %d: %zu lines; the next is '%s'", line, n,
	       i < n ? lines[i] : want[i]);
}

/* A finding's size, and the size's error, in the finding's unit. */
static inline double size_of(const struct finding *f)
{
	return (double)f->size.value / (f->places ? 1000 : 1);
}

static inline double error_of(const struct finding *f)
{
	return (double)f->size_error.value / (f->places ? 1000 : 1);
}

/* Whether there is a finding; expects that it has this severity and title. */
static inline bool is_finding(const struct finding *f, enum severity want, const char *title)
{
	EXPECT(f, "no finding: %s", title);
	if (!f)
		return false;
	EXPECT_TEXT(f->title, title);
	EXPECT_EQ(f->severity, want, "%s", title);
	return true;
}

/* The only finding of this id, or NULL. */
static inline const struct finding *the_finding(const struct finding_list *list, const char *id)
{
	const struct finding *found = NULL;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (strcmp(list->findings[i].id, id))
			continue;
		EXPECT(!found, "%s: two findings", id);
		found = &list->findings[i];
	}
	return found;
}

#endif /* TSCOPE_EXPECT_H */
