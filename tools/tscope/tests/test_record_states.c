// SPDX-License-Identifier: GPL-2.0
/* When a recording gets a state: each minute, as long as states are no more than half of it */
#include "record.h"
#include "recording_text.h"
#include "tree.h"

static struct record r;
static char *text;
static size_t len;
static FILE *to;

static unsigned int states(void)
{
	unsigned int n = 0;
	const char *at;

	fflush(to);
	for (at = text; (at = strstr(at, "{\"state\":")); at++)
		n++;
	return n;
}

static void begin(void)
{
	tree_open("lab-guest");
	to = open_memstream(&text, &len);
	EXPECT(record_open(&r), "nothing to record");
	record_begin(&r, to, 1000, false);
}

static void end(unsigned int want)
{
	struct recording read;

	record_end(&r, "time");
	EXPECT_EQ(states(), want, "in the end");
	fclose(to);
	EXPECT(recording_of_text(&read, text, len) && !read.n_errors, "%s", text);
	EXPECT(read.n_pairs == 2 && read.n_histograms == 22, "%zu pairs, %zu histograms",
	       read.n_pairs, read.n_histograms);
	recording_free(&read);
	record_free(&r);
	free(text);
	tree_close();
}

/* As many lines as some bytes are. */
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
	end(3);
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
	end(3);
}

static const struct tap_test tests[] = {
	{ "a state each minute", test_minute },
	{ "at most half of the file", test_half },
};

TAP_MAIN(tests)
