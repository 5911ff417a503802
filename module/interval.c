// SPDX-License-Identifier: GPL-2.0
/*
 * The offset between two CPUs' clocks as an interval, and whether it moves.
 *
 * A burst gives limits of the offset at one moment. The newest burst of ordinary width is reported,
 * never the narrowest: a burst within which the offset changed is narrower than others. Such a
 * burst is torn: its limits are of two offsets, and the truth may be outside.
 *
 * Motion leaves the width of a burst as it is, but brings the tightest limits of many bursts closer
 * together, by its extent:
 *
 *	evidence	high - low < (0.65 - 2.5 noise) width - 2 steps of the clock, and
 *			the same of the limits that several bursts give, with 0.9
 *	proof		high - low < -2 steps
 *
 * Width is the lower eighth of the bursts' widths, and not more than the widths of the two bursts
 * that gave the limits: if a hypervisor brings two virtual CPUs closer together, a few bursts
 * give close limits, but they are narrow themselves. Noise is a share of that lower eighth.
 * Evidence in one epoch may be chance; if it comes again soon after, it is motion. Slow drift shows
 * in the limits of up to 32 epochs, which are forgotten when evidence appears. Only a proof counts
 * there: if the speeds of two CPUs change against each other, transits get longer in one direction
 * and shorter in the other, which brings the limits of many epochs closer together, too.
 */
#include <linux/math64.h>

#include "interval.h"
#include "math128.h"

/* Binary places of a share of a width. */
#define SHARE_BITS	10
/* Twentieths of a width: the distance of the tightest limits at rest, and of common limits. */
#define TIGHTEST_TWENTIETHS	13
#define COMMON_TWENTIETHS	18
/* At least one in COMMON_PART bursts must give a common limit. */
#define COMMON_PART	16
/* Epochs in one half of the memory. */
#define MEMORY_EPOCHS	16
/* Evidence that comes again within so many epochs is motion; SLOW: a proof of the memory. */
#define GAP_EPOCHS	2
#define GAP_SLOW_EPOCHS	(2 * MEMORY_EPOCHS)
/* If an epoch has fewer bursts, all of them that are not very wide enter the hull. */
#define FEW_BURSTS	64
/* If this many bursts in a row are narrow, they are not all torn: widths have changed. */
#define NARROW_BURSTS	2
/* A burst of unusual width is used if the newest used one is at least this old. */
#define STALE_MS	(TSCOPE_EPOCH_MS / 2)

static const struct tscope_limits no_limits = {
	.low = S64_MIN, .high = S64_MAX, .width = U32_MAX,
};

static const struct tscope_memory no_memory = { .low = S64_MIN, .high = S64_MAX };

static const struct tscope_hull no_hull = { .low = S64_MAX, .high = S64_MIN };

/* At most U32_MAX - 1; 0 if the limits contradict each other. */
static u32 width_of_burst(s64 low, s64 high)
{
	return low > high ? 0 : min_t(u64, (u64)high - (u64)low, U32_MAX - 1);
}

/*
 * The tighter of two limits counts. If several bursts give the same limit, the width that is kept
 * comes near the usual one of these bursts: each moves it towards its own by an eighth at most.
 */
static void merge_limit(s64 *limit, u32 *width, s64 other, u32 other_width, bool tighter)
{
	if (tighter) {
		*limit = other;
		*width = other_width;
	} else if (other == *limit) {
		*width = clamp_t(u64, other_width, *width - *width / 8,
				 (u64)*width + *width / 8 + 1);
	}
}

/* Add the limits of @from to those of @into, whose lower eighth of widths stays. */
static void merge_limits(struct tscope_limits *into, const struct tscope_limits *from)
{
	merge_limit(&into->low, &into->low_width, from->low, from->low_width,
		    from->low > into->low);
	merge_limit(&into->high, &into->high_width, from->high, from->high_width,
		    from->high < into->high);
}

/* Proof of motion: no constant offset is within the limits. */
static bool limits_contradict(s64 low, s64 high, u32 step)
{
	return tscope_ssub64(high, low) < -2 * (s64)step;
}

/*
 * The distance that limits of a resting offset keep: (@twentieths / 20 - 2.5 noise) of @width, less
 * 2 steps. Noise is how far the median of widths is above their lower eighth, in lower eighths.
 */
static s64 distance_at_rest(u32 width, u32 twentieths, u32 eighth, u64 above, u32 step)
{
	u64 share = (u64)twentieths * eighth, less = 50 * above;

	share = share > less ? div64_u64((share - less) << SHARE_BITS, 20ULL * eighth) : 0;
	return (s64)(width * share >> SHARE_BITS) - 2 * (s64)step;
}

/*
 * The width that evidence is compared with: the second smallest of the last epochs' widths. The
 * smallest may be that of a torn burst if an epoch has few bursts.
 */
static u32 narrow_width(const struct tscope_tracker *t)
{
	u32 widths[TSCOPE_EPOCHS_RECENT + 1], width;

	memcpy(widths, t->recent, sizeof(t->recent));
	widths[TSCOPE_EPOCHS_RECENT] = t->running.limits.width;
	width = tscope_rank_width(widths, ARRAY_SIZE(widths), 1);
	return width != U32_MAX ? width : tscope_rank_width(widths, ARRAY_SIZE(widths), 0);
}

/*
 * Evidence of motion: the running epoch's limits are closer than those of an offset that rests. The
 * tightest ones must be, and those that at least a sixteenth of the bursts give, or one of fewer
 * than 16: between emulated CPUs a few bursts of many thousands have a transit of 0. Noise counts
 * beyond one step of the clock; the last epoch's own median counts at once if a machine gets busy.
 */
static bool limits_are_close(const struct tscope_tracker *t)
{
	u32 median = max(t->median, t->last_median), eighth = narrow_width(t);
	u64 above = median - min_t(u64, median, (u64)eighth + t->step);
	const struct tscope_limits *l = &t->running.limits;
	u32 width = min3(eighth, l->low_width, l->high_width);
	s64 common_low, common_high;

	tscope_reservoir_limits(&t->sample, t->sample.bursts / COMMON_PART, &common_low,
				&common_high);
	return tscope_ssub64(l->high, l->low) <
	       distance_at_rest(width, TIGHTEST_TWENTIETHS, eighth, above, t->step) &&
	       tscope_ssub64(common_high, common_low) <
	       distance_at_rest(eighth, COMMON_TWENTIETHS, eighth, above, t->step);
}

static void extend_hull(struct tscope_hull *hull, s64 low, s64 high)
{
	hull->low = min(hull->low, low);
	hull->high = max(hull->high, high);
}

static void begin_epoch(struct tscope_tracker *t)
{
	t->running = (struct tscope_epoch){ .limits = no_limits, .hull = no_hull };
	tscope_reservoir_init(&t->sample);
}

static void sample_burst(struct tscope_tracker *t, s64 low, u32 width)
{
	struct tscope_reservoir *r = &t->sample;

	if (tscope_reservoir_add(r, t->running.bursts - 1, low, width) &&
	    r->bursts >= TSCOPE_EPOCH_BURSTS)
		t->running.limits.width = tscope_rank_width(r->widths, r->bursts, r->bursts / 8);
}

static void forget_memory(struct tscope_tracker *t)
{
	t->memory[0] = no_memory;
	t->memory[1] = no_memory;
	t->memory_epochs = 0;
}

static void tighten(struct tscope_memory *m, s64 low, s64 high)
{
	m->low = max(m->low, low);
	m->high = min(m->high, high);
}

/* The pair counts as moving for so many epochs. */
static void count_as_moving(struct tscope_tracker *t, u8 epochs)
{
	t->moving_epochs = max(t->moving_epochs, epochs);
}

/* The memory covers the last 16 to 32 epochs, or all since the last evidence. */
static void add_to_memory(struct tscope_tracker *t, const struct tscope_limits *epoch)
{
	struct tscope_memory all = t->memory[1];

	tighten(&t->memory[0], epoch->low, epoch->high);
	tighten(&all, t->memory[0].low, t->memory[0].high);
	if (limits_contradict(all.low, all.high, t->step)) {
		/* a drift that shows again counts until the memory could show it once more */
		count_as_moving(t, GAP_EPOCHS + (t->since_drift <= GAP_SLOW_EPOCHS ?
						 t->since_drift : 0));
		t->since_drift = 0;
		/* this epoch may have limits from before and after a small step */
		forget_memory(t);
		return;
	}
	if (++t->memory_epochs == MEMORY_EPOCHS) {
		t->memory[1] = t->memory[0];
		t->memory[0] = no_memory;
		t->memory_epochs = 0;
	}
}

/* Proof that the offset moved in the running epoch, or between the last one and it. */
static bool running_is_proof(const struct tscope_tracker *t)
{
	struct tscope_limits all = t->running.limits;

	/* limits that contradict each other say nothing of later ones */
	if (!t->last.proof)
		merge_limits(&all, &t->last.limits);
	return limits_contradict(all.low, all.high, t->step);
}

/* The mean over some epochs, since the median of few widths is itself noisy. */
static void note_median(struct tscope_tracker *t)
{
	u32 median;

	if (t->sample.bursts < TSCOPE_EPOCH_BURSTS)
		return;
	median = tscope_rank_width(t->sample.widths, t->sample.bursts, t->sample.bursts / 2);
	t->last_median = median;
	t->median = t->recent[0] == U32_MAX ? median : t->median - t->median / 8 + median / 8;
}

static void finish_epoch(struct tscope_tracker *t)
{
	struct tscope_epoch *epoch = &t->running;

	note_median(t);
	if (t->since_evidence < U8_MAX)
		t->since_evidence++;
	if (t->since_drift < U8_MAX)
		t->since_drift++;
	if (t->moving_epochs)
		t->moving_epochs--;

	epoch->proof = running_is_proof(t);
	epoch->evidence = epoch->proof || limits_are_close(t);
	if (epoch->evidence) {
		if (t->since_evidence <= GAP_EPOCHS)
			count_as_moving(t, t->since_evidence);
		t->since_evidence = 0;
		forget_memory(t);
	} else {
		add_to_memory(t, &epoch->limits);
	}

	memmove(t->recent + 1, t->recent, sizeof(t->recent) - sizeof(*t->recent));
	t->recent[0] = epoch->limits.width;
	t->before_evidence = t->last.evidence;
	t->last = *epoch;
	begin_epoch(t);
}

/* Forget all bursts. Context: any; the caller alone writes the tracker. */
void tscope_tracker_init(struct tscope_tracker *t)
{
	memset(t, 0, sizeof(*t));
	begin_epoch(t);
	t->last = t->running;
	t->newest = no_hull;
	forget_memory(t);
	/* not known */
	memset(t->recent, 0xff, sizeof(t->recent));
	t->since_evidence = U8_MAX;
	t->since_drift = U8_MAX;
}

/* Lower eighth of the widths: if an epoch has many bursts, the running one's once it is known. */
static u32 usual_width(const struct tscope_tracker *t)
{
	u32 width = t->running.limits.width;

	if (t->last.bursts < FEW_BURSTS)
		return narrow_width(t);
	return width != U32_MAX ? width : t->last.limits.width;
}

/*
 * A burst that is narrower than this may be torn, or CPUs came closer together. One of the
 * very first bursts, whose widths are all kept, may be torn already: their second smallest counts.
 */
static u32 least_width(const struct tscope_tracker *t)
{
	u32 width = usual_width(t);

	if (width == U32_MAX)
		width = tscope_rank_width(t->sample.widths, t->sample.bursts, t->sample.bursts > 1);
	return width - width / 4;
}

static bool touches(const struct tscope_hull *hull, s64 low, s64 high)
{
	return low <= hull->high && high >= hull->low;
}

/*
 * Is a burst to be reported? A narrow one may be torn: it is used only if widths have changed. A
 * wide one says little: it is used only if it shows by itself that the offset moved, or if nothing
 * better came for some time.
 */
static bool burst_is_usable(const struct tscope_tracker *t, s64 low, s64 high, u64 now_ms)
{
	u32 width = width_of_burst(low, high), usual = usual_width(t);
	u64 wide = (u64)usual + max(usual / 2, 2 * t->step);
	bool stale = now_ms - t->at_ms >= STALE_MS;

	if (t->newest.low > t->newest.high)
		return true;
	if (width < least_width(t))
		return stale && t->narrow >= NARROW_BURSTS && usual != U32_MAX;
	return stale || usual == U32_MAX || (width >= usual && width <= wide) ||
	       (!touches(&t->running.hull, low, high) && !touches(&t->last.hull, low, high));
}

static void use_burst(struct tscope_tracker *t, s64 low, s64 high, u64 now_ms)
{
	u32 width = width_of_burst(low, high), least = least_width(t);
	bool usable = low <= high && burst_is_usable(t, low, high, now_ms);
	/* if bursts are few, perhaps no other burst shows the same offset */
	bool rare = t->last.bursts < FEW_BURSTS && width / 4 <= usual_width(t);

	if (usable)
		t->newest = (struct tscope_hull){ low, high };
	/* after a torn burst, and before the first one that is used, the hull is reported */
	if (usable || limits_contradict(low, high, t->step) || t->newest.low > t->newest.high)
		t->at_ms = now_ms;

	/*
	 * A narrow burst may be torn: the offset was above low at one time, and below high at
	 * another. At both times it was within the limits of a burst of least width.
	 */
	if (low > high || width < least)
		extend_hull(&t->running.hull, min(low, tscope_ssub64(high, least)),
			    max(high, tscope_sadd64(low, least)));
	else if (usable || rare)
		extend_hull(&t->running.hull, low, high);

	if (width >= least)
		t->narrow = 0;
	else if (t->narrow < U8_MAX)
		t->narrow++;
}

/*
 * If bursts are few, a torn one would hide the evidence that the others give. So it counts only as
 * a proof.
 */
static void limit_offset(struct tscope_tracker *t, s64 low, s64 high)
{
	u32 width = width_of_burst(low, high);
	struct tscope_limits all = t->running.limits;
	struct tscope_limits burst = {
		.low = low, .high = high, .low_width = width, .high_width = width,
	};

	merge_limits(&all, &burst);
	if (t->last.bursts >= FEW_BURSTS || width >= least_width(t) ||
	    limits_contradict(all.low, all.high, t->step))
		t->running.limits = all;
}

/**
 * tscope_tracker_add() - add the limits of one burst
 * @t: the tracker
 * @low: lower limit of the offset, in the clock's unit
 * @high: upper limit; may be below @low if the offset changed within the burst
 * @step: the clock counts in such steps, as far as is known; 0: in units
 * @now_ms: time of the burst by a clock that neither of the two CPUs provides
 *
 * The burst must be one moment: the caller drops one that was interrupted.
 * Context: any; the caller serializes. Most calls take some ten comparisons, few a thousand.
 */
void tscope_tracker_add(struct tscope_tracker *t, s64 low, s64 high, u32 step, u64 now_ms)
{
	t->step = min_t(u32, step, S32_MAX);
	if (t->running.bursts >= TSCOPE_EPOCH_BURSTS && now_ms - t->started_ms >= TSCOPE_EPOCH_MS)
		finish_epoch(t);
	if (!t->running.bursts)
		t->started_ms = now_ms;
	if (t->running.bursts < U32_MAX)
		t->running.bursts++;
	t->meetings++;
	t->met_ms = now_ms;

	use_burst(t, low, high, now_ms);
	limit_offset(t, low, high);
	if (low <= high)
		sample_burst(t, low, width_of_burst(low, high));
}

/*
 * The hull of the last two epochs, and a margin for what the offset may do between bursts. The
 * tightest limits of an epoch may be those of torn bursts. Even then each of them is within the
 * least width of an offset that occurred.
 */
static struct tscope_hull hull_of(const struct tscope_tracker *t)
{
	const struct tscope_epoch *epochs[] = { &t->last, &t->running };
	struct tscope_hull hull = t->newest;
	u32 width = least_width(t), i;
	s64 margin;

	for (i = 0; i < ARRAY_SIZE(epochs); i++) {
		const struct tscope_limits *l = &epochs[i]->limits;

		extend_hull(&hull, epochs[i]->hull.low, epochs[i]->hull.high);
		if (limits_contradict(l->low, l->high, 0))
			extend_hull(&hull, tscope_ssub64(l->high, width),
				    tscope_sadd64(l->low, width));
	}
	margin = tscope_ssub64(hull.high, hull.low) / 64;
	return (struct tscope_hull){ tscope_ssub64(hull.low, margin),
				     tscope_sadd64(hull.high, margin) };
}

/**
 * tscope_tracker_interval() - what is known of the offset
 * @t: the tracker, or a copy
 * @now_ms: present time by the clock of tscope_tracker_add()
 * @out: result: without evidence of motion the interval of one burst, which contains the offset at
 *	its at_ms; else the hull of the running epoch and the one before
 * Context: any.
 * Return: 0; -ENODATA before the second burst.
 */
int tscope_tracker_interval(const struct tscope_tracker *t, u64 now_ms, struct tscope_interval *out)
{
	bool close, repeated;

	/* the offset may have changed within a burst, which one alone does not show */
	if (t->meetings < 2)
		return -ENODATA;
	close = limits_are_close(t);
	repeated = close && t->since_evidence < GAP_EPOCHS &&
		   t->running.bursts >= TSCOPE_EPOCH_BURSTS &&
		   now_ms - t->started_ms >= TSCOPE_EPOCH_MS;
	*out = (struct tscope_interval){
		.low = t->newest.low,
		.high = t->newest.high,
		.moving = repeated || t->last.proof || t->moving_epochs || running_is_proof(t),
		.hull = hull_of(t),
		.at_ms = t->at_ms,
		.met_ms = t->met_ms,
		.meetings = t->meetings,
	};
	if (out->moving || close || t->last.evidence || t->before_evidence ||
	    out->low > out->high) {
		out->low = out->hull.low;
		out->high = out->hull.high;
	}
	return 0;
}

/* num / den rounded down; den is not 0 */
static s128 divide_floor(s128 num, u64 den)
{
	if (num >= 0)
		return (s128)tscope_div128((u128)num, den);
	/* rounded away from 0 */
	return -(s128)tscope_div128((u128)(den - 1 - num), den);
}

/**
 * tscope_interval_ns() - an interval as offset and bound in ns
 * @low: lower end, in cycles, or in ns if @khz is 0
 * @high: upper end, not below @low
 * @khz: frequency of the cycles, or 0
 * @offset_ns: the middle, rounded to nearest, saturated
 * @bound_ns: at least 1; the whole interval lies in offset +- bound unless one of the two is
 *	saturated
 * Context: process; divides.
 */
void tscope_interval_ns(s64 low, s64 high, u32 khz, s64 *offset_ns, u64 *bound_ns)
{
	/* 1 ns is khz / 10^6 cycles */
	u32 per = khz ?: 1, scale = khz ? 1000000 : 1;
	s128 low_ns = divide_floor((s128)low * scale, per);
	s128 high_ns = -divide_floor((s128)high * -(s64)scale, per);
	s128 middle = divide_floor(((s128)low + high) * scale + per, 2 * (u64)per);

	*offset_ns = tscope_clamp64(middle);
	middle = *offset_ns;
	*bound_ns = (u64)clamp_t(s128, max(high_ns - middle, middle - low_ns), 1, U64_MAX);
}
