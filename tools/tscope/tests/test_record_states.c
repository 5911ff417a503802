// SPDX-License-Identifier: GPL-2.0
/*
 * When a state is written: each minute, as long as states are no more than half of the recording;
 * what a state has; and when an event is written.
 */
#include "record.h"
#include "recording_text.h"
#include "tree.h"

static struct record r;
static char *text;
static size_t len;
static FILE *to;

static unsigned int lines_of(const char *begin)
{
	unsigned int n = 0;
	const char *at;

	fflush(to);
	for (at = text; (at = strstr(at, begin)); at++)
		n++;
	return n;
}

static unsigned int states(void)
{
	return lines_of("{\"state\":");
}

static void begin(void)
{
	tree_open("lab-guest");
	to = open_memstream(&text, &len);
	EXPECT(record_open(&r), "nothing to record");
	record_begin(&r, to, 1000, false);
}

static void end(unsigned int want, size_t pairs)
{
	struct recording read;

	record_end(&r, "time");
	EXPECT_EQ(states(), want, "in the end");
	fclose(to);
	EXPECT(recording_of_text(&read, text, len), "%s", text);
	if (pairs)
		EXPECT_EQ(read.n_errors, 0, "%s", read.errors[0]);
	else
		EXPECT(read.n_errors == 1 && strstr(read.errors[0], "only the worst pair"), "%s",
		       read.errors[0]);
	EXPECT(read.n_pairs == pairs && read.n_histograms == 22, "%zu pairs, %zu histograms",
	       read.n_pairs, read.n_histograms);
	recording_free(&read);
	record_free(&r);
	free(text);
	tree_close();
}

/* Write other lines, of at least this many bytes. */
static void other_lines(uint64_t bytes)
{
	uint64_t from = r.out.bytes;

	while (r.out.bytes - from < bytes)
		recording_put_gap(&r.out, &(struct recording_gap){ .clock = "hpet", .segment = 1 });
}

static void test_minute(void)
{
	begin();
	record_look(&r, 59999);
	EXPECT_EQ(states(), 0, "before a minute");
	record_look(&r, 1);
	EXPECT_EQ(states(), 1, "after a minute");
	other_lines(1 << 20);
	record_look(&r, 59999);
	EXPECT_EQ(states(), 1, "before two minutes");
	record_look(&r, 1);
	EXPECT_EQ(states(), 2, "after two minutes");
	end(3, 2);
}

static void test_half(void)
{
	uint64_t state_bytes;

	begin();
	record_look(&r, 60000);
	EXPECT_EQ(states(), 1, "after a minute");
	state_bytes = r.state_bytes;
	EXPECT(state_bytes > 10000, "%zu bytes", (size_t)state_bytes);
	record_look(&r, 3600000);
	EXPECT_EQ(states(), 1, "with nothing else");
	other_lines(state_bytes - 1000);
	record_look(&r, 1000);
	EXPECT_EQ(states(), 1, "with less else");
	other_lines(1000);
	record_look(&r, 1000);
	EXPECT_EQ(states(), 2, "with as much else");
	end(3, 2);
}

/* If only the worst pairs are known, a recording has no pairs. */
static void test_no_pairs(void)
{
	begin();
	tree_write("sys/kernel/debug/tscope/pairs", NULL, 0);
	record_look(&r, 60000);
	EXPECT_EQ(lines_of("{\"pair\":"), 0, "pairs");
	end(2, 0);
}

static void write_text(const char *file, const char *line)
{
	tree_write(file, line, strlen(line));
}

/* A step that came while files were read may become part of a jump, like any other step. */
static void test_newest_step(void)
{
	begin();
	write_text("proc/uptime", "1000.00 0.00\n");
	write_text("sys/kernel/debug/tscope/violations",
		   "# time_ns tsc what clock cpu peer size_ns count (time: CLOCK_MONOTONIC; size: the largest of count)\n"
		   "1000009999999 5 step hpet 0 - 5000000 1\n");
	record_look(&r, 1000);
	EXPECT_EQ(lines_of("{\"event\":{\"kind\":\"step\""), 0, "at once");
	write_text("proc/uptime", "1004.90 0.00\n");
	record_look(&r, 1000);
	EXPECT_EQ(lines_of("{\"event\":{\"kind\":\"step\""), 0, "after 4.9 s");
	write_text("proc/uptime", "1005.10 0.00\n");
	record_look(&r, 1000);
	EXPECT_EQ(lines_of("{\"event\":{\"kind\":\"step\""), 1, "after 5.1 s");
	end(1, 2);
}

static const struct tap_test tests[] = {
	{ "a state each minute", test_minute },
	{ "at most half of the file", test_half },
	{ "pairs that can't be read", test_no_pairs },
	{ "a step during a look", test_newest_step },
};

TAP_MAIN(tests)
