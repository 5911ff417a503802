// SPDX-License-Identifier: GPL-2.0
/* columns.c: the columns of watch */
#include <inttypes.h>
#include <string.h>

#include "columns.h"

#define COLUMN(name, field, print) \
static struct shown name(const struct clock_figures *now, const struct clock_figures *before, \
			 uint64_t elapsed_ns) \
{ \
	(void)before; \
	(void)elapsed_ns; \
	return print(now->field); \
}

COLUMN(readings, samples, text_count)
COLUMN(rejected, rejected, text_count)
COLUMN(skew, skew_ppt, text_thousandths)
COLUMN(skew_error, skew_error_ppt, text_thousandths)
COLUMN(points, points, text_count)
COLUMN(phase, phase_ns, text_figure)
COLUMN(steps, steps, text_count)
COLUMN(step_last, step_last_ns, text_figure)
COLUMN(step_max, step_max_ns, text_figure)
COLUMN(backward, backward, text_count)
COLUMN(backward_max, backward_max_ns, text_count)
COLUMN(warps, warps, text_count)
COLUMN(warp_max, warp_max_ns, text_count)
COLUMN(errors, errors, text_count)
COLUMN(updates, updates, text_count)

static struct shown clock_name(const struct clock_figures *now, const struct clock_figures *before,
			       uint64_t elapsed_ns)
{
	struct shown t;

	(void)before;
	(void)elapsed_ns;
	snprintf(t.s, sizeof(t.s), "%s", now->name);
	return t;
}

static struct shown how_read(const struct clock_figures *now, const struct clock_figures *before,
			     uint64_t elapsed_ns)
{
	(void)before;
	(void)elapsed_ns;
	return text_how_read(now);
}

static struct shown span(const struct clock_figures *now, const struct clock_figures *before,
			 uint64_t elapsed_ns)
{
	(void)before;
	(void)elapsed_ns;
	return text_thousandths((struct figure){ now->span_ms.known, now->span_ms.value });
}

static struct shown rate(const struct clock_figures *now, const struct clock_figures *before,
			 uint64_t elapsed_ns)
{
	struct count rate = { };

	/* after a reset or a reload there are fewer than before */
	if (before && elapsed_ns && now->samples.known && now->samples.value >= before->samples.value) {
		rate.known = true;
		rate.value = (unsigned __int128)(now->samples.value - before->samples.value) *
			     1000000000 / elapsed_ns;
	}
	return text_count(rate);
}

const struct column columns[] = {
	{ "CLOCK", true, "the clock", clock_name },
	{ "READ", false, "exact: at a TSC value; bracketed: between two TSC reads", how_read },
	{ "READS/S", true, "readings a second since the last output", rate },
	{ "READINGS", false, "readings since sampling began or was reset", readings },
	{ "REJECTED", false, "readings that were not used", rejected },
	{ "SKEW_PPB", true, "how much faster the clock runs than the nominal TSC", skew },
	{ "+-PPB", true, "half the width of the 95 % interval of the skew", skew_error },
	{ "POINTS", false, "how many points were fitted", points },
	{ "SPAN_S", false, "time between the first and the last of them", span },
	{ "PHASE_NS", true, "how far the clock has advanced against the TSC", phase },
	{ "STEPS", true, "steps", steps },
	{ "STEP_NS", true, "the newest step", step_last },
	{ "STEP_MAX_NS", false, "the largest step", step_max },
	{ "BACKWARD", true, "readings that were lower than an earlier one of the same CPU", backward },
	{ "BACKWARD_MAX_NS", false, "the largest difference of these", backward_max },
	{ "WARPS", true, "readings that were lower than an earlier one of another CPU", warps },
	{ "WARP_MAX_NS", false, "the largest difference of these", warp_max },
	{ "ERRORS", false, "hypercalls that the host refused", errors },
	{ "UPDATES", false, "changes of the time page that were seen", updates },
};

const size_t n_columns = sizeof(columns) / sizeof(*columns);

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
