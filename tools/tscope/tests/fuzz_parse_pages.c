// SPDX-License-Identifier: GPL-2.0
/* debugfs timepage */
#include "fuzz_parse.h"

#define HEADER "# cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_first_ns\n"

static void print(FILE *to, const struct page_line *p)
{
	char mul[32];

	snprintf(mul, sizeof(mul), "%u", p->mul);
	if (p->mul_thousandths % 1000)
		fuzz_thousandths(mul, p->mul_thousandths);
	fprintf(to, "%u %u %" PRIu64 " %" PRIu64 " %s %d %u %" PRId64 "\n", p->cpu, p->version,
		p->tsc_timestamp, p->system_time_ns, mul, p->shift, p->flags, p->minus_first_ns);
}

static void fuzz_one(struct fuzz_in *in)
{
	/* "1.000" and "1" are one multiplier */
	if (memmem(in->at, in->left, ".000 ", 5))
		return;
	FUZZ_TABLE(in, page_line, parse_pages, HEADER, print);
}
