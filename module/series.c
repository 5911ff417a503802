// SPDX-License-Identifier: GPL-2.0
/*
 * A clock's points: thinned, cut into segments, kept in a ring.
 *
 * The ring has one writer and is read without a lock: the reader throws away what the writer may
 * have overwritten meanwhile.
 */
#include "series.h"
#include "math128.h"

/* As a phase: readings in a row may differ by this, by rounding and by the error of the rate. */
#define APART_MAX	(4LL << TSCOPE_PHASE_SHIFT)

/* The rate is that of this time at least, and of so many points, or of twice as many, and so on. */
#define RATE_MS			2000
#define RATE_POINTS		64
#define RATE_POINTS_MAX		(TSCOPE_SERIES_POINTS / 2)

/* The mean jump is over about this many points. */
#define NOISE_MEMORY	128

/**
 * tscope_series_init() - begin anew
 * @s: series
 * @ring: TSCOPE_SERIES_POINTS points
 * @khz: the TSC's nominal frequency, not 0
 * @exact: the caller knows of each step, and calls tscope_series_break()
 *
 * Context: nobody else uses it yet.
 */
void tscope_series_init(struct tscope_series *s, struct tscope_point *ring, u32 khz, bool exact)
{
	*s = (struct tscope_series){
		.ring = ring, .khz = khz, .exact = exact, .begins = true, .early = true,
	};
}

/**
 * tscope_series_restart() - forget all points
 * @s: the series
 *
 * The head of the ring does not move: a reader that is at work continues, and notices if its points
 * are overwritten. Context: as tscope_series_add().
 */
void tscope_series_restart(struct tscope_series *s)
{
	tscope_series_break(s);
	s->segment = 0;
	s->noise_q8 = 0;
	s->jumps = 0;
	WRITE_ONCE(s->first, s->head);
}

/**
 * tscope_series_break() - the next reading begins a segment, and readings that wait are dropped
 * @s: the series
 *
 * Used after a step that was found by other means, when another CPU's TSC takes over, and at a
 * suspend. Context: as tscope_series_add().
 */
void tscope_series_break(struct tscope_series *s)
{
	s->begins = true;
	s->best_valid = false;
	s->waiting = 0;
	s->judged = 0;
	s->early = true;
}

static struct tscope_point *place_of(const struct tscope_series *s, u64 number)
{
	return &s->ring[number % TSCOPE_SERIES_POINTS];
}

/* Copy a point field by field: the writer may be at work on it. */
static void load_point(const struct tscope_series *s, u64 number, struct tscope_point *p)
{
	const struct tscope_point *from = place_of(s, number);

	p->tsc = READ_ONCE(from->tsc);
	p->phase = READ_ONCE(from->phase);
	p->width_ns = READ_ONCE(from->width_ns);
	p->segment = READ_ONCE(from->segment);
	p->added = READ_ONCE(from->added);
}

static void store_point(struct tscope_series *s, const struct tscope_point *p)
{
	struct tscope_point *to = place_of(s, s->head);

	/* pairs with the smp_rmb() in tscope_series_copy(): head goes first */
	smp_wmb();
	WRITE_ONCE(to->tsc, p->tsc);
	WRITE_ONCE(to->phase, p->phase);
	WRITE_ONCE(to->width_ns, p->width_ns);
	WRITE_ONCE(to->segment, p->segment);
	WRITE_ONCE(to->added, p->added);
	/* pairs with the acquire in tscope_series_copy() */
	smp_store_release(&s->head, s->head + 1);
}

static bool saturated(s64 phase)
{
	return phase == S64_MAX || phase == S64_MIN;
}

static s64 phase_of(const struct tscope_series *s, const struct tscope_reading *r)
{
	s64 phase = tscope_phase(tscope_sub64(r->ns, s->origin.ns),
				 tscope_sub64(r->tsc, s->origin.tsc), s->khz);

	return saturated(phase) ? phase : tscope_sadd64(phase, r->frac - s->origin.frac);
}

static void put_point(struct tscope_series *s, const struct tscope_reading *r,
		      struct tscope_series_result *result)
{
	s64 phase = phase_of(s, r);

	result->point = true;
	/* no fit crosses a TSC that was set back or wrapped, nor has a saturated phase */
	result->begins = r->begins || r->tsc < place_of(s, s->head - 1)->tsc || saturated(phase);
	if (result->begins) {
		s->origin = *r;
		s->segment++;
		phase = 0;
	}
	result->newest = (struct tscope_point){
		.tsc = r->tsc, .phase = phase, .width_ns = r->width_ns,
		.segment = s->segment, .added = r->added,
	};
	result->newest_ns = r->ns;
	store_point(s, &result->newest);
}

static u64 mean_jump_ns(const struct tscope_series *s)
{
	return (s->noise_q8 + 255) >> 8;
}

/* Eight readings wait: judge the gap in their middle, and for the first eight those before it. */
static void judge_gap(struct tscope_series *s, struct tscope_series_result *result)
{
	bool learning = s->jumps < NOISE_MEMORY;
	unsigned int flags = s->step_flags | (learning ? TSCOPE_STEP_LEARNING : 0);
	u64 jump_ns;

	result->stepped = tscope_step_find(s->wait, s->khz, mean_jump_ns(s), flags,
					   &result->step, &jump_ns);
	if (s->early && !result->stepped)
		result->stepped = tscope_step_find_early(s->wait, s->khz, &result->step);
	s->early = false;
	s->wait[TSCOPE_STEP_SIDE].begins |= result->stepped;
	if (result->stepped && learning)
		return;
	/* while the mean is over few jumps, each of them weighs more */
	s->jumps += learning;
	jump_ns = min_t(u64, jump_ns, U32_MAX);
	s->noise_q8 += (s64)((jump_ns << 8) - s->noise_q8) / (s64)s->jumps;
}

/* Remove reading @i of those that wait. */
static void drop_reading(struct tscope_series *s, u32 i)
{
	s->waiting--;
	memmove(&s->wait[i], &s->wait[i + 1], (s->waiting - i) * sizeof(*s->wait));
}

static void take_reading(struct tscope_series *s, const struct tscope_reading *r,
			 struct tscope_series_result *result)
{
	struct tscope_reading *after = &s->wait[TSCOPE_STEP_SIDE];

	if (s->exact) {
		put_point(s, r, result);
		return;
	}
	if (s->waiting == TSCOPE_STEP_POINTS) {
		drop_reading(s, 0);
		s->judged--;
	}
	s->wait[s->waiting++] = *r;
	/* the first TSCOPE_STEP_SIDE readings become points at once: no step can be found there */
	if (s->waiting > TSCOPE_STEP_SIDE) {
		if (s->waiting < TSCOPE_STEP_POINTS)
			return;
		if (tscope_step_continues(s->wait, s->khz, mean_jump_ns(s))) {
			/* if it was to begin a segment, the next reading does that */
			after[1].begins |= after[0].begins;
			drop_reading(s, TSCOPE_STEP_SIDE);
			return;
		}
		judge_gap(s, result);
	}
	put_point(s, &s->wait[s->judged++], result);
}

/**
 * tscope_series_add() - add a reading
 * @s: series
 * @r: reading
 * @result: the point and the step that came of it, if any
 *
 * Steps are found TSCOPE_STEP_SIDE points late, and until then the points after the gap are held
 * back: no fit crosses a step. While a clock stands still, all its points are held back.
 * Context: process; not concurrently with itself.
 */
void tscope_series_add(struct tscope_series *s, const struct tscope_reading *r,
		       struct tscope_series_result *result)
{
	struct tscope_reading now = *r;

	memset(result, 0, sizeof(*result));
	now.begins = s->begins;
	s->begins = false;
	if (!s->slot_cyc) {
		/* there are no slots any more: an unfinished one ends with this reading */
		if (s->best_valid && !now.begins && s->best.width_ns < now.width_ns)
			now = s->best;
		now.begins |= s->best_valid && s->best.begins;
		s->best_valid = false;
		take_reading(s, &now, result);
	} else if (s->best_valid && !now.begins &&
		   now.tsc < s->slot_end && now.tsc >= s->best.tsc) {
		now.begins = s->best.begins;
		if (now.width_ns < s->best.width_ns)
			s->best = now;
	} else {
		if (s->best_valid)
			take_reading(s, &s->best, result);
		s->best = now;
		s->best_valid = true;
		s->slot_end = now.tsc + s->slot_cyc;
	}
}

/**
 * tscope_series_rate() - how the clock moved against the TSC lately
 * @s: series
 * @gain: phase that the clock gained, 2^-16 ns
 * @span_cyc: within how many cycles
 *
 * It is the mean over some seconds, because a migration may change the TSC's frequency; if the
 * segment has no points of so long a time, since it began.
 * Context: as tscope_series_add().
 * Return: false if the segment has fewer than two points.
 */
bool tscope_series_rate(const struct tscope_series *s, s64 *gain, u64 *span_cyc)
{
	const struct tscope_point *last = place_of(s, s->head - 1), *from;
	u64 back;

	/* the reading that begins a segment may still wait for its slot's end */
	if (s->begins || (s->best_valid && s->best.begins) || s->head == s->first ||
	    last->tsc <= s->origin.tsc)
		return false;
	*gain = last->phase;
	*span_cyc = last->tsc - s->origin.tsc;
	for (back = RATE_POINTS; back <= RATE_POINTS_MAX && back <= s->head - s->first; back *= 2) {
		from = place_of(s, s->head - back);
		if (from->segment != last->segment)
			break;
		if (last->tsc - from->tsc < (u64)RATE_MS * s->khz)
			continue;
		*gain -= from->phase;
		*span_cyc = last->tsc - from->tsc;
		break;
	}
	return true;
}

/**
 * tscope_series_average() - one reading of several that were taken in a row
 * @s: the series that it is for
 * @r: readings
 * @n: how many, 1 and more
 * @mean: result: the average at the TSC value of the middle reading. The others are moved to that
 *	value by the rate of the last seconds. The middle reading itself if that rate is not known
 *	yet, or if another reading is more than APART_MAX from it: the clock stepped or changed its
 *	rate
 * Context: as tscope_series_add(); divides.
 */
void tscope_series_average(const struct tscope_series *s, const struct tscope_reading *r, u32 n,
			   struct tscope_reading *mean)
{
	const struct tscope_reading *mid = &r[n / 2];
	u64 span_cyc;
	s64 gain, cyc;
	s128 sum = 0, apart;
	u32 i;

	*mean = *mid;
	if (n == 1 || !tscope_series_rate(s, &gain, &span_cyc))
		return;
	for (i = 0; i < n; i++) {
		cyc = tscope_sub64(r[i].tsc, mid->tsc);
		apart = tscope_phase(tscope_sub64(r[i].ns, mid->ns), cyc, s->khz) -
			tscope_div128_signed((s128)gain * cyc, span_cyc);
		if (apart > APART_MAX || apart < -APART_MAX)
			return;
		sum += apart;
	}
	sum = tscope_div128_signed(sum, n);
	mean->ns += (u64)(sum >> TSCOPE_PHASE_SHIFT);
	mean->frac = (u16)sum;
	mean->added = mean->frac;
}

/**
 * tscope_series_copy() - the newest segment's points
 * @s: series; may be written meanwhile
 * @span_cyc: how far back from the newest point, cycles
 * @to: room for TSCOPE_SERIES_POINTS points; in the order of time
 *
 * Context: process; never waits for the writer.
 * Return: how many points were copied.
 */
u32 tscope_series_copy(const struct tscope_series *s, u64 span_cyc, struct tscope_point *to)
{
	/* pairs with the release in store_point(): the points are written */
	u64 head = smp_load_acquire(&s->head), first = READ_ONCE(s->first), age;
	u32 n, k;

	for (n = 0; head - n > first && n < TSCOPE_SERIES_POINTS; n++) {
		load_point(s, head - n - 1, &to[n]);
		if (to[n].segment != to[0].segment || to[0].tsc - to[n].tsc > span_cyc)
			break;
	}
	/* the writer may be at work on the place after head */
	smp_rmb();
	age = READ_ONCE(s->head) + 1 - (head - n);
	if (age > TSCOPE_SERIES_POINTS)
		n -= min_t(u64, age - TSCOPE_SERIES_POINTS, n);
	for (k = 0; k < n / 2; k++)
		swap(to[k], to[n - 1 - k]);
	return n;
}

/**
 * tscope_series_newest() - copy the newest point
 * @s: the series
 * @p: result
 * Context: any; never waits for the writer.
 * Return: whether there is a point.
 */
bool tscope_series_newest(const struct tscope_series *s, struct tscope_point *p)
{
	u64 head;

	do {
		/* pairs with the release in store_point(): the point is written */
		head = smp_load_acquire(&s->head);
		if (head <= READ_ONCE(s->first))
			return false;
		load_point(s, head - 1, p);
		/* its place is written again after a whole ring: then look once more */
		smp_rmb();
	} while (READ_ONCE(s->head) - head >= TSCOPE_SERIES_POINTS - 1);
	return true;
}
