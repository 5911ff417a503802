// SPDX-License-Identifier: GPL-2.0
/* files of debugfs hist */
#include "fuzz_parse.h"
#include "text.h"

#define HEADER "# unit ns count 3 min -9 mean -1 max 8 p50 0 p99 7 p99.9 8\n"

static void print(FILE *to, const struct histogram *h)
{
	size_t i;

	fprintf(to, "# unit ns count %" PRIu64 " min %" PRId64 " mean %" PRId64 " max %" PRId64
		" p50 %" PRId64 " p99 %" PRId64 " p99.9 %" PRId64, h->count, h->min_ns, h->mean_ns,
		h->max_ns, h->p50_ns, h->p99_ns, h->p999_ns);
	if (h->lost.known)
		fprintf(to, " lost %" PRIu64, h->lost.value);
	fprintf(to, "\n");
	for (i = 0; i < h->n_buckets; i++) {
		const struct hist_bucket *b = &h->buckets[i];

		if (b->negative)
			fprintf(to, "-%" PRIu64 " -%" PRIu64, b->high_ns, b->low_ns);
		else
			fprintf(to, "%" PRIu64 " %" PRIu64, b->low_ns, b->high_ns);
		fprintf(to, " %" PRIu64 "\n", b->count);
		EXPECT(b->low_ns <= b->high_ns, "%" PRIu64 " to %" PRIu64, b->low_ns, b->high_ns);
	}
}

static void fuzz_one(struct fuzz_in *in)
{
	struct histogram h = { };
	size_t len, printed_len;
	char *text = fuzz_text(in, HEADER, &len), *printed;
	FILE *file;

	if (parse_histogram(text, len, &h, &fault)) {
		file = open_memstream(&printed, &printed_len);
		print(file, &h);
		fuzz_same(file, &printed, &printed_len, text, len);
		/* print its bars too: they need not be right */
		file = open_memstream(&printed, &printed_len);
		text_histogram(file, &h);
		fclose(file);
		free(printed);
		free(h.buckets);
	} else {
		fuzz_fault(h.buckets, h.n_buckets);
	}
	free(text);
}
