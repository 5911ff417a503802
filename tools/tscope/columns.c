// SPDX-License-Identifier: GPL-2.0
/* columns.c: the columns of watch */
#include <stddef.h>
#include <string.h>

#include "columns.h"

#define NSEC_PER_SEC 1000000000
#define OF(field) offsetof(struct clock_figures, field)

const struct column columns[] = {
	{ "CLOCK", true, COLUMN_NAME, 0,
	  "the clock" },
	{ "READ", false, COLUMN_READ, 0,
	  "exact: at a TSC value; bracketed: between two TSC reads" },
	{ "READS/S", true, COLUMN_RATE, OF(samples),
	  "readings a second since the last output" },
	{ "READINGS", false, COLUMN_COUNT, OF(samples),
	  "readings since sampling began or was reset" },
	{ "REJECTED", false, COLUMN_COUNT, OF(rejected),
	  "readings that were not used" },
	{ "SKEW_PPB", true, COLUMN_PPT, OF(skew_ppt),
	  "how much faster the clock is than the nominal TSC" },
	{ "+-PPB", true, COLUMN_PPT, OF(skew_error_ppt),
	  "half the width of the skew's 95 % interval" },
	{ "POINTS", false, COLUMN_COUNT, OF(points),
	  "how many points were fitted" },
	{ "SPAN_S", false, COLUMN_SPAN, OF(span_ms),
	  "time between the first and the last of them" },
	{ "PHASE_NS", true, COLUMN_FIGURE, OF(phase_ns),
	  "how far the clock advanced against the TSC" },
	{ "STEPS", true, COLUMN_COUNT, OF(steps),
	  "steps" },
	{ "STEP_NS", true, COLUMN_FIGURE, OF(step_last_ns),
	  "the newest step" },
	{ "STEP_MAX_NS", false, COLUMN_FIGURE, OF(step_max_ns),
	  "the largest step" },
	{ "BACK", true, COLUMN_COUNT, OF(backward),
	  "readings below an earlier one of the same CPU" },
	{ "BACK_MAX_NS", false, COLUMN_COUNT, OF(backward_max_ns),
	  "the largest of these differences" },
	{ "WARPS", true, COLUMN_COUNT, OF(warps),
	  "readings below an earlier one of another CPU" },
	{ "WARP_MAX_NS", false, COLUMN_COUNT, OF(warp_max_ns),
	  "the largest of these differences" },
	{ "ERRORS", false, COLUMN_COUNT, OF(errors),
	  "hypercalls that the host refused" },
	{ "UPDATES", false, COLUMN_COUNT, OF(updates),
	  "changes of the time page that were seen" },
};

const size_t n_columns = sizeof(columns) / sizeof(*columns);

static struct count rate(struct count now, struct count before, uint64_t elapsed_ns)
{
	/* after a reset or a reload there are fewer than before */
	if (!now.known || !before.known || !elapsed_ns || now.value < before.value)
		return (struct count){ };
	now.value = (__uint128_t)(now.value - before.value) * NSEC_PER_SEC / elapsed_ns;
	return now;
}

struct shown column_value(const struct column *column, const struct clock_figures *now,
			  const struct clock_figures *before, uint64_t elapsed_ns)
{
	const void *field = (const char *)now + column->field;
	const struct count *count = field;
	struct count old = { };
	struct shown t;

	switch (column->kind) {
	case COLUMN_NAME:
		snprintf(t.s, sizeof(t.s), "%s", now->name);
		return t;
	case COLUMN_READ:
		return text_how_read(now);
	case COLUMN_RATE:
		if (before)
			memcpy(&old, (const char *)before + column->field, sizeof(old));
		return text_count(rate(*count, old, elapsed_ns));
	case COLUMN_SPAN:
		return text_thousandths((struct figure){ count->known, count->value });
	case COLUMN_COUNT:
		return text_count(*count);
	case COLUMN_FIGURE:
		return text_figure(*(const struct figure *)field);
	case COLUMN_PPT:
		break;
	}
	return text_thousandths(*(const struct figure *)field);
}

const char *columns_choose(bool *chosen, char *list, bool value)
{
	char *rest = list, *name;

	while ((name = strsep(&rest, ","))) {
		size_t c = 0;

		while (c < n_columns && strcasecmp(columns[c].name, name))
			c++;
		if (c == n_columns)
			return name;
		chosen[c] = value;
	}
	return NULL;
}

void columns_list(FILE *out)
{
	for (size_t c = 0; c < n_columns; c++)
		fprintf(out, "%-15s %c %s\n", columns[c].name, columns[c].is_default ? '*' : ' ',
			columns[c].means);
	fputs("* is shown unless --show or --hide says otherwise\n", out);
}
