// SPDX-License-Identifier: GPL-2.0
/* cmd_report.c: sample for a while and say what was found */
#include <err.h>

#include "commands.h"
#include "files.h"
#include "json.h"
#include "observe.h"
#include "options.h"
#include "pairs.h"
#include "report.h"

static void print(FILE *out, struct observation *o, const struct finding_list *findings)
{
	if (options.json)
		json_print(out, &o->after, &o->events, findings, &o->system, false);
	else if (o->after.loaded)
		report_print(out, o, findings, &options.sampling);
	else
		warnx("%s", module_advice());
}

int cmd_report(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &options_sampling, 0, NULL, 0 }, { &options_output, 0, NULL, 0 },
		{ &options_common, 0, NULL, 0 }, { }
	};
	static const struct argp argp = {
		NULL, NULL, NULL,
		"Sample for a while, 10 s unless -d says otherwise, and report what was found.",
		children, NULL, NULL
	};
	struct finding_list findings;
	struct observation o;
	FILE *out = stdout;
	int status;

	options_parse(&argp, argc, argv, NULL);
	choose_duration(&options.sampling, SAMPLE_ALWAYS);
	status = observe(&o, &options.sampling);
	if (status)
		return status;
	if (options.output)
		out = fopen(options.output, "w");
	if (!out)
		err(STATUS_USAGE, "%s", options.output);
	pairs_sort(&o.after);
	findings_of(&o, &findings);
	print(out, &o, &findings);
	status = findings_status(&o, &findings);
	if (options.output && fclose(out))
		err(STATUS_NO_FIGURE, "%s", options.output);
	findings_free(&findings);
	observation_free(&o);
	return status;
}
