// SPDX-License-Identifier: GPL-2.0
/* debugfs pairs */
#include "fuzz_parse.h"

#define HEADER "# clock cpu_i cpu_j offset_ns bound_ns moving hull_low_ns hull_high_ns age_ms meetings warps\n"

static void print(FILE *to, const struct pair_line *p)
{
	fprintf(to, "%s %u %u ", p->clock, p->cpu_i, p->cpu_j);
	if (p->known)
		fprintf(to, "%" PRId64 " %" PRId64 " %d %" PRId64 " %" PRId64 " %" PRIu64,
			p->offset_ns, p->bound_ns, p->moving, p->hull_low_ns, p->hull_high_ns,
			p->age_ms);
	else
		fprintf(to, "- - - - - -");
	fprintf(to, " %" PRIu64 " %" PRIu64 "\n", p->meetings, p->warps);
	EXPECT(p->cpu_i < p->cpu_j, "CPUs %u %u", p->cpu_i, p->cpu_j);
	EXPECT(!p->known || p->bound_ns >= 0, "bound %" PRId64, p->bound_ns);
}

static void fuzz_one(struct fuzz_in *in)
{
	FUZZ_TABLE(in, pair_line, parse_pairs, HEADER, print);
}
