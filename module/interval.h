/* SPDX-License-Identifier: GPL-2.0 */
/* The offset between two CPUs' clocks as an interval, and whether it moves. */
#ifndef TSCOPE_INTERVAL_H
#define TSCOPE_INTERVAL_H

#include "limits.h"

/* An epoch lasts so long, and until it has TSCOPE_EPOCH_BURSTS bursts. */
#define TSCOPE_EPOCH_MS		1000
/* Earlier epochs whose widths count in what is narrow. */
#define TSCOPE_EPOCHS_RECENT	3

/**
 * struct tscope_epoch - the bursts of some second
 * @limits: their tightest limits
 * @bursts: how many, also those that are not in @limits
 * @hull_low: lowest lower limit of the bursts that were used
 * @hull_high: highest upper limit of them
 * @hull: there are such bursts
 * @evidence: the limits are closer than they are at rest
 * @proof: the limits contradict each other
 */
struct tscope_epoch {
	struct tscope_limits limits;
	s64 hull_low;
	s64 hull_high;
	u32 bursts;
	bool hull;
	bool evidence;
	bool proof;
};

/**
 * struct tscope_tracker - one pair of CPUs, one lane
 *
 * Plain data: a reader may work on a copy. All fields are interval.c's own.
 * Times are in ms, all other figures in the lane's unit: cycles, or ns.
 */
struct tscope_tracker {
	/* private: */
	struct tscope_epoch running;
	struct tscope_epoch last;
	struct tscope_limits memory[2];
	u64 started_ms;
	u64 meetings;
	u64 met_ms;
	/* the newest burst that was used */
	s64 low;
	s64 high;
	u64 at_ms;
	/* every stride-th width of the running epoch */
	u32 widths[TSCOPE_EPOCH_WIDTHS];
	u32 stride;
	u32 until_sample;
	u32 samples;
	u32 recent[TSCOPE_EPOCHS_RECENT];
	u32 step;
	/* in epochs, up to 255 */
	u8 memory_epochs;
	u8 since_evidence;
	u8 moving_epochs;
	bool before_evidence;
	bool used;
	/* bursts before the next one that were narrow, up to 255 */
	u8 narrow;
};

/**
 * struct tscope_interval - what is known of an offset
 * @low: lower end of the interval: of the newest burst of ordinary width, or
 *	the hull where there is evidence that the offset moved
 * @high: upper end
 * @moving: the offset moved within the last two epochs
 * @hull_low: lowest offset that the bursts of the last two epochs allow
 * @hull_high: highest one
 * @at_ms: time of the newest burst that was used
 * @met_ms: time of the newest burst
 * @meetings: bursts up to now
 */
struct tscope_interval {
	s64 low;
	s64 high;
	bool moving;
	s64 hull_low;
	s64 hull_high;
	u64 at_ms;
	u64 met_ms;
	u64 meetings;
};

void tscope_tracker_init(struct tscope_tracker *t);
void tscope_tracker_add(struct tscope_tracker *t, s64 low, s64 high, u32 step,
			u64 now_ms);
int tscope_tracker_interval(const struct tscope_tracker *t, u64 now_ms,
			    struct tscope_interval *out);

#endif /* TSCOPE_INTERVAL_H */
