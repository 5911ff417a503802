// SPDX-License-Identifier: GPL-2.0
/* files of a clock's directory in sysfs, names of clocks, strings, and decimals of options */
#include "fuzz_parse.h"

/* Print a file that has several figures; other files have one, which is printed directly. */
static void print(FILE *to, const char *file, const struct clock_figures *c)
{
	char skew[32], error[32];

	if (!strcmp(file, "skew"))
		fprintf(to, "%s %s %" PRIu64 " %" PRIu64 "\n",
			fuzz_thousandths(skew, c->skew_ppt.value),
			fuzz_thousandths(error, c->skew_error_ppt.value), c->points.value,
			c->span_ms.value);
	else if (!strcmp(c->name, "ptp-kvm"))
		fprintf(to, "%" PRId64 " %" PRId64 " %" PRId64 "\n", c->host_offset_ns.value,
			c->host_offset_error_ns.value, c->host_offset_age_ms.value);
	else
		fprintf(to, "%" PRId64 " %" PRId64 " %u %u %d %" PRId64 "\n", c->offset.offset_ns,
			c->offset.bound_ns, c->offset.cpu_i, c->offset.cpu_j, c->offset.moving,
			c->offset.age_ms);
}

static void fuzz_file(size_t i, const char *clock, const char *text, size_t len)
{
	struct clock_figures c = { }, before;
	const char *file;
	size_t printed_len;
	char *printed;
	FILE *to;

	snprintf(c.name, sizeof(c.name), "%s", clock);
	before = c;
	file = parse_clock_file_name(i, c.name);
	if (!file)
		return;
	if (!parse_clock_file(i, text, len, &c, &fault)) {
		EXPECT(!memcmp(&c, &before, sizeof(c)), "a fault left figures");
		return;
	}
	EXPECT(memcmp(&c, &before, sizeof(c)), "%s: nothing is known", file);
	/* -0.000 is accepted, but printed without its sign */
	if ((strcmp(file, "skew") && strcmp(file, "offset")) || memmem(text, len, "-0.000", 6))
		return;
	to = open_memstream(&printed, &printed_len);
	print(to, file, &c);
	fuzz_same(to, &printed, &printed_len, text, len);
}

static void fuzz_one(struct fuzz_in *in)
{
	size_t i = fuzz_u8(in) % parse_clock_file_count(), len, n;
	const char *clock = fuzz_u8(in) & 1 ? "ptp-kvm" : "tsc";
	char *text = fuzz_text(in, "", &len), string[16];
	struct clock_figures *clocks;
	int64_t value;

	fuzz_file(i, clock, text, len);
	parse_thousandths(text, len, &value);
	if (parse_string(text, len, string, sizeof(string), &fault))
		EXPECT(strlen(string) == len - 1 && !memcmp(string, text, len - 1), "%s", string);
	if (parse_clocks(text, len, &clocks, &n, &fault)) {
		EXPECT(n, "no clock");
		free(clocks);
	} else {
		fuzz_fault(clocks, n);
	}
	free(text);
}
