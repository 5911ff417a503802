// SPDX-License-Identifier: GPL-2.0
/* observe.c: samples for a while, and looks before and after */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "files.h"
#include "observe.h"
#include "options.h"
#include "progress.h"
#include "text.h"

#define DEFAULT_MS 10000
/* Within this time after an event all clocks have shown it: a slow device has four points more. */
#define SETTLE_MS 3000

bool may_sample(void)
{
	char path[PATH_MAX];

	path_sysfs(path, "enabled");
	return !access(path, W_OK) || module_is_recorded();
}

void choose_duration(struct sampling_wish *wish, enum sample_when when)
{
	bool asked = wish->cpus || wish->flat_out || wish->reset || wish->warm_up_ms;
	struct snapshot s;

	wish->asked = asked || wish->duration_ms != DURATION_DEFAULT;
	sampling_or_look(wish);
	if (wish->duration_ms != DURATION_DEFAULT)
		return;
	snapshot_read(&s, 0);
	if (asked || !snapshot_sampled(&s) || when == SAMPLE_ALWAYS)
		wish->duration_ms = DEFAULT_MS;
	else
		wish->duration_ms = 0;
	snapshot_free(&s);
}

/* A list of CPUs that the module refuses is wrong use. */
static int status_of(int err)
{
	return err == -EINVAL || err == -ERANGE ? STATUS_USAGE : STATUS_NO_FIGURE;
}

int sample(const struct sampling_wish *wish)
{
	int err;

	/* the JSON object has this among its errors */
	if (options.json && !module_is_loaded())
		return 0;
	err = sampling_begin(wish);
	if (err)
		return status_of(err);
	sampling_wait(wish, wish->duration_ms, "sampling");
	return 0;
}

/* Whether a clock that steps, or went back, a moment ago may not be the only one. */
static bool may_see_more(const struct snapshot *s)
{
	const struct violation *v;
	uint64_t since_ns = s->monotonic_ns - SETTLE_MS * 1000000ull;
	size_t i;

	if (!s->enabled.known || !s->enabled.value || module_is_recorded())
		return false;
	/* where time stands, a sleep does not end, and what shows it is gone after that */
	for (i = 0; i < s->n_cpu_lines; i++)
		if (!strcmp(s->cpu_lines[i].state, "stood-still"))
			return false;
	for (v = s->violations; v < s->violations + s->n_violations; v++)
		if (strcmp(v->what, "warp") && (int64_t)(v->monotonic_ns - since_ns) > 0)
			return true;
	return false;
}

/* Look after sampling: once more if something has just happened. */
static void look_after(struct observation *o, const struct sampling_wish *wish)
{
	snapshot_read(&o->after, SNAPSHOT_ALL);
	if (!may_see_more(&o->after))
		return;
	snapshot_free(&o->after);
	sampling_wait(wish, SETTLE_MS, "waiting for all clocks");
	snapshot_read(&o->after, SNAPSHOT_ALL);
}

int observe(struct observation *o, struct sampling_wish *wish)
{
	int err = 0;

	memset(o, 0, sizeof(*o));
	if (module_is_loaded() && (may_sample() || wish->asked))
		err = sampling_begin(wish);
	else
		wish->duration_ms = 0;
	if (err)
		return status_of(err);
	snapshot_read(&o->before, SNAPSHOT_CPUS);
	o->went_on = sampling_was_off() && !wish->reset && !wish->warm_up_ms &&
		     snapshot_sampled(&o->before);
	system_begin(&o->system);
	sampling_wait(wish, wish->duration_ms, "sampling");
	/* before sampling ends: when cpus is restored, pairs of CPUs that -c added are forgotten */
	look_after(o, wish);
	/* chronyc may take some seconds */
	progress_begin("looking at the machine");
	system_end(&o->system);
	progress_end();
	if (wish->duration_ms)
		o->observed_ns = o->after.boottime_ns - o->before.boottime_ns;
	sampling_end();
	events_of(&o->after, &o->events);
	observation_since(o, SINCE_DEFAULT_MS);
	return 0;
}

void observation_since(struct observation *o, uint64_t age_ms)
{
	o->since_ns = age_ms < o->after.boottime_ns / 1000000 ?
		      o->after.boottime_ns - age_ms * 1000000 : 0;
}

bool not_observed(const struct observation *o, char text[160])
{
	*text = 0;
	if (o->observed_ns || !o->after.loaded)
		return false;
	if (!snapshot_sampled(&o->after)) {
		if (!may_sample())
			snprintf(text, 160, "Nothing was sampled. Only root can sample (sudo).");
		return *text;
	}
	snprintf(text, 160, "%s%s%s", o->after.enabled.known && o->after.enabled.value ?
		 "Sampling was on, and goes on: these are its figures" :
		 "These are the figures of earlier sampling", text_old(&o->after).s,
		 module_is_recorded() ? "." : may_sample() ? "; -d 10s samples anew." :
		 ". Only root can sample (sudo).");
	return true;
}

void observation_free(struct observation *o)
{
	snapshot_free(&o->before);
	snapshot_free(&o->after);
	events_free(&o->events);
	system_free(&o->system);
}
