/* SPDX-License-Identifier: GPL-2.0 */
/* What a clock is: its ops, its figures, the table of all clocks. */
#ifndef TSCOPE_CLOCK_H
#define TSCOPE_CLOCK_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>

#include "alert.h"
#include "compat.h"
#include "fit.h"
#include "hist.h"
#include "master.h"
#include "series.h"

struct tscope_cpu;
struct tscope_clock;
struct tscope_clock_stability;

/* Room in arrays of clocks; the table is checked against it. */
#define TSCOPE_CLOCKS_MAX	16

/**
 * enum tscope_lane - clocks that CPUs show each other through mailboxes
 * @TSCOPE_LANE_TSC: cycles
 * @TSCOPE_LANE_KVM: kvm-clock, ns
 * @TSCOPE_LANE_RAW: monotonic-raw, ns
 * @TSCOPE_LANES: how many
 * @TSCOPE_PAIR_LANES: the first ones, read often enough for pair offsets
 * @TSCOPE_NO_LANE: the clock is read by one CPU only
 */
enum tscope_lane {
	TSCOPE_LANE_TSC,
	TSCOPE_LANE_KVM,
	TSCOPE_LANE_RAW,
	TSCOPE_LANES,
	TSCOPE_PAIR_LANES = TSCOPE_LANE_RAW,
	TSCOPE_NO_LANE = -1,
};

/**
 * enum tscope_kind - how a clock is read
 * @TSCOPE_KIND_TSC: by the bursts; all others are held against it
 * @TSCOPE_KIND_PAGE: a time page, evaluated at a TSC value; its steps are
 *	reported by tscope_clock_updated(), not looked for
 * @TSCOPE_KIND_KERNEL: by snapshots, at a TSC value where the clocksource is the TSC or
 *	a time page, else between two TSC reads
 * @TSCOPE_KIND_PAIRING: the host says its clock together with the TSC value
 * @TSCOPE_KIND_DEVICE: between two TSC reads; a reading leaves the guest
 */
enum tscope_kind {
	TSCOPE_KIND_TSC,
	TSCOPE_KIND_PAGE,
	TSCOPE_KIND_KERNEL,
	TSCOPE_KIND_PAIRING,
	TSCOPE_KIND_DEVICE,
};

/**
 * struct tscope_raw - one reading of a clock
 * @before: TSC before the read
 * @after: TSC after it
 * @tsc: the TSC value at which the clock was read, where @exact
 * @ns: what the clock showed, nanoseconds
 * @tick_ns: the step in which it counts; 0 where @frac is all there is below @ns
 * @frac: what is known of it beyond @ns, 2^-16 ns
 * @exact: it was read at @tsc, else somewhere between @before and @after
 * @begins: it is not known how much time the clock counted since the last reading, or
 *	it is read from something else than before
 */
struct tscope_raw {
	u64 before;
	u64 after;
	u64 tsc;
	u64 ns;
	u32 tick_ns;
	u32 frac;
	bool exact;
	bool begins;
};

/**
 * struct tscope_clock_ops - what a clock does
 * @name: its name in sysfs, debugfs and tracepoints; at most 15 letters
 * @kind: how it is read
 * @lane: its place in the mailbox, or TSCOPE_NO_LANE
 * @series: points are gathered and fitted: it has skew, phase and steps
 * @group: sysfs files that no other clock has, or NULL
 * @probe: whether the clock is here. Called once at load, may sleep. Takes
 *	what it needs; returns 0, or an errno with the reason in @why, and then
 *	holds nothing. NULL: always here
 * @remove: gives back what @probe took. Called once, after the last read.
 *	May sleep. NULL: nothing to do
 * @read: one reading. Called by the leader's thread on its own CPU with interrupts
 *	on; may divide, does not sleep. Returns 0; -EAGAIN for a reading that tells
 *	nothing, which is counted as rejected; or an errno, which is counted as an error.
 *	NULL: the bursts read this clock
 * @reset: forgets what was gathered. Called with no sampler at work. NULL:
 *	nothing to forget
 */
struct tscope_clock_ops {
	const char *name;
	enum tscope_kind kind;
	enum tscope_lane lane;
	bool series;
	const struct attribute_group *group;
	int (*probe)(const char **why);
	void (*remove)(void);
	void (*reset)(void);
	int (*read)(struct tscope_raw *raw);
};

/**
 * enum tscope_exactness - how the newest reading was taken
 * @TSCOPE_UNREAD: there is none
 * @TSCOPE_BRACKETED: between two TSC reads
 * @TSCOPE_EXACT: at a TSC value
 */
enum tscope_exactness {
	TSCOPE_UNREAD,
	TSCOPE_BRACKETED,
	TSCOPE_EXACT,
};

/**
 * struct tscope_clock - a clock that is present, and its figures
 * @ops: what it does
 * @dir: its directory in sysfs
 * @dir_released: nobody refers to @dir any more
 * @samples: readings taken outside the bursts
 * @rejected: of those, too wide to use
 * @errors: of those, failed
 * @last_ns: its newest reading, where it has no lane
 * @backward: readings that were lower than the one before
 * @backward_max_ns: by how much at most
 * @width: widths of readings, ns
 * @width_ref_ns: width that a reading is judged by
 * @width_known: there is one
 * @exactness: enum tscope_exactness of the newest reading
 * @begins: its next point begins a segment
 * @read_tick_ns: the step in which it counted at the newest reading
 * @tick_ns: the largest step in which it counted at the points that are fitted
 * @series: its points
 * @point_boot_ns: CLOCK_BOOTTIME, to a tick, when the newest of them was added
 * @stability: of its points; NULL where it has no series
 * @step_lock: protects all below but @alert; taken once a step or update, with
 *	interrupts on
 * @steps: steps seen
 * @step_last_ns: the newest
 * @step_max_ns: the largest by magnitude
 * @master: steps of a master clock that were told
 * @step_hist: sizes
 * @alert: limits, and what was told; see alert.c
 *
 * All but @alert and what @step_lock protects is written by the leader alone (see
 * sampler.c), and read at any time.
 */
struct tscope_clock {
	const struct tscope_clock_ops *ops;
	struct kobject dir;
	struct completion dir_released;

	u64 samples;
	u64 rejected;
	u64 errors;
	u64 last_ns;
	u64 backward;
	u64 backward_max_ns;
	struct tscope_hist width;
	u64 width_ref_ns;
	bool width_known;
	u8 exactness;
	bool begins;
	u32 read_tick_ns;
	u32 tick_ns;
	struct tscope_series series;
	u64 point_boot_ns;
	struct tscope_clock_stability *stability;

	spinlock_t step_lock;	/* protects what follows */
	u64 steps;
	s64 step_last_ns;
	s64 step_max_ns;
	struct tscope_master master;
	struct tscope_shist step_hist;

	struct tscope_alert alert[TSCOPE_ALERT_CAUSES];
};

/* tscope_clock_of() - the clock of a directory in sysfs */
static inline struct tscope_clock *tscope_clock_of(struct kobject *dir)
{
	return container_of(dir, struct tscope_clock, dir);
}

extern const struct tscope_clock_ops tscope_clock_tsc;
extern const struct tscope_clock_ops tscope_clock_kvm;
extern const struct tscope_clock_ops tscope_clock_ptp;
extern const struct tscope_clock_ops tscope_clock_raw;
extern const struct tscope_clock_ops tscope_clock_real;
extern const struct tscope_clock_ops tscope_clock_acpi_pm;
extern const struct tscope_clock_ops tscope_clock_hpet;

int tscope_clocks_init(void);
bool tscope_clocks_refined(void);
void tscope_clocks_refine(void);
void tscope_clocks_exit(void);
void tscope_clocks_reset(void);
unsigned int tscope_clock_count(void);
struct tscope_clock *tscope_clock_get(unsigned int i);
struct tscope_clock *tscope_clock_of_lane(enum tscope_lane lane);

void tscope_clock_add(struct tscope_clock *clk,
		      const struct tscope_reading *r);
void tscope_clock_stepped(struct tscope_clock *clk,
			  const struct tscope_step *step);
bool tscope_clock_updated(struct tscope_clock *clk,
			  const struct tscope_pvti *old,
			  const struct tscope_pvti *new,
			  struct tscope_step *step);
void tscope_clock_break(struct tscope_clock *clk);
void tscope_clock_thin(struct tscope_clock *clk, u64 slot_cyc);

/* clock_kvm.c */
bool tscope_kvm_stable(const struct tscope_pvti *p);

/* reading.c */
void tscope_points_take(struct tscope_cpu *c, bool read);

/* points.c */
int tscope_clock_fit(struct tscope_clock *clk, struct tscope_fit *fit);
int tscope_clock_newest(struct tscope_clock *clk, struct tscope_point *p);
int tscope_clock_residuals(struct tscope_clock *clk, struct tscope_shist *h);
u32 tscope_clock_points(struct tscope_clock *clk, struct tscope_point *to);

/* debugfs_stability.c */
struct tscope_clock_stability *tscope_clock_stability_alloc(void);
void tscope_clock_stability_reset(struct tscope_clock *clk);
void tscope_clock_stability_add(struct tscope_clock *clk,
				const struct tscope_point *p);

/* tscope_tsc_khz - the TSC's nominal frequency; not 0 while loaded */
extern u32 tscope_tsc_khz;
/* tscope_ns_mult - 2^32 ns a cycle: what a product turns cycles to ns by */
extern u64 tscope_ns_mult;

#endif /* TSCOPE_CLOCK_H */
