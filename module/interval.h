/* SPDX-License-Identifier: GPL-2.0 */
/* The offset between two CPUs' clocks as an interval, and whether it moves. */
#ifndef TSCOPE_INTERVAL_H
#define TSCOPE_INTERVAL_H

#include "pure.h"

/* An epoch lasts at least this long, and until it has TSCOPE_EPOCH_BURSTS. */
#define TSCOPE_EPOCH_MS		1000
#define TSCOPE_EPOCH_BURSTS	8
/* Widths that are kept of an epoch. */
#define TSCOPE_EPOCH_WIDTHS	32
/* Earlier epochs whose widths count in what is narrow. */
#define TSCOPE_EPOCHS_RECENT	3

/* The lowest and the highest offset that some bursts allow; low > high: there are none. */
struct tscope_hull {
	s64 low;
	s64 high;
};

/**
 * struct tscope_limits - the tightest limits of some bursts
 * @low: highest lower limit of the offset
 * @high: lowest upper limit
 * @low_width: width of the burst that gave @low; 0: the burst was torn
 * @high_width: width of the burst that gave @high
 * @width: lower eighth of the bursts' widths; U32_MAX: not known
 * @bursts: number of bursts
 */
struct tscope_limits {
	s64 low;
	s64 high;
	u32 low_width;
	u32 high_width;
	u32 width;
	u32 bursts;
};

/**
 * struct tscope_epoch - the bursts of one second or more
 * @limits: their tightest limits
 * @hull: of the bursts that were used
 * @bursts: number of bursts, also of those that are not in @limits
 * @evidence: the limits are closer than those of an offset that rests
 * @proof: the limits contradict each other
 */
struct tscope_epoch {
	struct tscope_limits limits;
	struct tscope_hull hull;
	u32 bursts;
	bool evidence;
	bool proof;
};

/**
 * struct tscope_tracker - what is kept of one pair of CPUs and one clock
 *
 * Plain data: a reader may work on a copy. Times are in ms, all other figures in the clock's
 * unit: cycles, or ns.
 */
struct tscope_tracker {
	/* private: */
	struct tscope_epoch running;
	struct tscope_epoch last;
	struct tscope_limits memory[2];
	u64 started_ms;
	u64 meetings;
	u64 met_ms;
	/* the newest burst that was used, if any was */
	struct tscope_hull newest;
	u64 at_ms;
	/* every stride-th width of the running epoch */
	u32 widths[TSCOPE_EPOCH_WIDTHS];
	u32 stride;
	u32 samples;
	u32 recent[TSCOPE_EPOCHS_RECENT];
	u32 step;
	/* in epochs, up to 255 */
	u8 memory_epochs;
	u8 since_evidence;
	u8 moving_epochs;
	bool before_evidence;
	/* bursts in a row, up to the newest, that were narrow; up to 255 */
	u8 narrow;
};

/**
 * struct tscope_interval - what is known of an offset
 * @low: lower end of the interval: of the newest burst of ordinary width, or the hull where there
 *	is evidence that the offset moved
 * @high: upper end
 * @moving: the offset moved within the last two epochs
 * @hull: the offsets that the bursts of the last two epochs allow
 * @at_ms: time of the newest burst that was used
 * @met_ms: time of the newest burst
 * @meetings: number of bursts since tscope_tracker_init()
 */
struct tscope_interval {
	s64 low;
	s64 high;
	bool moving;
	struct tscope_hull hull;
	u64 at_ms;
	u64 met_ms;
	u64 meetings;
};

void tscope_tracker_init(struct tscope_tracker *t);
void tscope_tracker_add(struct tscope_tracker *t, s64 low, s64 high, u32 step, u64 now_ms);
int tscope_tracker_interval(const struct tscope_tracker *t, u64 now_ms,
			    struct tscope_interval *out);
void tscope_interval_ns(s64 low, s64 high, u32 khz, s64 *offset_ns, u64 *bound_ns);

#endif /* TSCOPE_INTERVAL_H */
