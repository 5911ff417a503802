// SPDX-License-Identifier: GPL-2.0
/*
 * step.c, eight readings at a time: a clock whose rate may change once, that is
 * read with an error, and that may step. No step is found if there is none, and a
 * step that is found has the true size within its error.
 */
#include "fuzz.h"
#include "step.h"
#include "math128.h"

/* Time and phase go by 2^-16 ns here. */
#define UNIT	65536

struct scene {
	u64 span_ns[TSCOPE_STEP_POINTS];	/* from the reading before */
	s64 noise_ns[TSCOPE_STEP_POINTS];	/* up to error_ns */
	u32 error_ns;
	s32 rate[2];		/* ppb */
	u32 change_at;		/* the gap in which it changes; 0: never */
	u32 change_part;	/* where in it, of 256 */
	s64 step_ns;		/* in the gap that is judged */
	u32 khz;
	u64 tsc;
};

static struct scene take_scene(struct fuzz_in *in)
{
	struct scene c = { .khz = 10000 + fuzz_u32(in) % 6000000 };
	u32 i;

	c.tsc = fuzz_bits(in, 62);
	c.error_ns = (u32)fuzz_bits(in, 20);
	/* up to 500 ppm, as NTP slews */
	c.rate[0] = (s32)(fuzz_u32(in) % 1000001) - 500000;
	c.rate[1] = (s32)(fuzz_u32(in) % 1000001) - 500000;
	c.change_at = fuzz_u8(in) % TSCOPE_STEP_POINTS;
	c.change_part = fuzz_u8(in);
	c.step_ns = fuzz_signed(in, 60);
	for (i = 0; i < TSCOPE_STEP_POINTS; i++) {
		c.span_ns[i] = 10000 + fuzz_bits(in, 36);
		c.noise_ns[i] = fuzz_signed(in, 20);
		c.noise_ns[i] = c.error_ns ?
				c.noise_ns[i] % (s64)(c.error_ns + 1) : 0;
	}
	return c;
}

static void play(const struct scene *c, struct tscope_reading *r)
{
	s128 phase = 0, time = 0, span, part;
	u32 i, now = 0;
	u64 cyc = 0;

	for (i = 0; i < TSCOPE_STEP_POINTS; i++) {
		if (i) {
			cyc += tscope_ns_to_cyc(c->span_ns[i], c->khz);
			span = (s128)cyc * 1000000 * UNIT / c->khz - time;
			time += span;
			part = i == c->change_at ? span * c->change_part / 256 :
						   span;
			phase += part * c->rate[now] / 1000000000;
			if (i == c->change_at)
				now = 1;
			phase += (span - part) * c->rate[now] / 1000000000;
		}
		if (i == TSCOPE_STEP_SIDE)
			phase += (s128)c->step_ns * UNIT;
		r[i] = (struct tscope_reading){
			.tsc = c->tsc + cyc,
			.ns = (1ULL << 61) + (u64)((phase + time) >> 16) +
			      c->noise_ns[i],
			.width_ns = 2 * c->error_ns,
			.error_ns = c->error_ns,
		};
	}
}

static void fuzz_one(struct fuzz_in *in)
{
	struct tscope_reading r[TSCOPE_STEP_POINTS];
	struct scene c = take_scene(in);
	u64 noise_ns = fuzz_bits(in, 20), jump, usual;
	unsigned int flags = c.khz & 1 ? TSCOPE_STEP_STEERED : 0;
	struct tscope_step step = { };
	s128 off;
	u32 i;

	/* a long gap in which the clock seems to have passed a usual one is a TSC's jump */
	usual = c.span_ns[TSCOPE_STEP_SIDE - 1] > c.span_ns[TSCOPE_STEP_SIDE + 1] ?
		c.span_ns[TSCOPE_STEP_SIDE - 1] : c.span_ns[TSCOPE_STEP_SIDE + 1];
	if (c.span_ns[TSCOPE_STEP_SIDE] / 2 + 1 >= usual &&
	    (s128)c.span_ns[TSCOPE_STEP_SIDE] + c.step_ns < 3 * (s128)usual)
		c.span_ns[TSCOPE_STEP_SIDE] = usual;

	play(&c, r);
	if (c.step_ns) {
		if (tscope_step_find(r, c.khz, noise_ns, flags, &step, &jump)) {
			off = (s128)step.ns - c.step_ns;
			EXPECT(off <= (s128)step.error_ns &&
			       -off <= (s128)step.error_ns,
			       "truth %s, found %s +- %s", tap_dec(c.step_ns),
			       tap_dec(step.ns), tap_udec(step.error_ns));
			EXPECT(step.tsc == r[TSCOPE_STEP_SIDE].tsc, "time");
			EXPECT(jump <= step.error_ns + 4, "jump");
		}
		c.step_ns = 0;
		play(&c, r);
	}
	EXPECT(!tscope_step_find(r, c.khz, noise_ns, 0, &step, &jump),
	       "no step, found %s +- %s", tap_dec(step.ns), tap_udec(step.error_ns));
	/* a larger spread never causes a step to be found */
	EXPECT(!tscope_step_find(r, c.khz, noise_ns, TSCOPE_STEP_LEARNING, &step, &jump),
	       "spread");

	/* any readings: no undefined behaviour, and errors in their range */
	for (i = 0; i < TSCOPE_STEP_POINTS; i++) {
		r[i].tsc = fuzz_u64(in);
		r[i].ns = fuzz_u64(in);
		r[i].error_ns = fuzz_u32(in);
	}
	tscope_step_continues(r, c.khz, noise_ns);
	tscope_step_find(r, c.khz, noise_ns, flags, &step, &jump);
	tscope_step_find_early(r, c.khz, &step);
}
