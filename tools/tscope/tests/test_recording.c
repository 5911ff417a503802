// SPDX-License-Identifier: GPL-2.0
/* What is read from recordings: complete ones, broken ones, and other files */
#include "recording_text.h"
#include "files.h"
#include "tree.h"

#define HEADER \
	"{\"tscope_recording\":1,\"tscope\":\"0.2.0\",\"kernel\":\"6.12\",\"clocksource\":\"tsc\",\"tsc_khz\":2100000}\n"
#define POINT(tsc) \
	"{\"point\":{\"clock\":\"hpet\",\"segment\":1,\"tsc\":" #tsc ",\"phase_ns\":-1.500,\"width_ns\":9}}\n"
#define PAIR(offset) \
	"{\"pair\":{\"clock\":\"tsc\",\"cpu_i\":0,\"cpu_j\":1,\"offset_ns\":" #offset ",\"bound_ns\":9,\"moving\":0,\"hull_ns\":[-6,12],\"age_ms\":4,\"warps\":0}}\n"
#define STATE(pairs) \
	"{\"state\":{\"boottime_ns\":9,\"clocks\":0,\"cpus\":0,\"pairs\":" #pairs ",\"histograms\":0}}\n"
#define END	"{\"end\":{\"boottime_ns\":9,\"why\":\"time\",\"points\":1,\"lost\":0,\"events\":0}}\n"
#define NO_END	"the recording has no end: tscope record still writes it, or was killed"

static struct file_text sample(void)
{
	const char *tests = getenv("TSCOPE_TESTS") ?: "tests";
	struct file_text text = { };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/recordings/guest.ndjson", tests);
	EXPECT_EQ(file_read(path, &text), 0, "%s", path);
	return text;
}

static void test_sample(void)
{
	struct file_text text = sample();
	const struct recorded_clock *c;
	const struct event *e;
	struct recording r;

	EXPECT(recording_of_text(&r, text.at, text.len), "no recording");
	EXPECT_EQ(r.n_errors, 0, "%s", r.n_errors ? r.errors[0] : "");
	EXPECT(!strcmp(r.version, "0.2.0") && !strcmp(r.kernel, "6.12.117+deb12-amd64") &&
	       !strcmp(r.clocksource, "kvm-clock") && r.tsc_khz == 2100000, "header");
	EXPECT(r.n_clocks == 4 && r.n_pairs == 12 && r.n_histograms == 22 && r.events.n == 6,
	       "%zu clocks, %zu pairs, %zu histograms, %zu events", r.n_clocks, r.n_pairs,
	       r.n_histograms, r.events.n);
	c = &r.clocks[1];
	EXPECT(!strcmp(c->name, "ptp-kvm") && c->n_points == 600, "%s", c->name);
	EXPECT(c->points[0].segment == 1 && c->points[0].tsc == 210000000218 &&
	       c->points[0].phase_ps == -501, "first point");
	EXPECT(c->points[599].segment == 2 && c->points[599].tsc == 335790001530 &&
	       c->points[599].phase_ps == -1382629, "last point");
	e = &r.events.events[1];
	EXPECT(e->kind == EVENT_STEP && !strcmp(e->clock, "kvm-clock") && e->cpu == 0 &&
	       e->peer == -1 && e->size_ns == 12345 && e->error_ns.known &&
	       !e->error_ns.value && e->count == 1 && e->boottime_ns == 131199999999 &&
	       e->tsc == 275520000000, "kvm-clock's step");
	EXPECT(r.pairs[2].offset_ns == 160 && r.pairs[2].bound_ns == 54 && r.pairs[2].moving &&
	       r.pairs[2].hull_low_ns == 76 && r.pairs[2].hull_high_ns == 244 &&
	       !r.pairs[9].known && !r.pairs[9].warps, "pairs");
	expect_survives(&r);
	recording_free(&r);
	free(text.at);
}

/* Numbers at both ends of 64 bits, from a snapshot, and after they were written and read. */
static void test_snapshot(void)
{
	struct recording r;
	struct snapshot s;

	tree_open("ends");
	snapshot_read(&s, SNAPSHOT_ALL);
	recording_of_snapshot(&r, &s);
	snapshot_free(&s);
	tree_close();
	EXPECT(!strcmp(r.version, "0.1.0") && !strcmp(r.kernel, "6.1.0-ends") &&
	       r.tsc_khz == U32_MAX, "header");
	EXPECT(r.n_clocks == 1 && r.clocks[0].n_points == 2 && r.n_pairs == 4 &&
	       r.n_histograms == 3, "lists");
	EXPECT(r.clocks[0].points[0].phase_ps == -140737488355328000 &&
	       r.clocks[0].points[1].tsc == U64_MAX &&
	       r.clocks[0].points[1].phase_ps == 140737488355327999, "points");
	EXPECT(r.pairs[0].offset_ns == S64_MAX && r.pairs[1].bound_ns == S64_MAX &&
	       r.pairs[1].hull_low_ns == S64_MIN && !r.pairs[2].known &&
	       r.pairs[2].warps == U64_MAX, "pairs");
	expect_survives(&r);
	recording_free(&r);
}

/* If a recording is cut anywhere, its whole lines are read, and the rest is reported. */
static void test_truncated(void)
{
	struct file_text text = sample();
	const char *header_end = memchr(text.at, '\n', text.len);
	size_t lines, points, cut, i;
	struct recording r;
	char want[96];
	int turn;

	for (turn = 0; turn < 60; turn++) {
		cut = turn < 20 ? text.len - 1 - turn : rnd_below(text.len);
		for (lines = points = i = 0; i < cut; i++) {
			points += !strncmp(&text.at[i], "{\"point\"", 8) &&
				  memchr(&text.at[i], '\n', cut - i);
			lines += text.at[i] == '\n';
		}
		if (!recording_of_text(&r, text.at, cut)) {
			EXPECT(text.at + cut <= header_end, "cut after %zu bytes", cut);
			recording_free(&r);
			continue;
		}
		EXPECT(text.at + cut > header_end, "cut after %zu bytes", cut);
		for (i = 0; i < r.n_clocks; i++)
			points -= r.clocks[i].n_points;
		EXPECT_EQ(points, 0, "points of %zu bytes", cut);
		/* the state is complete by its last line, before the end's */
		EXPECT_EQ(r.n_pairs, cut > text.len - 90 ? 12 : 0, "cut after %zu bytes", cut);
		snprintf(want, sizeof(want), "line %zu is truncated: it is read up to there",
			 lines + 1);
		EXPECT(r.n_errors == 1 && !strcmp(r.errors[0], text.at[cut - 1] == '\n' ? NO_END :
						  want), "%s", r.errors[0]);
		recording_free(&r);
	}
	free(text.at);
}

static void fault(const char *text, size_t len, const char *want)
{
	struct recording r;
	bool right = recording_of_text(&r, text, len);

	EXPECT(right == !strncmp(text, HEADER, strlen(HEADER)) || !strcmp(text, HEADER),
	       "%.60s", text);
	EXPECT(r.n_errors == 1 && !strcmp(r.errors[0], want), "'%s', not '%s'",
	       r.n_errors ? r.errors[0] : "", want);
	/* what is before the fault is there */
	EXPECT_EQ(r.n_clocks, right && strstr(text, POINT(5)), "%.60s", text);
	recording_free(&r);
}

#define FAULT(text, want)	fault(text, sizeof(text) - 1, want)

static void test_foreign(void)
{
	char *long_line = malloc(3 << 20);

	FAULT("", "the file is empty, or can't be read");
	FAULT("\n", "line 1 is no JSON object");
	FAULT("hello\n", "line 1 is no JSON object");
	FAULT("# clock segment tsc phase_ns width_ns\n", "line 1 is no JSON object");
	FAULT("\x7f\x45LF\0\0\0\n", "line 1 is no JSON object");
	FAULT("[1]\n", "line 1 is no JSON object");
	FAULT("{}\n", "line 1 is no header of a recording");
	FAULT(POINT(5), "line 1 is no header of a recording");
	FAULT("{\"tscope\":\"0.2.0\",\"clocks\":[]}\n", "line 1 is no header of a recording");
	FAULT("{\"tscope_recording\":\"1\"}\n", "line 1 is no header of a recording");
	FAULT("{\"tscope_recording\":2}\n",
	      "line 1, field \"tscope_recording\" is of another version of tscope");
	FAULT("{\"tscope_recording\":1,\"tscope\":\"0.2.0\",\"kernel\":\"6.12\"}\n",
	      "line 1, field \"clocksource\" is missing");
	FAULT("{\"tscope_recording\":1,\"tscope\":\"0.2.0\",\"kernel\":6.12}\n",
	      "line 1, field \"kernel\" is of another type");
	FAULT("{\"tscope_recording\":1,\"tscope\":\"\\u001b[2J\"}\n",
	      "line 1, field \"tscope\" is no plain text");
	FAULT("{\"tscope_recording\":1,\"tscope\":null,\"kernel\":null,\"clocksource\":null,\"tsc_khz\":0}\n",
	      "line 1, field \"tsc_khz\" is 0");
	FAULT(HEADER, NO_END);
	memset(long_line, ' ', 3 << 20);
	fault(long_line, 3 << 20, "line 1 is too long");
	free(long_line);
}

#define BROKEN(line, want) \
	FAULT(HEADER POINT(5) line POINT(7), "line 3" want ": it is read up to there")
#define WRONG(from, line, field, what) \
	BROKEN("{\"" from "\":{" line "}}\n", ", field \"" field "\" " what)

static void test_broken(void)
{
	BROKEN("\n", " is no JSON object");
	BROKEN("{\"point\":{}}}\n", " is no JSON object");
	BROKEN("{\"point\":{\"clock\":\"hpet\",\"segment\":18446744073709551616}}\n",
	       " has a number of more than 64 bits");
	BROKEN("{\"a\":-9223372036854775809}\n", " has a number of more than 64 bits");
	BROKEN("{\"a\\\"1\":\"99999999999999999999\",\"b\":100000000000000000000}\n",
	       " has a number of more than 64 bits");
	BROKEN("{\"a\":-9223372036854775808,\"b\":\"\\\"99999999999999999999\"}\n",
	       " is no line of a recording");
	BROKEN("{\"point\":{},\n", " is no JSON object");
	BROKEN("\0\n", " is no JSON object");
	BROKEN("{\"a\":[[[[[[[[1]]]]]]]]}\n", " is no JSON object");
	BROKEN("{}\n", " is no line of a recording");
	BROKEN("{\"points\":{}}\n", " is no line of a recording");
	BROKEN("{\"point\":[]}\n", ", field \"point\" is of another type");
	BROKEN("{\"state\":null}\n", ", field \"state\" is of another type");
	WRONG("point", "", "clock", "is missing");
	WRONG("point", "\"clock\":7", "clock", "is of another type");
	WRONG("point", "\"clock\":\"\\u001b[2J\"", "clock", "is not understood");
	WRONG("point", "\"clock\":\"a-name-that-is-far-too-long\"", "clock", "is not understood");
	WRONG("point", "\"clock\":\"hpet\",\"segment\":-1", "segment", "is not understood");
	WRONG("point", "\"clock\":\"hpet\",\"segment\":\"1\"", "segment", "is of another type");
	WRONG("point", "\"clock\":\"hpet\",\"segment\":null", "segment", "is not understood");
	WRONG("point", "\"clock\":\"hpet\",\"segment\":true", "segment", "is of another type");
	WRONG("point", "\"clock\":\"hpet\",\"segment\":1.5", "segment", "is not understood");
	WRONG("point", "\"clock\":\"hpet\",\"segment\":1,\"tsc\":2,\"phase_ns\":1", "phase_ns",
	      "is not understood");
	WRONG("point", "\"clock\":\"hpet\",\"segment\":1,\"tsc\":2,\"phase_ns\":1e9", "phase_ns",
	      "is not understood");
	WRONG("event", "\"kind\":\"jump\",\"cpu\":0,\"peer\":1,\"clock\":\"tsc\",\"size_ns\":1,\"error_ns\":1,\"count\":1",
	      "kind", "is not known");
	WRONG("event", "\"kind\":\"step\",\"cpu\":-1,\"peer\":1,\"clock\":\"tsc\",\"size_ns\":1,\"error_ns\":1,\"count\":1",
	      "cpu", "is no CPU");
	WRONG("event", "\"kind\":\"step\",\"cpu\":0,\"peer\":1,\"clock\":\"tsc\",\"size_ns\":1,\"error_ns\":1,\"count\":1,\"time\":5",
	      "time", "is of another type");
	WRONG("pair", "\"clock\":\"tsc\",\"cpu_i\":1,\"cpu_j\":1,\"warps\":0,\"offset_ns\":null",
	      "cpu_j", "is not above cpu_i");
	WRONG("pair", "\"clock\":\"tsc\",\"cpu_i\":0,\"cpu_j\":4294967296", "cpu_j",
	      "is not understood");
	WRONG("pair", "\"clock\":\"tsc\",\"cpu_i\":0,\"cpu_j\":1,\"warps\":0,\"offset_ns\":1,\"bound_ns\":1,\"moving\":2",
	      "moving", "is not understood");
	WRONG("pair", "\"clock\":\"tsc\",\"cpu_i\":0,\"cpu_j\":1,\"warps\":0,\"offset_ns\":1,\"bound_ns\":1,\"moving\":1,\"age_ms\":1,\"hull_ns\":[1]",
	      "hull_ns", "is no pair of numbers");
#define BUCKET(low, high, negative) \
	"[{\"low_ns\":" low ",\"high_ns\":" high ",\"count\":1,\"negative\":" negative "}]"
#define HISTOGRAM(name, buckets) \
	"\"name\":\"" name "\",\"count\":1,\"min_ns\":1,\"mean_ns\":1,\"max_ns\":1,\"p50_ns\":1," \
	"\"p99_ns\":1,\"p999_ns\":1,\"lost\":null,\"buckets\":" buckets
	WRONG("histogram", HISTOGRAM("../x", "[]"), "name", "is not understood");
	WRONG("histogram", HISTOGRAM("tsc/warp", "{}"), "buckets", "is of another type");
	WRONG("histogram", HISTOGRAM("tsc/warp", "[1]"), "buckets", "has an entry of another type");
	WRONG("histogram", HISTOGRAM("tsc/warp", BUCKET("2", "1", "false")), "high_ns",
	      "is below low_ns");
	WRONG("histogram", HISTOGRAM("tsc/warp", BUCKET("1", "1", "0")), "negative",
	      "is of another type");
}

/* Only a complete state counts, and only the newest. */
static void state(const char *text, size_t pairs, int64_t offset_ns, const char *error)
{
	struct recording r;

	EXPECT(recording_of_text(&r, text, strlen(text)), "%s", text);
	EXPECT_EQ(r.n_pairs, pairs, "%s", text);
	EXPECT(!pairs || r.pairs[0].offset_ns == offset_ns, "%s", text);
	EXPECT(error ? r.n_errors == 1 && !strcmp(r.errors[0], error) : !r.n_errors, "%s",
	       r.n_errors ? r.errors[0] : "");
	recording_free(&r);
}

static void test_states(void)
{
	state(HEADER PAIR(1) STATE(1) PAIR(2) STATE(1) END, 1, 2, NULL);
	state(HEADER PAIR(1) STATE(1) STATE(0) END, 0, 0, NULL);
	state(HEADER PAIR(1) STATE(1) PAIR(2), 1, 1, NO_END);
	state(HEADER PAIR(1) STATE(1) PAIR(2) STATE(2) END, 1, 1,
	      "line 5 counts other lines than there are: it is read up to there");
	state(HEADER END POINT(1), 0, 0,
	      "line 3 comes after the recording's end: it is read up to there");
	state(HEADER "{\"note\":{\"what\":\"error\",\"text\":\"a \\u001b\xc3\xa9.\"}}\n" END, 0, 0,
	      "a ???.");
}

static void test_frequency(void)
{
	static const char text[] = HEADER
		"{\"note\":{\"what\":\"tsc-khz\",\"text\":\"\",\"tsc_khz\":2100001}}\n" END;
	struct recording r;

	EXPECT(recording_of_text(&r, text, strlen(text)), "no recording");
	EXPECT_EQ(r.tsc_khz, 2100001, "the newest");
	EXPECT_EQ(r.n_errors, 0, "errors");
	recording_free(&r);
}

static const struct tap_test tests[] = {
	{ "a recording of a guest", test_sample },
	{ "a snapshot, both ends of 64 bits", test_snapshot },
	{ "truncated", test_truncated },
	{ "other files", test_foreign },
	{ "broken lines", test_broken },
	{ "states", test_states },
	{ "the TSC's frequency is refined", test_frequency },
};

TAP_MAIN(tests)
