// SPDX-License-Identifier: GPL-2.0
/*
 * Allan deviation, time deviation and MTIE by octaves of tau, as points come.
 *
 * With phases x(i), tau0 apart, tau = m * tau0, m = 2^k, <> the mean over i:
 *
 *   ADEV^2 = <(x(i + 2m) - 2 x(i + m) + x(i))^2> / (2 tau^2)
 *	overlapping Allan variance: NIST SP 1065, 5.2.4, eq. 11
 *   TDEV^2 = <(X(i + 2m) - 2 X(i + m) + X(i))^2> / 6 = tau^2 / 3 * MVAR,
 *	X(i) the mean of x(i) .. x(i + m - 1): SP 1065, 5.2.5 and 5.2.6, eq. 14
 *	and 15; ITU-T G.810, appendix II
 *   MTIE = the largest of max - min of x(i) .. x(i + m): G.810, appendix II
 *
 * i goes by steps of q = max(1, m / 4): for m = 1, 2 and 4 these are the
 * overlapping estimators, above that they overlap by quarters of tau. For ADEV
 * and TDEV the mean is over fewer differences then, and no less right. MTIE
 * misses windows in between; but any window of 3/4 tau lies in one that is
 * looked at, and any of tau in one of 2 tau that is. So for the true MTIE,
 * over all i but those of a run's last 2 tau,
 *
 *   MTIE(3/4 tau) <= what is shown at tau <= MTIE(tau) <= what is shown at 2 tau
 *
 * Points are put on an even grid first, see place_point(). Level l holds the newest
 * blocks of 2^l phases: octave k is made of level k - 2, where q is one block.
 * Every second block of a level makes one of the next, so that a point costs
 * two blocks' work in the mean, and a level costs 600 bytes.
 */
#include <linux/math64.h>

#include "stability.h"
#include "math128.h"

#define SPACINGS	(TSCOPE_STABILITY_WAIT - 1)

/* Mean phases have this many more binary places than phases. */
#define MEAN_BITS	8
/* A hole of up to this many points is bridged by a straight line. */
#define MAX_MISSING	4
/* A new slope is taken after this many points, over twice as many. */
#define SLOPE_POINTS	32
/* This many spacings are within an eighth of their median, unless points are thinned. */
#define ALIKE_MIN	24
/* Points a day apart, at 3 GHz, are no series; and no tau may overflow. */
#define TAU0_MAX_CYC	260000000000000ULL
/* Greater differences, 275 s of mean phase, are a break, whatever it was. */
#define DIFF_MAX_BITS	62

/* a * b / c to the nearest, halves away from zero */
static s128 scale(s64 a, s64 b, u64 c)
{
	s128 product = (s128)a * b;

	return tscope_div128_signed(product + (product < 0 ? -(s128)(c / 2) : c / 2),
				    c);
}

/*
 * A sum that would get too large is halved, and its count with it: what is
 * older weighs less from then on. No clock that is worth it comes that far.
 */
static bool add_square(u128 *sum, u64 *n, s128 diff)
{
	u128 mag = tscope_abs128(diff);

	if (mag >> DIFF_MAX_BITS)
		return false;
	if (*sum >> 126) {
		*sum >>= 1;
		*n >>= 1;
	}
	*sum += mag * mag;
	++*n;
	return true;
}

static const struct tscope_stability_block *
block_at(const struct tscope_stability_level *l, u64 i)
{
	return &l->block[i % TSCOPE_STABILITY_BLOCKS];
}

/* Block @i begins, and a tau of @steps blocks ends. False: it is no run with the older ones. */
static bool add_octave(struct tscope_stability_octave *o, unsigned int k,
		       const struct tscope_stability_level *l, u64 i, u32 steps)
{
	s64 now = block_at(l, i)->first, low = now, high = now;
	s128 diff;
	u32 j;

	if (i < steps)
		return true;
	for (j = 1; j <= steps; j++) {
		low = min(low, block_at(l, i - j)->low);
		high = max(high, block_at(l, i - j)->high);
	}
	o->mtie = max(o->mtie, (u64)high - (u64)low);

	if (i < 2 * steps)
		return true;
	diff = (s128)now - 2 * (s128)block_at(l, i - steps)->first +
	       block_at(l, i - 2 * steps)->first;
	if (!add_square(&o->adev_sum, &o->adev_n, diff))
		return false;

	if (i + 1 < 3 * steps)
		return true;
	diff = 0;
	for (j = 0; j < steps; j++)
		diff += block_at(l, i - j)->sum -
			2 * block_at(l, i - steps - j)->sum +
			block_at(l, i - 2 * steps - j)->sum;
	/* the mean of 2^k phases */
	if (k <= MEAN_BITS)
		diff *= 1 << (MEAN_BITS - k);
	else
		diff = (diff + (1 << (k - MEAN_BITS - 1))) >> (k - MEAN_BITS);
	return add_square(&o->tdev_sum, &o->tdev_n, diff);
}

static bool add_block(struct tscope_stability *s, unsigned int level,
		      const struct tscope_stability_block *b)
{
	struct tscope_stability_level *l = &s->level[level];
	unsigned int k = level ? level + 2 : 0;

	l->block[l->blocks % TSCOPE_STABILITY_BLOCKS] = *b;
	for (; k <= level + 2; k++)
		if (!add_octave(&s->sums.octave[k], k, l, l->blocks,
				1 << (k - level)))
			return false;
	l->blocks++;
	return true;
}

/* The grid's next phase. False where it is no run with what was before. */
static bool add_phase(struct tscope_stability *s, s64 phase)
{
	struct tscope_stability_block b = { phase, phase, phase, phase };
	const struct tscope_stability_block *half;
	unsigned int level;

	for (level = 0; level < TSCOPE_STABILITY_LEVELS; level++) {
		if (!add_block(s, level, &b))
			return false;
		if (s->level[level].blocks % 2)
			break;
		half = block_at(&s->level[level], s->level[level].blocks - 2);
		b.sum += half->sum;
		b.first = half->first;
		b.low = min(b.low, half->low);
		b.high = max(b.high, half->high);
	}
	s->newest = phase;
	return true;
}

static void begin_run(struct tscope_stability *s, const struct tscope_point *p)
{
	unsigned int i;

	for (i = 0; i < TSCOPE_STABILITY_LEVELS; i++)
		s->level[i].blocks = 0;
	s->next = p->tsc + s->sums.tau0_cyc;
	s->mark[0] = *p;
	s->mark[1] = *p;
	s->marked = 0;
	s->running = add_phase(s, p->phase);
}

static void take_slope(struct tscope_stability *s, const struct tscope_point *p)
{
	if (++s->marked < SLOPE_POINTS)
		return;
	s->slope_phase = tscope_ssub64(p->phase, s->mark[0].phase);
	s->slope_cyc = p->tsc - s->mark[0].tsc;
	s->mark[0] = s->mark[1];
	s->mark[1] = *p;
	s->marked = 0;
}

/* Phases on a straight line to @phase, for the points that are missing. */
static bool bridge(struct tscope_stability *s, s64 phase, u32 missing)
{
	s64 from = s->newest, diff = tscope_ssub64(phase, from);
	u32 i;

	for (i = 1; i <= missing; i++)
		if (!add_phase(s, from + (s64)scale(diff, i, missing + 1)))
			return false;
	return true;
}

/*
 * Put a point on the grid: it takes the next place, and its phase is moved
 * there along the slope of the points before. So windows that begin late, and
 * points that are the narrowest of many, don't show a skew as noise. A point
 * for which there is no place is dropped, and a hole is bridged if it is
 * small; else a new run begins here, and no difference crosses the hole.
 */
static void place_point(struct tscope_stability *s, const struct tscope_point *p)
{
	u64 tau0 = s->sums.tau0_cyc;
	s64 slack = s->ragged ? tau0 + tau0 / 4 : tau0 - tau0 / 4;
	s64 late = (s64)(p->tsc - s->next);
	u64 missing = 0;
	s64 phase;

	if (s->running && late < -slack)
		return;
	if (late > slack) {
		missing = div64_u64((u64)late + tau0 / 2, tau0);
		late -= missing * tau0;
	}
	phase = tscope_clamp64(p->phase - scale(s->slope_phase, late, s->slope_cyc));
	if (!s->running || missing > MAX_MISSING || !bridge(s, phase, missing) ||
	    !add_phase(s, phase)) {
		begin_run(s, p);
		return;
	}
	s->next += (missing + 1) * tau0;
	take_slope(s, p);
}

/**
 * struct spacing - how points that wait lie
 * @usual: mean of those spacings that are alike, or of all that are ragged
 * @low: an eighth of them are shorter
 * @ragged: few are alike, as with thinned points
 */
struct spacing {
	u64 usual;
	u64 low;
	bool ragged;
};

/* False where nothing can be said: the two halves don't agree. */
static bool find_spacing(const struct tscope_point *w, struct spacing *sp)
{
	u64 d[SPACINGS], x, median, sum = 0, n = 0, a, b;
	unsigned int i, j;

	for (i = 0; i < SPACINGS; i++) {
		x = w[i + 1].tsc - w[i].tsc;
		if (x > TAU0_MAX_CYC)
			return false;
		for (j = i; j && d[j - 1] > x; j--)
			d[j] = d[j - 1];
		d[j] = x;
	}
	median = d[SPACINGS / 2];
	for (i = 0; i < SPACINGS; i++) {
		if (d[i] < median - median / 8 || d[i] > median + median / 8)
			continue;
		sum += d[i];
		n++;
	}
	sp->low = d[SPACINGS / 8];
	sp->ragged = n < ALIKE_MIN;
	if (!sp->ragged) {
		sp->usual = (sum + n / 2) / n;
		return true;
	}
	a = w[SPACINGS / 2].tsc - w[0].tsc;
	b = w[SPACINGS].tsc - w[SPACINGS / 2].tsc;
	sp->usual = (a + b) / SPACINGS;
	return a <= b + b / 2 && b <= a + a / 2;
}

/*
 * The points lie otherwise than those that the sums are of. Longer spacings
 * may be holes, as long as some are as they were.
 */
static bool is_new(const struct tscope_stability *s, const struct spacing *sp)
{
	u64 tau0 = s->sums.tau0_cyc, part = 8;

	if (sp->ragged)
		part = 2;
	else if (s->ragged)
		part = 4;
	if (sp->usual < tau0)
		return tau0 - sp->usual > sp->usual / part;
	return sp->usual - tau0 > tau0 / part && sp->low > tau0 + tau0 / 8;
}

static void judge_spacing(struct tscope_stability *s)
{
	const struct tscope_point *first = s->wait, *last = &s->wait[SPACINGS];
	struct spacing sp;
	unsigned int i;

	if (find_spacing(s->wait, &sp) && is_new(s, &sp)) {
		memset(&s->sums, 0, sizeof(s->sums));
		s->sums.tau0_cyc = sp.usual;
		s->ragged = sp.ragged;
		s->slope_phase = tscope_ssub64(last->phase, first->phase);
		s->slope_cyc = last->tsc - first->tsc;
		s->running = false;
		for (i = 0; i < s->waiting; i++)
			place_point(s, &s->wait[i]);
	}
	/* the newer half waits on */
	s->waiting = SPACINGS / 2 + 1;
	memmove(s->wait, &s->wait[SPACINGS / 2],
		s->waiting * sizeof(*s->wait));
}

/**
 * tscope_stability_add() - add a point
 * @s: stability
 * @p: point, later than the one before
 *
 * A new segment begins a new run: no difference crosses it, and what has been
 * summed up stays. Another spacing of the points clears all, as there is
 * another tau0. Context: any; not concurrently with itself.
 */
void tscope_stability_add(struct tscope_stability *s,
			  const struct tscope_point *p)
{
	const struct tscope_point *last = s->wait + s->waiting - 1;

	if (s->waiting && (p->segment != last->segment ||
			   p->tsc - last->tsc - 1 >= S64_MAX)) {
		s->running = false;
		s->waiting = 0;
	}
	s->wait[s->waiting++] = *p;
	if (s->sums.tau0_cyc)
		place_point(s, p);
	if (s->waiting == TSCOPE_STABILITY_WAIT)
		judge_spacing(s);
}

/* sqrt(sum / n), in units of 2^-*bits, of as many places as there are. */
static u64 root_mean(u128 sum, u128 n, int *bits)
{
	int shift = (128 - tscope_fls128(sum)) & ~1;

	if (!sum) {
		*bits = 0;
		return 0;
	}
	*bits = shift / 2;
	return tscope_sqrt128(tscope_div128(sum << shift, n));
}

/* x * 2^-bits to the nearest */
static int round_off(u128 x, int bits, u64 *to)
{
	if (bits)
		x = (x >> bits) + ((x >> (bits - 1)) & 1);
	if (x >> 64)
		return -ERANGE;
	*to = (u64)x;
	return 0;
}

/**
 * tscope_stability_figures() - one tau's figures
 * @sums: sums
 * @khz: the TSC's nominal frequency, not 0
 * @octave: tau = tau0 * 2^@octave; below TSCOPE_STABILITY_OCTAVES
 * @fig: result
 *
 * The nominal time is what a ratio is taken to: tau is of the TSC.
 *
 * Return: 0; -ENODATA with fewer than TSCOPE_STABILITY_MIN_N differences;
 * -ERANGE where a figure is more than 64 bits hold.
 */
int tscope_stability_figures(const struct tscope_stability_sums *sums, u32 khz,
			     unsigned int octave,
			     struct tscope_stability_figures *fig)
{
	const struct tscope_stability_octave *o = &sums->octave[octave];
	u128 tau_cyc = (u128)sums->tau0_cyc << octave;
	int bits, err;
	u64 root;

	if (o->adev_n < TSCOPE_STABILITY_MIN_N ||
	    o->tdev_n < TSCOPE_STABILITY_MIN_N)
		return -ENODATA;
	fig->n = o->adev_n;
	err = round_off(tscope_div128(tau_cyc * 1000 + khz / 2, khz), 0,
			&fig->tau_us);
	if (err)
		return err;

	/* 10^15 a second; tau is tau_cyc * 10^6 / khz ns */
	root = root_mean(o->adev_sum, (u128)2 * o->adev_n, &bits);
	err = round_off(tscope_div128((u128)root * khz * 1000000000,
				      tau_cyc),
			bits + TSCOPE_PHASE_SHIFT, &fig->adev);
	if (err)
		return err;

	root = root_mean(o->tdev_sum, (u128)6 * o->tdev_n, &bits);
	err = round_off((u128)root * 1000,
			bits + TSCOPE_PHASE_SHIFT + MEAN_BITS, &fig->tdev_ps);
	if (err)
		return err;
	return round_off((u128)o->mtie * 1000, TSCOPE_PHASE_SHIFT,
			 &fig->mtie_ps);
}
