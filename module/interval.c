// SPDX-License-Identifier: GPL-2.0
/*
 * The offset between two CPUs' clocks as an interval, and whether it moves.
 *
 * A burst gives limits of the offset at one moment. Bursts of different moments
 * may not be combined into a narrower interval, since the offset may have moved
 * between them. So what is reported is one burst: the newest of ordinary width.
 * It is never the narrowest, because a burst is narrow just where the offset
 * changed within it. Such a burst is torn: its lower limit is of one offset, its
 * upper limit of another, and the truth may be outside.
 *
 * The combination is good for evidence of motion. Motion leaves the width of a
 * burst as it is, but brings the tightest limits of many bursts closer together,
 * by its extent:
 *
 *	evidence	high - low < 0.65 width - 2 steps of the clock
 *	proof		high - low < -2 steps
 *
 * Width is the lower eighth of the bursts' widths, and not more than the widths
 * of the two bursts that gave the limits: where a hypervisor moves a virtual
 * CPU, widths change, and few bursts from a near place give close limits, but
 * they are narrow themselves.
 *
 * One evidence may be chance; a second one soon after it is motion. Slow drift
 * shows in the limits of up to 16 epochs. Where evidence appears the earlier
 * limits are forgotten, so that one step does not look like motion for long.
 */
#include "interval.h"
#include "math128.h"

/* Epochs in one half of the memory. */
#define MEMORY_EPOCHS	8
/* Two evidences that are at most this far apart are one motion. */
#define GAP_EPOCHS	2
#define GAP_SLOW_EPOCHS	(2 * MEMORY_EPOCHS)
/* An epoch with fewer bursts uses each of them that is not very wide. */
#define FEW_BURSTS	64
/* As many narrow bursts in a row are not all torn. */
#define NARROW_BURSTS	2
/* A burst of unusual width is used where the newest used one is as old. */
#define STALE_MS	(TSCOPE_EPOCH_MS / 2)

/* At most U32_MAX - 1; 0 where the limits contradict each other. */
static u32 width_of_burst(s64 low, s64 high)
{
	if (low > high)
		return 0;
	return min_t(u64, (u64)high - (u64)low, U32_MAX - 1);
}

/* The width that @rank of the @n others are below; in @rank + 1 passes. */
static u32 width_of_rank(const u32 *widths, u32 n, u32 rank)
{
	u32 sorted[TSCOPE_EPOCH_WIDTHS];
	u32 i, k, least;

	memcpy(sorted, widths, n * sizeof(*widths));
	for (k = 0; k <= rank; k++) {
		least = k;
		for (i = k + 1; i < n; i++)
			if (sorted[i] < sorted[least])
				least = i;
		swap(sorted[k], sorted[least]);
	}
	return sorted[rank];
}

static void limits_init(struct tscope_limits *l)
{
	memset(l, 0, sizeof(*l));
	l->width = U32_MAX;
}

/*
 * The usual width of bursts that give the same limit: few of them are torn and
 * narrow, few are wide. Each moves the width towards its own by an eighth.
 */
static u32 width_of_equals(u32 width, u32 other)
{
	if (other > width)
		return min(other, width + width / 8 + 1);
	return max(other, width - width / 8);
}

/* Add the bursts of @from to those of @into. */
static void limits_merge(struct tscope_limits *into,
			 const struct tscope_limits *from)
{
	u32 width = min(into->width, from->width);

	if (!from->bursts)
		return;
	if (!into->bursts) {
		*into = *from;
		into->width = width;
		return;
	}
	into->width = width;
	if (from->low == into->low)
		into->low_width = width_of_equals(into->low_width,
						  from->low_width);
	if (from->high == into->high)
		into->high_width = width_of_equals(into->high_width,
						   from->high_width);
	if (from->low > into->low) {
		into->low = from->low;
		into->low_width = from->low_width;
	}
	if (from->high < into->high) {
		into->high = from->high;
		into->high_width = from->high_width;
	}
	into->bursts = min_t(u64, (u64)into->bursts + from->bursts, U32_MAX);
}

/* Proof of motion: no constant offset is within all limits. */
static bool limits_contradict(const struct tscope_limits *l, u32 step)
{
	return l->bursts &&
	       tscope_ssub64(l->high, l->low) < -2 * (s64)step;
}

/*
 * Evidence of motion: the limits are closer than those of an offset that rests.
 * @width is the lower eighth of the widths of bursts. A few bursts are no
 * evidence, but may be a proof.
 */
static bool limits_are_close(const struct tscope_limits *l, u32 width, u32 step)
{
	if (l->bursts < TSCOPE_EPOCH_BURSTS)
		return limits_contradict(l, step);
	width = min3(width, l->low_width, l->high_width);
	return tscope_ssub64(l->high, l->low) <
	       (s64)((u64)width * 13 / 20) - 2 * (s64)step;
}

static void hull_extend(struct tscope_epoch *epoch, s64 low, s64 high)
{
	if (!epoch->hull || low < epoch->hull_low)
		epoch->hull_low = low;
	if (!epoch->hull || high > epoch->hull_high)
		epoch->hull_high = high;
	epoch->hull = true;
}

static void epoch_begin(struct tscope_tracker *t)
{
	memset(&t->running, 0, sizeof(t->running));
	limits_init(&t->running.limits);
	t->samples = 0;
	t->stride = 1;
}

/* Each burst of an epoch is as likely as any other among the widths kept. */
static void sample_width(struct tscope_tracker *t, u32 width)
{
	u32 i;

	if ((t->running.bursts - 1) & (t->stride - 1))
		return;
	if (t->samples == TSCOPE_EPOCH_WIDTHS) {
		t->samples /= 2;
		for (i = 0; i < t->samples; i++)
			t->widths[i] = t->widths[2 * i];
		t->stride *= 2;
	}
	t->widths[t->samples++] = width;
	if (t->samples >= TSCOPE_EPOCH_BURSTS)
		t->running.limits.width = width_of_rank(t->widths, t->samples,
							t->samples / 8);
}

/*
 * The width that evidence is measured by: of the last epochs' widths the least
 * but one. With few bursts an epoch's own may be that of a torn burst.
 */
static u32 narrow_width(const struct tscope_tracker *t)
{
	u32 widths[TSCOPE_EPOCHS_RECENT + 1], width;

	memcpy(widths, t->recent, sizeof(t->recent));
	widths[TSCOPE_EPOCHS_RECENT] = t->running.limits.width;
	width = width_of_rank(widths, ARRAY_SIZE(widths), 1);
	if (width == U32_MAX)
		width = width_of_rank(widths, ARRAY_SIZE(widths), 0);
	return width;
}

/*
 * The running epoch or the memory has evidence. A second one within @limit
 * epochs confirms it; the pair then counts as moving for @hold times the gap.
 */
static void note_evidence(struct tscope_tracker *t, u32 limit, u32 hold)
{
	if (t->since_evidence <= limit)
		t->moving_epochs = hold * t->since_evidence;
	t->since_evidence = 0;
}

static void memory_forget(struct tscope_tracker *t)
{
	limits_init(&t->memory[0]);
	limits_init(&t->memory[1]);
	t->memory_epochs = 0;
}

/* The memory covers the last 8 to 16 epochs, or all since the last evidence. */
static void memory_add(struct tscope_tracker *t)
{
	struct tscope_limits all = t->memory[1];

	limits_merge(&t->memory[0], &t->running.limits);
	limits_merge(&all, &t->memory[0]);
	if (limits_are_close(&all, all.width, t->step)) {
		/* drift goes on until the memory could have shown it again */
		note_evidence(t, GAP_SLOW_EPOCHS, 2);
		memory_forget(t);
		limits_merge(&t->memory[0], &t->running.limits);
	}
	if (++t->memory_epochs == MEMORY_EPOCHS) {
		t->memory[1] = t->memory[0];
		limits_init(&t->memory[0]);
		t->memory_epochs = 0;
	}
}

/* Did the offset move between the last epoch and the running one? */
static bool moved_since_last(const struct tscope_tracker *t)
{
	struct tscope_limits both = t->last.limits;

	/* limits that contradict each other say nothing of later ones */
	if (t->last.proof)
		return false;
	limits_merge(&both, &t->running.limits);
	return limits_contradict(&both, t->step);
}

static void epoch_finish(struct tscope_tracker *t)
{
	struct tscope_epoch *epoch = &t->running;
	u32 i;

	if (t->since_evidence < U8_MAX)
		t->since_evidence++;
	if (t->moving_epochs)
		t->moving_epochs--;

	epoch->proof = limits_contradict(&epoch->limits, t->step) ||
		       moved_since_last(t);
	epoch->evidence = epoch->proof ||
			  limits_are_close(&epoch->limits, narrow_width(t),
					   t->step);
	if (epoch->evidence) {
		note_evidence(t, GAP_EPOCHS, 1);
		memory_forget(t);
	} else {
		memory_add(t);
	}

	for (i = TSCOPE_EPOCHS_RECENT - 1; i; i--)
		t->recent[i] = t->recent[i - 1];
	t->recent[0] = epoch->limits.width;
	t->before_evidence = t->last.evidence;
	t->last = *epoch;
	epoch_begin(t);
}

/**
 * tscope_tracker_init() - forget all bursts
 * @t: the tracker
 *
 * Context: any.
 */
void tscope_tracker_init(struct tscope_tracker *t)
{
	u32 i;

	memset(t, 0, sizeof(*t));
	epoch_begin(t);
	t->last = t->running;
	memory_forget(t);
	for (i = 0; i < TSCOPE_EPOCHS_RECENT; i++)
		t->recent[i] = U32_MAX;
	t->since_evidence = U8_MAX;
}

/* Lower eighth of the widths; of the running epoch where that is known. */
static u32 usual_width(const struct tscope_tracker *t)
{
	if (t->running.limits.width != U32_MAX)
		return t->running.limits.width;
	return t->last.limits.width;
}

/*
 * A narrower burst may be torn, or the first one from a near place. In the first
 * bursts, all of which are kept, one may be torn already.
 */
static u32 least_width(const struct tscope_tracker *t)
{
	u32 width = usual_width(t);

	if (width == U32_MAX)
		width = t->samples ? width_of_rank(t->widths, t->samples,
						   t->samples > 1) : 0;
	return width - width / 4;
}

static bool touches(const struct tscope_epoch *epoch, s64 low, s64 high)
{
	return epoch->hull && low <= epoch->hull_high &&
	       high >= epoch->hull_low;
}

/*
 * Is a burst to be reported? Narrow ones may be torn. Wide ones are of little
 * use. Either is used where it shows by itself that the offset moved, or where
 * nothing better came for some time, as when widths have changed.
 */
static bool burst_is_usable(const struct tscope_tracker *t, s64 low, s64 high,
			    u64 now_ms)
{
	u32 width = width_of_burst(low, high), usual = usual_width(t);
	u64 wide = (u64)usual + max(usual / 2, 2 * t->step);

	if (!t->used)
		return true;
	if (usual == U32_MAX ? width >= least_width(t) :
			       width >= usual && width <= wide)
		return true;
	if (!touches(&t->running, low, high) && !touches(&t->last, low, high))
		return true;
	if (now_ms - t->at_ms < STALE_MS)
		return false;
	return width >= least_width(t) || t->narrow >= NARROW_BURSTS;
}

/*
 * A narrow burst may be of two offsets. In one that is torn the offset was once
 * above low, and once below high. In both, each offset has a usual burst's limits.
 */
static void hull_extend_narrow(struct tscope_tracker *t, s64 low, s64 high,
			       u32 width)
{
	hull_extend(&t->running, min(low, tscope_ssub64(high, width)),
		    max(high, tscope_sadd64(low, width)));
}

/* With few bursts none has neighbours that show the same offset. */
static bool burst_is_rare(const struct tscope_tracker *t, u32 width)
{
	return t->last.bursts < FEW_BURSTS && width / 4 <= usual_width(t);
}

static void use_burst(struct tscope_tracker *t, s64 low, s64 high, u64 now_ms)
{
	u32 width = width_of_burst(low, high), least = least_width(t);
	bool torn = tscope_ssub64(high, low) < -2 * (s64)t->step;
	bool usable = low <= high && burst_is_usable(t, low, high, now_ms);

	if (usable) {
		t->low = low;
		t->high = high;
		t->used = true;
	}
	/* one that is torn proves motion, so the hull is reported */
	if (usable || torn)
		t->at_ms = now_ms;

	if (width < least)
		hull_extend_narrow(t, low, high, least);
	else if (low > high)
		hull_extend_narrow(t, high, low, 0);
	else if (usable || burst_is_rare(t, width))
		hull_extend(&t->running, low, high);

	if (width >= least)
		t->narrow = 0;
	else if (t->narrow < U8_MAX)
		t->narrow++;
}

/*
 * Among few bursts one that is torn would hide the evidence that the others
 * give. It counts only as a proof.
 */
static void limit_offset(struct tscope_tracker *t, s64 low, s64 high)
{
	u32 width = width_of_burst(low, high);
	struct tscope_limits all = t->running.limits;
	struct tscope_limits burst = {
		.low = low,
		.high = high,
		.low_width = width,
		.high_width = width,
		.width = U32_MAX,
		.bursts = 1,
	};

	limits_merge(&all, &burst);
	if (t->last.bursts >= FEW_BURSTS || width >= least_width(t) ||
	    limits_contradict(&all, t->step))
		t->running.limits = all;
}

/**
 * tscope_tracker_add() - add the limits of one burst
 * @t: the tracker
 * @low: lower limit of the offset, in the clock's unit
 * @high: upper limit; below @low where the offset changed within the burst
 * @step: the clock counts in such steps, as far as is known; 0: in units
 * @now_ms: time of the burst by a clock that none of the two CPUs provides
 *
 * The burst must be one moment: the caller drops one that was interrupted.
 * Context: any; the caller serializes. Most calls take some ten comparisons,
 * few a thousand.
 */
void tscope_tracker_add(struct tscope_tracker *t, s64 low, s64 high, u32 step,
			u64 now_ms)
{
	t->step = min_t(u32, step, S32_MAX);
	if (t->running.bursts >= TSCOPE_EPOCH_BURSTS &&
	    now_ms - t->started_ms >= TSCOPE_EPOCH_MS)
		epoch_finish(t);
	if (!t->running.bursts)
		t->started_ms = now_ms;
	if (t->running.bursts < U32_MAX)
		t->running.bursts++;
	t->meetings++;
	t->met_ms = now_ms;

	use_burst(t, low, high, now_ms);
	limit_offset(t, low, high);
	if (low <= high)
		sample_width(t, width_of_burst(low, high));
}

/*
 * The tightest limits of an epoch may be those of torn bursts: each is as far
 * from an offset that there was as limits of other bursts are.
 */
static void hull_join(struct tscope_epoch *hull, const struct tscope_epoch *epoch,
		      u32 width)
{
	if (epoch->hull)
		hull_extend(hull, epoch->hull_low, epoch->hull_high);
	if (limits_contradict(&epoch->limits, 0))
		hull_extend(hull, tscope_ssub64(epoch->limits.high, width),
			    tscope_sadd64(epoch->limits.low, width));
}

/* The hull of the last two epochs, with what the offset may do between bursts. */
static struct tscope_epoch hull_of(const struct tscope_tracker *t)
{
	struct tscope_epoch hull = { };
	s64 margin;

	if (t->used)
		hull_extend(&hull, t->low, t->high);
	hull_join(&hull, &t->last, least_width(t));
	hull_join(&hull, &t->running, least_width(t));
	margin = tscope_ssub64(hull.hull_high, hull.hull_low) / 64;
	hull.hull_low = tscope_ssub64(hull.hull_low, margin);
	hull.hull_high = tscope_sadd64(hull.hull_high, margin);
	return hull;
}

/**
 * tscope_tracker_interval() - what is known of the offset
 * @t: the tracker, or a copy
 * @now_ms: present time by the clock of tscope_tracker_add()
 * @out: result
 *
 * Without evidence of motion the interval is that of one burst, and holds the
 * offset that there was at @out->at_ms. With evidence it is the hull of the
 * bursts of the last two epochs: the running one and the one before it.
 * Context: any.
 *
 * Return: 0; -ENODATA before the first burst.
 */
int tscope_tracker_interval(const struct tscope_tracker *t, u64 now_ms,
			    struct tscope_interval *out)
{
	const struct tscope_epoch *run = &t->running;
	struct tscope_epoch hull = hull_of(t);
	bool evidence, repeated;

	if (!hull.hull)
		return -ENODATA;

	evidence = limits_are_close(&run->limits, narrow_width(t), t->step);
	repeated = evidence && t->since_evidence < GAP_EPOCHS &&
		   now_ms - t->started_ms >= TSCOPE_EPOCH_MS;
	evidence = evidence || t->last.evidence || t->before_evidence;
	*out = (struct tscope_interval){
		.low = t->low,
		.high = t->high,
		.moving = repeated || t->last.proof || t->moving_epochs ||
			  limits_contradict(&run->limits, t->step) ||
			  moved_since_last(t),
		.hull_low = hull.hull_low,
		.hull_high = hull.hull_high,
		.at_ms = t->at_ms,
		.met_ms = t->met_ms,
		.meetings = t->meetings,
	};
	if (out->moving || evidence || !t->used) {
		out->low = hull.hull_low;
		out->high = hull.hull_high;
	}
	return 0;
}

/* num / den rounded down; den is not 0 */
static s128 divide_floor(s128 num, u64 den)
{
	if (num >= 0)
		return (s128)tscope_div128((u128)num, den);
	/* rounded away from 0 */
	num = den - 1 - num;
	return -(s128)tscope_div128((u128)num, den);
}

/**
 * tscope_interval_ns() - an interval as offset and bound in ns
 * @low: lower end, in cycles, or in ns where @khz is 0
 * @high: upper end, not below @low
 * @khz: frequency of the cycles, or 0
 * @offset_ns: the middle, rounded to nearest, saturated
 * @bound_ns: at least 1; the whole interval lies in offset +- bound unless one
 *	of the two is saturated
 *
 * Context: process; divides.
 */
void tscope_interval_ns(s64 low, s64 high, u32 khz, s64 *offset_ns,
			u64 *bound_ns)
{
	/* 1 ns is khz / 10^6 cycles */
	u32 per = khz ?: 1, scale = khz ? 1000000 : 1;
	s128 low_ns = divide_floor((s128)low * scale, per);
	s128 high_ns = -divide_floor((s128)high * -(s64)scale, per);
	s128 middle = divide_floor(((s128)low + high) * scale + per,
					  2 * (u64)per);

	middle = clamp_t(s128, middle, S64_MIN, S64_MAX);
	*offset_ns = (s64)middle;
	*bound_ns = (u64)clamp_t(s128, max(high_ns - middle, middle - low_ns),
				 1, U64_MAX);
}
