// SPDX-License-Identifier: GPL-2.0
/* debugfs points; the sign of -0.000 is not kept */
#include "fuzz_parse.h"

#define HEADER "# clock segment tsc phase_ns width_ns\n"

static void print(FILE *to, const struct point_line *p)
{
	char phase[32];

	fprintf(to, "%s %" PRIu64 " %" PRIu64 " %s %" PRIu64 "\n", p->clock, p->segment, p->tsc,
		fuzz_thousandths(phase, p->phase_ps), p->width_ns);
}

/* Remove the signs of -0.000 in place. Return: the new length. */
static size_t without(char *text, size_t len)
{
	char *at;

	while ((at = memmem(text, len, " -0.000 ", 8))) {
		memmove(at + 1, at + 2, text + len - at - 2);
		len--;
	}
	return len;
}

static void fuzz_one(struct fuzz_in *in)
{
	size_t len, n, i, printed_len;
	char *text = fuzz_text(in, HEADER, &len), *printed;
	struct point_line *lines;
	FILE *file;

	if (parse_points(text, len, &lines, &n, &fault)) {
		len = without(text, len);
		file = open_memstream(&printed, &printed_len);
		fputs(HEADER, file);
		for (i = 0; i < n; i++)
			print(file, &lines[i]);
		fuzz_same(file, &printed, &printed_len, text, len);
		free(lines);
	} else {
		fuzz_fault(lines, n);
	}
	free(text);
}
