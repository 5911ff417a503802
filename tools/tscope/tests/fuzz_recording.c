// SPDX-License-Identifier: GPL-2.0
/*
 * recording_read(): whatever is read is a recording that can be written and read again, or a fault
 * that says where it is. Lines that are right stand before the bytes, of which a byte chooses, so
 * that no header has to be found.
 */
#include "fuzz.h"
#include "recording_text.h"

static const char *const lines[] = {
	"{\"tscope_recording\":1,\"tscope\":\"0.2.0\",\"kernel\":\"6.12\",\"clocksource\":null,\"tsc_khz\":2100000}\n",
	"{\"point\":{\"clock\":\"hpet\",\"segment\":1,\"tsc\":100,\"phase_ns\":-1.500,\"width_ns\":9}}\n",
	"{\"event\":{\"kind\":\"warp\",\"clock\":\"tsc\",\"cpu\":0,\"peer\":1,\"size_ns\":-7,\"error_ns\":null,\"count\":2,\"time\":{\"boottime_ns\":5,\"tsc\":6,\"cpu\":0}}}\n",
	"{\"pair\":{\"clock\":\"tsc\",\"cpu_i\":0,\"cpu_j\":1,\"offset_ns\":3,\"bound_ns\":9,\"moving\":1,\"hull_ns\":[-6,12],\"age_ms\":4,\"warps\":0}}\n",
	"{\"histogram\":{\"name\":\"tsc/warp\",\"count\":1,\"min_ns\":-4,\"mean_ns\":-4,\"max_ns\":-4,\"p50_ns\":-4,\"p99_ns\":-4,\"p999_ns\":-4,\"lost\":null,\"buckets\":[{\"negative\":true,\"low_ns\":4,\"high_ns\":4,\"count\":1}]}}\n",
	"{\"state\":{\"boottime_ns\":9,\"clocks\":0,\"cpus\":0,\"pairs\":1,\"histograms\":1}}\n",
	"{\"note\":{\"boottime_ns\":9,\"what\":\"tsc-khz\",\"text\":\"\",\"tsc_khz\":2100001}}\n",
};

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
	u8 chosen = fuzz_u8(in);
	struct recording r;
	unsigned int i;
	size_t len;
	char *text;
	FILE *to = open_memstream(&text, &len);

	for (i = 0; i < ARRAY_SIZE(lines); i++)
		if (!(chosen >> i & 1))
			fputs(lines[i], to);
	if (in->left)
		fwrite(in->at, 1, in->left, to);
	fclose(to);
	if (recording_of_text(&r, text, len))
		expect_survives(&r);
	expect_printable(&r);
	recording_free(&r);
	free(text);
}
