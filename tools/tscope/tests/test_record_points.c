// SPDX-License-Identifier: GPL-2.0
/*
 * Each point is written once, whatever the module shows at the next look: a ring that drops its
 * oldest points, segments that break, a reset, sampling that is switched off.
 */
#include "recording_text.h"
#include "record_points.h"

#define KHZ		1000000ull
#define PERIOD_US	50000ull
#define PERIOD		(PERIOD_US * KHZ / 1000)
#define MOST		4000

static struct point_follower f;
static struct point_line ring[MOST];
static struct clock_figures tsc;
static struct cpu_line cpus[2][2];
static struct snapshot before, s;

/* The lines that were written, and their writer. */
static char *text;
static size_t text_len;
static struct recording_writer w;

static void begin(void)
{
	tsc = (struct clock_figures){ .name = "tsc", .khz = { true, KHZ } };
	memset(cpus, 0, sizeof(cpus));
	cpus[0][1].cpu = 1;
	cpus[1][1].cpu = 1;
	s = (struct snapshot){
		.clocks = &tsc, .n_clocks = 1, .points = ring, .cpu_lines = cpus[1],
		.n_cpu_lines = 2, .period_us = { true, PERIOD_US },
	};
	before = s;
	before.cpu_lines = cpus[0];
	w = (struct recording_writer){ .to = open_memstream(&text, &text_len) };
	recording_put_header(&w, &s, 1000);
}

/* Let the module show @n points of one segment, from number @first on. */
static void show(uint16_t segment, uint64_t first, size_t n, uint64_t from_tsc)
{
	size_t i;

	s.n_points = n;
	for (i = 0; i < n; i++) {
		ring[i] = (struct point_line){
			.clock = "hpet", .segment = segment,
			.tsc = from_tsc + (first + i) * PERIOD,
			.phase_ps = (int64_t)(first + i) * 7,
		};
	}
}

static void look(uint64_t windows)
{
	memcpy(cpus[0], cpus[1], sizeof(cpus[0]));
	cpus[1][1].windows += windows;
	points_write(&f, &before, &s, &w);
}

/* End the recording, read it, and expect this many points, written and lost. */
static void ends(struct recording *r, uint64_t points, uint64_t lost)
{
	recording_put_end(&w, &(struct recording_end){ .why = "time" });
	fclose(w.to);
	EXPECT(recording_of_text(r, text, text_len), "no recording");
	EXPECT_EQ(r->n_errors, 0, "%s", r->n_errors ? r->errors[0] : "");
	EXPECT(r->n_clocks == !!points && (!points || r->clocks[0].n_points == points),
	       "%zu points, not %zu", r->n_clocks ? r->clocks[0].n_points : 0, (size_t)points);
	EXPECT_EQ(f.points, points, "counted");
	EXPECT_EQ(f.lost, lost, "lost:\n%s", strstr(text, "{\"gap\"") ?: "");
	EXPECT(!lost == !strstr(text, "{\"gap\""), "a line of what is lost");
}

static void segment(const struct recording *r, size_t from, size_t n, uint64_t number,
		    uint64_t first, uint64_t from_tsc)
{
	const struct point_line *p = r->clocks[0].points + from;
	size_t i;

	for (i = 0; i < n; i++)
		EXPECT(p[i].segment == number && p[i].tsc == from_tsc + (first + i) * PERIOD &&
		       p[i].phase_ps == (int64_t)(first + i) * 7, "point %zu", from + i);
}

static void expect_gap(const char *members)
{
	const char *line = strstr(text, "{\"gap\":{\"clock\":\"hpet\",") ?: "";
	const char *from = strstr(line, "\"segment\"") ?: "";

	EXPECT(!strncmp(from, members, strlen(members)) &&
	       !strncmp(from + strlen(members), "}}\n", 3), "%s", line);
}

static void end(struct recording *r)
{
	recording_free(r);
	free(text);
	points_free(&f);
}

/* A window of 1200 points moves over the ring by any number of points. */
static void test_ring(void)
{
	uint64_t newest = 1 + rnd_below(100), step;
	struct recording r;
	int i;

	begin();
	for (i = 0; i < 50; i++) {
		size_t n = newest < 1200 ? newest : 1200;

		show(9, newest - n, n, 1000);
		look(0);
		step = rnd_below(4) ? rnd_below(1200) : 0;
		newest += step;
	}
	newest -= step;
	ends(&r, newest, 0);
	segment(&r, 0, newest, 1, 0, 1000);
	end(&r);
}

/* A larger fit_window_s brings back points that were written. */
static void test_window(void)
{
	struct recording r;

	begin();
	show(1, 90, 10, 1000);
	look(10);
	show(1, 0, 110, 1000);
	look(10);
	ends(&r, 20, 0);
	segment(&r, 0, 20, 1, 90, 1000);
	end(&r);
}

/* Points that were there at the start are not written, and are not lost when they drop out. */
static void test_skip(void)
{
	struct recording r;

	begin();
	show(1, 0, 100, 1000);
	points_skip(&f, &s);
	show(1, 50, 70, 1000);
	look(20);
	ends(&r, 20, 0);
	segment(&r, 0, 20, 1, 100, 1000);
	end(&r);
}

/* More points came than the module shows. */
static void test_overrun(void)
{
	struct recording r;

	begin();
	show(1, 0, 100, 1000);
	look(100);
	show(1, 250, 1200, 1000);
	look(1350);
	ends(&r, 1300, 150);
	segment(&r, 0, 100, 1, 0, 1000);
	segment(&r, 100, 1200, 1, 250, 1000);
	expect_gap("\"segment\":1,\"from_tsc\":4950001000,\"to_tsc\":12500001000,\"lost\":150");
	end(&r);
}

/* The points from the last look to the step are lost; those after it are not. */
static void test_step(void)
{
	struct recording r;

	begin();
	show(65535, 0, 100, 1000);
	look(100);
	/* 12 points, then the step, then 8 points, of which 4 are held back */
	show(0, 0, 4, 1000 + 112 * PERIOD);
	look(20);
	show(0, 0, 24, 1000 + 112 * PERIOD);
	look(20);
	ends(&r, 124, 12);
	expect_gap("\"segment\":2,\"from_tsc\":4950001000,\"to_tsc\":5600001000,\"lost\":12");
	segment(&r, 0, 100, 1, 0, 1000);
	segment(&r, 100, 24, 2, 0, 1000 + 112 * PERIOD);
	end(&r);
}

/* The guest was stopped, or sampling was switched off: no points were taken. */
static void test_pause(void)
{
	struct recording r;

	begin();
	show(1, 0, 100, 1000);
	look(100);
	look(0);
	show(2, 0, 10, 1000 + 100000 * PERIOD);
	look(10);
	ends(&r, 110, 0);
	segment(&r, 100, 10, 2, 0, 1000 + 100000 * PERIOD);
	end(&r);
}

/* After a reset the same numbers of segments are used again. */
static void test_reset(void)
{
	struct recording r;

	begin();
	show(1, 0, 100, 1000);
	look(100);
	/* the first point, which is older than the last one written, shows the reset */
	show(1, 0, 10, 1000 + 100 * PERIOD);
	look(10);
	/* or the caller reports it */
	points_end_segments(&f);
	show(1, 5, 10, 1000 + 105 * PERIOD);
	look(10);
	/* the caller was wrong: the points are still there */
	points_end_segments(&f);
	show(1, 5, 20, 1000 + 105 * PERIOD);
	look(10);
	ends(&r, 130, 0);
	segment(&r, 0, 100, 1, 0, 1000);
	segment(&r, 100, 10, 2, 0, 1000 + 100 * PERIOD);
	segment(&r, 110, 20, 3, 5, 1000 + 105 * PERIOD);
	end(&r);
}

/* Windows are counted from 0 again: those before are not known, and their points are lost. */
static void test_reload_between(void)
{
	struct recording r;

	begin();
	show(1, 0, 100, 1000);
	look(100);
	points_end_segments(&f);
	show(1, 0, 10, 1000 + 120 * PERIOD);
	look(-90);
	ends(&r, 110, 20);
	expect_gap("\"segment\":2,\"from_tsc\":4950001000,\"to_tsc\":6000001000,\"lost\":20");
	end(&r);
}

/* For a long time there was no module, so no points were taken. */
static void test_reload(void)
{
	struct recording r;

	begin();
	show(1, 0, 100, 1000);
	look(100);
	points_end_segments(&f);
	before.n_cpu_lines = 0;
	show(1, 0, 10, 1000 + 100000 * PERIOD);
	look(-88);
	ends(&r, 110, 2);
	end(&r);
}

/* The TSC was set back: how many were lost is not known. */
static void test_back(void)
{
	struct recording r;

	begin();
	show(1, 0, 100, 1000);
	look(100);
	show(2, 0, 10, 500);
	look(10);
	recording_put_end(&w, &(struct recording_end){ .why = "time" });
	fclose(w.to);
	EXPECT(recording_of_text(&r, text, text_len) && !r.n_errors, "%s", r.errors[0]);
	expect_gap("\"segment\":2,\"from_tsc\":4950001000,\"to_tsc\":500,\"lost\":null");
	EXPECT_EQ(f.lost, 0, "not known");
	segment(&r, 100, 10, 2, 0, 500);
	end(&r);
}

/* A look that shows nothing of a clock, as while the file can't be read, changes nothing. */
static void test_nothing(void)
{
	struct recording r;

	begin();
	look(0);
	show(1, 0, 10, 1000);
	look(10);
	s.n_points = 0;
	look(10);
	show(1, 0, 30, 1000);
	look(10);
	ends(&r, 30, 0);
	segment(&r, 0, 30, 1, 0, 1000);
	end(&r);
}

/* Two segments, which no module shows: the newest counts, and nothing is written twice. */
static void test_two_segments(void)
{
	struct recording r;

	begin();
	show(1, 0, 30, 1000);
	for (s.n_points = 10; s.n_points < 30; s.n_points++)
		ring[s.n_points].segment = 2;
	look(30);
	look(0);
	ends(&r, 20, 0);
	segment(&r, 0, 20, 1, 10, 1000);
	end(&r);
}

static const struct tap_test tests[] = {
	{ "a ring", test_ring },
	{ "a larger fit window", test_window },
	{ "what was there before", test_skip },
	{ "more than the module keeps", test_overrun },
	{ "a step", test_step },
	{ "a pause", test_pause },
	{ "a reset", test_reset },
	{ "another module between two looks", test_reload_between },
	{ "another module after a long time", test_reload },
	{ "the TSC is set back", test_back },
	{ "nothing to see", test_nothing },
	{ "two segments", test_two_segments },
};

TAP_MAIN(tests)
