// SPDX-License-Identifier: GPL-2.0
/*
 * Trees whose first lines say what must be found: "# expect: ID SEVERITY [SIZE UNIT +- ERROR]". The
 * size that was found must hold SIZE within its error, which must be ERROR at most; without "+-" it
 * has no error, and must be SIZE. Other findings must be info. A tree that expects nothing is of a
 * healthy machine. "# says: TEXT" must be in the title, evidence or advice of a finding, and
 * "# never: TEXT" in none.
 */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "finding.h"
#include "rules.h"
#include "tap.h"
#include "tree.h"

#define MOST 8
/* what the third place of a printed figure hides */
#define NO_MORE 0.001

struct expected {
	char id[32], severity[16], unit[16];
	bool sized, seen;
	double size, error;
};

static struct observation o;
static struct finding_list found;

static void look(const char *tree)
{
	tree_open(tree);
	memset(&o, 0, sizeof(o));
	snapshot_read(&o.before, SNAPSHOT_CPUS);
	system_begin(&o.system);
	snapshot_read(&o.after, SNAPSHOT_ALL);
	system_end(&o.system);
	events_of(&o.after, &o.events);
	findings_of(&o, &found);
}

static void forget(void)
{
	findings_free(&found);
	events_free(&o.events);
	snapshot_free(&o.before);
	snapshot_free(&o.after);
	system_free(&o.system);
	tree_close();
}

/* Read what the first lines of a tree expect. Return: how many findings; -1: it is no such tree. */
static int expected_of(const char *tree, struct expected *all)
{
	const char *tests = getenv("TSCOPE_TESTS") ?: "tests";
	char path[512], line[512];
	bool ours = !strncmp(tree, "healthy", 7);
	int n = 0, fields;
	FILE *f;

	snprintf(path, sizeof(path), "%s/trees/%s.tree", tests, tree);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f) && line[0] == '#') {
		struct expected *e = &all[n];

		*e = (struct expected){ };
		fields = sscanf(line, "# expect: %31s %15s %lf %15s +- %lf", e->id, e->severity,
				&e->size, e->unit, &e->error);
		if (fields < 2)
			continue;
		e->sized = fields >= 4;
		ours = true;
		if (++n == MOST)
			break;
	}
	if (f)
		fclose(f);
	return ours ? n : -1;
}

static struct expected *match(const struct finding *f, struct expected *all, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (all[i].seen || strcmp(all[i].id, f->id))
			continue;
		if (!all[i].sized || (f->size.known && f->size_error.known == !!all[i].error &&
				      fabs(size_of(f) - all[i].size) <= error_of(f) + NO_MORE))
			return &all[i];
	}
	return NULL;
}

static void check_finding(const char *tree, const struct finding *f, struct expected *all, int n)
{
	struct expected *e = match(f, all, n);

	EXPECT(e || f->severity == SEVERITY_INFO, "%s: %s %s: %s: size %.3f +- %.3f %s", tree,
	       severity_name(f->severity), f->id, f->title, size_of(f), error_of(f),
	       f->unit);
	if (!e)
		return;
	e->seen = true;
	EXPECT(!strcmp(severity_name(f->severity), e->severity), "%s: %s is %s", tree, f->id,
	       severity_name(f->severity));
	EXPECT(!e->sized || !strcmp(f->unit, e->unit), "%s: %s in %s", tree, f->id, f->unit);
	/* an error that is too large would hold any size */
	EXPECT(!e->sized || error_of(f) <= e->error + NO_MORE,
	       "%s: %s: size %.3f +- %.3f, not %.3f at most", tree, f->id, size_of(f), error_of(f),
	       e->error);
	EXPECT(f->evidence.n > 0 && f->cause[0] && f->advice.n > 0 && f->see[0],
	       "%s: %s has evidence, cause, advice and section", tree, f->id);
}

static bool lines_say(const struct text_list *list, const char *text)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strstr(list->lines[i], text))
			return true;
	return false;
}

static bool findings_say(const char *text)
{
	const struct finding *f;

	for (f = found.findings; f < found.findings + found.n; f++)
		if (strstr(f->title, text) || lines_say(&f->evidence, text) ||
		    lines_say(&f->advice, text))
			return true;
	return false;
}

static void check_texts(const char *tree)
{
	char path[512], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/trees/%s.tree", getenv("TSCOPE_TESTS") ?: "tests", tree);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f) && line[0] == '#') {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "# says: ", 8))
			EXPECT(findings_say(line + 8), "%s: no finding says %s", tree,
			       line + 8);
		if (!strncmp(line, "# never: ", 9))
			EXPECT(!findings_say(line + 9), "%s: a finding says %s", tree,
			       line + 9);
	}
	if (f)
		fclose(f);
}

static void check_tree(const char *tree)
{
	struct expected all[MOST];
	int n = expected_of(tree, all), i;
	size_t k;

	if (n < 0)
		return;
	look(tree);
	for (k = 0; k < o.after.n_errors; k++)
		tap_fail(__FILE__, __LINE__, "%s: %s", tree, o.after.errors[k]);
	for (k = 0; k < found.n; k++)
		check_finding(tree, &found.findings[k], all, n);
	for (i = 0; i < n; i++)
		EXPECT(all[i].seen, "%s: %s %.3f is missing", tree, all[i].id, all[i].size);
	check_texts(tree);
	forget();
}

static int is_tree(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && !strcmp(entry->d_name + len - 5, ".tree");
}

static int trees_of(struct dirent ***list)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/trees", getenv("TSCOPE_TESTS") ?: "tests");
	return scandir(path, list, is_tree, alphasort);
}

static void test_trees(void)
{
	struct dirent **list;
	int n = trees_of(&list), i;

	EXPECT(n > 0, "trees");
	for (i = 0; i < n; i++) {
		list[i]->d_name[strlen(list[i]->d_name) - 5] = 0;
		check_tree(list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* Each id has a tree, except timer-policy, which test_domain tests. */
static void test_all_ids(void)
{
	struct expected all[MOST];
	const struct rule *rule;
	struct dirent **list;
	int n = trees_of(&list), i, k;
	bool has;

	for (rule = rules; rule->id; rule++) {
		has = !strcmp(rule->id, "timer-policy");
		for (i = 0; i < n; i++) {
			char name[256];

			snprintf(name, sizeof(name), "%.*s", (int)strlen(list[i]->d_name) - 5,
				 list[i]->d_name);
			for (k = expected_of(name, all) - 1; k >= 0; k--)
				has |= !strcmp(all[k].id, rule->id);
		}
		EXPECT(has, "a tree expects %s", rule->id);
	}
	for (i = 0; i < n; i++)
		free(list[i]);
	if (n >= 0)
		free(list);
}

static const struct tap_test tests[] = {
	{ "trees give their findings, and no others", test_trees },
	{ "each id has a tree", test_all_ids },
};

TAP_MAIN(tests)
