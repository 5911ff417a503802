// SPDX-License-Identifier: GPL-2.0
/*
 * recording_read(): any input gives a recording that can be written and read again, or a fault that
 * says where it is. The fuzzer's bytes choose valid lines, and changes to them.
 */
#include "fuzz.h"
#include "recording_text.h"

/* each is valid */
static const char *const lines[] = {
	"{\"tscope_recording\":1,\"tscope\":\"0.2.0\",\"kernel\":\"6.12\",\"clocksource\":null,\"tsc_khz\":2100000}\n",
	"{\"point\":{\"clock\":\"hpet\",\"segment\":1,\"tsc\":100,\"phase_ns\":-1.500,\"width_ns\":9}}\n",
	"{\"event\":{\"kind\":\"warp\",\"clock\":\"tsc\",\"cpu\":0,\"peer\":1,\"size_ns\":-7,\"error_ns\":null,\"count\":2,\"time\":{\"boottime_ns\":5,\"tsc\":6,\"cpu\":0}}}\n",
	"{\"pair\":{\"clock\":\"tsc\",\"cpu_i\":0,\"cpu_j\":1,\"offset_ns\":3,\"bound_ns\":9,\"moving\":1,\"hull_ns\":[-6,12],\"age_ms\":4,\"warps\":0}}\n",
	"{\"histogram\":{\"name\":\"tsc/warp\",\"count\":1,\"min_ns\":-4,\"mean_ns\":-4,\"max_ns\":-4,\"p50_ns\":-4,\"p99_ns\":-4,\"p999_ns\":-4,\"lost\":null,\"buckets\":[{\"negative\":true,\"low_ns\":4,\"high_ns\":4,\"count\":1}]}}\n",
	"{\"state\":{\"boottime_ns\":9,\"clocks\":0,\"cpus\":0,\"pairs\":1,\"histograms\":1}}\n",
	"{\"note\":{\"boottime_ns\":9,\"what\":\"tsc-khz\",\"text\":\"\",\"tsc_khz\":2100001}}\n",
	"{\"note\":{\"boottime_ns\":9,\"what\":\"error\",\"text\":\"no file\"}}\n",
	"{\"gap\":{\"clock\":\"hpet\",\"segment\":2,\"from_tsc\":3,\"to_tsc\":9,\"lost\":1}}\n",
	"{\"clock\":{\"name\":\"tsc\"}}\n",
	"{\"cpu\":{\"cpu\":0}}\n",
	"{\"end\":{\"boottime_ns\":9,\"why\":\"time\",\"points\":1,\"lost\":0,\"events\":0}}\n",
};

/* Texts that replace a byte. */
static const char *const pieces[] = {
	"", "-", "0", "1", "9", ".", "1.000", "18446744073709551615", "-9223372036854775808",
	"18446744073709551616", "null", "true", "\"", "\\", "{", "}", "[", "]", ",", ":", "\n", " ",
	"\"a\"", "\"lost\":3", "[]", "{}",
};

static void print_line(struct fuzz_in *in, FILE *to, const char *line)
{
	size_t len = strlen(line), at = 0, next;
	u8 changes = fuzz_u8(in) % 4;

	while (changes--) {
		next = at + fuzz_u16(in) % (len - at);
		fwrite(line + at, 1, next - at, to);
		fputs(pieces[fuzz_u8(in) % ARRAY_SIZE(pieces)], to);
		at = next + 1;
		if (at == len)
			return;
	}
	fputs(line + at, to);
}

static void expect_printable(const struct recording *r)
{
	size_t i, k;

	for (i = 0; i < r->n_errors; i++)
		for (k = 0; r->errors[i][k]; k++)
			EXPECT(r->errors[i][k] >= ' ' && r->errors[i][k] <= '~', "byte %u",
			       (u8)r->errors[i][k]);
}

static void fuzz_one(struct fuzz_in *in)
{
	struct recording r;
	size_t len, chosen;
	char *text;
	FILE *to = open_memstream(&text, &len);

	/* mostly a valid header */
	if (fuzz_u8(in) % 8)
		fputs(lines[0], to);
	while (in->left) {
		chosen = fuzz_u8(in);
		if (chosen == 255)
			break;
		print_line(in, to, lines[chosen % ARRAY_SIZE(lines)]);
	}
	if (in->left)
		fwrite(in->at, 1, in->left, to);
	fclose(to);
	if (recording_of_text(&r, text, len))
		expect_survives(&r);
	expect_printable(&r);
	recording_free(&r);
	free(text);
}
