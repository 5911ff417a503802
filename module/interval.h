/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The offset between two CPUs' clocks as an interval, and whether it moves. Times are in ms, all
 * other figures in the clock's unit: cycles, or ns.
 */
#ifndef TSCOPE_INTERVAL_H
#define TSCOPE_INTERVAL_H

#include "pure.h"
#include "reservoir.h"

/* An epoch lasts at least this long, and until it has TSCOPE_EPOCH_BURSTS. */
#define TSCOPE_EPOCH_MS		1000
#define TSCOPE_EPOCH_BURSTS	8
/* How many earlier epochs' widths decide, with the running one's, which width is narrow. */
#define TSCOPE_EPOCHS_RECENT	3

/* The lowest and the highest offset that some bursts allow; low > high: there are none. */
struct tscope_hull {
	s64 low;
	s64 high;
};

/* The tightest limits of some bursts. */
struct tscope_limits {
	s64 low;		/* highest lower limit of the offset */
	s64 high;		/* lowest upper limit */
	u32 low_width;		/* width of the burst that gave low; 0: the burst was torn */
	u32 high_width;		/* and of the one that gave high */
	u32 width;		/* lower eighth of the bursts' widths; U32_MAX: not known */
};

/* The tightest limits of some epochs, as in struct tscope_limits. */
struct tscope_memory {
	s64 low;
	s64 high;
};

/* The bursts of one second or more. */
struct tscope_epoch {
	struct tscope_limits limits;
	struct tscope_hull hull;	/* of the bursts that were used */
	u32 bursts;			/* how many, including those that are not in @limits */
	bool evidence;			/* limits are closer than those of an offset that rests */
	bool proof;			/* they contradict each other, or the last epoch's */
};

/* What is kept of one pair of CPUs and one clock: plain data, of which a reader may take a copy. */
struct tscope_tracker {
	struct tscope_epoch running;
	struct tscope_epoch last;
	struct tscope_memory memory[2];	/* of up to 32 epochs, in two halves; [1] is older */
	u64 started_ms;			/* of the running epoch */
	u64 meetings;
	u64 met_ms;
	struct tscope_hull newest;	/* the newest burst that was used; empty: none was */
	u64 at_ms;			/* when it was used, or when a later burst was torn */
	struct tscope_reservoir sample;	/* of the running epoch's bursts that were not torn */
	u32 recent[TSCOPE_EPOCHS_RECENT]; /* limits.width of the last epochs, newest first */
	u32 median;			/* of widths, averaged over the last epochs */
	u32 last_median;		/* of the widths of the last epoch alone */
	u32 step;			/* the clock counts in such steps */
	u8 memory_epochs;		/* epochs in memory[0] */
	u8 since_evidence;		/* epochs since one had evidence, up to 255 */
	u8 since_drift;			/* epochs since the memory had a proof, up to 255 */
	u8 moving_epochs;		/* epochs for which the pair still counts as moving */
	bool before_evidence;		/* the epoch before the last one had evidence */
	u8 narrow;			/* narrow bursts in a row up to the newest, up to 255 */
};

/* What is known of an offset. */
struct tscope_interval {
	/* limits of the newest burst of ordinary width; the hull's if the offset moved */
	s64 low;
	s64 high;
	bool moving;			/* it moved within the last two epochs, or drifts */
	struct tscope_hull hull;	/* of the last two epochs' bursts that are not very wide */
	u64 at_ms;			/* time of the newest burst that was used */
	u64 met_ms;			/* time of the newest burst */
	u64 meetings;			/* bursts since tscope_tracker_init() */
};

void tscope_tracker_init(struct tscope_tracker *t);
void tscope_tracker_add(struct tscope_tracker *t, s64 low, s64 high, u32 step, u64 now_ms);
int tscope_tracker_interval(const struct tscope_tracker *t, u64 now_ms,
			    struct tscope_interval *out);
void tscope_interval_ns(s64 low, s64 high, u32 khz, s64 *offset_ns, u64 *bound_ns);

#endif /* TSCOPE_INTERVAL_H */
