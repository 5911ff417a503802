// SPDX-License-Identifier: GPL-2.0
/* debugfs cpus */
#include "fuzz_parse.h"

#define HEADER "# cpu state leader windows lost meetings unmet age_ms readings\n"

static void print(FILE *to, const struct cpu_line *c)
{
	fprintf(to, "%u %s %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, c->cpu, c->state,
		c->leader, c->windows, c->lost, c->meetings, c->unmet);
	if (c->age_ms.known)
		fprintf(to, " %" PRIu64, c->age_ms.value);
	else
		fprintf(to, " -");
	fprintf(to, " %" PRIu64 "\n", c->readings);
	EXPECT(!strcmp(c->state, "off") || !strcmp(c->state, "sampling") ||
	       !strcmp(c->state, "late") || !strcmp(c->state, "stood-still"), "%s", c->state);
}

static void fuzz_one(struct fuzz_in *in)
{
	FUZZ_TABLE(in, cpu_line, parse_cpus, HEADER, print);
}
