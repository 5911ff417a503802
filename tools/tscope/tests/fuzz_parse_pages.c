// SPDX-License-Identifier: GPL-2.0
/* debugfs timepage */
#include "fuzz_parse.h"

#define HEADER "# cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_first_ns\n"

static void print(FILE *to, const struct page_line *p)
{
	fprintf(to, "%u %u %" PRIu64 " %" PRIu64 " %u %d %u %" PRId64 "\n", p->cpu, p->version,
		p->tsc_timestamp, p->system_time_ns, p->mul, p->shift, p->flags, p->minus_first_ns);
}

static void fuzz_one(struct fuzz_in *in)
{
	FUZZ_TABLE(in, page_line, parse_pages, HEADER, print);
}
