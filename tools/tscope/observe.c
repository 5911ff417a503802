// SPDX-License-Identifier: GPL-2.0
/* observe.c: samples for a while, and looks before and after */
#include <string.h>

#include "observe.h"

bool observe(struct observation *o, struct sampling_wish *wish)
{
	struct snapshot first;
	bool loaded = snapshot_read(&first, 0);

	memset(o, 0, sizeof(*o));
	snapshot_free(&first);
	if (!loaded || !wish->duration_ms || sampling_begin(wish))
		wish->duration_ms = 0;
	if (wish->duration_ms && wish->warm_up_ms)
		sampling_wait(wish, wish->warm_up_ms, "warming up");
	snapshot_read(&o->before, SNAPSHOT_CPUS);
	system_begin(&o->system);
	if (wish->duration_ms)
		sampling_wait(wish, wish->duration_ms, "sampling");
	/* While it samples: what has stopped is late for nothing. */
	loaded = snapshot_read(&o->after, SNAPSHOT_ALL);
	system_end(&o->system);
	o->observed_ns = wish->duration_ms ? o->after.boottime_ns - o->before.boottime_ns : 0;
	if (wish->duration_ms)
		sampling_end();
	events_of(&o->after, &o->events);
	return loaded;
}

void observation_free(struct observation *o)
{
	snapshot_free(&o->before);
	snapshot_free(&o->after);
	events_free(&o->events);
	system_free(&o->system);
}
