// SPDX-License-Identifier: GPL-2.0
/* cmd_report.c: sample for a while and say what was found */
#include <err.h>
#include <string.h>

#include "commands.h"
#include "files.h"
#include "json.h"
#include "observe.h"
#include "options.h"
#include "pairs.h"
#include "progress.h"
#include "replace.h"
#include "report.h"
#include "system_parts.h"

enum { KEY_HTML = 512 };

static const char *html;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)state;
	if (key != KEY_HTML)
		return ARGP_ERR_UNKNOWN;
	html = arg;
	return 0;
}

static void print(struct observation *o, const struct finding_list *findings)
{
	char old[160];

	if (options.json && !options.sampling.asked && not_observed(o, old))
		system_note(&o->system, "%s", old);
	if (options.json)
		json_print(stdout, &o->after, &o->events, findings, &o->system, false);
	else
		report_print(stdout, o, findings, &options.sampling);
	if (!options.json && !o->after.loaded)
		warnx("%s", module_advice());
}

int cmd_report(int argc, char **argv)
{
	static const struct argp_option own[] = {
		{ "html", KEY_HTML, "FILE", 0, "Write a page with pictures to FILE too", 4 },
		{ }
	};
	static const struct argp_child children[] = {
		{ &options_sampling, 0, NULL, 0 }, { &options_output, 0, NULL, 0 },
		{ &options_common, 0, NULL, 0 }, { }
	};
	static const struct argp argp = {
		own, parse, NULL,
		"Sample for a while, 10 s unless -d says otherwise, and report what was found.",
		children, NULL, NULL
	};
	struct finding_list findings;
	struct observation o;
	int status, error;

	options_parse(&argp, argc, argv, NULL);
	options_check_output();
	error = html ? output_check(html, true) : 0;
	if (error)
		errx(STATUS_USAGE, "%s: %s", html, strerror(-error));
	options.sampling.can_look = true;
	choose_duration(&options.sampling, SAMPLE_ALWAYS);
	status = observe(&o, &options.sampling);
	if (status)
		return status;
	options_open_output();
	pairs_sort(&o.after);
	findings_of(&o, &findings);
	print(&o, &findings);
	status = findings_status(&o, &findings);
	if (html)
		progress_begin("drawing");
	error = html ? report_html(html, &o, &findings, &options.sampling) : 0;
	progress_end();
	if (error) {
		warnx("%s: %s", html, strerror(-error));
		/* a finding matters more than a failed write */
		if (status != STATUS_FOUND)
			status = STATUS_USAGE;
	}
	findings_free(&findings);
	observation_free(&o);
	return status;
}
