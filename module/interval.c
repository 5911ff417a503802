// SPDX-License-Identifier: GPL-2.0
/*
 * The offset between two CPUs' clocks as an interval, and whether it moves.
 *
 * A burst gives limits of the offset at one moment. Bursts of different moments
 * may not be combined into a narrower interval, since the offset may have moved
 * between them. So what is reported is one burst: the newest of ordinary width.
 * It is never the narrowest, because a burst is narrow just where the offset
 * changed within it: its lower limit is then of one offset, its upper limit of
 * another, and the truth may be outside.
 *
 * What the combination is good for is evidence of motion. Motion leaves the
 * width of a burst as it is, but takes its extent from the distance between the
 * tightest limits of many bursts:
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
/* Epochs between two evidences that are one motion. */
#define GAP_EPOCHS	2
#define GAP_SLOW_EPOCHS	(2 * MEMORY_EPOCHS)
/* Bursts of an epoch of which each counts, if it is not very wide. */
#define FEW_BURSTS	64
/* So many narrow bursts in turn are not all torn. */
#define NARROW_BURSTS	2
/* A burst of unusual width is used where the newest is so old. */
#define STALE_MS	(TSCOPE_EPOCH_MS / 2)

static void hull_extend(struct tscope_epoch *epoch, s64 low, s64 high)
{
	if (!epoch->hull || low < epoch->hull_low)
		epoch->hull_low = low;
	if (!epoch->hull || high > epoch->hull_high)
		epoch->hull_high = high;
	epoch->hull = true;
}

static void epoch_clear(struct tscope_epoch *epoch)
{
	memset(epoch, 0, sizeof(*epoch));
	tscope_limits_clear(&epoch->limits);
}

/* Each burst of an epoch is as likely as any other among the widths kept. */
static void sample_width(struct tscope_tracker *t, u32 width)
{
	u32 i;

	if (--t->until_sample)
		return;
	if (t->samples == TSCOPE_EPOCH_WIDTHS) {
		t->samples /= 2;
		for (i = 0; i < t->samples; i++)
			t->widths[i] = t->widths[2 * i];
		if (t->stride < 1U << 30)
			t->stride *= 2;
	}
	t->until_sample = t->stride;
	t->widths[t->samples++] = width;
	if (t->samples >= TSCOPE_EPOCH_BURSTS)
		t->running.limits.width =
			tscope_width_of_rank(t->widths, t->samples,
					     t->samples / 8);
}

static void sample_restart(struct tscope_tracker *t)
{
	t->samples = 0;
	t->stride = 1;
	t->until_sample = 1;
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
	width = tscope_width_of_rank(widths, ARRAY_SIZE(widths), 1);
	if (width == U32_MAX)
		width = tscope_width_of_rank(widths, ARRAY_SIZE(widths), 0);
	return width;
}

/*
 * The running epoch or the memory has evidence. A second one within @limit
 * epochs confirms it; the pair then counts as moving for @hold times the gap.
 */
static void evidence_note(struct tscope_tracker *t, u32 limit, u32 hold)
{
	if (t->since_evidence <= limit)
		t->moving_epochs = hold * t->since_evidence;
	t->since_evidence = 0;
}

static void memory_forget(struct tscope_tracker *t)
{
	tscope_limits_clear(&t->memory[0]);
	tscope_limits_clear(&t->memory[1]);
	t->memory_epochs = 0;
}

/* The memory covers the last 8 to 16 epochs, or all since the last evidence. */
static void memory_add(struct tscope_tracker *t)
{
	struct tscope_limits all = t->memory[1];

	tscope_limits_merge(&t->memory[0], &t->running.limits);
	tscope_limits_merge(&all, &t->memory[0]);
	if (tscope_limits_suggest(&all, all.width, t->step)) {
		/* drift goes on until the memory could have shown it again */
		evidence_note(t, GAP_SLOW_EPOCHS, 2);
		memory_forget(t);
		tscope_limits_merge(&t->memory[0], &t->running.limits);
	}
	if (++t->memory_epochs == MEMORY_EPOCHS) {
		t->memory[1] = t->memory[0];
		tscope_limits_clear(&t->memory[0]);
		t->memory_epochs = 0;
	}
}

/* Did the offset move between the epoch before and the running one? */
static bool moved_since_last(const struct tscope_tracker *t)
{
	struct tscope_limits both = t->last.limits;

	/* limits that contradict each other say nothing of later ones */
	if (t->last.proof)
		return false;
	tscope_limits_merge(&both, &t->running.limits);
	return tscope_limits_prove(&both, t->step);
}

static void epoch_finish(struct tscope_tracker *t)
{
	struct tscope_epoch *epoch = &t->running;
	u32 i;

	if (t->since_evidence < U8_MAX)
		t->since_evidence++;
	if (t->moving_epochs)
		t->moving_epochs--;

	epoch->proof = tscope_limits_prove(&epoch->limits, t->step) ||
		       moved_since_last(t);
	epoch->evidence = epoch->proof ||
			  tscope_limits_suggest(&epoch->limits, narrow_width(t),
						t->step);
	if (epoch->evidence) {
		evidence_note(t, GAP_EPOCHS, 1);
		memory_forget(t);
	} else {
		memory_add(t);
	}

	for (i = TSCOPE_EPOCHS_RECENT - 1; i; i--)
		t->recent[i] = t->recent[i - 1];
	t->recent[0] = epoch->limits.width;
	t->before_evidence = t->last.evidence;
	t->last = *epoch;
	epoch_clear(epoch);
	sample_restart(t);
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
	epoch_clear(&t->running);
	epoch_clear(&t->last);
	memory_forget(t);
	sample_restart(t);
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
 * A burst that is narrower may be torn, or the first one from a near place. In
 * the first bursts, all of which are kept, one may be torn already.
 */
static u32 least_width(const struct tscope_tracker *t)
{
	u32 width = usual_width(t);

	if (width == U32_MAX)
		width = t->samples ? tscope_width_of_rank(t->widths, t->samples,
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
	u32 width = tscope_limits_width(low, high), usual = usual_width(t);
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
static void use_narrow_burst(struct tscope_tracker *t, s64 low, s64 high,
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
	u32 width = tscope_limits_width(low, high), least = least_width(t);
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
		use_narrow_burst(t, low, high, least);
	else if (low > high)
		use_narrow_burst(t, high, low, 0);
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
	u32 width = tscope_limits_width(low, high);
	struct tscope_limits all = t->running.limits;
	struct tscope_limits burst = {
		.low = low,
		.high = high,
		.low_width = width,
		.high_width = width,
		.width = U32_MAX,
		.bursts = 1,
	};

	tscope_limits_merge(&all, &burst);
	if (t->last.bursts >= FEW_BURSTS || width >= least_width(t) ||
	    tscope_limits_prove(&all, t->step))
		t->running.limits = all;
}

/**
 * tscope_tracker_add() - add the limits of one burst
 * @t: the tracker
 * @low: lower limit of the offset, in the lane's unit
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
	t->running.bursts = max(t->running.bursts + 1, t->running.bursts);
	t->meetings++;
	t->met_ms = now_ms;

	use_burst(t, low, high, now_ms);
	limit_offset(t, low, high);
	if (low <= high)
		sample_width(t, tscope_limits_width(low, high));
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
	if (tscope_limits_prove(&epoch->limits, 0))
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
	bool evidence;

	if (!hull.hull)
		return -ENODATA;

	evidence = tscope_limits_suggest(&run->limits, narrow_width(t), t->step);
	out->moving = t->last.proof || t->moving_epochs ||
		      tscope_limits_prove(&run->limits, t->step) ||
		      moved_since_last(t);
	if (evidence && t->since_evidence < GAP_EPOCHS &&
	    now_ms - t->started_ms >= TSCOPE_EPOCH_MS)
		out->moving = true;
	evidence = evidence || t->last.evidence || t->before_evidence;

	out->hull_low = hull.hull_low;
	out->hull_high = hull.hull_high;
	out->low = t->low;
	out->high = t->high;
	if (out->moving || evidence || !t->used) {
		out->low = hull.hull_low;
		out->high = hull.hull_high;
	}
	out->at_ms = t->at_ms;
	out->met_ms = t->met_ms;
	out->meetings = t->meetings;
	return 0;
}
