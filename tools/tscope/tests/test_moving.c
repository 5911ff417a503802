// SPDX-License-Identifier: GPL-2.0
/*
 * tsc-moving: its size compared with the truth. The module's own tracker gets the bursts of a pair
 * whose TSC alternates or drifts, and of its kvm-clock, which does not move.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"
#include "interval.h"
#include "judgement.h"

#define CASES		120
#define WIDTH_NS	190.0
#define BURST_S		(1 / 1e5)

/* How a TSC moves: by @side_ns to either side, or by @ns_per_s. */
struct motion {
	double side_ns, half_s, ns_per_s;
};

static struct observation o;
static struct finding_list found;
static struct clock_figures clocks[2] = { { .name = "tsc" }, { .name = "kvm-clock" } };

static double log_uniform(double low, double high)
{
	return low * pow(high / low, rnd_unit());
}

static double offset_at(const struct motion *m, double s)
{
	if (m->ns_per_s)
		return m->ns_per_s * s;
	return fmod(s, 2 * m->half_s) < m->half_s ? m->side_ns : -m->side_ns;
}

/* The width of a burst; one in fifty is up to five times as wide as usual. */
static double width(void)
{
	double usual = WIDTH_NS * (1 + 0.4 * rnd_unit());

	return rnd_below(50) ? usual : usual * log_uniform(1, 5);
}

static struct pair_line line_of(const char *clock, const struct tscope_tracker *t, u64 now_ms)
{
	struct pair_line p = { .cpu_j = 1, .known = true };
	struct tscope_interval in;

	tscope_tracker_interval(t, now_ms, &in);
	set_text(p.clock, clock);
	p.moving = in.moving;
	p.offset_ns = (in.low + in.high) / 2;
	p.bound_ns = (in.high - in.low + 1) / 2;
	p.hull_low_ns = in.hull.low;
	p.hull_high_ns = in.hull.high;
	return p;
}

static const struct finding *judge(struct pair_line *pairs, size_t n)
{
	memset(&o, 0, sizeof(o));
	o.after.loaded = true;
	o.after.clocks = clocks;
	o.after.n_clocks = 2;
	o.after.pairs = pairs;
	o.after.n_pairs = n;
	findings_free(&found);
	findings_of(&o, &found);
	return the_finding(&found, "tsc-moving");
}

/* How many sizes were judged, how many intervals held the truth, and the sum of their widths. */
struct score {
	unsigned int n, held;
	double relative;
};

/* Judge the motion since the begin of the last epoch; @truth: the motion as bursts saw it. */
static void check(struct score *score, const struct motion *m, const struct tscope_tracker *tsc,
		  const struct tscope_tracker *page, u64 now_ms, double truth)
{
	struct pair_line pairs[] = {
		line_of("tsc", tsc, now_ms), line_of("kvm-clock", page, now_ms),
	};
	const struct finding *f = pairs[0].moving ? judge(pairs, 2) : NULL;

	if (!f)
		return;
	EXPECT(f->size.known && f->size_error.known, "a size and its error");
	EXPECT(truth <= size_of(f), "+-%.0f ns each %.3f s, or %.0f ns/s: moved %.0f ns, hull %.0f",
	       m->side_ns, m->half_s, m->ns_per_s, truth, size_of(f));
	score->n++;
	score->held += truth >= size_of(f) - error_of(f);
	score->relative += error_of(f) / size_of(f);
}

/* Run bursts every @gap_s for @for_s; each epoch is judged when it ends. */
static void watch(struct score *score, const struct motion *m, double gap_s, double for_s)
{
	double low[2] = { INFINITY, INFINITY }, high[2] = { -INFINITY, -INFINITY };
	struct tscope_tracker tsc, page;
	double s, begun, ended, all, below;
	u64 now_ms;

	tscope_tracker_init(&tsc);
	tscope_tracker_init(&page);
	for (s = 0; s < for_s; s += gap_s * (0.5 + rnd_unit())) {
		now_ms = 1000 + (u64)(s * 1000);
		if (tsc.running.bursts >= TSCOPE_EPOCH_BURSTS &&
		    now_ms - tsc.started_ms >= TSCOPE_EPOCH_MS && low[0] < INFINITY)
			check(score, m, &tsc, &page, now_ms,
			      fmax(high[0], high[1]) - fmin(low[0], low[1]));
		/* if the offset changes within a burst, each limit is by one of two offsets */
		begun = offset_at(m, s);
		ended = offset_at(m, s + BURST_S);
		all = width();
		below = all * (0.44 + 0.12 * rnd_unit());
		if (rnd_below(2)) {
			double swapped = begun;

			begun = ended;
			ended = swapped;
		}
		tscope_tracker_add(&tsc, (s64)floor(begun - below),
				   (s64)ceil(ended + all - below), 0, now_ms);
		tscope_tracker_add(&page, (s64)floor(-below), (s64)ceil(all - below), 0, now_ms);
		if (tsc.running.bursts == 1) {
			low[0] = low[1];
			high[0] = high[1];
			low[1] = INFINITY;
			high[1] = -INFINITY;
		}
		low[1] = fmin(low[1], fmin(begun, ended));
		high[1] = fmax(high[1], fmax(begun, ended));
	}
}

/* The extent is never below the motion; almost all errors hold the truth, and they are narrow. */
static void test_truth(void)
{
	struct score few = { }, many = { };
	unsigned int i;

	for (i = 0; i < CASES; i++) {
		struct motion m = { };

		if (i % 4 < 2) {
			m.side_ns = log_uniform(60, 5000);
			m.half_s = log_uniform(0.001, 0.5);
		} else {
			m.ns_per_s = log_uniform(200, 1e7);
		}
		if (i % 2)
			watch(&many, &m, 0.001, 5);
		else
			watch(&few, &m, 0.5, 60);
	}
	tap_note("flat out %u, held %u, error / size %.2f; below it %u, %u, %.2f", many.n,
		 many.held, many.relative / many.n, few.n, few.held, few.relative / few.n);
	EXPECT(many.n > 50 && few.n > 50, "%u and %u looks", many.n, few.n);
	EXPECT(many.held >= many.n * 0.97 && few.held >= few.n * 0.97, "%u of %u, %u of %u",
	       many.held, many.n, few.held, few.n);
	EXPECT(many.relative < many.n * 0.35 && few.relative < few.n * 0.35,
	       "errors are %.2f and %.2f of sizes", many.relative / many.n, few.relative / few.n);
}

static struct pair_line pair(const char *clock, unsigned int cpu_i, unsigned int cpu_j, bool moving,
			     s64 low, s64 high)
{
	struct pair_line p = {
		.cpu_i = cpu_i, .cpu_j = cpu_j, .known = true, .moving = moving,
		.hull_low_ns = low, .hull_high_ns = high, .bound_ns = 100,
	};

	set_text(p.clock, clock);
	return p;
}

/* Which pairs show the widths of bursts, and so give the error. */
static void test_error(void)
{
	struct pair_line pairs[] = {
		pair("tsc", 0, 1, true, -800, 2400), pair("tsc", 0, 2, false, -150, 150),
		pair("tsc", 1, 2, false, -200, 200), pair("kvm-clock", 0, 1, false, -120, 130),
	};
	const struct finding *f = judge(pairs, 1);

	EXPECT(f && size_of(f) == 3200 && !f->size_error.known, "no pair rests");
	f = judge(pairs, 3);
	EXPECT(f && f->size_error.known && error_of(f) == 100 + 400, "the widest at rest");
	f = judge(pairs, 4);
	EXPECT(f && error_of(f) == 100 + 250, "the time page, of the same bursts");
	EXPECT(f && f->n_cpus == 2 && f->cpus[0] == 0 && f->cpus[1] == 1, "the pair");
	if (f)
		EXPECT_LINES(f->evidence.lines, 2,
			     "CPU 1 against CPU 0 moves: from -800 ns to +2400 ns in two epochs",
			     "up to 350 ns of that may be the width of bursts: the offset moved by 2850 ns to 3200 ns");
	/* the page follows the TSC */
	pairs[3].moving = true;
	pairs[3].hull_high_ns = 3000;
	f = judge(pairs, 4);
	EXPECT(f && error_of(f) == 100 + 400, "pairs at rest, then");
	pairs[1].moving = true;
	pairs[2].moving = true;
	f = judge(pairs, 4);
	EXPECT(f && error_of(f) == 3200, "no wider than the extent");
	pairs[0].hull_low_ns = S64_MIN;
	pairs[0].hull_high_ns = S64_MAX;
	f = judge(pairs, 1);
	EXPECT(f && f->size.value == U64_MAX, "as wide as 64 bits");
	pairs[0] = pair("tsc", 0, 1, true, -800, 2400);
	pairs[0].from_sysfs = true;
	f = judge(pairs, 1);
	EXPECT(f && size_of(f) == 3200 && !f->size_error.known, "of sysfs");
	findings_free(&found);
}

static const struct tap_test tests[] = {
	{ "the size holds the truth", test_truth },
	{ "what gives the error", test_error },
};

TAP_MAIN(tests)
