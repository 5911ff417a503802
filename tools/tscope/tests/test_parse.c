// SPDX-License-Identifier: GPL-2.0
/* parse.c: what the module prints, at both ends of 64 bits, and what it never prints */
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"
#include "parse.h"

static struct parse_fault fault;

/* The text with its last newline. */
#define TEXT(text)	text "\n", sizeof(text)

#define PAIRS	"# clock cpu_i cpu_j offset_ns bound_ns moving hull_low_ns hull_high_ns age_ms meetings warps\n"
#define CPUS	"# cpu state leader windows lost meetings unmet age_ms readings\n"
#define VIOLATIONS	"# time_ns tsc what clock cpu peer size_ns count error_ns (time: CLOCK_MONOTONIC; size: the largest of count; error: of a step's size)\n"
#define OLD_VIOLATIONS	"# time_ns tsc what clock cpu peer size_ns count (time: CLOCK_MONOTONIC; size: the largest of count)\n"
#define PAGES	"# cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_first_ns\n"
#define POINTS	"# clock segment tsc phase_ns width_ns\n"

#define U64_TEXT	"18446744073709551615"
#define LOW_TEXT	"-9223372036854775808"
#define HIGH_TEXT	"9223372036854775807"

static void expect_fault(const char *text, bool right, size_t line, const char *field,
			 const char *what)
{
	EXPECT(!right, "'%s' was taken", text);
	EXPECT_EQ(fault.line, line, "'%s'", text);
	EXPECT(field ? fault.field && !strcmp(fault.field, field) : !fault.field,
	       "'%s': field %s", text, fault.field ?: "(none)");
	EXPECT(!strcmp(fault.what, what), "'%s': %s", text, fault.what);
}

static void test_pairs(void)
{
	struct pair_line *p;
	size_t n;

	EXPECT(parse_pairs(TEXT(PAIRS
		"tsc 0 1 -5 100 0 -90 80 42 7 3\n"
		"kvm-clock 1 4294967295 " LOW_TEXT " " HIGH_TEXT " 1 " LOW_TEXT " " HIGH_TEXT " "
		U64_TEXT " " U64_TEXT " " U64_TEXT "\n"
		"tsc 0 2 - - - - - - 0 9"), &p, &n, &fault), "%s", fault.what);
	EXPECT_EQ(n, 3, "pairs");
	EXPECT(!strcmp(p[0].clock, "tsc") && p[0].known && !p[0].moving, "first");
	EXPECT(p[0].cpu_i == 0 && p[0].cpu_j == 1 && p[0].offset_ns == -5 && p[0].bound_ns == 100,
	       "first");
	EXPECT(p[0].hull_low_ns == -90 && p[0].hull_high_ns == 80 && p[0].age_ms == 42 &&
	       p[0].meetings == 7 && p[0].warps == 3, "first");
	EXPECT(!strcmp(p[1].clock, "kvm-clock") && p[1].known && p[1].moving, "second");
	EXPECT_EQ(p[1].cpu_j, U32_MAX, "second");
	EXPECT_EQ(p[1].offset_ns, S64_MIN, "second");
	EXPECT_EQ(p[1].bound_ns, S64_MAX, "second");
	EXPECT_EQ(p[1].hull_low_ns, S64_MIN, "second");
	EXPECT_EQ(p[1].hull_high_ns, S64_MAX, "second");
	EXPECT(p[1].age_ms == U64_MAX && p[1].meetings == U64_MAX && p[1].warps == U64_MAX,
	       "second");
	EXPECT(!p[2].known && p[2].cpu_j == 2 && p[2].warps == 9, "third");
	free(p);
	EXPECT(parse_pairs(PAIRS, sizeof(PAIRS) - 1, &p, &n, &fault) && !p && !n, "none");
}

#define GOOD	"tsc 0 1 5 9 0 0 9 4 7 3\n"

static void test_bad_pairs(void)
{
	static const struct { const char *text; size_t line; const char *field, *what; } bad[] = {
		{ "", 1, NULL, "is missing" },
		{ "#", 1, NULL, "is truncated" },
		{ "# clock\n", 1, NULL, "does not name the columns that are known" },
		{ PAIRS "tsc 0 1 5 9 0 0 9 4 7 3", 2, NULL, "is truncated" },
		{ PAIRS GOOD "tsc 0 1 5 9 0 0 9 4 7\n", 3, "warps", "is missing" },
		{ PAIRS GOOD "\n", 3, "clock", "is not understood" },
		{ PAIRS GOOD GOOD "tsc 0 1 5 9 0 0 9 4 7 3 1\n", 4, NULL,
		  "has more fields than are known" },
		{ PAIRS "tsc 0 1 5 9 0 0 9 4 7 3 \n", 2, NULL, "has more fields than are known" },
		{ PAIRS "tsc 0  1 5 9 0 0 9 4 7 3\n", 2, "cpu_j", "is not understood" },
		{ PAIRS "tsc 0 1 5 9 0 0 9 4 7 -3\n", 2, "warps", "is not understood" },
		{ PAIRS "tsc 0 1 5 -9 0 0 9 4 7 3\n", 2, "bound_ns", "is not understood" },
		{ PAIRS "tsc 0 1 5 9 2 0 9 4 7 3\n", 2, "moving", "is not understood" },
		{ PAIRS "tsc 0 4294967296 5 9 0 0 9 4 7 3\n", 2, "cpu_j", "is not understood" },
		{ PAIRS "tsc 0 1 9223372036854775808 9 0 0 9 4 7 3\n", 2, "offset_ns",
		  "is not understood" },
		{ PAIRS "tsc 0 1 -9223372036854775809 9 0 0 9 4 7 3\n", 2, "offset_ns",
		  "is not understood" },
		{ PAIRS "tsc 0 1 5 9 0 0 9 18446744073709551616 7 3\n", 2, "age_ms",
		  "is not understood" },
		{ PAIRS "tsc 0 1 5 9 0 0 9 99999999999999999999 7 3\n", 2, "age_ms",
		  "is not understood" },
		{ PAIRS "tsc 0 1 -0 9 0 0 9 4 7 3\n", 2, "offset_ns", "is not understood" },
		{ PAIRS "tsc 0 1 05 9 0 0 9 4 7 3\n", 2, "offset_ns", "is not understood" },
		{ PAIRS "tsc 0 1 +5 9 0 0 9 4 7 3\n", 2, "offset_ns", "is not understood" },
		{ PAIRS "tsc 0 1 0x5 9 0 0 9 4 7 3\n", 2, "offset_ns", "is not understood" },
		{ PAIRS "tsc 0 1 5.0 9 0 0 9 4 7 3\n", 2, "offset_ns", "is not understood" },
		{ PAIRS "tsc 0 1 - 9 0 0 9 4 7 3\n", 2, "offset_ns", "is not understood" },
		{ PAIRS "tsc 0 1 - - - - - - 0\n", 2, "offset_ns", "is not understood" },
		{ PAIRS "Tsc 0 1 5 9 0 0 9 4 7 3\n", 2, "clock", "is not understood" },
		{ PAIRS "a-name-of-more-than-23-letters 0 1 5 9 0 0 9 4 7 3\n", 2, "clock",
		  "is not understood" },
		{ PAIRS "tsc 0 1 5 9 0 0 9 4 7 3\r\n", 2, "warps", "is not understood" },
		{ PAIRS GOOD "tsc 1 1 5 9 0 0 9 4 7 3\n", 3, "cpu_j", "is not above cpu_i" },
		{ PAIRS "tsc 1 0 - - - - - - 0 0\n", 2, "cpu_j", "is not above cpu_i" },
	};
	struct pair_line *p;
	size_t n, i;
	bool right;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		right = parse_pairs(bad[i].text, strlen(bad[i].text), &p, &n, &fault);
		expect_fault(bad[i].text, right, bad[i].line, bad[i].field, bad[i].what);
		EXPECT(!p && !n, "'%s' left lines", bad[i].text);
	}
	/* a byte 0 does not end the text */
	EXPECT(!parse_pairs(TEXT(PAIRS "tsc 0 1 5 9 0 0 9 4 7 3\0"), &p, &n, &fault), "byte 0");
}

/* Only texts that end with a whole line are accepted. */
static void test_truncated(void)
{
	static const char text[] = PAIRS GOOD "tsc 0 2 - - - - - - 0 9\n";
	size_t len, n, lines;
	struct pair_line *p;
	char *copy;

	for (len = 0; len < sizeof(text); len++) {
		/* memory of its own, so that a read beyond the end is found */
		copy = malloc(len ?: 1);
		memcpy(copy, text, len);
		lines = len == sizeof(PAIRS) - 1 ? 0 : len == sizeof(PAIRS GOOD) - 1 ? 1 :
			len == sizeof(text) - 1 ? 2 : SIZE_MAX;
		EXPECT(parse_pairs(copy, len, &p, &n, &fault) == (lines != SIZE_MAX), "%zu bytes",
		       len);
		EXPECT(n == (lines == SIZE_MAX ? 0 : lines), "%zu bytes: %zu lines", len, n);
		free(p);
		free(copy);
	}
}

static void test_cpus(void)
{
	struct cpu_line *c;
	size_t n;

	EXPECT(parse_cpus(TEXT(CPUS
		"0 sampling 1 1 2 3 4 5 6\n"
		"4095 stood-still 0 " U64_TEXT " " U64_TEXT " " U64_TEXT " " U64_TEXT " "
		U64_TEXT " " U64_TEXT "\n"
		"3 off 0 0 0 0 0 - 0\n"
		"4 late 0 0 0 0 0 1 0"), &c, &n, &fault), "%s", fault.what);
	EXPECT_EQ(n, 4, "CPUs");
	EXPECT(c[0].cpu == 0 && !strcmp(c[0].state, "sampling") && c[0].leader &&
	       c[0].windows == 1 && c[0].lost == 2 && c[0].meetings == 3 && c[0].unmet == 4 &&
	       c[0].age_ms.known && c[0].age_ms.value == 5 && c[0].readings == 6, "first");
	EXPECT(c[1].cpu == 4095 && !strcmp(c[1].state, "stood-still") && !c[1].leader &&
	       c[1].windows == U64_MAX && c[1].lost == U64_MAX && c[1].meetings == U64_MAX &&
	       c[1].unmet == U64_MAX && c[1].age_ms.value == U64_MAX && c[1].readings == U64_MAX,
	       "second");
	EXPECT(!c[2].age_ms.known && c[3].age_ms.known, "age");
	free(c);
	expect_fault("state", parse_cpus(TEXT(CPUS "0 samplin 1 1 2 3 4 5 6"), &c, &n, &fault), 2,
		     "state", "is not understood");
	expect_fault("state", parse_cpus(TEXT(CPUS "0 sampling-late 1 1 2 3 4 5 6"), &c, &n,
					 &fault), 2, "state", "is not understood");
	expect_fault("leader", parse_cpus(TEXT(CPUS "0 late 7 1 2 3 4 5 6"), &c, &n, &fault), 2,
		     "leader", "is not understood");
	expect_fault("windows", parse_cpus(TEXT(CPUS "0 late 0 - 2 3 4 5 6"), &c, &n, &fault), 2,
		     "windows", "is not understood");
}

static void test_violations(void)
{
	struct violation *v;
	size_t n;

	EXPECT(parse_violations(TEXT(VIOLATIONS
		"1 2 warp tsc 3 0 4 5 -\n"
		U64_TEXT " " U64_TEXT " backward monotonic-raw 0 - " LOW_TEXT " " U64_TEXT " -\n"
		"1 2 step hpet 3 - " HIGH_TEXT " 1 6"), &v, &n, &fault), "%s", fault.what);
	EXPECT_EQ(n, 3, "violations");
	EXPECT(v[0].monotonic_ns == 1 && v[0].tsc == 2 && !strcmp(v[0].what, "warp") &&
	       !strcmp(v[0].clock, "tsc") && v[0].cpu == 3 && v[0].peer.known &&
	       v[0].peer.value == 0 && v[0].size_ns == 4 && v[0].count == 5, "first");
	EXPECT(v[1].monotonic_ns == U64_MAX && v[1].tsc == U64_MAX && v[1].count == U64_MAX &&
	       !v[1].peer.known, "second");
	EXPECT_EQ(v[1].size_ns, S64_MIN, "second");
	EXPECT_EQ(v[2].size_ns, S64_MAX, "third");
	EXPECT(!v[0].error_ns.known && !v[1].error_ns.known && v[2].error_ns.known &&
	       v[2].error_ns.value == 6, "errors");
	free(v);
	EXPECT(parse_violations(TEXT(OLD_VIOLATIONS "1 2 step hpet 3 - 7 1"), &v, &n, &fault),
	       "%s", fault.what);
	EXPECT(n == 1 && v->size_ns == 7 && !v->error_ns.known, "of an old module");
	free(v);
	expect_fault("what", parse_violations(TEXT(VIOLATIONS "1 2 jump tsc 3 0 4 5 -"), &v, &n,
					      &fault), 2, "what", "is not understood");
	expect_fault("cpu", parse_violations(TEXT(VIOLATIONS "1 2 warp tsc -1 0 4 5 -"), &v, &n,
					     &fault), 2, "cpu", "is not understood");
	expect_fault("error", parse_violations(TEXT(VIOLATIONS "1 2 step tsc 1 - 4 5 -6"), &v, &n,
					       &fault), 2, "error_ns", "is not understood");
	expect_fault("header", parse_violations(TEXT("# time_ns"), &v, &n, &fault), 1, NULL,
		     "does not name the columns that are known");
}

static void test_pages(void)
{
	struct page_line *p;
	size_t n;

	EXPECT(parse_pages(TEXT(PAGES
		"0 4294967294 " U64_TEXT " " U64_TEXT " 4294967295 -128 255 " LOW_TEXT "\n"
		"1 2 3 4 5 127 0 " HIGH_TEXT), &p, &n, &fault), "%s", fault.what);
	EXPECT_EQ(n, 2, "pages");
	EXPECT(p[0].cpu == 0 && p[0].version == 4294967294 && p[0].tsc_timestamp == U64_MAX &&
	       p[0].system_time_ns == U64_MAX && p[0].mul == U32_MAX && p[0].shift == -128 &&
	       p[0].flags == 255, "first");
	EXPECT_EQ(p[0].minus_first_ns, S64_MIN, "first");
	EXPECT(p[1].cpu == 1 && p[1].version == 2 && p[1].tsc_timestamp == 3 &&
	       p[1].system_time_ns == 4 && p[1].mul == 5 && p[1].shift == 127 && !p[1].flags,
	       "second");
	EXPECT_EQ(p[1].minus_first_ns, S64_MAX, "second");
	EXPECT_EQ(p[1].mul_thousandths, 5000, "second");
	free(p);
	EXPECT(parse_pages(TEXT(PAGES "0 1 0 18446744003178727016 2045222521.729 0 1 0\n"
			   "1 1 0 4 4294967295.999 7 1 0"), &p, &n, &fault), "%s", fault.what);
	EXPECT_EQ(n, 2, "pages of another hypervisor");
	EXPECT_EQ(p[0].mul, 2045222521, "whole");
	EXPECT_EQ(p[0].mul_thousandths, 2045222521729, "with its fraction");
	EXPECT_EQ(p[1].mul_thousandths, 4294967295999, "the largest");
	free(p);
	expect_fault("a fraction", parse_pages(TEXT(PAGES "1 2 3 4 4294967296.000 0 0 0"), &p, &n,
					       &fault), 2, "mul", "is not understood");
	expect_fault("a sign", parse_pages(TEXT(PAGES "1 2 3 4 -1.000 0 0 0"), &p, &n, &fault), 2,
		     "mul", "is not understood");
	expect_fault("mul", parse_pages(TEXT(PAGES "1 2 3 4 4294967296 0 0 0"), &p, &n, &fault), 2,
		     "mul", "is not understood");
}

static void test_points(void)
{
	struct point_line *p;
	size_t n;

	EXPECT(parse_points(TEXT(POINTS
		"hpet 0 " U64_TEXT " -140737488355328.000 4294967295\n"
		"hpet 1 5 140737488355327.999 0\n"
		"realtime 4294967295 5 -0.000 1\n"
		"realtime 2 5 -9223372036854775.808 1"), &p, &n, &fault), "%s", fault.what);
	EXPECT_EQ(n, 4, "points");
	EXPECT_EQ(p[0].tsc, U64_MAX, "first");
	EXPECT_EQ(p[0].phase_ps, -140737488355328000, "first");
	EXPECT_EQ(p[0].width_ns, U32_MAX, "first");
	EXPECT_EQ(p[1].phase_ps, 140737488355327999, "second");
	EXPECT(p[1].segment == 1 && p[1].tsc == 5 && p[1].width_ns == 0, "second");
	EXPECT_EQ(p[2].phase_ps, 0, "third");
	EXPECT_EQ(p[2].segment, U32_MAX, "third");
	EXPECT_EQ(p[3].phase_ps, S64_MIN, "fourth");
	free(p);
}

static void test_bad_points(void)
{
	static const char *const bad[] = {
		"", "1", "1.", "1.0", "1.00", "1.0000", ".000", "-.000", "-", "--1.000", "1,000",
		"1.00x",
		"1.-00", "01.000", "1e3", "9223372036854775.808", "-9223372036854775.809",
		"18446744073709551616.000", "nan", "0x1.000",
	};
	char text[128];
	struct point_line *p;
	size_t n, i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), POINTS "hpet 0 1 %s 1\n", bad[i]);
		expect_fault(text, parse_points(text, strlen(text), &p, &n, &fault), 2, "phase_ns",
			     "is not understood");
	}
}

static void test_thousandths(void)
{
	static const struct { const char *text; s64 value; } good[] = {
		{ "0", 0 }, { "10", 10000 }, { "0.5", 500 }, { "-1.25", -1250 }, { "1.001", 1001 },
		{ "9223372036854775.807", S64_MAX }, { "-9223372036854775.808", S64_MIN },
	};
	static const char *const bad[] = {
		"", ".", ".5", "5.", "-", "1.0001", "1.x", "x", "1 ", " 1", "1..5",
		"9223372036854775.808",
	};
	size_t i;
	s64 v;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		v = 0;
		EXPECT(parse_thousandths(good[i].text, strlen(good[i].text), (int64_t *)&v), "%s",
		       good[i].text);
		EXPECT_EQ(v, good[i].value, "%s", good[i].text);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT(!parse_thousandths(bad[i], strlen(bad[i]), (int64_t *)&v), "'%s' was taken",
		       bad[i]);
}

#define HEAD	"# unit ns count 3 min -9 mean -1 max 8 p50 0 p99 7 p99.9 8"

static void test_histogram(void)
{
	struct histogram h = { };

	EXPECT(parse_histogram(TEXT("# unit ns count " U64_TEXT " min " LOW_TEXT " mean -1 max "
				    HIGH_TEXT " p50 0 p99 7 p99.9 8\n"
		"-" U64_TEXT " -16 1\n-1 -1 2\n0 0 3\n16 " U64_TEXT " " U64_TEXT), &h, &fault),
	       "%s", fault.what);
	EXPECT_EQ(h.count, U64_MAX, "count");
	EXPECT_EQ(h.min_ns, S64_MIN, "min");
	EXPECT_EQ(h.max_ns, S64_MAX, "max");
	EXPECT(h.mean_ns == -1 && h.p50_ns == 0 && h.p99_ns == 7 && h.p999_ns == 8, "quantiles");
	EXPECT(!h.lost.known, "lost");
	EXPECT_EQ(h.n_buckets, 4, "buckets");
	EXPECT(h.buckets[0].negative && h.buckets[0].low_ns == 16 &&
	       h.buckets[0].high_ns == U64_MAX && h.buckets[0].count == 1, "first");
	EXPECT(h.buckets[1].negative && h.buckets[1].low_ns == 1 && h.buckets[1].high_ns == 1 &&
	       h.buckets[1].count == 2, "second");
	EXPECT(!h.buckets[2].negative && !h.buckets[2].high_ns && h.buckets[2].count == 3, "third");
	EXPECT(!h.buckets[3].negative && h.buckets[3].low_ns == 16 &&
	       h.buckets[3].high_ns == U64_MAX && h.buckets[3].count == U64_MAX, "fourth");
	free(h.buckets);

	EXPECT(parse_histogram(TEXT(HEAD " lost " U64_TEXT), &h, &fault), "wakeup");
	EXPECT(h.lost.known && h.lost.value == U64_MAX && !h.buckets && !h.n_buckets, "wakeup");
}

static void test_bad_histogram(void)
{
	static const struct { const char *text; size_t line; } bad[] = {
		{ "", 1 }, { HEAD, 1 }, { HEAD " lost\n", 1 }, { HEAD " lost -\n", 1 },
		{ HEAD " lost 1 2\n", 1 },
		{ "# unit us count 3 min 0 mean 1 max 8 p50 0 p99 7 p99.9 8\n", 1 },
		{ "# unit ns count -3 min 0 mean 1 max 8 p50 0 p99 7 p99.9 8\n", 1 },
		{ HEAD "\n0 0", 2 }, { HEAD "\n0 0 1", 2 }, { HEAD "\n0 1\n", 2 },
		{ HEAD "\n-1 0 1\n", 2 }, { HEAD "\n-0 -0 1\n", 2 }, { HEAD "\n0 -1 1\n", 2 },
		{ HEAD "\n0 0 1\n0 1 2 3\n", 3 },
		{ HEAD "\n0 0 1\n\n", 3 }, { HEAD "\n5 4 1\n", 2 }, { HEAD "\n-4 -5 1\n", 2 },
	};
	struct histogram h = { };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT(!parse_histogram(bad[i].text, strlen(bad[i].text), &h, &fault),
		       "'%s' was taken", bad[i].text);
		EXPECT_EQ(fault.line, bad[i].line, "'%s'", bad[i].text);
		EXPECT(!h.buckets && !h.n_buckets, "'%s' left buckets", bad[i].text);
	}
}

/* Parse a file of a clock, by its name; false also if the clock can't have it. */
static bool clock_file(struct clock_figures *c, const char *file, const char *text)
{
	const char *name;
	size_t i;

	for (i = 0; i < parse_clock_file_count(); i++) {
		name = parse_clock_file_name(i, c->name);
		if (name && !strcmp(name, file))
			return parse_clock_file(i, text, strlen(text), c, &fault);
	}
	tap_fail(__FILE__, __LINE__, "no file %s", file);
	return false;
}

static void test_clock_files(void)
{
	struct clock_figures c = { .name = "kvm-clock" }, ptp = { .name = "ptp-kvm" }, before;

	EXPECT(clock_file(&c, "samples", U64_TEXT "\n") && c.samples.known &&
	       c.samples.value == U64_MAX, "samples");
	EXPECT(clock_file(&c, "step_last_ns", LOW_TEXT "\n"), "step_last_ns");
	EXPECT_EQ(c.step_last_ns.value, S64_MIN, "step_last_ns");
	EXPECT(clock_file(&c, "step_max_ns", "-7\n") && c.step_max_ns.value == -7, "step_max_ns");
	EXPECT(clock_file(&c, "skew", "-9223372036854775.808 0.001 8 700\n"), "skew");
	EXPECT_EQ(c.skew_ppt.value, S64_MIN, "skew");
	EXPECT(c.skew_error_ppt.known && c.skew_error_ppt.value == 1 && c.points.value == 8 &&
	       c.span_ms.value == 700, "skew");
	EXPECT(clock_file(&c, "offset", "-5 100 2 3 1 42\n"), "offset");
	EXPECT(c.offset.known && c.offset.offset_ns == -5 && c.offset.bound_ns == 100 &&
	       c.offset.cpu_i == 2 && c.offset.cpu_j == 3 && c.offset.moving &&
	       c.offset.age_ms == 42, "offset");
	EXPECT(clock_file(&c, "exact", "1\n") && c.exact.known && c.exact.value == 1, "exact");
	EXPECT(clock_file(&ptp, "offset", LOW_TEXT " " HIGH_TEXT " 7\n"), "ptp-kvm/offset");
	EXPECT_EQ(ptp.host_offset_ns.value, S64_MIN, "ptp-kvm/offset");
	EXPECT_EQ(ptp.host_offset_error_ns.value, S64_MAX, "ptp-kvm/offset");
	EXPECT(ptp.host_offset_age_ms.known && ptp.host_offset_age_ms.value == 7 &&
	       !ptp.offset.known,
	       "ptp-kvm/offset");

	before = c;
	EXPECT(!clock_file(&c, "samples", ""), "empty");
	EXPECT(!clock_file(&c, "samples", "5"), "truncated");
	EXPECT(!clock_file(&c, "samples", "5\n6\n"), "two lines");
	EXPECT(!clock_file(&c, "exact", "2\n"), "exact 2");
	EXPECT(!clock_file(&c, "skew", "1.000 0.001 8\n"), "skew of three");
	EXPECT(!clock_file(&c, "skew", "1 0.001 8 700\n"), "skew without places");
	EXPECT(!clock_file(&c, "offset", "-6 100 2 3 1\n"), "offset of five");
	EXPECT(!clock_file(&c, "offset", "-6 -1 2 3 1 42\n"), "bound below 0");
	EXPECT(!clock_file(&c, "offset", "5 3 4000000000 1 0 5\n"), "cpu_i above cpu_j");
	EXPECT(!clock_file(&c, "offset", "5 3 1 1 0 5\n"), "cpu_i is cpu_j");
	EXPECT(!clock_file(&ptp, "offset", "1 -1 7\n"), "error below 0");
	EXPECT(!memcmp(&before, &c, sizeof(c)), "a fault has changed figures");
}

static void test_strings(void)
{
	struct clock_figures *clocks;
	struct count count = { };
	char text[8];
	size_t n;

	EXPECT(parse_clocks(TEXT("tsc kvm-clock hpet"), &clocks, &n, &fault) && n == 3, "clocks");
	EXPECT(!strcmp(clocks[0].name, "tsc") && !strcmp(clocks[1].name, "kvm-clock") &&
	       !strcmp(clocks[2].name, "hpet"), "clocks");
	free(clocks);
	EXPECT(!parse_clocks(TEXT("tsc  hpet"), &clocks, &n, &fault) && !clocks && !n,
	       "two blanks");
	EXPECT(!parse_clocks(TEXT("tsc ../hpet"), &clocks, &n, &fault), "a path");
	EXPECT(!parse_clocks(TEXT(""), &clocks, &n, &fault), "no clock");
	EXPECT(!parse_clocks("tsc", 3, &clocks, &n, &fault), "truncated");

	EXPECT(parse_string(TEXT("0-3,8"), text, sizeof(text), &fault) && !strcmp(text, "0-3,8"),
	       "list");
	EXPECT(parse_string(TEXT("1234567"), text, sizeof(text), &fault), "as long as it may be");
	expect_fault("long", parse_string(TEXT("12345678"), text, sizeof(text), &fault), 1, NULL,
		     "is too long");
	EXPECT(!*text, "what did not fit");
	EXPECT(!parse_string(TEXT("a\033[m"), text, sizeof(text), &fault), "an escape");
	EXPECT(!parse_string("ab", 2, text, sizeof(text), &fault), "truncated");

	EXPECT(parse_count(TEXT(U64_TEXT), &count, &fault) && count.value == U64_MAX, "count");
	EXPECT(!parse_count(TEXT("-1"), &count, &fault) && !count.known, "count below 0");
}

/* CPUs of lists, also of random ranges, and texts that are no list. */
static void test_cpu_list(void)
{
	static const char *const wrong[] = {
		"", ",", "0,", ",0", "0-", "-0", "1-0", "0--1", "0 ", " 0", "a", "0-8192", "8192",
		"99999999999999999999", "0x1", "0-1-2", "+1", "0\n",
	};
	static bool cpus[MAX_CPUS], want[MAX_CPUS];
	char text[256];
	unsigned int i, k, first, last;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		EXPECT(!parse_cpu_list(wrong[i], cpus), "'%s' is no list", wrong[i]);
	EXPECT(parse_cpu_list("8191", cpus) && cpus[MAX_CPUS - 1] && !cpus[0], "the last CPU");
	for (i = 0; i < 200; i++) {
		size_t len = 0;

		memset(want, 0, sizeof(want));
		for (k = 0; k <= i % 5; k++) {
			first = rnd_below(MAX_CPUS);
			last = first + (rnd_below(2) ? 0 : rnd_below(MAX_CPUS - first));
			len += snprintf(text + len, sizeof(text) - len,
					first == last ? "%s%u" : "%s%u-%u", k ? "," : "", first,
					last);
			memset(want + first, true, last - first + 1);
		}
		EXPECT(parse_cpu_list(text, cpus) && !memcmp(cpus, want, sizeof(want)), "'%s'",
		       text);
	}
}

static const struct tap_test tests[] = {
	{ "pairs: figures, 64 bits, unmet", test_pairs },
	{ "pairs: malformed", test_bad_pairs },
	{ "pairs: truncated anywhere", test_truncated },
	{ "cpus", test_cpus },
	{ "violations", test_violations },
	{ "timepage", test_pages },
	{ "points", test_points },
	{ "points: malformed phases", test_bad_points },
	{ "decimals", test_thousandths },
	{ "histograms", test_histogram },
	{ "histograms: malformed", test_bad_histogram },
	{ "files of clocks", test_clock_files },
	{ "clocks, strings, counts", test_strings },
	{ "lists of CPUs", test_cpu_list },
};

TAP_MAIN(tests)
