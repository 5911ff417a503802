// SPDX-License-Identifier: GPL-2.0
/*
 * step_error.c: the size of a step while the clock's rate changes, too, and what is found then. The
 * steps are those that module/step.c reports.
 */
#include "made.h"
#include "step_error.h"

#define SIDE	STEP_POINTS

static struct point_line near_step[CLOCKS * 2 * SIDE];

/*
 * At @at_s the TSC gains @ns at once, and its rate goes from @before to @after (ppm by which it is
 * fast) at @turn_s. Returns the step that the clock is reported with.
 */
static double turn(int clock, double at_s, double ns, double turn_s, double before, double after)
{
	double first_s = at_s - 0.24 * rnd_unit(), s, gap_s = 0.24;
	double ahead = before * (turn_s - first_s) + after * (first_s + gap_s - turn_s);
	double middle = (before + after) / 2 * gap_s;
	uint64_t step_tsc = 0;
	struct point_line *p;
	int i;

	for (i = 0; i < 2 * SIDE; i++) {
		p = &near_step[o.after.n_points++];
		s = first_s + gap_s * (i - SIDE + 1);
		*p = (struct point_line){ .segment = i >= SIDE };
		snprintf(p->clock, sizeof(p->clock), "%s", names[clock]);
		/* the TSC's time is ahead of the true one */
		p->tsc = llround(((s + (i >= SIDE ? ns * 1e-9 : 0)) * 1e3 +
				  (s - turn_s) * 1e-3 * (s < turn_s ? before : after)) * KHZ);
		p->phase_ps = llround(-(s - first_s) * 1e6 * (i >= SIDE ? after : before));
		if (i == SIDE)
			step_tsc = p->tsc;
	}
	add(at_s + 1, "step", clock, 0, -ns - (ahead - middle) * 1e3 +
	    (rnd_unit() * 2 - 1) * DEVICE_NS);
	lines[o.after.n_violations - 1].tsc = step_tsc;
	return lines[o.after.n_violations - 1].size_ns;
}

static void begin(void)
{
	quiet();
	o.after.points = near_step;
	o.after.n_points = 0;
}

/* One step: the truth lies within its error, which is no wider than the change of rate demands. */
static void test_size(void)
{
	double ns, before, after, size_ns, error, widest;
	struct step_points p;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		begin();
		ns = fabs(size(1e7, 2e9));
		before = size(1, 2000);
		after = size(1, 2000);
		size_ns = turn(HPET, 30, ns, 30, before, after);
		step_points_of(&o.after, &lines[0], &p);
		error = step_error_ns(&o.after, &lines[0], &p);
		widest = clock_step_error_ns(&o.after, "hpet") + fabs(before - after) * 242 + 100;
		EXPECT(fabs(size_ns + ns) <= error && error <= widest,
		       "truth %.0f, measured %.0f, bound %.0f, may be %.0f", -ns, size_ns, error,
		       widest);
	}
}

/* Two devices without a host's clock or a time page: the jump is one finding, and its size holds. */
static void test_jump(void)
{
	double ns, before, after;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		begin();
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "tsc");
		ns = fabs(size(1e8, 2e9));
		before = size(1, 2000);
		after = size(1, 2000);
		turn(PM, 30, ns, 30, before, after);
		turn(HPET, 30, ns, 30, before, after);
		only("tsc-jumped", ns);
	}
}

/* Steps that differ by more than the change of rate gives are not one jump. */
static void test_apart(void)
{
	double ns, before, after;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		begin();
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "tsc");
		ns = fabs(size(1e8, 1e9));
		before = size(1, 2000);
		after = size(1, 2000);
		turn(PM, 30, ns, 30, before, after);
		turn(HPET, 30, ns * 1.5, 30, before, after);
		judge();
		EXPECT_EQ(count("tsc-jumped", ns), 0, "jumps where devices differ by %.0f",
			  ns / 2);
	}
}

static const struct tap_test tests[] = {
	{ "a step while the rate changes", test_size },
	{ "the TSC jumps while its rate changes", test_jump },
	{ "devices that differ", test_apart },
};

TAP_MAIN(tests)
