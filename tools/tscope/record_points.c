// SPDX-License-Identifier: GPL-2.0
/* record_points.c: the points that are new since an earlier look, each once */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "record_points.h"
#include "recording_parts.h"

/* Points of one clock and one segment, in the order of time. */
struct run {
	const struct point_line *at;
	size_t n;
};

static struct followed_clock *clock_of(struct point_follower *f, const char *name)
{
	struct followed_clock *c;
	size_t i;

	for (i = 0; i < f->n; i++)
		if (!strcmp(f->clocks[i].name, name))
			return &f->clocks[i];
	f->clocks = list_room(f->clocks, f->n, sizeof(*f->clocks));
	c = &f->clocks[f->n++];
	*c = (struct followed_clock){ };
	snprintf(c->name, sizeof(c->name), "%s", name);
	return c;
}

static bool next_run(const struct snapshot *s, struct run *run)
{
	const struct point_line *end;

	if (!s->n_points)
		return false;
	end = s->points + s->n_points;
	run->at = run->at ? run->at + run->n : s->points;
	run->n = 0;
	while (run->at + run->n < end && run->at[run->n].segment == run->at->segment &&
	       !strcmp(run->at[run->n].clock, run->at->clock))
		run->n++;
	return run->n;
}

static bool is_newest(const struct snapshot *s, const struct run *run)
{
	const struct point_line *next = run->at + run->n;

	return next == s->points + s->n_points || strcmp(next->clock, run->at->clock);
}

static bool is_same(const struct point_line *a, const struct point_line *b)
{
	return a->segment == b->segment && a->tsc == b->tsc && a->phase_ps == b->phase_ps &&
	       a->width_ns == b->width_ns;
}

/* How many points of @run were written already; @continues: the others are of the same segment. */
static size_t count_old(const struct followed_clock *c, const struct run *run, bool *continues)
{
	size_t n = run->n;

	*continues = false;
	if (!c->any || run->at->segment != c->last.segment)
		return 0;
	while (n && run->at[n - 1].tsc > c->last.tsc)
		n--;
	*continues = n ? is_same(&run->at[n - 1], &c->last) :
			 /* a phase of 0 begins a segment, whose number may recur after a reset */
			 !c->ended && run->at->phase_ps;
	return *continues ? n : 0;
}

static uint64_t windows_of(const struct snapshot *s, unsigned int cpu)
{
	size_t i;

	for (i = 0; i < s->n_cpu_lines; i++)
		if (s->cpu_lines[i].cpu == cpu)
			return s->cpu_lines[i].windows;
	return 0;
}

/*
 * How many windows there were between two looks, of the CPU that had the most. Not known if the
 * module was loaded again, because earlier windows are no longer counted.
 */
static struct count windows_between(const struct snapshot *before, const struct snapshot *s)
{
	struct count most = { .known = s->n_cpu_lines };
	const struct cpu_line *c;
	uint64_t old;
	size_t i;

	for (i = 0; i < s->n_cpu_lines; i++) {
		c = &s->cpu_lines[i];
		old = windows_of(before, c->cpu);
		if (c->windows < old)
			return (struct count){ };
		if (c->windows - old > most.value)
			most.value = c->windows - old;
	}
	return most;
}

/* For how long the module can have taken points since the last look, in cycles of the TSC. */
static uint64_t sampled_cycles(const struct snapshot *before, const struct snapshot *s)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	struct count windows = windows_between(before, s);
	uint64_t cycles;

	if (!windows.known || !tsc || !tsc->khz.known || !s->period_us.known ||
	    __builtin_mul_overflow(s->period_us.value, tsc->khz.value, &cycles) ||
	    __builtin_mul_overflow(cycles / 1000, windows.value, &cycles))
		return UINT64_MAX;
	return cycles;
}

/*
 * How many points were between the last one and @run, by the clock's spacing. The gap counts only
 * as far as time was sampled besides that of @run: a guest that is stopped takes no points.
 */
static struct count count_lost(const struct followed_clock *c, const struct run *run,
			       uint64_t sampled)
{
	uint64_t from = run->at->tsc, seen = run->at[run->n - 1].tsc - from, cycles;

	if (from < c->last.tsc || !c->spacing)
		return (struct count){ };
	cycles = from - c->last.tsc;
	sampled -= seen < sampled ? seen : sampled;
	if (cycles > sampled)
		cycles = sampled;
	cycles /= c->spacing;
	return (struct count){ true, cycles ? cycles - 1 : 0 };
}

static void write_gap(struct point_follower *f, const struct followed_clock *c,
		      const struct run *run, uint64_t sampled, struct recording_writer *w)
{
	struct recording_gap gap = {
		.clock = c->name, .segment = c->segment, .from_tsc = c->last.tsc,
		.to_tsc = run->at->tsc, .lost = count_lost(c, run, sampled),
	};

	if (gap.lost.known && !gap.lost.value)
		return;
	f->lost += gap.lost.value;
	recording_put_gap(w, &gap);
}

static void follow(struct point_follower *f, const struct run *run, uint64_t sampled,
		   struct recording_writer *w)
{
	struct followed_clock *c = clock_of(f, run->at->clock);
	const struct point_line *newest = &run->at[run->n - 1];
	bool continues;
	size_t i = count_old(c, run, &continues);
	struct point_line p;

	c->segment += !continues;
	if (w && c->any && !i)
		write_gap(f, c, run, sampled, w);
	for (; w && i < run->n; i++, f->points++) {
		p = run->at[i];
		p.segment = c->segment;
		recording_put(w, "point", json_point(&p));
	}
	if (newest->tsc > run->at->tsc)
		c->spacing = (newest->tsc - run->at->tsc) / (run->n - 1);
	c->last = *newest;
	c->any = true;
	c->ended = false;
}

void points_write(struct point_follower *f, const struct snapshot *before,
		  const struct snapshot *s, struct recording_writer *w)
{
	uint64_t sampled = sampled_cycles(before, s);
	struct run run = { };

	while (next_run(s, &run))
		if (is_newest(s, &run))
			follow(f, &run, sampled, w);
}

void points_skip(struct point_follower *f, const struct snapshot *s)
{
	points_write(f, s, s, NULL);
}

void points_end_segments(struct point_follower *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		f->clocks[i].ended = true;
}

void points_free(struct point_follower *f)
{
	free(f->clocks);
	*f = (struct point_follower){ };
}
