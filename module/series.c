// SPDX-License-Identifier: GPL-2.0
/*
 * A clock's points: thinned, cut into segments, kept in a ring.
 *
 * The ring has one writer and is read without a lock: the reader throws away what
 * the writer may have overwritten meanwhile.
 */
#include "series.h"
#include "math128.h"

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
void tscope_series_init(struct tscope_series *s, struct tscope_point *ring,
			u32 khz, bool exact)
{
	memset(s, 0, sizeof(*s));
	s->ring = ring;
	s->khz = khz;
	s->exact = exact;
}

/**
 * tscope_series_restart() - forget all points
 * @s: series
 *
 * Where the ring stands does not change: a reader that is at work goes on in
 * it, and notices if its points are overwritten. Context: as
 * tscope_series_add().
 */
void tscope_series_restart(struct tscope_series *s)
{
	tscope_series_break(s);
	s->segment = 0;
	s->noise_q8 = 0;
	s->jumps = 0;
	WRITE_ONCE(s->first, s->head);
}

static struct tscope_point *place_of(const struct tscope_series *s, u64 number)
{
	return &s->ring[number % TSCOPE_SERIES_POINTS];
}

/* The fields of a point that the writer may be at work on. */
static void load_point(const struct tscope_series *s, u64 number,
		       struct tscope_point *p)
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

static s64 phase_of(const struct tscope_series *s,
		    const struct tscope_reading *r)
{
	s64 phase = tscope_phase(tscope_sub64(r->ns, s->origin.ns),
				 tscope_sub64(r->tsc, s->origin.tsc), s->khz);

	if (phase == S64_MAX || phase == S64_MIN)
		return phase;
	return tscope_sadd64(phase, r->frac - s->origin.frac);
}

static void put_point(struct tscope_series *s, const struct tscope_reading *r,
		      struct tscope_series_result *result)
{
	const struct tscope_point *last = place_of(s, s->head - 1);
	struct tscope_point *p = &result->newest;

	/* no line leads across a TSC that was set back, or that wrapped */
	if (r->begins || (s->origin_valid && r->tsc < last->tsc))
		s->origin_valid = false;
	if (s->origin_valid) {
		p->phase = phase_of(s, r);
		/* nor to where a phase ends */
		if (p->phase == S64_MAX || p->phase == S64_MIN)
			s->origin_valid = false;
	}
	if (!s->origin_valid) {
		s->origin = *r;
		s->origin_valid = true;
		s->segment++;
		p->phase = 0;
	}
	p->tsc = r->tsc;
	p->width_ns = r->width_ns;
	p->segment = s->segment;
	p->added = r->added;
	result->newest_ns = r->ns;
	result->begins = r->begins;
	result->point = true;

	store_point(s, p);
}

static u64 mean_jump_ns(const struct tscope_series *s)
{
	return (s->noise_q8 + 255) >> 8;
}

/* The reading after the middle gap is dropped; where it began a segment the next one does. */
static void drop_reading(struct tscope_series *s)
{
	struct tscope_reading *r = &s->wait[TSCOPE_STEP_SIDE];

	r[1].begins |= r[0].begins;
	s->waiting--;
	memmove(r, r + 1, (s->waiting - TSCOPE_STEP_SIDE) * sizeof(*r));
}

/* Eight readings wait: judge the gap in their middle. */
static void judge_gap(struct tscope_series *s, struct tscope_series_result *result)
{
	bool learning = s->jumps < NOISE_MEMORY;
	u64 noise_ns = mean_jump_ns(s), jump_ns;

	if (learning)
		noise_ns = max(noise_ns,
			       min_t(u64, tscope_step_spread_ns(s->wait, s->khz),
				     U32_MAX));
	if (tscope_step_find(s->wait, s->khz, noise_ns, &result->step,
			     &jump_ns)) {
		result->stepped = true;
		s->origin_valid = false;
		if (learning)
			return;
	}
	/* of a mean that is yet over few jumps each weighs more */
	s->jumps += learning;
	jump_ns = min_t(u64, jump_ns, U32_MAX);
	s->noise_q8 += (s64)((jump_ns << 8) - s->noise_q8) / (s64)s->jumps;
}

static void take_reading(struct tscope_series *s, const struct tscope_reading *r,
			 struct tscope_series_result *result)
{
	if (s->exact) {
		put_point(s, r, result);
		return;
	}
	if (s->waiting == TSCOPE_STEP_POINTS) {
		s->waiting--;
		s->judged--;
		memmove(s->wait, s->wait + 1, s->waiting * sizeof(*s->wait));
	}
	s->wait[s->waiting++] = *r;
	if (s->waiting <= TSCOPE_STEP_SIDE) {
		/* a series that begins has nothing to be judged by */
		put_point(s, r, result);
		s->judged++;
		return;
	}
	if (s->waiting < TSCOPE_STEP_POINTS)
		return;
	if (tscope_step_continues(s->wait, s->khz, mean_jump_ns(s))) {
		drop_reading(s);
		return;
	}
	judge_gap(s, result);
	put_point(s, &s->wait[s->judged++], result);
}

/**
 * tscope_series_add() - add a reading
 * @s: series
 * @r: reading
 * @result: what came of it
 *
 * Steps are found TSCOPE_STEP_SIDE points late, and until then the points
 * after the gap are held back: no fit crosses a step. While a clock stands still,
 * all are. Context: process; not concurrently with itself.
 */
void tscope_series_add(struct tscope_series *s, const struct tscope_reading *r,
		       struct tscope_series_result *result)
{
	struct tscope_reading best = s->best;
	bool had_best = s->best_valid;

	memset(result, 0, sizeof(*result));
	if (!s->slot_cyc) {
		/* what an earlier slot held must not come later as a reading of old */
		best = *r;
		best.begins |= had_best && s->best.begins;
		s->best_valid = false;
		take_reading(s, &best, result);
		return;
	}
	if (had_best && !r->begins && r->tsc < s->slot_end && r->tsc >= best.tsc) {
		if (r->width_ns < best.width_ns) {
			s->best = *r;
			s->best.begins = best.begins;
		}
		return;
	}
	s->best = *r;
	s->best_valid = true;
	s->slot_end = r->tsc + s->slot_cyc;
	if (had_best)
		take_reading(s, &best, result);
}

/**
 * tscope_series_break() - the next reading begins a segment
 * @s: series
 *
 * For a step that is known by other means, or a pause. Readings that wait are dropped.
 * Context: as tscope_series_add().
 */
void tscope_series_break(struct tscope_series *s)
{
	s->origin_valid = false;
	s->best_valid = false;
	s->waiting = 0;
	s->judged = 0;
}

/**
 * tscope_series_rate() - how the clock moved against the TSC since the segment began
 * @s: series
 * @gain: phase that it gained, 2^-16 ns
 * @span_cyc: within how many cycles
 *
 * Context: as tscope_series_add().
 *
 * Return: false where there are no two points yet.
 */
bool tscope_series_rate(const struct tscope_series *s, s64 *gain, u64 *span_cyc)
{
	const struct tscope_point *last = place_of(s, s->head - 1);

	if (!s->origin_valid || s->head == s->first ||
	    last->tsc <= s->origin.tsc)
		return false;
	*gain = last->phase;
	*span_cyc = last->tsc - s->origin.tsc;
	return true;
}

/**
 * tscope_series_average() - one reading of several that were taken in a row
 * @s: the series that it is for
 * @r: readings
 * @n: how many, 1 and more
 * @mean: at the TSC value of the middle one, to which all others are brought by
 *	the segment's rate; the middle one itself while that is not known
 *
 * Context: as tscope_series_add(); divides.
 */
void tscope_series_average(const struct tscope_series *s,
			   const struct tscope_reading *r, u32 n,
			   struct tscope_reading *mean)
{
	const struct tscope_reading *mid = &r[n / 2];
	u64 span_cyc;
	s64 gain, cyc;
	s128 sum = 0;
	u32 i;

	*mean = *mid;
	if (n == 1 || !tscope_series_rate(s, &gain, &span_cyc))
		return;
	for (i = 0; i < n; i++) {
		cyc = tscope_sub64(r[i].tsc, mid->tsc);
		sum += tscope_phase(tscope_sub64(r[i].ns, mid->ns), cyc, s->khz) -
		       tscope_div128_signed((s128)gain * cyc, span_cyc);
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
 *
 * Return: how many points were copied.
 */
u32 tscope_series_copy(const struct tscope_series *s, u64 span_cyc,
		       struct tscope_point *to)
{
	u64 head, first, safe, i, newest_tsc = 0;
	u16 segment = 0;
	u32 n, k;

	/* pairs with the release in store_point(): the points are written */
	head = smp_load_acquire(&s->head);
	first = READ_ONCE(s->first);
	if (head > first + TSCOPE_SERIES_POINTS)
		first = head - TSCOPE_SERIES_POINTS;
	for (i = head; i > first; i--) {
		struct tscope_point *p = &to[head - i];

		load_point(s, i - 1, p);
		if (i == head) {
			segment = p->segment;
			newest_tsc = p->tsc;
		} else if (p->segment != segment ||
			   newest_tsc - p->tsc > span_cyc) {
			break;
		}
	}
	n = head - i;

	/* the writer may be at work on the place after head */
	smp_rmb();
	head = READ_ONCE(s->head);
	safe = head + 1 > TSCOPE_SERIES_POINTS ?
	       head + 1 - TSCOPE_SERIES_POINTS : 0;
	if (safe > i)
		n -= min_t(u64, safe - i, n);
	for (k = 0; k < n / 2; k++)
		swap(to[k], to[n - 1 - k]);
	return n;
}

/**
 * tscope_series_newest() - the newest point
 * @s: series; may be written meanwhile
 * @p: result
 *
 * Context: any; never waits for the writer.
 *
 * Return: false where there is none.
 */
bool tscope_series_newest(const struct tscope_series *s, struct tscope_point *p)
{
	u64 head;

	do {
		/* pairs with the release in store_point(): the point is written */
		head = smp_load_acquire(&s->head);
		if (head == READ_ONCE(s->first))
			return false;
		load_point(s, head - 1, p);
		/* its place is written again after a whole ring: then once more */
		smp_rmb();
	} while (READ_ONCE(s->head) - head >= TSCOPE_SERIES_POINTS - 1);
	return true;
}
