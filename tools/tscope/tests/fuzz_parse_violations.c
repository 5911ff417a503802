// SPDX-License-Identifier: GPL-2.0
/* debugfs violations */
#include "fuzz_parse.h"

#define HEADER "# time_ns tsc what clock cpu peer size_ns count error_ns (time: CLOCK_MONOTONIC; size: the largest of count; error: of a step's size)\n"

static void print(FILE *to, const struct violation *v)
{
	fprintf(to, "%" PRIu64 " %" PRIu64 " %s %s %u ", v->monotonic_ns, v->tsc, v->what, v->clock,
		v->cpu);
	if (v->peer.known)
		fprintf(to, "%" PRId64, v->peer.value);
	else
		fprintf(to, "-");
	fprintf(to, " %" PRId64 " %" PRIu64 " ", v->size_ns, v->count);
	if (v->error_ns.known)
		fprintf(to, "%" PRIu64 "\n", v->error_ns.value);
	else
		fprintf(to, "-\n");
	EXPECT(!strcmp(v->what, "warp") || !strcmp(v->what, "backward") ||
	       !strcmp(v->what, "step") || !strcmp(v->what, "marker") ||
	       !strcmp(v->what, "snapshot"), "%s", v->what);
}

static void fuzz_one(struct fuzz_in *in)
{
	FUZZ_TABLE(in, violation, parse_violations, HEADER, print);
}
