// SPDX-License-Identifier: GPL-2.0
/* step_error.c: how far the size of a step may be off, and what is found then */
#include "made.h"
#include "step_error.h"

/* A step that is off by less than its error, which the module reports. */
static void add_with_error(double at_s, int clock, double ns, double error_ns)
{
	add(at_s, "step", clock, 0, ns + (rnd_unit() * 2 - 1) * error_ns);
	lines[o.after.n_violations - 1].error_ns = (struct count){ true, ceil(error_ns) + 1 };
}

static void test_sources(void)
{
	struct violation *v = lines;

	quiet();
	add(30, "step", HPET, 0, 1e9);
	EXPECT_EQ(step_error_ns(&o.after, v), clock_step_error_ns(&o.after, "hpet"), "estimated");
	EXPECT(step_error_known(&o.after, v), "residuals are known");
	v->error_ns = (struct count){ true, 123456 };
	EXPECT_EQ(step_error_ns(&o.after, v), 123456, "reported");
	o.after.n_histograms = 0;
	EXPECT(step_error_known(&o.after, v), "reported, and residuals are not known");
	v->error_ns.known = false;
	EXPECT(!step_error_known(&o.after, v), "not reported, and residuals are not known");

	quiet();
	add(30, "step", KVM, 0, 1e9);
	EXPECT_EQ(step_error_ns(&o.after, v), 2, "a page, estimated");
	v->error_ns = (struct count){ true, 1 };
	EXPECT_EQ(step_error_ns(&o.after, v), 2, "a page, reported");
	v->error_ns = (struct count){ true, 5000 };
	EXPECT_EQ(step_error_ns(&o.after, v), 5000, "a page that does not say since when it holds");
}

/* Figures of a broken file: errors at the end of 64 bits allow anything, and do not wrap to 0. */
static void test_ends(void)
{
	unsigned int k;

	quiet();
	for (k = 0; k < 40; k++) {
		add(30 + 0.001 * k, "step", KVM, 0, -1e9);
		lines[k].error_ns = (struct count){ true, UINT64_MAX };
	}
	EXPECT(step_error_ns(&o.after, lines) >= UINT64_MAX / 4, "one step");
	EXPECT_EQ(step_errors_ns(UINT64_MAX / 4, UINT64_MAX / 4), UINT64_MAX / 4, "two");
	EXPECT_EQ(step_errors_ns(3, 4), 7, "small ones");
	judge();
	for (k = 0; k < found.n; k++)
		EXPECT(!found.findings[k].size_error.known ||
		       error_of(&found.findings[k]) >= 1e18, "%s: error %.0f",
		       found.findings[k].id, error_of(&found.findings[k]));
}

/* Without a host's clock and a time page; the TSC's rate changed with the jump. */
static void test_jump(void)
{
	double ns;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		snprintf(o.after.clocksource, sizeof(o.after.clocksource), "tsc");
		o.after.n_points = 0;
		clocks[PTP].skew_ppt.known = false;
		ns = fabs(size(1e8, 2e9));
		add_with_error(30, PM, -ns, 5e5 * rnd_unit());
		add_with_error(30.2, HPET, -ns, 5e5 * rnd_unit());
		only("tsc-jumped", ns);

		/* devices that differ by more than their errors */
		lines[1].size_ns = -ns * 1.5;
		judge();
		EXPECT_EQ(count("tsc-jumped", ns), 0, "jumps where devices differ by %.0f", ns / 2);
	}
}

static const struct tap_test tests[] = {
	{ "the error of a step", test_sources },
	{ "errors at the end of 64 bits", test_ends },
	{ "the TSC jumps while its rate changes", test_jump },
};

TAP_MAIN(tests)
