// SPDX-License-Identifier: GPL-2.0
/*
 * A clock's points: thinned, cut into segments, kept in a ring.
 *
 * The ring has one writer and is read without a lock: what the writer may
 * have overwritten meanwhile is thrown away by the reader.
 */
#include "series.h"
#include "math128.h"

/* The mean jump forgets over that many points. */
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

static s64 phase_of(const struct tscope_series *s,
		    const struct tscope_reading *r)
{
	s64 phase = tscope_phase(tscope_sub64(r->ns, s->origin.ns),
				 tscope_sub64(r->tsc, s->origin.tsc), s->khz);

	if (phase > S64_MAX - U16_MAX)
		return S64_MAX;
	if (phase < S64_MIN + U16_MAX)
		return S64_MIN;
	return phase + r->frac - s->origin.frac;
}

static void put_point(struct tscope_series *s, const struct tscope_reading *r,
		      struct tscope_series_news *news)
{
	const struct tscope_point *last =
		&s->ring[(s->head - 1) % TSCOPE_SERIES_POINTS];
	struct tscope_point *p = &news->newest, *to;

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
	news->newest_ns = r->ns;
	news->begins = r->begins;
	news->point = true;

	/* pairs with the smp_rmb() in tscope_series_copy(): head goes first */
	smp_wmb();
	to = &s->ring[s->head % TSCOPE_SERIES_POINTS];
	WRITE_ONCE(to->tsc, p->tsc);
	WRITE_ONCE(to->phase, p->phase);
	WRITE_ONCE(to->width_ns, p->width_ns);
	WRITE_ONCE(to->segment, p->segment);
	WRITE_ONCE(to->added, p->added);
	/* pairs with the acquire in tscope_series_copy() */
	smp_store_release(&s->head, s->head + 1);
}

static u64 usual_jump_ns(const struct tscope_series *s)
{
	u64 noise_ns = (s->noise_q8 + 255) >> 8, wild_ns;

	if (s->jumps < NOISE_MEMORY) {
		wild_ns = tscope_step_wild(s->wait, s->khz);
		if (wild_ns > noise_ns)
			noise_ns = wild_ns < U32_MAX ? wild_ns : U32_MAX;
	}
	return noise_ns;
}

/* A reading is left out; where it was to begin a segment the next one does. */
static void leave_out(struct tscope_series *s, u32 i)
{
	bool begins = s->wait[i].begins;

	for (; i + 1 < s->waiting; i++)
		s->wait[i] = s->wait[i + 1];
	s->waiting--;
	s->wait[TSCOPE_STEP_SIDE].begins |= begins;
}

/* Eight readings wait: judge the gap in their middle. */
static void judge(struct tscope_series *s, struct tscope_series_news *news)
{
	bool learning = s->jumps < NOISE_MEMORY;
	u64 noise_ns = usual_jump_ns(s), jump_ns;

	if (tscope_step_find(s->wait, s->khz, noise_ns, &news->step,
			     &jump_ns)) {
		news->stepped = true;
		s->origin_valid = false;
		if (learning)
			return;
	}
	/* of a mean that is yet over few jumps each weighs more */
	if (s->jumps < NOISE_MEMORY)
		s->jumps++;
	if (jump_ns > U32_MAX)
		jump_ns = U32_MAX;
	s->noise_q8 += (s64)((jump_ns << 8) - s->noise_q8) / (s64)s->jumps;
}

static void take(struct tscope_series *s, const struct tscope_reading *r,
		 struct tscope_series_news *news)
{
	u32 i;

	if (s->exact) {
		put_point(s, r, news);
		return;
	}
	if (s->waiting == TSCOPE_STEP_POINTS) {
		for (i = 1; i < TSCOPE_STEP_POINTS; i++)
			s->wait[i - 1] = s->wait[i];
		s->waiting--;
		s->judged--;
	}
	s->wait[s->waiting++] = *r;
	if (s->waiting <= TSCOPE_STEP_SIDE) {
		/* a series that begins has nothing to be judged by */
		put_point(s, r, news);
		s->judged++;
		return;
	}
	if (s->waiting < TSCOPE_STEP_POINTS)
		return;
	if (tscope_step_continues(s->wait, s->khz,
				  (s->noise_q8 + 255) >> 8)) {
		leave_out(s, TSCOPE_STEP_SIDE);
		return;
	}
	judge(s, news);
	put_point(s, &s->wait[s->judged++], news);
}

/**
 * tscope_series_add() - add a window's narrowest reading
 * @s: series
 * @r: reading
 * @news: what came of it
 *
 * Steps are found TSCOPE_STEP_SIDE points late, and until then the points
 * after the gap are held back: no fit crosses a step. While a clock stands still,
 * all are. Context: process; not concurrently with itself.
 */
void tscope_series_add(struct tscope_series *s, const struct tscope_reading *r,
		       struct tscope_series_news *news)
{
	struct tscope_reading best;
	bool begins;

	memset(news, 0, sizeof(*news));
	if (!s->slot_cyc) {
		take(s, r, news);
		return;
	}
	if (s->best_valid && !r->begins && r->tsc < s->slot_end &&
	    r->tsc >= s->best.tsc) {
		if (r->width_ns < s->best.width_ns) {
			begins = s->best.begins;
			s->best = *r;
			s->best.begins = begins;
		}
		return;
	}
	best = s->best_valid ? s->best : *r;
	if (s->best_valid)
		take(s, &best, news);
	s->best = *r;
	s->best_valid = true;
	s->slot_end = r->tsc + s->slot_cyc;
}

/**
 * tscope_series_break() - the next reading begins a segment
 * @s: series
 *
 * For a step that is known by other means, or a pause. What waits is dropped.
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
	const struct tscope_point *last =
		&s->ring[(s->head - 1) % TSCOPE_SERIES_POINTS];

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
	tscope_s128 sum = 0, drift;
	bool earlier, loses;
	u64 span_cyc, cyc;
	s64 gain;
	u32 i;

	*mean = *mid;
	if (n == 1 || !tscope_series_rate(s, &gain, &span_cyc))
		return;
	loses = gain < 0;
	for (i = 0; i < n; i++) {
		cyc = tscope_abs64(tscope_sub64(r[i].tsc, mid->tsc));
		drift = tscope_div128((tscope_u128)tscope_abs64(gain) * cyc,
				      span_cyc);
		earlier = r[i].tsc < mid->tsc;
		if (earlier != loses)
			drift = -drift;
		sum += tscope_phase(tscope_sub64(r[i].ns, mid->ns),
				    tscope_sub64(r[i].tsc, mid->tsc), s->khz) -
		       drift;
	}
	sum = sum < 0 ? -(tscope_s128)tscope_div128(-sum, n) :
			(tscope_s128)tscope_div128(sum, n);
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
	u64 head, first, safe, i;
	const struct tscope_point *from;
	struct tscope_point p;
	u64 newest_tsc = 0;
	u16 segment = 0;
	u32 n, k;

	/* pairs with the release in put_point(): the points are written */
	head = smp_load_acquire(&s->head);
	first = READ_ONCE(s->first);
	if (head > first + TSCOPE_SERIES_POINTS)
		first = head - TSCOPE_SERIES_POINTS;
	for (i = head; i > first; i--) {
		from = &s->ring[(i - 1) % TSCOPE_SERIES_POINTS];
		p.tsc = READ_ONCE(from->tsc);
		p.phase = READ_ONCE(from->phase);
		p.width_ns = READ_ONCE(from->width_ns);
		p.segment = READ_ONCE(from->segment);
		p.added = READ_ONCE(from->added);
		if (i == head) {
			segment = p.segment;
			newest_tsc = p.tsc;
		} else if (p.segment != segment ||
			   newest_tsc - p.tsc > span_cyc) {
			break;
		}
		to[head - i] = p;
	}
	n = head - i;

	/* the writer may be at work on the place after head */
	smp_rmb();
	head = READ_ONCE(s->head);
	safe = head + 1 > TSCOPE_SERIES_POINTS ?
	       head + 1 - TSCOPE_SERIES_POINTS : 0;
	if (safe > i) {
		k = safe - i > n ? n : safe - i;
		n -= k;
	}
	for (k = 0; k < n / 2; k++) {
		p = to[k];
		to[k] = to[n - 1 - k];
		to[n - 1 - k] = p;
	}
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
	const struct tscope_point *from;
	u64 head;

	do {
		/* pairs with the release in put_point(): the point is written */
		head = smp_load_acquire(&s->head);
		if (head == READ_ONCE(s->first))
			return false;
		from = &s->ring[(head - 1) % TSCOPE_SERIES_POINTS];
		p->tsc = READ_ONCE(from->tsc);
		p->phase = READ_ONCE(from->phase);
		p->width_ns = READ_ONCE(from->width_ns);
		p->segment = READ_ONCE(from->segment);
		/* its place is written again after a whole ring: then once more */
		smp_rmb();
	} while (READ_ONCE(s->head) - head >= TSCOPE_SERIES_POINTS - 1);
	return true;
}
