// SPDX-License-Identifier: GPL-2.0
/*
 * The module's burst, mailbox, intervals, time page and fit, unchanged, in user
 * space on the real TSC of this machine. Two threads are pinned to two CPUs.
 * One of them adds an offset to its TSC that rests, alternates or drifts, so
 * that the truth is known.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "native.h"
#include "tap.h"

/* Bursts that took longer have no single true offset. */
#define APART_CYC	(3 * native_burst_cyc)
#define WIDTHS_MAX	1000000

static struct side {
	struct tscope_cpu cpu;
	struct run *run;
	pthread_t thread;
} sides[2];

static cpu_set_t native_cpus;
static u64 shared_round __aligned(128);
static int call_pipe[2];

static s64 widths[WIDTHS_MAX];

/* Pins the caller to the first (0) or second (1) CPU that the program may run on. */
void native_pin(int which)
{
	cpu_set_t one;
	int cpu;

	for (cpu = 0; cpu < CPU_SETSIZE - 1; cpu++)
		if (CPU_ISSET(cpu, &native_cpus) && !which--)
			break;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void look(struct run *run, u64 now_ms)
{
	struct tscope_interval iv;

	if (tscope_tracker_interval(&run->tracker, now_ms, &iv))
		return;
	run->looks++;
	if (!iv.moving) {
		run->bound_cyc += (iv.high - iv.low) / 2.0;
		run->false_rests += !moments_held(&iv);
		return;
	}
	if (!run->moving++)
		run->first_s = (native_tsc() - run->start) / native_hz;
	run->hull_cyc = max(run->hull_cyc, (iv.high - iv.low) / 2);
	run->false_hulls += !moments_hull_held(&iv, now_ms, S64_MAX);
}

/* At rest: the ratio of the tightest limits of an epoch to the width of its bursts. */
static void note_epoch(struct run *run)
{
	const struct tscope_limits *l = &run->tracker.last.limits;
	double ratio;

	if (run->epoch_ms == run->tracker.started_ms)
		return;
	run->epoch_ms = run->tracker.started_ms;
	if (l->width == U32_MAX || !l->width)
		return;
	ratio = (double)(l->high - l->low) / l->width;
	if (!run->epochs++)
		run->ratio_min = ratio;
	run->ratio_min = min(run->ratio_min, ratio);
	run->ratio_max = max(run->ratio_max, ratio);
}

/* The keeper of the pair adds a burst that lasted from @from to @to. */
static void add(struct run *run, const struct tscope_burst *b, u64 from, u64 to)
{
	s64 before = motion_offset(&run->motion, from);
	s64 after = motion_offset(&run->motion, to);
	struct moment m = {
		.low = b->low[TSCOPE_LANE_TSC],
		.high = b->high[TSCOPE_LANE_TSC],
		.least = min(before, after),
		.most = max(before, after),
		.jumps = run->motion.half_cyc,
	};
	u64 now_ms = tscope_jiffies_ms(b->jiffies);

	run->bursts++;
	run->warps += b->warp[TSCOPE_LANE_TSC].count +
		      b->peer_warp[TSCOPE_LANE_TSC].count;
	run->page_warps += b->warp[TSCOPE_LANE_PAGE].count +
			   b->peer_warp[TSCOPE_LANE_PAGE].count;
	if (!b->whole || to - from > APART_CYC) {
		run->broken++;
		return;
	}
	run->echoes += b->echoes;
	tscope_tracker_add(&run->tracker, m.low, m.high, native_step_cyc,
			   now_ms);
	if (b->page_whole)
		tscope_tracker_add(&run->page_tracker, b->low[TSCOPE_LANE_PAGE],
				   b->high[TSCOPE_LANE_PAGE], 1, now_ms);
	moments_add(&m, now_ms);
	note_epoch(run);
	if (run->width_count < WIDTHS_MAX)
		widths[run->width_count++] = m.high - m.low;
	if (to < run->look)
		return;
	run->look = to + native_hz * 0.4 * rnd_unit();
	look(run, now_ms);
}

/* Adds a point of the time page's clock at the newest reading, as the module does. */
static void add_point(struct run *run, const struct tscope_cpu *c)
{
	u64 tsc = c->last[TSCOPE_LANE_TSC], page_ns = c->last[TSCOPE_LANE_PAGE];
	struct tscope_point *p = &run->points[run->point_count];

	if (run->point_count == NATIVE_POINTS || !c->current_page)
		return;
	if (!run->point_count)
		run->first_ns = page_ns;
	else if (tsc < run->next_point)
		return;
	/* at equal distances the fractions of a nanosecond would change slowly */
	run->next_point = tsc + native_hz / 100 * rnd_unit();
	run->point_count++;
	p->tsc = tsc;
	p->phase = tscope_phase(page_ns - run->first_ns,
				tsc - run->points[0].tsc, tscope_tsc_khz);
}

static struct tscope_burst_plan plan_of(struct side *s)
{
	return (struct tscope_burst_plan) {
		.peer = &sides[s == sides].cpu.box,
		.length_cyc = native_burst_cyc,
		.keep = s == sides,
	};
}

static void burst(struct side *s, const struct tscope_burst_plan *plan)
{
	struct tscope_burst b = { };
	u64 from = native_tsc();

	tscope_burst(&s->cpu, plan, &b);
	if (s != sides)
		return;
	add(s->run, &b, from, native_tsc());
	if (s->run->points)
		add_point(s->run, &s->cpu);
}

/* On a busy machine threads meet seldom, so a run may take longer. */
static bool is_over(const struct run *run)
{
	u64 now = native_tsc(), readings = 0;
	int i;

	for (i = 0; i < 2; i++)
		readings += READ_ONCE(sides[i].cpu.lane[TSCOPE_LANE_TSC].readings);
	return now > run->latest ||
	       (now > run->end && readings >= run->readings_wanted &&
		READ_ONCE(run->looks) >= run->looks_wanted);
}

/* Bursts all the time: the thread that ends its burst first ends the other's burst, too. */
static void flat_out(struct side *s)
{
	struct tscope_burst_plan plan = plan_of(s);
	u64 round;

	while (!is_over(s->run)) {
		round = READ_ONCE(shared_round);
		plan.until = &shared_round;
		plan.value = round;
		tscope_session_begin(&s->cpu);
		burst(s, &plan);
		__sync_val_compare_and_swap(&shared_round, round, round + 1);
	}
	tscope_mailbox_begin(&s->cpu.box, 0);
}

/* Some meetings a second: one thread calls, and waits until the other answers. */
static void call(struct side *s)
{
	const struct tscope_mailbox *peer = &sides[1].cpu.box;
	struct tscope_burst_plan plan = plan_of(s);
	u64 until;

	while (!is_over(s->run)) {
		usleep(100000 + rnd_below(130000));
		tscope_session_begin(&s->cpu);
		if (write(call_pipe[1], "", 1) != 1)
			exit(1);
		until = native_tsc() + native_hz / 50;
		while (smp_load_acquire(&peer->of) != s->cpu.box.id &&
		       native_tsc() < until)
			cpu_relax();
		plan.until = &peer->id;
		plan.value = READ_ONCE(peer->id);
		if (smp_load_acquire(&peer->of) == s->cpu.box.id)
			burst(s, &plan);
		tscope_mailbox_begin(&s->cpu.box, 0);
	}
	if (write(call_pipe[1], "e", 1) != 1)
		exit(1);
}

static void answer(struct side *s)
{
	struct tscope_burst_plan plan = plan_of(s);
	char message;

	while (read(call_pipe[0], &message, 1) == 1 && message != 'e') {
		plan.until = &sides[0].cpu.box.id;
		plan.value = READ_ONCE(*plan.until);
		tscope_session_begin(&s->cpu);
		burst(s, &plan);
		tscope_mailbox_begin(&s->cpu.box, 0);
	}
}

static void *side_runs(void *arg)
{
	struct side *s = arg;

	native_pin(s - sides);
	native_motion = s == sides ? NULL : &s->run->motion;
	if (!s->run->seldom)
		flat_out(s);
	else if (s == sides)
		call(s);
	else
		answer(s);
	return NULL;
}

/* Returns false if the program may not run on two CPUs. */
bool native_init(void)
{
	if (!CPU_COUNT(&native_cpus))
		sched_getaffinity(0, sizeof(native_cpus), &native_cpus);
	return CPU_COUNT(&native_cpus) >= 2;
}

void native_run(struct run *run, double seconds)
{
	int i;

	tscope_tracker_init(&run->tracker);
	tscope_tracker_init(&run->page_tracker);
	moments_clear();
	memset(sides, 0, sizeof(sides));
	run->start = native_tsc();
	run->motion.from = run->start;
	run->end = run->start + seconds * native_hz;
	run->latest = run->start + 20 * seconds * native_hz;
	run->first_s = seconds;
	run->look = run->start + native_hz;
	if (run->seldom && pipe(call_pipe))
		exit(1);
	for (i = 0; i < 2; i++) {
		sides[i].run = run;
		sides[i].cpu.cpu = i;
		sides[i].cpu.life = 1;
		sides[i].cpu.page_ops = &native_page_ops;
		sides[i].cpu.page = native_page_ops.sequence(i);
		sides[i].cpu.random = rnd64() | 1;
		if (pthread_create(&sides[i].thread, NULL, side_runs, &sides[i]))
			exit(1);
	}
	for (i = 0; i < 2; i++) {
		const struct tscope_cpu *c = &sides[i].cpu;

		pthread_join(sides[i].thread, NULL);
		run->readings += c->lane[TSCOPE_LANE_TSC].readings;
		run->backward += c->back[TSCOPE_LANE_TSC].count +
				 c->back[TSCOPE_LANE_PAGE].count;
	}
	if (run->seldom) {
		close(call_pipe[0]);
		close(call_pipe[1]);
	}
}

static int by_size(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return (x > y) - (x < y);
}

/* Returns a percentile of the widths of the last run, and sorts the widths. */
double native_width_ns(const struct run *run, double percent)
{
	u32 n = run->width_count;

	if (!n)
		return 0;
	qsort(widths, n, sizeof(*widths), by_size);
	return widths[(u32)((n - 1) * percent / 100)] * 1e9 / native_hz;
}
